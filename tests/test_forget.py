"""Calls that are forgotten: nothing of them is left in the file, and no scan takes them for new."""

import hashlib
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from changes import Scans
from factory import failure, make_call, make_recording, on
from typer.testing import CliRunner

import callmood
from callmood import store
from callmood.cli.app import app
from callmood.errors import BusyError, CallmoodError, UsageError
from callmood.store import Connection
from callmood.store.corrections import correct
from callmood.store.forget import forget_recordings, recordings_before

SECRET = "xylophone nasturtium"


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scans:
    scans = Scans(tmp_path, monkeypatch)
    scans.write("a secret name.wav", SECRET)
    scans.write("b.wav", "something else")
    scans.scan()
    with store.open_db(scans.db) as con:
        ((recording_id,),) = store.rows(con, "SELECT id FROM recording WHERE path LIKE '%secret%'")
        correct(con, recording_id, 0, "angry")
    return scans


def contents(db: Path) -> bytes:
    """All bytes of the database, and of whatever lies beside it."""
    return b"".join(path.read_bytes() for path in db.parent.iterdir() if path.is_file())


def test_nothing_of_a_forgotten_call_is_left_in_the_file(scans: Scans) -> None:
    assert SECRET.encode() in contents(scans.db) and b"secret name" in contents(scans.db)
    callmood.forget("a secret name.wav", db=scans.db)
    left = contents(scans.db)
    for word in (SECRET, *SECRET.split(), "secret name"):
        assert word.encode() not in left
    assert b"something else" in left  # in this file text can be found
    assert scans.stored() == [("b.wav", "something else")]
    assert scans.rows("SELECT count(*) FROM correction") == [(0,)]


def test_many_calls_of_which_some_are_forgotten(db: Connection, db_path: Path) -> None:
    texts = [hashlib.sha512(bytes([number])).hexdigest() for number in range(120)]
    calls = [make_call([(0, 0.0, 2.0, text)], name=f"{number}") for number, text in enumerate(texts)]
    store.write_calls(db, 1, "m1", calls)
    db.close()
    forget_recordings(db_path, [make_recording(str(number)).id for number in range(0, 120, 3)])
    with store.open_db(db_path, read_only=True) as con:
        left = {text for (text,) in store.rows(con, "SELECT text FROM segment")}
        assert len(store.forgotten(con)) == 40
    assert left == {text for number, text in enumerate(texts) if number % 3}


def test_scans_skip_what_was_forgotten_until_they_are_told_otherwise(scans: Scans) -> None:
    callmood.forget("a secret name.wav", db=scans.db)
    for _ in range(2):
        summary = scans.scan()
        assert (summary.total, summary.skipped, summary.forgotten) == (0, 1, 1)
        assert b"secret name" not in contents(scans.db)
    summary = scans.scan(forgotten=True)
    assert (summary.done, summary.forgotten) == (1, 0)
    assert len(scans.stored()) == 2
    assert scans.scan().forgotten == 0


def test_the_rest_of_the_database_stays_as_it_was(scans: Scans) -> None:
    with duckdb.connect(str(scans.db)) as con:
        con.execute("CREATE TABLE mine AS SELECT 1 AS x")
        con.execute("CREATE VIEW my_calls AS SELECT count(*) AS n FROM call_summary")
        con.execute("COMMENT ON VIEW my_calls IS 'how many'")
    scans.db.chmod(0o640)
    structure = """
        SELECT table_name AS name, sql, comment FROM duckdb_tables()
        UNION ALL SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal
        UNION ALL SELECT function_name, macro_definition, comment FROM duckdb_functions() WHERE NOT internal
        UNION ALL SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal
        ORDER BY ALL
    """
    before = scans.rows(structure), scans.rows("FROM migration"), scans.rows("FROM scan")
    callmood.forget("a secret name.wav", db=scans.db)
    assert (scans.rows(structure), scans.rows("FROM migration"), scans.rows("FROM scan")) == before
    assert scans.rows("FROM mine") == scans.rows("FROM my_calls") == [(1,)]
    assert stat.S_IMODE(scans.db.stat().st_mode) == 0o640


def test_what_a_killed_program_left_of_the_database_goes_too(scans: Scans) -> None:
    left = scans.db.with_name(f".{scans.db.name}.k1ll3d")
    left.mkdir()
    shutil.copy(scans.db, left / "new.duckdb")
    callmood.forget("a secret name.wav", db=scans.db)
    assert not left.exists() and len(scans.stored()) == 1


def test_tables_of_others_stay_whatever_they_are(scans: Scans) -> None:
    with duckdb.connect(str(scans.db)) as con:
        con.execute("""
            CREATE TABLE z_parent (id INTEGER PRIMARY KEY);
            CREATE TABLE a_child (parent INTEGER REFERENCES z_parent (id));
            CREATE TABLE "a ""quoted"" name" (x INTEGER, twice INTEGER GENERATED ALWAYS AS (2 * x));
            INSERT INTO z_parent VALUES (1);
            INSERT INTO a_child VALUES (1);
            INSERT INTO "a ""quoted"" name" VALUES (4);
        """)
    callmood.forget("b.wav", db=scans.db)
    assert scans.rows("FROM a_child") == [(1,)]
    assert scans.rows('FROM "a ""quoted"" name"') == [(4, 8)]


def test_a_database_that_cannot_be_written_anew_stays_as_it_was(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = scans.stored()
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CallmoodError, match="No space left"):
        callmood.forget("b.wav", db=scans.db)
    assert scans.stored() == before
    assert not list(scans.db.parent.glob(".*"))


