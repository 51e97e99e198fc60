"""Datasets for the trainer: what every one of them has, and the plain kind that is in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from callmood.arrays import Ints

Row = TypeVar("Row")


class Rows(Protocol):
    """Rows for the trainer's ``collate``, and what is known of them before they are read."""

    @property
    def labels(self) -> Ints:
        """[n]; -100 where there is none."""
        ...

    @property
    def lengths(self) -> Ints:
        """[n]: in any unit, for batches of similar lengths."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> Any: ...


@dataclass(frozen=True)
class EqualLengthRows(Generic[Row]):
    """``items``, none longer than another, and their labels, [n]."""

    items: Sequence[Row]
    labels: Ints

    @property
    def lengths(self) -> Ints:
        return np.ones(len(self.items), np.int64)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Row:
        return self.items[row]
