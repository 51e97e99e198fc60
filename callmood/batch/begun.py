"""Which recordings a scan has begun, beside the database: what it worked on is known where all of it was killed.

A worker that dies is noticed by the scan. Where memory runs out in a container, the scan itself may die with it, and a
watch would be started again only to die of the same recording. A file of ids, ``.callmood.duckdb.begun``, tells the
next scan what was in hand; it does those recordings last, one at a time, and sets aside one that it dies of again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from callmood.call import Failure, Outcome, Recording
from callmood.engine.local import Event
from callmood.pipeline.pipeline import Job
from callmood.settings import Settings
from callmood.writing import write_whole

KILLS: Final = 2
"""Scans that may be killed with a recording in hand: the second had nothing else."""


class RunJobs(Protocol):
    """Yields the outcomes of jobs, those together that come together, and tells ``watch`` what workers do."""

    def __call__(
        self, settings: Settings, jobs: Sequence[Job], *, watch: Callable[[Event], None]
    ) -> Generator[list[Outcome], None, None]: ...


class Begun:
    """What is in hand, and how many scans were killed with each recording in hand."""

    def __init__(self, db: Path, jobs: Sequence[Job]) -> None:
        self._file = db.with_name(f".{db.name}.begun")
        known, in_hand = _read(self._file)
        ids = {job.recording.id for job in jobs}
        self._kills = Counter({one: count for one, count in known.items() if one in ids})
        self._kills.update(ids.intersection(in_hand))
        self._pending: dict[int, tuple[str, ...]] = {}

    def kills(self, job: Job) -> int:
        """How many scans were killed with this recording in hand."""
        return self._kills[job.recording.id]

    def learn(self, event: Event) -> None:
        """Note what a worker has in hand after ``event``."""
        if event.job is not None:
            self.done(event.job)
        self._pending[event.worker] = tuple(job.recording.id for job in event.pending)
        self._write()

    @contextmanager
    def noted(self, jobs: Sequence[Job] = ()) -> Iterator[None]:
        """Nothing but ``jobs`` is in hand, and nothing is when this ends, whatever ended it."""
        self._pending = {0: tuple(job.recording.id for job in jobs)}
        self._write()
        try:
            yield
        finally:
            self._pending = {}
            self._write()

    def done(self, job: Job) -> None:
        """A recording has an outcome."""
        del self._kills[job.recording.id]

    def _write(self) -> None:
        in_hand = [one for of_worker in self._pending.values() for one in of_worker]
        with suppress(OSError):  # a full disk; storing will say so
            if in_hand or self._kills:
                write_whole(self._file, json.dumps({"kills": self._kills, "in_hand": in_hand}).encode())
            else:
                self._file.unlink(missing_ok=True)


def run_after_kills(
    run: RunJobs, settings: Settings, jobs: Sequence[Job], watch: Callable[[Event], None]
) -> Generator[list[Outcome], None, None]:
    """``run``, where those jobs come last and alone that an earlier scan was killed with, until it was the second."""
    begun = Begun(settings.db, jobs)

    def noted(event: Event) -> None:
        begun.learn(event)
        watch(event)

    suspects = [job for job in jobs if begun.kills(job)]
    others = [job for job in jobs if not begun.kills(job)]
    one_worker = settings.model_copy(update={"engine": settings.engine.model_copy(update={"workers": 1})})
    with begun.noted(), closing(run(settings, others, watch=noted)) as batches:
        yield from batches
    for job in suspects:
        if begun.kills(job) >= KILLS:
            begun.done(job)
            yield [_set_aside(job.recording)]
            continue
        with begun.noted([job]), closing(run(one_worker, [job], watch=noted)) as batches:
            yield from batches
            begun.done(job)


def _set_aside(recording: Recording) -> Failure:
    """The failure of a recording that too many scans were killed with."""
    return Failure(
        recording.path,
        "worker died",
        f"Two scans were killed while they worked on {recording.path}, the second on nothing else, most likely because "
        "memory ran out. Scan it with --retry-failed on a machine with more memory.",
        recording,
    )


def _read(file: Path) -> tuple[dict[str, int], list[str]]:
    """Kills by recording, and what was in hand; nothing if there is no such file, or it is not whole."""
    try:
        found = json.loads(file.read_bytes())
        return {str(one): int(count) for one, count in found["kills"].items()}, [
            str(one) for one in found["in_hand"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, []
