"""Several processes for one run: who prints, what is started, too many GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
import torch

from callmood.errors import CallmoodError
from callmood.train import launch


@pytest.mark.parametrize(("rank", "main"), [(None, True), ("0", True), ("1", False)])
def test_the_first_process_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch, rank: str | None, main: bool
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert launch.is_main() is main


def test_the_same_command_is_started_under_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    started = {}

    def run(command: Sequence[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        started.update(command=list(command), env=env)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert launch.relaunched(["train", "--out", "x"], 2, "cpu") == 3
    assert started["command"][1:] == [
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "callmood", "train", "--out", "x"),
    ]
    assert started["env"] == dict(os.environ)


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
