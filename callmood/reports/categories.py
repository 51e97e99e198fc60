"""The categories of each group: shares with their intervals, and what differs clearly from all other groups."""

from collections.abc import Sequence
from typing import Final

from callmood.reports import cells
from callmood.reports.ask import Report
from callmood.reports.columns import Column, Row, Sheet
from callmood.reports.differences import share_difference
from callmood.wording import percent

_MOST_GROUPS: Final = 30
"""Of more groups only those are shown that differ clearly from the others."""


def category_sheets(report: Report) -> list[Sheet]:
    """One table, where categories occur: of one group against all others, or of several groups side by side."""
    rows = [] if report.group_categories is None else report.group_categories.to_dicts()
    if rows and report.question.of_one:
        return [_of_one(report.question.by, rows)]
    sheet = _side_by_side(report.question.by, rows) if any(row["rest_known"] for row in rows) else None
    return [sheet] if sheet and sheet.rows else []


def verdict(row: Row) -> str:
    """Whether a category is clearly more or less frequent than in all other groups: "more", "fewer" or ""."""
    difference = share_difference(row, row, "share", "rest_share")
    if difference is None or not difference.is_clear:
        return ""
    return "more" if difference.value > 0 else "fewer"


def _of_one(by: str, rows: Sequence[Row]) -> Sheet:
    columns = [
        Column("", lambda row: row["category"], right=False, wraps=True),
        Column("Calls", lambda row: f"{row['calls']:,} of {row['calls_known']:,}"),
        Column("Share", lambda row: percent(row["share"]), hide_order=1),
        Column("95 % interval", lambda row: cells.bounds(row, "share") or "few calls"),
        Column(f"All other {by}s", _others, hide_order=2),
        Column("Against them", lambda row: verdict(row) or _unclear(row), right=False, hide_order=-1),
    ]
    return Sheet("Categories", columns if rows[0]["rest_known"] else columns[:4], rows)


def _others(row: Row) -> str:
    return f"{percent(row['rest_share'])} of {row['rest_known']:,}"


def _unclear(row: Row) -> str:
    return "few calls" if None in (row["share_low"], row["rest_share_low"]) else "unclear"


def _side_by_side(by: str, rows: Sequence[Row]) -> Sheet:
    groups: dict[str, dict[str, Row]] = {}
    for row in rows:
        groups.setdefault(row["name"], {})[row["category"]] = row
    shown = list(groups.values())
    title = f"Categories by {by}: share of calls, and its 95 % interval"
    if len(shown) > _MOST_GROUPS:
        shown = [group for group in shown if any(map(verdict, group.values()))]
        title += f" ({len(shown):,} of {len(groups):,}: those that differ clearly from all others)"
    names = dict.fromkeys(row["category"] for row in rows)
    columns = [
        Column(by.capitalize(), lambda group: _any(group)["name"], right=False, wraps=True),
        Column("Calls", lambda group: f"{_any(group)['calls_known']:,}"),
        *(_category(name, number) for number, name in enumerate(names, start=1)),
    ]
    return Sheet(title, columns, shown, continues=True)


def _category(name: str, hide_order: int) -> Column:
    return Column(name.replace(" ", "\n", 1), lambda group: _share(group[name]), hide_order=hide_order)


def _any(group: Row) -> Row:
    row: Row = next(iter(group.values()))
    return row


def _share(row: Row) -> str:
    """ "12 % (5–27) more", or "1 of 3" where there are too few calls for an interval."""
    bounds = cells.bounds(row, "share", "–")
    if not bounds:
        return f"{row['calls']} of {row['calls_known']}"
    return f"{percent(row['share'])} ({bounds.removesuffix(' %')}) {verdict(row)}".rstrip()
