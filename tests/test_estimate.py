"""How long a scan says that it will still take, on a simulated clock."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from test_todo import idle, job

from callmood.batch.estimate import Estimate
from callmood.engine.local import Event
from callmood.engine.todo import ToDo
from callmood.pipeline.pipeline import BATCH_AUDIO_S, Job

LOAD_S = 5.0


def _cost_s(audio_s: float, dice: random.Random) -> float:
    """Recordings differ, long ones less than short ones."""
    spread = min(0.2, 0.1 * (600 / audio_s) ** 0.5)
    return 0.1 + audio_s * 0.1 * dice.lognormvariate(0.0, spread)


def simulate(
    jobs: Sequence[Job], workers: int, seed: int = 0, bytes_are: float = 1.0
) -> tuple[float, dict[float, float]]:
    """When the scan ends, and what was estimated at each full half minute.

    A second of sound takes a tenth, more or less, and each recording a tenth of a second; recordings are ``bytes_are``
    times as long as expected.
    """
    dice = random.Random(seed)
    todo, estimate = ToDo(jobs, workers), Estimate(jobs)
    force = [replace(idle(), number=number) for number in range(workers)]
    clock: list[tuple[float, int]] = []
    said: dict[float, float] = {}
    next_look = 30.0
    for worker in force:
        todo.feed(worker)
        estimate.learn(Event(worker.number, None, tuple(worker.pending.values())), LOAD_S)
        heapq.heappush(clock, (LOAD_S, worker.number))
    batches: dict[int, list[Job]] = {}
    now = LOAD_S
    while clock:
        now, number = heapq.heappop(clock)
        while next_look <= now:
            remaining = estimate.remaining_s(next_look)
            if remaining is not None:
                said[next_look] = remaining
            next_look += 30.0
        worker = force[number]
        for done in batches.pop(number, []):
            worker.pending.pop(done.recording.id)
            worker.audio_s += done.expected_s * bytes_are
            todo.feed(worker)
            estimate.learn(
                Event(number, done, tuple(worker.pending.values()), done.expected_s * bytes_are), now
            )
        if not worker.pending and todo:  # it is replaced by a fresh one
            force[number] = worker = replace(idle(), number=number)
        todo.feed(worker)
        batch: list[Job] = []
        for waiting in worker.pending.values():
            batch.append(waiting)
            if sum(one.expected_s for one in batch) >= BATCH_AUDIO_S or len(batch) == worker.last_chunk:
                break
        if batch:
            batches[number] = batch
            cost = sum(_cost_s(one.expected_s * bytes_are, dice) for one in batch)
            heapq.heappush(clock, (now + cost, number))
    return now, said


SHORT = [job(number, 20.0 + number % 30) for number in range(600)]
LONG = [job(number, 500.0 + 10 * (number % 20)) for number in range(40)]
MIXED = [
    job(99, 10_800.0),
    *SHORT,
    *[replace(one, recording=replace(one.recording, id=f"long {one.recording.id}")) for one in LONG],
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("jobs", [SHORT, LONG, MIXED], ids=["short", "long", "mixed"])
def test_after_a_minute_the_time_left_is_right_within_a_third(
    jobs: list[Job], workers: int, seed: int
) -> None:
    end, said = simulate(jobs, workers, seed)
    assert said
    for at, remaining in said.items():
        if at >= 60.0 and end - at >= end / 5:
            assert remaining == pytest.approx(end - at, rel=1 / 3)


def test_how_long_files_of_a_kind_are_is_learned() -> None:
    end, said = simulate(SHORT, 2, bytes_are=3.0)
    assert said[120.0] == pytest.approx(end - 120.0, rel=1 / 3)


def test_nothing_is_said_before_the_first_call_is_finished() -> None:
    estimate = Estimate(LONG)
    assert estimate.is_loading and estimate.remaining_s(1.0) is None
    estimate.learn(Event(0, None, (LONG[0],)), 5.0)
    assert not estimate.is_loading and estimate.remaining_s(6.0) is None
    estimate.learn(Event(0, LONG[0], (), audio_s=0.0), 5.1)  # it failed
    assert estimate.remaining_s(6.0) is None


def test_recordings_of_another_kind_are_expected_to_be_as_long_as_their_size_says() -> None:
    mp3 = [
        replace(one, recording=replace(one.recording, path=Path(f"{one.recording.id}.mp3"))) for one in LONG
    ]
    both = [*SHORT, *mp3]
    estimate = Estimate(both)
    estimate.learn(Event(0, None, ()), 0.0)
    estimate.learn(Event(0, both[0], (), both[0].expected_s * 2), 10.0)
    learned = estimate.remaining_s(10.0)
    assert learned is not None and learned > 0
