"""The sound of a segment, as WAV."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from callmood.pipeline.audio.decode import Audio, decode
from callmood.pipeline.audio.legs import decode_sides
from callmood.sound import SAMPLE_RATE, Samples

_AROUND_S: Final = 0.3
"""Heard before and after a segment, because a word may begin a little early."""
_BEFORE_S: Final = 8.0
"""Heard before it with ``context``."""


def clip(
    files: Sequence[Path], channel: int, start_s: float, end_s: float, *, context: bool = False
) -> bytes:
    """A WAV file of a stretch of a recording: of one channel; with ``context`` of all, and of what was said before.

    Raises callmood.pipeline.audio.files.UnreadableRecording.
    """
    samples = _sound(tuple(files)).samples
    begin = max(0, round((start_s - (_BEFORE_S if context else _AROUND_S)) * SAMPLE_RATE))
    stretch = samples[:, begin : round((end_s + _AROUND_S) * SAMPLE_RATE)]
    return _wav(stretch if context else stretch[min(channel, len(samples) - 1)][None])


@lru_cache(maxsize=2)  # the next segment is often of the same call; an hour of stereo takes 0.5 GB
def _sound(files: tuple[Path, ...]) -> Audio:
    return decode(files[0]) if len(files) == 1 else decode_sides(files[0], files[1])


def _wav(samples: Samples) -> bytes:
    """[channels, n] as 16-bit PCM."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1).T * 32767).astype("<i2").tobytes())
    return written.getvalue()
