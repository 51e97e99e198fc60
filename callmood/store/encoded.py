"""The vectors that the emotion model's encoders made of segments, kept to score calls again without sound."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from callmood.call import Call, Rescored, RoleChoice, Vectors
from callmood.store.connection import Connection, rows
from callmood.store.numbers import GIVEN, Numbers, delete_rows_of, given, numbers_of

AUDIO: Final = "audio_vectors"
TEXT: Final = "text_vectors"
ENCODED: Final = (AUDIO, TEXT)
"""The tables, which have the same columns, as attributes of calls are called."""

_AT_ONCE_BYTES: Final = 16 << 20
"""Of vectors passed with one statement, which copies them."""


class Kept(NamedTuple):
    """What is kept of a call."""

    recording_id: str
    duration_s: float
    segments: int
    """Number of segments to score."""
    encoded: int
    """Those of them that have an audio vector."""
    usable: int
    """Those of them that have one by the encoder that was asked for."""


def kept_of_calls(con: Connection, encoder: str, roles: RoleChoice) -> list[Kept]:
    """What is kept of each call, where ``encoder`` is asked to score ``roles``, in the order in which it is stored."""
    found = rows(
        con,
        """
        WITH vectors AS (
            SELECT recording_id, count(*) AS segments, count(encoder) AS encoded,
                count(*) FILTER (encoder = $encoder) AS usable, min(place) AS place
            FROM segment LEFT JOIN (SELECT *, rowid AS place FROM audio_vectors) AS kept USING (recording_id, segment)
            WHERE $roles = 'all' OR segment.role = $roles
            GROUP BY recording_id
        )
        SELECT id, coalesce(duration_s, 0), coalesce(segments, 0), coalesce(encoded, 0), coalesce(usable, 0)
        FROM recording LEFT JOIN vectors ON vectors.recording_id = id
        WHERE state = 'done' ORDER BY place, id
        """,
        {"encoder": encoder, "roles": roles},
    )
    return [Kept(*row) for row in found]


def vectors_of_calls(
    con: Connection, table: str, encoder: str, ids: Collection[str]
) -> dict[str, dict[int, bytes]]:
    """The vectors that ``encoder`` made, from one of the tables ``ENCODED``: by recording and segment."""
    found: dict[str, dict[int, bytes]] = {}
    for recording_id, segment, vector in rows(
        con,
        f"""
        WITH {GIVEN}
        SELECT recording_id, segment, vector FROM rows_of('{table}', 'given') WHERE encoder = $encoder
        """,
        {**given(numbers_of(con, ids)), "encoder": encoder},
    ):
        found.setdefault(recording_id, {})[segment] = vector
    return found


def write_encoded(con: Connection, calls: Sequence[Call | Rescored], numbers: Numbers) -> None:
    """Store the vectors of calls in place of earlier ones, in the transaction that has begun.

    What they have none of stays as it is, but for segments that are not scored.
    """
    for table in ENCODED:
        new = [
            (call.recording.id, vectors) for call in calls if (vectors := getattr(call, table)) is not None
        ]
        if new:
            delete_rows_of(con, table, {recording_id: numbers[recording_id] for recording_id, _ in new})
        for part in _parts(new):
            con.execute(
                f"""
                INSERT INTO {table} BY NAME
                SELECT unnest($ids::VARCHAR[]) AS recording_id, unnest($numbers::INTEGER[]) AS call_number,
                    unnest($segments::INTEGER[]) AS segment, unnest($encoders::VARCHAR[]) AS encoder,
                    unnest($vectors::BLOB[]) AS vector
                """,
                {
                    "numbers": [numbers[recording_id] for recording_id, *_ in part],
                    **{
                        name: list(values)
                        for name, values in zip(
                            ("ids", "segments", "encoders", "vectors"), zip(*part, strict=True), strict=True
                        )
                    },
                },
            )
    _delete_segments(
        con,
        [
            (call.recording.id, segment)
            for call in calls
            for segment, scores in enumerate(call.scores)
            if scores is None
        ],
    )


def _parts(
    calls: Sequence[tuple[str, Vectors]],
) -> Iterator[list[tuple[str, int, str, bytes]]]:
    """The rows of calls, so many at a time that their copies stay small in memory."""
    part: list[tuple[str, int, str, bytes]] = []
    size = 0
    for recording_id, vectors in calls:
        for segment, vector in vectors.of_segments.items():
            part.append((recording_id, segment, vectors.encoder, vector))
            size += len(vector)
            if size >= _AT_ONCE_BYTES:
                yield part
                part, size = [], 0
    if part:
        yield part


def _delete_segments(
    con: Connection, segments: Sequence[tuple[str, int]], tables: Sequence[str] = ENCODED
) -> None:
    if not segments:
        return
    ids, numbers = zip(*segments, strict=True)
    for table in tables:
        con.execute(
            f"""
            DELETE FROM {table}
            USING (SELECT unnest($ids::VARCHAR[]) AS id, unnest($segments::INTEGER[]) AS number) AS gone
            WHERE recording_id = id AND segment = number
            """,
            {"ids": list(ids), "segments": list(numbers)},
        )


def delete_text_vectors(con: Connection, recording_id: str, segments: Sequence[int]) -> None:
    """Delete what says the words of segments, because these change; in the transaction that has begun."""
    _delete_segments(con, [(recording_id, segment) for segment in segments], [TEXT])
