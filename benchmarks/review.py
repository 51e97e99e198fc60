"""How long a label takes in `callmood review`, as far as a machine can tell: without the person who listens.

Makes recordings and a database, opens the page in a headless Chromium, and labels segments by one key each, as soon as
a clip was heard to its end, or at once. What is measured is the time from the key until the next clip plays. What is
left of 12 s a label, in which a hundred take twenty minutes, is for the person.

python benchmarks/review.py --calls 15 --minutes 5 --labels 100
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import mean, median

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from browser import chromium
from factory import feeling, make_call
from test_review import write_sound

from callmood.review import ReviewServer, Session
from callmood.store import open_db, start_scan, write_call

_BUDGET_S = 12.0
_MOODS = (
    feeling("neutral"),
    feeling("angry", 0.8),
    feeling("sad", 0.4, uncertain=True),
    feeling("happy", 0.6),
)
_NEXT_PLAYS = """key => new Promise(done => {
    const sound = document.getElementById("sound"), began = performance.now();
    sound.addEventListener("playing", () => done([performance.now() - began, sound.duration]), { once: true });
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
})"""
_HEARD = """() => new Promise(done => {
    const sound = document.getElementById("sound");
    if (sound.ended) return done();
    sound.addEventListener("ended", () => done(), { once: true });
})"""


def make_database(folder: Path, calls: int, minutes: float) -> Path:
    """Stereo recordings of telephone quality with a turn of 3 s every 20 s."""
    database = folder / "callmood.duckdb"
    with open_db(database) as con:
        scan = start_scan(con, {}, {}, {})
        for number in range(calls):
            path = folder / f"{number}.wav"
            write_sound(path, 60 * minutes)
            lines = [
                (turn % 2, 20.0 * turn, 20.0 * turn + 3.0, f"words {turn}", _MOODS[turn % len(_MOODS)])
                for turn in range(int(3 * minutes))
            ]
            call = make_call(lines, path.name, path=path)
            object.__setattr__(call.recording, "size_bytes", path.stat().st_size)
            write_call(con, scan, "model", call)
    return database


def label(address: str, labels: int, *, heard: bool) -> tuple[list[float], list[float]]:
    """For each label the seconds until the next clip plays, and the length of that clip."""
    waits, clips = [], []
    with chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        page.locator("#item").wait_for()
        for _ in range(labels):
            if heard:
                page.evaluate(_HEARD)
            waited_ms, clip_s = page.evaluate(_NEXT_PLAYS, "n")
            waits.append(waited_ms / 1000)
            clips.append(clip_s)
    return waits, clips


def measured(database: Path, labels: int, reviewer: str, *, heard: bool) -> str:
    """A line of the table."""
    cpu = time.process_time()
    with ReviewServer(Session(database, reviewer)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        waits, clips = label(server.address, labels, heard=heard)
        server.shutdown()
        thread.join()
    cpu_s = (time.process_time() - cpu) / labels
    waits.sort()
    left = _BUDGET_S - mean(clips) - mean(waits)
    return (
        f"| {'when it was heard' if heard else 'at once'} | {len(waits)} | {mean(clips):.1f} s | {median(waits):.2f} s "
        f"| {waits[int(0.95 * len(waits))]:.2f} s | {waits[-1]:.2f} s | {cpu_s:.2f} s | {left:.1f} s |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=15)
    parser.add_argument("--minutes", type=float, default=5.0, help="of each recording")
    parser.add_argument("--labels", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        database = make_database(Path(name), given.calls, given.minutes)
        print(
            "| key pressed | labels | clip | next clip plays after, median | 95 % | most | processor | left of 12 s |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for heard in (True, False):
            print(
                measured(database, given.labels, "heard" if heard else "at once", heard=heard),
                flush=True,
            )


if __name__ == "__main__":
    main()
