"""Clips -> prepared sound in the cache: 16 kHz mono, denoised, trimmed, none too short, none twice.

Prepared sounds lie in ``sounds/`` of the cache under the hash of what is in them; an index tells which one a stretch
of a recording gives by which settings. A recording goes by the hash of its bytes, wherever its folder is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.pipeline.audio.decode import UnreadableRecording, decode
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import add_to_index, index, write_whole
from callmood.training.corpora.clip import Clip
from callmood.training.processes import mapped
from callmood.training.recipe import Table
from callmood.wording import counted

Pcm = npt.NDArray[np.int16]
Report = Callable[[str], None]
Prepared = tuple[Clip, Path]
"""A clip and its prepared sound, int16 [n] at 16 kHz as NumPy writes it."""

_VERSION: Final = 2
"""Of what this module makes of a clip: another one makes the cached sounds stale."""
_SAVE_EVERY: Final = 500
_NAMED: Final = 5
"""Bad files and the like that are named; all are counted."""


class PrepareTable(Table):
    """What is done to every clip, which is 16 kHz mono in any case; the defaults are the paper's."""

    denoise: bool = True
    """Spectral gating, n_fft 2048, hop 512."""
    trim: bool = True
    """Cut silence off both ends: what lies ``below_peak_db`` under the clip's peak."""
    below_peak_db: Annotated[float, Field(gt=0)] = 40.0
    shortest_s: Annotated[float, Field(ge=0)] = 1.0
    """Clips that are shorter as recorded are left out; 0 keeps all.

    As recorded, and not as trimmed: of the paper's four corpora of single sentences nothing is missing in its counts,
    and none of their clips is under 1 s before its silence is cut.
    """
    distinct: bool = True
    """Of clips with the same sound the first is kept."""


_AS_RECORDED: Final = PrepareTable(denoise=False, trim=False)


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


def prepare(clips: Sequence[Clip], table: PrepareTable, cache: Path, report: Report) -> list[Prepared]:
    """The prepared sound of ``clips``, in their order, without those that ``table`` leaves out."""
    return preparation(clips, table, cache, report).kept


def preparation(clips: Sequence[Clip], table: PrepareTable, cache: Path, report: Report) -> Preparation:
    """The prepared sound of ``clips``, in their order, and those that ``table`` leaves out.

    A clip that can't be read is reported and left out; raises CallmoodError for a corpus of which none can.
    """
    hashes = file_hashes([clip.path for clip in clips], cache)
    keys = [_key(hashes.get(clip.path, ""), clip, table) for clip in clips]
    stored = index(cache / "sounds.json")
    sounds = {key: _Sound(*stored[key]) for key in keys if key in stored}
    sounds = {
        key: sound for key, sound in sounds.items() if not sound.digest or _file(cache, sound).is_file()
    }
    _tell_bad(clips, _make(clips, keys, table, cache, sounds), report)
    found = _sorted_out(clips, [sounds.get(key) for key in keys], table, cache)
    for (corpus, reason), count in Counter((clip.corpus, why) for clip, why in found.left_out).items():
        report(f"left out: {counted(count, 'clip')} of {corpus} {reason}")
    return found


def heard(clip: Clip) -> Floats:
    """A clip's samples as scanning hears them: float32 [n], mono at 16 kHz."""
    return _cut(clip.path, decode(clip.path).samples, clip.channel, clip.start_s, clip.end_s)


def audible(clips: Sequence[Clip], cache: Path, report: Report) -> list[Clip]:
    """``clips`` without those of which ``heard`` gives nothing; one report names them.

    What was heard once is noted in ``cache`` and not tried again. Raises CallmoodError for a corpus of which nothing
    can be heard.
    """
    store = cache / "audible.json"
    hashes, known = file_hashes([clip.path for clip in clips], cache), index(store)
    keys = {clip: _key(hashes.get(clip.path, ""), clip, _AS_RECORDED) for clip in clips}
    untried = [clip for clip, key in keys.items() if key not in known]
    reasons = dict(zip(untried, mapped(_why_unheard, untried, "reading"), strict=True))
    add_to_index(store, {keys[clip]: True for clip, reason in reasons.items() if not reason})
    bad = {clip: f"{clip.path} ({reason})" for clip, reason in reasons.items() if reason}
    _require_some(clips, bad)
    kept = [clip for clip in clips if clip not in bad]
    if bad:
        files = _few(list(dict.fromkeys(bad.values())), "file")
        report(f"left out: {counted(len(clips) - len(kept), 'clip')} that can't be read: {files}")
    for name in ("label", "speaker"):
        lost = sorted({getattr(clip, name) for clip in clips} - {getattr(clip, name) for clip in kept})
        if lost:
            report(f"no clip is left of {counted(len(lost), name)}: {_few(lost, name)}")
    return kept


