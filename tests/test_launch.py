"""Several processes for one run: who prints, what is started, too many GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def test_the_same_command_is_started_in_every_process(tmp_path: Path) -> None:
    code = f"from callmood.train.launch import relaunched as r; exit(r(['models', 'use', {str(tmp_path)!r}], 2, 'cpu'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    sentences = set(done.stderr.splitlines())
    assert done.returncode == 1 and len(sentences) == 1
    assert sentences.pop().startswith(f"callmood: {tmp_path} is not an emotion model")


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
