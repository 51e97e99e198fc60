"""The bounds of a report, from dates as people write them."""

from datetime import date, datetime, timedelta

from callmood.errors import UsageError


def bound(when: str | date, *, end: bool = False) -> datetime:
    """The time that a date stands for: the start of a day, or as an ``end`` the end of that day.

    ``when`` is a date, a datetime, or text: "2026-11-22", "2026-11-22T18:30", "today", "yesterday". A time zone is
    dropped. Raises UsageError for other text.

    >>> bound("2026-11-22"), bound("2026-11-22", end=True)
    (datetime.datetime(2026, 11, 22, 0, 0), datetime.datetime(2026, 11, 23, 0, 0))
    """
    if isinstance(when, str):
        moment, whole_day = _parsed(when)
    elif isinstance(when, datetime):
        moment, whole_day = when, False
    else:
        moment, whole_day = datetime(when.year, when.month, when.day), True
    return moment.replace(tzinfo=None) + (timedelta(days=1) if end and whole_day else timedelta())


def _parsed(text: str) -> tuple[datetime, bool]:
    """The moment, and whether the text names a whole day."""
    today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    if text.lower() in named:
        return named[text.lower()], True
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _parsed_time(text), False
    return datetime(day.year, day.month, day.day), True


def _parsed_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f'"{text}" is not a date. Use 2026-11-22, 2026-11-22T18:30, today or yesterday.'
        ) from None
