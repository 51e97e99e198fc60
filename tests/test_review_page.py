"""The review page in a real browser: heard, said and saved with the keyboard alone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factory import make_call
from test_review import ANGRY, lines, store, write_sound

from callmood.review import ReviewServer, Session
from callmood.store import Connection, open_db, rows

chromium = pytest.importorskip("browser").chromium
HOSTILE = "<script>window.hurt = 1</script> “quotes” & שלום"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def server(db: Connection, db_path: Path, tmp_path: Path) -> Iterator[ReviewServer]:
    """A call of six segments, to be heard from its beginning."""
    path = tmp_path / "call.wav"
    write_sound(path)
    said = lines(6, ANGRY)
    said[1] = (*said[1][:3], HOSTILE, ANGRY)
    store(db, make_call(said, path=path))
    db.close()
    with ReviewServer(Session(db_path, "ben", "call.wav")) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Any, server: ReviewServer) -> Iterator[Any]:
    """The page, open; the test fails if it complains or asks anybody else for anything."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address)
    page.locator("#item").wait_for()
    yield page
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(server.address)] == []


def said(db_path: Path) -> list[tuple[Any, ...]]:
    with open_db(db_path, read_only=True) as con:
        return rows(con, "SELECT start_s, label, text, said_by, role FROM review ORDER BY start_s")


def progress(page: Any, text: str) -> None:
    page.locator("#progress", has_text=text).wait_for()


def test_a_letter_saves_a_label_and_goes_on(page: Any, db_path: Path) -> None:
    page.keyboard.press("h")
    progress(page, "1 of 6")
    page.keyboard.press("u")
    progress(page, "2 of 6")
    page.keyboard.press("x")
    progress(page, "3 of 6")
    assert [label for _, label, *_ in said(db_path)] == ["happy", "surprised", None]


def test_enter_confirms_the_label_of_the_model(page: Any, db_path: Path) -> None:
    page.keyboard.press("Enter")
    progress(page, "1 of 6")
    assert said(db_path) == [(0, "neutral", None, None, None)]


def test_what_was_said_survives_a_reload(page: Any) -> None:
    page.keyboard.press("h")
    progress(page, "1 of 6")
    page.reload()
    progress(page, "1 of 6")
    page.keyboard.press("ArrowLeft")
    assert page.locator("[aria-pressed=true]").get_attribute("data-label") == "happy"


def test_words_and_speaker_are_corrected_with_the_keyboard(page: Any, db_path: Path) -> None:
    page.keyboard.press("e")
    page.locator("#text").fill("what was said")
    page.keyboard.press("Enter")
    page.locator("#speaker").select_option("1")
    page.locator("#where").click()
    page.keyboard.press("s")
    progress(page, "1 of 6")
    assert said(db_path) == [(0, "sad", "what was said", 1, "customer")]


def test_the_clip_plays(page: Any) -> None:
    heard = """sound => new Promise(done => {
        const look = () => sound.currentTime > 0.1 ? done(sound.duration) : requestAnimationFrame(look);
        look();
    })"""
    assert page.locator("#sound").evaluate(heard) == pytest.approx(1.8, abs=0.1)


def test_words_are_shown_as_text(page: Any) -> None:
    page.keyboard.press("ArrowRight")
    page.locator("#where", has_text="0:02").wait_for()
    assert page.locator("#words").text_content() == HOSTILE
    assert page.evaluate("window.hurt") is None
