"""Several databases and archives, read as one: the schema in memory, with views in place of its tables.

A recording that several of them hold counts once, as the first of them has it, and databases come before archives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import duckdb

from callmood.errors import CallmoodError
from callmood.settings import load_settings
from callmood.store.archive import SCAN, TABLES, Archive, read_archive, relation
from callmood.store.connection import (
    READ_WAIT_S,
    Connection,
    attach,
    explained,
    in_memory,
    open_db,
    put_schema,
    rows,
)
from callmood.store.figures import JOINED, REVIEWED
from callmood.store.files import is_archive
from callmood.store.quoting import identifier

Db: TypeAlias = str | Path | Sequence[str | Path] | None
"""A database or an archive, several of them, or None for the database in the settings."""

_NUMBER: Final = "call_number"
"""The column that is 0 here: each database counts its calls for itself, and archives do not."""
_OF_A_SCAN: Final = (("recording", "scan_id"), ("recording", "transcribed_in"), (SCAN, "id"))
_SCANS: Final = 10_000_000
"""More than the scans of a database: those of the next source are counted from there."""

_Columns: TypeAlias = Mapping[str, str]
"""The columns of a table with their types."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where rows of a table are."""

    relation: str
    """In SQL."""
    columns: frozenset[str]


_Source: TypeAlias = Mapping[str, Sequence[_Rows]]
"""Where the rows of each table are."""


def sources(db: Db) -> tuple[Path, ...]:
    """The paths of what is to be read."""
    given: list[str | Path | None] = (
        [db] if db is None or isinstance(db, str | Path) else [*dict.fromkeys(db)]
    )
    return tuple(load_settings({"db": one}).db for one in given or [None])


def databases(paths: Sequence[Path]) -> list[Path]:
    """Those of the sources that can be written to."""
    return [path for path in paths if not is_archive(path)]


def label(paths: Sequence[Path]) -> Path:
    """What the sources are called in errors."""
    return paths[0] if len(paths) == 1 else Path(" and ".join(map(str, paths)))


