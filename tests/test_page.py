"""The page of `callmood report --html`, as a browser shows it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Opened, chromium, opened
from factory import AGENT, CUSTOMER, Line, feeling, make_call, on, with_files
from many_calls import AGENTS, write_database
from sounds import STEREO_CALL, write_audio

import callmood
from callmood.call import Hold
from callmood.model.networks.minilm import WIDTH
from callmood.pipeline.audio.decode import decode
from callmood.search.vectors import ENCODER, as_bytes
from callmood.store import Connection, open_db, rows, write_call
from callmood.store.categories import Member, write_members
from callmood.store.meanings import call_texts, write_vectors
from callmood.store.reviews import Review, write_review

HOSTILE = '<script>document.title="owned"</script><img src=x onerror="alert(1)">'
CLOSING = '</script><script>document.title="owned"</script> \u2028 & "quoted" \\ \'single\''
ARABIC = "\u202eأريد إلغاء الطلب now"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 calls of made agents, and one whose transcript and names attack the page."""
    path = tmp_path_factory.mktemp("page") / "callmood.duckdb"
    write_database(path, 150, turns=6)
    with open_db(path) as con:
        lines: list[Line] = [
            (AGENT, 0.0, 2.0, HOSTILE, None),
            (CUSTOMER, 2.5, 5.0, CLOSING, feeling("angry", 0.99)),
            (CUSTOMER, 6.0, 9.0, ARABIC, feeling("neutral")),
        ]
        write_call(
            con, 1, None, make_call(lines, name="evil.wav", agent=HOSTILE, customer=CLOSING, call_id="evil-1",
                                    queue='"><b>bold', started_at=on("2026-11-20"))
        )  # fmt: skip
        write_call(con, 1, None, audible_call())
        add_reasons(con)
    return path


def add_reasons(con: Connection) -> None:
    """What calls are about: a category with a name that attacks the page, vectors of Anna's calls, and a review."""
    ((heard,),) = rows(con, "SELECT id FROM recording WHERE call_id = 'heard-1'")
    found = [Member(heard, number, name, "words", None) for number, name in ((1, "complaint"), (2, HOSTILE))]
    write_members(con, "v1", [heard], found)
    ids = [
        recording for (recording,) in rows(con, "SELECT id FROM recording WHERE agent = 'Anna' ORDER BY id")
    ]
    vectors = as_bytes(np.eye(1, WIDTH, dtype=np.float32)).tobytes()
    write_vectors(con, ENCODER, [(call, vectors * len(call.texts)) for call in call_texts(con, ids)])
    write_review(con, ids[0], 1, "<i>ben", "random", Review("neutral"))


def audible_call() -> Any:
    """A call whose recording is there, with all that a timeline can show."""
    lines: list[Line] = [
        (AGENT, 0.5, 3.0, "how can I help you", None),
        (CUSTOMER, 2.6, 6.0, "this is a disgrace", feeling("angry", 0.9)),
        (CUSTOMER, 12.0, 15.0, "all right then", feeling("neutral", 0.8)),
    ]
    call = make_call(
        lines, call_id="heard-1", agent="Zoe", duration_s=22.8,
        unheard=[(CUSTOMER, 16.0, 18.0, "too quiet")], holds=[Hold("music", 8.0, 11.0)],
        started_at=on("2026-11-21"), warnings=["file ends early"],
    )  # fmt: skip
    return with_files(call, STEREO_CALL)


@pytest.fixture(scope="module")
def report(database: Path) -> Path:
    return written(database, "report.html")


def written(database: Path, name: str, *args: Any, **options: Any) -> Path:
    path = database.with_name(name)
    with callmood.open(database) as db:
        db.write_page(path, *args, **options)
    return path


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Opened]:
    with opened(browser, report) as found:
        yield found


def call_id(page: Opened, name: str) -> str:
    address = page.page.evaluate(
        "name => [...document.querySelectorAll('main a')].find(a => a.textContent.includes(name)).hash", name
    )
    return str(address).split("/")[1]


def test_a_page_opens_from_disk_without_a_complaint_and_asks_nothing_of_the_network(page: Opened) -> None:
    for route in ("overview", "calls", "search", "about", f"group/{AGENTS[0]}"):
        page.go(route)
    assert page.complaints == []
    assert {address.split("#")[0] for address in page.requests} == {page.page.url.split("#")[0]}


