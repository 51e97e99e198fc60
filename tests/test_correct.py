"""`callmood correct`: a segment's label, corrected for training."""

from dataclasses import replace
from pathlib import Path

import pytest
from factory import AGENT, CUSTOMER, make_call
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.errors import CallmoodError, UsageError
from callmood.store import Connection, open_db, start_scan, write_call
from callmood.store.corrections import correct, corrections

LINES = (
    (AGENT, 0.4, 2.0, "hello"),
    (CUSTOMER, 17.6, 20.0, "this is a disgrace"),
    (AGENT, 18.2, 19.0, "I see"),
    (AGENT, 30.5, 31.0, "yes"),
    (CUSTOMER, 30.7, 32.0, "no"),
)


@pytest.fixture
def scanned(db: Connection, db_path: Path) -> Path:
    write_call(db, start_scan(db, {}, {}, {}), None, make_call(LINES, name="call.wav"))
    db.close()
    return db_path


def corrected(db: Path, *arguments: str) -> list[tuple[str, str]]:
    result = CliRunner().invoke(app, ["correct", "call.wav", *arguments, "--db", str(db)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    with open_db(db, read_only=True) as con:
        return [(one.text, one.label) for one in corrections(con)]


def test_a_correction_of_a_call_in_two_files_is_of_its_side(db: Connection) -> None:
    call = make_call(LINES, name="call-in.wav")
    both = replace(call.recording, other_path=Path("/calls/call-out.wav"))
    write_call(db, start_scan(db, {}, {}, {}), None, replace(call, recording=both))
    for segment in (1, 2):
        correct(db, both.id, segment, "calm")
    found = {one.text: (one.path.name, one.channel) for one in corrections(db)}
    assert found == {"I see": ("call-in.wav", 0), "this is a disgrace": ("call-out.wav", 0)}


@pytest.mark.parametrize("at", ["0:17", "17", "00:00:17"])
def test_a_time_as_reports_print_it_finds_its_segment(scanned: Path, at: str) -> None:
    assert corrected(scanned, at, "angry") == [("this is a disgrace", "angry")]


def test_a_segment_that_begins_in_that_second_is_preferred(scanned: Path) -> None:
    assert corrected(scanned, "0:18", "calm") == [("I see", "calm")]


def test_a_segment_corrected_again_keeps_the_last_label(scanned: Path) -> None:
    corrected(scanned, "0:17", "sad")
    assert corrected(scanned, "0:17", "angry") == [("this is a disgrace", "angry")]


def test_the_speaker_chooses_between_two_segments(scanned: Path) -> None:
    assert corrected(scanned, "0:30", "happy", "--speaker", "1") == [("no", "happy")]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["0:30", "happy"], "--speaker 0 .agent. or --speaker 1 .customer."),
        (["0:10", "happy"], "No one is speaking at 0:10"),
        (["soon", "happy"], "'soon' is not a time"),
        (["0:17", "merry"], "no label merry"),
    ],
)
def test_a_wrong_time_or_label_is_reported(scanned: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        corrected(scanned, *arguments)


def test_without_a_database_none_is_created(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["correct", "x", "0:17", "angry", "--db", str(tmp_path / "no.duckdb")])
    assert "There is no database" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_arguments_are_checked_before_the_call_is_looked_up(scanned: Path) -> None:
    result = CliRunner().invoke(app, ["correct", "no such call", "0:17", "merry", "--db", str(scanned)])
    assert "no label merry" in str(result.exception)


@pytest.mark.parametrize("at_s", [float("nan"), float("inf"), -4.0, "0:04"])
def test_what_is_not_a_number_of_seconds_is_wrong_usage(scanned: Path, at_s: float) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        callmood.correct("call.wav", at_s, "angry", db=scanned)


def test_a_speaker_who_is_silent_at_that_time_is_named(scanned: Path) -> None:
    with pytest.raises(CallmoodError, match="Speaker 7 is not speaking at 0:17"):
        callmood.correct("call.wav", 17.0, "angry", speaker=7, db=scanned)