def open_sources(paths: Sequence[Path], *, wait_s: float = READ_WAIT_S) -> Connection:
    """Connect to databases and archives, to read them as one.

    The connection writes to none of the databases, and reaches no other files than those. Raises CallmoodError as
    ``open_db`` and ``read_archive``.
    """
    if len(paths) == 1 and not is_archive(paths[0]):
        return open_db(paths[0], read_only=True, wait_s=wait_s)
    archives = [read_archive(path) for path in paths if is_archive(path)]
    con = in_memory()
    try:
        with explained(label(paths)):
            names = [f"source_{number}" for number in range(len(databases(paths)))]
            for name, path in zip(names, databases(paths), strict=True):
                attach(con, path, name, wait_s)
            put_schema(con, names[0] if names else None)
            schema = _schema(con)
            found = [_of_database(name, schema) for name in names]
            found += [_of_archive(con, archive) for archive in archives]
            _put_views(con, schema, found)
            con.execute("SET allowed_paths = $files", {"files": _files(archives)})
            con.execute("SET enable_external_access = false")
            con.execute("SET lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con


@contextmanager
def reading_sources(paths: Sequence[Path], *, wait_s: float = READ_WAIT_S) -> Iterator[Connection]:
    """A connection to read with. Raises CallmoodError as ``open_sources``, and if a file turns out to be damaged."""
    with open_sources(paths, wait_s=wait_s) as con, explained(label(paths), con), explained_archives(paths):
        yield con


@contextmanager
def explained_archives(paths: Sequence[Path]) -> Iterator[None]:
    """Raises what DuckDB raises of archives inside as CallmoodError; with databases alone, everything as it is."""
    try:
        yield
    except duckdb.Error as error:
        if not any(map(is_archive, paths)) or isinstance(error, duckdb.InterruptException):
            raise
        for path in paths:
            if is_archive(path):
                read_archive(path)  # which says it if a file is missing
        why = str(error).splitlines()[0]
        raise CallmoodError(f"{label(paths)} can't answer: {why}") from None


def _files(archives: Sequence[Archive]) -> list[str]:
    return [str(file) for archive in archives for table in (*TABLES, SCAN) for file in archive.files(table)]


def _schema(con: Connection) -> dict[str, _Columns]:
    found = rows(
        con,
        """
        SELECT table_name, list(column_name ORDER BY column_index), list(data_type ORDER BY column_index)
        FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
        WHERE database_name = 'memory' AND NOT duckdb_tables.internal GROUP BY ALL ORDER BY ALL
        """,
    )
    return {table: dict(zip(names, kinds, strict=True)) for table, names, kinds in found}


def _of_database(name: str, schema: Mapping[str, _Columns]) -> _Source:
    return {table: [_Rows(f"{name}.main.{table}", frozenset(columns))] for table, columns in schema.items()}


def _of_archive(con: Connection, archive: Archive) -> _Source:
    """Parts of one version have the same columns."""
    found: dict[str, list[_Rows]] = {}
    for version in sorted({part.version for part in archive.parts}):
        parts = [part for part in archive.parts if part.version == version]
        for table in (*TABLES, SCAN):
            if files := archive.files(table, parts):
                columns = rows(con, f"DESCRIBE SELECT * FROM {relation(files[:1])}")
                found.setdefault(table, []).append(
                    _Rows(relation(files), frozenset(name for name, *_ in columns))
                )
    if SCAN in found:  # each part names its own, which may be the same
        found[SCAN] = [
            replace(one, relation=f"(SELECT DISTINCT ON (id) * FROM {one.relation})") for one in found[SCAN]
        ]
    return found


def _put_views(con: Connection, schema: Mapping[str, _Columns], found: Sequence[_Source]) -> None:
    """Replace the tables by views of the same names, in which all sources have their rows."""
    con.execute("CREATE SCHEMA earlier")
    has_earlier = [_has_earlier(con, found, number) for number in range(len(found))]
    for table, columns in schema.items():
        selects = [
            _select(table, columns, where, number, has_earlier[number])
            for number, source in enumerate(found)
            for where in source.get(table, ())
        ]
        nothing = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in columns.items())
        union = " UNION ALL ".join(selects or [f"SELECT {nothing} WHERE false"])
        con.execute(f"DROP TABLE {table}")
        if table not in (REVIEWED, JOINED):
            con.execute(f"CREATE VIEW {table} AS SELECT * FROM ({union})")
    for table in (REVIEWED, JOINED):
        con.execute(
            f"""
            CREATE VIEW {table} AS
            WITH every_call AS (SELECT id AS recording_id, {_NUMBER} FROM recording)
            SELECT *, 0 AS {_NUMBER}, recording_id AS rowid FROM {table}_of('every_call')
            """
        )


def _has_earlier(con: Connection, found: Sequence[_Source], number: int) -> bool:
    """Whether recordings of a source are in one before it too; their ids are put into a table."""
    own = _ids(found[number])
    others = [query for source in found[:number] for query in _ids(source)]
    if not own or not others:
        return False
    table = f"earlier.source_{number}"
    con.execute(
        f"CREATE TABLE {table} AS ({' UNION ALL '.join(own)}) INTERSECT ({' UNION ALL '.join(others)})"
    )
    return bool(rows(con, f"SELECT 1 FROM {table} LIMIT 1"))


def _ids(source: _Source) -> list[str]:
    return [f"SELECT id FROM {one.relation}" for one in source.get("recording", ())]


def _select(table: str, columns: _Columns, where: _Rows, number: int, has_earlier: bool) -> str:
    """The rows of a source, with all columns of this version: those that an older one did not know are NULL."""
    chosen = []
    for name, kind in columns.items():
        value = identifier(name) if name in where.columns else "NULL"
        if name == _NUMBER:
            value = "0"
        if (table, name) in _OF_A_SCAN and value != "NULL":
            value = f"({value} + {number * _SCANS})"
        chosen.append(f"{value}::{kind} AS {identifier(name)}")
    query = f"SELECT {', '.join(chosen)} FROM {where.relation}"
    if has_earlier and table in TABLES:
        query += f" WHERE {TABLES[table]} NOT IN (SELECT id FROM earlier.source_{number})"
    return query
