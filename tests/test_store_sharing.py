"""Who may use the database, and when: the modes of its files, readers beside a scan, one scan at a time."""

import os
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from factory import make_call
from test_store_open import held, run_beside
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.errors import BusyError
from callmood.store import connection, one_scan, open_db, reading, rows, write_call, writing

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")


@pytest.fixture
def stored(db_path: Path) -> Path:
    with writing(db_path) as con:
        write_call(con, 1, "m1", make_call())
    return db_path


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_the_database_and_what_is_beside_it_are_for_their_owner(db_path: Path, mask: int) -> None:
    with umask(mask):
        with one_scan(db_path, 0), writing(db_path) as con:
            write_call(con, 1, "m1", make_call())
            found = modes(db_path.parent)
        assert os.umask(mask) == mask
    assert found == dict.fromkeys(["callmood.duckdb", "callmood.duckdb.wal", ".callmood.duckdb.lock"], 0o600)


@posix
def test_a_shared_database_stays_shared_with_what_is_beside_it(stored: Path) -> None:
    stored.chmod(0o660)
    with umask(0o022), one_scan(stored, 0), writing(stored) as con:
        write_call(con, 1, "m1", make_call(name="another"))
        assert set(modes(stored.parent).values()) == {0o660}
    assert modes(stored.parent) == {"callmood.duckdb": 0o660}


@posix
def test_what_does_not_fit_into_memory_is_spilled_for_the_owner_only(stored: Path) -> None:
    with umask(0), reading(stored) as con:
        ((folder,),) = rows(con, "SELECT current_setting('temp_directory')")
    assert stat.S_IMODE(Path(folder).parent.stat().st_mode) == 0o700


def test_a_scan_opens_the_database_for_the_moment_of_storing_only(stored: Path) -> None:
    with one_scan(stored, 0):
        with writing(stored) as con:
            write_call(con, 1, "m1", make_call(name="another"))
        reader = run_beside(
            """
            import sys, callmood
            with callmood.open(sys.argv[1]) as db:
                print(db.calls().height, flush=True)
            """,
            stored,
        )
        assert reader.wait(60) == 0


def test_a_reader_waits_for_a_writer(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    with held(stored) as holder:
        # the writer goes when the reader has met it
        def go(seconds: float) -> None:
            os.kill(holder, 9)
            closed.set()

        monkeypatch.setattr(connection.time, "sleep", go)
        with reading(stored) as con:
            assert rows(con, "SELECT count(*) FROM recording") == [(1,)]
    assert closed.is_set()


def test_a_writer_waits_for_a_reader_of_the_same_program(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_db(stored, read_only=True)
    monkeypatch.setattr(connection.time, "sleep", lambda seconds: reader.close())
    with writing(stored) as con:
        write_call(con, 1, "m1", make_call(name="another"))


@pytest.mark.parametrize("command", [["report"], ["correct", "call.wav", "0:01", "angry"]])
def test_a_database_in_use_has_an_exit_code_of_its_own(
    stored: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_WAIT_S", 0)
    monkeypatch.setattr("callmood.database.READ_WAIT_S", 0)
    with held(stored) as holder:
        error = CliRunner().invoke(app, [*command, "--db", str(stored)]).exception
    assert isinstance(error, BusyError)
    assert error.exit_code == 4
    assert str(error).startswith(f"{stored} is in use by process {holder} (python")


def test_a_scan_gives_up_on_a_reader_that_stays(stored: Path, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.wav").write_bytes(b"RIFF")
    code = """
        import sys, time, duckdb
        con = duckdb.connect(sys.argv[1], read_only=True)
        print("open", flush=True)
        time.sleep(60)
    """
    reader = run_beside(code, stored)
    try:
        result = CliRunner().invoke(
            app, ["scan", str(tmp_path / "calls"), "--db", str(stored), "--wait", "0"]
        )
    finally:
        reader.kill()
        reader.communicate()
    assert isinstance(result.exception, BusyError)
    assert f"in use by process {reader.pid}" in str(result.exception)


def test_two_scans_don_t_write_to_one_database(stored: Path) -> None:
    with (
        one_scan(stored, 0),
        pytest.raises(BusyError, match=rf"Another scan .*process {os.getpid()}.*--wait"),
    ):
        callmood.scan(stored.parent, db=stored, wait=0)
    with one_scan(stored, 0):
        pass


def test_no_call_is_forgotten_under_a_running_scan(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmood.store.READ_WAIT_S", 0)
    with one_scan(stored, 0), pytest.raises(BusyError):
        callmood.forget("call.wav", db=stored)
    with reading(stored) as con:
        assert rows(con, "SELECT count(*) FROM recording") == [(1,)]


def test_a_scan_that_finds_nothing_leaves_no_database(tmp_path: Path, db_path: Path) -> None:
    with pytest.raises(callmood.CallmoodError):
        callmood.scan(tmp_path / "nowhere", db=db_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_new", [True, False])
def test_a_first_scan_that_fails_leaves_no_empty_database(
    db_path: Path, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    def fail(*_: object) -> Iterator[object]:
        raise callmood.CallmoodError("There is no such model.")

    if not is_new:
        open_db(db_path).close()
    (db_path.parent / "a.wav").write_bytes(b"RIFF")
    monkeypatch.setattr("callmood.engine.local.run_jobs", fail)
    with pytest.raises(callmood.CallmoodError, match="no such model"):
        callmood.scan(db_path.parent / "a.wav", db=db_path)
    assert db_path.exists() is not is_new


def test_a_new_database_is_written_for_older_clients(stored: Path) -> None:
    version = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'callmood'"
    for _ in range(2):
        with duckdb.connect(str(stored)) as con:  # as another tool may
            con.execute(
                "INSERT OR REPLACE INTO file_hash (path, size_bytes, mtime_ns, content) VALUES ('/a', 1, 1, 'x')"
            )
            assert rows(con, version) == [("v1.0.0+",)]


def test_a_database_of_the_newest_storage_keeps_opening(stored: Path, tmp_path: Path) -> None:
    newest = tmp_path / "newest.duckdb"
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{stored}' AS old (READ_ONLY)")
        con.execute(f"ATTACH '{newest}' AS new (STORAGE_VERSION 'latest')")
        con.execute("COPY FROM DATABASE old TO new")
    with writing(newest) as con:
        write_call(con, 1, "m1", make_call(name="another"))
        assert rows(con, "SELECT count(*) FROM call_summary") == [(2,)]


def test_views_are_stored_with_the_columns_that_they_have(stored: Path) -> None:
    """DuckDB 1 refuses a view whose columns are others than when it was made; 2 does not mind."""
    with reading(stored) as con:
        for (view,) in rows(con, "SELECT view_name FROM duckdb_views() WHERE NOT internal"):
            columns = rows(
                con,
                """
                SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = $view ORDER BY column_index
                """,
                {"view": view},
            )
            assert [(name, kind) for name, kind, *_ in rows(con, f"DESCRIBE FROM {view}")] == columns, view
