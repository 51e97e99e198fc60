"""Which segments belong to which categories, and by which definitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from callmood.arrays import Ints, Mask
from callmood.store.columns import Shape, as_json, select_rows
from callmood.store.connection import Connection, rows, transaction
from callmood.store.figures import fill_figure, refresh
from callmood.store.numbers import GIVEN, delete_rows_of, given, numbers_of

_MEMBER: Final[Shape] = {
    "recording_id": "VARCHAR",
    "segment": "INTEGER",
    "category": "VARCHAR",
    "evidence": "VARCHAR",
    "likeness": "FLOAT",
}


class Member(NamedTuple):
    """A segment that belongs to a category."""

    recording_id: str
    segment: int
    category: str
    evidence: str
    """"words", "meaning", "both" or "conditions"."""
    likeness: float | None
    """Cosine to the nearest example, -1 if one that it is unlike is nearer; None without examples."""


class Conditions(NamedTuple):
    """What is asked of a segment besides its meaning."""

    in_words: str | None
    """A pattern of RE2 for ``segment_context.words``."""
    in_text: str | None
    """One for text without capitals and accents."""
    role: str
    """"agent", "customer" (with those whose role is not known) or "all"."""
    emotions: Sequence[str]
    """Empty: any."""
    quarter: int | None
    after_silence_s: float


class CategoryCount(NamedTuple):
    """In how many of an agent's calls a category occurs."""

    category: str
    agent: str
    """"(unknown)" where it is not known."""
    calls: int
    of: int
    """Calls of that agent whose categories are known."""


def category_set(con: Connection) -> str | None:
    """The definitions that count in this database, as TOML; None: those that come with callmood."""
    found = rows(con, "SELECT toml FROM category_set")
    return str(found[0][0]) if found else None


def write_category_set(con: Connection, toml: str | None) -> None:
    """Make these definitions count, or with None those that come with callmood."""
    with transaction(con):
        con.execute("DELETE FROM category_set")
        if toml is not None:
            con.execute(
                "INSERT INTO category_set VALUES ($toml, now()::TIMESTAMPTZ AT TIME ZONE 'UTC')",
                {"toml": toml},
            )


def calls_to_categorize(con: Connection, encoder: str, definitions: str) -> list[str]:
    """The ids of the encoded calls whose categories were not found by these definitions."""
    found = rows(
        con,
        """
        SELECT recording_id FROM segment_vectors
        ANTI JOIN (SELECT recording_id FROM categorized WHERE definitions = $definitions) AS known USING (recording_id)
        WHERE encoder = $encoder ORDER BY recording_id
        """,
        {"encoder": encoder, "definitions": definitions},
    )
    return [recording_id for (recording_id,) in found]


def vectors_of(con: Connection, encoder: str, ids: Sequence[str]) -> list[tuple[str, bytes]]:
    """These calls with the vectors of their segments, in the order of their ids; those without are left out."""
    return rows(
        con,
        """
        SELECT recording_id, vectors FROM segment_vectors
        WHERE encoder = $encoder AND recording_id IN (SELECT unnest($ids::VARCHAR[])) ORDER BY recording_id
        """,
        {"encoder": encoder, "ids": list(ids)},
    )


def sentence_vectors(con: Connection, encoder: str) -> dict[str, bytes]:
    """The stored vectors of sentences that segments were compared with last."""
    return dict(
        rows(
            con, "SELECT sentence, vector FROM sentence_vector WHERE encoder = $encoder", {"encoder": encoder}
        )
    )


def write_sentence_vectors(con: Connection, encoder: str, vectors: Mapping[str, bytes]) -> None:
    """Store the vectors of the sentences that segments are compared with, and forget those of all others."""
    with transaction(con):
        con.execute("DELETE FROM sentence_vector")
        con.execute(
            "INSERT INTO sentence_vector SELECT $encoder, unnest($sentences::VARCHAR[]), unnest($vectors::BLOB[])",
            {"encoder": encoder, "sentences": list(vectors), "vectors": list(vectors.values())},
        )


