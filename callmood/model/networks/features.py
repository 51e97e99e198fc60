"""What the networks hear of a sound: Kaldi's log mel features for CAM++, Whisper's for Whisper. In numpy."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from callmood.arrays import Floats
from callmood.sound import SAMPLE_RATE, Samples

HOP: Final = SAMPLE_RATE // 100
"""Samples from one frame to the next: 10 ms."""
FRAME: Final = SAMPLE_RATE // 40
"""Samples of a frame: 25 ms."""
FULL_SCALE: Final = 32768.0
"""Kaldi's samples are 16-bit numbers."""
KALDI_FFT: Final = 512
_KALDI_MELS: Final = 80
_KALDI_MIN_HZ: Final = 20.0
PREEMPHASIS: Final = 0.97
LEAST: Final = float(np.finfo(np.float32).eps)
_WHISPER_LEAST: Final = 1e-10


def fbank(samples: Samples) -> Floats:
    """Samples [n] -> log mel features [frames, 80] as Kaldi computes them, less their mean over time."""
    # in place where it can be: to allocate such arrays takes longer than to compute them
    padded = np.zeros((1 + (len(samples) - FRAME) // HOP, KALDI_FFT), np.float32)
    frames = padded[:, :FRAME]
    frames[:] = _frames(samples)
    frames -= frames.mean(axis=1, keepdims=True)
    frames[:, 1:] -= np.float32(PREEMPHASIS) * frames[:, :-1]
    frames[:, 0] *= np.float32(1 - PREEMPHASIS)
    frames *= povey_window()
    power = _power(padded)
    logs = np.log(np.maximum(power @ kaldi_filters(), LEAST))
    return np.asarray(logs - logs.mean(axis=0), np.float32)


def log_mel(samples: Samples, mels: int = 80) -> Floats:
    """A clip [n] -> Whisper's log-mel features [mels, frames], an even number of frames.

    The values are those of transformers' ``WhisperFeatureExtractor``, without its padding to 30 s, so that a clip
    of 8 s costs a quarter.
    """
    count = max(2, -(-len(samples) // HOP))
    count += count % 2
    # reflected at the beginning, as Whisper does it; zeros follow the end
    ends = (FRAME // 2, max(0, count * HOP + FRAME // 2 - len(samples)))
    padded = np.concatenate([samples[ends[0] : 0 : -1], samples, np.zeros(ends[1], np.float32)])
    power = _power(_frames(padded)[:count] * _hann_window())
    logs = np.log10(np.maximum(whisper_filters(mels) @ power.T, _WHISPER_LEAST))
    return np.asarray((np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0, np.float32)


@cache
def whisper_filters(mels: int) -> Floats:
    """Whisper's mel filters [mels, 201]."""
    from faster_whisper.feature_extractor import FeatureExtractor

    return np.asarray(FeatureExtractor.get_mel_filters(SAMPLE_RATE, FRAME, mels), np.float32)


def _frames(samples: Samples) -> Floats:
    """[frames, FRAME]: all that are whole; a view."""
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]


def _power(frames: Floats) -> Floats:
    """The power spectrum [frames, size / 2 + 1] of frames [frames, size], which it overwrites."""
    from scipy.fft import rfft  # four times as fast as numpy's

    spectrum = rfft(frames, overwrite_x=True)
    parts = spectrum.view(np.float32).reshape(len(frames), -1, 2)
    return np.asarray(np.einsum("ijk,ijk->ij", parts, parts), np.float32)


@cache
def povey_window() -> Floats:
    """Kaldi's window [FRAME]."""
    return np.asarray(np.hanning(FRAME) ** 0.85, np.float32)


@cache
def _hann_window() -> Floats:
    """[FRAME], periodic."""
    return np.asarray(np.hanning(FRAME + 1)[:-1], np.float32)


@cache
def kaldi_filters() -> Floats:
    """Kaldi's mel filters [257, 80]; the highest frequency is in none."""

    def mel(hz: Floats | float) -> np.ndarray:
        return np.asarray(1127.0 * np.log1p(np.asarray(hz, np.float64) / 700.0))

    edges = np.linspace(mel(_KALDI_MIN_HZ), mel(SAMPLE_RATE / 2), _KALDI_MELS + 2)
    at = mel(np.arange(KALDI_FFT // 2, dtype=np.float32) * (SAMPLE_RATE / KALDI_FFT))[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(np.pad(filters, ((0, 1), (0, 0))), np.float32)
