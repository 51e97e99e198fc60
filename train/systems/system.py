"""What a system is given and what it gives back: the examples of a split in, probabilities of the test part out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from callmood.arrays import Floats, Ints
from callmood.training.corpora.clip import Clip


@dataclass(frozen=True, slots=True)
class Example:
    """A clip as a system hears it: prepared, perhaps an augmented copy, kept in the cache."""

    clip: Clip
    label: int
    """Index into the label set."""
    sound: Path
    """int16 [n] at 16 kHz, mono, as NumPy writes it."""
    augmented: bool = False

    def samples(self) -> Floats:
        """float32 [n] at 16 kHz, -1 to 1."""
        return np.asarray(np.load(self.sound), np.float32) / np.float32(32_767)


@dataclass(frozen=True, slots=True)
class Parts:
    """One split of the combined corpus. Augmented copies are in ``train`` alone."""

    name: str
    """"paper", "speaker", "fold 1", "without tess" and the like."""
    labels: tuple[str, ...]
    """The label set, a part of callmood.labels.LABELS in their order."""
    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]


@dataclass(frozen=True, slots=True)
class Run:
    """Where and how a system is trained; no number of it changes the result."""

    out: Path
    """A folder of the split's own: checkpoints, and the bundle where the system writes one."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    resume: bool = False
    """Go on from the last checkpoint in ``out``."""
    report: Callable[[str], None] = print

    @property
    def checkpoints(self) -> Path:
        return self.out / "checkpoints"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system says of the test part."""

    probabilities: Floats
    """[test, labels]: probabilities."""
    history: Sequence[Mapping[str, float]] = ()
    """A row an epoch or evaluation, for the learning curves: "epoch", "loss", "validation_ua" and the like."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What else is worth a line: seconds, share of time in data loading, parameters."""


def truth(examples: Sequence[Example]) -> Ints:
    """[n]: the labels."""
    return np.array([example.label for example in examples], dtype=np.int64)