def prepare_candidates(con: Connection, ids: Sequence[str]) -> None:
    """Lay out the segments of these calls for ``candidates``; a call is known by its place among ``ids``."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE candidate AS
        WITH chosen AS (
            SELECT unnest($ids::VARCHAR[]) AS recording_id, unnest(range(len($ids::VARCHAR[]))) AS place
        )
        SELECT place, segment, role, emotion, quarter, silence_s, plain, words
        FROM segment_context JOIN chosen USING (recording_id)
        """,
        {"ids": list(ids)},
    )


def candidates(con: Connection, asked: Conditions) -> tuple[Ints, Ints, Mask]:
    """The prepared segments that meet the conditions: their calls, their numbers, and whether a pattern matches."""
    result = con.execute(
        """
        SELECT place::BIGINT AS place, segment::BIGINT AS segment,
            coalesce(regexp_matches(words, $in_words), false)
                OR coalesce(regexp_matches(plain, $in_text), false) AS said
        FROM candidate
        WHERE is_of(role, $role)
            AND (len($emotions::VARCHAR[]) = 0 OR emotion IN (SELECT unnest($emotions::VARCHAR[])))
            AND ($quarter::INTEGER IS NULL OR quarter = $quarter)
            AND silence_s >= $after_silence_s
        """,
        {**asked._asdict(), "emotions": list(asked.emotions)},
    ).fetchnumpy()
    return (
        np.asarray(result["place"], np.int64),
        np.asarray(result["segment"], np.int64),
        np.asarray(result["said"], bool),
    )


def write_members(con: Connection, definitions: str, ids: Sequence[str], members: Sequence[Member]) -> None:
    """Store the categories of the segments of these calls, replacing earlier ones."""
    with transaction(con):
        calls = numbers_of(con, ids)
        for table in ("segment_category", "categorized"):
            delete_rows_of(con, table, calls)
        con.execute(
            f"""
            INSERT INTO segment_category BY NAME
            WITH {GIVEN}
            FROM ({select_rows("members", _MEMBER)}) JOIN given USING (recording_id)
            """,
            {**given(calls), "members": as_json([member._asdict() for member in members])},
        )
        con.execute(
            f"INSERT INTO categorized BY NAME WITH {GIVEN} SELECT *, $definitions AS definitions FROM given",
            {**given(calls), "definitions": definitions},
        )
        fill_figure(con, "call_category", ids)
        refresh(con, ids)


def categorize_again(con: Connection, ids: Collection[str]) -> None:
    """Have the categories of calls found again, whose words or moods changed; in the transaction that has begun.

    Until then those that were found count.
    """
    con.execute(
        "UPDATE categorized SET definitions = '' WHERE recording_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": list(ids)},
    )


def category_counts(con: Connection) -> tuple[int, tuple[CategoryCount, ...]]:
    """The number of calls whose categories are known, and in how many of each agent's calls each category occurs."""
    ((calls,),) = rows(con, "SELECT count(*) FROM categorized")
    found = rows(
        con,
        """
        WITH known AS (
            SELECT id, spelling.key, spelling.name
            FROM recording
            SEMI JOIN categorized ON categorized.recording_id = recording.id
            JOIN spelled('agent') AS spelling ON spelling.given = coalesce(agent, '(unknown)')
        ), total AS (
            SELECT key, count(*) AS calls FROM known GROUP BY key
        )
        SELECT category, any_value(name) AS agent, count(*) AS found, any_value(total.calls)
        FROM call_category
        JOIN known ON known.id = recording_id
        JOIN total ON total.key = known.key
        GROUP BY category, known.key
        ORDER BY category, found DESC, agent
        """,
    )
    return int(calls), tuple(CategoryCount(*row) for row in found)
