"""What was said once stands once: words that were heard for two speakers are kept for the one who said them.

On a stereo call one side can be heard on the other channel in a way that taking leaks off does not find. Then the same
words come at about the same time, and the channels sound alike there; two people who say the same at once don't. The
louder channel keeps them, or the first one. On one channel, two turns that overlap are transcribed through the same
sound.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from callmood.call import Segment, Speech, Word
from callmood.pipeline.transcribe.likeness import likeness, stretch
from callmood.pipeline.transcribe.transcriber import Transcript
from callmood.sound import Samples

OVERLAP: Final = "overlap"
"""Why a turn has no words, in ``Call.dropped``: all of them are the other speaker's on the same channel."""
ECHO_S: Final = 0.8
"""Words of an echo begin within this time of what was said: half a second of delay, and the times of words."""
SAME_SOUND_S: Final = 0.4
"""The same for two transcripts of the same sound."""
SURE_WORDS: Final = 3
ALIKE: Final = 0.65
"""Likeness from which three of the same words are an echo. Through leaks of -6 to -20 dB with other bands, distortion
and noise it is 0.76 to 0.99, of two actors with the same sentence at once 0.6 at most."""
SURELY_ALIKE: Final = 0.85
"""The same for a word or two, which two people say more alike: one pair in fifty reaches this."""
LOUDER_DB: Final = 1.0
SOFTER_DB: Final = 4.0
"""A turn that is this much softer than the other channel, and sounds like it, is the other side, whatever its words:
distortion makes other words of it."""
LONG_S: Final = 1.5
SOUNDS_ALIKE_LONG: Final = 0.5
"""Likeness from which such a turn of this length or more is an echo. Bad leaks on a call come to 0.6 and more, what its
two sides say to 0.3."""
SOUNDS_ALIKE: Final = 0.7
"""The same of a shorter turn."""
COVERED: Final = 0.5
"""The share of such a turn in which the other side speaks."""
SHORTEST_ECHO_S: Final = 0.3
MISHEARD: Final = 0.5
"""From this share of the same words on, a turn inside another one is that one's sound, misheard in part."""

_AROUND_S: Final = 0.1

Cut = tuple[int, int]
"""The first word to leave out, and the one after the last."""


@dataclass(frozen=True, slots=True)
class _Removal:
    """The words that a segment loses."""

    words: Cut
    is_echo: bool
    """Whether the other side was heard, so that this one did not speak."""


def said_once(transcript: Transcript, samples: Samples) -> Transcript:
    """A call's transcript without words that stand in two speakers. ``samples`` is [channels, n] at 16 kHz."""
    segments = transcript.segments
    removals = {
        at: _Removal((0, len(one.words)), is_echo=True)
        for at, one in enumerate(segments)
        if _is_heard_of_the_other(one, segments, samples)
    }
    for one, two in _neighbours(segments):
        first, second = segments[one], segments[two]
        if one in removals or two in removals:
            continue
        is_echo = first.channel != second.channel
        found = _echo(first, second, samples) if is_echo else _same_sound(first, second)
        if found is not None:
            removals[(one, two)[found[0]]] = _Removal(found[1], is_echo)
    return _without(transcript, removals) if removals else transcript


