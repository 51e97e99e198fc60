"""Values as the cells of a report show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from callmood.wording import NONE, counted, percent

MINUS: Final = "−"


def mood(value: float | None) -> str:
    """A mood with its sign, or without one if it rounds to 0.

    >>> mood(-0.4), mood(0.4), mood(-0.001)
    ('−0.40', '+0.40', '0.00')
    """
    if value is None:
        return NONE
    rounded = f"{abs(value):.2f}"
    return rounded if rounded == "0.00" else f"{MINUS if value < 0 else '+'}{rounded}"


def plain(value: float | None, decimals: int = 0) -> str:
    """A number with thousands separators."""
    return NONE if value is None else f"{value:,.{decimals}f}"


def moment(when: datetime | None) -> str:
    """A date with its time."""
    return NONE if when is None else f"{when:%Y-%m-%d %H:%M}"


def days(first: datetime | None, last: datetime | None) -> str:
    """The days that a report spans; "" if no call has a start time."""
    if first is None or last is None:
        return ""
    return f"{first:%Y-%m-%d}" if first.date() == last.date() else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


EVIDENCE: Final = {
    "voice": "voice",
    "words": "words",
    "both": "voice and words",
    "correction": "corrected",
    None: NONE,
}


def calls_of(row: Mapping[str, Any], mood: str) -> str:
    """ "3 of 41": calls in which somebody got upset (or pleased), of those where that is known."""
    return f"{row[f'{mood}_calls']} of {row['calls_scored']}" if row["calls_scored"] else NONE


def share_of_calls(row: Mapping[str, Any]) -> str:
    """ "upset in 3 of 41 calls (7 %, 95 % interval 3 to 19 %), pleased in 9"."""
    known = row["calls_scored"]
    if not known:
        return "not known"
    interval = ""
    if row["upset_low"] is not None:
        interval = f", 95 % interval {percent(row['upset_low']).strip(' %')} to {percent(row['upset_high'])}"
    return (
        f"upset in {row['upset_calls']} of {counted(known, 'call')} ({percent(row['upset_calls'] / known)}{interval}), "
        f"pleased in {row['pleased_calls']}"
    )


def compared(row: Mapping[str, Any]) -> str:
    """ "3 of 41": calls that ended worse, of those with a mood at both ends."""
    return f"{row['ended_worse']} of {row['calls_compared']}" if row["calls_compared"] else NONE
