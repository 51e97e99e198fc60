"""Remarks and progress bars: nothing is drawn unless a command asks for it."""

import pytest

from callmood.training import progress
from callmood.training.processes import mapped


def test_nothing_is_drawn_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress.tracked([1, 2], "counting")) == [1, 2]
    assert list(mapped(abs, [-1, -2], "counting")) == [1, 2]
    assert capfd.readouterr() == ("", "")


def test_bars_are_on_the_standard_error_stream_while_they_are_wanted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with progress.bars():
        assert list(progress.tracked([1, 2], "counting")) == [1, 2]
        with progress.bars(wanted=False):
            assert not progress.are_on()
    out, err = capfd.readouterr()
    assert out == "" and "counting" in err and not progress.are_on()


def test_remarks_without_a_callback_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "callmood"):
        progress.log("3 clips left out")
    assert [(record.name, record.message) for record in caplog.records] == [
        ("callmood.training", "3 clips left out")
    ]
