"""Periods of time as people write them: a day, a week, a month, or from one to another."""

import re
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

from callmood.errors import UsageError

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Period(NamedTuple):
    start: datetime
    end: datetime
    """Excluded; of a single moment, the start itself."""

    def __str__(self) -> str:
        last = self.end - timedelta(microseconds=1)
        first = self.start.date()
        return f"{first}" if first >= last.date() else f"{first} to {last.date()}"


def bound(when: str | date, *, end: bool = False) -> datetime:
    """The start of a period, or its ``end``, which is excluded.

    ``when`` is a date, a datetime, or text as ``period`` takes it. A time zone is dropped. Raises UsageError for other
    text.

    >>> bound("2026-11-22"), bound("2026-11-22", end=True)
    (datetime.datetime(2026, 11, 22, 0, 0), datetime.datetime(2026, 11, 23, 0, 0))
    """
    if isinstance(when, str):
        return period(when)[1 if end else 0]
    if isinstance(when, datetime):
        return when.replace(tzinfo=None)
    return datetime(when.year, when.month, when.day) + timedelta(days=1 if end else 0)


def bounds(since: str | date | None, until: str | date | None) -> tuple[datetime | None, datetime | None]:
    """The start of ``since`` and the end of ``until``. Raises UsageError for wrong text and for a span without time.

    >>> bounds("2026-11-21", None)
    (datetime.datetime(2026, 11, 21, 0, 0), None)
    """
    first = None if since is None else bound(since)
    last = None if until is None else bound(until, end=True)
    if first is not None and last is not None and first >= last:
        raise UsageError(
            f'"{since}" to "{until}" ends before it begins. Choose other dates for --since and --until.'
        )
    return first, last


def period(text: str, now: datetime | None = None) -> Period:
    """The period that ``text`` names.

    That is a day (2026-11-22, today, yesterday, monday: the last one, today included), a week (2026-W47, this week,
    last week), a month (2026-11, this month, last month), days up to today (last 7 days), from one to another
    (2026-11-01 to 2026-11-07), or a moment (2026-11-22T18:30). Raises UsageError for other text.

    >>> print(period("2026-11"), period("2026-11-01 to 2026-11-07"), sep=", ")
    2026-11-01 to 2026-11-30, 2026-11-01 to 2026-11-07
    """
    today = (now or datetime.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    name = " ".join(text.lower().split())
    first, to, last = name.partition(" to ")
    if to:
        found = Period(_named(first, today, text).start, _named(last, today, text).end)
        if found.start >= found.end:
            raise UsageError(f'"{text}" ends before it begins.')
        return found
    return _named(name, today, text)


def compared_with(text: str, since: datetime | None, until: datetime | None) -> Period:
    """The period to compare with; "previous" is the one of the same length, in whole days, that ends at ``since``.

    Raises UsageError for other text, for a moment, for "previous" without a beginning, and for a period that has days
    of the report itself: calls would be compared with themselves.
    """
    if text.strip().lower() != "previous":
        found = period(text)
        if found.start == found.end:
            raise UsageError(f'"{text}" is a moment; compare with a day, a week or another period.')
        if (since is None or found.end > since) and (until is None or found.start < until):
            raise UsageError(
                f'"{text}" is in the period of the report too, so calls would be compared with themselves. Bound the '
                "report with --since or --until."
            )
        return found
    if since is None:
        raise UsageError("--against previous needs --since.")
    days = max(1, ceil(((until or datetime.now()) - since) / timedelta(days=1)))
    return Period(since - timedelta(days=days), since)


def day(text: str) -> str:
    """The date of a day, as reports name days; other text as it is.

    >>> day("20261122"), day("(unknown)")
    ('2026-11-22', '(unknown)')
    """
    try:
        found = period(text)
    except UsageError:
        return text
    return f"{found.start:%Y-%m-%d}" if found.end - found.start == timedelta(days=1) else text


def _named(name: str, today: datetime, text: str) -> Period:
    try:
        found = _by_name(name, today) or _by_number(name)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise UsageError(
            f'"{text}" is not a date. Use 2026-11-22, 2026-11-22T18:30, today, yesterday, monday, "last week", '
            '"last month", "last 7 days" or 2026-11.'
        )
    return found


def _by_name(name: str, today: datetime) -> Period | None:
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    periods = {
        "today": _days(today),
        "yesterday": _days(today - timedelta(days=1)),
        "this week": _days(monday, 7),
        "last week": _days(monday - timedelta(days=7), 7),
        "this month": _month(month),
        "last month": _month((month - timedelta(days=1)).replace(day=1)),
    }
    if name in periods:
        return periods[name]
    day = name.removeprefix("last ")
    if day in _DAYS:
        ago = (today.weekday() - _DAYS.index(day)) % 7
        return _days(today - timedelta(days=ago or (0 if day == name else 7)))
    several = re.fullmatch(r"last (\d{1,4}) days", name)
    return _days(today - timedelta(days=int(several[1]) - 1), int(several[1])) if several else None


def _by_number(name: str) -> Period | None:
    if re.fullmatch(r"\d{4}-w\d{2}", name):
        return _days(
            datetime.combine(date.fromisocalendar(int(name[:4]), int(name[6:]), 1), datetime.min.time()), 7
        )
    if re.fullmatch(r"\d{4}-\d{2}", name):
        return _month(datetime(int(name[:4]), int(name[5:]), 1))
    if re.fullmatch(r"\d{4}(-?)\d{2}\1\d{2}", name):
        return _days(datetime.strptime(name.replace("-", ""), "%Y%m%d"))
    moment = datetime.fromisoformat(name.upper()).replace(tzinfo=None)
    return Period(moment, moment)


def _days(start: datetime, count: int = 1) -> Period:
    return Period(start, start + timedelta(days=count))


def _month(first: datetime) -> Period:
    return Period(first, (first + timedelta(days=31)).replace(day=1))
