"""Deleting recordings for good: which ones, and a database file in which nothing is left of them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from callmood.errors import CallmoodError
from callmood.store.columns import valid_unicode
from callmood.store.connection import Connection, open_db, rows
from callmood.store.write import RECORDING_IDS


def find_recordings(con: Connection, name: str, path: Path) -> list[str]:
    """The ids of the recordings with the path ``name`` or ``path``, or of the one that ``name`` names.

    ``name`` is a call id, a file name with or without extension, or the start of a recording id. Unlike for a report,
    a recording that could not be scanned is one too. Raises CallmoodError if there is none, or several.
    """
    found = rows(
        con,
        """
        SELECT id, file_name(path), path IN ($name, $path) AS exact
        FROM recording
        WHERE exact
            OR call_id = $name
            OR file_name(path) = $name
            OR regexp_replace(file_name(path), '\\.[^.]*$', '') = $name
            OR (length($name) >= 4 AND starts_with(id, lower($name)))
        ORDER BY path, id
        """,
        {"name": valid_unicode(name), "path": valid_unicode(str(path))},
    )
    exact = [recording_id for recording_id, _, is_exact in found if is_exact]
    if exact:
        return exact
    if not found:
        raise CallmoodError(
            f'No recording "{name}" is stored. Give a call id, a path, a file name, or the start of a recording id.'
        )
    if len(found) > 1:
        listed = ", ".join(f"{recording_id[:12]} ({file})" for recording_id, file, _ in found[:5])
        raise CallmoodError(
            f'"{name}" matches {len(found)} recordings. Give the recording id or the whole path of one: {listed}.'
        )
    return [found[0][0]]


def recordings_before(con: Connection, moment: datetime) -> tuple[list[str], int]:
    """The ids of the recordings of calls that started before ``moment``, and how many have no known start."""
    found = rows(con, "SELECT id FROM recording WHERE started_at < $moment ORDER BY path", {"moment": moment})
    ((undated,),) = rows(con, "SELECT count(*) FROM recording WHERE started_at IS NULL")
    return [recording_id for (recording_id,) in found], int(undated)


def forgotten(con: Connection) -> set[str]:
    """The ids of the recordings that were forgotten."""
    return {content for (content,) in rows(con, "SELECT content FROM forgotten")}


def forget_recordings(path: Path, ids: Collection[str]) -> None:
    """Delete recordings with everything derived from them, and keep their ids, so that no scan takes them for new.

    The file is written anew without them and takes the place of the old one once it is whole, because DuckDB leaves
    deleted rows in the unused parts of a file. Raises CallmoodError, and changes nothing, if that fails.
    """
    open_db(path, must_exist=True).close()  # migrated, and all of it in the file itself
    path = path.resolve()
    part = path.with_name(f".{path.name}.part")
    try:
        with _both(path, part) as con:
            _copy_without(con, list(ids))
            if os.name != "nt":  # under the lock, so that no scan can begin to write the old file
                part.replace(path)
        if os.name == "nt":
            part.replace(path)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CallmoodError(
            f"{path} can't be written anew without the forgotten calls, and stays as it was ({reason})."
        ) from None
    finally:
        _remove(part)


@contextmanager
def _both(path: Path, part: Path) -> Iterator[Connection]:
    """A connection to the database at ``path``, read only, as ``old`` and to an empty one at ``part`` as ``new``."""
    _remove(part)
    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    with duckdb.connect(config={**settings, "temp_directory": f"{part}.tmp"}) as con:
        con.execute(f"ATTACH {_quoted(path)} AS old (READ_ONLY)")
        if path.with_name(f"{path.name}.wal").exists():
            raise CallmoodError(f"{path} was written to in this moment. Run the command again.")
        ((tags,),) = rows(con, "SELECT tags FROM duckdb_databases() WHERE database_name = 'old'")
        version = re.match(r"v[\d.]+", tags.get("storage_version", ""))
        con.execute(
            f"ATTACH {_quoted(part)} AS new" + (f" (STORAGE_VERSION '{version[0]}')" if version else "")
        )
        part.chmod(stat.S_IMODE(path.stat().st_mode))
        yield con


def _copy_without(con: Connection, ids: list[str]) -> None:
    con.execute("COPY FROM DATABASE old TO new (SCHEMA)")
    con.begin()
    gone: dict[str, Any] = {"ids": ids}
    paths = "path IN (SELECT path FROM old.recording WHERE id IN (SELECT unnest($ids::VARCHAR[])))"
    for schema, table in rows(
        con, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'old' ORDER BY ALL"
    ):
        name = f'"{schema}"."{table}"'
        left_out = "false"
        if schema == "main" and table in RECORDING_IDS:
            left_out = f"{RECORDING_IDS[table]} IN (SELECT unnest($ids::VARCHAR[]))"
        elif (schema, table) == ("main", "unreadable"):
            left_out = paths
        con.execute(
            f"INSERT INTO new.{name} SELECT * FROM old.{name} WHERE NOT ({left_out})",
            gone if "$ids" in left_out else {},
        )
    con.execute(
        """
        INSERT OR REPLACE INTO new.main.forgotten
        SELECT unnest($ids::VARCHAR[]), now()::TIMESTAMPTZ AT TIME ZONE 'UTC'
        """,
        gone,
    )
    con.commit()
    con.execute("CHECKPOINT new")
    con.execute("DETACH new")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _remove(part: Path) -> None:
    for path in (part, part.with_name(f"{part.name}.wal")):
        with suppress(OSError):
            path.unlink(missing_ok=True)
