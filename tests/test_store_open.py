"""A database opens, or an error says why not and what to do."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from factory import AGENT, make_call

from callmood.errors import CallmoodError
from callmood.store import connection, known, open_db, rows, stored_segments, write_call

pytestmark = pytest.mark.usefixtures("creation")


def run_beside(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Another process, once it has printed its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@contextmanager
def held(path: Path) -> Iterator[int]:
    """The database open for writing in another process, whose id this gives."""
    process = run_beside(
        """
        import sys, time
        from callmood.store import open_db
        con = open_db(sys.argv[1])
        print("open", flush=True)
        time.sleep(60)
        """,
        path,
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def test_a_new_database_is_at_the_newest_version(db_path: Path) -> None:
    with open_db(db_path) as con:
        versions = [version for (version,) in rows(con, "SELECT version FROM migration ORDER BY version")]
    assert versions == [migration.version for migration in connection.migrations()]
    assert versions == list(range(1, len(versions) + 1))


def test_a_database_opens_again_with_what_is_in_it(db_path: Path) -> None:
    for _ in range(2):
        with open_db(db_path) as con:
            write_call(con, 1, "m1", make_call())
    with open_db(db_path, read_only=True) as con:
        assert len(known(con)) == 1


def make_old(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the first version with a call in it."""
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda all=connection.migrations: all()[:1])
        with open_db(db_path) as con:
            con.execute(
                """
                INSERT INTO recording (id, path, size_bytes, metadata, state, scan_id, stored_at)
                VALUES ('a', '/calls/a.wav', 1, MAP {}, 'done', 1, TIMESTAMP '2026-11-22 09:00:00')
                """
            )


@pytest.mark.parametrize("read_only", [True, False])
def test_an_old_database_is_migrated_on_opening(
    db_path: Path, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    make_old(db_path, monkeypatch)
    with open_db(db_path, read_only=read_only) as con:
        assert rows(con, "SELECT count(*) FROM call_summary") == [(1,)]


def test_speakers_of_an_older_database_have_the_language_of_their_call(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda all=connection.migrations: all()[:14])
        with open_db(db_path) as con:
            con.execute(
                """
                INSERT INTO recording (id, path, size_bytes, metadata, state, scan_id, stored_at, language)
                VALUES ('a', '/calls/a.wav', 1, MAP {}, 'done', 1, TIMESTAMP '2026-11-22 09:00:00', 'es');
                INSERT INTO speaker (recording_id, speaker, channel, role, decided_by)
                VALUES ('a', 0, 0, 'agent', 'set')
                """
            )
    with open_db(db_path) as con:
        speakers, _ = stored_segments(con, "a")
    assert [speaker.language for speaker in speakers] == ["es"]


def test_an_old_database_that_may_not_be_written_says_what_to_do(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(db_path, monkeypatch)
    before = db_path.read_bytes()
    monkeypatch.setattr(connection, "may_write", lambda _: False)
    with pytest.raises(CallmoodError, match=r"older callmood.*Copy it to a folder of yours"):
        open_db(db_path, read_only=True)
    assert db_path.read_bytes() == before


def test_a_migration_that_fails_leaves_the_old_version(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(db_path, monkeypatch)
    broken = connection.Migration(2, "002_broken.sql", "CREATE TABLE half (i INTEGER); SELECT nonsense;")
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda all=connection.migrations: (*all()[:1], broken))
        with pytest.raises(duckdb.Error):
            open_db(db_path)
    with open_db(db_path) as con:
        assert rows(con, "SELECT count(*) FROM call_summary") == [(1,)]
        assert rows(con, "SELECT 1 FROM information_schema.tables WHERE table_name = 'half'") == []


@pytest.mark.parametrize("read_only", [True, False])
def test_a_database_of_a_newer_version_is_refused(db_path: Path, read_only: bool) -> None:
    with open_db(db_path) as con:
        con.execute("INSERT INTO migration VALUES (999, 'from the future', NULL)")
    with pytest.raises(CallmoodError, match=r"newer callmood \(schema 999.*Upgrade callmood"):
        open_db(db_path, read_only=read_only)


def test_reading_a_missing_database_says_to_scan_first(db_path: Path) -> None:
    with pytest.raises(CallmoodError, match="Scan some calls first"):
        open_db(db_path, read_only=True)
    assert not db_path.exists()


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("content", [b"", b"call,agent\n1,Ann\n" * 1000, os.urandom(20_000)])
def test_a_file_that_is_not_a_database_is_refused_and_kept(
    db_path: Path, content: bytes, read_only: bool
) -> None:
    db_path.write_bytes(content)
    with pytest.raises(CallmoodError, match=re.escape(str(db_path))):
        open_db(db_path, read_only=read_only)
    assert db_path.read_bytes() == content


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="is a folder, not a database"):
        open_db(tmp_path)


def test_a_database_of_another_program_is_refused(db_path: Path) -> None:
    with duckdb.connect(str(db_path)) as con:
        con.execute("CREATE TABLE invoice (id INTEGER)")
    with pytest.raises(CallmoodError, match="another program"):
        open_db(db_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="no folder"):
        open_db(tmp_path / "nowhere" / "callmood.duckdb")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do everything")
def test_a_database_without_permission_is_refused(db_path: Path) -> None:
    open_db(db_path).close()
    db_path.chmod(0)
    with pytest.raises(CallmoodError, match="permission"):
        open_db(db_path)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_database_in_use_by_another_scan_is_refused_with_its_process(
    db_path: Path, read_only: bool
) -> None:
    with held(db_path) as pid, pytest.raises(CallmoodError, match=rf"in use by process {pid}.*Try again"):
        open_db(db_path, read_only=read_only)
    open_db(db_path, read_only=read_only).close()


def test_many_can_read_at_once(db_path: Path) -> None:
    open_db(db_path).close()
    with open_db(db_path, read_only=True), open_db(db_path, read_only=True) as con:
        assert known(con) == {}


def test_a_scan_that_is_killed_leaves_whole_calls(db_path: Path) -> None:
    lines = [(AGENT, float(second), second + 1.0, "one two three four") for second in range(50)]
    process = run_beside(
        """
        import sys
        from factory import AGENT, make_call
        from callmood.store import open_db, write_call
        lines = [(AGENT, float(second), second + 1.0, "one two three four") for second in range(50)]
        con = open_db(sys.argv[1])
        for number in range(100_000):
            write_call(con, 1, "m1", make_call(lines, name=str(number % 7 if number > 20 else number)))
            if number == 10:
                print("ten", flush=True)
        """,
        db_path,
    )
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate()
    with open_db(db_path, read_only=True) as con:
        calls = rows(
            con,
            """
            SELECT recording.id,
                (SELECT count(*) FROM segment WHERE recording_id = recording.id),
                (SELECT count(*) FROM word WHERE recording_id = recording.id),
                (SELECT count(*) FROM speaker WHERE recording_id = recording.id)
            FROM recording
            """,
        )
        assert len(calls) >= 10
        assert {(segments, words, speakers) for _, segments, words, speakers in calls} == {(50, 200, 2)}
        assert rows(con, "SELECT count(*) FROM segment") == [(50 * len(calls),)]
    with open_db(db_path) as con:
        write_call(con, 2, "m1", make_call(lines, name="afterwards"))
