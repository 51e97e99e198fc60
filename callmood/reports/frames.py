"""Queries in, polars frames out."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from callmood.store import Connection


@cache
def read_sql(name: str) -> str:
    """The text of ``sql/NAME.sql``, such as "reports/calls"."""
    folder, _, file = name.partition("/")
    return files("callmood.sql").joinpath(folder, f"{file}.sql").read_text(encoding="utf-8")


def query(con: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """The result of a query, with those of ``parameters`` that it names ($name)."""
    wanted = set(re.findall(r"\$([a-z_]+)", sql))
    given = {name: value for name, value in (parameters or {}).items() if name in wanted}
    result = con.execute(sql, given)
    schema = {column[0]: _dtype(str(column[1])) for column in result.description or []}
    frame = pl.DataFrame(
        result.fetchall(), schema=schema, orient="row", infer_schema_length=None, strict=False
    )
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _dtype(kind: str) -> Any:
    """The polars type for DuckDB's. None: infer it from the data, as an older DuckDB says only "number"."""
    kind = kind.upper()
    if kind.startswith("MAP"):
        return pl.Object
    if "[]" in kind or kind == "LIST":
        return pl.List(pl.String) if "CHAR" in kind or kind == "LIST" else None
    if "CHAR" in kind or "STRING" in kind:
        return pl.String
    if "INT" in kind:
        return pl.Int64
    if kind in ("DOUBLE", "FLOAT"):
        return pl.Float64
    if kind.startswith(("TIMESTAMP", "DATETIME")):
        return pl.Datetime("us")
    return pl.Boolean if kind.startswith("BOOL") else None
