"""What segments mean: their vectors, and the segments that a search may find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np

from callmood.arrays import Ints
from callmood.call import RoleChoice
from callmood.errors import CallmoodError
from callmood.signals import deferred
from callmood.store.columns import as_json
from callmood.store.connection import Connection, rows, transaction


@dataclass(frozen=True, slots=True)
class Filter:
    """The segments that are looked at."""

    role: RoleChoice = "all"
    """"customer" includes those whose role is not known."""
    agent: str | None = None
    since: datetime | None = None
    """Calls that started before are left out, and those whose start is not known."""
    emotion: str | None = None
    """As reports show it: calm is "neutral"."""
    recordings: tuple[str, ...] | None = None
    """The ids of the calls; None: all."""

    @property
    def of_calls(self) -> str:
        """The condition that a call meets, in SQL."""
        return _OF_CALLS if self.recordings is None else f"{_OF_CALLS} AND {_OF_RECORDINGS}"

    def parameters(self) -> dict[str, Any]:
        """The parameters that ``of_calls`` names."""
        named = {"agent": self.agent, "since": self.since}
        return named if self.recordings is None else {**named, "recordings": list(self.recordings)}

    @property
    def is_of_segments(self) -> bool:
        """Whether it leaves out segments of calls that it looks at."""
        return self.role != "all" or self.emotion is not None


class CallTexts(NamedTuple):
    """The words of a call's segments in their order."""

    recording_id: str
    stored_at: datetime
    texts: list[str]


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment with its call."""

    recording_id: str
    call: str
    """What reports call it."""
    call_id: str | None
    agent: str | None
    started_at: datetime | None
    """Start of the call."""
    segment: int
    """Counted from 0 in its call."""
    speaker: int
    role: str
    start_s: float
    end_s: float
    text: str


_CALLS_AT_ONCE: Final = 500
_OF_CALLS: Final = """
    ($agent IS NULL OR name_key(agent) = name_key($agent)) AND ($since IS NULL OR started_at >= $since)
