"""What the headers of a container state: how long the sound should be, and whether a file ends early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from callmood.remote import RemotePath

if TYPE_CHECKING:
    from av import AudioStream
    from av.container import InputContainer

_EXACT_LENGTH: Final = {"wav", "w64", "mov", "flac", "matroska", "caf", "aiff"}
"""Containers whose header states the length; elsewhere it is an estimate and proves nothing."""
_TIMED: Final = {"matroska", "mov", "ogg", "asf"}
_STREAMED_WAV: Final = range(0x7FFF_0000, 0x1_0000_0000)
"""Data sizes that writers use when they don't know the length yet."""
_HEAD_BYTES: Final = 512
"""Enough of a WAV to see its format."""
_USUAL_BYTES_PER_S: Final = {
    ".wav": 32_000,
    ".wave": 32_000,
    ".flac": 12_000,
    ".opus": 3_000,
    ".ogg": 3_000,
    ".gsm": 1_650,
    ".amr": 1_600,
    ".w64": 16_000,
}
_OTHER_BYTES_PER_S: Final = 4_000
_PAGE_BYTES: Final = 65_536
"""An Ogg page is at most about this long; the headers of other formats fit as well."""


def expected_duration(path: Path, size_bytes: int) -> float:
    """Seconds of sound in a file of this size: by the header of a WAV on a disk, by what is usual for others.

    Reads next to nothing: for plans and progress, which may be wrong.
    """
    bytes_per_s = _USUAL_BYTES_PER_S.get(path.suffix.lower(), _OTHER_BYTES_PER_S)
    if path.suffix.lower() in (".wav", ".wave") and not isinstance(path, RemotePath):
        with suppress(OSError), path.open("rb") as file:
            bytes_per_s = _wav_bytes_per_s(file.read(_HEAD_BYTES)) or bytes_per_s
    return size_bytes / bytes_per_s


def _wav_bytes_per_s(head: bytes) -> int:
    """0 if it is not stated."""
    at = head.find(b"fmt ", 12)
    return int.from_bytes(head[at + 16 : at + 20], "little") if at >= 0 and head[:4] == b"RIFF" else 0


def declared_duration(
    path: Path, container: InputContainer, stream: AudioStream, file: BinaryIO
) -> float | None:
    """Seconds of sound that the header states; None if it states nothing reliable."""
    names = container.format.name.split(",")
    if "wav" in names and (stated_s := _wav_duration(_peek(file, 0), path.stat().st_size)) is not None:
        return stated_s
    if "mp3" in names:
        # Without this tag the length of an MP3 is a guess from its first frames.
        head = _peek(file, 0)
        exact = any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))
    else:
        exact = not _EXACT_LENGTH.isdisjoint(names)
    if not exact:
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def has_timestamps(container: InputContainer) -> bool:
    """Whether the frames of a container have times of their own, which may leave out pauses."""
    return not _TIMED.isdisjoint(container.format.name.split(","))


def _wav_duration(head: bytes, file_bytes: int) -> float | None:
    """The duration in the header, if the file is shorter than that; FFmpeg does not notice."""
    bytes_per_s = 0
    at = 12
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(head[at + 16 : at + 20], "little")
        elif name == b"data":
            whole = at + 8 + size <= file_bytes or size in _STREAMED_WAV
            return None if whole or not bytes_per_s else size / bytes_per_s
        at += 8 + size + size % 2
    return None


def ogg_breaks_off(container: InputContainer, file: BinaryIO) -> bool:
    """Whether an Ogg file is truncated: Ogg states no length, but marks its last page as the last."""
    if "ogg" not in container.format.name.split(","):
        return False
    tail = _peek(file, -_PAGE_BYTES)
    page = tail.rfind(b"OggS")
    flags = tail[page + 5 : page + 6] if page >= 0 else b""
    return not flags or not flags[0] & 4


def goes_on(container: InputContainer, file: BinaryIO) -> bool:
    """Whether an MP4 or AIFF is followed by another file; FFmpeg reads only the first."""
    names = container.format.name.split(",")
    size = file.seek(0, 2)
    if "aiff" in names:
        head = _peek(file, 0)
        return 8 + int.from_bytes(head[4:8], "big") + _PAGE_BYTES < size
    return "mov" in names and sum(name == b"moov" for name in _boxes(file, size)) > 1


def _boxes(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The names of an MP4's outermost boxes."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8:
            return
        yield head[4:8]
        at += length


def _peek(file: BinaryIO, start: int) -> bytes:
    """A page's worth of bytes from ``start``, counted from the end if negative; the position is kept."""
    here = file.tell()
    if start < 0:
        file.seek(max(0, file.seek(0, 2) + start))
    else:
        file.seek(start)
    page = file.read(_PAGE_BYTES)
    file.seek(here)
    return page
