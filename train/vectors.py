"""Clips -> pooled vectors of every rendition, in as many processes as there are processor cores."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt

from callmood.model import network
from callmood.model.network import AudioSettings
from callmood.train import augment
from callmood.train.corpora.clip import Clip
from callmood.train.evaluate import LINES, heard

Floats = npt.NDArray[np.float32]
Step = str
"""A step of ``augment.STEPS``, or one of ``evaluate.LINES``."""

_encoders: list[Any] = []
_settings = AudioSettings()


def rendition_vectors(
    clips: Sequence[Clip],
    renditions: Sequence[Sequence[Step]],
    settings: AudioSettings,
    seed: int,
    workers: int,
    report: Callable[[str], None],
) -> list[Floats]:
    """[n, width] of each rendition. A rendition is drawn for each speaker; the same ``seed`` gives the same."""
    speakers = sorted({clip.speaker for clip in clips})
    rows = {name: [i for i, clip in enumerate(clips) if clip.speaker == name] for name in speakers}
    jobs = [(number, name) for number in range(len(renditions)) for name in speakers]
    tasks = [
        ([clips[i] for i in rows[name]], tuple(renditions[number]), _draw(seed, number, name))
        for number, name in jobs
    ]
    vectors: list[Floats | None] = [None] * len(renditions)
    for (number, name), part in zip(jobs, _mapped(tasks, settings, workers), strict=True):
        whole = vectors[number]
        if whole is None:
            whole = vectors[number] = np.zeros((len(clips), part.shape[1]), np.float32)
        whole[rows[name]] = part
        if name == speakers[-1]:
            report(
                f"rendition {number + 1} of {len(renditions)}: {' + '.join(renditions[number]) or 'as it is'}"
            )
    return [whole for whole in vectors if whole is not None]


def _draw(seed: int, number: int, speaker: str) -> int:
    return zlib.crc32(f"{seed}/{number}/{speaker}".encode())


Task = tuple[list[Clip], tuple[Step, ...], int]


def _mapped(tasks: list[Task], settings: AudioSettings, workers: int) -> Iterable[Floats]:
    if workers <= 1:
        _start(settings)
        yield from map(_vectors, tasks)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (settings,)) as pool:
        yield from pool.map(_vectors, tasks)


def _start(settings: AudioSettings) -> None:
    global _encoders, _settings
    import av
    import torch

    torch.set_num_threads(1)
    av.logging.set_level(av.logging.FATAL)  # a codec's remarks on its last, short frame
    _encoders = [network.load_audio_encoder(name) for name in settings.encoders]
    _settings = settings


def _vectors(task: Task) -> Floats:
    clips, steps, seed = task
    sounds = [heard(clip) for clip in clips]
    if steps and steps[0] in LINES:
        sounds = [LINES[steps[0]](sound) for sound in sounds]
    elif steps:
        rendition = augment.rendition(steps, seed, sounds[0])
        sounds = [rendition(sound) for sound in sounds]
    return network.audio_vectors(_encoders, _settings, sounds)
