"""A clip's samples as a scan decodes them, and what identifies a file by its contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.hashing import sha256_of
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.audio.files import UnreadableRecording
from callmood.sound import SAMPLE_RATE, Samples
from callmood.training.cache import add_to_index, read_index
from callmood.training.corpora.clip import Clip


class UnreadableClip(CallmoodError):
    """A clip that gives no sound. ``reason`` is a few words without the path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}.")
        self.reason = reason


def decode_clip(clip: Clip) -> Samples:
    """float32 [n], mono at 16 kHz.

    Raises UnreadableRecording for a file that is no audio, UnreadableClip for a channel that it lacks, and OSError.
    """
    return cut(clip.path, decode(clip.path).samples, clip.channel, clip.start_s, clip.end_s)


def cut(path: Path, samples: Floats, channel: int | None, start_s: float, end_s: float | None) -> Samples:
    """[n] of ``samples`` [channels, time], which are those of the file ``path``; no channel: the mean of all.

    Raises UnreadableClip for a channel that is not there.
    """
    if channel is not None and channel >= len(samples):
        raise UnreadableClip(path, f"has no channel {channel}: it has {len(samples)}, counted from 0")
    mono = samples.mean(axis=0) if channel is None else samples[channel]
    end = None if end_s is None else round(end_s * SAMPLE_RATE)
    return np.asarray(mono[round(start_s * SAMPLE_RATE) : end], dtype=np.float32)


def why_unreadable(clip: Clip) -> str:
    """Why ``decode_clip`` gives no sound of ``clip``, in a few words; "" where it gives some."""
    try:
        return "" if decode_clip(clip).size else f"it ends before {clip.start_s:g} s"
    except (UnreadableRecording, UnreadableClip) as error:
        return error.reason
    except OSError as error:
        return error.strerror or str(error)


def require_readable(clips: Sequence[Clip], unreadable: Mapping[Clip, str]) -> None:
    """Raise CallmoodError where all clips of a corpus are ``unreadable``, with what is said of the first."""
    readable = {clip.corpus for clip in clips if clip not in unreadable}
    for clip in clips:
        if clip.corpus not in readable:
            raise CallmoodError(f"No clip of {clip.corpus} can be read; the first: {unreadable[clip]}")


def file_hashes(paths: Sequence[Path], cache: Path) -> dict[Path, str]:
    """The SHA-256 of each file that can be read; one of the same size and time as before is not read again."""
    index = cache / "files.json"
    seen = read_index(index)
    hashes, fresh = {}, {}
    for path in dict.fromkeys(paths):
        try:
            facts = path.stat()
            name = f"{path.resolve()}|{facts.st_size}|{facts.st_mtime_ns}"
            if name not in seen:
                fresh[name] = sha256_of(path)
        except OSError:
            continue
        hashes[path] = str(seen.get(name) or fresh[name])
    add_to_index(index, fresh)
    return hashes
