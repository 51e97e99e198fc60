"""Dates as people write them: a day is whole where it ends a period."""

from datetime import date, datetime

import pytest

from callmood.errors import UsageError
from callmood.reports.period import bound, compared_with, period


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
    with pytest.raises(UsageError, match='"some day" is not a date'):
        bound("some day")


FRIDAY = datetime(2026, 11, 27, 10, 30)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("friday", "2026-11-27", "2026-11-28"),
        ("Last Friday", "2026-11-20", "2026-11-21"),
        ("monday", "2026-11-23", "2026-11-24"),
        ("this week", "2026-11-23", "2026-11-30"),
        ("last  week", "2026-11-16", "2026-11-23"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("last 7 days", "2026-11-21", "2026-11-28"),
        ("2026-W47", "2026-11-16", "2026-11-23"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-11-01 to 2026-11-07", "2026-11-01", "2026-11-08"),
        ("monday to today", "2026-11-23", "2026-11-28"),
        ("20261122", "2026-11-22", "2026-11-23"),
    ],
)
def test_a_period_is_named_as_people_name_it(text: str, start: str, end: str) -> None:
    assert period(text, FRIDAY) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize("text", ["last 0 weeks", "2026-W60", "2026-13", "31.12.2026", "", "last 9999 years"])
def test_what_is_no_period_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        period(text, FRIDAY)


def test_a_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(UsageError, match="ends before it begins"):
        period("2026-11-07 to 2026-11-01")


def test_the_previous_period_is_as_long_and_ends_where_the_other_begins() -> None:
    since, until = datetime(2026, 11, 16), datetime(2026, 11, 23)
    assert compared_with("previous", since, until) == (datetime(2026, 11, 9), since)


def test_the_previous_of_nothing_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="needs --since"):
        compared_with("previous", None, None)
