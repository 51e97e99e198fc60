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


def query(con: Connection, sql: str, parameters: Mapping[str, Any]) -> pl.DataFrame:
    """``frame_of`` with those of ``parameters`` that the query names."""
    named = set(re.findall(r"\$([a-z_]+)", sql))
    return frame_of(con, sql, {name: value for name, value in parameters.items() if name in named})


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
