"""A full disk: for the database while a scan writes it, and for a report that replaces an older one.

The small disk is a tmpfs in a mount namespace of its own, which ends with the command that runs in it.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from fault_kinds.harness import (
    COMMAND,
    Done,
    Plan,
    Result,
    Tables,
    differences,
    environment,
    make_calls,
    run,
    stored,
    tables,
)
from fault_kinds.stopping import SCAN

SIZES_KB = (4, 8, 40, 64, 100, 200, 300, 500, 700, 1024, 1500, 2300, 3000)
SMALL_SCAN = (*SCAN[:3], "small/calls.duckdb", *SCAN[4:])


def disk(plan: Plan) -> list[Result]:
    if not _can_mount(plan):
        return [Result("full disk", 0, note="needs root or user namespaces, and tmpfs")]
    place = plan.place("disk_undisturbed")
    make_calls(place / "calls")
    run(place, *SCAN)
    expected = tables(place / "calls.duckdb")
    sizes = SIZES_KB[:: max(1, round(1 / plan.scale))]
    scans = plan.each(lambda size: _scan(plan, size, expected), sizes)
    formats = ("json", "csv", "md", "parquet")
    reports = [_report(plan, place, ending, size) for ending in formats for size in (8, 12)]
    reports += [_standard_output(plan, place, ending) for ending in ("table", "json", "csv", "markdown")]
    return [
        Result("full disk for the database, then resumed", len(sizes), scans),
        Result("full disk for a report", len(reports), [one for found in reports for one in found]),
    ]


def _scan(plan: Plan, size_kb: int, expected: Tables) -> list[str]:
    place = plan.place(f"disk_{size_kb}")
    make_calls(place / "calls")
    done = _on_small_disk(place, size_kb, SMALL_SCAN, "cp small/calls.duckdb* . 2>/dev/null")
    found = done.problems({0, 1, 3})
    if done.code == 1 and "disk" not in done.err.lower():
        found.append(f"does not name the disk: {done.err.strip()[-200:]!r}")
    found += stored(place / "calls.duckdb", done.out, expected)
    again = run(place, *SCAN)
    found += again.problems({0})
    if again.code == 0:
        found += differences(tables(place / "calls.duckdb"), expected)
    return plan.keep(place, f"disk_{size_kb}", found)


def _report(plan: Plan, source: Path, ending: str, size_kb: int) -> list[str]:
    place = plan.place(f"disk_report_{ending}_{size_kb}")
    database = source / "calls.duckdb"
    argv = ("report", "--call", "--db", str(database), "--output", f"small/report.{ending}")
    before = f"echo old > small/report.{ending}; head -c 100000 /dev/zero > small/fill 2>/dev/null"
    done = _on_small_disk(place, size_kb, argv, "cp -r small after", before)
    found = done.problems({0, 1})
    after = place / "after"
    if done.code != 0 and (after / f"report.{ending}").read_bytes() != b"old\n":
        found.append("the old report is gone")
    rest = {path.name for path in after.iterdir()} - {f"report.{ending}", "fill"}
    if rest:
        found.append(f"left: {rest}")
    return plan.keep(place, place.name, found)


def _standard_output(plan: Plan, source: Path, kind: str) -> list[str]:
    place = plan.place(f"disk_output_{kind}")
    argv = ("report", "--call", "--format", kind, "--db", str(source / "calls.duckdb"))
    script = f"{shlex.join([*COMMAND, *argv])} > /dev/full"
    return plan.keep(place, place.name, _shell(place, argv, ["sh", "-c", script]).problems({1}))


def _on_small_disk(place: Path, size_kb: int, argv: Sequence[str], after: str, before: str = "true") -> Done:
    script = (
        f"mkdir small && mount -t tmpfs -o size={size_kb}k tmpfs small && {{ {before}; "
        f"{shlex.join([*COMMAND, *argv])}; code=$?; {after}; exit $code; }}"
    )
    return _shell(place, argv, ["unshare", "-rm", "sh", "-c", script])


def _shell(place: Path, argv: Sequence[str], command: Sequence[str]) -> Done:
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=place, env=environment(place), stdin=subprocess.DEVNULL, capture_output=True, timeout=300
    )
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    (place / "out").write_text(out, encoding="utf-8")
    (place / "err").write_text(err, encoding="utf-8")
    return Done(argv, done.returncode, out, err, time.monotonic() - began, 0)


def _can_mount(plan: Plan) -> bool:
    place = plan.place("disk_try")
    try:
        command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(place)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
