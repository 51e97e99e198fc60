"""Databases that are encrypted at rest: by every command, and nothing of a call in any byte that is written."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from changes import Scans
from typer.testing import CliRunner

import callmood
from callmood import store
from callmood.cli.app import app
from callmood.errors import BusyError, CallmoodError, UsageError
from callmood.store import encryption
from callmood.store import forget as forgetting
from callmood.store.files import is_encrypted

KEY = r"""correct horse'; DROP battery "staple" \ü\x41"""
SECRET = "xylophone nasturtium"
CALL = "2026-11-20_09-14-05_anna_5551234.wav"


def openssl_is_here() -> bool:
    try:
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as con:
            encryption.load_openssl(con)
    except CallmoodError:
        return False
    return True


@pytest.fixture(autouse=True)
def encrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenSSL is not installed, DuckDB's own cipher stands in, whose random numbers are not safe."""

    def unsafe(con: duckdb.DuckDBPyConnection) -> None:
        con.execute("SET force_mbedtls_unsafe = true")
        con.execute("SET temp_file_encryption = true")

    if not openssl_is_here():
        monkeypatch.setattr(encryption, "load_openssl", unsafe)
        monkeypatch.setattr(forgetting, "load_openssl", unsafe)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CALLMOOD_DB_KEY", KEY)
    return KEY


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> Scans:
    scans = Scans(tmp_path, monkeypatch)
    scans.write(CALL, SECRET)
    scans.write("b.wav", "something else")
    scans.scan()
    return scans


