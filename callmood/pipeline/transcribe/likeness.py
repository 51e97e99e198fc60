"""How much two channels sound alike, whatever lies between them: levels, bands, distortion and delays of a line."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from callmood.arrays import Doubles, Floats
from callmood.sound import SAMPLE_RATE, Samples

_HOP: Final = SAMPLE_RATE // 100
_FRAME: Final = 512
_BAND_EDGES_HZ: Final = np.geomspace(250, 3400, 13)
_RANGE_DB: Final = 30.0
_MOST_DELAY: Final = 50
_LEAST_FRAMES: Final = 10


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two stretches sound alike."""

    value: float
    """The correlation of their bands' levels, at most 1."""
    delay: int
    """Frames of 10 ms by which the second is later."""


def stretch(channel: Samples, start_s: float, end_s: float) -> Samples:
    """The part of a channel [n] at 16 kHz between two moments."""
    return channel[max(0, round(start_s * SAMPLE_RATE)) : round(end_s * SAMPLE_RATE)]


def likeness(first: Samples, second: Samples) -> Likeness:
    """How much two stretches of the same length sound alike, whatever their level, delayed up to half a second."""
    one, two = _bands(first), _bands(second)
    best = Likeness(0.0, 0)
    for delay in range(-_MOST_DELAY, _MOST_DELAY + 1):
        a, b = (one[: len(one) - delay], two[delay:]) if delay >= 0 else (one[-delay:], two[:delay])
        if min(len(a), len(b)) < max(_LEAST_FRAMES, len(one) // 2):
            continue
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        value = float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9))
        if value > best.value:
            best = Likeness(value, delay)
    return best


def _bands(samples: Samples) -> Doubles:
    """[frames, 12]: the level of each band in dB, every 10 ms."""
    padded: Floats = np.pad(samples, _FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP] * np.hanning(_FRAME)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    edges = np.searchsorted(np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE), _BAND_EDGES_HZ)
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1]
    levels = 10 * np.log10(bands + 1e-10)
    return np.asarray(np.maximum(levels, levels.max(axis=0) - _RANGE_DB), dtype=np.float64)
