"""Work on many pieces at once, on as many threads as the process may take at that moment."""

import threading
import time

import pytest

from callmood import threads
from callmood.threads import in_threads, limit_threads


@pytest.fixture(autouse=True)
def _cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_limit", 1)
    monkeypatch.setattr(threads, "count_cores", lambda: 8)


def by_whom(number: int) -> tuple[int, int]:
    time.sleep(0.01)
    return number, threading.get_ident()


def test_results_are_in_the_order_of_the_items_whoever_computes_them() -> None:
    limit_threads(3)
    found = in_threads(by_whom, range(30))
    assert [number for number, _ in found] == list(range(30))
    assert len({who for _, who in found}) == 3


def test_one_thread_is_the_caller() -> None:
    assert {who for _, who in in_threads(by_whom, range(3))} == {threading.get_ident()}


def test_more_threads_take_a_share_of_what_has_begun() -> None:
    def work(number: int) -> tuple[int, int]:
        if number == 5:
            limit_threads(4)
        return by_whom(number)

    found = in_threads(work, range(40))
    assert {who for _, who in found[:6]} == {threading.get_ident()}
    assert len({who for _, who in found[6:]}) == 4


@pytest.mark.parametrize("broken", [0, 1])
def test_after_an_error_nothing_more_is_begun(broken: int) -> None:
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        if number == broken:
            raise ValueError("broken")
        time.sleep(0.05)

    limit_threads(3)
    with pytest.raises(ValueError, match="broken"):
        in_threads(work, range(50))
    assert len(begun) < 10
