"""What a scan asks of the database: what is done and how, the agents' voices so far, what there is to score again."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from callmood.call import Recording, Segment, Speaker, Word
from callmood.store.database import Connection, rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of a recording."""

    state: Literal["done", "failed"]
    path: str
    """Where it was seen last."""
    model_id: str | None = None
    """The emotion model that scored it; None for one that failed, or that nothing scored."""
    reason: str | None = None
    """Why it failed, in a few words."""
    roles: str | None = None
    """Whose segments the scan that wrote it last had to score."""


def known(con: Connection) -> dict[str, Known]:
    """Every recording in the database, by its id."""
    return {
        recording_id: Known(*facts)
        for recording_id, *facts in rows(
            con,
            """
            SELECT recording.id, state, path, model_id, reason, scan.settings->>'$.score.roles'
            FROM recording LEFT JOIN scan ON scan.id = scan_id
            """,
        )
    }


def hashes(con: Connection) -> dict[str, tuple[int, int, str]]:
    """What files held when they were read last: size in bytes, time of change in ns and SHA-256, by path."""
    found = rows(con, "SELECT path, size_bytes, mtime_ns, content FROM file_hash")
    return {path: (size_bytes, mtime_ns, content) for path, size_bytes, mtime_ns, content in found}


def facts(con: Connection, ids: Collection[str]) -> dict[str, Recording]:
    """What is stored of recordings, by their ids: their facts from all scans, and the path that was seen last."""
    found = rows(
        con,
        """
        SELECT id, path, size_bytes, agent, customer, call_id, queue, started_at, metadata
        FROM recording WHERE id IN (SELECT unnest($ids::VARCHAR[]))
        """,
        {"ids": list(ids)},
    )
    return {recording_id: Recording(recording_id, Path(path), *told) for recording_id, path, *told in found}


def transcribed_otherwise(con: Connection, asr: str) -> set[str]:
    """The ids of the calls that another recogniser than ``asr`` transcribed, or nobody knows which."""
    found = rows(
        con,
        """
        SELECT recording.id FROM recording LEFT JOIN scan ON scan.id = transcribed_in
        WHERE state = 'done' AND (scan.models->>'asr') IS DISTINCT FROM $asr
        """,
        {"asr": asr},
    )
    return {recording_id for (recording_id,) in found}


def agent_baselines(
    con: Connection, model_id: str, exclude: str | None = None
) -> "dict[str, tuple[NDArray[np.float32], int]]":
    """Each agent's mean voice over the calls that ``model_id`` scored, and the number of segments it is of.

    ``exclude`` is a recording to leave out, and its agent the only one asked for: scored again, a call must not be
    compared with itself.
    """
    import numpy as np

    found = rows(
        con,
        """
        WITH place AS (
            SELECT agent, baseline_count AS count, unnest(baseline_mean) AS value,
                generate_subscripts(baseline_mean, 1) AS place
            FROM speaker JOIN recording ON recording.id = recording_id
            WHERE role = 'agent' AND agent IS NOT NULL AND speaker.model_id = $model_id AND baseline_count > 0
                AND ($exclude::VARCHAR IS NULL OR
                    (recording_id <> $exclude AND agent = (SELECT agent FROM recording WHERE id = $exclude)))
        ), voice AS (
            SELECT agent, place, sum(value * count) / sum(count) AS value, sum(count) AS count
            FROM place GROUP BY agent, place
        )
        SELECT agent, list(value ORDER BY place), max(count) FROM voice GROUP BY agent ORDER BY agent
        """,
        {"model_id": model_id, "exclude": exclude},
    )
    return {agent: (np.asarray(mean, dtype=np.float32), int(count)) for agent, mean, count in found}


def stored_segments(con: Connection, recording_id: str) -> tuple[tuple[Speaker, ...], tuple[Segment, ...]]:
    """The speakers and the segments with their words of a call, as they were written."""
    of_call = {"id": recording_id}
    words: dict[int, list[Word]] = {}
    for segment, *word in rows(
        con,
        """
        SELECT segment, text, start_s, end_s, probability FROM word
        WHERE recording_id = $id ORDER BY segment, word
        """,
        of_call,
    ):
        words.setdefault(segment, []).append(Word(*word))
    speakers = rows(
        con,
        "SELECT speaker, channel, role, decided_by FROM speaker WHERE recording_id = $id ORDER BY speaker",
        of_call,
    )
    segments = rows(
        con,
        """
        SELECT speaker, channel, start_s, end_s, text, segment FROM segment
        WHERE recording_id = $id ORDER BY segment
        """,
        of_call,
    )
    return (
        tuple(Speaker(*speaker) for speaker in speakers),
        tuple(
            Segment(speaker, channel, start_s, end_s, text, tuple(words.get(segment, ())))
            for speaker, channel, start_s, end_s, text, segment in segments
        ),
    )
