"""Work on many clips in as many processes as there are processor cores, in their order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Final, TypeVar

from callmood.engine.parent import end_with_parent, without_interrupts
from callmood.errors import CallmoodError
from callmood.network import stay_offline
from callmood.training.progress import tracked

Job = TypeVar("Job")
Result = TypeVar("Result")

WORTH_A_PROCESS: Final = 60
"""Jobs: with fewer a process takes longer to start than to work."""


def mapped(work: Callable[[Job], Result], jobs: Sequence[Job], what: str) -> Iterator[Result]:
    """``work`` of each job, in their order; ``what`` is the name of the progress bar, where bars are on.

    Raises CallmoodError where a process is killed.
    """
    if jobs:
        yield from tracked(_results(work, jobs), what, len(jobs))


def _results(work: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterable[Result]:
    workers = min(os.cpu_count() or 1, len(jobs) // WORTH_A_PROCESS)
    if workers <= 1:
        _start_worker()
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_process) as pool:
        try:
            with without_interrupts():  # it starts all of its processes here
                results = pool.map(work, jobs, chunksize=8)
            yield from results
        except BrokenProcessPool:
            raise CallmoodError(
                "A process that worked on the clips was killed, most likely for lack of memory. "
                "Start again: what is done is kept."
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _start_process() -> None:
    stay_offline()
    _start_worker()


def _start_worker() -> None:
    import logging

    end_with_parent()
    logging.getLogger("libav").setLevel(logging.CRITICAL)  # a codec's remarks on its last, short frame
