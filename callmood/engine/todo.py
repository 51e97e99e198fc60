"""What is left to do, and which worker gets how much of it when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, TypeAlias

from callmood.engine.worker import Worker
from callmood.pipeline.pipeline import Job

MAX_CHUNK: Final = 8
"""Recordings handed to a worker at once: enough to fill its batches, few enough to lose little when it dies."""
RECYCLE_AFTER_S: Final = 12 * 3600.0
"""Audio after which a worker is replaced by a fresh one: the memory of long-lived ASR processes grows slowly."""
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
        self._jobs = deque(sorted(jobs, key=lambda job: (-job.expected_s, -job.recording.size_bytes)))
        self._left_s = sum(map(_cost_s, jobs))
        self._workers = workers
        self._retry: deque[Job] = deque()
        self._retried: set[str] = set()
        self._complete = complete
        self._whole: dict[str, Job] = {}

    def __bool__(self) -> bool:
        return bool(self._jobs or self._retry)

    def feed(self, worker: Worker) -> None:
        """Sends a worker what it needs now: the next chunk is with it before it has finished the one before.

        A job that another worker left when it died is sent alone, so that it is known if it kills a worker again.
        """
        if worker.audio_s >= RECYCLE_AFTER_S or (worker.is_retrying and worker.pending):
            return
        worker.is_retrying = False
        if self._retry:
            if not worker.pending:
                worker.is_retrying = True
                self._send(worker, [self._retry.popleft()])
            return
        while self._jobs and self._is_due(worker):
            self._send(worker, self._next_chunk(worker))

    def _send(self, worker: Worker, chunk: Sequence[Job]) -> None:
        if self._complete is not None:
            missing = [job for job in chunk if job.recording.id not in self._whole]
            if missing:
                ahead = islice(self._jobs, _AHEAD)
                missing += [job for job in ahead if job.recording.id not in self._whole]
                self._whole |= {job.recording.id: job for job in self._complete(missing)}
            chunk = [self._whole.pop(job.recording.id) for job in chunk]
        worker.send(chunk)

    def retry(self, job: Job) -> bool:
        """Has a job done again whose worker died; False if it was done again already."""
        if job.recording.id in self._retried:
            return False
        self._retried.add(job.recording.id)
        self._retry.append(job)
        return True

    def put_back(self, worker: Worker) -> None:
        """Takes back all that a worker has, which never began."""
        jobs = list(worker.pending.values())
        worker.pending = {}
        self._jobs.extendleft(reversed(jobs))
        self._left_s += sum(map(_cost_s, jobs))

    def _is_due(self, worker: Worker) -> bool:
        if not worker.pending:
            return True
        # near the end nobody holds a job that another could begin with
        return len(worker.pending) <= worker.last_chunk and len(self._jobs) >= 2 * self._workers

    def _next_chunk(self, worker: Worker) -> list[Job]:
        if worker.audio_s < _FIRST_S:
            chunk = [self._jobs.pop()]
        else:
            most = min(MAX_CHUNK, 2 * worker.last_chunk)
            # half of a fair share
            room_s = self._left_s / (2 * self._workers) - _cost_s(self._jobs[0])
            chunk = [self._jobs.popleft()]
            while self._jobs and len(chunk) < most and _cost_s(self._jobs[0]) <= room_s:
                room_s -= _cost_s(self._jobs[0])
                chunk.append(self._jobs.popleft())
        self._left_s -= sum(map(_cost_s, chunk))
        return chunk


def _cost_s(job: Job) -> float:
    return max(job.expected_s, _OVERHEAD_S)
