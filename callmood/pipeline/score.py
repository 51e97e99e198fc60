"""Segments -> emotion scores: encoded in batches across calls, compared with the speaker's own baseline, classified.

What the encoders made of segments can be kept, as float16: the classifier's logits differ by some thousandths then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from callmood.arrays import Floats
from callmood.call import (
    EmotionScores,
    RoleChoice,
    Segment,
    Speaker,
    SpeakerMoods,
    Vectors,
    VoiceBaseline,
)
from callmood.languages import ENGLISH
from callmood.model.scorer import Encoded
from callmood.pipeline.moods import Judged, Spoken, judge
from callmood.pipeline.window import window_of
from callmood.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from callmood.model import Scorer
    from callmood.model.bundle import EncoderIds

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
class Encodable:
    """What scoring a call needs that was encoded before."""

    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    audio: Mapping[int, bytes]
    """Vectors by the scorer's audio encoder, of all segments to score (see ``Vectors``)."""
    text: Mapping[int, bytes]
    """The same of its text encoder. Where they are missing they are made of the words."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One call's scores, one per segment (None if the role is not scored), and its speakers' baselines and moods."""

    scores: tuple[EmotionScores | None, ...]
    baselines: Mapping[int, VoiceBaseline]
    """By speaker."""
    moods: Mapping[int, SpeakerMoods]
    """By speaker."""
    audio_vectors: Vectors | None = None
    """Of the scored segments, where they are to be kept; of encoded calls, those that are new."""
    text_vectors: Vectors | None = None
    """As ``audio_vectors``, of the segments with words."""


def score_calls(
    scorer: Scorer, calls: Sequence[Scorable], roles: RoleChoice = "all", keep: EncoderIds | None = None
) -> list[Scored]:
    """Scores every segment of ``roles``, in encoder batches that span calls.

    The text encoder knows English: who speaks another language is judged by the voice alone. ``keep``: whose vectors
    are kept, the scorer's; None keeps none.
    """
    calls = [replace(call, segments=_without_foreign_words(call.speakers, call.segments)) for call in calls]
    wanted = [_wanted_segments(call.speakers, call.segments, roles) for call in calls]
    clips = [_clip(call, call.segments[i]) for call, picks in zip(calls, wanted, strict=True) for i in picks]
    texts = [call.segments[i].text or None for call, picks in zip(calls, wanted, strict=True) for i in picks]
    if not clips:
        return [Scored((None,) * len(call.segments), {}, {}, *_kept(keep, [], None)) for call in calls]
    encoded = _encoded(scorer, clips, texts)
    scored = []
    start = 0
    for call, picks in zip(calls, wanted, strict=True):
        of_call = encoded.take(slice(start, start + len(picks)))
        of_segments = _score_call(scorer, call.speakers, call.segments, picks, of_call)
        audio, text = _kept(keep, picks, of_call)
        scored.append(replace(of_segments, audio_vectors=audio, text_vectors=text))
        start += len(picks)
    return scored


def score_encoded(
    scorer: Scorer, encoders: EncoderIds, calls: Sequence[Encodable], roles: RoleChoice = "all"
) -> list[Scored]:
    """As ``score_calls``, without sound: from vectors that were kept. ``encoders`` are the scorer's.

    Raises KeyError where the vector of a segment to score is missing.
    """
    segments = [_without_foreign_words(call.speakers, call.segments) for call in calls]
    wanted = [
        _wanted_segments(call.speakers, of_call, roles) for call, of_call in zip(calls, segments, strict=True)
    ]
    texts = _text_vectors(scorer, encoders, calls, segments, wanted)
    scored = []
    for call, of_call, picks, (text, new) in zip(calls, segments, wanted, texts, strict=True):
        audio = _rows([call.audio[i] for i in picks], scorer.audio_width)
        has_audio = np.array([bool(call.audio[i]) for i in picks], bool)
        has_text = np.array([bool(vector) for vector in text], bool)
        encoded = Encoded(audio, _rows(text, scorer.text_width), has_audio, has_text)
        of_segments = _score_call(scorer, call.speakers, of_call, picks, encoded)
        scored.append(replace(of_segments, text_vectors=new))
    return scored


