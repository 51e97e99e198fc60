"""The paper's 94 features: how a clip sounds on the mean over its time, in librosa's terms."""

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
from callmood.training.processes import mapped
from callmood.training.recipe import Table
from callmood.training.systems.system import Example

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

    Computed in parallel processes and kept beside the sounds, so that a second run, or one of another split, starts
    at once.
    """
    key = sha256(f"{VERSION}{table.model_dump_json()}".encode()).hexdigest()[:12]
    places = [example.sound.with_name(f"{example.sound.stem}.features-{key}.npy") for example in examples]
    missing = {place: example for place, example in zip(places, examples, strict=True) if not place.exists()}
    jobs = [(example, place, table) for place, example in missing.items()]
    for _ in mapped(_keep, jobs, "Features"):
        pass
    return np.stack([np.load(place) for place in places])


def _keep(job: tuple[Example, Path, FeatureTable]) -> None:
    example, place, table = job
    found = features(example.samples(), table)
    write_whole(place, lambda file: np.save(file, found))
