"""Which two channels of a file with more of them hold the two sides of the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from callmood.arrays import Doubles
from callmood.sound import SAMPLE_RATE, Samples

SILENCE_DB: Final = -70.0
"""A channel that never gets louder (20 ms RMS, against full scale) is dead."""
CONSTANT_DB: Final = 6.0
"""A channel whose loud and quiet moments differ by less is noise or a tone."""
OWN_SHARE: Final = 0.2
"""A channel has sound of its own if this share of it is not on the two that were taken."""
_FRAME: Final = SAMPLE_RATE // 50
_BLOCK: Final = 60 * SAMPLE_RATE


@dataclass(frozen=True)
class Choice:
    """The channels that are taken, by their number from 0, and those left out that have sound of their own."""

    taken: tuple[int, ...]
    unheard: tuple[int, ...]


def choose(channels: Sequence[Samples]) -> Choice:
    """Three channels or more, [n] each -> the one or two with the most sound of their own.

    A channel that is a copy or a mix of the others is not taken: with both sides and their mix it is the sides.
    """
    levels = [_levels(channel) for channel in channels]
    live = [number for number, level in enumerate(levels) if _is_live(level)]
    if len(live) < 2:
        return Choice(tuple(live) or (0, 1), ())
    covariance = _covariance([channels[number] for number in live])
    spread = np.sqrt(np.diag(covariance)) + 1e-12
    alike = covariance / np.outer(spread, spread)
    busy = np.array([np.count_nonzero(levels[number] > SILENCE_DB) for number in live], dtype=np.float64)

    def cost(pair: tuple[int, int]) -> float:
        """Sound that this pair misses, and sound that it has twice."""
        left_out = sum(busy[other] * _own_share(alike, pair, other) for other in range(len(live)))
        return float(left_out / busy.sum() + 0.1 * alike[pair] ** 2)

    pair = min(combinations(range(len(live)), 2), key=cost)
    taken: tuple[int, ...] = pair[:1] if abs(alike[pair]) > 1 - OWN_SHARE / 2 else pair
    unheard = [live[other] for other in range(len(live)) if _own_share(alike, taken, other) > OWN_SHARE]
    return Choice(tuple(live[number] for number in taken), tuple(unheard))


def _own_share(alike: Doubles, taken: tuple[int, ...], other: int) -> float:
    """The share of a channel's power that no mix of those taken makes."""
    if other in taken:
        return 0.0
    among = alike[np.ix_(taken, taken)] + 1e-6 * np.eye(len(taken))
    shared = alike[list(taken), other]
    return float(np.clip(1 - shared @ np.linalg.solve(among, shared), 0, 1))


def _levels(channel: Samples) -> Doubles:
    """[frames]: the level of each 20 ms in dB, without what is below speech."""
    changes = np.diff(channel[: channel.size // _FRAME * _FRAME], prepend=channel[:1]).reshape(-1, _FRAME)
    power = np.einsum("ij,ij->i", changes, changes) / _FRAME
    return np.asarray(10 * np.log10(power + 1e-12), dtype=np.float64)


def _is_live(level: Doubles) -> bool:
    if not level.size:
        return False
    quiet, loud = np.percentile(level, [5, 99.5])
    return bool(loud > SILENCE_DB and loud - quiet > CONSTANT_DB)


def _covariance(channels: Sequence[Samples]) -> Doubles:
    """[channels, channels], without what is below speech; over what all have."""
    length = min(channel.size for channel in channels)
    total = np.zeros((len(channels), len(channels)))
    for start in range(0, length, _BLOCK):
        block = np.diff(np.stack([channel[start : min(length, start + _BLOCK)] for channel in channels]))
        total += block @ block.T
    return total