def _neighbours(segments: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Pairs of segments of different speakers, both with words, that could hold the same words; by start."""
    for one, first in enumerate(segments):
        for two in range(one + 1, len(segments)):
            second = segments[two]
            if second.start_s > first.end_s + ECHO_S:
                break
            if first.speaker != second.speaker and first.words and second.words:
                yield one, two


def _is_heard_of_the_other(heard: Segment, segments: Sequence[Segment], samples: Samples) -> bool:
    """Whether a segment of a stereo call is the other side, softer, whatever words were made of it."""
    said = [one for one in segments if one.channel != heard.channel]
    length_s = heard.end_s - heard.start_s
    covered_s = sum(
        max(0.0, min(heard.end_s, one.end_s + ECHO_S) - max(heard.start_s, one.start_s)) for one in said
    )
    if length_s < SHORTEST_ECHO_S or covered_s < COVERED * length_s:
        return False
    own, other = (
        stretch(samples[channel], heard.start_s - ECHO_S / 2, heard.end_s)
        for channel in (heard.channel, said[0].channel)
    )
    enough = SOUNDS_ALIKE_LONG if length_s >= LONG_S else SOUNDS_ALIKE
    return _level(own) < _level(other) - SOFTER_DB and likeness(other, own).value >= enough


def _level(samples: Samples) -> float:
    """RMS in dB against full scale."""
    return float(10 * np.log10(np.square(samples, dtype=np.float64).mean() + 1e-12))


def same_words(first: Sequence[Word], second: Sequence[Word], within_s: float) -> list[tuple[int, int]]:
    """The longest row of words that both have in this order, each within this time: pairs of their places."""
    names = [[_plain(word) for word in words] for words in (first, second)]
    best = np.zeros((len(first) + 1, len(second) + 1), dtype=int)
    alike = np.array(
        [
            [a == b and abs(v.start_s - w.start_s) <= within_s for b, w in zip(names[1], second, strict=True)]
            for a, v in zip(names[0], first, strict=True)
        ],
        dtype=bool,
    ).reshape(len(first), len(second))
    for i in range(len(first) - 1, -1, -1):
        for j in range(len(second) - 1, -1, -1):
            best[i, j] = max(best[i + 1, j], best[i, j + 1], best[i + 1, j + 1] + 1 if alike[i, j] else 0)
    pairs, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        if alike[i, j] and best[i, j] == best[i + 1, j + 1] + 1:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1, j] >= best[i, j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _plain(word: Word) -> str:
    return "".join(c for c in word.text.casefold() if c.isalnum())


def _echo(first: Segment, second: Segment, samples: Samples) -> tuple[int, Cut] | None:
    """Which of two segments of a stereo call (0 or 1) has words of the other channel's speaker, and which words."""
    pairs = same_words(first.words, second.words, ECHO_S)
    if not pairs:
        return None
    start_s = min(first.words[pairs[0][0]].start_s, second.words[pairs[0][1]].start_s)
    end_s = max(first.words[pairs[-1][0]].end_s, second.words[pairs[-1][1]].end_s)
    parts = [stretch(samples[one.channel], start_s, end_s) for one in (first, second)]
    alike = likeness(*parts)
    if alike.value < (ALIKE if len(pairs) >= SURE_WORDS else SURELY_ALIKE):
        return None
    level = [_level(part) for part in parts]
    second_later = alike.delay >= 0
    echo = int(level[0] > level[1] if abs(level[0] - level[1]) >= LOUDER_DB else second_later)
    said, heard = (second, first) if echo == 0 else (first, second)
    return echo, _heard_of(said, heard, [pair[echo] for pair in pairs], samples)


def _heard_of(said: Segment, heard: Segment, same: Sequence[int], samples: Samples) -> Cut:
    """The words of ``heard`` that are an echo of ``said``: the same ones, and around them those that were misheard."""
    words = heard.words
    start_s, end_s = said.words[0].start_s - _AROUND_S, said.words[-1].end_s + ECHO_S
    inside = [at for at, word in enumerate(words) if start_s <= word.start_s and word.end_s <= end_s]
    first, last = min([*inside, *same]), max([*inside, *same])
    whole = [
        stretch(samples[one.channel], words[first].start_s - ECHO_S / 2, words[last].end_s)
        for one in (said, heard)
    ]
    return (first, last + 1) if likeness(*whole).value >= ALIKE else (same[0], same[-1] + 1)


def _same_sound(first: Segment, second: Segment) -> tuple[int, Cut] | None:
    """Which of two segments on one channel (0 or 1) has words of the other's speaker, and which words."""
    pairs = same_words(first.words, second.words, SAME_SOUND_S)
    if not pairs or first.end_s <= second.start_s:
        return None
    inner, outer = (1, 0) if second.end_s <= first.end_s else (0, 1)
    held = (first, second)[inner], (first, second)[outer]
    if held[1].start_s <= held[0].start_s and held[0].end_s <= held[1].end_s:
        if len(pairs) >= MISHEARD * len(held[0].words):
            return inner, (0, len(held[0].words))
        return inner, (pairs[0][inner], pairs[-1][inner] + 1)
    before = first.words[pairs[0][0] - 1] if pairs[0][0] > 0 else None
    after = second.words[pairs[-1][1] + 1] if pairs[-1][1] + 1 < len(second.words) else None
    if _belongs_to_first(first, pairs, before, after):
        return 1, (pairs[0][1], pairs[-1][1] + 1)
    return 0, (pairs[0][0], pairs[-1][0] + 1)


def _belongs_to_first(
    first: Segment, pairs: Sequence[tuple[int, int]], before: Word | None, after: Word | None
) -> bool:
    """Whether words that end one segment and begin the next go on what was said before them."""
    if before is None or after is None:
        return before is not None
    if _ends(before) != _ends(first.words[pairs[-1][0]]):
        return not _ends(before)
    start_s, end_s = first.words[pairs[0][0]].start_s, first.words[pairs[-1][0]].end_s
    return start_s - before.end_s <= after.start_s - end_s


def _ends(word: Word) -> bool:
    """Whether a sentence ends with it."""
    return word.text.endswith((".", "?", "!"))


def _without(transcript: Transcript, removals: Mapping[int, _Removal]) -> Transcript:
    segments: list[Segment] = []
    speech, dropped = list(transcript.speech), Counter(transcript.dropped)
    for at, segment in enumerate(transcript.segments):
        if at not in removals:
            segments.append(segment)
            continue
        removal = removals[at]
        left = list(_rest(segment, removal.words))
        segments.extend(left)
        if removal.is_echo:
            speech = list(_unheard(speech, segment, left))
        elif not left:
            dropped[OVERLAP] += 1
            speech = [
                replace(one, dropped=OVERLAP)
                if one.speaker == segment.speaker and segment.start_s <= one.start_s < segment.end_s
                else one
                for one in speech
            ]
    segments.sort(key=lambda one: (one.start_s, one.speaker))
    return replace(transcript, segments=tuple(segments), speech=tuple(speech), dropped=dict(dropped))


def _rest(segment: Segment, cut: Cut) -> Iterator[Segment]:
    """What is left of a segment before and after the words that it loses."""
    before, after = segment.words[: cut[0]], segment.words[cut[1] :]
    for words, start_s, end_s in (
        (before, segment.start_s, before[-1].end_s if before else 0.0),
        (after, after[0].start_s if after else 0.0, segment.end_s),
    ):
        if words:
            text = " ".join(word.text for word in words)
            yield replace(segment, start_s=start_s, end_s=end_s, text=text, words=words)


def _unheard(speech: Sequence[Speech], segment: Segment, left: Sequence[Segment]) -> Iterator[Speech]:
    """The same without what was taken for this segment's speaker and is not in what is ``left`` of it."""
    for one in speech:
        if one.speaker != segment.speaker or one.end_s <= segment.start_s or segment.end_s <= one.start_s:
            yield one
            continue
        for kept in left:
            start_s, end_s = max(one.start_s, kept.start_s), min(one.end_s, kept.end_s)
            if end_s > start_s:
                yield replace(one, start_s=start_s, end_s=end_s)
