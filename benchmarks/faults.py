"""What callmood does when it is killed, stopped, out of disk, or fed what is damaged or hostile.

    python benchmarks/faults.py [KIND ...] [--seed 1] [--scale 1.0] [--keep FOLDER] [--jobs 2]

Parent, search, database, processes, decoding and the command line are the program's own; only a scan's models are
small ones without torch (``fault_kinds/models.py``), so that a scan takes a second or two. All of it takes about half
an hour on two idle cores (reckoned from --scale 0.1, which is a quick look). The same seed makes the same inputs, and
the same moments as far as moments repeat.

Prints a table. What failed stays in the folder, with the output, the database and a line each that says what to run.
Some tests need Linux; those of a full disk need root or user namespaces.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from fault_kinds.harness import Plan, Result

KINDS: Final = {
    "kill": "stopping:kills",
    "signal": "stopping:signals",
    "disk": "disk:disk",
    "damage": "databases:databases",
    "fuzz": "fuzz:fuzz",
    "tables": "inputs:side_tables",
    "names": "inputs:names",
    "playlists": "inputs:playlists",
    "changing": "inputs:changing",
    "sharing": "inputs:sharing",
}
"""Module and function of each kind."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="Share of the repetitions.")
    parser.add_argument("--keep", type=Path, help="Folder for all that is written (default: a new one).")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    folder = (arguments.keep or Path(tempfile.mkdtemp(prefix="faults-"))).absolute()
    plan = Plan(arguments.seed, arguments.scale, folder, arguments.jobs)
    results: list[Result] = []
    print("| test | count | seed | result |\n|---|---:|---:|---|", flush=True)
    for kind in arguments.kinds or KINDS:
        module, _, function = KINDS[kind].partition(":")
        began = time.monotonic()
        found = getattr(importlib.import_module(f"fault_kinds.{module}"), function)(plan)
        for result in found:
            print(_row(result, plan.seed), flush=True)
        print(f"{kind}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        results += found
    failures = [failure for result in results for failure in result.failures]
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"\n{sum(result.count for result in results)} tests, {len(failures)} failures. Folder: {folder}")
    return 1 if failures else 0


def _row(result: Result, seed: int) -> str:
    verdict = f"**{len(result.failures)} FAIL**" if result.failures else "pass" if result.count else "skipped"
    return f"| {result.test} | {result.count} | {seed} | {verdict}{': ' * bool(result.note)}{result.note} |"


if __name__ == "__main__":
    sys.exit(main())
