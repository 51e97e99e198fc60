"""Clips -> pooled vectors of encoders, each computed once and kept in the cache for every run and study.

A vector's path in the cache follows from the clip's contents, from what is done to its sound, and from the encoders.
The corpus's folder, the recipe's other numbers and the other clips of a run make no difference to it, except for clips
that babble in its background.
"""

from __future__ import annotations

import hashlib
import json
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from callmood import bundled_weights
from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.hashing import sha256_of_all
from callmood.model import encode
from callmood.model.encode import AudioSettings
from callmood.sound import SAMPLE_RATE, Samples
from callmood.training.cache import write_whole
from callmood.training.corpora.clip import Clip
from callmood.training.data import augment, conditions
from callmood.training.data.decoding import decode_clip, file_hashes
from callmood.training.data.lines import LINES
from callmood.training.processes import mapped
from callmood.training.progress import Remark
from callmood.training.recipe import contents
from callmood.wording import counted

Step = str
"""A step of ``augment.STEPS``, one of ``lines.LINES``, or a condition such as "white 10"."""

VERSION: Final = 1
"""Part of every key: to be raised when a change of the code changes the vectors."""
CHUNK: Final = 10
"""Clips that are computed, and kept, at a time."""
BACKGROUND: Final = 30
"""About as many of a speaker's clips make the babble behind the others."""


@dataclass(frozen=True, slots=True)
class Transform:
    """What is done to a clip's sound before it is encoded."""

    steps: tuple[Step, ...] = ()
    seed: int = 0
    """For drawing the steps' parameters."""
    background: tuple[Clip, ...] = ()
    """The clips that babble is made of, where a step is that."""


Pair = tuple[Clip, Transform]


def augmented_vectors(
    clips: Sequence[Clip],
    copies: Sequence[Sequence[Step]],
    settings: AudioSettings,
    seed: int,
    cache: Path,
    report: Remark,
) -> list[Floats]:
    """[n, width] for the steps of each of ``copies``, whose parameters are drawn for each speaker with ``seed``.

    Raises CallmoodError as ``vectors`` does.
    """
    own: dict[str, list[Clip]] = {}
    for clip in clips:
        own.setdefault(clip.speaker, []).append(clip)
    pairs: list[Pair] = []
    for number, steps in enumerate(copies):
        transforms = {
            speaker: drawn(tuple(steps), seed, number, speaker, of_speaker)
            for speaker, of_speaker in own.items()
        }
        pairs += [(clip, transforms[clip.speaker]) for clip in clips]
    return np.split(vectors(pairs, settings, cache, report), len(copies))


def drawn(
    steps: tuple[Step, ...], seed: int, number: int, speaker: str, clips: Sequence[Clip] = ()
) -> Transform:
    """The transform of the ``number``-th copy of ``clips``, all of ``speaker``, in a run with ``seed``."""
    if not set(steps) & set(augment.STEPS):
        return Transform(steps)
    background = clips[:: max(1, len(clips) // BACKGROUND)] if "babble" in steps else ()
    return Transform(steps, zlib.crc32(f"{seed}/{number}/{speaker}".encode()), tuple(background))


def vectors(pairs: Sequence[Pair], settings: AudioSettings, cache: Path, report: Remark) -> Floats:
    """[n, width]: each clip after its transform; what ``cache`` lacks is computed and put there.

    Raises CallmoodError for a clip that can't be read and for a full disk; what was computed before is kept.
    """
    paths = _paths(pairs, settings, cache)
    missing = {path: pair for path, pair in zip(paths, pairs, strict=True) if not path.is_file()}
    if missing:
        report(
            f"{len(missing):,} of {counted(len(pairs), 'vector')} to be computed; the others are in the cache"
        )
    for _ in mapped(_compute, list(_jobs(missing, settings)), "vectors"):
        pass
    return np.stack([np.load(path) for path in paths])


def _paths(pairs: Sequence[Pair], settings: AudioSettings, cache: Path) -> list[Path]:
    """The file of each vector: a folder for the encoders, in it one for the transform, in it a file for the clip."""
    transforms = {transform for _, transform in pairs}
    clips = {clip for clip, _ in pairs} | {clip for each in transforms for clip in each.background}
    hashes = file_hashes([clip.path for clip in clips], cache)
    for clip in clips:
        if clip.path not in hashes:
            raise CallmoodError(f"{clip.path} can't be read. Fix the file or remove it.")
    names = {clip: _digest([hashes[clip.path], clip.channel, clip.start_s, clip.end_s]) for clip in clips}
    folders = {
        each: _digest([each.steps, each.seed, [names[clip] for clip in each.background]])
        for each in transforms
    }
    folder = cache / "vectors" / encoders_id(settings)
    return [folder / folders[transform] / f"{names[clip]}.npy" for clip, transform in pairs]


def encoders_id(settings: AudioSettings) -> str:
    """32 hexadecimal digits that identify encoders by their weights and how they are pooled."""
    return _digest([VERSION, asdict(settings), [_weights_id(name) for name in settings.encoders]])


def _weights_id(name: str) -> str:
    known = {encode.TINY_EN: bundled_weights.TINY_EN, encode.CAMPLUS: bundled_weights.CAMPPLUS}
    if name in known:
        return known[name].sha256
    if Path(name).is_dir():
        return contents(Path(name))
    return sha256_of_all(())  # fetched from a hub: the settings hold its name


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


class _Job(NamedTuple):
    """Clips with the same transform, and the files of their vectors."""

    transform: Transform
    clips: tuple[Clip, ...]
    paths: tuple[Path, ...]
    settings: AudioSettings


def _jobs(missing: Mapping[Path, Pair], settings: AudioSettings) -> Iterator[_Job]:
    together: dict[Transform, list[tuple[Clip, Path]]] = {}
    for path, (clip, transform) in missing.items():
        together.setdefault(transform, []).append((clip, path))
    for transform, wanted in together.items():
        for start in range(0, len(wanted), CHUNK):
            clips, paths = zip(*wanted[start : start + CHUNK], strict=True)
            yield _Job(transform, clips, paths, settings)


def _compute(job: _Job) -> None:
    change, encoders = change_of(job.transform), _encoders(job.settings)
    sounds = []
    for clip, path in zip(job.clips, job.paths, strict=True):
        # noise is drawn for each clip anew, so that it does not depend on the others
        seed_all(f"{job.transform.seed}/{path.stem}")
        sounds.append(change(decode_clip(clip)))
    for path, vector in zip(job.paths, encode.audio_vectors(encoders, job.settings, sounds), strict=True):
        write_whole(path, partial(np.save, arr=vector))


@lru_cache(maxsize=1)
def _encoders(settings: AudioSettings) -> list[Any]:
    import torch

    torch.set_num_threads(1)  # there is a process for each core
    return [encode.load_audio_encoder(name) for name in settings.encoders]


@lru_cache(maxsize=1)
def change_of(transform: Transform) -> Callable[[Samples], Samples]:
    """The transform as a function of a clip's samples, float32 [n] at 16 kHz."""
    first = transform.steps[0] if transform.steps else "clean"
    for line, through in LINES.items():
        if first == line:
            return through
    background = [decode_clip(clip) for clip in transform.background]
    if conditions.is_condition(first):
        return conditions.condition(first, background)
    silence = np.zeros(SAMPLE_RATE, np.float32)
    return augment.augmentation(transform.steps, transform.seed, background or [silence])


def seed_all(name: str) -> None:
    """Seed the generators that audiomentations and the conditions draw from."""
    number = zlib.crc32(name.encode())
    random.seed(number)
    np.random.seed(number)
