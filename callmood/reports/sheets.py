"""The tables that people read: their columns and words. Terminal and Markdown render the same sheets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import polars as pl

from callmood.call import RoleChoice
from callmood.reports import cells
from callmood.reports.ask import Report
from callmood.wording import NONE, clock, counted, length, percent

Row: TypeAlias = Mapping[str, Any]

BETTER, WORSE, DIM = "green", "red", "dim"
"""Styles of cells. Only clear results are coloured."""

WHOSE: Final[Mapping[RoleChoice, str]] = {
    "customer": "Customer",
    "agent": "Agent",
    "all": "All voices'",
}


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    """May have two lines."""
    cell: Callable[[Row], str]
    right: bool = True
    style: Callable[[Row], str] = lambda row: ""
    hide_order: int = 0
    """Columns with a higher number are hidden first on a narrow terminal, negative ones last; 0 is never hidden."""
    wraps: bool = False
    key: str = ""
    """Identifies a column that a page may leave out."""


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a report shows, in order."""

    title: str
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    sheets: Sequence[Sheet] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def page(report: Report) -> Page:
    """Lay a report out for people."""
    kind, name = report.question.kind, report.question.name
    if kind == "call":
        return _call_page(report)
    if kind == "calls":
        return _calls_page(report)
    return _groups_page(report) if name is None or not report.rows.height else _group_page(report)


def _groups_page(report: Report) -> Page:
    question = report.question
    heading = question.by.capitalize()
    return Page(
        title=f"Calls by {question.by}",
        subtitle=_span(report),
        facts=[(_who(report), cells.share_of_calls(report.overview))],
        sheets=[
            Sheet("", _group_columns(heading, _whose(report)), report.rows.to_dicts()),
            *_moments(report, with_agent=True),
        ],
        notes=[*report.notes, *_explain(report)],
    )


def _group_page(report: Report) -> Page:
    row = report.rows.row(0, named=True)
    whose = _whose(report)
    with_agent = report.question.by != "agent"
    columns, calls = _call_columns(report, with_agent), _rows(report.calls)

    def mean(name: str, form: Callable[[float | None], str]) -> str:
        margin = row[f"{name}_margin"]
        return form(row[name]) if margin is None else f"{form(row[name])} ±{form(margin).strip(' +')}"

    cuts_in, is_cut = row["interruptions_by_agent"], row["interruptions_by_customer"]
    facts = [
        (_who(report), cells.share_of_calls(row)),
        (
            f"{whose} mood",
            f"{mean('mood_start', cells.mood)} at the start, {mean('mood_end', cells.mood)} at the end: "
            f"changed by {mean('mood_change', cells.mood)} (n {row['calls_compared']})",
        ),
        ("Ended worse", f"{cells.compared(row)} calls"),
        (
            "Segments",
            f"{counted(row['segments'], 'segment')} scored: {percent(row['angry'])} angry, "
            f"{percent(row['negative'])} negative, {percent(row['uncertain'])} uncertain",
        ),
        (
            "Talking",
            f"agent {mean('talk_ratio', percent)} of the time, "
            f"{mean('words_per_minute', cells.plain)} words a minute, "
            f"longest monologue {length(row['longest_monologue_s'])} on average",
        ),
        (
            "Conversation",
            f"dead air {mean('dead_air', percent)}, overtalk {mean('overtalk', percent)}; "
            f"agent interrupts {cells.plain(cuts_in, 1)} times per call, "
            f"is interrupted {cells.plain(is_cut, 1)} times",
        ),
    ]
    return Page(
        title=f"{report.question.by.capitalize()} {row['name']}",
        subtitle=_span(report),
        facts=facts,
        sheets=[*_moments(report, with_agent), Sheet("Calls, most upset first", columns, calls)],
        notes=[*report.notes, *_explain(report)],
    )


def _calls_page(report: Report) -> Page:
    return Page(
        title="Calls",
        subtitle=_span(report),
        facts=[(_who(report), cells.share_of_calls(report.overview))],
        sheets=[Sheet("", _call_columns(report), report.rows.to_dicts()), *_moments(report, with_agent=True)],
        notes=[*report.notes, *_explain(report)],
    )


