"""`callmood report --html` as users type it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from factory import make_call, on
from typer.testing import CliRunner, Result

from callmood.cli.app import app
from callmood.store import Connection, write_call

Report = Callable[..., Result]


@pytest.fixture
def report(db: Connection, db_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Runs the command on a database of one call, in its folder."""
    write_call(db, 1, None, make_call(agent="Ann", call_id="0815", started_at=on("2026-11-21")))
    db.close()
    monkeypatch.chdir(db_path.parent)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["report", *arguments, "--db", str(db_path)])

    return run


def test_a_page_is_written_and_its_size_told(report: Report) -> None:
    result = report("--html", "r.html")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("r.html: 1 call, 0.")
    assert Path("r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert Path("r.html").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "arguments",
    ["--call 0815", "--call", "--agent ann", "--queue", "--day --since 2026-11-21", "--role all"],
)
def test_a_page_answers_what_a_report_can_be_asked(report: Report, arguments: str) -> None:
    assert report(*arguments.split(), "--html", "r.html").exit_code == 0


def test_the_ending_of_output_makes_a_page_too(report: Report) -> None:
    assert report("--output", "r.html").exit_code == 0
    assert Path("r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_page_of_no_calls_is_a_page(report: Report) -> None:
    assert report("--since", "2027-01-01", "--html", "r.html").exit_code == 0


def test_calls_that_can_not_be_heard_are_told_on_a_page_with_sound_only(report: Report) -> None:
    note = "note: 1 of 1 call can't be heard: 1 recording moved or deleted."
    assert report("--html", "r.html", "--audio", "link").output.splitlines()[1:] == [note]
    assert report("--html", "r.html", "--audio", "embed").output.splitlines()[1:] == [note]
    assert len(report("--html", "r.html").output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--html", "r.html", "--sort", "calls"), "--sort does not go with --html"),
        (("--html", "r.html", "--limit", "3"), "--limit does not go with --html"),
        (("--html", "callmood.duckdb"), "a page must not replace"),
        (("--audio", "embed"), "--audio is for pages"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    report: Report, arguments: tuple[str, ...], said: str
) -> None:
    result = report(*arguments)
    assert result.exception is not None
    assert said in str(result.exception)


def test_a_page_that_can_not_be_written_is_one_sentence(report: Report) -> None:
    result = report("--html", "no/such/folder/r.html")
    assert str(result.exception).startswith(
        "no/such/folder/r.html can't be written (No such file or directory)."
    )
