"""What a page holds: the answers to its questions, as tables of plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import polars as pl

from callmood.reports.agreement import Agreement, agreement
from callmood.reports.ask import (
    Question,
    apart,
    ask,
    choose,
    group_categories,
    others_chosen,
    parameters_of,
)
from callmood.reports.differences import mean_difference, share_difference
from callmood.reports.frames import query, read_sql
from callmood.reports.page.comparison import Periods, periods
from callmood.reports.page.models import described
from callmood.store import Connection, find_call
from callmood.wording import printable

if TYPE_CHECKING:
    from callmood.search.topics import Topics

Rows: TypeAlias = list[dict[str, Any]]
Table: TypeAlias = dict[str, list[Any]]
"""``columns``: the names; ``rows``: a list of values each. Half the size of as many objects."""

ID_DIGITS: Final = 12
"""Of a recording's id, as the terminal shows it."""

_CALL_COLUMNS: Final = (
    "id", "group", "call", "call_id", "file", "agent", "customer", "queue", "started_at", "duration_s", "talk_ratio",
    "dead_air_s", "overtalk_s", "interruptions_by_agent", "words_per_minute", "untranscribed_s", "hold_s",
    "understood", "language", "upset", "upset_from_s", "pleased", "mood", "mood_start", "mood_second", "mood_third",
    "mood_end", "mood_change", "ended_worse", "segments", "uncertain", "layout", "warnings",
    "categories",
)  # fmt: skip
_UPSET: Final = (
    "id",
    "start_s",
    "end_s",
    "role",
    "upset",
    "evidence",
    "emotion",
    "confidence",
    "said_s",
    "text",
    "corrected_by",
    "corrected_at",
)
_PLEASED: Final = ("id", "start_s", "end_s", "role", "pleased", "evidence", "emotion", "confidence", "text")
_RECOVERED: Final = ("id", "role", "upset", "upset_s", "upset_text", "turned_s", "said", "turned_text")
_CATEGORY: Final = ("category", "calls", "calls_known", "share", "share_low", "share_high")
_GROUP_CATEGORY: Final = (
    "name", "category", "calls", "calls_known", "share", "share_low", "share_high", "rest_calls", "rest_known",
    "rest_share", "rest_share_low", "rest_share_high", "from_rest",
)  # fmt: skip
_EXAMPLE: Final = ("topic", "id", "start_s", "text")
_SEGMENT: Final = (
    "speaker", "role", "start_s", "end_s", "text", "emotion", "confidence", "mood", "upset", "pleased", "evidence",
    "corrected_by", "corrected_at",
)  # fmt: skip
_STRETCH: Final = ("kind", "speaker", "role", "start_s", "end_s", "text")


@dataclass(frozen=True, slots=True)
class Contents:
    """The answers that a page is made of. Moments have no words yet: they are those of the call's segments."""

    facts: dict[str, Any]
    """What the page is about: title, periods, limits, notes, models."""
    groups: Rows
    emotions: Rows
    calls: Rows
    """The most upset first."""
    upset: Rows
    pleased: Rows
    recovered: Rows
    categories: Rows
    """In how many of the calls each category occurs, the commonest first."""
    group_categories: Rows
    """The same by group, where it occurs or has an interval."""
    examples: Rows
    """What customers said who called about each of the topics in the facts."""
    files: Mapping[str, tuple[str, ...]]
    """By recording id: its file, or the two of its sides."""
    recordings: Mapping[str, str] = field(default_factory=dict)
    """Recording id by the id of a call on the page."""

    def tables(self) -> dict[str, Table]:
        """All but the facts, as the page's scripts read them."""
        return {
            "groups": table(self.groups, list(self.groups[0]) if self.groups else []),
            "emotions": table(self.emotions, ["name", "role", "emotion", "segments", "seconds", "corrected"]),
            "calls": calls_table(self.calls),
            "upset": table(self.upset, _UPSET),
            "pleased": table(self.pleased, _PLEASED),
            "recovered": table(self.recovered, _RECOVERED),
            "categories": table(self.categories, _CATEGORY),
            "group_categories": table(self.group_categories, _GROUP_CATEGORY),
            "examples": table(self.examples, _EXAMPLE),
        }


