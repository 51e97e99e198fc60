"""Dates as people write them: a day is whole where it ends a period."""

from datetime import date, datetime

import pytest

from callmood.errors import UsageError
from callmood.reports.period import bound


@pytest.mark.parametrize("day", ["2026-11-21", date(2026, 11, 21)])
def test_a_day_ends_with_its_midnight(day: str | date) -> None:
    assert bound(day) == datetime(2026, 11, 21)
    assert bound(day, end=True) == datetime(2026, 11, 22)


@pytest.mark.parametrize("time", ["2026-11-21T18:30", datetime(2026, 11, 21, 18, 30)])
def test_a_time_is_itself_at_both_ends(time: str | date) -> None:
    assert bound(time) == bound(time, end=True) == datetime(2026, 11, 21, 18, 30)


def test_today_is_a_day() -> None:
    assert (bound("today", end=True) - bound("today")).days == 1


def test_other_text_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match='"last week" is not a date'):
        bound("last week")
