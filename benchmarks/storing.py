"""What storing calls costs a scan, beside its models: CPU time and wall time a call, and segments a second.

Makes calls as a scan would give them, with words, and stores them as it does, so many at a time, each time
in a database that is opened for it and closed again.

python benchmarks/storing.py --together 1 --together 256
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from factory import feeling, make_call

from callmood.call import Call
from callmood.store import start_scan, write_calls, writing

_WORDS = "the number on the letter of the order is not right"
_MOODS = (
    feeling("neutral"),
    feeling("angry", 0.8),
    feeling("sad", 0.4, uncertain=True),
    feeling("happy", 0.6),
)


def made_call(number: int, segments: int) -> Call:
    """A call in which two speakers take turns."""
    chance = np.random.default_rng(number)
    starts = 4 * np.arange(segments) + chance.uniform(0, 1.5, segments)
    call: Call = make_call(
        [
            (turn % 2, float(start_s), float(start_s + 3), _WORDS, _MOODS[chance.integers(len(_MOODS))])
            for turn, start_s in enumerate(starts)
        ],
        f"storing-{number}.wav",
        agent=f"agent {number % 20}",
        baselines={who: (tuple(chance.normal(size=8)), segments // 2) for who in (0, 1)},
    )
    return call


def store(db: Path, calls: Sequence[Call], together: int) -> tuple[float, float]:
    """CPU seconds and seconds of storing the calls, ``together`` at a time."""
    with writing(db) as con:
        scan = start_scan(con, {}, {}, {})
    began, cpu_began = time.perf_counter(), time.process_time()
    for first in range(0, len(calls), together):
        with writing(db) as con:
            write_calls(con, scan, "model", calls[first : first + together])
    return time.process_time() - cpu_began, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--together", type=int, action="append", help="calls; may be given several times")
    parser.add_argument("--segments", type=int, action="append", help="of a call; may be given several times")
    parser.add_argument("--transactions", type=int, default=10)
    parser.add_argument("--db", type=Path, help="a database to store into a copy of, in place of a new one")
    given = parser.parse_args()
    print("| segments of a call | calls together | CPU ms a call | ms a call | segments a second |")
    print("|---:|---:|---:|---:|---:|")
    for segments in given.segments or [10]:
        for together in given.together or [1, 64, 256]:
            calls = [made_call(number, segments) for number in range(together * given.transactions)]
            with tempfile.TemporaryDirectory() as folder:
                db = Path(folder) / "calls.duckdb"
                if given.db:
                    shutil.copy(given.db, db)
                cpu_s, wall_s = store(db, calls, together)
            print(
                f"| {segments} | {together} | {1000 * cpu_s / len(calls):.1f} | {1000 * wall_s / len(calls):.1f} | "
                f"{len(calls) * segments / wall_s:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
