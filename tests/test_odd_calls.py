"""Reports of calls of which little is known: nobody speaks, no words, not understood, not scored, no agent."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from browser import chromium, opened
from factory import AGENT, CUSTOMER, feeling, make_call
from typer.testing import CliRunner

from callmood.call import Hold
from callmood.cli.app import app
from callmood.store import open_db, start_scan, write_calls

ODD: dict[str, dict[str, Any]] = {
    "not understood": {
        "lines": [(AGENT, 0.0, 2.0, "blah", None), (CUSTOMER, 2.0, 4.0, "blub", None)],
        "understood": False,
        "language": "de",
    },
    "silent": {"lines": (), "roles": (), "duration_s": 30.0, "layout": "mono"},
    "of no length": {"lines": (), "roles": (), "duration_s": 0.0, "layout": "mono"},
    "only music": {
        "lines": (),
        "roles": (),
        "duration_s": 60.0,
        "layout": "mono",
        "holds": [Hold("music", 0.0, 60.0)],
    },
    "without words": {
        "lines": (),
        "duration_s": 30.0,
        "unheard": [(AGENT, 1.0, 5.0, "no text"), (CUSTOMER, 6.0, 9.0, "too quiet")],
    },
    "shouted": {"lines": [(AGENT, 0.0, 4.0, ""), (CUSTOMER, 5.0, 9.0, "", feeling("angry", 0.9))]},
    "of nobody": {
        "lines": [(AGENT, 0.0, 4.0, "who is there", feeling("angry"))],
        "roles": ("unknown",),
        "layout": "mono",
    },
    "not scored": {"lines": [(AGENT, 0.0, 2.0, "hello", None), (CUSTOMER, 2.0, 4.0, "hi", None)]},
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("odd") / "callmood.duckdb"
    with open_db(path) as con:
        scan = start_scan(con, {}, {}, {})
        write_calls(con, scan, "m", [make_call(name=f"{name}.wav", **facts) for name, facts in ODD.items()])
    return path


@pytest.fixture
def report(database: Path) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(
            app, ["report", *arguments, "--db", str(database)], env={"COLUMNS": "120"}, catch_exceptions=False
        )
        assert result.exit_code == 0
        return result.output

    return run


@pytest.mark.parametrize("name", ODD)
def test_every_format_holds_the_call(report: Callable[..., str], tmp_path: Path, name: str) -> None:
    for ending in (".txt", ".md", ".csv", ".json", ".parquet", ".xlsx", ".html"):
        file = tmp_path / f"r{ending}"
        report("--call", f"{name}.wav", "--output", str(file))
        assert file.stat().st_size > 0
    columns = pl.read_csv(io.BytesIO((tmp_path / "r.csv").read_bytes())).columns
    assert columns == pl.read_parquet(tmp_path / "r.parquet").columns
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (document["report"], document["call"][0]["call"]) == ("call", f"{name}.wav")


@pytest.mark.parametrize("name", ODD)
def test_no_table_is_empty_and_no_fact_is_a_dash(report: Callable[..., str], name: str) -> None:
    shown = report("--call", f"{name}.wav", "--format", "markdown")
    blocks = [block.splitlines() for block in shown.split("\n\n") if block.startswith("|")]
    assert all(len(lines) > 2 for lines in blocks)
    assert [line for line in shown.splitlines() if line.startswith("- ") and "–" in line] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not understood", "The words of this call were not understood (another language, or a bad line)"),
        ("silent", "Speech none: nobody is heard"),
        ("only music", "1 min of music"),
        ("without words", "7 s, of which 7 s could not be transcribed"),
        ("shouted", "customer −0.89 angry 90 % 90 % (4 s of speech that could not be transcribed)"),
        ("of nobody", "0 % uncertain; who is the agent is not known"),
        ("not scored", "none of the customer scored"),
    ],
)
def test_what_is_not_known_is_said(report: Callable[..., str], name: str, said: str) -> None:
    assert said in " ".join(report("--call", f"{name}.wav").split())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not understood", "were not understood"),
        ("silent", "Nothing was transcribed."),
        ("of no length", "Nothing was transcribed."),
        ("only music", "music, 1 min from 0:00"),
        ("without words", "speech without words, 4 s from 0:01"),
        ("shouted", "(no words)"),
        ("of nobody", "speaker 1"),
        ("not scored", "The mood of the customer is not known"),
    ],
)
def test_the_page_of_a_call_says_it_too(
    browser: Any, report: Callable[..., str], tmp_path: Path, name: str, said: str
) -> None:
    report("--call", f"{name}.wav", "--html", str(tmp_path / "r.html"))
    with opened(browser, tmp_path / "r.html") as page:
        assert said in page.text
        assert page.complaints == []
        ticks = page.page.locator(".timeline .tick").all_text_contents()
        assert len(ticks) == len(set(ticks))
        lanes = page.page.locator(".timeline").text_content()
        assert ("speaker" in lanes) == (name == "of nobody")


def test_the_page_of_all_of_them_opens(browser: Any, report: Callable[..., str], tmp_path: Path) -> None:
    report("--html", str(tmp_path / "r.html"))
    with opened(browser, tmp_path / "r.html") as page:
        for route in ("overview", "calls", "about", "search", "group/(unknown)"):
            page.go(route)
            assert "0 of 0" not in page.text
        page.go("overview")
        assert "not known of any call" in page.text
        assert "it is not known of any of these calls" in page.text
        page.go("calls")
        assert page.page.get_by_role("columnheader", name="Queue").count() == 0
        assert page.complaints == []
