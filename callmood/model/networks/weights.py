"""The published weights of callmood's networks, in numpy, by the names of their torch modules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from typing import Final

import numpy as np

from callmood import bundled_weights
from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.model.networks.checkpoint import read_checkpoint
from callmood.model.networks.ctranslate2_file import encoder_weights, read_tensors
from callmood.sound import SAMPLE_RATE

Weights = dict[str, Floats]

_SINC_SIZE: Final = 251
_SINC_MIN_HZ: Final = 50.0
_SINC_MAX_HZ: Final = 8_000.0
_RENAMED: Final = {
    "sincnet.wav_norm1d": "wav_norm",
    "sincnet.norm1d": "norm",
    "sincnet.conv1d.1": "conv.0",
    "sincnet.conv1d.2": "conv.1",
}
"""The beginnings of names in pyannote's file, and in ``Segmentation``."""


def campplus() -> Weights:
    """3D-Speaker's CAM++ for Chinese and English (Apache-2.0)."""
    return _floats(read_checkpoint(bundled_weights.CAMPPLUS.path()))


def tiny_en() -> Weights:
    """The encoder of Whisper tiny.en (MIT)."""
    with bundled_weights.TINY_EN.path().open("rb") as file:
        mapped = mmap(file.fileno(), 0, access=ACCESS_READ)  # most of it is the decoder, which is not read
    return encoder_weights(read_tensors(mapped))


def minilm() -> Weights:
    """all-MiniLM-L6-v2 (Apache-2.0)."""
    from safetensors.numpy import load_file

    published = _floats(load_file(bundled_weights.MINILM.path()))
    return {name: value for name, value in published.items() if not name.startswith("pooler.")}


def segmentation() -> Weights:
    """pyannote's segmentation-3.0 (MIT), its sinc filters computed."""
    published = _floats(read_checkpoint(bundled_weights.SEGMENTATION.path())["state_dict"])
    found = {"filters": _sinc_filters(published)}
    for name, value in published.items():
        if "filterbank" in name:
            continue
        old = next((old for old in _RENAMED if name.startswith(old)), None)
        found[name.replace(old, _RENAMED[old]) if old else name] = value
    return found


def require_fit(changes: Mapping[str, Floats], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises CallmoodError unless each of ``changes`` has its place in an encoder, whose weights have ``shapes``."""
    for name, value in changes.items():
        if shapes.get(name) != value.shape:
            what = f"{name} of the shape {value.shape}"
            raise CallmoodError(f"The bundle's weights do not fit its encoder, which has no {what}.")


def _floats(tensors: dict[str, np.ndarray]) -> Weights:
    """The parameters alone: beside them a file may hold counts."""
    return {name: value for name, value in tensors.items() if value.dtype == np.float32}


def _sinc_filters(weights: Weights) -> Floats:
    """Band-pass filters [80, 1, 251]: of each band a cosine's and a sine's."""
    prefix = "sincnet.conv1d.0.filterbank."
    low = _SINC_MIN_HZ + np.abs(weights[prefix + "low_hz_"])
    high = np.clip(low + _SINC_MIN_HZ + np.abs(weights[prefix + "band_hz_"]), _SINC_MIN_HZ, _SINC_MAX_HZ)
    window = weights[prefix + "window_"]
    times = (2 * math.pi / SAMPLE_RATE * np.arange(-(_SINC_SIZE // 2), 0, dtype=np.float32))[None]
    band = high - low
    even = (np.sin(high * times) - np.sin(low * times)) / (times / 2) * window
    odd = (np.cos(low * times) - np.cos(high * times)) / (times / 2) * window
    cosine = np.concatenate([even, 2 * band, even[:, ::-1]], axis=1)
    sine = np.concatenate([odd, np.zeros_like(band), -odd[:, ::-1]], axis=1)
    filters = np.concatenate([cosine, sine]) / np.tile(2 * band, (2, 1))
    return np.asarray(filters[:, None], np.float32)
