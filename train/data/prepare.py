"""Clips -> prepared sound in the cache: 16 kHz mono, denoised, trimmed, none too short, none twice.

Prepared sounds are in ``sounds/`` of the cache, named by the hash of their contents; an index maps a stretch of a
recording and the settings to one of them. A recording is known by the hash of its bytes, whatever its folder.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from callmood.arrays import Floats
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.audio.files import UnreadableRecording
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import add_to_index, read_index, write_whole
from callmood.training.corpora.clip import Clip
from callmood.training.data.decoding import UnreadableClip, cut, file_hashes, require_readable
from callmood.training.processes import mapped
from callmood.training.progress import Remark
from callmood.training.recipe import Table
from callmood.wording import counted

Pcm = npt.NDArray[np.int16]
Prepared = tuple[Clip, Path]
"""A clip and its prepared sound, int16 [n] at 16 kHz as NumPy writes it."""

_VERSION: Final = 2
"""To be raised when a change of this module changes what it makes of a clip: cached sounds are then stale."""
_SAVE_EVERY: Final = 500
_MOST_NAMED: Final = 5
"""Unreadable files that are named."""


class PrepareTable(Table):
    """What is done to every clip, which is 16 kHz mono in any case; the defaults are the paper's."""

    denoise: bool = True
    """Spectral gating, n_fft 2048, hop 512."""
    trim: bool = True
    """Cut silence off both ends: what lies ``below_peak_db`` under the clip's peak."""
    below_peak_db: Annotated[float, Field(gt=0)] = 40.0
    shortest_s: Annotated[float, Field(ge=0)] = 1.0
    """Clips that are shorter as recorded are left out; 0 keeps all.

    As recorded, not as trimmed: the paper's counts of its four corpora of single sentences are complete, and none of
    their clips is under 1 s before its silence is cut.
    """
    distinct: bool = True
    """Of several clips with the same sound only the first is kept."""


class _Stretch(NamedTuple):
    """A part of a recording, to be prepared."""

    key: str
    channel: int | None
    start_s: float
    end_s: float | None


class _Job(NamedTuple):
    path: Path
    stretches: tuple[_Stretch, ...]
    table: PrepareTable
    cache: Path


class _Sound(NamedTuple):
    """What the index holds of a stretch."""

    digest: str
    """Of the prepared samples; "" where nothing is left."""
    recorded_s: float


Done = tuple[dict[str, _Sound], str | None]
"""The sounds of a job by their keys, or else why there are none."""


class Preparation(NamedTuple):
    """What became of clips."""

    kept: list[Prepared]
    left_out: list[tuple[Clip, str]]
    """Each with the reason: "shorter than 1 s"."""


def prepare(clips: Sequence[Clip], table: PrepareTable, cache: Path, report: Remark) -> list[Prepared]:
    """The prepared sound of ``clips``, in their order, without those that ``table`` leaves out."""
    return preparation(clips, table, cache, report).kept


def preparation(clips: Sequence[Clip], table: PrepareTable, cache: Path, report: Remark) -> Preparation:
    """The prepared sound of ``clips``, in their order, and those that ``table`` leaves out.

    A clip that can't be read is reported and left out; raises CallmoodError for a corpus of which none can.
    """
    hashes = file_hashes([clip.path for clip in clips], cache)
    keys = [sound_key(hashes.get(clip.path, ""), clip, table) for clip in clips]
    stored = read_index(cache / "sounds.json")
    sounds = {key: _Sound(*stored[key]) for key in keys if key in stored}
    sounds = {
        key: sound for key, sound in sounds.items() if not sound.digest or _sound_file(cache, sound).is_file()
    }
    _report_unreadable(clips, _make_missing(clips, keys, table, cache, sounds), report)
    found = _selected(clips, [sounds.get(key) for key in keys], table, cache)
    for (corpus, reason), count in Counter((clip.corpus, why) for clip, why in found.left_out).items():
        report(f"left out: {counted(count, 'clip')} of {corpus} {reason}")
    return found


