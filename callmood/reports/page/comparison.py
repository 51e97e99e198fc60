"""The period before."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from callmood.reports.ask import Question

_MOST_WEEKS: Final = 4


class Periods(NamedTuple):
    """A period and the one that it is compared with; both ends are excluded."""

    now_from: datetime
    now_until: datetime
    before_from: datetime
    before_until: datetime


def periods(question: Question, first: datetime | None, last: datetime | None) -> Periods | None:
    """What is compared: the time that was asked for, or the last weeks of the calls from ``first`` to ``last``.

    Unless the question names the other period, it is as long and ends where this one begins. Without ``since`` this one
    is up to four whole weeks, so that both have the same days of the week; None if the calls span less than two.

    >>> found = periods(Question(), datetime(2026, 11, 1, 9), datetime(2026, 11, 21, 17))
    >>> tuple(f"{when:%m-%d}" for when in found)
    ('11-15', '11-22', '11-08', '11-15')
    """
    if last is None or first is None:
        return None
    end = question.until or last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if question.against is not None:
        return Periods(question.since or first, end, question.against.start, question.against.end)
    if question.since is not None:
        start = question.since
        return Periods(start, end, start - (end - start), start) if end > start else None
    weeks = min(_MOST_WEEKS, ((end - first).days + 1) // 14)
    length = timedelta(weeks=weeks)
    return Periods(end - length, end, end - 2 * length, end - length) if weeks else None
