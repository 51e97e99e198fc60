"""What rises above the constant sound of a line: two channels without their hum, tones and noise.

Speech comes and goes; an offset, hum, comfort noise or a tone stays. Where channels are compared by their levels as
they are, what is constant on both makes strangers alike. So each frequency is heard only while it is well above its own
quiet moments, on either channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.arrays import Doubles, Floats, Mask
from callmood.pipeline.audio.room import new_samples
from callmood.sound import SAMPLE_RATE, Samples

RATE: Final = SAMPLE_RATE // 2
"""Of the foreground, in Hz: speech as a telephone carries it needs no more."""
FRAME: Final = 256
"""Samples of the foreground whose energies are compared: 32 ms."""
_WINDOW: Final = 512
_HOP: Final = _WINDOW // 2
_BINS: Final = slice(8, 112)
"""250 to 3,500 Hz."""
_QUIET_PERCENTILE: Final = 30
"""Of a frequency's power over a call: mostly the line's noise, because speech fills a small part of the spectrum."""
_ABOVE_QUIET: Final = 20.0
"""Noise reaches this multiple of that percentile in one moment of a thousand."""
_DIGITAL_SILENCE: Final = 1e-7
_BLOCK: Final = 4_000
"""Windows worked on at once, about a minute."""


def foreground(samples: Samples) -> Floats:
    """Two channels [2, n] -> [2, n / 2] at 8 kHz."""
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    count = samples.shape[1] // _HOP + 2
    every = max(1, count // _BLOCK)
    parts = [
        _spectra(_windows(samples, start, start + _BLOCK)[:, -start % every :: every] * window)[:, :, _BINS]
        for start in range(0, count, _BLOCK)
    ]
    power = np.square(np.abs(np.concatenate(parts, axis=1)))
    threshold = (
        _ABOVE_QUIET * np.percentile(power, _QUIET_PERCENTILE, axis=1, keepdims=True) + _DIGITAL_SILENCE
    )
    half = _HOP // 2
    out = new_samples(2, (count + 1) * half)
    out[:] = 0
    pieces_of = out.reshape(2, -1, half)
    for start in range(0, count, _BLOCK):
        spectra = _spectra(_windows(samples, start, start + _BLOCK) * window)
        heard = spectra[:, :, _BINS]
        heard = heard * (np.square(np.abs(heard)) > threshold).any(axis=0)
        spectra[:] = 0
        spectra[:, :, _BINS] = heard
        # half of the spectrum is the same sound at half the rate
        pieces = _sounds(spectra[:, :, : _WINDOW // 4 + 1])
        stop = start + pieces.shape[1]
        pieces_of[:, start:stop] += pieces[:, :, :half]
        pieces_of[:, start + 1 : stop + 1] += pieces[:, :, half:]
    return out[:, half:][:, : samples.shape[1] // 2]


def _windows(samples: Samples, first: int, last: int) -> Floats:
    """The windows [2, n, _WINDOW] with these numbers, of which there are as many as begin within the samples."""
    last = min(last, samples.shape[1] // _HOP + 2)
    start, stop = (first - 1) * _HOP, (last - 2) * _HOP + _WINDOW
    inside = samples[:, max(0, start) : stop]
    padded = np.pad(inside, ((0, 0), (max(0, -start), max(0, stop - samples.shape[1]))))
    return np.lib.stride_tricks.sliding_window_view(padded, _WINDOW, axis=1)[:, ::_HOP]


@dataclass(frozen=True)
class Frames:
    """Two channels compared frame by frame, one shifted in time."""

    first: Doubles
    """[frames]: energy of the first channel."""
    second: Doubles
    """[frames]: energy of the second channel, ``lag`` samples later."""
    shared: Doubles
    """[frames]: their product; as large as the energies if the two have the same waveform."""

    @classmethod
    def joined(cls, parts: Sequence["Frames"]) -> "Frames":
        """The frames of several parts, one after the other."""
        return cls(
            *(np.concatenate([getattr(part, of) for part in parts]) for of in ("first", "second", "shared"))
        )

    @property
    def level_db(self) -> Doubles:
        """[frames]: how much louder the first channel is, within 40 dB."""
        level = 10 * np.log10((self.first + 1e-12) / (self.second + 1e-12))
        return np.asarray(np.clip(level, -40, 40), dtype=np.float64)

    @property
    def likeness(self) -> Doubles:
        """[frames]: 0, two sounds, to 1, the same waveform."""
        return np.abs(self.shared) / np.sqrt(self.first * self.second + 1e-20)

    def loud(self, range_db: float) -> Mask:
        """[frames]: whether either channel is within this range of its loudest."""
        return within_range(np.maximum(self.first, self.second), range_db)


def within_range(energy: Doubles, range_db: float) -> Mask:
    """[frames]: whether each energy is within this range of the loudest."""
    return np.asarray(energy + 1e-12 > np.percentile(energy + 1e-12, 99) * 10 ** (-range_db / 10))


def frames_at(sound: Floats, lag: int) -> Frames:
    """Foreground [2, n] -> its frames, the second channel taken ``lag`` samples later."""
    shift = (max(0, -lag), max(0, lag))
    length = (sound.shape[1] - abs(lag)) // FRAME * FRAME
    first, second = (
        channel[start : start + length].reshape(-1, FRAME)
        for channel, start in zip(sound, shift, strict=True)
    )
    energies = (np.einsum("ij,ij->i", a, b) for a, b in ((first, first), (second, second), (first, second)))
    return Frames(*(np.asarray(energy, dtype=np.float64) for energy in energies))


def cross_correlation(sound: Floats, max_lag: int) -> Doubles:
    """Foreground [2, n] -> [2 * max_lag + 1]: products summed, the second channel that much later."""
    from scipy.fft import irfft, next_fast_len, rfft

    piece = 8 * RATE
    lags = np.arange(-max_lag, max_lag + 1)
    total = np.zeros(lags.size)
    for start in range(0, sound.shape[1], piece):
        first = sound[0, start : start + piece]
        second = sound[1, max(0, start - max_lag) : start + piece + max_lag]
        lead = min(start, max_lag)
        size = next_fast_len(len(first) + 2 * max_lag, real=True)  # products of other lags may wrap around
        product = irfft(np.conj(rfft(first, size)) * rfft(second, size), size)
        total += product[(lags + lead) % size] * (lags + lead > -len(first)) * (lags + lead < len(second))
    return total


@dataclass(frozen=True)
class Split:
    """Numbers split in two groups so that each varies least."""

    border: float
    distance: float
    """Between the means of the groups."""
    explained: float
    """The share of the variance that lies between the groups: 0.64 for a normal distribution, 1 for two values."""
    smaller: float
    """The share of the numbers in the smaller group."""


def split_in_two(values: Doubles) -> Split:
    """Splits numbers (Otsu's method)."""
    if values.size < 2:
        return Split(0.0, 0.0, 0.0, 0.0)
    ordered = np.sort(values)
    below = np.arange(1, ordered.size)
    total = np.cumsum(ordered)
    low, high = total[:-1] / below, (total[-1] - total[:-1]) / (ordered.size - below)
    between = below * (ordered.size - below) / ordered.size**2 * np.square(high - low)
    at = int(between.argmax())
    return Split(
        border=float(ordered[at] + ordered[at + 1]) / 2,
        distance=float(high[at] - low[at]),
        explained=float(between[at] / max(float(ordered.var()), 1e-9)),
        smaller=min(at + 1, ordered.size - at - 1) / ordered.size,
    )


def _spectra(windows: Floats) -> NDArray[np.complex64]:
    from scipy.fft import rfft

    return np.asarray(rfft(windows, axis=2), dtype=np.complex64)


def _sounds(spectra: NDArray[np.complex64]) -> Floats:
    from scipy.fft import irfft

    return np.asarray(irfft(spectra, _WINDOW // 2, axis=2), dtype=np.float32)
