"""Which jobs are to be done, and which of them workers died of."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from callmood.engine.todo import MAX_CHUNK
from callmood.pipeline.pipeline import Job

KILLS = 2
"""Workers that may die of a recording: the second dies of it alone."""
MACHINES = 3
"""Machines that may be lost with a recording; usually it is not the reason, so it gets one chance more."""


class Ledger:
    """The jobs that wait, the longest first; those that a worker died of come back one at a time."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._todo = deque(sorted(jobs, key=lambda job: -job.recording.size_bytes))
        self._alone: deque[Job] = deque()
        self._kills: Counter[str] = Counter()
        self._lost_machines: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._todo) + len(self._alone)

    def take(self, workers: int) -> list[Job]:
        """The next jobs for one of ``workers``: one that a worker died of, else part of its fair share; [] if none."""
        if self._alone:
            return [self._alone.popleft()]
        # half of a fair share: the last chunks are small, so that all workers end together
        size = min(MAX_CHUNK, max(1, -(-len(self._todo) // (2 * workers))))
        return [self._todo.popleft() for _ in range(min(size, len(self._todo)))]

    def give_back(self, jobs: Iterable[Job]) -> None:
        """Jobs that were taken and not begun."""
        self._todo.extendleft(reversed(list(jobs)))

    def died(self, jobs: Iterable[Job], *, with_machine: bool) -> list[Job]:
        """Jobs that a worker had begun when it died, alone or with its machine.

        Returns those to set aside, because too many died of them; the others wait again.
        """
        deaths, most = (self._lost_machines, MACHINES) if with_machine else (self._kills, KILLS)
        set_aside = []
        for job in jobs:
            deaths[job.recording.id] += 1
            if deaths[job.recording.id] >= most:
                set_aside.append(job)
            else:
                self._alone.append(job)
        return set_aside
