"""Segments -> emotion scores: encoded in batches across calls, compared with the speaker's own baseline, classified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from callmood.call import EmotionScores, RoleChoice, Segment, Speaker, VoiceBaseline
from callmood.labels import UNCERTAIN
from callmood.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from callmood.model import Encoded, Scorer

EARLIER_CALLS_COUNT = 60
"""An agent's earlier calls weigh at most as much as this many segments, because today's line and voice matter more."""

MIN_SPEECH_S = 0.8
"""A segment whose words last less in total ("bye", "okay") is always uncertain: too little voice to judge."""


@dataclass(frozen=True, slots=True)
class Scorable:
    """What scoring needs of one call."""

    samples: np.ndarray
    """float32 [channels, n] at 16 kHz."""
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    agent_baseline: VoiceBaseline | None = None
    """The agent's voice over earlier calls."""


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
    start, end = round(segment.start_s * SAMPLE_RATE), round(segment.end_s * SAMPLE_RATE)
    return call.samples[segment.channel, start:end]


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
        earlier = _capped(call.agent_baseline) if speaker.role == "agent" else None
        raw = scorer.classify(of_speaker, None)
        relative = scorer.classify_against_rest(of_speaker, earlier)
        for i, relative_row, raw_row in zip(np.asarray(picks)[of_this_speaker], relative, raw, strict=True):
            scores[i] = _emotion_scores(scorer, relative_row, raw_row, call.segments[i])
        baselines[speaker.index] = scorer.baseline(of_speaker)
    return Scored(tuple(scores), baselines)


def _capped(earlier: VoiceBaseline | None) -> VoiceBaseline | None:
    return earlier and replace(earlier, count=min(earlier.count, EARLIER_CALLS_COUNT))


def _emotion_scores(scorer: Scorer, relative: np.ndarray, raw: np.ndarray, segment: Segment) -> EmotionScores:
    best = int(relative.argmax())
    spoken_s = sum(word.end_s - word.start_s for word in segment.words)
    sure = spoken_s >= MIN_SPEECH_S and scorer.is_sure(relative, has_words=bool(segment.text))
    label = scorer.labels[best] if sure else UNCERTAIN
    return EmotionScores(tuple(relative.tolist()), tuple(raw.tolist()), label, float(relative[best]))
