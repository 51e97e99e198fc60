"""Who gets which recordings when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callmood.call import Recording
from callmood.engine.ledger import MAX_CHUNK
from callmood.engine.todo import ToDo
from callmood.engine.worker import Worker
from callmood.pipeline.pipeline import Job, RescoreJob


def job(number: int, seconds: float) -> Job:
    return Job(Recording(str(number), Path(str(number)), 1), expected_s=seconds)


@dataclass
class Connection:
    """Keeps what is sent."""

    chunks: list[list[Job]] = field(default_factory=list)

    def send(self, chunk: list[Job]) -> None:
        self.chunks.append(chunk)


def idle(audio_s: float = 0.0) -> Worker:
    nothing: Any = None
    connection: Any = Connection()
    return Worker(0, nothing, connection, "cpu", 1, audio_s=audio_s)


def lengths(worker: Worker) -> list[list[float]]:
    connection: Any = worker.connection
    return [[job.expected_s for job in chunk] for chunk in connection.chunks]


def finish(worker: Worker, count: int) -> None:
    for done in list(worker.pending)[:count]:
        worker.audio_s += worker.pending.pop(done).expected_s


def test_the_shortest_recordings_come_first_and_the_next_one_is_there_before_it_is_needed() -> None:
    todo = ToDo([job(number, 10.0 * number) for number in range(1, 20)], workers=1)
    worker = idle()
    todo.feed(worker)
    todo.feed(worker)
    assert lengths(worker) == [[10.0], [20.0]]


def test_then_come_the_longest_in_growing_chunks() -> None:
    todo = ToDo([job(number, 100.0) for number in range(200)], workers=1)
    worker = idle()
    for _ in range(8):
        todo.feed(worker)
        finish(worker, 1 if len(worker.pending) <= 2 else worker.last_chunk)
    sizes = [len(chunk) for chunk in lengths(worker)]
    assert sizes[:6] == [1, 1, 2, 4, 8, 8] and max(sizes) == MAX_CHUNK


def test_a_recording_that_is_longer_than_a_fair_share_is_sent_alone() -> None:
    todo = ToDo([job(0, 36_000.0), *(job(number, 60.0) for number in range(1, 30))], workers=2)
    worker = idle(audio_s=100.0)
    worker.last_chunk = 4
    todo.feed(worker)
    assert lengths(worker)[0] == [36_000.0]


def test_near_the_end_no_worker_holds_what_another_could_begin_with() -> None:
    todo = ToDo([job(number, 60.0) for number in range(4)], workers=2)
    first, second = idle(audio_s=100.0), idle(audio_s=100.0)
    for worker in (first, second):
        worker.last_chunk = 8
        todo.feed(worker)
        todo.feed(worker)
    assert lengths(first) == lengths(second) == [[60.0]]


def test_what_a_dead_worker_left_is_done_alone_by_a_worker_that_has_nothing_else() -> None:
    todo = ToDo([job(number, 60.0) for number in range(20)], workers=1)
    suspect = job(99, 60.0)
    assert todo.retry(suspect) and not todo.retry(suspect)
    busy, free = idle(), idle()
    busy.pending = {"x": job(98, 1.0)}
    for worker in (busy, free):
        todo.feed(worker)
        todo.feed(worker)
    assert lengths(busy) == []
    assert list(free.pending.values()) == [suspect]


def test_jobs_are_completed_as_they_are_handed_out_many_at_once_and_none_twice() -> None:
    asked: list[int] = []

    def complete(wanted: Sequence[Job]) -> list[Job]:
        asked.append(len(wanted))
        return [RescoreJob(one.recording, expected_s=one.expected_s) for one in wanted]

    todo = ToDo([job(number, 40.0) for number in range(1000)], workers=1, complete=complete)
    worker = idle()
    while todo:
        todo.feed(worker)
        finish(worker, len(worker.pending))
    connection: Any = worker.connection
    sent = [one for chunk in connection.chunks for one in chunk]
    assert len({one.recording.id for one in sent}) == len(sent) == 1000
    assert all(isinstance(one, RescoreJob) for one in sent)
    assert sum(asked) == 1000 and asked[0] < 300 and len(asked) < 10