def _why_unheard(clip: Clip) -> str:
    """Why ``heard`` gives nothing of ``clip``; "" where it gives something."""
    try:
        return "" if heard(clip).size else f"it ends before {clip.start_s:g} s"
    except UnreadableRecording as error:
        return error.reason
    except CallmoodError as error:
        return str(error).removeprefix(f"{clip.path} ").removesuffix(".")
    except OSError as error:
        return error.strerror or str(error)


def _few(names: Sequence[str], noun: str) -> str:
    """``names`` in a line, as many as a line may hold, and how many more there are."""
    more = [f"and {counted(len(names) - _NAMED, f'more {noun}')}"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])


def file_hashes(paths: Sequence[Path], cache: Path) -> dict[Path, str]:
    """The SHA-256 of each file that can be read; one of the same size and time as before is not read again."""
    store = cache / "files.json"
    seen = index(store)
    hashes, fresh = {}, {}
    for path in dict.fromkeys(paths):
        try:
            facts = path.stat()
            name = f"{path.resolve()}|{facts.st_size}|{facts.st_mtime_ns}"
            if name not in seen:
                with path.open("rb") as file:
                    fresh[name] = _sha256(file)
        except OSError:
            continue
        hashes[path] = str(seen.get(name) or fresh[name])
    add_to_index(store, fresh)
    return hashes


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _key(content: str, clip: Clip, table: PrepareTable) -> str:
    steps = {"denoise": table.denoise, "trim": table.below_peak_db if table.trim else None}
    facts = [_VERSION, content, clip.channel, clip.start_s, clip.end_s, steps]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _make(
    clips: Sequence[Clip], keys: Sequence[str], table: PrepareTable, cache: Path, sounds: dict[str, _Sound]
) -> dict[Path, str]:
    """Put what ``sounds`` lacks into it and into the cache; returns why, for files that give nothing."""
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
            zip(mapped(_prepared, jobs, "preparing"), jobs, strict=True), start=1
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


def _prepared(job: _Job) -> Done:
    try:
        samples = decode(job.path).samples
        cuts = [_cut(job.path, samples, *stretch[1:]) for stretch in job.stretches]
    except UnreadableRecording as error:
        if error.reason == "too short":
            return {stretch.key: _Sound("", 0.0) for stretch in job.stretches}, None
        return {}, f"{job.path}: {error}"
    except CallmoodError as error:
        return {}, str(error)
    except OSError as error:
        return {}, f"{job.path} can't be read ({error.strerror})."
    made = {}
    for stretch, cut in zip(job.stretches, cuts, strict=True):
        pcm = _steps(cut, job.table)
        digest = hashlib.sha256(pcm.tobytes()).hexdigest()[:32] if pcm.any() else ""
        sound = made[stretch.key] = _Sound(digest, len(cut) / SAMPLE_RATE)
        path = _file(job.cache, sound)
        if digest and not path.is_file():
            write_whole(path, partial(np.save, arr=pcm))
    return made, None


def _cut(path: Path, samples: Floats, channel: int | None, start_s: float, end_s: float | None) -> Floats:
    if channel is not None and channel >= len(samples):
        raise CallmoodError(f"{path} has no channel {channel}: it has {len(samples)}, counted from 0.")
    mono = samples.mean(axis=0) if channel is None else samples[channel]
    end = None if end_s is None else round(end_s * SAMPLE_RATE)
    return np.asarray(mono[round(start_s * SAMPLE_RATE) : end], dtype=np.float32)


def _steps(samples: Floats, table: PrepareTable) -> Pcm:
    if table.denoise and samples.any():
        samples = denoised(samples)
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)
    return trimmed(pcm, table.below_peak_db) if table.trim else pcm


def denoised(samples: Floats) -> Floats:
    """``samples`` [n] less their noise: noisereduce's spectral gating with the paper's window and hop.

    The noise floor follows the clip, which is noisereduce's own way. One floor for the whole clip, taken from the clip
    itself, counts held vowels as noise: of TESS it leaves a tenth of the energy, this a fifth.
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


def _tell_bad(clips: Sequence[Clip], bad: Mapping[Path, str], report: Report) -> None:
    """Report the files that give nothing; raises where a whole corpus is of them."""
    _require_some(clips, {clip: bad[clip.path] for clip in clips if clip.path in bad})
    for reason in list(bad.values())[:_NAMED]:
        report(reason)


def _require_some(clips: Sequence[Clip], bad: Mapping[Clip, str]) -> None:
    """Raise where all clips of a corpus are ``bad``, with the reason of the first."""
    readable = {clip.corpus for clip in clips if clip not in bad}
    for clip in clips:
        if clip.corpus not in readable:
            raise CallmoodError(f"No clip of {clip.corpus} can be read; the first: {bad[clip]}")


def _sorted_out(
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
            kept.append((clip, _file(cache, sound)))
    return Preparation(kept, left_out)


def _file(cache: Path, sound: _Sound) -> Path:
    return cache / "sounds" / sound.digest[:2] / f"{sound.digest}.npy"