def _text_vectors(
    scorer: Scorer,
    encoders: EncoderIds,
    calls: Sequence[Encodable],
    segments: Sequence[Sequence[Segment]],
    wanted: Sequence[Sequence[int]],
) -> list[tuple[list[bytes], Vectors | None]]:
    """The text vectors of each call's ``wanted`` segments, empty without words; again, if any had to be made."""
    missing = [
        (number, i)
        for number, picks in enumerate(wanted)
        for i in picks
        if encoders.text and segments[number][i].text.strip() and i not in calls[number].text
    ]
    made: dict[int, dict[int, bytes]] = {}
    if missing:
        texts = [segments[number][i].text for number, i in missing]
        encoded = scorer.encode([None] * len(texts), texts).text
        for (number, i), vector in zip(missing, _halves(encoded), strict=True):
            made.setdefault(number, {})[i] = vector
    found: list[tuple[list[bytes], Vectors | None]] = []
    for number, picks in enumerate(wanted):
        of_call = {**calls[number].text, **made.get(number, {})}
        used = {i: of_call[i] for i in picks if segments[number][i].text.strip() and i in of_call}
        new = Vectors(encoders.text, used) if number in made else None
        found.append(([used.get(i, b"") for i in picks], new))
    return found


def _kept(
    encoders: EncoderIds | None, picks: Sequence[int], encoded: Encoded | None
) -> tuple[Vectors | None, Vectors | None]:
    """The vectors of the segments ``picks``, to be stored; None if they are not to be."""
    if encoders is None:
        return None, None
    if encoded is None:
        return Vectors(encoders.audio, {}), Vectors(encoders.text, {})
    audio, text = _halves(encoded.audio), _halves(encoded.text)
    return (
        Vectors(
            encoders.audio,
            {i: audio[row] if encoded.has_audio[row] else b"" for row, i in enumerate(picks)},
        ),
        Vectors(encoders.text, {i: text[row] for row, i in enumerate(picks) if encoded.has_text[row]}),
    )


def _halves(vectors: Floats) -> list[bytes]:
    """Each of ``vectors`` [n, width] as float16."""
    most = np.finfo(np.float16).max
    return [row.tobytes() for row in np.clip(vectors, -most, most).astype("<f2")]


def _rows(halves: Sequence[bytes], width: int) -> Floats:
    """[n, width]: what ``_halves`` made bytes of, zero where there are none."""
    rows = np.zeros((len(halves), width), np.float32)
    for row, half in zip(rows, halves, strict=True):
        if half:
            row[:] = np.frombuffer(half, "<f2")
    return rows


def _encoded(scorer: Scorer, clips: Sequence[np.ndarray], texts: Sequence[str | None]) -> Encoded:
    """The vectors of segments, so many at a time that copies of their sound stay small in memory."""
    parts = []
    for first in range(0, len(clips), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        parts.append(scorer.encode(clips[some], texts[some]))
    if len(parts) == 1:
        return parts[0]
    return Encoded(
        *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Encoded))
    )


def _without_foreign_words(speakers: Sequence[Speaker], segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    foreign = {speaker.index for speaker in speakers if speaker.language not in (None, ENGLISH)}
    if not foreign:
        return segments
    return tuple(replace(one, text="") if one.speaker in foreign else one for one in segments)


def _wanted_segments(
    speakers: Sequence[Speaker], segments: Sequence[Segment], roles: RoleChoice
) -> list[int]:
    roles_by_speaker = {speaker.index: speaker.role for speaker in speakers}
    return [
        i
        for i, segment in enumerate(segments)
        if roles == "all" or roles_by_speaker[segment.speaker] == roles
    ]


def _clip(call: Scorable, segment: Segment) -> np.ndarray:
    start_s, end_s = window_of(segment, call.segments, call.samples.shape[1] / SAMPLE_RATE)
    return call.samples[segment.channel, round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


def _score_call(
    scorer: Scorer,
    speakers: Sequence[Speaker],
    segments: Sequence[Segment],
    picks: Sequence[int],
    encoded: Encoded,
) -> Scored:
    """``encoded`` are the segments ``picks``."""
    scores: list[EmotionScores | None] = [None] * len(segments)
    baselines, moods = {}, {}
    for speaker in speakers:
        places = [place for place, i in enumerate(picks) if segments[i].speaker == speaker.index]
        if not places:
            continue
        places.sort(key=lambda place: segments[picks[place]].start_s)
        numbers = [picks[place] for place in places]
        of_speaker, of_role = encoded.take(places), scorer.of_role(speaker.role)
        raw = of_role.classify(of_speaker, None)
        relative = of_role.classify_against_rest(of_speaker)
        judged, moods[speaker.index] = judge(
            of_role,
            relative,
            of_role.sides_against_rest(of_speaker),
            [_spoken(segments[i]) for i in numbers],
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
