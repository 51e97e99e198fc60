"""Taking away what lies below all speech: an offset, mains hum, the rumble of a microphone."""

from typing import Final

import numpy as np

from callmood.sound import SAMPLE_RATE, Samples

CUTOFF_HZ: Final = 72
"""Between mains hum, 50 or 60 Hz, and the lowest voices, 85 Hz. A telephone carries 300 Hz and up."""
LOUD_RUMBLE: Final = 0.1
"""The share of a channel's power at which low sound is taken off."""
_TAPS: Final = 2_401
"""Enough to fall from 82 to 60 Hz."""
_MEAN: Final = 100
_BLOCK: Final = 60 * SAMPLE_RATE


def remove_rumble(samples: Samples) -> None:
    """Takes what is below speech off the channels [channels, n] in which it is loud, in place.

    An offset makes every level the same, so that pauses can't be told from speech. Other channels stay as they are.
    """
    for channel in samples:
        if not _rumbles(channel):
            continue
        from scipy.signal import firwin, oaconvolve  # over a second: not for the calls that don't need it

        low = firwin(_TAPS, CUTOFF_HZ, fs=SAMPLE_RATE).astype(np.float32)
        edge = _TAPS // 2
        before = np.full(edge, channel[0], np.float32)
        for start in range(0, channel.size, _BLOCK):
            block = channel[start : start + _BLOCK].copy()
            after = channel[start + _BLOCK : start + _BLOCK + edge]
            after = np.pad(after, (0, edge - after.size), constant_values=channel[-1])
            channel[start : start + _BLOCK] -= oaconvolve(
                np.concatenate([before, block, after]), low, "valid"
            )
            before = np.concatenate([before, block])[-edge:]
        np.clip(channel, -1, 1, out=channel)


def _rumbles(channel: Samples) -> bool:
    """Whether low sound is a good part of a channel's power: means over 1/160 s hold all of it and little else."""
    means = channel[: channel.size // _MEAN * _MEAN].reshape(-1, _MEAN).mean(axis=1, dtype=np.float64)
    power = float(np.dot(channel, channel))
    return bool(_MEAN * np.square(means).sum() > LOUD_RUMBLE * power)
