"""The DuckDB file: open it, migrate its schema, and explain why it can't be opened or read.

The schema is a list of SQL files, ``sql/migrations/001_calls.sql`` and on; the table ``migration`` lists
the ones that were applied. Each is one transaction, so that a killed program leaves a database of a known version.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import duckdb

from callmood.errors import CallmoodError
from callmood.signals import deferred
from callmood.store.damage import NOT_ENCRYPTED, explain, is_busy, is_in_this_program
from callmood.store.encryption import NAME as ENCRYPTED
from callmood.store.encryption import attach_options, connect_encrypted, database_key, load_openssl
from callmood.store.figures import JOINED, fill_all_figures, lacks_figures
from callmood.store.files import (
    cannot_write,
    may_exist,
    may_write,
    new_file,
    private,
    recheck_database_file,
    require_database_file,
    require_folder,
    spill_folder,
)
from callmood.store.quoting import file_literal, identifier

Connection: TypeAlias = duckdb.DuckDBPyConnection
T = TypeVar("T")

READ_WAIT_S: Final = 10.0
"""How long reports wait for a scan to store a call, in seconds."""
_OWN_WAIT_S: Final = 2.0
"""How long to wait for another thread of this program, which may as well be the one that waits."""
_POLL_S: Final = 0.05
_ROWS_AT_ONCE: Final = 2_000

NO_EXTENSIONS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
_MEMORY: Final = "640MB"
"""More goes to the disk, so that reports on any number of calls fit into a gigabyte."""
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    **NO_EXTENSIONS,
    "enable_external_access": False,
    "lock_configuration": True,
    "memory_limit": _MEMORY,
    "storage_compatibility_version": "v1.0.0",  # of new databases, so that older clients can open them
}


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


def open_db(
    path: str | Path, read_only: bool = False, *, must_exist: bool = False, wait_s: float = 0
) -> Connection:
    """Connect to a callmood database; an old one is migrated, and a missing one is created unless it ``must_exist``.

    With ``read_only`` the file must exist, and other readers may have it open too. DuckDB lets one
    process write or many read, never both: wait ``wait_s`` seconds at most for others to close it. Close the
    connection, or use it in a ``with``; ``reading`` and ``writing`` also explain the errors of queries.

    The connection reaches no other file, no network and no extension.

    Raises CallmoodError if it can't be opened, BusyError if others have it open.
    """
    path = Path(path)
    require_database_file(path)
    if not may_exist(path):
        if read_only or must_exist:
            raise CallmoodError(
                f"There is no database at {path}. Scan some calls first, or choose another file with --db."
            )
        _create(path)
    key = database_key()
    con = _connect(path, read_only, wait_s, key)
    try:
        with explained(path, con):
            if _is_current(con) or _version(con, path) == migrations()[-1].version:
                return con
            if not read_only:
                _migrate(con, path)
                return con
    except BaseException:
        con.close()
        raise
    # a reader can't migrate: do it as a writer, then read
    con.close()
    if not may_write(path):
        raise CallmoodError(
            f"{path} was written by an older callmood, and can't be brought up to date, because you may not write it. "
            "Copy it to a folder of yours, or ask its owner to run callmood report once."
        )
    open_db(path, wait_s=wait_s).close()
    return _connect(path, True, wait_s, key)


def open_plain(path: Path) -> Connection:
    """Connect to a database that is not encrypted, to write to it, whichever key there is. Migrates nothing.

    Raises CallmoodError as ``open_db``.
    """
    require_database_file(path)
    if not may_exist(path):
        raise CallmoodError(f"There is no database at {path}. Choose another file with --db.")
    con = _connect(path, False, READ_WAIT_S, None)
    try:
        with explained(path, con):
            _version(con, path)
    except BaseException:
        con.close()
        raise
    return con


def storage_version(path: Path) -> str:
    """The versions of DuckDB that can open a database, such as "v1.0.0+". Migrates nothing.

    Raises CallmoodError if it can't be read or is not a callmood database.
    """
    require_database_file(path)
    with _connect(path, True, READ_WAIT_S, database_key()) as con, explained(path, con):
        _version(con, path)
        current = "FROM duckdb_databases() WHERE database_name = current_database()"
        ((found,),) = rows(con, f"SELECT tags['storage_version'] {current}")
    return str(found)


@contextmanager
def reading(path: str | Path, *, wait_s: float = READ_WAIT_S) -> Iterator[Connection]:
    """A connection to read with. Raises CallmoodError as ``open_db``, and if the file turns out to be damaged."""
    path = Path(path)
    with open_db(path, read_only=True, wait_s=wait_s) as con, explained(path, con):
        yield con


@contextmanager
def writing(
    path: str | Path, *, must_exist: bool = False, wait_s: float = READ_WAIT_S
) -> Iterator[Connection]:
    """A connection to write with, to be held for a moment only: nobody else can read meanwhile.

    What it creates is for those who may use the database; a new database only for its owner.
    Raises CallmoodError as ``open_db``, and if the disk is full or the file turns out to be damaged.
    """
    path = Path(path)
    con = open_db(path, must_exist=must_exist, wait_s=wait_s)
    with private(path), con, explained(path, con):
        yield con


@contextmanager
def explained(path: Path, con: Connection | None = None) -> Iterator[None]:
    """Raises what DuckDB raises inside as CallmoodError if the file or the machine is at fault, otherwise as it is."""
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        found = explain(path, error)
        if found is None and isinstance(error, duckdb.ProgrammingError) and con is not None:
            found = _explain_schema(path, con)
        if found is None:
            raise
        raise found from None
    except RuntimeError as error:
        # what DuckDB makes of a signal during a query
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


@contextmanager
def transaction(con: Connection) -> Iterator[None]:
    """Commits what is written inside, or rolls all of it back on an error. A signal that stops the program waits."""
    with deferred():
        con.begin()
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # it is gone already after a fatal error, which is the one to tell
                con.rollback()
            raise
        con.commit()


def rows(con: Connection, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a query, because from DuckDB 2 on a result that is not fetched completely blocks the connection."""
    with deferred():
        result: list[tuple[Any, ...]] = con.execute(sql, parameters or {}).fetchall()
    return result


