"""The trainer: resumed runs, several processes, best weights, and what it tells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from callmood.errors import CallmoodError
from callmood.training.fit import trainer
from callmood.training.fit.batches import ShuffledRows
from callmood.training.fit.checkpoints import last_checkpoint
from callmood.training.fit.parameter_groups import layered
from callmood.training.fit.table import TrainingTable
from callmood.training.fit.trainer import fit, predict
from callmood.training.workspace import Workspace

TABLE = TrainingTable(learning_rate=0.01, epochs=3, batch_size=4, accumulate=2, patience=0)


class Points:
    """Noisy points of three labels."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 3, count)
        self.points = (np.eye(3)[self.labels] + rng.normal(0, 0.5, (count, 3))).astype(np.float32)
        self.lengths = rng.integers(1, 100, count)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        return self.points[row], int(self.labels[row])


class Sloppy(nn.Module):
    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Dropout(dropout), nn.Linear(8, 3))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(points)
        return logits


def collate(rows: list[tuple[np.ndarray, int]]) -> dict[str, Any]:
    return {
        "points": torch.from_numpy(np.stack([point for point, _ in rows])),
        "labels": torch.tensor([label for _, label in rows]),
    }


def fitted(
    out: Path, table: TrainingTable = TABLE, resume: bool = False, model: Any = None, **more: Any
) -> Any:
    model = model or Sloppy()
    workspace = Workspace(out, "cpu", resume, **({"report": lambda line: None} | more))
    found = fit(model, Points(37, 1), Points(20, 2), collate, table, labels=3, seed=5, workspace=workspace)
    return model, found


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([value.detach().flatten() for value in model.state_dict().values()])


class Killed(Exception):
    pass


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trainer._Trainer.compute_loss
    seen = []

    def compute_loss(self: Any, *arguments: Any, **names: Any) -> Any:
        if self.model.training:
            seen.append(step)
            if len(seen) > step:
                raise Killed
        return plain(self, *arguments, **names)

    monkeypatch.setattr(trainer._Trainer, "compute_loss", compute_loss)


@pytest.mark.parametrize("evaluations", [1, 2])
def test_a_killed_run_that_is_resumed_ends_with_the_weights_of_the_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluations: int
) -> None:
    table = TABLE.model_copy(update={"evaluations_per_epoch": evaluations, "group_by_length": True})
    whole, result = fitted(tmp_path / "whole", table)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        killed_at(18, patched)
        fitted(tmp_path / "cut", table)
    rest, result_again = fitted(tmp_path / "cut", table, resume=True)
    # the histories first: they tell where two runs part
    assert result.history == result_again.history
    assert torch.equal(weights(whole), weights(rest))


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    table = TABLE.model_copy(update={"epochs": 30, "patience": 2})
    whole, result = fitted(tmp_path, table)
    assert result.history[-1]["epoch"] < 30
    again, result_again = fitted(tmp_path, table, resume=True)
    assert torch.equal(weights(whole), weights(again)) and result.history == result_again.history


def test_the_best_weights_are_left_in_the_model(tmp_path: Path) -> None:
    model, result = fitted(tmp_path)
    logits = predict(model, Points(20, 2), collate, TABLE, Workspace(tmp_path, "cpu"))
    wa = 100 * (logits.argmax(1) == Points(20, 2).labels).mean()
    best = max(result.history, key=lambda row: row["validation_ua"] + row["validation_wa"])
    assert wa == pytest.approx(best["validation_wa"])


def test_predictions_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    model, rows = Sloppy().eval(), Points(20, 2)
    logits = predict(model, rows, collate, TABLE, Workspace(tmp_path, "cpu"))
    with torch.no_grad():
        np.testing.assert_allclose(logits, model(torch.from_numpy(rows.points)).numpy(), atol=1e-6)


def test_it_reports_each_evaluation(tmp_path: Path) -> None:
    lines: list[str] = []
    _, result = fitted(tmp_path, report=lines.append)
    assert len(lines) == len(result.history) == TABLE.epochs
    names = {"epoch", "step", "loss", "validation_loss", "validation_ua", "validation_wa", "learning_rate"}
    assert all(set(row) == names for row in result.history)
    assert result.notes["parameters"] == 8 * 4 + 3 * 9 and 0 <= result.notes["loading_share"] <= 1


