"""The DuckDB file: open it, migrate its schema, and explain why it can't be opened.

The schema is a list of SQL files, ``sql/migrations/001_calls.sql`` and on; the table ``migration`` lists
the ones that were applied. Each is one transaction, so that a killed program leaves a database of a known version.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import duckdb

from callmood.errors import CallmoodError

Connection: TypeAlias = duckdb.DuckDBPyConnection


class Migration(NamedTuple):
    version: int
    name: str
    sql: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations of this version of callmood, in order. The newest one ends with all comments."""
    folder = files("callmood.sql")
    *older, newest = (
        Migration(int(item.name.split("_")[0]), item.name, item.read_text(encoding="utf-8"))
        for item in sorted(folder.joinpath("migrations").iterdir(), key=lambda item: item.name)
        if item.name.endswith(".sql")
    )
    comments = folder.joinpath("comments.sql").read_text(encoding="utf-8")
    return *older, newest._replace(sql=newest.sql + comments)


def open_db(path: str | Path, read_only: bool = False, *, must_exist: bool = False) -> Connection:
    """Connect to a callmood database; an old one is migrated, and a missing one is created unless it ``must_exist``.

    With ``read_only`` the file must exist, and other readers may have it open too. DuckDB lets one
    process write or many read, never both. Close the connection, or use it in a ``with``.

    Raises CallmoodError if it can't be opened.
    """
    path = Path(path)
    if (read_only or must_exist) and not may_exist(path):
        raise CallmoodError(
            f"There is no database at {path}. Scan some calls first, or choose another file with --db."
        )
    if read_only:
        _refuse_empty_file(path)
        con = _connect(path, read_only=True)
        if _is_current(con, path):
            return con
        # a reader can't migrate: do it as a writer, then read
        con.close()
        open_db(path).close()
        return _connect(path, read_only=True)
    if not may_exist(path.parent):
        raise CallmoodError(
            f"There is no folder {path.parent} for the database {path.name}. Create it first."
        )
    _refuse_empty_file(path)
    con = _connect(path, read_only=False)
    try:
        _migrate(con, path)
    except BaseException:
        con.close()
        raise
    return con


@contextmanager
def transaction(con: Connection) -> Iterator[None]:
    """Commits what is written inside, or rolls all of it back on an error."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def rows(con: Connection, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a query, because from DuckDB 2 on a result that is not fetched completely blocks the connection."""
    result: list[tuple[Any, ...]] = con.execute(sql, parameters or {}).fetchall()
    return result


def _connect(path: Path, read_only: bool) -> Connection:
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise CallmoodError(_explain(path, str(error))) from None


def _explain(path: Path, message: str) -> str:
    """DuckDB's message in plain words, with what to do."""
    if "lock" in message or "being used by another process" in message:
        holder = re.search(r"PID (\d+)", message)
        who = f"process {holder[1]}" if holder else "another process"
        return f"{path} is in use by {who}, most likely a scan. Try again when it has finished."
    if "different configuration" in message:
        return f"{path} is already open in this program for another purpose. Close it first."
    if "version number" in message or "newer version" in message or "serialization" in message.lower():
        return f"{path} was written by a newer DuckDB. Run: pip install --upgrade duckdb"
    if "not a valid DuckDB database" in message or "Is a directory" in message:
        return f"{path} is not a callmood database. Choose another file with --db."
    if "ermission denied" in message or "Read-only file system" in message:
        return f"No permission to open {path}. Change its permissions, or choose another file with --db."
    first_line = message.splitlines()[0] if message else "no reason given"
    return f"{path} can't be opened as a database ({first_line}). Choose another file with --db."


def may_exist(path: Path) -> bool:
    """Whether ``path`` exists. True also if that can't be checked, so that DuckDB reports why."""
    try:
        return path.exists()
    except OSError:
        return True


def _refuse_empty_file(path: Path) -> None:
    """DuckDB's own message on an empty file is misleading, and differs by version."""
    try:
        empty = path.is_file() and path.stat().st_size == 0
    except OSError:
        return
    if empty:
        raise CallmoodError(
            f"{path} is an empty file, not a database. Remove it, or choose another file with --db."
        )


def _tables(con: Connection) -> set[str]:
    return {name for (name,) in rows(con, "SELECT table_name FROM information_schema.tables")}


def _version(con: Connection, path: Path) -> int:
    """The newest applied migration; 0 for a database without tables."""
    tables = _tables(con)
    if "migration" not in tables:
        if tables:
            raise CallmoodError(f"{path} is the database of another program. Choose another file with --db.")
        return 0
    ((version,),) = rows(con, "SELECT coalesce(max(version), 0) FROM migration")
    return int(version)


def _is_current(con: Connection, path: Path) -> bool:
    try:
        version = _version(con, path)
        _refuse_newer(version, path)
    except BaseException:
        con.close()
        raise
    return version == migrations()[-1].version


def _refuse_newer(version: int, path: Path) -> None:
    newest = migrations()[-1].version
    if version > newest:
        raise CallmoodError(
            f"{path} was written by a newer callmood (schema {version}; this version supports up to {newest}). "
            "Upgrade callmood, or choose another file with --db."
        )


def _migrate(con: Connection, path: Path) -> None:
    version = _version(con, path)
    _refuse_newer(version, path)
    for migration in migrations():
        if migration.version <= version:
            continue
        with transaction(con):
            if migration.version == 1:
                con.execute(
                    "CREATE TABLE migration (version INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)"
                )
            con.execute(migration.sql)
            con.execute(
                "INSERT INTO migration VALUES ($version, $name, now()::TIMESTAMPTZ AT TIME ZONE 'UTC')",
                {"version": migration.version, "name": migration.name},
            )
