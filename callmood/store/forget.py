"""A database file written anew: without what was deleted for good, or encrypted."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

import duckdb

from callmood.errors import BusyError, CallmoodError, UsageError
from callmood.store.columns import valid_unicode
from callmood.store.connection import NO_EXTENSIONS, Connection, explained, open_plain, rows, writing
from callmood.store.encryption import STORAGE, attach_options, database_key, load_openssl
from callmood.store.files import (
    cannot_write,
    is_encrypted,
    may_exist,
    new_file,
    private,
    remove_parts,
    spill_folder,
)
from callmood.store.quoting import file_literal, identifier, literal
from callmood.store.read import IS_NAMED, several
from callmood.store.write import OF_THE_ARCHIVED, RECORDING_IDS


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The rows that a copy of a database lacks."""

    ids: Collection[str] = ()
    """Of recordings."""
    tables: Mapping[str, str] = field(default_factory=dict)
    """Those that they are left out of, with the column of the id."""
    paths: Collection[str] = ()
    """Of files that are left out besides those of the recordings, where ``file_hash`` is one of the tables."""


NOTHING: Final = LeftOut()


def find_recordings(con: Connection, name: str, path: Path) -> list[str]:
    """The ids of the recordings with the path ``name`` or ``path``, or of the one that ``name`` names.

    ``name`` is a call id, a file name with or without extension, or the start of a recording id. Unlike for a report,
    a recording that could not be scanned is one too. Raises CallmoodError if there is none, or several.
    """
    found = rows(
        con,
        f"""
        SELECT id, file_name(path), path,
            path IN ($name, $path) OR coalesce(other_path IN ($name, $path), false) AS exact
        FROM recording
        WHERE exact OR {IS_NAMED}
        ORDER BY path, id
        """,
        {"name": valid_unicode(name), "path": valid_unicode(str(path))},
    )
    exact = [recording_id for recording_id, _, _, is_exact in found if is_exact]
    if exact:
        return exact
    if not found:
        raise CallmoodError(
            f'No recording "{name}" is stored. Give a call id, a path, a file name, or the start of a recording id.'
        )
    if len(found) > 1:
        raise several(name, [(recording_id, file, where) for recording_id, file, where, _ in found])
    ((recording_id, *_),) = found
    return [recording_id]


def recordings_before(con: Connection, moment: datetime) -> tuple[list[str], int]:
    """The ids of the recordings of calls that started before ``moment``, and how many have no known start."""
    found = rows(con, "SELECT id FROM recording WHERE started_at < $moment ORDER BY path", {"moment": moment})
    ((undated,),) = rows(con, "SELECT count(*) FROM recording WHERE started_at IS NULL")
    return [recording_id for (recording_id,) in found], int(undated)


def recordings_older(con: Connection, moment: datetime) -> list[str]:
    """The ids of the recordings of calls that started before ``moment``, or were scanned before it and have no known
    start."""
    found = rows(
        con,
        """
        SELECT recording.id FROM recording LEFT JOIN scan ON scan.id = coalesce(transcribed_in, scan_id)
        WHERE coalesce(recording.started_at, scan.started_at, stored_at) < $moment ORDER BY path
        """,
        {"moment": moment},
    )
    return [recording_id for (recording_id,) in found]


def newest_call(con: Connection, until: datetime) -> datetime | None:
    """The start of the newest call that began before ``until``; if no start is known, when the last one was scanned.

    None if there are no calls. Both as the clock of who recorded or scanned it said.
    """
    ((started_at, scanned_at),) = rows(
        con,
        """
        SELECT max(recording.started_at) FILTER (recording.started_at < $until),
            max(coalesce(scan.started_at, stored_at))
        FROM recording LEFT JOIN scan ON scan.id = coalesce(transcribed_in, scan_id)
        """,
        {"until": until},
    )
    found: datetime | None = started_at or scanned_at
    return found


def forgotten(con: Connection) -> set[str]:
    """The ids of the recordings that were forgotten."""
    return {content for (content,) in rows(con, "SELECT content FROM forgotten")}


def forget_recordings(path: Path, ids: Collection[str], files: Collection[Path] = ()) -> None:
    """Delete recordings with everything derived from them, and keep their ids, so that no scan takes them for new.

    ``files``: those of recordings among them that are in an archive, of which the database knows no path.
    Raises as ``written_anew``.
    """
    paths = [valid_unicode(str(file)) for file in files]
    with written_anew(path, LeftOut(ids, {**RECORDING_IDS, OF_THE_ARCHIVED: "recording_id"}, paths)) as con:
        con.execute(
            """
            INSERT OR REPLACE INTO new.main.forgotten
            SELECT unnest($ids::VARCHAR[]), now()::TIMESTAMPTZ AT TIME ZONE 'UTC'
            """,
            {"ids": list(ids)},
        )


@contextmanager
def written_anew(
    path: Path, left_out: LeftOut = NOTHING, *, folders: Sequence[Path] = ()
) -> Iterator[Connection]:
    """A copy of the database without ``left_out``, as ``new`` in a transaction of the connection; ``old`` is the
    database as it was, which nobody can write to meanwhile.

    It takes the place of the old file once it is whole, because DuckDB leaves deleted rows in the unused parts of a
    file. No scan may run meanwhile (``one_scan``). The connection may also read and write in ``folders``. Raises
    CallmoodError, and changes nothing, if that fails.
    """
    with writing(path, must_exist=True):
        pass  # migrated, and all of it in the file itself
    key = database_key()
    with _written_anew(path, key, key, left_out, folders) as con:
        yield con


