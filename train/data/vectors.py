"""Clips -> pooled vectors, each computed once: kept by what is heard and what hears it, for every run and study.

A vector's place in the cache follows from the clip's content, what is done to its sound, and the encoders. The folder
of a corpus, the recipe's other numbers and the other clips of a run, but for those that are heard behind it, make no
difference to it.
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
from callmood.model import encode
from callmood.model.encode import AudioSettings
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import write_whole
from callmood.training.corpora.clip import Clip
from callmood.training.data import augment, conditions
from callmood.training.data.prepare import file_hashes
from callmood.training.measure.evaluate import LINES, heard
from callmood.training.processes import mapped
from callmood.wording import counted

Step = str
"""A step of ``augment.STEPS``, one of ``evaluate.LINES``, or a condition such as "white 10"."""

VERSION: Final = 1
"""Part of every key: to be raised when a change of the code changes the vectors."""
CHUNK: Final = 10
"""Clips that are computed, and kept, at a time."""
BACKGROUND: Final = 30
"""Of a speaker's clips about as many babble behind the others."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is done to a clip's sound before it is encoded."""

    steps: tuple[Step, ...] = ()
    seed: int = 0
    """Of the steps' draws."""
    background: tuple[Clip, ...] = ()
    """Of whom babble is made, where a step is that."""


Pair = tuple[Clip, Hearing]


def rendition_vectors(
    clips: Sequence[Clip],
    renditions: Sequence[Sequence[Step]],
    settings: AudioSettings,
    seed: int,
    cache: Path,
    report: Callable[[str], None],
) -> list[Floats]:
    """[n, width] of each rendition. A rendition is drawn for each speaker; the same ``seed`` gives the same."""
    own: dict[str, list[Clip]] = {}
    for clip in clips:
        own.setdefault(clip.speaker, []).append(clip)
    pairs: list[Pair] = []
    for number, steps in enumerate(renditions):
        hearings = {
            speaker: drawn(tuple(steps), seed, number, speaker, said) for speaker, said in own.items()
        }
        pairs += [(clip, hearings[clip.speaker]) for clip in clips]
    return np.split(vectors(pairs, settings, cache, report), len(renditions))


def drawn(
    steps: tuple[Step, ...], seed: int, number: int, speaker: str, clips: Sequence[Clip] = ()
) -> Hearing:
    """The ``number``-th rendition of ``clips``, a speaker's, of a run with ``seed``."""
    if not set(steps) & set(augment.STEPS):
        return Hearing(steps)
    behind = clips[:: max(1, len(clips) // BACKGROUND)] if "babble" in steps else ()
    return Hearing(steps, zlib.crc32(f"{seed}/{number}/{speaker}".encode()), tuple(behind))


def vectors(
    pairs: Sequence[Pair], settings: AudioSettings, cache: Path, report: Callable[[str], None]
) -> Floats:
    """[n, width]: each clip as its hearing has it; what ``cache`` lacks is computed and put there.

    Raises CallmoodError for a clip that can't be read and for a full disk; what was computed before is kept.
    """
    places = _places(pairs, settings, cache)
    missing = {place: pair for place, pair in zip(places, pairs, strict=True) if not place.is_file()}
    if missing:
        report(
            f"{len(missing):,} of {counted(len(pairs), 'vector')} to be computed; the others are in the cache"
        )
    for _ in mapped(_compute, list(_jobs(missing, settings)), "vectors"):
        pass
    return np.stack([np.load(place) for place in places])


def _places(pairs: Sequence[Pair], settings: AudioSettings, cache: Path) -> list[Path]:
    """Where each vector is kept: a folder of the encoders, one of the hearing, a file of the clip."""
    hearings = {hearing for _, hearing in pairs}
    clips = {clip for clip, _ in pairs} | {clip for hearing in hearings for clip in hearing.background}
    hashes = file_hashes([clip.path for clip in clips], cache)
    for clip in clips:
        if clip.path not in hashes:
            raise CallmoodError(f"{clip.path} can't be read; mend it or take it out.")
    names = {clip: _digest([hashes[clip.path], clip.channel, clip.start_s, clip.end_s]) for clip in clips}
    folders = {
        hearing: _digest([hearing.steps, hearing.seed, [names[clip] for clip in hearing.background]])
        for hearing in hearings
    }
    place = cache / "vectors" / encoders_id(settings)
    return [place / folders[hearing] / f"{names[clip]}.npy" for clip, hearing in pairs]


def encoders_id(settings: AudioSettings) -> str:
    """32 hexadecimal digits that tell encoders by their weights, and how they are read."""
    return _digest([VERSION, asdict(settings), [_weights_id(name) for name in settings.encoders]])


def _weights_id(name: str) -> str:
    known = {encode.TINY_EN: bundled_weights.TINY_EN, encode.CAMPLUS: bundled_weights.CAMPPLUS}
    if name in known:
        return known[name].sha256
    content = hashlib.sha256()
    for file in sorted(Path(name).glob("*")):
        if file.suffix in {".json", ".safetensors", ".bin"}:
            content.update(file.read_bytes())
    return content.hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


class _Job(NamedTuple):
    """Clips that are heard alike, and where their vectors are put."""

    hearing: Hearing
    clips: tuple[Clip, ...]
    places: tuple[Path, ...]
    settings: AudioSettings


def _jobs(missing: Mapping[Path, Pair], settings: AudioSettings) -> Iterator[_Job]:
    alike: dict[Hearing, list[tuple[Clip, Path]]] = {}
    for place, (clip, hearing) in missing.items():
        alike.setdefault(hearing, []).append((clip, place))
    for hearing, wanted in alike.items():
        for start in range(0, len(wanted), CHUNK):
            clips, places = zip(*wanted[start : start + CHUNK], strict=True)
            yield _Job(hearing, clips, places, settings)


def _compute(job: _Job) -> None:
    change, encoders = changed(job.hearing), _encoders(job.settings)
    sounds = []
    for clip, place in zip(job.clips, job.places, strict=True):
        seed_all(
            f"{job.hearing.seed}/{place.stem}"
        )  # noise is drawn for every clip: not to depend on the others
        sounds.append(change(heard(clip)))
    for place, vector in zip(job.places, encode.audio_vectors(encoders, job.settings, sounds), strict=True):
        write_whole(place, partial(np.save, arr=vector))


@lru_cache(maxsize=1)
def _encoders(settings: AudioSettings) -> list[Any]:
    import torch

    torch.set_num_threads(1)  # the processes are as many as there are cores
    return [encode.load_audio_encoder(name) for name in settings.encoders]


@lru_cache(maxsize=1)
def changed(hearing: Hearing) -> Callable[[Floats], Floats]:
    """What is done to a clip's samples, float32 at 16 kHz."""
    first = hearing.steps[0] if hearing.steps else "clean"
    if first in LINES:
        return LINES[first]
    if conditions.is_condition(first):
        return conditions.condition(first, [heard(clip) for clip in hearing.background])
    behind = [heard(clip) for clip in hearing.background]
    return augment.rendition(hearing.steps, hearing.seed, behind or [np.zeros(SAMPLE_RATE, np.float32)])


def seed_all(name: str) -> None:
    """Seed the generators that audiomentations and the conditions draw from."""
    number = zlib.crc32(name.encode())
    random.seed(number)
    np.random.seed(number)
