"""Prepares a clip for the encoder: trims its silent ends and normalises its level."""

from __future__ import annotations

from typing import Final

import numpy as np

from callmood.sound import SAMPLE_RATE, Samples

SHORTEST: Final = SAMPLE_RATE // 5
"""Minimum number of samples of a prepared clip; shorter ones are padded with silence."""
_HOP: Final = SAMPLE_RATE // 100
_BLOCK: Final = SAMPLE_RATE // 40


def trimmed(samples: Samples, below_peak_db: float = 35.0, margin_s: float = 0.1) -> Samples:
    """``samples`` [n] without the ends that are ``below_peak_db`` below the loudest 30 ms, except for a margin.

    A call's segments are cut by voice activity, a corpus's clips hold a second of silence at both ends: after this
    both are alike.
    """
    blocks = len(samples) // _HOP
    if blocks < 3:
        return samples
    power = np.square(samples[: blocks * _HOP], dtype=np.float64).reshape(blocks, _HOP).mean(axis=1)
    loudness = np.convolve(np.sqrt(power + 1e-12), np.full(3, 1 / 3), "same")
    (loud,) = np.nonzero(loudness > loudness.max() * 10 ** (-below_peak_db / 20))
    margin = int(margin_s * SAMPLE_RATE)
    return samples[max(0, int(loud[0]) * _HOP - margin) : int(loud[-1] + 1) * _HOP + margin]


def levelled(samples: Samples, target: float = 0.05) -> Samples:
    """``samples`` [n] scaled so that the louder half of their 25 ms blocks has the root mean square ``target``.

    How loud a voice is recorded says more about the line than about the mood. Even on RAVDESS, where no line
    changes it, it adds nothing to the encoder's vectors.
    """
    blocks = max(1, len(samples) // _BLOCK)
    power = np.square(samples[: blocks * _BLOCK], dtype=np.float64)
    power = np.sort(power.reshape(blocks, -1).mean(axis=1))[blocks // 2 :]
    return np.asarray(samples * (target / (np.sqrt(power.mean()) + 1e-7)), dtype=np.float32)


def prepared(samples: Samples) -> Samples:
    """Trimmed, levelled, and not shorter than ``SHORTEST``."""
    clean = levelled(trimmed(np.nan_to_num(np.asarray(samples, dtype=np.float32))))
    return np.pad(clean, (0, max(0, SHORTEST - len(clean))))