"""
_OF_RECORDINGS: Final = "recording.id IN (SELECT unnest($recordings::VARCHAR[]))"


def _said(segments: str = "segment") -> str:
    """The segments of a relation with the words, speaker and role that people heard."""
    return f"""
        (
            SELECT recording_id, segment, coalesce(said_by, speaker) AS speaker,
                coalesce(heard.role, segment.role) AS role, start_s, end_s, coalesce(heard.text, segment.text) AS text
            FROM {segments} AS segment LEFT JOIN heard USING (recording_id, speaker, start_s, end_s)
        ) AS segment
    """


def _found(segments: str = "segment", names: str = "call_name") -> str:
    """What a ``FoundSegment`` is made of. ``names``: the relation with what the calls are called."""
    return f"""
        recording_id, call, call_id, agent, started_at, segment, speaker, segment.role, start_s, end_s, text
        FROM {_said(segments)}
        JOIN recording ON recording.id = recording_id
        JOIN {names} AS call_name USING (recording_id)
    """


def calls_without_vectors(con: Connection, encoder: str) -> list[str]:
    """The ids of the calls whose segments ``encoder`` has not encoded, the newest first."""
    found = rows(
        con,
        """
        SELECT id FROM recording
        ANTI JOIN (SELECT recording_id FROM segment_vectors WHERE encoder = $encoder) AS known
            ON recording.id = known.recording_id
        WHERE state = 'done' ORDER BY started_at DESC NULLS LAST, id
        """,
        {"encoder": encoder},
    )
    return [recording_id for (recording_id,) in found]


def call_texts(con: Connection, ids: Sequence[str]) -> list[CallTexts]:
    """The words of these calls."""
    found = rows(
        con,
        f"""
        WITH asked AS MATERIALIZED (
            FROM calls_of($ids::VARCHAR[])
        )
        SELECT id, stored_at, coalesce(list(text ORDER BY segment) FILTER (segment IS NOT NULL), [])
        FROM recordings_of('asked') AS recording LEFT JOIN {_said("segments_of('asked')")} ON recording_id = id
        GROUP BY id, stored_at ORDER BY id
        """,
        {"ids": list(ids)},
    )
    return [CallTexts(*row) for row in found]


def write_vectors(con: Connection, encoder: str, calls: Sequence[tuple[CallTexts, bytes]]) -> None:
    """Store the vectors of calls, except of those that were stored anew or corrected since their texts were read."""
    with transaction(con):
        stored = call_texts(con, [call.recording_id for call, _ in calls])
        for call, vectors in calls:
            if call not in stored:
                continue
            key = {"id": call.recording_id}
            con.execute("DELETE FROM segment_vectors WHERE recording_id = $id", key)
            con.execute(
                """
                INSERT INTO segment_vectors BY NAME
                SELECT *, $encoder AS encoder, $vectors AS vectors FROM calls_of([$id])
                """,
                {**key, "encoder": encoder, "vectors": vectors},
            )


def encode_again(con: Connection, recording_id: str) -> None:
    """Have the segments of a call encoded again, because its words changed; in the transaction that has begun."""
    con.execute("DELETE FROM segment_vectors WHERE recording_id = $id", {"id": recording_id})


def call_vectors(con: Connection, encoder: str, wanted: Filter) -> Iterator[list[tuple[int, str, bytes]]]:
    """The calls that a filter is about: the key, the recording's id, and the vectors of the segments of each.

    They come some at a time, because all of them may be a gigabyte; ask for all before anything else is asked.
    """
    with deferred():
        con.execute(
            f"""
            SELECT hash(recording_id) >> 1, recording_id, vectors
            FROM segment_vectors
            JOIN recording ON id = recording_id AND recording.call_number = segment_vectors.call_number
            WHERE encoder = $encoder AND {wanted.of_calls}
            """,
            {"encoder": encoder, **wanted.parameters()},
        )
    while found := con.fetchmany(_CALLS_AT_ONCE):
        yield found


def wanted_segments(con: Connection, encoder: str, wanted: Filter) -> tuple[Ints, Ints]:
    """The segments that a filter is about: the keys of their calls, as ``call_vectors`` has them, and their numbers."""
    result = con.execute(
        f"""
        SELECT (hash(segment_vectors.recording_id) >> 1)::BIGINT AS key, segment::BIGINT AS segment
        FROM segment_mood
        JOIN recording ON recording.id = segment_mood.recording_id
        JOIN segment_vectors ON segment_vectors.recording_id = segment_mood.recording_id
        WHERE encoder = $encoder AND {wanted.of_calls}
            AND is_of(role, $role) AND ($emotion IS NULL OR emotion = $emotion)
        """,
        {"encoder": encoder, **wanted.parameters(), "role": wanted.role, "emotion": wanted.emotion},
    ).fetchnumpy()
    return np.asarray(result["key"], np.int64), np.asarray(result["segment"], np.int64)


def named_segments(con: Connection, segments: Sequence[tuple[str, int]]) -> list[FoundSegment]:
    """These segments, given by recording and number, in any order."""
    named = [{"id": recording_id, "number": number} for recording_id, number in segments]
    found = rows(
        con,
        f"""
        SELECT {_found()}
        JOIN (SELECT unnest(from_json($named, '[{{"id": "VARCHAR", "number": "INTEGER"}}]'), max_depth := 2)) AS named
            ON recording_id = named.id AND segment = number
        """,
        {"named": as_json(named)},
    )
    return [FoundSegment(*row) for row in found]


def segments_with(
    con: Connection, pattern: str, wanted: Filter, limit: int
) -> tuple[list[FoundSegment], int]:
    """The segments whose words match a pattern of RE2, the newest calls first, and how many there are of them.

    The pattern meets text without capitals and accents.
    """
    matching = f"""
        {
        "SEMI JOIN (FROM segment_mood WHERE emotion = $emotion) AS felt USING (recording_id, segment)"
        if wanted.emotion
        else ""
    }
        WHERE {wanted.of_calls} AND is_of(segment.role, $role)
            AND regexp_matches(plain_text(text), $pattern)
    """
    parameters: dict[str, Any] = {**wanted.parameters(), "role": wanted.role, "pattern": pattern}
    if wanted.emotion:
        parameters["emotion"] = wanted.emotion
    ((count,),) = rows(
        con,
        f"SELECT count(*) FROM {_said()} JOIN recording ON recording.id = recording_id {matching}",
        parameters,
    )
    found = rows(
        con,
        f"SELECT {_found()} {matching} ORDER BY started_at DESC NULLS LAST, path, start_s, segment LIMIT {int(limit)}",
        parameters,
    )
    return [FoundSegment(*row) for row in found], int(count)


def opening_vectors(
    con: Connection, encoder: str, width: int, wanted: Filter
) -> tuple[list[tuple[FoundSegment, bytes]], int]:
    """What the customers of a filter's calls open them with, and how many calls have no such thing.

    It is the longest of the customer's first three segments of four words or more, of those in the first half of the
    conversation if there are any. Each comes with its vector of ``width`` bytes.
    """
    found = rows(
        con,
        f"""
        WITH wanted AS MATERIALIZED (
            SELECT id AS recording_id, call_number FROM recording WHERE {wanted.of_calls}
        ), said AS (
            SELECT recording_id, segment, start_s, quarter > 2 AS late,
                len(string_split_regex(trim(text), '\\s+')) AS words
            FROM segment_mood_of('wanted')
            WHERE is_of(role, 'customer') AND words >= 4
            QUALIFY row_number() OVER (PARTITION BY recording_id ORDER BY late, start_s, segment) <= 3
        ), opening AS (
            SELECT recording_id, segment FROM said
            QUALIFY row_number() OVER (PARTITION BY recording_id ORDER BY late, words DESC, start_s, segment) = 1
        )
        SELECT {_found("segments_of('wanted')", "call_name_of((SELECT list(recording_id) FROM opening))")}
        JOIN opening USING (recording_id, segment)
        ORDER BY recording_id
        """,
        wanted.parameters(),
    )
    of_call = {segment.recording_id: segment for segment in (FoundSegment(*row) for row in found)}
    openings: list[tuple[FoundSegment, bytes]] = []
    count = 0
    for calls in call_vectors(con, encoder, wanted):
        count += len(calls)
        for _, recording_id, stored in calls:
            if recording_id in of_call:
                segment = of_call[recording_id]
                openings.append((segment, stored[segment.segment * width : (segment.segment + 1) * width]))
    openings.sort(key=lambda opening: opening[0].recording_id)
    return openings, count - len(openings)


def require_calls(con: Connection) -> None:
    """Raises CallmoodError if nothing is stored to be searched."""
    if not rows(con, "SELECT 1 FROM recording WHERE state = 'done' LIMIT 1"):
        raise CallmoodError("The database has no calls yet. Scan some first.")


def agents(con: Connection) -> list[tuple[str, str]]:
    """The names of agents, each with its key: names that differ in case and spaces are one."""
    return rows(
        con, "SELECT DISTINCT name_key(agent), agent FROM recording WHERE agent IS NOT NULL ORDER BY ALL"
    )
