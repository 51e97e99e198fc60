"""The period before, and how sure a difference is."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import hypot
from typing import Any, Final, NamedTuple

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


class Difference(NamedTuple):
    """How much larger one figure is than another, with its 95 % interval."""

    value: float
    low: float
    high: float


def share_difference(
    row: Mapping[str, Any], other: Mapping[str, Any], name: str, of: str = ""
) -> Difference | None:
    """The difference of two shares with Wilson intervals, by Newcombe's hybrid score interval; None if one has none.

    ``name``: the share, whose interval is NAME_low to NAME_high. ``of``: the name of the other's, if it is another.

    >>> share_difference(dict(x=0.5, x_low=0.4, x_high=0.6), dict(x=0.2, x_low=0.1, x_high=0.3), "x")
    Difference(value=0.3, low=0.158..., high=0.441...)
    """
    of = of or name
    p, low, high = (row[name + end] for end in ("", "_low", "_high"))
    q, other_low, other_high = (other[of + end] for end in ("", "_low", "_high"))
    if low is None or other_low is None:
        return None
    return Difference(p - q, p - q - hypot(p - low, other_high - q), p - q + hypot(high - p, q - other_low))


def mean_difference(row: Mapping[str, Any], other: Mapping[str, Any], name: str) -> Difference | None:
    """The difference of two means with margins (NAME_margin); None if one has none."""
    margins = row[f"{name}_margin"], other[f"{name}_margin"]
    if None in margins:
        return None
    value, margin = row[name] - other[name], hypot(*margins)
    return Difference(value, value - margin, value + margin)
