"""The vectors of segments: made once, kept in the database a byte a number, compared with those of sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from callmood import store
from callmood.arrays import Floats
from callmood.model.networks.minilm import WIDTH, sentence_encoder
from callmood.store.files import may_write
from callmood.store.meanings import call_texts, calls_without_vectors, write_vectors

ENCODER: Final = "minilm"
_CALLS_AT_ONCE: Final = 50
"""Calls that are encoded between two writes; an interrupted run keeps those before."""
_BLOCK: Final = 1024
"""Segments that are compared at once: as floats they fit into a core's cache."""

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many calls are done, and of how many."""


def fill_in(db: Path, wait_s: float = store.READ_WAIT_S, progress: Progress | None = None) -> int:
    """Encode the segments of all calls that have no vectors yet, and return the number of these calls.

    What is done is kept if this is interrupted. In a database that may not be written nothing is done. Raises
    CallmoodError as ``store.reading`` and ``store.writing`` do.
    """
    with store.reading(db, wait_s=wait_s) as con:
        missing = calls_without_vectors(con, ENCODER) if may_write(db) else []
        calls = call_texts(con, missing[:_CALLS_AT_ONCE])
    for start in range(0, len(missing), _CALLS_AT_ONCE):
        if progress is not None:
            progress(start, len(missing))
        vectors = as_bytes(sentence_encoder()([text for call in calls for text in call.texts]))
        ends = np.cumsum([len(call.texts) for call in calls])
        of_calls = np.split(vectors, ends[:-1]) if calls else []
        with store.writing(db, wait_s=wait_s) as con:
            write_vectors(
                con, ENCODER, [(call, rows.tobytes()) for call, rows in zip(calls, of_calls, strict=True)]
            )
            # opening the database takes longer than this
            calls = call_texts(con, missing[start + _CALLS_AT_ONCE : start + 2 * _CALLS_AT_ONCE])
    return len(missing)


def as_bytes(vectors: Floats) -> npt.NDArray[np.int8]:
    """Vectors [n, width] with a byte a number, each at the scale that makes most of it: only its direction counts."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    return np.asarray(np.rint(vectors * (127 / np.maximum(largest, 1e-9))), np.int8)


def counts(stored: Sequence[bytes]) -> list[int]:
    """How many vectors there are in each of these."""
    return [len(vectors) // WIDTH for vectors in stored]


def likeness(stored: Sequence[bytes], sentences: Floats) -> Floats:
    """The cosines between all stored vectors, one call's after the other's, and ``sentences`` [m, WIDTH]: [n, m]."""
    # an empty one first, as there may be no vectors at all
    found = [np.zeros((0, len(sentences)), np.float32)]
    for block in _blocks(stored):
        vectors = _numbers(block)
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        found.append(vectors @ sentences.T / np.maximum(lengths, 1)[:, None])
    return np.concatenate(found)


def directions(stored: Sequence[bytes]) -> Floats:
    """All stored vectors, one call's after the other's: [n, WIDTH], each of length 1, or 0 without words."""
    vectors = _numbers(stored)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    return vectors


def _blocks(stored: Sequence[bytes]) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    size = 0
    for vectors in stored:
        block.append(vectors)
        size += len(vectors)
        if size >= _BLOCK * WIDTH:
            yield block
            block, size = [], 0
    if size:
        yield block


def _numbers(block: Sequence[bytes]) -> Floats:
    return np.frombuffer(b"".join(block), np.int8).reshape(-1, WIDTH).astype(np.float32)