def encrypt(path: Path) -> None:
    """Write a database anew that is encrypted with the key of the environment, in place of one that is not.

    No scan may run meanwhile (``one_scan``). Raises UsageError without a key, and CallmoodError, and changes nothing,
    if the database is encrypted already or that fails.
    """
    key = database_key()
    if key is None:
        raise UsageError(
            "There is no key to encrypt with. Put a long random one into a file for yourself only, and name that in "
            "CALLMOOD_DB_KEY_FILE."
        )
    if may_exist(path) and is_encrypted(path):
        raise CallmoodError(f"{path} is encrypted already. Choose another file with --db.")
    with open_plain(path):
        pass  # all of it in the file itself
    with _written_anew(path, None, key):
        pass


@contextmanager
def _written_anew(
    path: Path,
    old_key: str | None,
    new_key: str | None,
    left_out: LeftOut = NOTHING,
    folders: Sequence[Path] = (),
) -> Iterator[Connection]:
    try:
        remove_parts(path)
        with (
            private(path),
            _reading_from(path, old_key, new_key) as con,
            new_file(path) as part,
            explained(path),
        ):
            reached = [f"{folder.absolute()}{os.sep}" for folder in (part.parent, *folders)]
            con.execute("SET allowed_directories = $folders", {"folders": reached})
            con.execute("SET enable_external_access = false")
            storage = STORAGE if new_key and not old_key else _storage_version(con)
            of_storage = [f"STORAGE_VERSION {literal(storage)}"] if storage else []
            con.execute(f"ATTACH {file_literal(part)} AS new{attach_options(new_key, *of_storage)}")
            _copy_without(con, left_out)
            yield con
            con.commit()
            con.execute("CHECKPOINT new")
            con.execute("DETACH new")
            if os.name == "nt":  # which replaces no open file
                con.execute("DETACH old")
    except OSError as error:
        raise cannot_write(path, error) from None


@contextmanager
def _reading_from(path: Path, key: str | None, new_key: str | None) -> Iterator[Connection]:
    """A connection of its own that knows the database as ``old``, read only. Nobody can write to it meanwhile."""
    with duckdb.connect(config={**NO_EXTENSIONS, "temp_directory": spill_folder()}) as con, explained(path):
        if key is not None or new_key is not None:
            load_openssl(con)
        con.execute(f"ATTACH {file_literal(path)} AS old{attach_options(key, 'READ_ONLY')}")
        if may_exist(path.with_name(f"{path.name}.wal")):
            raise BusyError(f"{path} was written to in this moment. Run the command again.")
        yield con


def _copy_without(con: Connection, left_out: LeftOut) -> None:
    """Begins a transaction in which ``new`` holds what ``old`` holds, without what is ``left_out``."""
    con.execute("COPY FROM DATABASE old TO new (SCHEMA)")
    tables = _tables(con)
    con.begin()
    gone: dict[str, Any] = {"ids": list(left_out.ids), "paths": list(left_out.paths)}
    files = """path IN (
        SELECT unnest(list_filter([path, other_path], lambda file: file IS NOT NULL))
        FROM old.recording WHERE id IN (SELECT unnest($ids::VARCHAR[]))
        UNION ALL SELECT unnest($paths::VARCHAR[])
    )"""
    for schema, table, columns in tables:
        name = f"{identifier(schema)}.{identifier(table)}"
        listed = ", ".join(map(identifier, columns))
        query = f"INSERT INTO new.{name} ({listed}) SELECT {listed} FROM old.{name}"
        if schema != "main" or not left_out.ids:
            con.execute(query)
        elif "file_hash" in left_out.tables and table in ("file_hash", "unreadable"):
            of_ids = "content IN (SELECT unnest($ids::VARCHAR[])) OR " if table == "file_hash" else ""
            con.execute(f"{query} WHERE NOT ({of_ids}{files})", gone)
        elif table in left_out.tables:
            column = left_out.tables[table]
            con.execute(
                f"{query} WHERE {column} NOT IN (SELECT unnest($ids::VARCHAR[]))", {"ids": gone["ids"]}
            )
        else:
            con.execute(query)


def _tables(con: Connection) -> list[tuple[str, str, list[str]]]:
    """Schema, name and stored columns of the tables of ``old``, those that others refer to before these."""
    tables = [
        (schema, table, _stored(con, schema, table, columns) if "GENERATED ALWAYS" in sql else columns)
        for schema, table, columns, sql in rows(
            con,
            """
            SELECT schema_name, table_name, list(column_name ORDER BY column_index), sql
            FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
            WHERE database_name = 'old' GROUP BY ALL ORDER BY ALL
            """,
        )
    ]
    needs: dict[str, set[str]] = {}
    for table, other in rows(
        con,
        "SELECT table_name, referenced_table FROM duckdb_constraints() "
        "WHERE database_name = 'old' AND constraint_type = 'FOREIGN KEY'",
    ):
        if table != other:
            needs.setdefault(table, set()).add(other)
    order = {name: place for place, name in enumerate(TopologicalSorter(needs).static_order())}
    return sorted(tables, key=lambda table: order.get(table[1], -1))


def _stored(con: Connection, schema: str, table: str, columns: Sequence[str]) -> list[str]:
    """Those columns that can be written; before version 2 DuckDB does not say which are generated."""
    name = f"new.{identifier(schema)}.{identifier(table)}"
    found = []
    for column in columns:
        with suppress(duckdb.BinderException):
            rows(
                con,
                f"EXPLAIN INSERT INTO {name} ({identifier(column)}) SELECT {identifier(column)} FROM {name}",
            )
            found.append(column)
    return found


def _storage_version(con: Connection) -> str | None:
    """The version of a new database that clients can open which can open ``old``."""
    ((tags,),) = rows(con, "SELECT tags FROM duckdb_databases() WHERE database_name = 'old'")
    version = re.match(r"v[\d.]+", tags.get("storage_version", ""))
    return version[0] if version else None
