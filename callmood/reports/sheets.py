"""The pages that people read: their facts, tables and words. Terminal, Markdown and spreadsheets render the same."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from callmood.call import RoleChoice
from callmood.reports import cells
from callmood.reports.ask import Report
from callmood.reports.categories import category_sheets
from callmood.reports.columns import BETTER, DIM, WORSE, Column, Page, Row, Sheet
from callmood.reports.compared import compared_sheet
from callmood.reports.export import flat, rounded
from callmood.reports.remarks import remarks
from callmood.reports.timeline import call_facts, quarters, turns
from callmood.wording import NONE, clock, counted, duration, length, percent

__all__ = ["BETTER", "DIM", "WORSE", "Column", "Page", "Row", "Sheet", "page"]

WHOSE: Final[Mapping[RoleChoice, str]] = {
    "customer": "Customer",
    "agent": "Agent",
    "all": "All voices'",
}

_CALLS_SHOWN: Final = 10


def page(report: Report, *, explain: bool = False) -> Page:
    """Lay a report out for people; with ``explain``, with all that helps to read it."""
    kind = report.question.kind
    if kind == "call":
        title, subtitle, facts, sheets = _call_page(report)
    elif kind == "calls":
        title, subtitle = _title("Calls", report), _span(report)
        facts = _overall(report)
        sheets = [Sheet("", _call_columns(report, report.rows), _rows(report.rows)), *_moments(report)]
    elif report.question.of_one and report.rows.height:
        title, subtitle, facts, sheets = _group_page(report)
    else:
        title, subtitle = _title(f"Calls by {report.question.by}", report), _span(report)
        facts = _overall(report)
        sheets = [
            Sheet("", _group_columns(report), _rows(report.rows), continues=True),
            *compared_sheet(report),
            *category_sheets(report),
            *_moments(report),
        ]
    return Page(title, subtitle, facts, sheets, remarks(report, sheets, explain))


def frame_page(frame: pl.DataFrame) -> Page:
    """Any frame as a page: one table, numbers to four decimals."""
    flat_frame = rounded(flat(frame))

    def column(index: int, name: str, dtype: pl.DataType) -> Column:
        def cell(row: Row) -> str:
            return "" if row[name] is None else str(row[name])

        # the last columns give way first
        return Column(name, cell, right=dtype.is_numeric(), wraps=dtype == pl.String, hide_order=index)

    columns = [column(index, *one) for index, one in enumerate(flat_frame.schema.items())]
    return Page("", sheets=[Sheet("", columns, flat_frame.to_dicts(), continues=True)])


_Parts = tuple[str, str, list[tuple[str, str]], list[Sheet]]


def _call_page(report: Report) -> _Parts:
    call = _rows(report.call)[0]
    who = ", ".join(f"{name} {call[name]}" for name in ("agent", "customer", "queue") if call[name])
    when = cells.moment(call["started_at"]) if call["started_at"] else ""
    subtitle = " · ".join(part for part in (who, duration(call["duration_s"]), when) if part)
    sheets = [*quarters(report.quarters), *_moments(report), *turns(report)]
    return f"Call {call['call']}", subtitle, call_facts(report, call), sheets


def _group_page(report: Report) -> _Parts:
    row = report.rows.row(0, named=True)
    calls = _rows(report.calls)
    shown = report.question.limit or _CALLS_SHOWN
    cut = f" ({shown} of {len(calls):,}; --limit for more)" if len(calls) > shown else ""
    facts = [
        (_who(report), cells.share_of_calls(row)),
        ("Ended worse", cells.compared_calls(row)),
        (
            "Segments",
            f"{counted(row['segments'], 'segment')} scored: {percent(row['angry'])} angry, "
            f"{percent(row['negative'])} negative, {percent(row['uncertain'])} unsure",
        ),
        *_categories(report),
        *_corrections(report),
        *_agreement(report),
    ]
    sheets = [
        _averages(report, row),
        *compared_sheet(report),
        *category_sheets(report),
        *_moments(report),
        Sheet(f"Calls, most upset first{cut}", _call_columns(report, report.calls), calls[:shown]),
    ]
    return _title(f"{report.question.by.capitalize()} {row['name']}", report), _span(report), facts, sheets


def _title(title: str, report: Report) -> str:
    """With what it is limited to: "Calls by day, agent anna"."""
    return ", ".join([title, *(f"{dimension} {name}" for dimension, name in report.question.filters.items())])


def _overall(report: Report) -> list[tuple[str, str]]:
    return [
        (_who(report), cells.share_of_calls(report.overview)),
        *_categories(report),
        *_corrections(report),
        *_agreement(report),
    ]


def _categories(report: Report) -> list[tuple[str, str]]:
    found = _rows(report.categories)
    return [("Categories", cells.categories(found))] if found else []


def _corrections(report: Report) -> list[tuple[str, str]]:
    seen = report.overview
    if not seen["corrections"]:
        return []
    who = cells.corrected(seen["corrected_by"] or (), seen["corrected_at"])
    return [("Corrected", f"{counted(seen['corrections'], 'segment')} {who}; --call shows which")]


def _agreement(report: Report) -> list[tuple[str, str]]:
    found = report.agreement
    return [("Agreement", f"{cells.agreement(found)}; of all calls: review --agreement")] if found else []


def _averages(report: Report, row: Row) -> Sheet:
    """Of one group: each figure with its interval."""
    whose = _whose(report)
    figures: list[tuple[str, str, cells.Form]] = [
        (f"{whose} mood at the start", "mood_start", cells.mood),
        (f"{whose} mood at the end", "mood_end", cells.mood),
        (f"Change of {whose.lower()} mood", "mood_change", cells.mood),
        ("Agent talks", "talk_ratio", percent),
        ("Agent's words a minute", "words_per_minute", cells.plain),
        ("Agent's longest monologue", "longest_monologue_s", duration),
        ("Agent interrupts", "interruptions_by_agent", lambda value: cells.plain(value, 1)),
        ("Agent is interrupted", "interruptions_by_customer", lambda value: cells.plain(value, 1)),
        ("Dead air", "dead_air", percent),
        ("Overtalk", "overtalk", percent),
    ]
    rows = [
        {
            "figure": label,
            "average": form(row[name]),
            "interval": cells.interval(row[name], row[f"{name}_margin"], form)
            if f"{name}_margin" in row
            else "",
        }
        for label, name, form in figures
    ]
    return Sheet(
        "On average per call",
        (
            Column("", lambda row: row["figure"], right=False),
            Column("Average", lambda row: row["average"]),
            Column("95 % interval", lambda row: row["interval"], hide_order=1),
        ),
        rows,
    )


def _whose(report: Report) -> str:
    return WHOSE[report.question.role or "customer"]


def _who(report: Report) -> str:
    return "Anyone" if report.question.role == "all" else _whose(report)


def _span(report: Report) -> str:
    seen = report.overview
    return " · ".join(
        part
        for part in (
            counted(seen["calls"], "call"),
            length(3600 * (seen["hours"] or 0)),
            cells.days(seen["first_call"], seen["last_call"]),
        )
        if part
    )


def _change(row: Row) -> str:
    change = row["mood_change"]
    if change is None:
        return NONE
    # of one width, so that the changes line up
    return f"{cells.mood(change)} {cells.verdict(change, row['mood_change_margin']):9}"


def _change_style(row: Row) -> str:
    return {"better": BETTER, "worse": WORSE}.get(
        cells.verdict(row["mood_change"], row["mood_change_margin"]), ""
    )


def _mood_at_both_ends(row: Row) -> str:
    if row["mood_change"] is None:
        return NONE
    return f"{cells.mood(row['mood_start'])} → {cells.mood(row['mood_end']):>5}"


def _group_columns(report: Report) -> list[Column]:
    columns = [
        Column(report.question.by.capitalize(), lambda row: row["name"], right=False, wraps=True),
        Column("Calls", lambda row: f"{row['calls']:,}", hide_order=-5),
        Column("Audio", lambda row: length(3600 * row["hours"]), hide_order=-1),
        Column("Agent\ntalks", lambda row: percent(row["talk_ratio"]), hide_order=3),
        Column("Dead\nair", lambda row: percent(row["dead_air"]), hide_order=2),
        Column("Over-\ntalk", lambda row: percent(row["overtalk"]), hide_order=7),
        Column("Inter-\nrupts", lambda row: cells.plain(row["interruptions_by_agent"], 1), hide_order=5),
        Column("Words\n/ min", lambda row: cells.plain(row["words_per_minute"]), hide_order=4),
        Column("Upset\ncalls", lambda row: cells.calls_of(row, "upset"), hide_order=-6),
        Column(f"{_whose(report)} mood\nstart → end", _mood_at_both_ends),
        Column("Change\nof mood", _change, right=False, style=_change_style, hide_order=-4),
        Column("Ended\nworse", cells.compared, hide_order=-2),
        Column("Pleased\ncalls", lambda row: cells.calls_of(row, "pleased"), hide_order=1),
        Column("Un-\nsure", lambda row: percent(row["uncertain"]), hide_order=6),
    ]
    if any(row["corrections"] for row in _rows(report.rows)):
        columns.append(Column("Cor-\nrected", lambda row: str(row["corrections"]), hide_order=8))
    return columns


def _call_columns(report: Report, calls: pl.DataFrame | None) -> list[Column]:
    columns = [
        Column("Call", lambda row: row["call"], right=False, wraps=True),
        Column(
            "Agent", lambda row: row["agent"] or NONE, right=False, wraps=True, key="agent", hide_order=-4
        ),
        Column("Started", lambda row: cells.moment(row["started_at"]), right=False, hide_order=3),
        Column("Length", lambda row: duration(row["duration_s"]), hide_order=-1),
        Column("Agent\ntalks", lambda row: percent(row["talk_ratio"]), hide_order=4),
        Column("Dead\nair", lambda row: duration(row["dead_air_s"]), hide_order=2),
        Column("Inter-\nrupts", lambda row: cells.plain(row["interruptions_by_agent"]), hide_order=5),
        Column("Upset\nfrom", lambda row: _upset_from(row, report.limits["likely_from"]), hide_order=-5),
        Column(
            f"{_whose(report)} mood\nby quarter",
            lambda row: " ".join(
                f"{cells.mood(row[f'mood_{part}']):>5}" for part in ("start", "second", "third", "end")
            ),
        ),
        Column(
            "Change",
            lambda row: f"{cells.mood(row['mood_change'])}{' worse' if row['ended_worse'] else ''}",
            style=lambda row: WORSE if row["ended_worse"] else "",
            hide_order=-3,
        ),
    ]
    if calls is not None and calls["corrections"].sum():
        columns.append(Column("Cor-\nrected", lambda row: str(row["corrections"] or ""), hide_order=6))
    return [column for column in columns if column.key != "agent" or not _is_one_agent(report)]


def _is_one_agent(report: Report) -> bool:
    question = report.question
    return (question.by == "agent" and question.of_one) or "agent" in question.filters


def _upset_from(row: Row, likely_from: float) -> str:
    if row["upset"] is None:
        return NONE
    if row["upset"] < likely_from:
        return "no"
    return "upset" if row["upset_from_s"] is None else clock(row["upset_from_s"])


def _words(moment: Row) -> str:
    said = moment["text"].strip()
    return f"“{said}”" if said else "(could not be transcribed)"


def _moments(report: Report) -> list[Sheet]:
    rows = _rows(report.moments)
    if not rows:
        return []
    columns = [
        Column("Call", lambda row: row["call"], right=False, wraps=True, key="call"),
        Column(
            "Agent", lambda row: row["agent"] or NONE, right=False, wraps=True, key="agent", hide_order=-1
        ),
        Column("Upset\nfrom", lambda row: clock(row["start_s"]), hide_order=-4),
        Column("For", lambda row: length(row["end_s"] - row["start_s"]), hide_order=-2),
        Column("Who", lambda row: cells.role(row["role"]), right=False, key="role", hide_order=-2),
        Column("Emotion", lambda row: row["emotion"], right=False, hide_order=1),
        Column("Evidence", _evidence, right=False, wraps=True, hide_order=-3),
        Column("Words", _words, right=False, wraps=True),
    ]
    dropped = set()
    if _is_one_agent(report):
        dropped.add("agent")
    if report.question.kind == "call":
        dropped |= {"call", "agent"}
    if {row["role"] for row in rows} == {report.question.role or "customer"}:
        dropped.add("role")
    return [Sheet("Worst moments", [column for column in columns if column.key not in dropped], rows)]


def _evidence(row: Row) -> str:
    if row["evidence"] == "correction" and row["corrected_at"]:
        return f"corrected {cells.corrected([row['corrected_by']], row['corrected_at'])}"
    return cells.EVIDENCE[row["evidence"]]


def _rows(frame: pl.DataFrame | None) -> list[Row]:
    return [] if frame is None else list(frame.to_dicts())
