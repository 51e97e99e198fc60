"""Queries in, polars frames out."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl

from callmood.errors import CallmoodError
from callmood.signals import deferred
from callmood.store import Connection


@cache
def read_sql(name: str) -> str:
    """The text of ``sql/NAME.sql``, such as "reports/calls"."""
    folder, _, file = name.partition("/")
    return files("callmood.sql").joinpath(folder, f"{file}.sql").read_text(encoding="utf-8")


def query(
    con: Connection, sql: str, parameters: Mapping[str, Any], *, is_large: bool = False
) -> pl.DataFrame:
    """``frame_of``, or ``large_frame``, with those of ``parameters`` that the query names."""
    named = set(re.findall(r"\$([a-z_]+)", sql))
    asked = {name: value for name, value in parameters.items() if name in named}
    return (large_frame if is_large else frame_of)(con, sql, asked)


def frame_of(con: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """The result of a query. Raises CallmoodError for a result that polars can't hold."""
    with deferred():
        result = con.execute(sql, dict(parameters or {}))
        if result is None:
            raise CallmoodError("The query is empty.")
        columns, found = result.description or [], result.fetchall()
    schema = {column[0]: _dtype(str(column[1])) for column in columns}
    if len(schema) < len(columns):
        raise CallmoodError("The query gives two columns the same name. Rename one with AS.")
    try:
        frame = pl.DataFrame(found, schema=schema, orient="row", infer_schema_length=None, strict=False)
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise CallmoodError(
            f"The result does not fit into a frame ({error}). Cast its columns in the query."
        ) from None
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def large_frame(con: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """``frame_of`` for a query with plain columns and up to millions of rows, each of which is no object of Python."""
    try:
        with deferred():
            found = con.sql(sql, params=dict(parameters or {}))
            kinds = {name: _dtype(str(kind)) for name, kind in zip(found.columns, found.types, strict=True)}
            frame = pl.DataFrame(found)
    except ImportError:  # an older DuckDB needs pyarrow for it
        return frame_of(con, sql, parameters)
    return frame.cast({name: kind for name, kind in kinds.items() if kind is not None})


_INTEGERS: Final = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "HUGEINT",
}


def _dtype(kind: str) -> Any:
    """The polars type of DuckDB's; None where the data tell which.

    HUGEINT is what sums of integers have. An older DuckDB says only "number" or "list" for some.
    """
    kind = kind.upper()
    if kind.startswith("MAP"):
        return pl.Object
    if kind in ("VARCHAR[]", "LIST"):
        return pl.List(pl.String)
    if kind in ("VARCHAR", "STRING", "UUID") or kind.startswith("ENUM"):
        return pl.String
    if kind in _INTEGERS:
        return pl.Int64
    if kind in ("DOUBLE", "FLOAT"):
        return pl.Float64
    if kind in ("TIMESTAMP", "DATETIME"):
        return pl.Datetime("us")
    return pl.Boolean if kind in ("BOOLEAN", "BOOL") else None
