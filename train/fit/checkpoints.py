"""The checkpoints of a training in their folder: which are complete, and what they say of the training's state."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

COMPLETE: Final = "complete"
"""A file that is written into a checkpoint when everything else is there."""


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint in ``folder`` that was written to its end."""
    complete = [marker.parent for marker in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(complete, key=lambda found: int(found.name.rpartition("-")[2]), default=None)


def clear(folder: Path, everything: bool) -> None:
    """Delete the checkpoints in ``folder`` that were cut off while they were written, or all of them."""
    for found in folder.glob("checkpoint-*"):
        if everything or not (found / COMPLETE).exists():
            shutil.rmtree(found)


def state_of(checkpoint: Path) -> dict[str, Any]:
    """The Trainer's state as it was stored."""
    state: dict[str, Any] = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return state


def is_finished(checkpoint: Path) -> bool:
    """Whether training ended with this checkpoint."""
    control = state_of(checkpoint)["stateful_callbacks"]["TrainerControl"]
    return bool(control["args"]["should_training_stop"])


def history(log: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """The Trainer's log as a row for each evaluation."""
    names = {
        "epoch": "epoch",
        "step": "step",
        "loss": "loss",
        "eval_loss": "validation_loss",
        "eval_ua": "validation_ua",
        "eval_wa": "validation_wa",
        "learning_rate": "learning_rate",
    }
    rows: dict[int, dict[str, float]] = {}
    for entry in log:
        if "loss" in entry or "eval_loss" in entry:
            known = {names[name]: value for name, value in entry.items() if name in names}
            rows.setdefault(int(entry["step"]), {}).update(known)
    return list(rows.values())
