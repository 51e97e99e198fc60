"""The lines that a model is tested through: the recording as it is, and one telephone line, kept out of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from callmood.sound import SAMPLE_RATE, Samples
from callmood.training.data.augment import NARROW, resample

Line = Literal["clean", "telephone"]


def mu_law(samples: Samples) -> Samples:
    """8-bit mu-law and back, at any rate."""
    x = np.clip(samples, -1.0, 1.0)
    y = np.sign(x) * np.log1p(255.0 * np.abs(x)) / np.log(256.0)
    y = np.round(y * 127.0) / 127.0
    return np.asarray(np.sign(y) * np.expm1(np.abs(y) * np.log(256.0)) / 255.0, dtype=np.float32)


def telephone(samples: Samples) -> Samples:
    """300 to 3400 Hz, 8 kHz, 8-bit mu-law: [n] -> [n], both at 16 kHz. Training never draws it."""
    from scipy.signal import butter, sosfilt

    band = butter(4, (300.0, 3400.0), "bandpass", fs=SAMPLE_RATE, output="sos")
    narrow = resample(np.asarray(sosfilt(band, samples), dtype=np.float32), SAMPLE_RATE, NARROW)
    return resample(mu_law(narrow), NARROW, SAMPLE_RATE)


LINES: Final[dict[Line, Callable[[Samples], Samples]]] = {
    "clean": lambda samples: samples,
    "telephone": telephone,
}
