"""What strangers wrote reaches a terminal, a page or a log only as text: names, agents, metadata, words, errors."""

import json
import logging
import sys
import unicodedata
from pathlib import Path

import pytest
from factory import AGENT, CUSTOMER, failure, feeling, make_call, make_recording
from typer.testing import CliRunner

from callmood.batch.run import _count
from callmood.batch.summary import Summary
from callmood.cli import app as cli
from callmood.cli import scan as cli_scan
from callmood.cli.app import app
from callmood.model.bundle import INCLUDED
from callmood.reports.markdown import _text
from callmood.store import open_db, write_call, write_failure
from callmood.wording import NONE, clock, length, printable

EVIL = "\x1b[2J\x1b]0;PWN\x07\x9b31m\u202e\u2066\x7f\x00\rx\u2028y<b>|`[a](http://e.vil)`"
"""An escape sequence, a title, C1, text that runs backwards, a line break of another kind, and markup."""
FILE = EVIL.replace("\x00", "").replace("/", "")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A call of which everything that can be a stranger's is EVIL."""
    path = tmp_path_factory.mktemp("evil") / "callmood.duckdb"
    lines = [
        (AGENT, 0.0, 2.0, EVIL),
        (CUSTOMER, 2.0, 8.0, EVIL, feeling("happy")),
        (CUSTOMER, 33.0, 40.0, EVIL, feeling("angry", 0.9)),
    ]
    facts = {"agent": EVIL, "customer": EVIL, "queue": EVIL, "metadata": {EVIL: EVIL}}
    with open_db(path) as con:
        write_call(con, 1, "m1", make_call(lines, name=FILE + ".wav", call_id="7", warnings=[EVIL], **facts))
        write_failure(con, 1, failure(make_recording("b", path=Path("/calls") / FILE), "no speech", EVIL))
    return path


def acts(text: str) -> list[str]:
    """The characters that a terminal would not just show."""
    return sorted(
        {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    )


@pytest.mark.parametrize("format", ["table", "markdown", "json", "csv"])
@pytest.mark.parametrize(
    "question", [["--agent"], ["--agent", EVIL], ["--call"], ["--call", "7"], ["--by", EVIL], ["--day"]]
)
def test_a_report_shows_text_as_text(database: Path, question: list[str], format: str) -> None:
    result = CliRunner().invoke(app, ["report", *question, "--db", str(database), "--format", format])
    assert result.exit_code == 0, result.exception
    assert acts(result.output) == []


def test_json_holds_text_as_it_is(database: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--call", "--db", str(database), "--format", "json"])
    assert json.loads(result.output)["rows"][0]["agent"].startswith("\x1b[2J\x1b]0;PWN\x07\x9b31m\u202e")


@pytest.mark.parametrize("question", [["--agent", "z"], ["--by", "z"], ["--call", EVIL], ["--sort", EVIL]])
def test_an_error_shows_text_as_text(
    database: Path, question: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["report", *(word.replace("\x00", "") for word in question), "--db", str(database)]
    monkeypatch.setattr(sys, "argv", ["callmood", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert ended.value.code in (1, 2) and acts(said.out + said.err) == []


def test_a_scan_s_summary_shows_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary(total=2)
    summary.add(make_call(name=FILE, warnings=[EVIL]))
    summary.add(failure(make_recording(FILE), EVIL, EVIL))
    cli_scan._summarise(summary, Path(FILE))
    assert acts(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    "outcome", [make_call(name=FILE, warnings=[EVIL], agent=EVIL), failure(make_recording(FILE), EVIL, EVIL)]
)
def test_lines_for_machines_and_logs_show_text_as_text(
    outcome: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "callmood"):
        _count(Summary(), outcome)  # type: ignore[arg-type]
    line = json.dumps(cli_scan._as_json_line(outcome))  # type: ignore[arg-type]
    assert acts(line + "".join(record.getMessage() for record in caplog.records)) == []


def make_model(folder: Path) -> Path:
    """A model whose folder, corpora and card are EVIL; its weights are empty."""
    model = folder / FILE
    model.mkdir()
    (model / "bundle.json").write_bytes((INCLUDED["embedded"] / "bundle.json").read_bytes())
    (model / "about.json").write_text(json.dumps({"corpora": [EVIL]}))
    (model / "CARD.md").write_text(f"# {EVIL}\n")
    (model / "weights.safetensors").touch()
    return model


@pytest.mark.parametrize("command", [["list"], ["show", FILE], ["use", FILE]])
def test_models_are_shown_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    make_model(tmp_path)
    result = CliRunner().invoke(app, ["models", *command])
    assert result.exit_code == 0 and acts(result.output) == []


def test_doctor_shows_text_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).mkdir()
    monkeypatch.chdir(tmp_path / FILE)
    monkeypatch.setenv("CALLMOOD_SCORE__MODEL", FILE)
    assert acts(CliRunner().invoke(app, ["doctor"]).output) == []


def test_a_call_in_a_notebook_shows_text_as_text() -> None:
    call = make_call([(AGENT, 0.0, 1.0, EVIL)], name=FILE)
    assert acts(call._repr_html_() + repr(call) + repr(call.segments[0])) == []
    assert "<b>" not in call._repr_html_()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`x` *y* _z_ ~w~", "\\`x\\` \\*y\\* \\_z\\_ \\~w\\~"),
        ("![i](http://e.vil)", "!\\[i\\](http:\\//e.vil)"),
        ("www.e.vil me@e.vil $5", "www\\.e.vil me\\@e.vil \\$5"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_is_not_made_by_text(text: str, shown: str) -> None:
    assert _text(text) == shown


@pytest.mark.parametrize("text", ["Bonjour !", "می‌خواهم", "👩‍💻", "Zoë – 電話"])
def test_what_other_languages_need_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_times_that_are_no_times_are_printed_as_missing() -> None:
    for value in (float("inf"), float("nan")):
        assert clock(value) == length(value) == NONE
