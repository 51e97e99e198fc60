"""Segments -> emotion scores: encoded in batches across calls, compared with the speaker's own baseline, classified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from callmood.call import EmotionScores, RoleChoice, Segment, Speaker, SpeakerMoods, VoiceBaseline
from callmood.languages import ENGLISH
from callmood.pipeline.moods import Judged, Spoken, judge
from callmood.pipeline.window import window_of
from callmood.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from callmood.model import Encoded, Scorer

_AT_ONCE: Final = 128
"""Segments encoded at once: enough to fill batches of any length."""


@dataclass(frozen=True, slots=True)
class Scorable:
    """What scoring needs of one call."""

    samples: np.ndarray
    """float32 [channels, n] at 16 kHz."""
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One call's scores, one per segment (None if the role is not scored), and its speakers' baselines and moods."""

    scores: tuple[EmotionScores | None, ...]
    baselines: Mapping[int, VoiceBaseline]
    """By speaker."""
    moods: Mapping[int, SpeakerMoods]
    """By speaker."""


def score_calls(scorer: Scorer, calls: Sequence[Scorable], roles: RoleChoice = "all") -> list[Scored]:
    """Scores every segment of ``roles``, in encoder batches that span calls.

    The text encoder knows English: who speaks another language is judged by the voice alone.
    """
    calls = [_without_foreign_words(call) for call in calls]
    wanted = [_wanted_segments(call, roles) for call in calls]
    clips = [_clip(call, call.segments[i]) for call, picks in zip(calls, wanted, strict=True) for i in picks]
    texts = [call.segments[i].text or None for call, picks in zip(calls, wanted, strict=True) for i in picks]
    if not clips:
        return [Scored((None,) * len(call.segments), {}, {}) for call in calls]
    encoded = _encoded(scorer, clips, texts)
    scored = []
    start = 0
    for call, picks in zip(calls, wanted, strict=True):
        rows = np.arange(start, start + len(picks))
        scored.append(_score_call(scorer, call, picks, encoded, rows))
        start += len(picks)
    return scored


def _encoded(scorer: Scorer, clips: Sequence[np.ndarray], texts: Sequence[str | None]) -> Encoded:
    """The vectors of segments, so many at a time that copies of their sound stay small in memory."""
    from callmood.model.scorer import Encoded

    parts = []
    for first in range(0, len(clips), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        parts.append(scorer.encode(clips[some], texts[some]))
    if len(parts) == 1:
        return parts[0]
    return Encoded(
        *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Encoded))
    )


def _without_foreign_words(call: Scorable) -> Scorable:
    foreign = {speaker.index for speaker in call.speakers if speaker.language not in (None, ENGLISH)}
    segments = (replace(one, text="") if one.speaker in foreign else one for one in call.segments)
    return replace(call, segments=tuple(segments)) if foreign else call


def _wanted_segments(call: Scorable, roles: RoleChoice) -> list[int]:
    roles_by_speaker = {speaker.index: speaker.role for speaker in call.speakers}
    return [
        i
        for i, segment in enumerate(call.segments)
        if roles == "all" or roles_by_speaker[segment.speaker] == roles
    ]


def _clip(call: Scorable, segment: Segment) -> np.ndarray:
    start_s, end_s = window_of(segment, call.segments, call.samples.shape[1] / SAMPLE_RATE)
    return call.samples[segment.channel, round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


def _score_call(
    scorer: Scorer, call: Scorable, picks: Sequence[int], encoded: Encoded, rows: np.ndarray
) -> Scored:
    scores: list[EmotionScores | None] = [None] * len(call.segments)
    baselines, moods = {}, {}
    for speaker in call.speakers:
        places = [place for place, i in enumerate(picks) if call.segments[i].speaker == speaker.index]
        if not places:
            continue
        places.sort(key=lambda place: call.segments[picks[place]].start_s)
        numbers = [picks[place] for place in places]
        of_speaker, of_role = encoded.take(rows[places]), scorer.of_role(speaker.role)
        raw = of_role.classify(of_speaker, None)
        relative = of_role.classify_against_rest(of_speaker)
        judged, moods[speaker.index] = judge(
            of_role,
            relative,
            of_role.sides_against_rest(of_speaker),
            [_spoken(call.segments[i]) for i in numbers],
        )
        logits = _voice_logits(scorer, of_speaker)
        for i, *of_segment in zip(numbers, relative, raw, judged, logits, strict=True):
            scores[i] = _emotion_scores(*of_segment)
        baselines[speaker.index] = scorer.baseline(of_speaker)
    return Scored(tuple(scores), baselines, moods)


def _spoken(segment: Segment) -> Spoken:
    timed = segment.words if segment.text else (segment,)
    return Spoken(
        segment.start_s, sum(one.end_s - one.start_s for one in timed), has_words=bool(segment.text)
    )


_Logits: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
"""Raw and relative, [labels] each."""


def _voice_logits(scorer: Scorer, encoded: Encoded) -> list[_Logits | None]:
    """Of each segment; None without sound, or where the model has no baselines."""
    if scorer.heads.relative is None:
        return [None] * len(encoded)
    raw, relative = scorer.raw_logits(encoded).tolist(), scorer.relative_logits(encoded).tolist()
    return [
        (tuple(raw[i]), tuple(relative[i])) if has_audio else None
        for i, has_audio in enumerate(encoded.has_audio)
    ]


def _emotion_scores(
    relative: np.ndarray, raw: np.ndarray, judged: Judged, logits: _Logits | None
) -> EmotionScores:
    raw_logits, relative_logits = logits or (None, None)
    return EmotionScores(
        tuple(relative.tolist()),
        tuple(raw.tolist()),
        judged.label,
        judged.confidence,
        raw_logits,
        relative_logits,
        judged.upset,
        judged.pleased,
        judged.evidence,
    )
