"""Agents compared with their earlier calls: after the jobs, from what is stored.

What a call is compared with follows from the stored calls alone, so that neither the order in which they were scanned
nor where a scan was interrupted shows in the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np

from callmood import store
from callmood.arrays import Doubles
from callmood.call import SpeakerMoods, VoiceBaseline
from callmood.model.bundle import load_classifier
from callmood.model.scorer import ScoredVoices, Scorer
from callmood.pipeline.moods import Spoken, judge
from callmood.store import AgentVoice, Connection, NewMoods, NewScores, StoredSegment

EARLIER_CALLS_COUNT: Final = 60
"""An agent's earlier calls weigh at most as much as this many segments, because today's line and voice matter more."""

_CHUNK: Final = 1000
"""Calls whose scores are written in one transaction; others can read the database in between."""

Connect: TypeAlias = Callable[[], AbstractContextManager[Connection]]
"""Opens the database for a transaction or two."""


def compare_agents(connect: Connect, model: str, model_id: str) -> int:
    """Compare the agents of the calls that the emotion model scored with their earlier calls.

    Earlier calls are those of the same agent that the same model scored, in the order of their start. Only calls that
    are compared with something else than they should be are written; returns their number.
    """
    with connect() as con:
        voices = store.agent_voices(con, model_id)
    stale = [
        replace(
            voice,
            earlier_mean=earlier.mean if earlier else None,
            earlier_count=earlier.count if earlier else 0,
        )
        for voice, earlier in zip(voices, _earlier_calls(voices), strict=True)
        if voice.earlier_count is not None and _applied(voice) != earlier
    ]
    if not stale:
        return 0
    scorer = load_classifier(model, model_id).of_role("agent")
    for start in range(0, len(stale), _CHUNK):
        chunk = stale[start : start + _CHUNK]
        with connect() as con:
            store.write_comparisons(
                con, chunk, *_compared(scorer, chunk, store.segments_to_compare(con, chunk))
            )
    return len(stale)


def _applied(voice: AgentVoice) -> VoiceBaseline | None:
    """What the stored scores are compared with."""
    return VoiceBaseline(voice.earlier_mean, voice.earlier_count or 0) if voice.earlier_mean else None


def _earlier_calls(voices: Sequence[AgentVoice]) -> Iterator[VoiceBaseline | None]:
    """For each voice its agent's mean voice over the calls before; None without any."""
    for agent, of_agent in groupby(voices, key=lambda voice: voice.agent):
        total, count = np.zeros(0), 0
        for _, of_call in groupby(of_agent, key=lambda voice: voice.recording_id):
            call = list(of_call)
            mean = tuple((total / count).astype(np.float32).tolist()) if count else ()
            for _ in call:
                yield VoiceBaseline(mean, count) if count and agent is not None else None
            sums = [voice.count * np.asarray(voice.mean, np.float64) for voice in call]
            total = sum(sums, start=total if count else np.zeros(len(call[0].mean)))
            count += sum(voice.count for voice in call)


def _compared(
    scorer: Scorer, voices: Sequence[AgentVoice], segments: Sequence[StoredSegment]
) -> tuple[list[NewScores], list[NewMoods]]:
    """The scores and moods of ``voices``, whose ``segments`` are compared with the rest of their call and with what
    ``voices`` say of earlier calls."""
    voice_of = {(voice.recording_id, voice.speaker): voice for voice in voices}
    scores: list[NewScores] = []
    moods: list[NewMoods] = []
    for speaker, of_speaker in groupby(segments, key=lambda one: (one.recording_id, one.speaker)):
        spoken = list(of_speaker)
        if speaker in voice_of and any(one.relative_logits is not None for one in spoken):
            found, of_call = _of_speaker(scorer, voice_of[speaker], spoken)
            scores += found
            moods.append(NewMoods(*speaker, of_call))
    return scores, moods


def _of_speaker(
    scorer: Scorer, voice: AgentVoice, segments: Sequence[StoredSegment]
) -> tuple[list[NewScores], SpeakerMoods]:
    silent = np.zeros(len(scorer.labels), np.float32)
    heard = np.array([one.relative_logits is not None for one in segments])
    stored = ScoredVoices(
        np.array([one.raw_scores for one in segments], np.float32),
        np.array([silent if one.raw_logits is None else one.raw_logits for one in segments], np.float32),
        np.array(
            [silent if one.relative_logits is None else one.relative_logits for one in segments], np.float32
        ),
        np.array([bool(one.text.strip()) for one in segments]),
    )
    total, count = _total(voice)
    # earlier calls have other moods: the more the baseline is theirs, the less this call's hides in it
    one_mood = scorer.one_mood(stored.raw_logits, heard) * voice.count / max(count, 1)
    others = (total - stored.relative_logits, np.where(heard, count - 1, 0), one_mood)
    probabilities = scorer.classify_stored(stored, *others)
    judged, moods = judge(
        scorer,
        probabilities,
        scorer.sides_stored(stored, *others),
        [Spoken(one.start_s, one.spoken_s, has_words=bool(one.text)) for one in segments],
    )
    return [
        NewScores(
            one.recording_id,
            one.segment,
            of_segment.label,
            of_segment.confidence,
            row,
            of_segment.upset,
            of_segment.pleased,
            of_segment.evidence,
        )
        for one, row, of_segment in zip(segments, probabilities.tolist(), judged, strict=True)
    ], moods


def _total(voice: AgentVoice) -> tuple[Doubles, int]:
    """The sum of the relative logits of all that a segment is compared with and of itself, and their number."""
    total = voice.count * np.asarray(voice.mean, np.float64)
    if not voice.earlier_mean:
        return total, voice.count
    count = min(voice.earlier_count or 0, EARLIER_CALLS_COUNT)
    return total + count * np.asarray(voice.earlier_mean, np.float64), voice.count + count
