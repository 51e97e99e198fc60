"""The book of jobs: which wait, which are done, and which of them workers died of."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Final

from callmood.call import Failure, Outcome
from callmood.pipeline.pipeline import Job

MAX_CHUNK: Final = 8
"""Recordings handed to a worker at once: enough to fill its batches, few enough to lose little when it dies."""
RECYCLE_AFTER_S: Final = 12 * 3600.0
"""Audio after which a worker is replaced by a fresh one: the memory of long-lived ASR processes grows slowly."""
KILLS: Final = 2
"""Workers that may die of a recording: the second dies of it alone."""
MACHINES: Final = 3
"""Machines that may be lost with a recording; usually it is not the reason, so it gets one chance more."""


class Ledger:
    """The jobs that wait, the longest first; those that a worker died of come back one at a time."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.waiting = deque(sorted(jobs, key=lambda job: (-job.expected_s, -job.recording.size_bytes)))
        self.alone: deque[Job] = deque()
        """Those that a worker died of."""
        self._kills: Counter[str] = Counter()
        self._lost_machines: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.waiting) + len(self.alone)

    def take(self, workers: int) -> list[Job]:
        """The next jobs for one of ``workers``: one that a worker died of, else part of its fair share; [] if none."""
        if self.alone:
            return [self.alone.popleft()]
        # half of a fair share: the last chunks are small, so that all workers end together
        size = min(MAX_CHUNK, max(1, -(-len(self.waiting) // (2 * workers))))
        return [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]

    def give_back(self, jobs: Iterable[Job]) -> None:
        """Jobs that were taken and not begun."""
        self.waiting.extendleft(reversed(list(jobs)))

    def died(self, jobs: Iterable[Job], *, with_machine: bool = False) -> list[Job]:
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
                self.alone.append(job)
        return set_aside


def settle(pending: dict[str, Job], outcome: Outcome) -> tuple[Job, float]:
    """Takes the job of an outcome out of ``pending``, which are a worker's by the recording's id.

    Returns it, and the seconds of sound of the finished call: 0 if it failed.
    """
    assert outcome.recording is not None
    job = pending.pop(outcome.recording.id)
    return job, 0.0 if isinstance(outcome, Failure) else outcome.duration_s
