"""Values as the cells of a report show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from callmood.wording import NONE, clock, counted, percent

if TYPE_CHECKING:
    from callmood.reports.agreement import Agreement

MINUS: Final = "−"

Form: TypeAlias = Callable[[float | None], str]
"""How a figure is worded."""


def role(of: str) -> str:
    return "role not known" if of == "unknown" else of


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
    found = bounds(row, "upset")
    interval = f", 95 % interval {found}" if found else ""
    return (
        f"upset in {row['upset_calls']} of {counted(known, 'call')} ({percent(row['upset_calls'] / known)}{interval}), "
        f"pleased in {row['pleased_calls']}"
    )


def bounds(row: Mapping[str, Any], name: str, between: str = " to ") -> str:
    """ "3 to 19 %": the 95 % interval of a share; "" if there is none."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if low is None else f"{percent(low).removesuffix(' %')}{between}{percent(high)}"


def compared(row: Mapping[str, Any]) -> str:
    """ "3 of 41": calls that ended worse, of those with a mood at both ends."""
    return f"{row['ended_worse']} of {row['calls_compared']}" if row["calls_compared"] else NONE


def compared_calls(row: Mapping[str, Any]) -> str:
    """ "3 of 41 calls"."""
    known = row["calls_compared"]
    return f"{row['ended_worse']} of {counted(known, 'call')}" if known else NONE


def corrected(people: Iterable[str | None], when: datetime) -> str:
    """ "by Mia and Tom, 2026-11-22 18:30": who corrected, and when, in local time; ``when`` is in UTC."""
    names = sorted({name for name in people if name})
    by = f"by {' and '.join(names)}, " if names else ""
    return f"{by}{when.replace(tzinfo=timezone.utc).astimezone():%Y-%m-%d %H:%M}"


def interval(value: float | None, margin: float | None, form: Form) -> str:
    """ "65 to 71 %": the 95 % interval of a mean; "few calls" where there are too few for one."""
    if value is None:
        return NONE
    if margin is None:
        return "few calls"
    # all but a mood is 0 or more
    low = value - margin if form is mood else max(0.0, value - margin)
    return f"{form(low).removesuffix(' %')} to {form(value + margin)}"


def verdict(change: float | None, margin: float | None) -> str:
    """Whether a change is clear: its 95 % interval leaves out 0. "better", "worse", "unclear" or "few calls".

    >>> verdict(-0.4, 0.1), verdict(0.05, 0.1), verdict(-0.4, None)
    ('worse', 'unclear', 'few calls')
    """
    if change is None:
        return NONE
    if margin is None:
        return "few calls"
    if abs(change) <= margin:
        return "unclear"
    return "better" if change > 0 else "worse"


def categories(rows: Iterable[Mapping[str, Any]]) -> str:
    """In how many calls each category occurs: "payment 12, complaint 5 of 40 calls"."""
    found = list(rows)
    named = ", ".join(f"{row['category']} {row['calls']:,}" for row in found)
    return f"{named} of {counted(found[0]['calls_known'], 'call')}" if found else NONE


def agreement(found: Iterable[Agreement]) -> str:
    """Kappa of each two: "ben and the model, 40 segments: kappa 0.61 (0.42 to 0.78)"."""
    return "; ".join(
        f"{one.one} and {one.other}, {counted(one.segments, 'segment')}: kappa "
        f"{estimate(one.kappa, one.kappa_interval)}"
        for one in found
    )


def estimate(value: float | None, interval: tuple[float, float] | None) -> str:
    """ "0.61 (0.42 to 0.78)"."""
    if value is None:
        return NONE
    return f"{value:.2f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")


def category_starts(rows: Iterable[Mapping[str, Any]]) -> str:
    """The categories of one call, each with its first moment: "greeting 0:00, payment 1:02"."""
    found = sorted(rows, key=lambda row: (row["from_s"], row["category"]))
    return ", ".join(f"{row['category']} {clock(row['from_s'])}" for row in found)
