"""The agents' voices on their calls, and the scores that depend on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from callmood.call import SpeakerMoods
from callmood.labels import LABELS
from callmood.store.categories import categorize_again
from callmood.store.columns import MOODS, Shape, as_json, assigned, mood_columns, select_rows
from callmood.store.connection import Connection, rows, transaction
from callmood.store.figures import fill_figures


@dataclass(frozen=True, slots=True)
class AgentVoice:
    """An agent's voice on one call, with what the call's scores are compared with besides the call itself."""

    agent: str | None
    """The key of the agent's name; None if nobody knows who it is."""
    recording_id: str
    speaker: int
    mean: tuple[float, ...]
    """Of the relative logits, [labels]."""
    count: int
    """Number of segments in the mean."""
    earlier_mean: tuple[float, ...] | None
    """The agent's mean voice over earlier calls; None for no earlier call."""
    earlier_count: int | None
    """Number of segments in ``earlier_mean``; None in calls whose scores can't be compared again, as in an archive."""


class StoredSegment(NamedTuple):
    """A scored segment with what comparing it again needs."""

    recording_id: str
    segment: int
    speaker: int
    start_s: float
    text: str
    raw_scores: Sequence[float]
    raw_logits: Sequence[float] | None
    """As ``relative_logits``: None for a segment without sound, which has nothing to compare."""
    relative_logits: Sequence[float] | None
    spoken_s: float
    """The length of its words in total, or its own if they are not known."""


class NewScores(NamedTuple):
    """The scores of a segment against another baseline."""

    recording_id: str
    segment: int
    emotion: str
    confidence: float
    scores: Sequence[float]
    """[labels]"""
    upset: float
    pleased: float
    evidence: str | None


class NewMoods(NamedTuple):
    """The moods of a speaker that follow from new scores."""

    recording_id: str
    speaker: int
    moods: SpeakerMoods


_SCORES: Final[Shape] = {
    "recording_id": "VARCHAR",
    "segment": "INTEGER",
    "emotion": "VARCHAR",
    "confidence": "FLOAT",
    "scores": ["FLOAT"],
    "upset": "FLOAT",
    "pleased": "FLOAT",
    "evidence": "VARCHAR",
}
_EARLIER: Final[Shape] = {
    "recording_id": "VARCHAR",
    "speaker": "INTEGER",
    "earlier_mean": ["FLOAT"],
    "earlier_count": "INTEGER",
}
_MOODS: Final[Shape] = {"recording_id": "VARCHAR", "speaker": "INTEGER", **MOODS}


def agent_voices(con: Connection, model_id: str) -> list[AgentVoice]:
    """The agents' voices on the calls that ``model_id`` scored: by agent, and of each in the order of the calls.

    The order is that of the calls' start, those of unknown start first, then that of the recordings' ids.
    """
    found = rows(
        con,
        """
        SELECT name_key(agent) AS agent, recording_id, speaker, baseline_mean, baseline_count, earlier_mean,
            earlier_count
        FROM (
            SELECT recording_id, speaker, agent, started_at, baseline_mean, baseline_count, earlier_mean, earlier_count
            FROM speaker JOIN recording ON recording.id = recording_id
            WHERE role = 'agent' AND speaker.model_id = $model_id AND baseline_count > 0
            UNION ALL BY NAME
            SELECT recording_id, speaker, agent, started_at, baseline_mean, baseline_count
            FROM archived_voice ANTI JOIN recording ON recording.id = recording_id
            WHERE model_id = $model_id
        )
        ORDER BY 1, started_at NULLS FIRST, recording_id, speaker
        """,
        {"model_id": model_id},
    )
    return [
        AgentVoice(
            agent, recording_id, speaker, tuple(mean), count, earlier and tuple(earlier), earlier_count
        )
        for agent, recording_id, speaker, mean, count, earlier, earlier_count in found
    ]


def segments_to_compare(con: Connection, voices: Iterable[AgentVoice]) -> list[StoredSegment]:
    """The scored segments of the agents of the given calls: by recording and speaker, in the order of their start."""
    found = rows(
        con,
        """
        WITH wanted AS (
            SELECT recording_id, segment, speaker, start_s, end_s, text, raw_scores, raw_logits, relative_logits
            FROM segment
            WHERE recording_id IN (SELECT unnest($ids::VARCHAR[])) AND role = 'agent' AND raw_scores IS NOT NULL
        ), spoken AS (
            SELECT recording_id, segment, list(word.end_s - word.start_s ORDER BY word) AS lengths
            FROM word SEMI JOIN wanted USING (recording_id, segment)
            GROUP BY ALL
        )
        SELECT recording_id, segment, speaker, start_s, text,
            list_transform($labels::VARCHAR[], lambda label: raw_scores[label]), raw_logits, relative_logits,
            CASE WHEN text = '' THEN [end_s - start_s] ELSE coalesce(lengths, []) END
        FROM wanted LEFT JOIN spoken USING (recording_id, segment)
        ORDER BY recording_id, speaker, start_s, segment
        """,
        {"ids": _ids(voices), "labels": list(LABELS)},
    )
    # added up here, in order, because the last digit decides at the limit
    return [StoredSegment(*(*columns, sum(lengths))) for *columns, lengths in found]


def write_comparisons(
    con: Connection, voices: Collection[AgentVoice], scores: Iterable[NewScores], moods: Iterable[NewMoods]
) -> None:
    """Store what calls are compared with, as ``voices`` say it, and the scores and moods that follow from it."""
    with transaction(con):
        con.execute(
            f"""
            UPDATE segment SET emotion = new.emotion, confidence = new.confidence,
                scores = map($labels::VARCHAR[], new.scores),
                upset = new.upset, pleased = new.pleased, evidence = new.evidence
            FROM ({select_rows("scores", _SCORES)}) AS new
            WHERE segment.recording_id = new.recording_id AND segment.segment = new.segment
            """,
            {"labels": list(LABELS), "scores": as_json([one._asdict() for one in scores])},
        )
        con.execute(
            f"""
            UPDATE speaker SET earlier_mean = new.earlier_mean, earlier_count = new.earlier_count
            FROM ({select_rows("voices", _EARLIER)}) AS new
            WHERE speaker.recording_id = new.recording_id AND speaker.speaker = new.speaker
            """,
            {"voices": as_json([{name: getattr(voice, name) for name in _EARLIER} for voice in voices])},
        )
        con.execute(
            f"""
            UPDATE speaker SET {assigned(MOODS)}
            FROM ({select_rows("moods", _MOODS)}) AS new
            WHERE speaker.recording_id = new.recording_id AND speaker.speaker = new.speaker
            """,
            {
                "moods": as_json(
                    [
                        {"recording_id": one.recording_id, "speaker": one.speaker, **mood_columns(one.moods)}
                        for one in moods
                    ]
                )
            },
        )
        categorize_again(con, _ids(voices))
        fill_figures(con, _ids(voices))


def _ids(voices: Iterable[AgentVoice]) -> list[str]:
    return list(dict.fromkeys(voice.recording_id for voice in voices))
