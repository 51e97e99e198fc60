"""What reports read of each call, worked out from the other tables by the macros of ``sql/migrations``.

Whatever writes to a call fills them anew in the same transaction, so that they always say what the macros say.
"""

from collections.abc import Collection
from typing import Final

import duckdb

from callmood.store.numbers import GIVEN, Numbers, delete_rows_of, given, numbers_of

FIGURES: Final = ("call_span", "call_talk", "call_mood", "call_upset", "call_moment", "call_category")
"""The tables, in an order in which each needs only those before it. ``NAME_of`` is the macro that defines one."""
REVIEWED: Final = "call_reviewed"
"""The table of what the model says of segments that people reviewed."""
JOINED: Final = "call_figures"
"""The table in which ``FIGURES`` are joined, with the facts of the calls; ``refresh`` it when those change."""
DERIVED: Final = (*FIGURES, REVIEWED, JOINED)
"""All of these, each after what it needs. Archives hold ``FIGURES`` only."""

_AT_ONCE: Final = 10_000
"""Calls whose figures are worked out together: 200,000 segments fit into memory anywhere."""


def fill_figures(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> None:
    """Work out the figures of these calls, in the transaction that has begun."""
    calls = numbers_of(con, ids)
    for table in DERIVED:
        _fill(con, table, calls)


def add_figures(con: duckdb.DuckDBPyConnection, calls: Numbers) -> None:
    """``fill_figures`` for calls that have just been written: they have none so far, and no categories."""
    for table in DERIVED:
        if table != "call_category" and (table != REVIEWED or _have_reviews(con, calls)):
            _insert(con, table, calls)


def _have_reviews(con: duckdb.DuckDBPyConnection, calls: Numbers) -> bool:
    """Whether people reviewed some of these calls, before they were scanned again."""
    found = con.execute(
        "SELECT 1 FROM review WHERE recording_id IN (SELECT unnest($ids::VARCHAR[])) LIMIT 1",
        {"ids": list(calls)},
    )
    return found.fetchone() is not None


def refresh(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> None:
    """Join the figures of these calls anew, in the transaction that has begun."""
    fill_figure(con, JOINED, ids)


def fill_figure(con: duckdb.DuckDBPyConnection, table: str, ids: Collection[str]) -> None:
    """``fill_figures`` for one of the tables."""
    _fill(con, table, numbers_of(con, ids))


def lacks_figures(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether no call has figures: a migration that defines them anew leaves ``JOINED`` empty."""
    return con.execute(f"SELECT 1 FROM {JOINED} LIMIT 1").fetchone() is None


def fill_all_figures(con: duckdb.DuckDBPyConnection) -> int:
    """Work out the figures of all calls, in the transaction that has begun; returns the number of calls."""
    for table in DERIVED:
        con.execute(f"DELETE FROM {table}")
    # in the order of the rows, so that the blocks of each part are read once
    calls = con.execute(
        "SELECT id, call_number FROM recording WHERE state = 'done' ORDER BY call_number, rowid"
    ).fetchall()
    for start in range(0, len(calls), _AT_ONCE):
        for table in DERIVED:
            _insert(con, table, dict(calls[start : start + _AT_ONCE]))
    return len(calls)


def _fill(con: duckdb.DuckDBPyConnection, table: str, calls: Numbers) -> None:
    delete_rows_of(con, table, calls)
    _insert(con, table, calls)


def _insert(con: duckdb.DuckDBPyConnection, table: str, calls: Numbers) -> None:
    con.execute(
        f"""
        INSERT INTO {table} BY NAME
        WITH {GIVEN}
        SELECT made.*, call_number FROM {table}_of('given') AS made JOIN given USING (recording_id)
        """,
        given(calls),
    )