def test_a_call_is_named_as_in_reports_and_by_any_path(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    ((recording_id,),) = scans.rows("SELECT id FROM recording WHERE path LIKE '%/b.wav'")
    monkeypatch.chdir(scans.calls)
    saved = shutil.copy(scans.db, scans.db.with_suffix(".saved"))
    for name in ("b.wav", "b", "./b.wav", str(scans.calls / "b.wav"), recording_id, recording_id[:8].upper()):
        shutil.copy(saved, scans.db)
        done = callmood.forget(name, db=scans.db)
        assert [recording.id for recording in done.recordings] == [recording_id]


def test_a_path_names_all_that_was_ever_stored_of_it(db: Connection, db_path: Path) -> None:
    """callmood 0.1 stored a file that grew twice."""
    for content in ("half", "whole"):
        recording = make_recording(content, path=Path("/calls/grown.wav"))
        store.write_call(db, 1, "m1", replace(make_call(), recording=recording))
    db.close()
    with pytest.raises(CallmoodError, match="matches 2 recordings"):
        callmood.forget("grown.wav", db=db_path)
    assert len(callmood.forget("/calls/grown.wav", db=db_path).recordings) == 2


def test_recordings_that_failed_can_be_forgotten(db: Connection, db_path: Path) -> None:
    store.write_failure(db, 1, failure(make_recording("damaged.wav")))
    db.close()
    assert len(callmood.forget("damaged.wav", db=db_path).recordings) == 1


def test_calls_before_a_day_are_forgotten_and_those_of_unknown_start_stay(
    db: Connection, db_path: Path
) -> None:
    dated = [make_call(name=f"{day}.wav", started_at=on(f"2026-11-{day}")) for day in (19, 20, 21)]
    store.write_calls(db, 1, "m1", [*dated, make_call(name="undated.wav")])
    assert recordings_before(db, on("2026-11-20", "09:00")) == ([make_recording("19.wav").id], 1)
    db.close()
    done = callmood.forget(before="2026-11-21", db=db_path)
    assert (sorted(one.path.name for one in done.recordings), done.undated) == (["19.wav", "20.wav"], 1)
    assert callmood.forget(before="2026-11-21", db=db_path) == callmood.Forgotten((), 1)


def test_a_call_or_a_date_is_needed(scans: Scans) -> None:
    for arguments in ({}, {"calls": "b.wav", "before": "2026-11-21"}):
        with pytest.raises(UsageError, match="either calls"):
            callmood.forget(db=scans.db, **arguments)  # type: ignore[arg-type]
    with pytest.raises(CallmoodError, match=r'No recording "c\.wav"'):
        callmood.forget(["b.wav", "c.wav"], db=scans.db)
    assert len(scans.stored()) == 2


def test_the_command_asks_first(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scans.db.parent)
    runner = CliRunner()
    refused = runner.invoke(app, ["forget", "b.wav"], input="n\n")
    assert (refused.exit_code, len(scans.stored())) == (1, 2)
    assert "Nothing was forgotten." in refused.output
    done = runner.invoke(app, ["forget", "b.wav"], input="y\n")
    assert (done.exit_code, len(scans.stored())) == (0, 1)
    assert "1 recording was forgotten" in done.output and "--include-forgotten" in done.output
    assert runner.invoke(app, ["forget", "a secret name.wav", "--yes"]).exit_code == 0
    assert "forgotten (scan again with" in runner.invoke(app, ["scan", "calls"]).output


def test_a_date_before_which_there_was_no_call(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scans.db.parent)
    done = CliRunner().invoke(app, ["forget", "--before", "2026-11-21"])
    assert done.exit_code == 0
    assert "2 recordings stay" in done.output and "No calls started before that." in done.output


def test_a_view_of_other_files_reaches_none(scans: Scans) -> None:
    with duckdb.connect(str(scans.db)) as con:
        con.execute("CREATE VIEW other AS SELECT * FROM read_text('/etc/hostname')")
    callmood.forget("b.wav", db=scans.db)
    assert len(scans.stored()) == 1


def test_nothing_is_forgotten_while_a_scan_runs(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "READ_WAIT_S", 0)
    with store.one_scan(scans.db, 0), pytest.raises(BusyError):
        callmood.forget("b.wav", db=scans.db)
    assert len(scans.stored()) == 2


def test_a_call_of_two_files_is_forgotten_with_both(db: Connection, db_path: Path) -> None:
    recording = replace(
        make_recording("call", path=Path("/calls/x-in.wav")), other_path=Path("/calls/x-out.wav")
    )
    store.write_call(db, 1, "m1", replace(make_call(), recording=recording))
    store.write_call(db, 1, "m1", make_call(name="other.wav"))
    hashes = {
        path: (1, 2, f"hash of {path}")
        for path in ("/calls/x-in.wav", "/calls/x-out.wav", "/calls/other.wav")
    }
    store.write_hashes(db, hashes)
    db.close()
    assert len(callmood.forget("/calls/x-out.wav", db=db_path).recordings) == 1
    left = contents(db_path)
    assert b"x-in" not in left and b"x-out" not in left and b"other" in left
    with store.open_db(db_path, read_only=True) as con:
        assert [path for path, _ in store.hashes(con)] == ["/calls/other.wav"]
        assert len(store.known(con)) == 1


def test_a_forgotten_recording_behind_a_link_leaves_no_path(scans: Scans) -> None:
    callmood.forget("b.wav", db=scans.db)
    elsewhere = scans.db.parent / "elsewhere"
    elsewhere.mkdir()
    (scans.calls / "b.wav").rename(elsewhere / "b.wav")
    os.utime(elsewhere / "b.wav", (1e9, 1e9))
    (scans.calls / "link.wav").symlink_to(elsewhere / "b.wav")
    scans.scan()
    assert not any(name in contents(scans.db) for name in (b"link.wav", b"elsewhere"))