def each_row(
    con: Connection, sql: str, parameters: dict[str, Any] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, some at a time: for many of which little is kept. Ask for all before anything else."""
    with deferred():
        con.execute(sql, parameters or {})
    while part := con.fetchmany(_ROWS_AT_ONCE):
        yield from part


def in_memory() -> Connection:
    """An empty database in memory. Others can be attached to it (``attach``), and it can have their ``put_schema``."""
    con = duckdb.connect(config={**NO_EXTENSIONS, "memory_limit": _MEMORY, "temp_directory": spill_folder()})
    try:
        if database_key() is not None:
            load_openssl(con)
    except BaseException:
        con.close()
        raise
    return con


def put_schema(con: Connection, attached: str | None) -> None:
    """Create the schema of this version without a row, in memory.

    It is copied from a database that is ``attached``, in a hundredth of the time that the migrations take, unless
    people have put something of their own into that.
    """
    if attached is not None and _only_callmoods(con, attached):
        con.execute(f"COPY FROM DATABASE {attached} TO memory (SCHEMA)")
    else:
        with transaction(con):
            for migration in migrations():
                _apply(con, migration)


def _only_callmoods(con: Connection, attached: str) -> bool:
    names = {name for one in migrations() for _, name in _created(one)}
    found = rows(
        con,
        """
        SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $attached
        UNION ALL
        SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = $attached AND NOT internal
        UNION ALL
        SELECT schema_name, function_name FROM duckdb_functions() WHERE database_name = $attached AND NOT internal
        """,
        {"attached": attached},
    )
    return all(schema == "main" and name in names for schema, name in found)


def attach(con: Connection, path: Path, name: str, wait_s: float) -> None:
    """Let a connection read a database too, which is brought up to date first. Raises CallmoodError as ``open_db``."""
    open_db(path, read_only=True, wait_s=wait_s).close()
    key = database_key()

    def attached() -> None:
        try:
            con.execute(f"ATTACH {file_literal(path)} AS {name}{attach_options(key, 'READ_ONLY')}")
        except duckdb.Error as error:
            if key is None or NOT_ENCRYPTED not in str(error):
                raise
            con.execute(f"ATTACH {file_literal(path)} AS {name}{attach_options(None, 'READ_ONLY')}")

    _patiently(path, wait_s, attached)


def _connect(path: Path, read_only: bool, wait_s: float, key: str | None) -> Connection:
    con = _patiently(path, wait_s, lambda: _opened(path, read_only, key))
    ((file,),) = rows(con, "SELECT path FROM duckdb_databases() WHERE database_name = current_database()")
    if file is None:
        con.close()
        recheck_database_file(path)
        raise CallmoodError(f"{path} is not a callmood database. Choose another file with --db.")
    return con


def _patiently(path: Path, wait_s: float, opened: Callable[[], T]) -> T:
    """What ``opened`` returns, once others have closed the database; they are waited for ``wait_s`` seconds at most."""
    begun = time.monotonic()
    while True:
        try:
            with private(path):
                return opened()
        except duckdb.Error as error:
            patience = min(wait_s, _OWN_WAIT_S) if is_in_this_program(error) else wait_s
            if is_busy(error) and time.monotonic() - begun < patience:
                time.sleep(_POLL_S)
                continue
            recheck_database_file(path)
            why = str(error).splitlines()[0]
            raise explain(path, error) or CallmoodError(
                f"{path} can't be opened as a database ({why}). Choose another file with --db."
            ) from None


def _opened(path: Path, read_only: bool, key: str | None) -> Connection:
    """A connection as DuckDB makes it. With a key, what is not encrypted can still be read, but not written."""
    temporary = {"temp_directory": spill_folder()}
    if key is not None:
        try:
            return connect_encrypted(path, key, {**NO_EXTENSIONS, **temporary}, read_only=read_only)
        except duckdb.Error as error:
            if not (read_only and NOT_ENCRYPTED in str(error)):
                raise
    # absolute, because DuckDB takes a name with a colon for the one of an extension
    return duckdb.connect(str(path.absolute()), read_only=read_only, config={**_CONFIG, **temporary})


def cursor(con: Connection) -> Connection:
    """Another connection to the same database, which ``con.cursor()`` alone makes only of one that is not encrypted."""
    made = con.cursor()
    if rows(made, "SELECT 1 FROM duckdb_databases() WHERE database_name = $name", {"name": ENCRYPTED}):
        made.execute(f"USE {identifier(ENCRYPTED)}")
    return made


def _create(path: Path) -> None:
    """A new database, whole or not at all."""
    require_folder(path)
    wal = path.with_name(f"{path.name}.wal")
    if may_exist(wal):
        raise CallmoodError(
            f"There is no database at {path}, but {wal.name}, which belongs to one. Put the database back, or remove "
            f"{wal.name}."
        )
    try:
        with new_file(path) as part, explained(path):
            _make(part)
    except OSError as error:
        raise cannot_write(path, error) from None


def _make(part: Path) -> None:
    """A database of this version without a row."""
    with _connect(part, False, 0, database_key()) as con, transaction(con):
        for migration in migrations():
            _apply(con, migration)


def remove_if_empty(path: Path) -> None:
    """Remove a database that holds no recording and no file that could not be read."""
    filled = "SELECT 1 FROM recording UNION ALL SELECT 1 FROM unreadable UNION ALL SELECT 1 FROM correction LIMIT 1"
    with suppress(CallmoodError, OSError):
        with reading(path) as con:
            if rows(con, filled):
                return
        path.unlink()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


def _relations(con: Connection) -> dict[str, str]:
    """The tables and views, each with its kind."""
    return dict(rows(con, "SELECT table_name, table_type FROM information_schema.tables"))


def _tables_of(versions: Iterable[Migration]) -> set[str]:
    """The tables that these migrations create."""
    return {name for one in versions for kind, name in _created(one) if kind == "TABLE"}


@cache
def _created(migration: Migration) -> list[tuple[str, str]]:
    """Kind and name of what a migration creates."""
    return re.findall(r"^CREATE (?:OR REPLACE )?(TABLE|VIEW|MACRO) (\w+)", migration.sql, re.MULTILINE)


def _is_current(con: Connection) -> bool:
    """Whether all tables of this version are there. To list them takes DuckDB three times as long.

    A view is none, as it has no ``rowid``.
    """
    tables = sorted(_tables_of(migrations()))
    try:
        rows(con, " UNION ALL ".join(f"SELECT rowid FROM {table} WHERE false" for table in tables))
        found = rows(con, "SELECT max(version) FROM migration")
    except duckdb.Error:  # what is wrong is for ``_version`` to say
        return False
    return found == [(migrations()[-1].version,)]


def _version(con: Connection, path: Path) -> int:
    """The newest applied migration; 0 for a database without tables.

    Raises CallmoodError for the database of another program, of a newer callmood, or one that lacks tables.
    """
    found = _relations(con)
    if not found:
        return 0
    foreign = CallmoodError(f"{path} is the database of another program. Choose another file with --db.")
    if "migration" not in found:
        raise foreign
    columns = rows(
        con,
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'migration' ORDER BY column_index",
    )
    if columns != [("version", "INTEGER"), ("name", "VARCHAR"), ("applied_at", "TIMESTAMP")]:
        raise foreign
    ((version,),) = rows(con, "SELECT coalesce(max(version), 0) FROM migration")
    _refuse_newer(version, path)
    needed = {"migration", *_tables_of(one for one in migrations() if one.version <= version)}
    views = sorted(name for name in needed & found.keys() if found[name] != "BASE TABLE")
    if views:
        raise CallmoodError(
            f"{path} is not a callmood database: {views[0]} is a view in it, not a table. "
            "Choose another file with --db."
        )
    if not needed - {"migration"} & found.keys():
        raise foreign
    early = sorted(
        name for name in _tables_of(migrations()) - needed & found.keys() if found[name] == "BASE TABLE"
    )
    missing = sorted(needed - found.keys())
    if missing or early:
        why = f"the table {missing[0]} is missing" if missing else f"its version lacks the table {early[0]}"
        raise CallmoodError(_incomplete(path, why))
    return int(version)


def _incomplete(path: Path, why: str) -> str:
    return f"{path} is not a whole callmood database: {why}. Restore a backup of it, or move it away and scan again."


def _explain_schema(path: Path, con: Connection) -> CallmoodError | None:
    """The error if the file's columns are not those of this version; None if they are, and the fault is elsewhere."""
    columns = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    try:
        found = set(rows(con, columns))
        with duckdb.connect(config=_CONFIG) as fresh:
            _migrate(fresh, path)
            missing = sorted(set(rows(fresh, columns)) - found)
    except duckdb.Error:
        return None
    if not missing:
        return None
    table, column, kind = missing[0]
    return CallmoodError(_incomplete(path, f"the column {column} ({kind}) of {table} is missing"))


def _refuse_newer(version: int, path: Path) -> None:
    newest = migrations()[-1].version
    if version > newest:
        raise CallmoodError(
            f"{path} was written by a newer callmood (schema {version}; this version supports up to {newest}). "
            "Upgrade callmood, or choose another file with --db."
        )


def _migrate(con: Connection, path: Path) -> None:
    version = _version(con, path)
    for migration in migrations():
        if migration.version > version:
            with transaction(con):
                _apply(con, migration)


def _apply(con: Connection, migration: Migration) -> None:
    """Bring a database from the version before to that of ``migration``, in the transaction that has begun."""
    if migration.version == 1:
        con.execute(
            "CREATE TABLE migration (version INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)"
        )
    con.execute(migration.sql)
    if migration.version == migrations()[-1].version and JOINED in _relations(con) and lacks_figures(con):
        fill_all_figures(con)
    con.execute(
        "INSERT INTO migration VALUES ($version, $name, now()::TIMESTAMPTZ AT TIME ZONE 'UTC')",
        {"version": migration.version, "name": migration.name},
    )
