"""Rows for the trainer of which none is longer than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from callmood.arrays import Ints

Row = TypeVar("Row")


@dataclass(frozen=True)
class Alike(Generic[Row]):
    """``items`` and their labels, [n]."""

    items: Sequence[Row]
    labels: Ints

    @property
    def lengths(self) -> Ints:
        return np.ones(len(self.items), np.int64)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Row:
        return self.items[row]