def sound_key(content: str, clip: Clip, table: PrepareTable) -> str:
    """32 hexadecimal digits for what ``table`` makes of a clip of a file with the SHA-256 ``content``."""
    steps = {"denoise": table.denoise, "trim": table.below_peak_db if table.trim else None}
    facts = [_VERSION, content, clip.channel, clip.start_s, clip.end_s, steps]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _make_missing(
    clips: Sequence[Clip], keys: Sequence[str], table: PrepareTable, cache: Path, sounds: dict[str, _Sound]
) -> dict[Path, str]:
    """Add to ``sounds`` and the cache what they lack; returns the reason for each file that can't be read."""
    wanted: dict[Path, dict[str, _Stretch]] = {}
    for clip, key in zip(clips, keys, strict=True):
        if key not in sounds:
            stretch = _Stretch(key, clip.channel, clip.start_s, clip.end_s)
            wanted.setdefault(clip.path, {})[key] = stretch
    jobs = [_Job(path, tuple(found.values()), table, cache) for path, found in wanted.items()]
    bad: dict[Path, str] = {}
    fresh: dict[str, _Sound] = {}
    try:
        for done, ((made, reason), job) in enumerate(
            zip(mapped(_prepare_file, jobs, "preparing"), jobs, strict=True), start=1
        ):
            fresh |= made
            if reason is not None:
                bad[job.path] = reason
            if done % _SAVE_EVERY == 0:
                add_to_index(cache / "sounds.json", fresh)
    finally:
        add_to_index(cache / "sounds.json", fresh)
    sounds |= fresh
    return bad


def _prepare_file(job: _Job) -> Done:
    try:
        decoded = decode(job.path).samples
        cuts = [cut(job.path, decoded, *stretch[1:]) for stretch in job.stretches]
    except UnreadableRecording as error:
        if error.reason == "too short":
            return {stretch.key: _Sound("", 0.0) for stretch in job.stretches}, None
        return {}, f"{job.path}: {error}"
    except UnreadableClip as error:
        return {}, str(error)
    except OSError as error:
        return {}, f"{job.path} can't be read ({error.strerror})."
    made = {}
    for stretch, samples in zip(job.stretches, cuts, strict=True):
        pcm = _processed(samples, job.table)
        digest = hashlib.sha256(pcm.tobytes()).hexdigest()[:32] if pcm.any() else ""
        sound = made[stretch.key] = _Sound(digest, len(samples) / SAMPLE_RATE)
        path = _sound_file(job.cache, sound)
        if digest and not path.is_file():
            write_whole(path, partial(np.save, arr=pcm))
    return made, None


def _processed(samples: Floats, table: PrepareTable) -> Pcm:
    if table.denoise and samples.any():
        samples = denoised(samples)
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)
    return trimmed(pcm, table.below_peak_db) if table.trim else pcm


def denoised(samples: Floats) -> Floats:
    """``samples`` [n] less their noise: noisereduce's spectral gating with the paper's window and hop.

    The noise floor varies over the clip, noisereduce's default. A single floor, estimated from the whole clip, counts
    held vowels as noise: it leaves a tenth of the energy of TESS, this a fifth.
    """
    from noisereduce import reduce_noise

    found = reduce_noise(samples, SAMPLE_RATE, stationary=False, n_fft=2048, hop_length=512, n_jobs=1)
    return np.nan_to_num(np.asarray(found, dtype=np.float32))


def trimmed(pcm: Pcm, below_peak_db: float) -> Pcm:
    """``pcm`` [n] without the silence at its ends, in steps of 10 ms."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Couldn't find ffmpeg")  # not needed for this
        from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

    sound = AudioSegment(pcm.tobytes(), sample_width=2, frame_rate=SAMPLE_RATE, channels=1)
    threshold = sound.max_dBFS - below_peak_db
    step = SAMPLE_RATE // 1000  # pydub counts milliseconds
    start = detect_leading_silence(sound, threshold) * step
    end = len(pcm) - detect_leading_silence(sound.reverse(), threshold) * step
    return pcm[start:end]


def _report_unreadable(clips: Sequence[Clip], bad: Mapping[Path, str], report: Remark) -> None:
    require_readable(clips, {clip: bad[clip.path] for clip in clips if clip.path in bad})
    for reason in list(bad.values())[:_MOST_NAMED]:
        report(reason)


def _selected(
    clips: Sequence[Clip], sounds: Sequence[_Sound | None], table: PrepareTable, cache: Path
) -> Preparation:
    kept: list[Prepared] = []
    left_out: list[tuple[Clip, str]] = []
    seen: set[str] = set()
    for clip, sound in zip(clips, sounds, strict=True):
        if sound is None:
            left_out.append((clip, "that can't be read"))
        elif sound.recorded_s < table.shortest_s:
            left_out.append((clip, f"shorter than {table.shortest_s:g} s"))
        elif not sound.digest:
            left_out.append((clip, "without sound"))
        elif table.distinct and sound.digest in seen:
            left_out.append((clip, "with the same sound as another"))
        else:
            seen.add(sound.digest)
            kept.append((clip, _sound_file(cache, sound)))
    return Preparation(kept, left_out)


def _sound_file(cache: Path, sound: _Sound) -> Path:
    return cache / "sounds" / sound.digest[:2] / f"{sound.digest}.npy"
