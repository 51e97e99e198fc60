"""Several processes for one run: who prints, what is started, too many GPUs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from callmood.errors import CallmoodError
from callmood.training import launch


@pytest.mark.parametrize(("rank", "main"), [(None, True), ("0", True), ("1", False)])
def test_the_first_process_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch, rank: str | None, main: bool
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert launch.is_main() is main


FAILING = """
import os, sys
from callmood.cli import app

def work():
    import torch
    torch.distributed.init_process_group("gloo")
    if os.environ["RANK"] == "1":
        if "SIGNAL" in os.environ:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))
        from callmood.errors import CallmoodError
        raise CallmoodError("The second process is unwell.")
    torch.distributed.all_reduce(torch.ones(1))

if "RANK" in os.environ:
    app.app = work
"""

WAITING = """
import os, time
from callmood.cli import app

def work():
    print("waiting", flush=True)
    time.sleep(60)

if "RANK" in os.environ:
    import typer
    app.app = typer.Typer()
    app.app.command()(work)
"""

LAUNCHING = """
import sys
from callmood.cli import app
from callmood.training.launch import relaunched
app.app = lambda: sys.exit(relaunched({argv!r}, 2, "cpu"))
app.main()
"""


def said_by_two_processes(argv: list[str], **environment: str) -> tuple[int, list[str]]:
    """The exit status and the sentences of ``callmood`` with ``argv`` in two processes."""
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHING.format(argv=argv)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stderr.splitlines()


def test_what_all_processes_fail_of_is_said_once(tmp_path: Path) -> None:
    code, (sentence,) = said_by_two_processes(["models", "use", str(tmp_path)])
    assert code == 1 and sentence.startswith(f"callmood: {tmp_path} is not an emotion model")


def test_what_one_process_fails_of_is_all_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILING, encoding="utf-8")
    code, said = said_by_two_processes([], PYTHONPATH=str(tmp_path))
    assert code == 1 and said == ["callmood: The second process is unwell."]


def test_a_process_that_is_killed_is_told(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILING, encoding="utf-8")
    code, (sentence,) = said_by_two_processes([], PYTHONPATH=str(tmp_path), SIGNAL="9")
    assert code == 1 and "ended by SIGKILL, most likely for want of memory" in sentence


def test_who_stops_several_processes_sees_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WAITING, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHING.format(argv=[])],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["waiting\n"] * 2
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and said == ""


def test_what_libraries_print_is_not_in_the_output(capfd: pytest.CaptureFixture[str]) -> None:
    with launch.output_to_standard_error():
        os.write(1, b"Rank 0 is connected")
    os.write(1, b"{}")
    assert capfd.readouterr() == ("{}", "Rank 0 is connected")


@pytest.mark.parametrize("found", [0, 1, 3])
def test_more_gpus_than_there_are_is_one_sentence(monkeypatch: pytest.MonkeyPatch, found: int) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    with pytest.raises(CallmoodError, match=f"asked for: 4, found by CUDA: {found}"):
        launch.relaunched(["train"], 4, "auto")


def test_callmood_is_a_module_that_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callmood", "--help"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "train" in done.stdout
