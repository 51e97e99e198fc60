"""Segments -> emotion scores: encoded in batches across calls, compared with the speaker's own baseline, classified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from callmood.call import EmotionScores, RoleChoice, Segment, Speaker, VoiceBaseline
from callmood.labels import UNCERTAIN
from callmood.pipeline.window import window_of
from callmood.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from callmood.model import Encoded, Scorer

MIN_SPEECH_S = 0.8
"""A segment whose words last less in total ("bye", "okay") is always uncertain: too little voice to judge."""


@dataclass(frozen=True, slots=True)
class Scorable:
    """What scoring needs of one call."""

    samples: np.ndarray
    """float32 [channels, n] at 16 kHz."""
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One call's scores, one per segment (None if the role is not scored), and its speakers' baselines."""

    scores: tuple[EmotionScores | None, ...]
    baselines: Mapping[int, VoiceBaseline]
    """By speaker."""


def score_calls(scorer: Scorer, calls: Sequence[Scorable], roles: RoleChoice = "all") -> list[Scored]:
    """Scores every segment of ``roles``, in encoder batches that span calls."""
    wanted = [_wanted_segments(call, roles) for call in calls]
    clips = [_clip(call, call.segments[i]) for call, picks in zip(calls, wanted, strict=True) for i in picks]
    texts = [call.segments[i].text or None for call, picks in zip(calls, wanted, strict=True) for i in picks]
    if not clips:
        return [Scored((None,) * len(call.segments), {}) for call in calls]
    encoded = scorer.encode(clips, texts)
    scored = []
    start = 0
    for call, picks in zip(calls, wanted, strict=True):
        rows = np.arange(start, start + len(picks))
        scored.append(_score_call(scorer, call, picks, encoded, rows))
        start += len(picks)
    return scored


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
    baselines = {}
    for speaker in call.speakers:
        of_this_speaker = np.array([call.segments[i].speaker == speaker.index for i in picks], dtype=bool)
        if not of_this_speaker.any():
            continue
        of_speaker = encoded.take(rows[of_this_speaker])
        raw = scorer.classify(of_speaker, None)
        relative = scorer.classify_against_rest(of_speaker)
        logits = _voice_logits(scorer, of_speaker)
        for i, relative_row, raw_row, of_segment in zip(
            np.asarray(picks)[of_this_speaker], relative, raw, logits, strict=True
        ):
            scores[i] = _emotion_scores(scorer, relative_row, raw_row, call.segments[i], of_segment)
        baselines[speaker.index] = scorer.baseline(of_speaker)
    return Scored(tuple(scores), baselines)


def label_of(scorer: Scorer, probabilities: np.ndarray, spoken_s: float, has_words: bool) -> str:
    """The label of a segment whose words last ``spoken_s`` in total; "uncertain" for too little voice or doubt."""
    sure = spoken_s >= MIN_SPEECH_S and scorer.is_sure(probabilities, has_words)
    return scorer.labels[int(probabilities.argmax())] if sure else UNCERTAIN


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
    scorer: Scorer, relative: np.ndarray, raw: np.ndarray, segment: Segment, logits: _Logits | None
) -> EmotionScores:
    spoken_s = sum(word.end_s - word.start_s for word in segment.words)
    label = label_of(scorer, relative, spoken_s, has_words=bool(segment.text))
    raw_logits, relative_logits = logits or (None, None)
    return EmotionScores(
        tuple(relative.tolist()),
        tuple(raw.tolist()),
        label,
        float(relative.max()),
        raw_logits,
        relative_logits,
    )