def test_a_full_disk_is_one_sentence_and_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = trainer.Trainer._save_optimizer_and_scheduler

    def full(self: Any, folder: str) -> None:
        if folder.endswith("-10"):
            raise OSError(28, "No space left on device")
        plain(self, folder)

    with monkeypatch.context() as patched:
        patched.setattr(trainer.Trainer, "_save_optimizer_and_scheduler", full)
        with pytest.raises(CallmoodError, match=r"No space left.*--resume"):
            fitted(tmp_path)
    before = last_checkpoint(tmp_path / "checkpoints")
    assert before is not None and before.name == "checkpoint-5"
    assert not (tmp_path / "checkpoints" / "checkpoint-10").exists()


def test_a_checkpoint_that_was_cut_off_is_not_resumed(tmp_path: Path) -> None:
    fitted(tmp_path)
    newest = last_checkpoint(tmp_path / "checkpoints")
    assert newest is not None
    (newest / "complete").unlink()
    before = last_checkpoint(tmp_path / "checkpoints")
    assert before is not None and before != newest


def test_every_row_comes_once_an_epoch_and_the_last_batch_is_filled() -> None:
    epochs = iter([0, 0, 1])
    sampler = ShuffledRows(np.arange(10), 10, 4, seed=1, epoch=lambda: next(epochs))
    first = list(sampler)
    assert len(first) == len(sampler) == 12 and set(first) == set(range(10))
    assert list(sampler) == first
    assert list(sampler) != first


def test_class_weights_are_one_on_average_and_balance_the_labels() -> None:
    found = trainer.class_weights(np.array([0, 0, 0, 2, -100]), 3)
    np.testing.assert_allclose(found[[0, 2]], [4 / 6, 2.0])


def test_lower_layers_learn_more_slowly() -> None:
    groups = layered([nn.Linear(2, 2).parameters(), nn.Linear(2, 2).parameters()], 0.01, 0.5, 0.1)
    assert [group["lr"] for group in groups] == [0.01, 0.01, 0.005, 0.005]
    assert [group["weight_decay"] for group in groups] == [0.1, 0, 0.1, 0]


TWO = """
import sys, torch
from pathlib import Path
sys.path.insert(0, {tests!r})
from pytest import MonkeyPatch
from test_trainer import by_batches_of, killed_at
if sys.argv[2] == "killed":
    killed_at(7, MonkeyPatch())
torch.save(by_batches_of(4, Path(sys.argv[1]), sys.argv[2] == "resumed"), sys.argv[1] + "/found.pt")
torch.distributed.destroy_process_group()
"""


def by_batches_of(size: int, out: Path, resume: bool = False) -> tuple[torch.Tensor, list[float]]:
    """Weights and losses."""
    table = TABLE.model_copy(update={"batch_size": size, "class_weights": True, "epochs": 2})
    model, result = fitted(out, table, resume, model=Sloppy(0.0))
    return weights(model), [row["loss"] for row in result.history]


def by_two(out: Path, how: str) -> subprocess.CompletedProcess[str]:
    """The script TWO run by two processes: what it finds is in ``out``."""
    script = out / "two.py"
    script.write_text(TWO.format(tests=str(Path(__file__).parent)), encoding="utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launch, str(script), str(out), how], capture_output=True, text=True, env=environment
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.Tensor, list[float]]:
    """Weights and losses of one process with a batch of eight."""
    return by_batches_of(8, tmp_path_factory.mktemp("alone"))


def test_two_processes_reach_the_weights_of_one_with_the_same_global_batch(
    alone: tuple[torch.Tensor, list[float]], tmp_path: Path
) -> None:
    done = by_two(tmp_path, "whole")
    assert done.returncode == 0, done.stderr[-3000:]
    weights, losses = torch.load(tmp_path / "found.pt", weights_only=True)
    torch.testing.assert_close(weights, alone[0], atol=1e-6, rtol=0)
    assert losses == pytest.approx(alone[1], abs=2e-4)


def test_two_processes_that_are_resumed_end_with_the_weights_of_one(
    alone: tuple[torch.Tensor, list[float]], tmp_path: Path
) -> None:
    assert "Killed" in by_two(tmp_path, "killed").stderr
    done = by_two(tmp_path, "resumed")
    assert done.returncode == 0, done.stderr[-3000:]
    weights, _ = torch.load(tmp_path / "found.pt", weights_only=True)
    torch.testing.assert_close(weights, alone[0], atol=1e-6, rtol=0)
