"""Files that grow, change, move or go between scans and during them: no call is lost, none counts twice."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from time import time

import pytest
from changes import Scans
from factory import make_call, make_recording
from typer.testing import CliRunner

from callmood import store
from callmood.cli.app import app
from callmood.cli.scan import _as_json_line
from callmood.pipeline.intake import discover
from callmood.store.corrections import correct
from callmood.store.write import RECORDING_IDS


@pytest.fixture(params=[False, True], ids=["one by one", "together"])
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Scans:
    """Whose outcomes come one by one, and all at once."""
    scans = Scans(tmp_path, monkeypatch)
    scans.are_together = request.param
    return scans


def test_a_file_that_changes_while_it_is_scanned_is_left_for_the_next_scan(scans: Scans) -> None:
    path = scans.write("a.wav", "half")
    scans.before_each = lambda: scans.write("a.wav", "whole") and None
    summary = scans.scan()
    (outcome,) = scans.outcomes
    assert (len(summary.changed), summary.failed, summary.seen, summary.is_alarming) == (1, 0, 1, False)
    assert _as_json_line(outcome)["state"] == "changed"
    assert scans.rows("SELECT count(*) FROM recording") == [(0,)]
    assert scans.scan().done == 1
    assert scans.stored() == [("a.wav", "whole")]
    assert path.exists()


def test_a_change_that_neither_size_nor_time_shows_is_seen_by_the_next_scan(scans: Scans) -> None:
    def rewrite() -> None:
        scans.write("a.wav", "two")
        os.utime(path, (1, 1))

    path = scans.write("a.wav", "one")
    os.utime(path, (1, 1))
    scans.before_each = rewrite
    assert len(scans.scan().changed) == 1
    assert scans.scan().done == 1
    assert scans.stored() == [("a.wav", "two")]


def test_new_content_replaces_the_call(scans: Scans) -> None:
    path = scans.write("a.wav", "half")
    scans.scan()
    with store.open_db(scans.db) as con:
        ((recording_id,),) = store.rows(con, "SELECT id FROM recording")
        correct(con, recording_id, 0, "angry")
    scans.write("a.wav", "half and whole")
    summary = scans.scan()
    assert (summary.done, summary.replaced) == (1, [str(path)])
    assert scans.stored() == [("a.wav", "half and whole")]
    for table in ("speaker", "word", "correction"):
        assert scans.rows(f"SELECT count(*) FROM {table} WHERE recording_id = '{recording_id}'") == [(0,)]
    assert scans.scan().replaced == []


def test_a_call_stays_as_long_as_its_new_content_cannot_be_scanned(scans: Scans) -> None:
    scans.write("a.wav", "half")
    scans.scan()
    scans.write("a.wav", "damaged")
    summary = scans.scan()
    assert summary.replaced == [] and any("earlier call stays" in warning for warning in summary.notes)
    assert scans.stored() == [("a.wav", "half")]
    scans.write("a.wav", "whole")
    assert len(scans.scan().replaced) == 1
    assert scans.stored() == [("a.wav", "whole")]
    assert scans.rows("SELECT count(*) FROM recording") == [(1,)]


def test_a_chain_of_renames_keeps_every_call(scans: Scans) -> None:
    for name in "abc":
        scans.write(f"{name}.wav", name)
    scans.scan()
    for name, to in (("b", "c"), ("a", "b")):
        (scans.calls / f"{name}.wav").rename(scans.calls / f"{to}.wav")
    scans.write("a.wav", "new")
    assert len(scans.scan().replaced) == 1  # c.wav, which the first rename overwrote
    assert scans.stored() == [("a.wav", "new"), ("b.wav", "a"), ("c.wav", "b")]


def test_a_copy_over_a_call_replaces_it(scans: Scans) -> None:
    scans.write("a.wav", "a")
    scans.write("b.wav", "b")
    scans.scan()
    scans.write("b.wav", "a")
    summary = scans.scan()
    assert (summary.copies, [Path(path).name for path in summary.replaced]) == (1, ["b.wav"])
    assert scans.stored() == [("a.wav", "a")]


def test_another_call_at_the_same_path_replaces_nothing(scans: Scans, tmp_path: Path) -> None:
    """Recorders reuse names; the table says that it is another call."""
    table = tmp_path / "table.csv"
    for call_id in ("c1", "c2"):
        scans.write("msg0001.wav", call_id)
        table.write_text(f"file,call_id\nmsg0001.wav,{call_id}\n")
        assert scans.scan(discover={"metadata": table}).replaced == []
    assert [text for _, text in scans.stored()] == ["c1", "c2"]


def settled(path: Path, age_s: float) -> Path:
    """``path``, last changed ``age_s`` ago."""
    then = time() - age_s
    os.utime(path, (then, then))
    return path


def test_a_link_that_leads_to_other_calls_every_day_replaces_none(scans: Scans) -> None:
    today = scans.calls.parent / "today"
    for number, day in enumerate(("monday", "tuesday", "wednesday")):
        settled(scans.write(f"{day}/0001.wav", f"hello on {day}"), 1000 - number)
        today.unlink(missing_ok=True)
        today.symlink_to(scans.calls / day)
        assert scans.scan(today).replaced == []
    assert [text for _, text in scans.stored()] == [
        "hello on monday",
        "hello on tuesday",
        "hello on wednesday",
    ]
    shutil.rmtree(scans.calls / "monday")
    assert scans.scan(today).replaced == []
    assert scans.scan().gone == [str(scans.calls / "monday/0001.wav")]
    assert len(scans.stored()) == 3


def test_a_call_of_which_a_copy_is_left_is_not_replaced(scans: Scans) -> None:
    first, copy = scans.write("a/0001.wav", "hello"), scans.write("b/0001.wav", "hello")
    settled(first, 1000), settled(copy, 1000)
    scans.scan()
    settled(scans.write("a/0001.wav", "goodbye"), 500)
    assert scans.scan(scans.calls / "a").replaced == []
    settled(scans.write("b/0001.wav", "see you"), 500)
    assert scans.scan().replaced == [str(copy)]
    assert [text for _, text in scans.stored()] == ["goodbye", "see you"]


def test_scoring_again_replaces_nothing(scans: Scans) -> None:
    scans.write("a.wav", "half")
    scans.scan()
    scans.write("a.wav", "whole")
    assert scans.scan(rescore=True).replaced == []
    assert scans.stored() == [("a.wav", "half")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The lengths of the waits of a search."""
    waits: list[float] = []
    monkeypatch.setattr(discover, "sleep", waits.append)
    return waits


