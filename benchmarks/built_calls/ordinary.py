"""Recordings in which nothing happens: anything negative that a scan finds there is a false alarm."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from built_calls.build import line_of, write_wav
from callmood.errors import CallmoodError
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.audio.files import UnreadableRecording
from callmood.pipeline.intake.discover import EXTENSIONS
from callmood.sound import SAMPLE_RATE
from callmood.training.data.augment import NARROW, resample


def take_ordinary(given: Sequence[Path], out: Path, seed: int) -> int:
    """Copies recordings to ``out``, a folder a set, named as what was given; how many.

    Those of 8 kHz come from a telephone and are copied as they are, others go through a line, a side each. Raises
    CallmoodError where nothing is found.
    """
    count = 0
    for path in given:
        files = sorted(_recordings(path))
        if not files:
            raise CallmoodError(f"{path} holds no recordings. Give a folder or a file of ordinary speech.")
        for file in files:
            count += _take(file, out / (path.name if path.is_dir() else path.parent.name), seed + count)
    return count


def _recordings(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return (file for file in path.rglob("*") if file.suffix.lower() in EXTENSIONS and file.is_file())
    return [path] if path.is_file() else []


def _take(file: Path, folder: Path, seed: int) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        audio = decode(file)
    except UnreadableRecording:
        return False  # an empty file is among the collections
    if audio.sample_rate <= NARROW:
        shutil.copy(file, folder / file.name)
        return True
    rng = random.Random(seed)
    sides = [line_of("drawn", rng)(side) for side in audio.samples]
    narrow = np.stack([resample(side, SAMPLE_RATE, NARROW) for side in sides])
    write_wav(folder / f"{file.stem}.wav", narrow, NARROW)
    return True
