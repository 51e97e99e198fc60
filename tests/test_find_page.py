"""The page of `callmood find --html`."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Opened, chromium, opened
from factory import AGENT, CUSTOMER, Line, feeling, make_call, on
from typer.testing import CliRunner, Result

import callmood
from callmood.cli.app import app
from callmood.store import open_db, start_scan, write_call

EVIL = '</script><script>document.title="owned"</script><img src=x onerror="alert(1)"> & "now"'
CARD = "four one one one one one one one one one one one one one one one"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("find") / "callmood.duckdb"
    first: list[Line] = [
        (AGENT, 0.0, 4.0, "Can I have your card number please?"),
        (CUSTOMER, 5.0, 12.0, f"It is {CARD}.", feeling("angry")),
        (CUSTOMER, 14.0, 16.0, "And I want to cancel my contract."),
    ]
    second: list[Line] = [
        (AGENT, 0.0, 2.0, "I can cancel the order for you."),
        (CUSTOMER, 2.0, 4.0, f"cancel {EVIL}"),
    ]
    with open_db(path) as con:
        scan = start_scan(con, {}, {}, {})
        facts = {"agent": "anna", "customer": "491701234567", "started_at": on("2026-11-20")}
        write_call(con, scan, None, make_call(first, "0170-1234567.wav", **facts))
        write_call(con, scan, None, make_call(second, f"{EVIL.replace('/', '')}.wav", agent=EVIL))
        write_call(con, scan, None, make_call([(AGENT, 0.0, 1.0, "Nothing of the kind.")], "third.wav"))
    return path


@pytest.fixture
def find(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["find", *arguments, "--db", str(database)])

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def text_of(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


def test_a_page_is_written_and_its_size_told(find: Callable[..., Result]) -> None:
    result = find("--exact", "cancel", "--html", "out.html")
    assert result.exit_code == 0, result.exception
    assert re.fullmatch(r"out.html: 3 segments in 2 calls, \d\.\d MB\.\n", result.output)
    assert Path("out.html").stat().st_mode & 0o077 == 0
    assert "Nothing of the kind" not in text_of("out.html")


def test_what_is_secret_is_taken_out_unless_it_is_wanted(find: Callable[..., Result]) -> None:
    find("--exact", "It is four one", "--html", "out.html")
    find("--exact", "It is four one", "--no-redact", "--html", "all.html")
    assert "It is [card number]." in text_of("out.html") and "1234567" not in text_of("out.html")
    assert CARD not in text_of("out.html")
    assert CARD in text_of("all.html") and "0170-1234567" in text_of("all.html")


def test_what_was_looked_for_is_redacted_too(database: Path, tmp_path: Path) -> None:
    found = callmood.find(CARD, exact=True, db=database)
    with callmood.open(database) as db:
        db.write_found(tmp_path / "out.html", found, CARD)
    block = re.search(r'id="data">(.*?)</script>', text_of(str(tmp_path / "out.html")))
    assert block and json.loads(block[1])["found"]["text"] == "[card number]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--html", "out.html", "--json"), "--json does not go with --html"),
        (("--html", "out.csv"), "the ending of another format than HTML"),
        (("--no-redact",), "--redact is for pages"),
        (("--html", "no/such/folder/out.html"), "can't be written (No such file or directory)"),
    ],
)
def test_what_can_not_be_written_is_refused(
    find: Callable[..., Result], arguments: tuple[str, ...], said: str
) -> None:
    result = find("--exact", "cancel", *arguments)
    assert said in str(result.exception)


def test_more_calls_than_a_page_holds_are_refused(
    find: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmood.reports.page.found.CALLS_A_FILE", 1)
    assert "Give a smaller --limit" in str(find("--exact", "cancel", "--html", "out.html").exception)


@pytest.fixture
def page(browser: Any, find: Callable[..., Result]) -> Iterator[Opened]:
    assert find("cancel the contract", "--html", "out.html").exit_code == 0
    with opened(browser, Path("out.html").absolute()) as found:
        yield found


def test_each_segment_leads_to_its_moment_in_the_call(page: Opened) -> None:
    rows = page.page.locator("tbody tr")
    assert "The nearest 6 of 6 segments, in 3 calls." in page.text
    assert "And I want to cancel my contract." in rows.first.inner_text()
    rows.first.get_by_role("link").first.click()
    page.page.locator(".transcript li.chosen", has_text="cancel my contract").wait_for()
    assert page.page.locator(".segment").count() == 3
    assert "[card number]" in page.text and "agent anna" in page.text
    page.page.get_by_role("link", name="Found").click()
    page.page.get_by_role("combobox", name="Said by").select_option("customer")
    page.page.get_by_text("3 of 6 shown").wait_for()


def test_words_and_names_are_shown_as_text_and_nothing_is_requested(page: Opened) -> None:
    assert EVIL in page.text
    assert page.page.locator("main img, main script").count() == 0
    page.page.get_by_role("link", name=EVIL).first.click()
    page.page.locator(".transcript").wait_for()
    assert page.page.title() != "owned"
    assert page.complaints == []
    assert {address.split("#")[0] for address in page.requests} == {page.page.url.split("#")[0]}


def test_axe_finds_nothing_serious(page: Opened) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_what_limited_the_search_is_told(browser: Any, find: Callable[..., Result]) -> None:
    find("--exact", "cancel", "--role", "customer", "--agent", EVIL, "--html", "only.html")
    with opened(browser, Path("only.html").absolute()) as page:
        assert f"Only role customer, agent {EVIL}." in page.text
        assert page.page.locator("#top a[aria-current]").inner_text() == "Found"


def test_nothing_found_is_a_page_that_says_so(browser: Any, find: Callable[..., Result]) -> None:
    find("--exact", "zebra", "--html", "none.html")
    with opened(browser, Path("none.html").absolute()) as page:
        assert "Nothing was found." in page.text
        assert page.complaints == []
