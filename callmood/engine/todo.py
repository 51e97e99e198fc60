"""Which worker of this machine gets how much of what waits, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, TypeAlias

from callmood.engine.ledger import MAX_CHUNK, RECYCLE_AFTER_S, Ledger
from callmood.engine.worker import Worker
from callmood.pipeline.pipeline import Job

_FIRST_S: Final = 60.0
"""A worker begins with short recordings, until it has done so much sound: enough to tell how fast it is."""
_AHEAD: Final = 200
"""Jobs that are completed together with those that are needed now."""
_OVERHEAD_S: Final = 1.0
"""A recording costs at least as much as this much sound."""


Complete: TypeAlias = Callable[[Sequence[Job]], Sequence[Job]]
"""Gives jobs what is too large to keep it for all of them, before they are handed out."""


class ToDo:
    """The jobs that no worker has. False when there are none.

    A worker begins with the shortest recordings, one at a time, so that calls are stored within seconds; then come the
    longest ones first and in growing chunks, and small chunks at the end, so that all workers end together.
    """

    def __init__(self, jobs: Sequence[Job], workers: int, complete: Complete | None = None) -> None:
        self._ledger = Ledger(jobs)
        self._left_s = sum(map(_cost_s, jobs))
        self._workers = workers
        self._complete = complete
        self._whole: dict[str, Job] = {}

    def __bool__(self) -> bool:
        return len(self._ledger) > 0

    def feed(self, worker: Worker) -> None:
        """Sends a worker what it needs now: the next chunk is with it before it has finished the one before.

        A job that another worker left when it died is sent alone, so that it is known if it kills a worker again.
        """
        if worker.audio_s >= RECYCLE_AFTER_S or (worker.is_retrying and worker.pending):
            return
        worker.is_retrying = False
        if self._ledger.alone:
            if not worker.pending:
                worker.is_retrying = True
                self._send(worker, self._ledger.take(self._workers))
            return
        while self._ledger.waiting and self._is_due(worker):
            self._send(worker, self._next_chunk(worker))

    def _send(self, worker: Worker, chunk: Sequence[Job]) -> None:
        if self._complete is not None:
            missing = [job for job in chunk if job.recording.id not in self._whole]
            if missing:
                ahead = islice(self._ledger.waiting, _AHEAD)
                missing += [job for job in ahead if job.recording.id not in self._whole]
                self._whole |= {job.recording.id: job for job in self._complete(missing)}
            chunk = [self._whole.pop(job.recording.id) for job in chunk]
        worker.send(chunk)

    def retry(self, job: Job) -> bool:
        """Has a job done again whose worker died; False if it was done again already."""
        return not self._ledger.died([job])

    def put_back(self, worker: Worker) -> None:
        """Takes back all that a worker has, which never began."""
        jobs = list(worker.pending.values())
        worker.pending = {}
        self._ledger.give_back(jobs)
        self._left_s += sum(map(_cost_s, jobs))

    def _is_due(self, worker: Worker) -> bool:
        if not worker.pending:
            return True
        # near the end nobody holds a job that another could begin with
        return len(worker.pending) <= worker.last_chunk and len(self._ledger.waiting) >= 2 * self._workers

    def _next_chunk(self, worker: Worker) -> list[Job]:
        waiting = self._ledger.waiting
        if worker.audio_s < _FIRST_S:
            chunk = [waiting.pop()]
        else:
            most = min(MAX_CHUNK, 2 * worker.last_chunk)
            # half of a fair share
            room_s = self._left_s / (2 * self._workers) - _cost_s(waiting[0])
            chunk = [waiting.popleft()]
            while waiting and len(chunk) < most and _cost_s(waiting[0]) <= room_s:
                room_s -= _cost_s(waiting[0])
                chunk.append(waiting.popleft())
        self._left_s -= sum(map(_cost_s, chunk))
        return chunk


def _cost_s(job: Job) -> float:
    return max(job.expected_s, _OVERHEAD_S)