def contents(
    con: Connection,
    question: Question,
    *,
    model: str,
    topics_of: Callable[[Sequence[str]], Topics] | None = None,
) -> Contents:
    """Ask the database for everything but the words.

    ``model``: the emotion model of the settings. ``topics_of``: groups recordings, given by their ids, by what their
    customers call about. Raises CallmoodError if there are no calls, or none with that name.
    """
    report = ask(con, replace(question, all_moments=True))
    single = question.kind == "call"
    by = question.by if question.kind == "groups" else "agent"
    parameters = {**parameters_of(con, question), "by": by}
    if single:
        parameters |= {"recording": find_call(con, question.name or ""), "since": None, "until": None}
        choose(con, parameters)

    def answer(file: str, /, **more: Any) -> pl.DataFrame:
        return query(con, read_sql(f"reports/{file}"), {**parameters, **more})

    calls = answer("calls") if report.calls is None else report.calls
    about = {row["recording_id"]: row for row in answer("page_files").to_dicts()}
    recordings = calls["recording_id"].to_list()
    categories = _categories(con, recordings)
    topics = topics_of(recordings) if topics_of and not single else None
    found = calls["started_at"].drop_nulls()
    span = periods(question, found.min(), found.max())  # type: ignore[arg-type]
    bounds = dict(zip(Periods._fields, span or (None,) * 4, strict=True))
    groups = [] if single else _groups(con, by, parameters, bounds)
    by_group = report.group_categories
    if by_group is None and not single:
        by_group = group_categories(con, by, parameters)
    return Contents(
        facts={
            "by": by,
            "name": ", ".join(parameters["names"]) or None,
            "role": parameters["role"],
            "single": single,
            "list_calls": question.kind == "calls",
            "first": found.min(),
            "last": found.max(),
            **bounds,
            "limits": dict(report.limits),
            "notes": [printable(note) for note in report.notes],
            "models": _models(about, recordings, model),
            "topics": topics and _topics(topics),
            "agreement": [
                _agreement(one) for one in (agreement(con, parameters) if single else report.agreement)
            ],
        },
        groups=groups,
        emotions=[] if single else answer("page_emotions").to_dicts(),
        calls=[
            {**_call(row, about), "categories": categories.get(row["recording_id"])}
            for row in calls.to_dicts()
        ],
        upset=_moments(answer("moments", count=None) if single else report.moments),
        pleased=_moments(answer("page_pleased")),
        recovered=_moments(answer("page_recovered")),
        categories=[] if report.categories is None else report.categories.to_dicts(),
        group_categories=[
            {
                **row,
                "name": printable(row["name"]),
                "from_rest": share_difference(row, row, "share", "rest_share"),
            }
            for row in ([] if by_group is None else by_group.to_dicts())
            if row["calls"] or row["share_low"] is not None
        ],
        examples=_examples(topics) if topics else [],
        files={
            key: (row["path"], *([row["other_path"]] if row["other_path"] else []))
            for key, row in about.items()
        },
        recordings={key[:ID_DIGITS]: key for key in recordings},
    )


def _groups(con: Connection, by: str, parameters: Mapping[str, Any], bounds: Mapping[str, Any]) -> Rows:
    """How the calls of each group went. One group is compared with the others."""
    with_others = apart(by, parameters)
    with others_chosen(con, parameters, {**with_others, "since": None, "until": None}):
        groups = query(con, read_sql("reports/page_groups"), {**with_others, **bounds})
    return _compared(groups.to_dicts())


