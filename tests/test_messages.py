"""Messages between processes: what arrives is what was sent, and arrays do not go through the pipe."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import numpy as np
import pytest

from callmood.engine import messages

SOUND = np.arange(100_000, dtype=np.float32)


@pytest.fixture
def ends() -> tuple[Connection, Connection]:
    return multiprocessing.Pipe()  # type: ignore[return-value]


@pytest.mark.parametrize("shares", [True, False])
def test_arrays_of_any_kind_arrive_as_they_were_sent(
    ends: tuple[Connection, Connection], monkeypatch: pytest.MonkeyPatch, shares: bool
) -> None:
    monkeypatch.setattr(messages, "_HAS_SHARED_MEMORY", shares and messages._HAS_SHARED_MEMORY)
    sent = [
        SOUND[:2000],
        SOUND[:20].reshape(4, 5).T,
        SOUND[:10:2],
        np.zeros((0, 80)),
        np.array(["a"], dtype=object),
    ]
    messages.send(ends[0], ("voices", sent))
    name, received = messages.receive(ends[1])
    assert name == "voices"
    for found, wanted in zip(received, sent, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    received[0][0] = 7.0
    assert sent[0][0] == 0.0


def test_what_holds_no_array_is_sent_too(ends: tuple[Connection, Connection]) -> None:
    messages.send(ends[0], {"words": [], "error": None})
    assert messages.receive(ends[1]) == {"words": [], "error": None}


@pytest.mark.skipif(not messages._HAS_SHARED_MEMORY, reason="needs memfd_create")
def test_more_than_a_pipe_holds_is_sent_before_anyone_reads(ends: tuple[Connection, Connection]) -> None:
    messages.send(ends[0], [SOUND + number for number in range(50)])
    assert len(messages.receive(ends[1])) == 50


def test_an_end_that_is_closed_is_told(ends: tuple[Connection, Connection]) -> None:
    ends[0].close()
    with pytest.raises((EOFError, OSError), match=r".*"):
        messages.receive(ends[1])
