"""The paper's 94 acoustic features, each the mean over a clip, computed by librosa."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import Field

from callmood.arrays import Floats
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import write_whole
from callmood.training.data.examples import Example
from callmood.training.processes import mapped
from callmood.training.recipe import Table

VERSION: Final = 1
"""Part of the cache's key: to be raised when a change of the code changes the features."""


class FeatureTable(Table):
    """The [features] of a recipe."""

    window: int = Field(gt=0)
    """Samples of a frame, and of its Fourier transform."""
    hop: int = Field(gt=0)
    """Samples from frame to frame."""
    chroma: int = Field(gt=0)
    mel_bands: int = Field(gt=0)
    mfcc: int = Field(gt=0)
    mfcc_bands: int = Field(gt=0)
    """Mel bands that the MFCC are made of."""

    @property
    def width(self) -> int:
        return self.chroma + self.mel_bands + self.mfcc + 2


def features(samples: Floats, table: FeatureTable) -> Floats:
    """[width]: chroma (0 to 1), mel bands (dB), MFCC, zero-crossing rate (0 to 1), spectral centroid (Hz).

    Means over the frames of ``samples``, [n] at 16 kHz.
    """
    import librosa

    frames: dict[str, Any] = {"n_fft": table.window, "hop_length": table.hop}
    magnitude = np.abs(librosa.stft(samples, **frames))
    power = magnitude**2

    def mel(bands: int) -> Floats:
        spectrum = librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_fft=table.window, n_mels=bands)
        return np.asarray(librosa.power_to_db(spectrum), np.float32)

    rows = (
        librosa.feature.chroma_stft(S=power, sr=SAMPLE_RATE, n_chroma=table.chroma, **frames),
        mel(table.mel_bands),
        librosa.feature.mfcc(S=mel(table.mfcc_bands), n_mfcc=table.mfcc),
        librosa.feature.zero_crossing_rate(samples, frame_length=table.window, hop_length=table.hop),
        librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE, **frames),
    )
    return np.concatenate([row.mean(axis=1) for row in rows]).astype(np.float32)


def matrix(examples: Sequence[Example], table: FeatureTable) -> Floats:
    """[n, width]: the features of all examples.

    Computed in parallel processes and kept beside the sounds, for later runs and other splits.
    """
    key = sha256(f"{VERSION}{table.model_dump_json()}".encode()).hexdigest()[:12]
    paths = [example.sound.with_name(f"{example.sound.stem}.features-{key}.npy") for example in examples]
    missing = {path: example for path, example in zip(paths, examples, strict=True) if not path.exists()}
    jobs = [(example, path, table) for path, example in missing.items()]
    for _ in mapped(_compute, jobs, "features"):
        pass
    return np.stack([np.load(path) for path in paths])


def _compute(job: tuple[Example, Path, FeatureTable]) -> None:
    example, path, table = job
    found = features(example.samples(), table)
    write_whole(path, lambda file: np.save(file, found))
