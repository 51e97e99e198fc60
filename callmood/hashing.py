"""SHA-256 of the contents of files."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

_BLOCK_BYTES: Final = 1 << 20


def hash_stream(file: BinaryIO, digest: "hashlib._Hash") -> int:
    """Feed all of ``file`` to ``digest``, block by block; returns the number of bytes."""
    size = 0
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
        size += len(block)
    return size


def joined_id(ids: Sequence[str]) -> str:
    """The id of a recording from the hashes of its files: of one, its hash.

    >>> joined_id(["ab12"])
    'ab12'
    """
    return ids[0] if len(ids) == 1 else hashlib.sha256(" ".join(ids).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError if it can't be read."""
    return sha256_of_all([path])


def sha256_of_all(paths: Iterable[Path]) -> str:
    """SHA-256 of the contents of files one after the other, in hexadecimal. Raises OSError if one can't be read."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hash_stream(file, digest)
    return digest.hexdigest()
