"""WAV files whose header does not tell the truth: where their sound really is.

Recorders that are stopped hard leave the size of their last flush, some concatenate files, some forget the pad byte
after a chunk of odd length. FFmpeg believes the header, reads a part, or refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_BYTE_ORDERS: Final = {b"RIFF": "little", b"RIFX": "big", b"RF64": "little", b"BW64": "little"}
_BEGINNING: Final = re.compile(rb"(RIFF|RIFX|RF64|BW64)....WAVE", re.DOTALL)
_IN_DS64: Final = 0xFFFF_FFFF
"""The data size of a WAV whose chunk ds64 states it."""
_UNKNOWN_SIZES: Final = range(0x7FFF_0000, 0x1_0000_0000)
"""Data sizes that writers use when they don't know the length yet."""
_TAGS: Final = (b"ID3", b"TAG", b"APETAGEX")
"""What may follow the sound without being a chunk."""
_SPARE_BYTES: Final = 256
"""Fewer bytes than this after the sound are padding."""
_SEARCH_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Part:
    """A piece of a file that is read as a file of its own: ``header``, then the bytes from ``start`` to ``end``."""

    header: bytes
    start: int
    end: int
    channels: int = 0
    """0 if they are not known."""


def wav_parts(file: BinaryIO) -> list[Part]:
    """The parts of a WAV whose header FFmpeg must not believe; none for any other file. Keeps the position."""
    here = file.tell()
    try:
        return list(_parts(file, file.seek(0, 2)))
    finally:
        file.seek(here)


def _parts(file: BinaryIO, size: int) -> Iterator[Part]:
    at, number = 0, 0
    while True:
        sound = _sound(file, at, size)
        if sound is None:
            return
        end, next_at = _end(file, sound, size)
        if number == 0 and sound.well_formed and next_at is None and end <= sound.start + sound.size:
            return  # as the header says
        yield Part(sound.header(end - sound.start), sound.start, end, sound.channels)
        if next_at is None:
            return
        at, number = next_at, number + 1


@dataclass(frozen=True)
class _Sound:
    """The data chunk of a WAV."""

    magic: bytes
    format: bytes
    start: int
    size: int
    """As the header says."""
    well_formed: bool

    @property
    def channels(self) -> int:
        return int.from_bytes(self.format[2:4], "little" if self.magic != b"RIFX" else "big")

    def header(self, size: int) -> bytes:
        """Of a WAV with ``size`` bytes of sound."""
        order = _BYTE_ORDERS[self.magic]
        size = min(size, 0xFFFF_FFFF)
        chunks = b"WAVE" + _chunk(b"fmt ", self.format, order) + b"data" + _number(size, order)
        magic = b"RIFX" if self.magic == b"RIFX" else b"RIFF"
        return magic + _number(min(len(chunks) + size, 0xFFFF_FFFF), order) + chunks


def _number(value: int, order: str) -> bytes:
    return value.to_bytes(4, "little" if order == "little" else "big")


def _chunk(name: bytes, content: bytes, order: str) -> bytes:
    return name + _number(len(content), order) + content + b"\0" * (len(content) % 2)


def _sound(file: BinaryIO, at: int, size: int) -> _Sound | None:
    """The first data chunk of the WAV at ``at``; None if there is no WAV, or one without format or data."""
    magic = _bytes(file, at, 12)
    if magic[:4] not in _BYTE_ORDERS or magic[8:] != b"WAVE":
        return None
    format_, well_formed, long_size = b"", True, _IN_DS64
    chunk = at + 12
    while chunk + 8 <= size:
        name, length = _head(file, chunk, magic[:4])
        if name == b"data" and format_:
            stated = long_size if length == _IN_DS64 else length
            return _Sound(magic[:4], format_, chunk + 8, stated, well_formed)
        if name == b"ds64":
            long_size = int.from_bytes(_bytes(file, chunk + 16, 8), "little")
        if name == b"fmt " and 14 <= length <= 4096:
            format_ = _bytes(file, chunk + 8, length)
        after = chunk + 8 + length
        if length % 2:
            padded = _is_name(_bytes(file, after + 1, 4))
            well_formed = well_formed and padded
            after += padded or not _is_name(_bytes(file, after, 4))
        chunk = after
    return None


def _end(file: BinaryIO, sound: _Sound, size: int) -> tuple[int, int | None]:
    """Where the sound really ends, and where another WAV begins after it."""
    stated = sound.start + sound.size
    if sound.size == 0 or sound.size in _UNKNOWN_SIZES or stated > size:
        following = _find_wav(file, sound.start, size)
        return (
            (following, following)
            if following is not None
            else (min(stated, size) if sound.size else size, None)
        )
    if size - stated < _SPARE_BYTES or _are_chunks(file, stated, size, sound.magic):
        following = _find_wav(file, stated, min(size, stated + _SPARE_BYTES))
        return stated, following
    following = _find_wav(file, stated, size)
    if following is not None and following - stated < _SPARE_BYTES:
        return stated, following
    return following or size, following


def _are_chunks(file: BinaryIO, at: int, size: int, magic: bytes) -> bool:
    """Whether chunks or tags, and no sound, fill the file from ``at`` on."""
    if any(_bytes(file, at + pad, 8).startswith(_TAGS) for pad in (0, 1)):
        return True
    for pad in (0, 1):
        chunk = at + pad
        while chunk + 8 <= size:
            name, length = _head(file, chunk, magic)
            if not _is_name(name) or name in _BYTE_ORDERS:
                break
            chunk += 8 + length + length % 2
        else:
            if chunk <= size + 1:
                return True
    return not any(_bytes(file, at, min(size - at, _SEARCH_BYTES)))


def _find_wav(file: BinaryIO, start: int, size: int) -> int | None:
    """Where the next WAV begins."""
    for at in range(start, size, _SEARCH_BYTES):
        block = _bytes(file, at, _SEARCH_BYTES + 16)
        if found := _BEGINNING.search(block):
            return at + found.start()
    return None


def _head(file: BinaryIO, at: int, magic: bytes) -> tuple[bytes, int]:
    head = _bytes(file, at, 8)
    order = _BYTE_ORDERS[magic]
    return head[:4], int.from_bytes(head[4:], "little" if order == "little" else "big")


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= letter < 127 for letter in name)


def _bytes(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
