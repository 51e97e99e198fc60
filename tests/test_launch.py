"""Several processes for one run: who prints, what is started, too many GPUs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
    from callmood.training.launch import failures_recorded
    with failures_recorded():
        fail_in_the_second()

def fail_in_the_second():
    import torch
    torch.distributed.init_process_group("gloo")
    if os.environ["RANK"] == "1":
        if "SIGNAL" in os.environ:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))
        if "BUG" in os.environ:
            raise KeyError(os.environ["BUG"])
        from callmood.errors import UsageError
        raise UsageError("The second process is unwell.")
    torch.distributed.all_reduce(torch.ones(1))

if "RANK" in os.environ:
    app.app = work
"""

WAITING = """
import os, time
from callmood.cli import app

def work():
    os.write(1, b"waiting\\n")  # at once: the lines of two processes must not mix
    time.sleep(60)

if "RANK" in os.environ:
    import typer
    app.app = typer.Typer()
    app.app.command()(work)
"""

LAUNCHING = """
import sys
from callmood.__main__ import main
from callmood.cli import app
from callmood.training.launch import relaunched
app.app = lambda: sys.exit(relaunched({argv!r}, 2, "cpu"))
main()
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


def test_what_all_processes_fail_with_is_said_once(tmp_path: Path) -> None:
    argv = ["train", "--corpus", f"nothing={tmp_path}", "--recipe", "knn", "--out", str(tmp_path)]
    code, (sentence,) = said_by_two_processes(argv)
    assert code == 2 and sentence.startswith("callmood: There is no corpus nothing.")


def test_what_one_process_fails_with_is_all_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILING, encoding="utf-8")
    code, said = said_by_two_processes([], PYTHONPATH=str(tmp_path))
    assert code == 2 and said == ["callmood: The second process is unwell."]


def test_an_unexpected_error_of_one_process_is_shown_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILING, encoding="utf-8")
    code, said = said_by_two_processes([], PYTHONPATH=str(tmp_path), BUG="what_is_missing")
    assert code == 1 and "KeyError: 'what_is_missing'" in said
    assert not any("Connection" in line for line in said)


def test_a_process_that_is_killed_is_reported(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILING, encoding="utf-8")
    code, (sentence,) = said_by_two_processes([], PYTHONPATH=str(tmp_path), SIGNAL="9")
    assert code == 1 and "ended by SIGKILL, most likely for lack of memory" in sentence


def test_who_stops_several_processes_is_told_so_once(tmp_path: Path) -> None:
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
    assert process.returncode == 130 and said == "Stopped.\n"


def test_what_libraries_print_is_not_in_the_output(capfd: pytest.CaptureFixture[str]) -> None:
    with launch.output_to_standard_error():
        os.write(1, b"Rank 0 is connected")
    os.write(1, b"{}")
    assert capfd.readouterr() == ("{}", "Rank 0 is connected")


@pytest.mark.parametrize("found", [0, 1, 3])
def test_more_gpus_than_there_are_is_one_sentence(monkeypatch: pytest.MonkeyPatch, found: int) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    with pytest.raises(CallmoodError, match=f"4 GPUs were requested, but CUDA finds {found}"):
        launch.relaunched(["train"], 4, "auto")


@pytest.mark.parametrize("error", [CallmoodError("No."), KeyError("x"), OSError(28, "Full", "file")])
def test_failures_are_recorded_where_a_launcher_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    monkeypatch.setattr(launch, "_exit", sys.exit)
    with pytest.raises(SystemExit), launch.failures_recorded():
        raise error
    record = json.loads((tmp_path / "error.json").read_text(encoding="utf-8"))
    assert record["message"] and record["kind"] == ("sentence" if str(error) == "No." else "traceback")
    assert capsys.readouterr() == ("", "")
    monkeypatch.delenv("TORCHELASTIC_ERROR_FILE")
    with pytest.raises(type(error)), launch.failures_recorded():
        raise error


def test_the_cause_is_found_where_torchrun_saw_only_its_consequence(tmp_path: Path) -> None:
    for rank, (kind, message, moment) in enumerate(
        (("sentence", "No.", 1.0), ("traceback", "Connection", 2.0))
    ):
        (tmp_path / str(rank)).mkdir()
        record = {"message": message, "kind": kind, "time": moment, "exit_code": 2}
        (tmp_path / str(rank) / "error.json").write_text(json.dumps(record), encoding="utf-8")
    seen = SimpleNamespace(error_file=str(tmp_path / "1" / "error.json"), exitcode=1)
    with pytest.raises(CallmoodError, match=r"^No\.$"):
        launch._raise_cause([seen])


def test_callmood_is_a_module_that_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callmood", "--help"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "train" in done.stdout
