"""Room for the sound of a recording: in memory, or in a temporary file where it is hours long."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import Final

import numpy as np

from callmood.errors import CallmoodError
from callmood.sound import Samples
from callmood.writing import temporary_folder

IN_MEMORY_BYTES: Final = 256 << 20
"""Up to here samples are in memory: 70 minutes of one channel, 35 of two."""
_SAMPLE_BYTES: Final = 4
_ZEROS: Final = bytes(1 << 20)


def new_samples(channels: int, length: int) -> Samples:
    """An array [channels, length] to be filled.

    A large one is in a file, which has no name and can be opened by nobody else: the system keeps in memory what is in
    use and takes the rest back. Raises CallmoodError if there is no space for it.
    """
    size = channels * length * _SAMPLE_BYTES
    if size <= IN_MEMORY_BYTES:
        return np.empty((channels, length), np.float32)
    folder = temporary_folder()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), size)
            return np.asarray(np.memmap(file, np.float32, "r+", shape=(channels, length)))
    except OSError as error:
        why = "no space left" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
        raise CallmoodError(
            f"The sound of a long recording takes {size / 1e9:.1f} GB in {folder}, which can't be written: {why}. Free "
            "some space, or set TMPDIR to another folder."
        ) from None


def _reserve(file: int, size: int) -> None:
    """Makes a file as long as it will be. A full disk would end the process where a mapped file has no room yet."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    for at in range(0, size, len(_ZEROS)):
        os.write(file, _ZEROS[: size - at])
