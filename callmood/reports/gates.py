"""Limits on categories that a report must keep, for cron and CI: ``churn > 5%`` fails it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from callmood.errors import CallmoodError, ThresholdError, UsageError
from callmood.reports.ask import Report
from callmood.wording import counted, did_you_mean

_FORM: Final = re.compile(
    r"\s*(?P<category>\w[\w -]*?)\s*(?P<sign>>=|<=|>|<)\s*(?P<limit>\d+(\.\d+)?)\s*(?P<share>%?)\s*"
)
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A report fails if the calls of a category compare like this."""

    category: str
    sign: str
    limit: float
    is_share: bool
    """Whether the limit is in percent of the calls, not a number of calls."""

    def __str__(self) -> str:
        return f"{self.category} {self.sign} {self.limit:g}{' %' if self.is_share else ''}"


def gate(text: str, known: Collection[str]) -> Gate:
    """The gate that ``text`` describes: "churn > 5%", "escalation >= 3".

    Raises UsageError for other text, and for a category that is not among those ``known``.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(f'"{text}" is no condition. Write it like "churn > 5%" or "escalation >= 3".')
    name = found["category"]
    if name not in known:
        suggestion = did_you_mean(name, list(known))
        raise UsageError(f'There is no category "{name}"{suggestion}. There are: {", ".join(known)}.')
    if found["share"] and float(found["limit"]) > 100:
        raise UsageError(f'"{text}" is a share above 100 %, which no calls reach.')
    return Gate(name, found["sign"], float(found["limit"]), bool(found["share"]))


def require_kept(report: Report, gates: Collection[Gate]) -> None:
    """Raises ThresholdError if a report meets one of ``gates``, CallmoodError if no categories of its calls are known.

    A report without calls, as of a day off, has no share to compare. The report is not one on a single call.
    """
    known = int(report.overview.get("categorized", 0))
    if not known and report.overview["calls"]:
        raise CallmoodError("The categories of none of these calls are known. Run callmood categorize first.")
    calls = {} if report.categories is None else dict(report.categories.select("category", "calls").rows())
    failed = []
    for one in gates:
        count = calls.get(one.category, 0)
        if one.is_share and not known:
            continue
        figure = 100 * count / known if one.is_share else count
        if _COMPARE[one.sign](figure, one.limit):
            share = f" ({100 * count / known:.1f} %)" if known else ""
            failed.append(f"{one}: {count:,} of {counted(known, 'call')}{share}")
    if failed:
        raise ThresholdError(f"The report fails. {'; '.join(failed)}.")
