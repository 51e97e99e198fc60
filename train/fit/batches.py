"""In what order rows are trained on: random, and of similar lengths where padding is to be saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from torch.utils.data import Sampler

from callmood.arrays import Ints

POOL: Final = 50
"""Batches that are sorted by length together."""


def length_batches(order: Sequence[int] | Ints, lengths: Sequence[int] | Ints, size: int) -> list[Ints]:
    """The rows of ``order`` in batches of ``size`` and of similar ``lengths``; the last one may be smaller.

    Only ``POOL`` batches at a time are sorted, so that the order stays random on the whole.
    """
    rows, of_row = np.asarray(order, dtype=np.int64), np.asarray(lengths, dtype=np.int64)
    batches: list[Ints] = []
    for start in range(0, len(rows), size * POOL):
        pool = rows[start : start + size * POOL]
        pool = pool[np.argsort(of_row[pool], kind="stable")]
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    return batches


class ShuffledRows(Sampler[int]):
    """Every row once per epoch, in an order of the epoch's own; the last batch is filled up from the first rows.

    With ``lengths`` [n] batches are of similar ones. ``epoch`` tells which one begins. There is no ``set_epoch``:
    accelerate before 1.15 calls that with 0 in the middle of the epoch in which a run is resumed.
    """

    def __init__(
        self, lengths: Ints | None, count: int, batch: int, seed: int, epoch: Callable[[], int]
    ) -> None:
        self.lengths, self.count, self.batch, self.seed = lengths, count, batch, seed
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.count // self.batch) * self.batch

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch()])
        order = np.resize(rng.permutation(self.count), len(self))
        if self.lengths is not None:
            order = rng.permutation(np.stack(length_batches(order, self.lengths, self.batch))).reshape(-1)
        yield from order.tolist()
