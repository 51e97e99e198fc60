"""Which recordings can be heard: they are where they were scanned, can be read, and hold what was scanned."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, TypeAlias

from callmood.hashing import hash_stream, joined_id
from callmood.pipeline.audio.files import UnreadableRecording, opened
from callmood.remote import as_path, status_of
from callmood.wording import counted

Loss: TypeAlias = Literal["gone", "changed", "unreadable", "left out", "remote"]
"""Why a call can't be heard on a page that has sound."""

HOURS_OF_SOUND: Final = 6.0
"""Recordings of so many hours are read, of the most upset calls: 65 MB as clips, half a minute of work."""

LOSSES: Final[Mapping[Loss, str]] = {
    "gone": "moved or deleted",
    "changed": "changed since the scan",
    "unreadable": "not readable",
    "left out": f"not among the {HOURS_OF_SOUND:g} hours of the most upset calls",
    "remote": "in a bucket, which a page can't play: --audio embed has clips",
}
"""What a recording is, in words."""

Known: TypeAlias = Mapping[str, tuple[int, int, str]]
"""What files held when they were read last: size in bytes, modification time in ns and SHA-256, by path."""


def loss_of(recording_id: str, paths: Sequence[str], size_bytes: int, known: Known) -> Loss | None:
    """Why a recording can't be heard; None if its files are there and hold what was scanned.

    Another recording in its place would be heard for this call. Files that are as they were when they were read last
    are not read again.
    """
    files = [as_path(path) for path in paths]
    try:
        if sum(file.stat().st_size for file in files) != size_bytes:
            return "changed"
        contents = [_content(file, known.get(str(file))) for file in files]
    except (FileNotFoundError, NotADirectoryError):
        return "gone"
    except (OSError, UnreadableRecording):
        return "unreadable"
    return None if joined_id(contents) == recording_id else "changed"


def unheard(losses: Mapping[Loss, int], calls: int) -> str:
    """How many of so many calls can't be heard, and why.

    >>> unheard({"changed": 1, "gone": 2}, 5)
    "3 of 5 calls can't be heard: 2 recordings moved or deleted, 1 recording changed since the scan."
    """
    why = [
        f"{counted(losses[loss], 'recording')} {words}" for loss, words in LOSSES.items() if loss in losses
    ]
    return f"{sum(losses.values()):,} of {counted(calls, 'call')} can't be heard: {', '.join(why)}."


def _content(file: Path, earlier: tuple[int, int, str] | None) -> str:
    with opened(file) as stream:
        status = status_of(file, stream)
        if earlier and earlier[:2] == (status.st_size, status.st_mtime_ns):
            return earlier[2]
        digest = sha256()
        hash_stream(stream, digest)
        return digest.hexdigest()
