"""No code page and no file name ends a command: what can't be shown is shown in another way."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from factory import AGENT, CUSTOMER, feeling, make_call

from callmood.cli import app as cli
from callmood.cli.scan import _as_json_line
from callmood.store import open_db, write_call

Run = Callable[..., tuple[int, str, str]]

CODE_PAGES = ("ascii", "cp1252", "latin-1", "cp437", "utf-8")
NAME = "Łukasz 電話 \udcff.wav"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "callmood.duckdb"
    lines = [
        (AGENT, 0.0, 2.0, "dzień dobry"),
        (CUSTOMER, 2.0, 8.0, "привет", feeling("happy")),
        (CUSTOMER, 33.0, 40.0, "😡", feeling("angry", 0.9)),
    ]
    call = make_call(lines, name="x", path=Path("/calls") / NAME, agent="Łukasz", call_id="7", warnings=["→"])
    with open_db(path) as con:
        write_call(con, 1, "m1", call)
    return path


@pytest.fixture
def callmood(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as the program does, printing in a code page; returns its exit code and what it printed."""

    def run(page: str, *arguments: object) -> tuple[int, str, str]:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=page, newline="\n") for _ in range(2))
        monkeypatch.setattr(sys, "argv", ["callmood", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setenv("COLUMNS", "120")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = []
        for stream in (out, err):
            stream.flush()
            printed.append(stream.buffer.getvalue().decode(page))  # type: ignore[attr-defined]
        return int(ended.value.code or 0), *printed  # type: ignore[return-value]

    return run


@pytest.mark.parametrize("page", CODE_PAGES)
@pytest.mark.parametrize("format", ["table", "markdown", "csv", "json"])
@pytest.mark.parametrize("question", [["--agent"], ["--call"], ["--call", "7"]])
def test_every_report_can_be_printed(
    callmood: Run, database: Path, page: str, format: str, question: list[str]
) -> None:
    code, out, err = callmood(page, "report", *question, "--format", format, "--db", database)
    assert (code, err) == (0, "")
    assert "Łukasz" in out or page != "utf-8" or question == ["--call", "7"] or format == "json"


def test_a_figure_keeps_its_minus(callmood: Run, database: Path) -> None:
    _, out, _ = callmood("cp1252", "report", "--agent", "--db", database)
    assert "-0.89" in out and "?0.89" not in out


@pytest.mark.parametrize("page", CODE_PAGES)
@pytest.mark.parametrize("command", [["--help"], ["scan", "--help"], ["models", "list"], ["models", "show"]])
def test_every_text_of_our_own_can_be_printed(callmood: Run, page: str, command: list[str]) -> None:
    assert callmood(page, *command)[0] == 0


@pytest.mark.parametrize("page", CODE_PAGES)
@pytest.mark.parametrize("command", [["report", "--agent"], ["scan"], ["models", "use"]])
def test_every_error_can_be_printed(
    callmood: Run, database: Path, tmp_path: Path, page: str, command: list[str]
) -> None:
    where = {"report": ["--db", database], "scan": ["--db", tmp_path / "x.duckdb"]}.get(command[0], [])
    code, _, err = callmood(page, *command, f"no {NAME}", *where)
    assert code == 1 and err.startswith("callmood: ") and err.count("\n") == 1


def test_json_is_the_same_on_every_code_page(callmood: Run, database: Path) -> None:
    command = ("report", "--call", "--format", "json", "--db", database)
    (text,) = {callmood(page, *command)[1] for page in CODE_PAGES}
    assert json.loads(text)["rows"][0]["agent"] == "Łukasz"


def test_a_line_of_json_holds_any_name() -> None:
    line = json.dumps(_as_json_line(make_call(name="x", path=Path(NAME))))
    assert line.isascii() and json.loads(line)["path"] == NAME


def test_a_name_that_is_not_utf_8_is_shown_and_found(callmood: Run, database: Path) -> None:
    _, out, _ = callmood("utf-8", "report", "--call", NAME, "--db", database)
    assert "Łukasz 電話 %FF.wav" in out


@pytest.mark.parametrize("name", ["a.csv", "a.md", "a.txt"])
def test_what_goes_to_a_file_is_utf_8(callmood: Run, database: Path, tmp_path: Path, name: str) -> None:
    callmood("ascii", "report", "--agent", "--db", database, "--output", tmp_path / name)
    assert "Łukasz" in (tmp_path / name).read_text(encoding="utf-8")
