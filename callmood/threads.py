"""Work that is spread over the threads of a process.

The models' libraries compute without Python's lock, each of their calls on one thread: threads of their own would
wait for each other in busy loops, which costs many times what it saves when the cores have other work.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_limit: int | None = None


def in_threads(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """The result of ``function`` for each item, in the order of ``items``, on as many threads as ``own_threads`` says.

    When it says more while they work, what is left is spread over more.
    """
    results: dict[int, R] = {}
    left = iter(range(len(items)))  # gives each number once, whichever thread asks

    def compute(place: int) -> None:
        try:
            results[place] = function(items[place])
        except BaseException:
            deque(left, maxlen=0)  # nothing more is begun
            raise

    def help_out() -> None:
        for place in left:
            compute(place)

    with ThreadPoolExecutor(count_cores()) as pool:
        helpers: list[Future[None]] = []
        for place in left:
            while len(helpers) + 1 < min(own_threads(), len(items) - place):
                helpers.append(pool.submit(help_out))
            compute(place)
        for helper in helpers:
            helper.result()
    return [results[place] for place in range(len(items))]


def limit_threads(threads: int) -> None:
    """Let this process take so many threads from now on, also for work that has begun."""
    global _limit
    _limit = threads


def own_threads() -> int:
    """The threads that this process may work on: one a core, or as many as it was limited to."""
    return _limit or count_cores()


def count_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