def test_the_policy_of_a_page_stops_requests_and_scripts_that_are_not_its_own(page: Opened) -> None:
    """What slipped through escaping would still not run or fetch."""
    page.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = 'document.title = "owned"';
            document.body.append(script);
            document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
        }"""
    )
    page.page.wait_for_timeout(50)
    assert page.page.title() != "owned"
    assert len([text for text in page.complaints if "Content Security Policy" in text]) == 2


def test_charts_are_drawn(page: Opened) -> None:
    figures = page.page.locator("main figure")
    assert figures.count() >= 4
    for number in range(figures.count()):
        assert figures.nth(number).locator("svg path, svg circle, svg rect").count() > 0
        assert figures.nth(number).locator("svg[role=img][aria-label]").count() == 1


def test_the_worst_moment_of_an_agent_is_two_clicks_away(page: Opened) -> None:
    page.page.get_by_role("table", name="Agents side by side").get_by_role("link", name="Hugo").click()
    page.page.get_by_role("heading", name="Hugo").wait_for()
    moment = page.page.locator(".card", has_text="Worst moments").locator("a.moment").first
    words = page.page.locator(".card", has_text="Worst moments").locator("blockquote").first.inner_text()
    moment.click()
    chosen = page.page.locator(".transcript li.chosen")
    assert chosen.locator("bdi").inner_text() == words.strip("“”")
    assert page.page.locator(".segment.chosen").count() == 1


def test_a_table_sorts_both_ways_with_what_is_unknown_last(page: Opened) -> None:
    page.go("calls")
    head = page.page.get_by_role("columnheader", name="Length")
    lengths = page.page.locator("tbody tr td:nth-child(8)")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    first = lengths.first.inner_text()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert seconds(first) > seconds(lengths.first.inner_text())
    customers = page.page.get_by_role("columnheader", name="Queue").get_by_role("button")
    for _ in range(2):
        customers.click()
        assert page.page.locator("tbody tr").first.locator("td").nth(9).inner_text() != "–"


def seconds(clock: str) -> int:
    minutes, rest = clock.split(":")
    return 60 * int(minutes) + int(rest)


def test_a_table_filters_by_words_and_by_choice(page: Opened) -> None:
    page.go("calls")
    page.page.get_by_role("searchbox", name="Filter").fill("hugo billing")
    rows = page.page.locator("tbody tr")
    assert 0 < rows.count() < 100
    assert all("Hugo" in text and "billing" in text for text in rows.all_inner_texts())
    page.page.get_by_role("combobox", name="Show").select_option("customer upset")
    assert page.page.locator("tbody td strong.bad").count() == rows.count() > 0


def test_a_table_shows_a_hundred_rows_and_the_others_on_demand(page: Opened) -> None:
    page.go("calls")
    assert page.page.locator("tbody tr").count() == 100
    page.page.get_by_role("button", name="Show 52 more").click()
    assert page.page.locator("tbody tr").count() == 152


def test_the_words_tell_what_is_of_a_call_and_what_of_a_segment(page: Opened) -> None:
    page.go("moments")
    moment = page.page.locator(".card", has_text="Worst moments").locator("li").first
    assert "upset here" in moment.inner_text()
    moment.locator("a.moment").click()
    facts = page.page.locator(".facts").first
    facts.wait_for()
    assert "upset at any time of the call" in facts.inner_text()


def test_the_categories_of_calls_are_counted_chosen_and_lead_to_their_moments(page: Opened) -> None:
    card = page.page.locator(".card", has_text="Calls of each category")
    assert HOSTILE in card.inner_text() and "1 of 1" in card.inner_text()
    assert "151 calls left out" in card.inner_text()
    card.get_by_role("link", name="complaint").click()
    page.page.get_by_text("1 of 152 shown").wait_for()
    assert page.page.get_by_role("combobox", name="Category").input_value() == "2"
    page.page.locator("tbody").get_by_role("link", name="complaint").click()
    page.page.locator(".transcript li.chosen", has_text="this is a disgrace").wait_for()
    page.page.locator("main p", has_text="Categories:").get_by_role("link", name="0:12").click()
    page.page.locator(".transcript li.chosen", has_text="all right then").wait_for()
    assert page.complaints == []


def test_two_days_are_named_as_days_and_whose_agent_is_not_known_stands_last(
    browser: Any, tmp_path: Path
) -> None:
    line = (CUSTOMER, 0.0, 3.0, "hello", feeling("angry"))
    with open_db(tmp_path / "callmood.duckdb") as con:
        for number, agent in enumerate(("anna", None, "ben", None)):
            started_at = on(f"2026-11-2{number % 2}")
            call = make_call(
                [line], f"{number}.wav", agent=agent, started_at=started_at, roles=("agent", "unknown")
            )
            write_call(con, 1, None, call)
    with opened(browser, written(tmp_path / "callmood.duckdb", "days.html")) as page:
        chart = page.page.locator("figure", has_text="was upset, by day")
        chart.wait_for()
        ticks = [text for text in chart.locator("svg text").all_text_contents() if "%" not in text]
        assert ticks == ["Nov 20", "Nov 21"]
        table = page.page.get_by_role("table", name="Agents side by side")
        for _ in range(2):
            assert table.locator("tbody tr").last.get_by_role("rowheader").inner_text() == "(unknown)"
            table.get_by_role("columnheader", name="Agent").first.get_by_role("button").click()
        page.go("calls")
        page.page.get_by_role("link", name="1.wav").click()
        assert page.page.locator(".transcript li").first.locator("span").nth(1).inner_text() == "speaker 2"
        assert page.complaints == []


def test_categories_are_compared_group_by_group(browser: Any, database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "callmood.duckdb"
    shutil.copyfile(database, copy)
    with open_db(copy) as con:
        ids = [
            call
            for (call,) in rows(con, "SELECT id FROM recording WHERE agent IN ('Anna', 'Hugo') ORDER BY id")
        ]
        ((hugo,),) = rows(con, "SELECT list(id) FROM recording WHERE agent = 'Hugo'")
        write_members(con, "v1", ids, [Member(call, 1, "churn", "words", None) for call in hugo])
    with opened(browser, written(copy, "categories.html")) as page:
        by_agent = page.page.get_by_role("table", name="churn by agent")
        assert "more:" in by_agent.get_by_role("row", name="Hugo").inner_text()
        assert f"{len(hugo)} of {len(hugo)}" in by_agent.get_by_role("row", name="Hugo").inner_text()
        assert page.page.locator("figure", has_text="Calls with churn").locator("circle").count() >= 2
        page.page.get_by_role("combobox", name="Category by agent").select_option(HOSTILE)
        assert (
            page.page.get_by_role("table", name=f"{HOSTILE} by agent").get_by_role("row", name="Zoe").count()
            == 1
        )
        by_agent.wait_for(state="detached")
        page.go("group/Hugo")
        own = page.page.get_by_role(
            "table", name="Categories of the calls, and how they differ from all other agents"
        )
        assert "more:" in own.get_by_role("row", name="churn").inner_text()
        assert page.complaints == []


def test_topics_are_shown_with_examples_that_lead_to_their_calls(page: Opened) -> None:
    card = page.page.locator(".card", has_text="Why customers called")
    assert "calls left out: not searchable" in card.inner_text()
    assert 0 < card.locator("blockquote").count() <= 3
    words = card.locator("blockquote").first.inner_text()
    card.locator("a.moment").first.click()
    page.page.locator(".transcript li.chosen").wait_for()
    assert page.page.locator(".transcript li.chosen bdi").inner_text() == words.strip("“”")


def test_where_nothing_was_looked_for_the_page_says_how(browser: Any, database: Path) -> None:
    with opened(browser, written(database, "ben.html", "agent", "ben")) as page:
        assert "these calls were not made searchable" in page.text
        assert "callmood categorize" in page.text
        page.go("calls")
        assert page.page.get_by_role("columnheader", name="Categories").count() == 0


def test_the_page_says_how_far_people_agree_with_the_model(page: Opened) -> None:
    page.go("about")
    table = page.page.get_by_role("table", name="How far they agree")
    assert "<i>ben and the model" in table.inner_text()
    assert page.complaints == []


def test_a_table_without_a_filter_has_nothing_above_it(page: Opened) -> None:
    page.go("about")
    assert (
        page.page.get_by_role("region", name="How far they agree")
        .locator("..")
        .inner_text()
        .startswith("How far")
    )


def test_search_finds_what_was_said_and_leads_there(page: Opened) -> None:
    page.go("search")
    page.page.get_by_label("Words").fill("DISGRACE")
    page.page.get_by_text("1 segment in 1 call").wait_for()
    assert page.page.locator("mark").inner_text() == "disgrace"
    page.page.locator("main a.moment").click()
    page.page.locator(".transcript li.chosen", has_text="this is a disgrace").wait_for()


def test_what_recordings_say_is_shown_as_text(page: Opened) -> None:
    page.go("calls")
    page.go(f"call/{call_id(page, 'evil.wav')}")
    spoken = page.page.locator(".transcript bdi").all_inner_texts()
    assert spoken[0] == HOSTILE
    assert spoken[1].startswith('</script><script>document.title="owned"</script>')
    assert "أريد إلغاء الطلب" in spoken[2]
    assert "\u202e" not in page.text
    assert page.page.locator("main img, main script, main b").count() == 0
    page.go("overview")
    assert HOSTILE in page.page.get_by_role("table", name="Agents side by side").inner_text()
    assert page.page.title() != "owned"
    assert page.complaints == []


def test_the_timeline_shows_segments_silences_holds_overtalk_and_lost_speech(page: Opened) -> None:
    page.go("calls")
    page.go(f"call/{call_id(page, STEREO_CALL.name)}")
    assert page.page.locator(".segment").count() == 3
    titles = page.page.locator(".timeline title").all_text_contents()
    for expected in (
        "music, 3 s from 0:08",
        "both speak, 0.4 s from 0:02",
        "speech without words, 2 s from 0:16",
    ):
        assert any(title.startswith(expected) for title in titles), expected
    assert page.page.locator(".waveform").count() == 2
    assert "file ends early" in page.text


def test_a_click_on_a_segment_marks_its_words(page: Opened) -> None:
    page.go("calls")
    page.go(f"call/{call_id(page, STEREO_CALL.name)}")
    page.page.locator(".segment").nth(1).click()
    assert page.page.locator(".transcript li.chosen bdi").inner_text() == "this is a disgrace"
    page.page.locator(".transcript li.chosen button").focus()
    page.page.keyboard.press("ArrowDown")
    assert page.page.locator(".transcript li.chosen bdi").inner_text() == "all right then"


def test_without_sound_a_page_says_how_to_have_it(page: Opened) -> None:
    page.go("calls")
    page.go(f"call/{call_id(page, STEREO_CALL.name)}")
    assert page.page.locator("audio").count() == 0
    assert "--audio embed" in page.text


@pytest.mark.parametrize("audio", ["embed", "link"])
def test_a_clip_plays(browser: Any, database: Path, audio: Any) -> None:
    path = written(database, f"{audio}.html", "call", "heard-1", audio=audio)
    with opened(browser, path) as page:
        page.page.locator(".transcript button").nth(1).click()
        page.until("document.querySelector('audio').currentTime > 2.7")
        assert page.complaints == []
        assert all(address.startswith(("file:", "blob:")) for address in page.requests)


def test_the_sound_is_ready_at_the_moment_that_was_opened(browser: Any, database: Path) -> None:
    with opened(browser, written(database, "at.html", "agent", "Zoe", audio="embed")) as page:
        page.page.locator(".card", has_text="Worst moments").locator("a.moment").first.click()
        page.until("Math.abs(document.querySelector('audio').currentTime - 2.6) < 0.1")
        assert page.page.evaluate("document.querySelector('audio').paused")


def test_of_calls_that_can_not_be_heard_the_page_says_how_many_and_why(browser: Any, database: Path) -> None:
    with opened(browser, written(database, "some.html", audio="link"), "calls") as page:
        note = "151 of 152 calls can’t be heard: 151 recordings moved or deleted."
        assert note in page.text
        page.page.get_by_role("combobox", name="Show").select_option("not to be heard")
        page.page.get_by_text("The first 100 of 151, out of 152").wait_for()
        evil = call_id(page, "evil.wav")
        page.go("overview")
        assert note in page.text
        page.go(f"call/{evil}")
        assert "This call can’t be heard: recording moved or deleted." in page.text
        assert page.page.locator("audio").count() == 0


def sides_in(folder: Path) -> list[Path]:
    """The two sides of a call in a file each."""
    sound = decode(STEREO_CALL).samples
    return [write_audio(folder / f"{number}.wav", side[None]) for number, side in enumerate(sound)]


@pytest.mark.parametrize("left", [[], [0], [1]])
def test_a_player_whose_recording_went_after_the_page_was_made_says_so_and_does_not_look_playable(
    browser: Any, tmp_path: Path, left: list[int]
) -> None:
    files = sides_in(tmp_path)
    with open_db(tmp_path / "callmood.duckdb") as con:
        write_call(con, 1, None, with_files(make_call(duration_s=22.8), *files))
    report = written(tmp_path / "callmood.duckdb", "later.html", audio="link")
    for number, file in enumerate(files):
        if number not in left:
            file.unlink()
    with opened(browser, report, "calls") as page:
        page.page.locator("tbody").get_by_role("link").first.click()
        gone = "One side of this call can’t be played" if left else "This call can’t be played"
        page.page.get_by_text(f"{gone}: its recording was moved or deleted").wait_for()
        assert page.page.locator("audio").count() == page.page.locator("audio[controls]").count() == len(left)
        page.page.locator(".transcript button").nth(1).click()
        if left:
            page.until("document.querySelector('audio').currentTime > 2")
        else:
            assert "Choose a time to mark what is said" in page.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, report: Path, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    with opened(browser, report, "calls", color_scheme=scheme) as page:
        heard = call_id(page, STEREO_CALL.name)
        for route in ("overview", "calls", "search", "about", f"group/{AGENTS[0]}", f"call/{heard}/2.6"):
            page.go(route)
            found = axe.Axe().run(page.page).response["violations"]
            serious = [
                (route, one["id"], one["nodes"][0]["html"])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == []


def test_a_page_of_one_call_opens_on_it(browser: Any, database: Path) -> None:
    with opened(browser, written(database, "one.html", "call", "heard-1")) as page:
        assert page.page.locator("h1").inner_text() == STEREO_CALL.name
        assert "evil" not in page.page.content()


def test_one_call_is_not_calls_on_the_page(browser: Any, database: Path) -> None:
    with opened(browser, written(database, "single.html", "agent", "Zoe")) as page:
        for route in ("", "overview", "calls", "about"):
            page.go(route)
            assert re.findall(r"\b1 (?:calls|segments|scored segments|recordings)\b", page.text) == []


def test_a_page_of_one_agent_has_no_others_words_or_names(browser: Any, database: Path) -> None:
    with opened(browser, written(database, "hugo.html", "agent", "hugo")) as page:
        assert page.page.locator("h1").inner_text() == "Hugo"
        assert "All other agents" in page.text
        assert "Anna" not in page.page.content()


@pytest.mark.parametrize("by", ["queue", "day", "customer"])
def test_a_page_can_be_by_queue_day_or_customer(browser: Any, database: Path, by: str) -> None:
    with opened(browser, written(database, f"{by}.html", by)) as page:
        assert page.page.get_by_role("table", name=f"{by.capitalize()}s side by side").count() == 1
        assert page.complaints == []


def test_many_calls_become_a_start_page_and_a_folder_of_pages(
    browser: Any, database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("callmood.reports.page.write.CALLS_A_FILE", 60)
    copy = tmp_path / "callmood.duckdb"
    shutil.copyfile(database, copy)
    start = written(copy, "many.html")
    assert len(list((tmp_path / "many_pages").iterdir())) == 3
    with opened(browser, start) as page:
        page.page.locator(".card", has_text="Worst moments").locator("a.moment").first.click()
        page.page.locator(".transcript li.chosen.upset").wait_for()
        assert "/many_pages/" in page.page.url
        page.page.get_by_role("link", name="Overview").click()
        page.page.get_by_role("heading", name="How the calls went").wait_for()
        assert page.complaints == []


def test_a_page_prints_what_is_shown_without_buttons(page: Opened) -> None:
    page.page.emulate_media(media="print")
    assert not page.page.locator("#top").is_visible()
    assert page.page.locator("main figure svg").first.is_visible()
    assert page.page.pdf()[:4] == b"%PDF"
