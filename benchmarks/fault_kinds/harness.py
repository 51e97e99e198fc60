"""Folders of calls, runs of the command, and what must hold after any fault."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

BENCHMARKS = Path(__file__).parent.parent
COMMAND = (sys.executable, str(BENCHMARKS / "fault_kinds" / "command.py"))
EXIT_CODES = {0, 1, 2, 3, 4, 130}
"""Those that the README documents."""
TIME_LIMIT_S = 120.0
CALLS = 8

Item = TypeVar("Item")
Found = TypeVar("Found")
Tables: TypeAlias = "dict[str, list[list[Any]]]"
"""Rows by table."""


@dataclass
class Result:
    """What came of one test."""

    test: str
    count: int
    failures: list[str] = field(default_factory=list)
    """A line each."""
    note: str = ""


@dataclass
class Plan:
    """What the command line asked for."""

    seed: int
    scale: float
    folder: Path
    """For everything that is written; what failed stays there."""
    jobs: int

    def count(self, whole: int) -> int:
        """How many of ``whole`` repetitions to do."""
        return max(1, round(whole * self.scale))

    def random(self, *name: object) -> random.Random:
        return random.Random(f"{self.seed} {name}")

    def place(self, name: str) -> Path:
        """A new folder."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def keep(self, place: Path, name: str, failures: Sequence[str]) -> list[str]:
        """``failures`` with the folder to which the state of ``place`` is copied, if there are any."""
        if not failures:
            return []
        kept = self.folder / "failures" / name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(place, kept, symlinks=True, ignore=shutil.ignore_patterns("home", "copy.duckdb*"))
        (kept / "failures.txt").write_text("\n".join(failures) + "\n", encoding="utf-8")
        return [f"{failure} [{kept}]" for failure in failures]

    def each(self, work: Callable[[Item], list[Found]], items: Sequence[Item]) -> list[Found]:
        """What ``work`` finds in all items, ``jobs`` at a time."""
        with ThreadPoolExecutor(self.jobs) as pool:
            return [one for found in pool.map(work, items) for one in found]


def make_calls(folder: Path, count: int = CALLS, seed: int = 1) -> Path:
    """Short stereo calls of two agents, as WAV at 8 kHz; the same seed gives the same bytes."""
    for number in range(count):
        agent = folder / ("anna", "ben")[number % 2]
        agent.mkdir(parents=True, exist_ok=True)
        path = agent / f"call_{number:02d}.wav"
        write_wav(path, seconds=2.0 + number % 3, seed=seed * 1000 + number)
        settle(path)
    return folder


def settle(path: Path) -> None:
    """Date a file back, because one that has just changed may still be written."""
    os.utime(path, (path.stat().st_mtime - 3600,) * 2)


