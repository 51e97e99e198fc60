"""Figures as a person reads them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

NONE: Final = "–"
"""What stands where there is nothing to tell."""

MINUS: Final = "−"


def mood(value: float | None) -> str:
    """-0.4 as "−0.40", 0.4 as "+0.40", and next to nothing as "0.00"."""
    if value is None:
        return NONE
    rounded = f"{abs(value):.2f}"
    return rounded if rounded == "0.00" else f"{MINUS if value < 0 else '+'}{rounded}"


def plain(value: float | None, decimals: int = 0) -> str:
    return NONE if value is None else f"{value:,.{decimals}f}"


def percent(share: float | None) -> str:
    """Whole percents, and one decimal where a whole one would hide that there is something."""
    if share is None:
        return NONE
    value = 100 * share
    return f"{value:.1f} %" if 0 < value < 0.95 else f"{value:.0f} %"


def clock(seconds: float | None) -> str:
    """62.3 as "1:02", 3700 as "1:01:40"."""
    if seconds is None:
        return NONE
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length(seconds: float | None) -> str:
    """A length in the unit that suits it: "45 s", "12 min", "14.2 h"."""
    if seconds is None:
        return NONE
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"


def moment(when: datetime | None) -> str:
    return NONE if when is None else f"{when:%Y-%m-%d %H:%M}"


def days(first: datetime | None, last: datetime | None) -> str:
    """The days that a report spans; nothing where no call tells."""
    if first is None or last is None:
        return ""
    return f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def compared(row: Mapping[str, Any]) -> str:
    """ "3 of 41": calls that ended worse, of those that have a mood at both ends."""
    return f"{row['ended_worse']} of {row['calls_compared']}" if row["calls_compared"] else NONE
