"""What a page costs: how long it takes to make and to open, how large it is, how much memory the browser needs.

Makes a database of made calls (tests/many_calls.py), the page of it, and opens that in a headless Chromium, which
`pip install '.[test]'` and `apt-get install chromium` bring.

python benchmarks/page.py --calls 2000 --calls 20000
python benchmarks/page.py --calls 20000 --about    with topics, and with categories drawn at random
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from many_calls import write_database
from playwright.sync_api import Page, sync_playwright

import callmood
from callmood.model.networks.minilm import sentence_encoder
from callmood.search.categories import included, read_categories
from callmood.search.vectors import ENCODER, as_bytes
from callmood.store import open_db, rows
from callmood.store.categories import Member, write_members
from callmood.store.meanings import call_texts, write_vectors

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def measured(calls: int, folder: Path, turns: int, about: bool) -> str:
    """A line of the table for so many calls. ``about``: whether they have topics and categories."""
    database, file = folder / f"{calls}.duckdb", folder / f"{calls}.html"
    write_database(database, calls, turns=turns)
    if about:
        add_topics_and_categories(database)
    began = time.perf_counter()
    with callmood.open(database) as db:
        written = db.write_page(file)
    made_s = time.perf_counter() - began
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    opened_s, sorted_s, call_s, memory_mb = _opened(file)
    start_mb = file.stat().st_size / 1e6
    return (
        f"| {calls:,} | {len(written.files)} | {start_mb:.1f} | {written.size_bytes / 1e6:.1f} | {made_s:.1f} | "
        f"{peak_gb:.1f} | {opened_s:.2f} | {sorted_s:.2f} | {call_s:.2f} | {memory_mb:.0f} |"
    )


def add_topics_and_categories(database: Path) -> None:
    """Make calls searchable, each sentence encoded once, and give each some categories at random."""
    chance, vectors, encode = random.Random(0), dict[str, bytes](), sentence_encoder()
    names = list(read_categories(included(), "categories.toml"))
    with open_db(database) as con:
        ids = [recording for (recording,) in rows(con, "SELECT id FROM recording ORDER BY id")]
        for start in range(0, len(ids), 1000):
            calls = call_texts(con, ids[start : start + 1000])
            new = list(dict.fromkeys(text for call in calls for text in call.texts if text not in vectors))
            if new:
                vectors |= zip(new, (row.tobytes() for row in as_bytes(encode(new))), strict=True)
            write_vectors(
                con, ENCODER, [(call, b"".join(vectors[text] for text in call.texts)) for call in calls]
            )
            found = [
                Member(call.recording_id, 0, name, "words", None)
                for call in calls
                for name in chance.sample(names, chance.randrange(4))
            ]
            write_members(con, "made", [call.recording_id for call in calls], found)


def _opened(file: Path) -> tuple[float, float, float, float]:
    """Seconds until the overview is there, until calls are sorted, until the worst call is; megabytes of its heap."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(file.as_uri())
        page.get_by_role("heading", name="How the calls went").wait_for()
        opened_s = time.perf_counter() - began
        page.get_by_role("link", name="Calls", exact=True).click()
        sorted_s = _timed(page, "button:has-text('Length')", "th[aria-sort=descending]:has-text('Length')")
        page.get_by_role("link", name="Overview").click()
        memory = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        call_s = _timed(page, "a.moment", ".transcript li.chosen")
        browser.close()
    return opened_s, sorted_s, call_s, memory


def _timed(page: Page, click: str, until: str) -> float:
    began = time.perf_counter()
    page.locator(click).first.click()
    page.locator(until).first.wait_for()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, action="append", help="how many; may be given several times")
    parser.add_argument("--turns", type=int, default=12, help="of each speaker")
    parser.add_argument("--about", action="store_true", help="with topics and categories")
    options = parser.parse_args()
    heads = ("calls", "files", "start page, MB", "all, MB", "made in s", "peak GB")
    print(f"| {' | '.join((*heads, 'opens in s', 'sorts in s', 'call in s', 'heap MB'))} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for calls in options.calls or [2000]:
            print(measured(calls, Path(folder), options.turns, options.about), flush=True)


if __name__ == "__main__":
    main()