def test_a_file_that_is_still_being_written_waits(
    scans: Scans, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    scans.write("whole.wav", "whole")
    growing = scans.write("growing.wav", "gro")
    monkeypatch.setattr(discover, "sleep", lambda _: scans.write("growing.wav", "growing"))
    summary = scans.scan(discover={"quiet_for": 60})
    assert (summary.done, summary.waiting, summary.as_dict()["waiting"]) == (1, [str(growing)], 1)
    assert not summary.is_alarming
    assert scans.scan().done == 1
    assert scans.stored() == [("growing.wav", "growing"), ("whole.wav", "whole")]


def test_files_that_were_copied_just_now_are_scanned_once_they_were_quiet(
    scans: Scans, clock: list[float]
) -> None:
    for name in "ab":
        scans.write(f"{name}.wav", name)
    assert scans.scan(discover={"quiet_for": 60}).done == 2
    (wait,) = clock
    assert 0 < wait <= 60


@pytest.mark.parametrize("age_s", [3600, -3600])
def test_no_file_waits_for_ever(scans: Scans, clock: list[float], age_s: float) -> None:
    """Neither one of another clock's time."""
    path = scans.write("a.wav", "a")
    os.utime(path, (time() - age_s,) * 2)
    assert scans.scan(discover={"quiet_for": 5}).done == 1
    assert all(wait <= 5 for wait in clock)


def test_files_that_are_known_are_not_waited_for(scans: Scans, clock: list[float]) -> None:
    path = scans.write("a.wav", "a")
    os.utime(path, (time() - 30,) * 2)
    scans.scan()
    scans.scan(discover={"quiet_for": 60})
    assert clock == []


def test_an_unreadable_file_fails_one_scan_and_not_every_one(scans: Scans) -> None:
    scans.write("a.wav", "a")
    (scans.calls / "c.wav").symlink_to(scans.calls / "nothing")
    first = scans.scan()
    assert (first.failed, first.is_alarming) == (1, True)
    again = scans.scan()
    assert (again.failed, again.failed_earlier, again.is_alarming) == (0, 1, False)
    assert scans.scan(failed=True).failed == 1
    (scans.calls / "c.wav").unlink()
    (scans.calls / "c.wav").symlink_to(scans.calls / "nothing else at all")
    assert scans.scan().failed == 1


def test_a_folder_that_cannot_be_searched_fails_every_scan(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans.write("a.wav", "a")
    secret = scans.write("secret/b.wav", "b").parent
    scans.scan()
    scandir = os.scandir

    def deny(path: str) -> object:
        if Path(path) == secret:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    for _ in range(2):
        summary = scans.scan()
        assert summary.is_alarming
        assert summary.gone == []


def test_empty_files_are_told_and_are_no_alarm(scans: Scans) -> None:
    scans.write("a.wav", "a")
    scans.write("empty.wav", "")
    summary = scans.scan()
    assert (summary.failures.keys(), summary.is_alarming) == ({"empty file"}, False)


def test_calls_whose_files_are_gone_are_told_and_kept(scans: Scans) -> None:
    for name in ("a.wav", "b.wav", "c.wav", "old/d.wav"):
        scans.write(name, name)
    scans.scan()
    (scans.calls / "a.wav").rename(scans.calls / "moved.wav")
    (scans.calls / "b.wav").unlink()
    (scans.calls / "old" / "d.wav").unlink()
    summary = scans.scan()
    gone = [str(scans.calls / name) for name in ("b.wav", "old/d.wav")]
    assert summary.gone == summary.as_dict()["gone_paths"] == gone
    assert scans.rows("SELECT count(*) FROM recording") == [(4,)]
    assert scans.scan(scans.calls / "c.wav").gone == []


def test_a_file_that_a_search_passes_over_is_not_gone(scans: Scans) -> None:
    scans.write("a.wav", "a")
    scans.scan(scans.write("call.recording", "b"))
    assert scans.scan().gone == []


def test_the_closing_summary_tells_what_became_of_files(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in "abc":
        scans.write(f"{name}.wav", name)
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert runner.invoke(app, ["scan", "calls"]).exit_code == 0
    (scans.calls / "a.wav").unlink()
    scans.write("b.wav", "another")
    scans.before_each = lambda: scans.write("d.wav", "more") and None
    scans.write("d.wav", "d")
    done = runner.invoke(app, ["scan", "calls"])
    assert done.exit_code == 0
    out = done.output
    assert "1 changed while they were scanned" in out and "d.wav" in out
    assert "1 stored call was replaced" in out and "b.wav" in out
    assert "1 stored call has no file any more" in out and "a.wav" in out


def test_notes_are_printed_when_nothing_is_left_to_scan(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scans.write("a.wav", "a")
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("file,agent\nother.wav,anna\n")
    runner = CliRunner()
    runner.invoke(app, ["scan", "calls"])
    done = runner.invoke(app, ["scan", "calls", "--metadata", "table.csv"])
    assert "Nothing new to scan." in done.output
    assert "note: " in done.output


def test_every_table_of_recordings_is_known_to_what_deletes_them(db: store.Connection) -> None:
    tables = store.rows(
        db,
        """
        SELECT DISTINCT table_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name)
        WHERE column_name IN ('recording_id', 'path')
        """,
    )
    not_of_stored_calls = {"unreadable", "archived", "archived_voice"}
    assert {table for (table,) in tables} - not_of_stored_calls == RECORDING_IDS.keys()


def test_what_a_terminal_would_interpret_is_escaped(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    for content in ("half", "damaged"):
        scans.write("\x1b[31mred.wav", content)
        scans.write("\x1b[2Jgone.wav", "gone")
        done = runner.invoke(app, ["scan", "calls"])
        (scans.calls / "\x1b[2Jgone.wav").unlink()
        done_again = runner.invoke(app, ["scan", "calls"])
        assert "\x1b" not in done.output + done_again.output
    assert "the earlier call stays" in done.output
    assert "gone.wav" in done_again.output
    assert "\x1b" not in runner.invoke(app, ["forget", str(scans.calls / "\x1b[31mred.wav"), "--yes"]).output


def test_half_of_a_call_does_not_replace_it(db: store.Connection) -> None:
    sides = Path("/calls/x-in.wav"), Path("/calls/x-out.wav")
    recording = replace(make_recording("whole", path=sides[0]), other_path=sides[1])
    store.write_call(db, 1, "m1", replace(make_call(), recording=recording))
    assert store.outdated(db, [(str(sides[0]), "half")]) == {}
    assert store.outdated(db, [(str(side), "new") for side in sides]) == {"new": [recording]}
