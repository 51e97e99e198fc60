"""Each group against what it was in another period."""

from math import sqrt
from typing import Final

from callmood.reports import cells
from callmood.reports.ask import Report
from callmood.reports.columns import BETTER, WORSE, Column, Row, Sheet
from callmood.wording import NONE, percent


def compared_sheet(report: Report) -> list[Sheet]:
    """One table, if the report is compared: each figure before and now, and whether the difference is clear."""
    if report.question.against is None or not report.rows.height:
        return []
    columns = [
        Column(report.question.by.capitalize(), lambda row: row["name"], right=False, wraps=True),
        Column("Calls", lambda row: f"{row['calls_before'] or 0:,} → {row['calls']:,}", hide_order=-1),
        Column("Upset calls", lambda row: f"{_upset(row, '_before')} → {_upset(row)}"),
        Column("", _upset_verdict, right=False, style=lambda row: _STYLES.get(_upset_verdict(row), "")),
        Column("Mood at the end", lambda row: _pair(row, "mood_end", cells.mood)),
        Column("", _mood_verdict, right=False, style=lambda row: _STYLES.get(_mood_verdict(row), "")),
        Column("Agent talks", lambda row: _pair(row, "talk_ratio", percent), hide_order=2),
        Column("Dead air", lambda row: _pair(row, "dead_air", percent), hide_order=1),
        Column("Words / min", lambda row: _pair(row, "words_per_minute", cells.plain), hide_order=3),
    ]
    return [
        Sheet(
            f"Compared with {report.question.against}: before → now",
            columns,
            report.rows.to_dicts(),
            continues=True,
        )
    ]


_STYLES: Final = {"better": BETTER, "worse": WORSE}


def _pair(row: Row, name: str, form: cells.Form) -> str:
    return f"{form(row[f'{name}_before'])} → {form(row[name])}"


def _upset(row: Row, when: str = "") -> str:
    known = row[f"calls_scored{when}"]
    return f"{row[f'upset_calls{when}']} of {known}" if known else NONE


def _upset_verdict(row: Row) -> str:
    """Newcombe's interval of the difference of two shares, from Wilson's intervals of each."""
    now, then = row["upset"], row["upset_before"]
    if now is None or then is None:
        return NONE
    if row["upset_low"] is None or row["upset_low_before"] is None:
        return "few calls"
    difference = now - then
    up = sqrt((row["upset_high"] - now) ** 2 + (then - row["upset_low_before"]) ** 2)
    down = sqrt((now - row["upset_low"]) ** 2 + (row["upset_high_before"] - then) ** 2)
    if difference - down > 0:
        return "worse"
    return "better" if difference + up < 0 else "unclear"


def _mood_verdict(row: Row) -> str:
    now, then = row["mood_end"], row["mood_end_before"]
    margins = row["mood_end_margin"], row["mood_end_margin_before"]
    if now is None or then is None:
        return NONE
    margin = None if None in margins else sqrt(sum(one**2 for one in margins))
    return cells.verdict(now - then, margin)
