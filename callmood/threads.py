"""Work that is spread over the threads of a process.

The models' libraries compute without Python's lock, each of their calls on one thread: threads of their own would
wait for each other in busy loops, which costs many times what it saves when the cores have other work.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_limit: int | None = None


def in_threads(function: Callable[[T], R], items: Sequence[T], threads: int) -> list[R]:
    """The result of ``function`` for each item, in the order of ``items``, by up to ``threads`` threads at once."""
    if threads == 1 or len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        return list(pool.map(function, items))


def limit_threads(threads: int) -> None:
    """Let work that is not told how many threads to take, take so many: each worker has its share of the cores."""
    global _limit
    _limit = threads


def own_threads() -> int:
    """The threads that this process may work on: one a core, or as many as it was limited to."""
    return _limit or count_cores()


def count_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
