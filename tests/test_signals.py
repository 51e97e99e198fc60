"""Ctrl-C, SIGTERM and a closed terminal: when they are handled, and how a command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from factory import make_call

from callmood import __main__, signals, store
from callmood.engine.parent import without_interrupts
from callmood.store import rows
from callmood.store.connection import transaction


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.STOPPING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    signals._came.clear()


@pytest.mark.parametrize("number", signals.STOPPING)
def test_a_signal_waits_for_the_end_of_the_block(number: signal.Signals) -> None:
    signals.interrupt_when_stopped()
    done = False
    with pytest.raises(KeyboardInterrupt), signals.deferred():
        signal.raise_signal(number)
        done = True
    assert done and signals.was_stopped()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_a_process_is_started_whole_before_a_signal_stops_its_parent() -> None:
    signals.interrupt_when_stopped()
    started = False
    with pytest.raises(KeyboardInterrupt), without_interrupts():
        signal.raise_signal(signal.SIGTERM)
        started = True
    assert started


def test_a_handler_of_another_program_is_called_afterwards_and_stays() -> None:
    came: list[int] = []

    def handler(number: int, _: object) -> None:
        came.append(number)

    signal.signal(signal.SIGINT, handler)
    with signals.deferred(), signals.deferred():
        signal.raise_signal(signal.SIGINT)
        assert came == []
    assert came == [signal.SIGINT] and signal.getsignal(signal.SIGINT) is handler


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals.interrupt_when_stopped()
    with signals.deferred():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN and not signals.was_stopped()


def test_an_error_inside_the_block_restores_the_handlers() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError), signals.deferred():
        raise ValueError
    assert signal.getsignal(signal.SIGINT) is before


def test_a_call_is_stored_whole_when_the_program_is_stopped_meanwhile(tmp_path: Path) -> None:
    """A query that runs when the signal comes is where DuckDB would raise a RuntimeError."""
    with store.open_db(tmp_path / "calls.duckdb") as con:
        scan_id = store.start_scan(con, {}, {}, {})
        with pytest.raises(KeyboardInterrupt), transaction(con):
            threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
            rows(con, "SELECT count(*) FROM range(200000) a, range(3000) b WHERE (a.range * b.range) % 7 = 3")
            con.execute("UPDATE scan SET finished_at = started_at")
        with pytest.raises(KeyboardInterrupt), signals.deferred():
            signal.raise_signal(signal.SIGINT)
            store.write_call(con, scan_id, "model", make_call())
        assert rows(con, "SELECT count(*), count(finished_at) FROM scan, recording") == [(1, 1)]


def test_another_thread_stores_without_touching_the_signals(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with store.open_db(tmp_path / "calls.duckdb") as con:
                store.start_scan(con, {}, {}, {})
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks")
def test_processes_never_see_ctrl_c_and_their_parent_still_does() -> None:
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with without_interrupts():
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout == "True\n"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


RUNNING = """
import sys, time, typer
from callmood.cli import app

def wait():
    print("begun", flush=True)
    time.sleep(60)

def work():
    {body}

app.main = work
from callmood.__main__ import main
main()
"""


def stopped(body: str, number: int, *, close_stderr: bool = False) -> tuple[int, str]:
    """How the command ends, and what it says, when it does ``body`` and ``number`` comes."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNING.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    if close_stderr:
        assert process.stderr is not None
        process.stderr.close()
        process.stdout.close()
        process.send_signal(number)
        return process.wait(timeout=60), ""
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("number", signals.STOPPING)
def test_a_stopped_command_ends_with_a_sentence_and_130(number: signal.Signals) -> None:
    assert stopped("wait()", number) == (130, "Stopped.\n")


def test_a_library_that_makes_another_error_of_it_changes_nothing() -> None:
    body = "\n    ".join(
        ("try: wait()", "except KeyboardInterrupt: pass", "raise RuntimeError('Query interrupted')")
    )
    assert stopped(body, signal.SIGTERM) == (130, "Stopped.\n")


def test_a_closed_terminal_is_no_error() -> None:
    assert stopped("wait()", signal.SIGINT, close_stderr=True)[0] == 130


def test_the_sentence_of_a_command_is_said_also_through_typer() -> None:
    body = "\n    ".join(
        (
            "def stop():",
            "    try: wait()",
            "    except KeyboardInterrupt: raise KeyboardInterrupt('Stopped: 3 are stored.') from None",
            "sys.argv = ['x']",
            "typer.run(stop)",
        )
    )
    assert stopped(body, signal.SIGINT) == (130, "Stopped: 3 are stored.\n")


def test_an_error_without_a_signal_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("callmood.cli.app.main", fail)
    with pytest.raises(ValueError, match="a bug"):
        __main__.main()


def test_one_of_several_processes_ends_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "WORLD_SIZE", "2")
    code, said = stopped("wait()", signal.SIGTERM)
    assert code == -signal.SIGTERM and said == ""