def write_wav(path: Path, seconds: float, seed: int, channels: int = 2) -> None:
    """Noise whose loudness changes, which is all that the small models look at."""
    source = np.random.default_rng(seed)
    frames = int(seconds * 8000)
    loudness = np.repeat(source.uniform(0.02, 0.5, (frames // 800 + 1, channels)), 800, axis=0)[:frames]
    samples = source.uniform(-1, 1, (frames, channels)) * loudness
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


@dataclass
class Done:
    """A finished run of the command."""

    argv: Sequence[str]
    code: int
    out: str
    err: str
    seconds: float
    pid: int

    def problems(self, codes: set[int] | None = None) -> list[str]:
        """What no run may do: a traceback, an exit code that is not documented, or other than ``codes``."""
        found = []
        if "Traceback" in self.err or "panicked at" in self.err or "Exception ignored" in self.err:
            found.append("traceback")
        if self.code not in (codes or EXIT_CODES):
            found.append(f"exit code {self.code}")
        last = self.err.strip().splitlines()[-1:] or ["nothing said"]
        return [f"{problem}: {shlex.join(self.argv)}: {last[0][:200]}" for problem in found]


def environment(place: Path, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CALLMOOD_")}
    home = place / "home"
    home.mkdir(exist_ok=True)
    return {
        **clean,
        "HOME": str(home),
        "PYTHONPATH": str(BENCHMARKS),
        "OMP_NUM_THREADS": "1",
        "PYTHONFAULTHANDLER": "",
        **more,
    }


def start(place: Path, argv: Sequence[str], **more: str) -> subprocess.Popen[bytes]:
    """The command, in ``place`` and in a session of its own; its output goes to files there."""
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        return subprocess.Popen(
            [*COMMAND, *argv],
            cwd=place,
            env=environment(place, **more),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )


def finish(place: Path, process: subprocess.Popen[bytes], argv: Sequence[str], began: float) -> Done:
    """Wait for the command; what takes too long is killed, which is a problem of its own."""
    try:
        process.wait(timeout=TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        kill_session(process.pid)
        process.wait()
    out, err = ((place / name).read_bytes().decode(errors="replace") for name in ("out", "err"))
    return Done(argv, process.returncode, out, err, time.monotonic() - began, process.pid)


def run(place: Path, *argv: str, **more: str) -> Done:
    """Run the command with ``argv`` in ``place`` to its end."""
    began = time.monotonic()
    return finish(place, start(place, argv, **more), argv, began)


def wait_until_ready(process: subprocess.Popen[bytes], file: Path) -> None:
    """Wait until the command handles signals; before that, a signal meets Python alone."""
    while process.poll() is None and not file.exists():
        time.sleep(0.002)


def session(pid: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, _, _, leader = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(leader) == pid and state != "Z":
                    found.append(int(entry.name))
    return found


def kill_session(pid: int) -> None:
    for one in session(pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def left_behind(pid: int, wait_s: float = 10.0) -> list[str]:
    """What still runs of a session after ``wait_s``, as failures."""
    deadline = time.monotonic() + wait_s
    while session(pid):
        if time.monotonic() > deadline:
            kill_session(pid)
            return ["a process was left"]
        time.sleep(0.02)
    return []


PASSING = {"scan_id", "transcribed_in", "seen_at", "applied_at", "mtime_ns", "stored_at"}
"""Columns that differ between two scans of the same calls."""


def tables(database: Path) -> Tables:
    """The rows of all tables, without what differs between two scans of the same calls.

    They are read from a copy, so that what a killed scan left is still there for the next. Raises duckdb.Error.
    """
    import duckdb

    copy = database.with_name("copy.duckdb")
    for suffix in ("", ".wal"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy(f"{database}{suffix}", f"{copy}{suffix}")
    found = {}
    with duckdb.connect(str(copy)) as con:
        columns = con.execute(
            "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
            "JOIN duckdb_tables() USING (table_oid, table_name) GROUP BY table_name ORDER BY table_name"
        ).fetchall()
        for table, names in columns:
            if table in ("scan", "migration", "file_hash"):
                continue
            wanted = ", ".join(f'"{name}"' for name in names if name not in PASSING)
            rows = con.execute(f'SELECT {wanted} FROM "{table}"').fetchall()
            found[table] = sorted(
                ([_without(database.parent, value) for value in row] for row in rows), key=repr
            )
    return found


def _without(folder: Path, value: Any) -> Any:
    return value.replace(str(folder), "") if isinstance(value, str) else value


def differences(found: Tables, expected: Tables) -> list[str]:
    """In which tables a finished database differs from an undisturbed one."""
    return [
        f"table {name} differs ({len(found.get(name, []))} rows for {len(rows)})"
        for name, rows in expected.items()
        if found.get(name) != rows
    ]


def stored(database: Path, output: str, expected: Tables) -> list[str]:
    """What is wrong with a database that a stopped scan left: unreadable, half a call, or a call lost.

    ``output`` is what ``scan --json`` has printed: whatever it calls done must be stored.
    """
    reported = set()
    for line in output.splitlines():
        with suppress(json.JSONDecodeError):
            one = json.loads(line)
            if one.get("state") == "done":
                reported.add(one["recording"])
    if not database.exists():
        return [f"lost: {len(reported)} calls"] if reported else []
    try:
        found = tables(database)
    except Exception as error:
        return [f"unreadable: {error}"]
    present = {row[0] for row in found.get("recording", [])}
    problems = [f"lost: {one}" for one in reported - present]
    for name in ("segment", "word", "speaker"):
        # the scores of agents change once more at the end of a scan, so that of these only the number is compared
        whole, here = ([row for row in table[name] if row[0] in present] for table in (expected, found))
        if len(here) != len(whole) or (name == "word" and here != whole):
            problems.append(f"torn: {name} has {len(here)} rows for {len(whole)}")
        if len(found[name]) > len(here):
            problems.append(f"torn: {name} has rows of no recording")
    return problems
