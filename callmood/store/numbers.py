"""The number of each call, which grows in the order of storing and stands beside its id in all its rows.

Where a query says which numbers it is about, DuckDB reads only the blocks that hold them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

import duckdb

Numbers: TypeAlias = Mapping[str, int]
"""The numbers of calls, by the ids of their recordings."""

GIVEN: Final = """given AS MATERIALIZED (
    SELECT unnest($ids::VARCHAR[]) AS recording_id, unnest($numbers::INTEGER[]) AS call_number
)"""
"""Calls as a subquery of this name, of the parameters ``given``, for the macros of ``sql/migrations``."""


def given(calls: Numbers) -> dict[str, Any]:
    """The parameters of ``GIVEN``."""
    return {"ids": list(calls), "numbers": list(calls.values())}


def numbers_of(con: duckdb.DuckDBPyConnection, ids: Collection[str]) -> Numbers:
    """The calls of these recordings, of those that are stored."""
    found = con.execute("FROM calls_of($ids::VARCHAR[])", {"ids": list(ids)}).fetchall()
    return dict(found)


def new_numbers(con: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> Numbers:
    """Numbers for calls that are about to be stored."""
    ((newest,),) = con.execute("SELECT coalesce(max(call_number), 0) FROM recording").fetchall()
    return {one: number for number, one in enumerate(ids, start=newest + 1)}


def delete_rows_of(con: duckdb.DuckDBPyConnection, table: str, calls: Numbers) -> None:
    """Delete the rows of calls from a table that has their numbers."""
    con.execute(
        f"""
        DELETE FROM {table}
        WHERE call_number IN (SELECT unnest($numbers::INTEGER[])) AND recording_id IN (SELECT unnest($ids::VARCHAR[]))
        """,
        given(calls),
    )