def _models(about: Mapping[str, Mapping[str, Any]], recordings: Iterable[str], model: str) -> Rows:
    counts: dict[str, int] = {}
    for recording in recordings:
        model_id = about[recording]["model_id"] if recording in about else None
        if model_id is not None:
            counts[model_id] = counts.get(model_id, 0) + 1
    return [described(model_id, calls, model) for model_id, calls in counts.items()]


def _compared(groups: Rows) -> Rows:
    """The groups with what changed against the period before, and how far they are from the rest."""
    before = {(row["dimension"], row["name"]): row for row in groups if row["period"] == "before"}
    for row in groups:
        earlier = before.get((row["dimension"], row["name"])) if row["period"] == "now" else None
        for name in ("upset", "pleased", "ended_worse"):
            row[f"{name}_change"] = earlier and share_difference(row, earlier, name)
        row["mood_change_change"] = earlier and mean_difference(row, earlier, "mood_change")
        row["from_rest"] = share_difference(row, row, "upset", "rest_upset")
        row["name"] = printable(row["name"])
    return groups


def _call(row: dict[str, Any], about: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    group = about.get(row["recording_id"], {}).get("group_name")
    return {
        **row,
        "id": row["recording_id"][:ID_DIGITS],
        "group": group,
        "size_bytes": about.get(row["recording_id"], {}).get("size_bytes", 0),
        "page": None,
        "sound": None,
        "silence": None,
    }


def _categories(con: Connection, recordings: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
    """Name and first moment of each category in each call whose categories are known."""
    found = query(con, read_sql("reports/page_categories"), {"recordings": recordings})
    return {
        recording: [(category["name"], category["from_s"]) for category in categories]
        for recording, categories in found.rows()
    }


def _topics(topics: Topics) -> dict[str, Any]:
    """Without what customers said: that gets the words of the page, as moments do."""
    return {
        "calls": topics.calls,
        "without": topics.without,
        "groups": [
            {"words": [printable(word) for word in topic.words], "calls": topic.calls}
            for topic in topics.topics
        ],
    }


def _examples(topics: Topics) -> Rows:
    return [
        {
            "topic": number,
            "id": example.recording_id[:ID_DIGITS],
            "segment": example.segment,
            "start_s": example.start_s,
            "text": "",
        }
        for number, topic in enumerate(topics.topics)
        for example in topic.examples
    ]


def _agreement(found: Agreement) -> dict[str, Any]:
    return {**asdict(found), "one": printable(found.one), "other": printable(found.other)}


def _moments(frame: pl.DataFrame) -> Rows:
    return [{**row, "id": row["recording_id"][:ID_DIGITS]} for row in frame.to_dicts()]


def table(rows: Rows, columns: Sequence[str]) -> Table:
    return {"columns": list(columns), "rows": [[value_of(row.get(name)) for name in columns] for row in rows]}


def calls_table(calls: Rows) -> Table:
    return table(calls, [*_CALL_COLUMNS, "page", "sound", "silence"])


def value_of(value: Any) -> Any:
    """A value as JSON holds it: numbers to four decimals, times as ISO 8601, text without what a page can't show."""
    if isinstance(value, float):
        return round(value, 4) if isfinite(value) else None
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, tuple | list):
        return [value_of(each) for each in value]
    return value


def spoken(con: Connection, recordings: Sequence[str]) -> Iterator[tuple[str, Rows, Rows]]:
    """The segments and the stretches (silences, overtalk, holds ...) of calls, by recording id."""
    asked = {"recordings": list(recordings)}
    found = [
        query(con, read_sql(f"reports/{name}"), asked, is_large=True).partition_by(
            "recording_id", as_dict=True, include_key=False
        )
        for name in ("page_segments", "page_stretches")
    ]
    for recording in recordings:
        segments, stretches = (
            frames[(recording,)].to_dicts() if (recording,) in frames else [] for frames in found
        )
        yield recording, segments, stretches


def detail(segments: Rows, stretches: Rows) -> dict[str, Table]:
    """One call as the page's scripts read it."""
    return {"segments": table(segments, _SEGMENT), "stretches": table(stretches, _STRETCH)}
