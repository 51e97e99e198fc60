"""Scans that are stopped at random moments, by kills and by signals, and go on until all is stored."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from fault_kinds.harness import (
    COMMAND,
    Done,
    Plan,
    Result,
    Tables,
    differences,
    environment,
    finish,
    kill_session,
    left_behind,
    make_calls,
    run,
    session,
    start,
    stored,
    tables,
    wait_until_ready,
)

SCAN = ("scan", "calls", "--db", "calls.duckdb", "--device", "cpu", "--workers", "1", "--json")

Stop: TypeAlias = Callable[[int, random.Random], None]
"""Stops the command with the given process id, which also is the id of its session."""


def kills(plan: Plan) -> list[Result]:
    return [
        stopped_scans(plan, "kill -9 of all processes", 200, lambda pid, _: kill_session(pid), {0, -9}),
        stopped_scans(plan, "kill -9 of the parent", 20, lambda pid, _: _send(pid, signal.SIGKILL), {0, -9}),
        stopped_scans(plan, "kill -9 of a worker", 20, _kill_worker, {0}),
    ]


def signals(plan: Plan) -> list[Result]:
    found = [
        stopped_scans(plan, f"{number.name} to the command", 20, _sender(number), {0, 130})
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ]
    found += [
        stopped_scans(plan, "Ctrl-C", 20, lambda pid, _: _send_all(pid, signal.SIGINT), {0, 130}),
        stopped_scans(plan, "closed terminal", 10, lambda pid, _: _send_all(pid, signal.SIGHUP), {0, 130}),
        stopped_scans(plan, "Ctrl-C twice", 10, _twice, {0, 130}),
        _other_commands(plan),
        _broken_pipes(plan),
    ]
    return found


def stopped_scans(plan: Plan, test: str, whole: int, stop: Stop, codes: set[int]) -> Result:
    """``whole`` stops, in chains of scans that go on until all is stored: then the tables must be as undisturbed."""
    count = plan.count(whole)
    name = "".join(letter if letter.isalnum() else "_" for letter in test)
    place = plan.place(f"{name}_undisturbed")
    make_calls(place / "calls")
    undisturbed = run(place, *SCAN)
    if undisturbed.code != 0:
        return Result(test, 0, plan.keep(place, name, undisturbed.problems({0}) or ["the scan failed"]))
    expected = tables(place / "calls.duckdb")
    chains = min(plan.jobs, count)

    def chain(number: int) -> tuple[int, list[str]]:
        stops = len(range(number, count, chains))
        return _chain(plan, f"{name}_{number}", stop, stops, codes, expected, undisturbed.seconds)

    results = plan.each(lambda number: [chain(number)], range(chains))
    rounds = sum(finished for finished, _ in results)
    return Result(
        test, count, [one for _, failures in results for one in failures], f"{rounds} scans came to their end"
    )


def _chain(
    plan: Plan, name: str, stop: Stop, stops: int, codes: set[int], expected: Tables, whole_s: float
) -> tuple[int, list[str]]:
    source, place = plan.random(name), plan.place(name)
    make_calls(place / "calls")
    database, failures, hit, finished = place / "calls.duckdb", list[str](), 0, 0
    while hit < stops or database.exists():
        done, was_hit = _stopped_run(place, stop if hit < stops else None, source, whole_s)
        hit += was_hit
        found = done.problems(codes if was_hit else {0}) + left_behind(done.pid)
        if done.code == 130 and sum(line.startswith("Stopped") for line in done.err.splitlines()) != 1:
            found.append(f"not one sentence: {done.err[-300:]!r}")
        if done.code == 0:
            finished += 1
            found += differences(tables(database), expected)
        else:
            found += stored(database, done.out, expected)
        failures += plan.keep(place, f"{name}_{hit}", found)
        if done.code == 0 or found:
            for suffix in ("", ".wal"):
                Path(f"{database}{suffix}").unlink(missing_ok=True)
    return finished, failures


def _stopped_run(place: Path, stop: Stop | None, source: random.Random, whole_s: float) -> tuple[Done, bool]:
    """A scan, and whether it still ran when it was to be stopped, at a moment between 0 and ``whole_s``."""
    began, ready = time.monotonic(), place / "ready"
    ready.unlink(missing_ok=True)
    process = start(place, SCAN, FAULTS_READY=str(ready))
    was_hit = False
    if stop is not None:
        wait_until_ready(process, ready)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=source.uniform(0, whole_s))
        was_hit = process.poll() is None
        if was_hit:
            stop(process.pid, source)
    return finish(place, process, SCAN, began), was_hit


def _sender(number: signal.Signals) -> Stop:
    return lambda pid, _: _send(pid, number)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _send_all(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _twice(pid: int, source: random.Random) -> None:
    _send_all(pid, signal.SIGINT)
    time.sleep(source.uniform(0, 0.2))
    _send_all(pid, signal.SIGINT)


def _kill_worker(pid: int, source: random.Random) -> None:
    workers = [one for one in session(pid) if "spawn_main" in _command_line(one)]
    if workers:
        _send(source.choice(workers), signal.SIGKILL)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _other_commands(plan: Plan) -> Result:
    """Reports and corrections, which are over in a moment, and a search of many files."""
    place = plan.place("other_commands")
    make_calls(place / "calls")
    run(place, *SCAN)
    call = tables(place / "calls.duckdb")["recording"][0][0]
    commands = (
        ("report", "--agent", "--db", "calls.duckdb"),
        ("report", "--call", "--format", "json", "--db", "calls.duckdb"),
        ("correct", str(call), "0", "angry", "--db", "calls.duckdb"),
        ("doctor",),
    )
    source, failures, count = plan.random("other commands"), list[str](), plan.count(30)
    for number in range(count):
        argv, ready, began = commands[number % len(commands)], place / "ready", time.monotonic()
        ready.unlink(missing_ok=True)
        process = start(place, argv, FAULTS_READY=str(ready))
        wait_until_ready(process, ready)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=source.uniform(0, 1.5))
        _send_all(process.pid, source.choice((signal.SIGINT, signal.SIGTERM)))
        found = finish(place, process, argv, began).problems({0, 1, 130}) + left_behind(process.pid)
        failures += plan.keep(place, f"other_commands_{number}", found)
    return Result("signals to report, correct, doctor", count, failures)


def _broken_pipes(plan: Plan) -> Result:
    """Output into a pipe whose reader goes away after a line."""
    place = plan.place("broken_pipes")
    make_calls(place / "calls")
    failures: list[str] = []
    lines = (
        SCAN,
        ("report", "--call", "--db", "calls.duckdb"),
        ("report", "--call", "--format", "json", "--db", "calls.duckdb"),
        ("report", "--agent", "--format", "csv", "--db", "calls.duckdb"),
    )
    for number, argv in enumerate(lines):
        began = time.monotonic()
        with (place / "err").open("wb") as err:
            process = subprocess.Popen(
                [*COMMAND, *argv], cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=err,
                start_new_session=True,
            )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        (place / "out").write_bytes(b"")
        done = finish(place, process, argv, began)
        found = done.problems({0, 1}) + left_behind(process.pid)
        if "BrokenPipe" in done.err:
            found.append(f"said: {done.err[-200:]!r}")
        failures += plan.keep(place, f"broken_pipe_{number}", found)
    return Result("output into a closed pipe", len(lines), failures)
