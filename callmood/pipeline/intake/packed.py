"""What is held of each of very many files, in little memory."""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Final, NamedTuple, TypeVar, overload

T = TypeVar("T")

_ITEMS: Final = 1_000
"""Of a packet: what a loop has unpacked at a time."""


class Packed(Sequence[T]):
    """Items that are unpacked when they are asked for, some at a time: an equal object each time, not the same one.

    Of recordings, which take a kilobyte each, some 60 bytes are held.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._packets: list[bytes] = []
        self._newest: list[T] = []
        """Less than a packet."""
        for item in items:
            self.append(item)

    def append(self, item: T) -> None:
        """Add an item. It must not change after that."""
        self._newest.append(item)
        if len(self._newest) == _ITEMS:
            self._packets.append(zlib.compress(pickle.dumps(self._newest, pickle.HIGHEST_PROTOCOL), 1))
            self._newest = []

    def __len__(self) -> int:
        return _ITEMS * len(self._packets) + len(self._newest)

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._packets)):
            yield from self._unpacked(number)
        yield from self._newest

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        number, place = divmod(range(len(self))[at], _ITEMS)
        return self._unpacked(number)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Packed({list(self)!r})"

    def _unpacked(self, number: int) -> list[T]:
        if number == len(self._packets):
            return self._newest
        items: list[T] = pickle.loads(zlib.decompress(self._packets[number]))
        return items


class FileHash(NamedTuple):
    """The hash of a file, with the size and time that show whether it has changed since."""

    size_bytes: int
    mtime_ns: int
    content: str
    """SHA-256 in hexadecimal."""


_HASH: Final = struct.Struct("<qq32s")


class FileHashes(MutableMapping[str, FileHash]):
    """The hashes of files by their paths, in a third of the memory that a dict of them takes."""

    def __init__(self, hashes: Mapping[str, FileHash] | Iterable[tuple[str, FileHash]] = ()) -> None:
        self._packed: dict[str, bytes] = {}
        self.update(hashes)

    def __getitem__(self, path: str) -> FileHash:
        size_bytes, mtime_ns, content = _HASH.unpack(self._packed[path])
        return FileHash(size_bytes, mtime_ns, content.hex())

    def __setitem__(self, path: str, hashed: tuple[int, int, str]) -> None:
        size_bytes, mtime_ns, content = hashed
        self._packed[path] = _HASH.pack(size_bytes, mtime_ns, bytes.fromhex(content))

    def __delitem__(self, path: str) -> None:
        del self._packed[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, path: object) -> bool:
        return path in self._packed

    def __repr__(self) -> str:
        return f"FileHashes({dict(self)!r})"