def contents(folder: Path) -> bytes:
    """All bytes of the database, and of whatever lies beside it."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def holds_a_secret(folder: Path) -> list[str]:
    found = contents(folder)
    words = (SECRET, *SECRET.split(), "anna", "5551234", "something else", "recording", KEY, "horse")
    return [word for word in words if word.encode() in found]


def test_nothing_of_a_call_is_in_the_file(scans: Scans) -> None:
    assert holds_a_secret(scans.db.parent) == []
    assert is_encrypted(scans.db)
    assert (CALL, SECRET) in scans.stored()
    with store.open_db(scans.db, read_only=True) as con:
        cipher = store.rows(con, "SELECT cipher FROM duckdb_databases() WHERE path IS NOT NULL")
    assert cipher == [("GCM",)]


def test_nothing_is_in_the_log_of_what_was_written_last(scans: Scans) -> None:
    with store.open_db(scans.db) as con:
        con.execute("UPDATE segment SET text = 'xylophone nasturtium again'")
        assert scans.db.with_name(f"{scans.db.name}.wal").stat().st_size > 0
        assert holds_a_secret(scans.db.parent) == []


def test_temporary_files_are_encrypted_too(scans: Scans) -> None:
    with store.open_db(scans.db, read_only=True) as con:
        assert store.rows(con, "SELECT current_setting('temp_file_encryption')") == [(True,)]


def test_the_key_may_be_in_a_file(scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLMOOD_DB_KEY")
    (tmp_path / "key").write_text(KEY + "\n", encoding="utf-8")
    monkeypatch.setenv("CALLMOOD_DB_KEY_FILE", str(tmp_path / "key"))
    assert len(scans.stored()) == 2


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"two\nlines", b"a\0b"])
def test_a_file_without_a_key_is_wrong_usage(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("CALLMOOD_DB_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(UsageError, match=r"key of the database .*key"):
        store.open_db(tmp_path / "new.duckdb")
    assert not (tmp_path / "new.duckdb").exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_wrong_key_is_said_in_a_sentence_that_does_not_hold_it(
    scans: Scans, read_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLMOOD_DB_KEY", "swordfish")
    with pytest.raises(CallmoodError, match="The key is not that of") as error:
        store.open_db(scans.db, read_only=read_only)
    assert "swordfish" not in str(error.value)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_missing_key_is_said(scans: Scans, read_only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLMOOD_DB_KEY")
    with pytest.raises(CallmoodError, match=r"is encrypted\. .* CALLMOOD_DB_KEY_FILE"):
        store.open_db(scans.db, read_only=read_only)


def test_without_openssl_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CALLMOOD_DB_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path))  # where DuckDB would look for extensions
    monkeypatch.setattr(encryption, "find_spec", lambda _: None)
    with pytest.raises(CallmoodError, match=r"callmood\[encryption\]"):
        store.open_db(tmp_path / "new.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_encrypted_can_be_read_with_a_key_but_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plain.duckdb"
    store.open_db(path).close()
    monkeypatch.setenv("CALLMOOD_DB_KEY", KEY)
    store.open_db(path, read_only=True).close()
    with pytest.raises(CallmoodError, match="is not encrypted, although there is a key"):
        store.open_db(path)


def test_a_connection_reaches_no_other_file_and_no_extension(scans: Scans, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x\n1\n")
    with store.open_db(scans.db) as con:
        for query in (
            f"FROM '{tmp_path / 'other.csv'}'",
            f"ATTACH '{tmp_path / 'other.duckdb'}' AS other",
            "SET enable_external_access = true",
            "INSTALL fts",
            "FROM 'https://example.com/x.csv'",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(query)


def test_two_read_at_once_and_a_writer_waits(scans: Scans) -> None:
    with store.reading(scans.db) as one, store.reading(scans.db) as other:
        assert store.rows(one, "FROM recording") == store.rows(other, "FROM recording")
        with pytest.raises(BusyError):
            store.open_db(scans.db)


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--agent"),
        ("report", "--call", CALL),
        ("export", "segments", "--format", "csv"),
        ("export", "--format", "srt", "--call", CALL),
        ("sql", "SELECT count(*) FROM segment"),
        ("correct", CALL, "0:00", "angry"),
        ("corrections",),
        ("categorize",),
        ("find", "--exact", "xylophone"),
        ("forget", CALL, "--yes"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_every_command_uses_the_key(
    scans: Scans, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scans.db.parent)
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if arguments[0] != "export":
        assert holds_a_secret(scans.db.parent) == []


def test_a_page_and_the_library_use_the_key(scans: Scans, tmp_path: Path) -> None:
    with callmood.open(scans.db) as db:
        assert db.calls().height == db.segments().height == 2
        db.write_page(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 0


def test_a_forgotten_call_is_gone_and_the_rest_stays_encrypted(scans: Scans) -> None:
    callmood.forget(CALL, db=scans.db)
    assert scans.stored() == [("b.wav", "something else")]
    assert is_encrypted(scans.db) and holds_a_secret(scans.db.parent) == []


def encrypted_by_command(db: Path) -> str:
    done = CliRunner().invoke(app, ["encrypt", "--db", str(db)])
    assert done.exit_code == 0, done.exception
    return done.output


def test_a_database_is_encrypted_with_all_that_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = Scans(tmp_path, monkeypatch)
    scans.write(CALL, SECRET)
    scans.scan()
    before = scans.rows("FROM recording"), scans.rows("FROM segment"), scans.rows("FROM migration")
    monkeypatch.setenv("CALLMOOD_DB_KEY", KEY)
    assert "is encrypted" in encrypted_by_command(scans.db)
    assert holds_a_secret(tmp_path) == []
    assert (scans.rows("FROM recording"), scans.rows("FROM segment"), scans.rows("FROM migration")) == before
    assert scans.scan().skipped == 1
    scans.write("new.wav", "new")
    assert scans.scan().done == 1


def test_a_database_of_an_older_callmood_is_encrypted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.duckdb"
    store.open_db(path).close()
    with duckdb.connect(str(path)) as con:
        con.execute("DELETE FROM migration WHERE version > 0")
        con.execute("INSERT INTO migration VALUES (1, '001_calls.sql', now()::TIMESTAMP)")
        names = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        first = ("migration", "scan", "recording", "speaker", "segment", "word")
        for (view,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
            con.execute(f'DROP VIEW "{view}"')
        for name in names:
            if name not in first:
                con.execute(f'DROP TABLE "{name}"')
    monkeypatch.setenv("CALLMOOD_DB_KEY", KEY)
    encrypted_by_command(path)
    assert is_encrypted(path)


def test_an_encrypted_database_is_not_encrypted_twice(scans: Scans) -> None:
    with pytest.raises(CallmoodError, match="is encrypted already"):
        store.encrypt(scans.db)


def test_without_a_key_nothing_is_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "plain.duckdb"
    store.open_db(path).close()
    with pytest.raises(UsageError, match="CALLMOOD_DB_KEY_FILE"):
        store.encrypt(path)
    assert not is_encrypted(path)


def test_the_key_is_stored_nowhere(scans: Scans) -> None:
    settings = scans.rows("SELECT settings::VARCHAR FROM scan")
    assert settings and all("horse" not in text for (text,) in settings)
    with store.open_db(scans.db, read_only=True) as con:
        known = store.rows(con, "SELECT * FROM duckdb_databases()") + store.rows(
            con, "FROM duckdb_settings()"
        )
    assert not any("horse" in str(row) for row in known)


def test_a_damaged_encrypted_database_is_said_to_be_damaged(scans: Scans) -> None:
    size = scans.db.stat().st_size
    with scans.db.open("r+b") as file:
        file.seek(3 * 4096)  # behind the headers
        file.write(os.urandom(size - 3 * 4096))
    with pytest.raises(CallmoodError), store.reading(scans.db) as con:
        for table in ("recording", "segment", "word", "file_hash", "speaker"):
            store.rows(con, f"FROM {table}")
