"""Make the pictures of the page in README.md, of made calls and of the sample calls.

    .venv/bin/python tests/many_calls.py made.duckdb --calls 400
    .venv/bin/callmood categorize --db made.duckdb
    .venv/bin/callmood scan tests/data/calls --db sample.duckdb
    .venv/bin/python tests/make_pictures.py made.duckdb sample.duckdb

It needs Chromium, as the tests of the page do.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from browser import chromium, opened

import callmood

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 1160


def page_of(database: str, folder: Path, audio: Any) -> Path:
    file = folder / f"{Path(database).stem}.html"
    with callmood.open(database) as db:
        db.write_page(file, audio=audio)
    return file


def picture(page: Any, name: str, height: int) -> None:
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.wait_for_timeout(300)  # the timeline is drawn anew
    page.screenshot(path=DOCS / f"page-{name}.png")


def main(made: str, sample: str) -> None:
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        with opened(browser, page_of(made, Path(name), "none")) as found:
            picture(found.page, "overview", 760)
            found.page.get_by_label("Category by agent").select_option("complaint")
            found.page.set_viewport_size({"width": WIDTH, "height": 960})
            found.page.get_by_role("heading", name="Categories by agent").evaluate(
                "it => it.scrollIntoView()"
            )
            picture(found.page, "categories", 640)
        with opened(browser, page_of(sample, Path(name), "embed")) as found:
            found.page.locator(".card", has_text="Worst moments").locator("a.moment").first.click()
            picture(found.page, "call", 960)


if __name__ == "__main__":
    main(*sys.argv[1:])
