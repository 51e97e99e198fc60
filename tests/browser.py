"""A headless Chromium for tests of pages, where there is one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass
class Opened:
    """A page in a browser, with what it said on the console and what it asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, route: str) -> None:
        """To a view: what stands after the # in the address."""
        self.page.evaluate(
            """route => new Promise(done => {
                if (location.hash.slice(1) === route) return done();
                addEventListener("hashchange", () => done(), { once: true });
                location.hash = route;
            })""",
            route,
        )

    def until(self, condition: str, tries: int = 400) -> None:
        """Waits for an expression to be true; Playwright's own waiting evaluates text, which the policy forbids."""
        for _ in range(tries):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not within {tries} tries: {condition}")

    @property
    def text(self) -> str:
        return str(self.page.locator("main").inner_text())


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; skips the test where Playwright or Chromium is not installed."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install '.[test]'"
    )
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on the path: apt-get install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=program, args=["--autoplay-policy=no-user-gesture-required", "--no-sandbox"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, file: Path, route: str = "", **options: Any) -> Iterator[Opened]:
    """A file of this machine in a new window."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.goto(f"{file.as_uri()}#{route}")
    try:
        yield found
    finally:
        context.close()
