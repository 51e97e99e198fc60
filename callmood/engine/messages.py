"""Messages between processes of one machine, with arrays in shared memory: a pipe would copy them piece by piece."""

from __future__ import annotations

import mmap
import os
import pickle
from itertools import accumulate
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any, Final

_HAS_SHARED_MEMORY: Final = hasattr(os, "memfd_create")
"""Of a kind that is gone with the processes that use it, however they end: on Linux."""


def send(connection: Connection, message: Any) -> None:
    """Sends anything that can be pickled, for ``receive``. Raises OSError if nobody is there."""
    arrays: list[pickle.PickleBuffer] = []
    frame = pickle.dumps(message, protocol=5, buffer_callback=arrays.append if _HAS_SHARED_MEMORY else None)
    views = [array.raw() for array in arrays]
    connection.send((frame, [view.nbytes for view in views]))
    if not any(view.nbytes for view in views):
        return
    memory = os.memfd_create("callmood")
    try:
        with open(memory, "wb", closefd=False) as file:
            file.writelines(views)
        reduction.send_handle(connection, memory, None)
    finally:
        os.close(memory)


def receive(connection: Connection) -> Any:
    """What ``send`` sent from the other end. Raises EOFError or OSError if nobody is there."""
    frame, sizes = connection.recv()
    if not any(sizes):
        return pickle.loads(frame, buffers=[bytearray() for _ in sizes])
    memory = reduction.recv_handle(connection)
    try:
        shared = memoryview(mmap.mmap(memory, sum(sizes), access=mmap.ACCESS_COPY))
    finally:
        os.close(memory)
    ends = accumulate(sizes)
    return pickle.loads(
        frame, buffers=[shared[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    )