def _call_page(report: Report) -> Page:
    call = _rows(report.call)[0]
    who = ", ".join(
        f"{label} {call[name]}"
        for label, name in (("agent", "agent"), ("customer", "customer"), ("queue", "queue"))
        if call[name]
    )
    by_agent, by_customer = call["interruptions_by_agent"], call["interruptions_by_customer"]
    facts = [
        ("File", call["file"]),
        ("Upset", _when(report, call, "upset")),
        ("Pleased", _when(report, call, "pleased")),
        (
            "Agent talks",
            f"{percent(call['talk_ratio'])} of the time, "
            f"{cells.plain(call['words_per_minute'])} words a minute, "
            f"longest monologue {clock(call['longest_monologue_s'])}",
        ),
        (
            "Dead air",
            f"{clock(call['dead_air_s'])}, longest silence {clock(call['longest_silence_s'])}",
        ),
        (
            "Overtalk",
            f"{clock(call['overtalk_s'])}, interruptions by agent {cells.plain(by_agent)}, "
            f"by customer {cells.plain(by_customer)}",
        )
        if call["layout"] == "stereo"
        else ("Overtalk", "not available for single-channel recordings"),
        *_unheard(call),
        (
            "Segments",
            f"{call['segments']} of the {call['role']} scored: {percent(call['angry'])} angry, "
            f"{percent(call['negative'])} negative, {percent(call['uncertain'])} uncertain",
        ),
    ]
    return Page(
        title=f"Call {call['call']}",
        subtitle=" · ".join(
            part for part in (who, clock(call["duration_s"]), cells.moment(call["started_at"])) if part
        ),
        facts=facts,
        sheets=[
            Sheet("Mood by quarter of the call", _QUARTERS, _quarter_rows(report)),
            *_moments(report, with_agent=False),
            Sheet("What was said", _TURNS, _turn_rows(report)),
        ],
        notes=[*report.notes, f"{_SCALE[0].upper()}{_SCALE[1:]}.", _CAUTION],
    )


def _when(report: Report, call: Row, mood: str) -> str:
    """ "customer from 2:31 (98 %)": whether and since when somebody is upset or pleased."""
    if call[mood] is None:
        return "not known"
    if call[mood] < report.limits["likely_from"]:
        return f"not the {call['role']}" if call["role"] != "all" else "nobody"
    who = "somebody" if call["role"] == "all" else call["role"]
    since = call[f"{mood}_from_s"]
    return f"{who} {'' if since is None else f'from {clock(since)} '}({percent(call[mood])})"


