"""A database that is damaged, half made or not ours is told in a sentence, and stays as it is."""

import errno
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from factory import CUSTOMER, make_call
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.errors import CallmoodError, UsageError
from callmood.store import Connection, connection, open_db, reading, rows, write_call, writing
from callmood.store.damage import explain

Damage = Callable[[Path], None]

pytestmark = pytest.mark.usefixtures("creation")


@pytest.fixture
def stored(db: Connection, db_path: Path) -> Path:
    """A database with a call in it, closed."""
    write_call(db, 1, "m1", make_call([(CUSTOMER, 0.0, 1.0, "hello")]))
    db.close()
    return db_path


def change(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute(sql)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def overwrite(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for start in range(3 * 4096 + 100, len(content), 262_144):  # in every block
        content[start : start + 16] = b"x" * 16
    path.write_bytes(content)


def as_sqlite(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as lite:
        lite.execute("CREATE TABLE recording (id INTEGER)")
    lite.close()


def as_parquet(path: Path) -> None:
    pl.DataFrame({"id": [1]}).write_parquet(path)


def as_other(sql: str) -> Damage:
    def replace(path: Path) -> None:
        path.unlink()
        change(path, sql)

    return replace


def by(sql: str) -> Damage:
    return lambda path: change(path, sql)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "cut off": (cut, "is damaged .*Restore a backup"),
    "overwritten": (overwrite, "is damaged .*Restore a backup"),
    "an SQLite file": (as_sqlite, "is not a callmood database but an SQLite database"),
    "a Parquet file": (as_parquet, "is not a callmood database but a Parquet file"),
    "another program's": (as_other("CREATE TABLE invoice (id INTEGER)"), "another program"),
    "another program's migrations": (
        as_other("CREATE TABLE migration (id INTEGER); CREATE TABLE recording (id INTEGER)"),
        "another program",
    ),
    "another program's table of the same form": (
        as_other("CREATE TABLE migration (version INTEGER, name VARCHAR, applied_at TIMESTAMP)"),
        "another program",
    ),
    "a table missing": (by("DROP TABLE word"), "not a whole callmood database: the table word is missing"),
    "a migration not noted": (
        by("DELETE FROM migration WHERE version >= 3"),
        "not a whole callmood database: .* lacks the table ",
    ),
    "a view instead of a table": (
        by("DROP TABLE file_hash; CREATE VIEW file_hash AS FROM read_text('/etc/hostname')"),
        "not a callmood database: file_hash is a view",
    ),
}

USES: dict[str, Callable[[Path], object]] = {
    "read": lambda path: open_db(path, read_only=True),
    "write": lambda path: open_db(path),
}


@pytest.mark.parametrize("damage, sentence", DAMAGES.values(), ids=list(DAMAGES))
@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
def test_what_is_wrong_with_a_database_is_said_and_nothing_is_changed(
    stored: Path, use: Callable[[Path], object], damage: Damage, sentence: str
) -> None:
    damage(stored)
    before = stored.read_bytes()
    with pytest.raises(CallmoodError, match=f"^{re.escape(str(stored))} .*{sentence}") as caught:
        use(stored)
    assert type(caught.value) is CallmoodError
    assert stored.read_bytes() == before


@pytest.fixture
def damaged_inside(stored: Path) -> Path:
    """A database that opens, and fails when the words are read."""
    with writing(stored) as con:
        write_call(con, 1, "m1", make_call([(CUSTOMER, 0.0, 9.0, "unmistakable " * 30_000)]))
    with reading(stored) as con:
        ((block,),) = rows(
            con,
            "SELECT max(block_id) FROM pragma_storage_info('segment') WHERE column_name = 'text' AND persistent",
        )
    content = bytearray(stored.read_bytes())
    start = 3 * 4096 + block * 262_144
    content[start + 1000 : start + 1100] = b"x" * 100
    stored.write_bytes(content)
    return stored


def test_damage_that_a_query_finds_is_told(damaged_inside: Path) -> None:
    with callmood.open(damaged_inside) as db, pytest.raises(CallmoodError, match="is damaged"):
        db.segments()


def test_a_command_tells_damage_that_a_query_finds(damaged_inside: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--call", "call.wav", "--db", str(damaged_inside)])
    assert isinstance(result.exception, CallmoodError)
    assert "is damaged" in str(result.exception)


def test_a_missing_column_is_named(stored: Path) -> None:
    change(stored, "ALTER TABLE word DROP COLUMN probability")
    with (
        pytest.raises(CallmoodError, match=r"the column probability .* of word is missing"),
        writing(stored) as con,
    ):
        write_call(con, 1, "m1", make_call())


def test_a_wrong_query_of_ours_is_not_blamed_on_the_database(stored: Path) -> None:
    with pytest.raises(duckdb.CatalogException), reading(stored) as con:
        rows(con, "SELECT * FROM no_such_table")


def test_a_signal_during_a_query_is_an_interrupt(stored: Path) -> None:
    with pytest.raises(KeyboardInterrupt), reading(stored):
        raise RuntimeError("Query interrupted")


def write_unfinished(path: Path) -> bytes:
    """Leaves a WAL, as a killed program does; returns it."""
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO file_hash (path, size_bytes, mtime_ns, content) VALUES ('/a', 1, 1, 'x')")
        wal = path.with_name(f"{path.name}.wal").read_bytes()
        copy = path.read_bytes()
    path.write_bytes(copy)
    return wal


@pytest.mark.parametrize("read_only", [True, False])
def test_a_damaged_wal_is_named(stored: Path, read_only: bool) -> None:
    wal = bytearray(write_unfinished(stored))
    wal[len(wal) // 2] ^= 255
    file = stored.with_name(f"{stored.name}.wal")
    file.write_bytes(wal)
    with pytest.raises(CallmoodError, match=rf"{re.escape(str(file))}, which .* is damaged"):
        open_db(stored, read_only=read_only)
    assert file.read_bytes() == wal


def test_a_wal_without_its_database_is_not_taken_for_a_new_one(db_path: Path) -> None:
    wal = db_path.with_name(f"{db_path.name}.wal")
    wal.write_bytes(b"what was written last")
    with pytest.raises(CallmoodError, match=r"no database at .*, but callmood.duckdb.wal"):
        open_db(db_path)
    assert [path.name for path in db_path.parent.iterdir()] == [wal.name]


@pytest.mark.parametrize(
    "message",
    [
        'TransactionContext Error: Failed to commit: Could not write file "/x.wal": No space left on device',
        'IO Error: Could not write file "/x": No space left on device',
    ],
)
def test_a_full_disk_is_told(message: str) -> None:
    found = explain(Path("/data/x.duckdb"), duckdb.TransactionException(message))
    assert str(found).startswith("No space left on the disk for /data/x.duckdb. Free some space")


def test_words_in_a_path_don_t_explain_an_error() -> None:
    path = Path("/encrypted/version number/blocks/x.duckdb")
    found = explain(
        path, duckdb.IOException(f'IO Error: Could not read from file "{path}": Input/output error')
    )
    assert found is not None
    assert "Check the disk" in str(found)


@pytest.mark.parametrize("where", ["duckdb", "folder"])
def test_nothing_stays_of_a_database_that_could_not_be_created(
    db_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        if where == "folder":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise duckdb.IOException('IO Error: Could not write file "x": No space left on device')

    if where == "folder":
        monkeypatch.setattr(tempfile, "mkdtemp", full)
    else:
        monkeypatch.setattr(connection, "_apply", full)
    with pytest.raises(CallmoodError, match="No space left on the disk"):
        open_db(db_path)
    assert list(db_path.parent.iterdir()) == []


@pytest.mark.skipif(
    not shutil.which("mount") or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"
)
@pytest.mark.parametrize("kilobytes", [4, 40, 64])
def test_a_disk_of_few_kilobytes_is_full_and_keeps_no_half_database(tmp_path: Path, kilobytes: int) -> None:
    if os.system(f"mount -t tmpfs -o size={kilobytes}k tmpfs {tmp_path} 2>/dev/null"):
        pytest.skip("can't mount here")
    try:
        with pytest.raises(CallmoodError, match="No space left on the disk"):
            for number in range(1000):
                with writing(tmp_path / "callmood.duckdb") as con:
                    write_call(con, 1, "m1", make_call(name=str(number)))
        assert not (tmp_path / "callmood.duckdb").exists()
    finally:
        os.system(f"umount {tmp_path}")


@pytest.mark.parametrize(
    "name",
    [
        "md:x",
        "postgres:host=x",
        "sqlite:x",
        "s3://bucket/x.duckdb",
        "http://host/x.duckdb",
        ":memory:",
        ":memory:x",
    ],
)
class TestANameThatIsNoFile:
    """DuckDB would fetch an extension for it, or keep nothing."""

    def test_is_refused_by_the_store(self, name: str) -> None:
        with pytest.raises(UsageError, match="is not a file"):
            open_db(name)

    def test_is_refused_by_a_scan_before_it_looks_for_recordings(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is not a file"):
            callmood.scan(tmp_path / "nowhere", db=name)

    def test_is_refused_from_the_environment(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CALLMOOD_DB", name)
        with pytest.raises(UsageError, match="is not a file"):
            callmood.open()

    def test_is_refused_as_a_corpus(self, name: str) -> None:
        from callmood.training.corpora.own import clips

        with pytest.raises(UsageError, match="is not a file"):
            list(clips(Path(name), print))


def test_a_drive_of_windows_is_no_scheme() -> None:
    with pytest.raises(CallmoodError, match="There is no database"):
        open_db(r"C:\calls\callmood.duckdb", read_only=True)


@pytest.mark.parametrize("name", ["calls.csv", "calls.parquet", "calls.json", "calls"])
def test_any_extension_is_a_database(tmp_path: Path, name: str) -> None:
    with writing(tmp_path / name) as con:
        write_call(con, 1, "m1", make_call())
    with reading(tmp_path / name) as con:
        assert rows(con, "SELECT count(*) FROM recording") == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_text('/etc/hostname')",
        "FROM '/etc/hostname'",
        "ATTACH 'other.duckdb'",
        "INSTALL sqlite",
        "LOAD sqlite",
        "SET enable_external_access = true",
        "COPY recording TO 'out.csv'",
    ],
)
def test_a_query_reaches_no_other_file_and_no_extension(stored: Path, query: str) -> None:
    with callmood.open(stored) as db, pytest.raises(CallmoodError, match="can't answer"):
        db.sql(query)


def test_a_view_of_a_stranger_reads_no_file(stored: Path) -> None:
    secret = stored.with_name("secret.txt")
    secret.write_text("TOP SECRET")
    change(
        stored,
        f"CREATE OR REPLACE VIEW segment_mood AS SELECT *, content AS mood FROM segment, read_text('{secret}')",
    )
    with callmood.open(stored) as db, pytest.raises(CallmoodError):
        db.sql("FROM segment_mood")
