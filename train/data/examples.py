"""What a system is trained and tested on: prepared clips with their labels, in the three parts of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callmood.arrays import Floats, Ints
from callmood.training.corpora.clip import Clip


@dataclass(frozen=True, slots=True)
class Example:
    """A clip as a system gets it: prepared, perhaps an augmented copy, in the cache."""

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


def true_labels(examples: Sequence[Example]) -> Ints:
    """[n]: the examples' labels."""
    return np.array([example.label for example in examples], dtype=np.int64)