def _unheard(call: Row) -> Iterator[tuple[str, str]]:
    if call["hold_s"]:
        yield "On hold", f"{clock(call['hold_s'])} of music, tones and announcements"
    if call["untranscribed_s"] >= 1:
        yield (
            "Speech",
            f"{clock(call['speech_s'])}, of which {clock(call['untranscribed_s'])} could not be transcribed",
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
    if row["mood_change"] is None:
        return NONE
    margin = row["mood_change_margin"]
    # of one width, so that the changes line up
    half = f"{NONE:>5}" if margin is None else f"±{margin:.2f}"
    return f"{cells.mood(row['mood_change'])} {half}"


def _change_style(row: Row) -> str:
    """Red or green only if the interval excludes 0."""
    change, margin = row["mood_change"], row["mood_change_margin"]
    if change is None or margin is None or abs(change) <= margin:
        return ""
    return WORSE if change < 0 else BETTER


def _group_columns(heading: str, whose: str) -> list[Column]:
    return [
        Column(heading, lambda row: row["name"], right=False, wraps=True),
        Column("Calls", lambda row: f"{row['calls']:,}", hide_order=-5),
        Column("Audio", lambda row: length(3600 * row["hours"]), hide_order=-1),
        Column("Agent\ntalks", lambda row: percent(row["talk_ratio"]), hide_order=3),
        Column("Dead\nair", lambda row: percent(row["dead_air"]), hide_order=2),
        Column("Over-\ntalk", lambda row: percent(row["overtalk"]), hide_order=7),
        Column("Cuts\nin", lambda row: cells.plain(row["interruptions_by_agent"], 1), hide_order=5),
        Column("Words\n/ min", lambda row: cells.plain(row["words_per_minute"]), hide_order=4),
        Column("Upset\ncalls", lambda row: cells.calls_of(row, "upset"), hide_order=-6),
        Column(
            f"{whose} mood\nstart → end",
            lambda row: f"{cells.mood(row['mood_start'])} → {cells.mood(row['mood_end']):>5}",
        ),
        Column("Change\n± 95 %", _change, style=_change_style, hide_order=-4),
        Column("Ended\nworse", cells.compared, hide_order=-2),
        Column("Pleased\ncalls", lambda row: cells.calls_of(row, "pleased"), hide_order=1),
        Column("Un-\nsure", lambda row: percent(row["uncertain"]), hide_order=6),
    ]


def _call_columns(report: Report, with_agent: bool = True) -> list[Column]:
    columns = [
        Column("Call", lambda row: row["call"], right=False, wraps=True),
        Column(
            "Agent", lambda row: row["agent"] or NONE, right=False, wraps=True, key="agent", hide_order=-4
        ),
        Column("Started", lambda row: cells.moment(row["started_at"]), right=False, hide_order=3),
        Column("Length", lambda row: clock(row["duration_s"]), hide_order=-1),
        Column("Agent\ntalks", lambda row: percent(row["talk_ratio"]), hide_order=4),
        Column("Dead\nair", lambda row: clock(row["dead_air_s"]), hide_order=2),
        Column("Cuts\nin", lambda row: cells.plain(row["interruptions_by_agent"]), hide_order=5),
        Column("Upset\nfrom", lambda row: _upset_from(row, report.limits["likely_from"]), hide_order=-5),
        Column(
            f"{_whose(report)} mood\nby quarter",
            lambda row: " ".join(
                f"{cells.mood(row[f'mood_{part}']):>5}" for part in ("start", "second", "third", "end")
            ),
        ),
        Column(
            "Change",
            lambda row: cells.mood(row["mood_change"]),
            style=lambda row: WORSE if row["ended_worse"] else "",
            hide_order=-3,
        ),
    ]
    return [column for column in columns if with_agent or column.key != "agent"]


def _upset_from(row: Row, likely_from: float) -> str:
    if row["upset"] is None:
        return NONE
    if row["upset"] < likely_from:
        return "no"
    return "upset" if row["upset_from_s"] is None else clock(row["upset_from_s"])


def _words(moment: Row) -> str:
    said = moment["text"].strip()
    return f"“{said}”" if said else "(could not be transcribed)"


def _moments(report: Report, with_agent: bool) -> list[Sheet]:
    rows = report.moments.to_dicts()
    if not rows:
        return []
    columns = [
        Column("Call", lambda row: row["call"], right=False, wraps=True, key="call"),
        Column(
            "Agent", lambda row: row["agent"] or NONE, right=False, wraps=True, key="agent", hide_order=-1
        ),
        Column("Upset\nfrom", lambda row: clock(row["start_s"]), hide_order=-4),
        Column("For", lambda row: length(row["end_s"] - row["start_s"]), hide_order=-2),
        Column("Who", lambda row: row["role"], right=False, key="role", hide_order=-2),
        Column("Emotion", lambda row: row["emotion"], right=False, hide_order=1),
        Column("Evidence", lambda row: cells.EVIDENCE[row["evidence"]], right=False, hide_order=-3),
        Column("Words", _words, right=False, wraps=True),
    ]
    dropped = set()
    if not with_agent:
        dropped.add("agent")
    if report.question.kind == "call":
        dropped.add("call")
    if len({row["role"] for row in rows}) == 1:
        dropped.add("role")
    return [Sheet("Worst moments", [column for column in columns if column.key not in dropped], rows)]


def _quarter_rows(report: Report) -> list[Row]:
    rows: dict[str, dict[str, Any]] = {}
    for row in _rows(report.quarters):
        rows.setdefault(row["role"], {"role": row["role"]})[str(row["quarter"])] = row["mood"]
    return list(rows.values())


def _turn_rows(report: Report) -> list[Row]:
    """Turns, with a row for each stretch of dead air between them; upset where it is likely."""
    rows: list[Row] = []
    for turn in report.rows.to_dicts():
        if (turn["silence_s"] or 0) >= report.limits["dead_air_from_s"]:
            silence = f"{length(turn['silence_s'])} of silence"
            rows.append(
                {"at_s": None, "role": "", "mood": None, "emotion": None, "upset": None, "aside": silence}
            )
        likely = turn["upset"] is not None and turn["upset"] >= report.limits["likely_from"]
        upset = turn["upset"] if likely else None
        rows.append({**turn, "upset": upset, "at_s": turn["start_s"], "aside": _aside(turn)})
    return rows


_ASIDES: Final = {
    "untranscribed": "of speech that could not be transcribed",
    "music": "of music",
    "tone": "of tones",
    "announcement": "of an announcement",
}


def _aside(turn: Row) -> str:
    """What is heard besides words; "" for words."""
    if turn["kind"] == "words":
        return ""
    said = f": “{turn['text']}”" if turn["text"] else ""
    return f"{length(turn['end_s'] - turn['start_s'])} {_ASIDES[turn['kind']]}{said}"


def _emotion(row: Row) -> str:
    if row["emotion"] is None or row["emotion"] == "neutral":
        return row["emotion"] or ""
    confidence = row.get("confidence")
    return f"{row['emotion']} {percent(confidence)}" if confidence is not None else str(row["emotion"])


def _emotion_style(row: Row) -> str:
    if row["emotion"] in (None, "neutral", "uncertain") or row["mood"] is None:
        return DIM
    return WORSE if row["mood"] < 0 else BETTER if row["emotion"] == "happy" else ""


_QUARTERS: Final = (
    Column("", lambda row: row["role"], right=False),
    *(
        Column(heading, lambda row, key=key: cells.mood(row.get(key)), hide_order=order)  # type: ignore[misc]
        for key, heading, order in (
            ("1", "first", 0),
            ("2", "second", -1),
            ("3", "third", -1),
            ("4", "last", 0),
        )
    ),
)

_WHO_STYLE: Final = {"customer": "bold"}

_TURNS: Final = (
    Column("At", lambda row: "" if row["at_s"] is None else clock(row["at_s"])),
    Column("Who", lambda row: row["role"], right=False, style=lambda row: _WHO_STYLE.get(row["role"], "")),
    Column(
        "Mood",
        lambda row: "" if row["aside"] else cells.mood(row["mood"]),
        style=_emotion_style,
        hide_order=-2,
    ),
    Column("Emotion", _emotion, right=False, style=_emotion_style, hide_order=-1),
    Column(
        "Upset",
        lambda row: "" if row["upset"] is None else percent(row["upset"]),
        style=lambda row: WORSE,
        hide_order=-3,
    ),
    Column(
        "Words",
        lambda row: f"({row['aside']})" if row["aside"] else row["text"],
        right=False,
        style=lambda row: DIM if row["aside"] else "",
        wraps=True,
    ),
)

_SCALE: Final = "mood: −1 = angry, 0 = neutral, +1 = happy"

_CAUTION: Final = "Emotion detection makes mistakes. Listen before you judge."


def _explain(report: Report) -> list[str]:
    whose = {"customer": "Customer", "agent": "Agent", "all": "Everyone's"}[
        report.question.role or "customer"
    ]
    means = (
        "Averages per call with a 95 % margin (shown from 5 calls on). "
        "Coloured only where the change is statistically clear."
    )
    terms = (
        f"Ended worse: the mood fell by {report.limits['worse_by']:g} or more, to below 0. "
        f"Dead air: silences of {report.limits['dead_air_from_s']:g} s or more."
    )
    first = "Earliest day" if report.question.by == "day" else "Most upset"
    order = f"{first} first; --sort COLUMN for another order. "
    grouped = report.question.kind == "groups"
    upset = (
        "Upset: a listener would call the speaker annoyed, angry or distressed, with a probability of "
        f"{percent(report.limits['likely_from'])} or more. Evidence: what speaks for it."
    )
    return [
        upset,
        f"{whose} {_SCALE}. Start and end are the first and last quarter of each call.",
        *([means] if grouped else []),
        terms + (" Cuts in: the agent's interruptions per call." if grouped else " Red: ended worse."),
        (order if report.question.sort is None else "") + _CAUTION,
    ]


def _rows(frame: pl.DataFrame | None) -> list[Row]:
    return [] if frame is None else list(frame.to_dicts())
