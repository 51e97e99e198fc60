"""What a page costs: how long it takes to make and to open, how large it is, how much memory the browser needs.

Makes a database of made calls (tests/many_calls.py), the page of it, and opens that in a headless Chromium, which
`pip install '.[test]'` and `apt-get install chromium` bring.

python benchmarks/page.py --calls 2000 --calls 20000
"""

from __future__ import annotations

import argparse
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

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def measured(calls: int, folder: Path, turns: int) -> str:
    """A line of the table for so many calls."""
    database, file = folder / f"{calls}.duckdb", folder / f"{calls}.html"
    write_database(database, calls, turns=turns)
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
    options = parser.parse_args()
    heads = ("calls", "files", "start page, MB", "all, MB", "made in s", "peak GB")
    print(f"| {' | '.join((*heads, 'opens in s', 'sorts in s', 'call in s', 'heap MB'))} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for calls in options.calls or [2000]:
            print(measured(calls, Path(folder), options.turns), flush=True)


if __name__ == "__main__":
    main()
