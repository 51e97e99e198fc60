"""Which jobs wait, and which are set aside because workers died of them."""

from collections.abc import Iterable
from pathlib import Path

from callmood.call import Recording
from callmood.engine.ledger import MAX_CHUNK, Ledger
from callmood.pipeline.pipeline import Job


def jobs(count: int) -> list[Job]:
    return [Job(Recording(str(size), Path(str(size)), size)) for size in range(1, count + 1)]


def ids(of: Iterable[Job]) -> list[str]:
    return [job.recording.id for job in of]


def test_the_longest_come_first_in_shares_that_become_smaller() -> None:
    ledger = Ledger(jobs(6))
    assert [ids(ledger.take(1)) for _ in range(4)] == [["6", "5", "4"], ["3", "2"], ["1"], []]


def test_a_chunk_has_a_limit() -> None:
    assert len(Ledger(jobs(1000)).take(2)) == MAX_CHUNK


def test_what_was_not_begun_is_next_again() -> None:
    ledger = Ledger(jobs(2))
    taken = ledger.take(1)
    ledger.give_back(taken)
    assert ids(ledger.take(1)) == ids(taken)


def test_what_a_worker_died_of_is_retried_alone_and_set_aside_when_another_dies() -> None:
    ledger = Ledger(jobs(4))
    assert ledger.died(ledger.take(1), with_machine=False) == []
    first = ledger.take(1)
    assert len(first) == 1
    assert ledger.died(first, with_machine=False) == first
    assert len(ledger) == 3


def test_a_machine_that_is_lost_does_not_count_as_a_kill() -> None:
    ledger = Ledger(jobs(1))
    for with_machine in (True, False, True):
        assert ledger.died(ledger.take(1), with_machine=with_machine) == []
    assert len(ledger.died(ledger.take(1), with_machine=True)) == 1
