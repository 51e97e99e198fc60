"""Who corrected what shows in every report, `callmood corrections` lists it, and it can be taken back."""

from pathlib import Path

import pytest
from factory import AGENT, CUSTOMER, feeling, make_call
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.errors import UsageError
from callmood.store import Connection, open_db, rows, write_call
from callmood.store.figures import fill_all_figures

LINES = (
    (AGENT, 0.4, 2.0, "hello"),
    (CUSTOMER, 17.6, 20.0, "this is a disgrace", feeling("angry", 0.9)),
    (CUSTOMER, 30.0, 32.0, "I am so glad"),
)


@pytest.fixture
def scanned(db: Connection, db_path: Path) -> Path:
    """A database of one call, in which the model hears somebody who is upset."""
    write_call(db, 1, "m1", make_call(LINES, name="call.wav", agent="Ann"))
    db.close()
    return db_path


def run(db: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--db", str(db)], env={"COLUMNS": "200"})
    if isinstance(result.exception, callmood.CallmoodError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("report", [[], ["--agent", "Ann"], ["--call"], ["--call", "call.wav"], ["--day"]])
def test_every_report_says_who_corrected_and_when(scanned: Path, report: list[str]) -> None:
    assert "Mia" not in run(scanned, "report", *report)
    callmood.correct("call.wav", 18, "neutral", by="Mia", db=scanned)
    (one,) = callmood.corrections(db=scanned)
    shown = run(scanned, "report", *report)
    assert "Corrected  1 segment by Mia, 2" in " ".join(shown.split()).replace("Corrected 1", "Corrected  1")
    assert f"{one.corrected_at:%Y}" in shown


def test_a_timeline_has_the_label_of_the_model_beside_that_of_the_person(scanned: Path) -> None:
    callmood.correct("call.wav", 18, "calm", by="Mia", db=scanned)
    assert "(corrected from angry to neutral by Mia, 2" in run(scanned, "report", "--call", "call.wav")


def test_a_moment_that_a_person_found_names_the_person(scanned: Path) -> None:
    callmood.correct("call.wav", 31, "angry", by="Mia", db=scanned)
    assert "corrected by Mia, 2" in run(scanned, "report")


def test_the_user_who_is_logged_in_corrects_unless_another_name_is_given(
    scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "someone")
    run(scanned, "correct", "call.wav", "0:17", "neutral")
    run(scanned, "correct", "call.wav", "0:30", "happy", "--by", "Mia")
    assert [one.corrected_by for one in callmood.corrections(db=scanned)] == ["someone", "Mia"]


def test_a_system_that_knows_no_user_is_no_error(scanned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise OSError("no user name")

    monkeypatch.setattr("getpass.getuser", unknown)
    run(scanned, "correct", "call.wav", "0:17", "neutral")
    assert [one.corrected_by for one in callmood.corrections(db=scanned)] == [None]


def test_corrections_are_listed(scanned: Path) -> None:
    assert "Nothing was corrected." in run(scanned, "corrections")
    callmood.correct("call.wav", 18, "neutral", by="Mia", db=scanned)
    (line,) = run(scanned, "corrections", "call.wav").splitlines()
    assert line.startswith("call.wav 0:17 customer: angry -> neutral, by Mia, 2")
    assert line.endswith(": this is a disgrace")
    assert "Nothing" in run(scanned, "corrections", "call", "0:30")


def test_a_correction_that_is_taken_back_leaves_the_label_of_the_model(scanned: Path) -> None:
    before = run(scanned, "report", "--format", "json")
    callmood.correct("call.wav", 18, "neutral", by="Mia", db=scanned)
    callmood.correct("call.wav", 31, "happy", by="Mia", db=scanned)
    assert "1 correction was taken back." in run(scanned, "corrections", "call.wav", "0:17", "--undo")
    assert [one.start_s for one in callmood.corrections(db=scanned)] == [30.0]
    run(scanned, "corrections", "call.wav", "--undo")
    assert run(scanned, "report", "--format", "json") == before
    assert "0 corrections were taken back." in run(scanned, "corrections", "call.wav", "--undo")


def test_all_corrections_are_not_taken_back_by_mistake(scanned: Path) -> None:
    callmood.correct("call.wav", 18, "neutral", db=scanned)
    with pytest.raises(UsageError, match="Name the call"):
        run(scanned, "corrections", "--undo")
    assert len(callmood.corrections(db=scanned)) == 1


def test_a_correction_of_a_stretch_that_is_no_segment_any_more_is_listed_as_such(scanned: Path) -> None:
    callmood.correct("call.wav", 18, "neutral", by="Mia", db=scanned)
    with open_db(scanned) as con:
        rows(con, "UPDATE segment SET end_s = 21 WHERE start_s = 17.6")
        fill_all_figures(con)
    assert "not counted" in run(scanned, "corrections")
    assert "Mia" not in run(scanned, "report")
