"""The tables that people read: which columns, in which words. Terminal and Markdown draw the same sheets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from callmood.reports import format
from callmood.reports.ask import Answer, Whose
from callmood.wording import counted

Row = Mapping[str, Any]

BETTER, WORSE, QUIET = "green", "red", "dim"
"""Styles of cells. Colour is kept for what the figures bear out."""

WHOSE: Final[Mapping[Whose, str]] = {"customer": "Customer", "agent": "Agent", "all": "All voices'"}


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    """May be of two lines."""
    cell: Callable[[Row], str]
    right: bool = True
    style: Callable[[Row], str] = lambda row: ""
    yields: int = 0
    """Columns with a higher number are the first to go where the terminal is narrow; 0 stays."""
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is said in answer to a question, in order."""

    title: str
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    sheets: Sequence[Sheet] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def page(answer: Answer) -> Page:
    """Lay an answer out for people."""
    kind, name = answer.question.kind, answer.question.name
    if kind == "call":
        return _call_page(answer)
    if kind == "calls":
        return _calls_page(answer)
    return _groups_page(answer) if name is None or not answer.rows.height else _group_page(answer)


def _groups_page(answer: Answer) -> Page:
    question = answer.question
    heading = question.by.capitalize()
    return Page(
        title=f"Calls by {question.by}",
        subtitle=_span(answer),
        sheets=[
            Sheet("", _group_columns(heading, _whose(answer)), answer.rows.to_dicts()),
            *_moments(answer, with_agent=True),
        ],
        notes=[*answer.notes, *_explain(answer)],
    )


def _group_page(answer: Answer) -> Page:
    row = answer.rows.row(0, named=True)
    whose = _whose(answer)
    with_agent = answer.question.by != "agent"
    columns, calls = _call_columns(answer, with_agent), answer.details["calls"].to_dicts()

    def mean(name: str, form: Callable[[float | None], str]) -> str:
        margin = row[f"{name}_margin"]
        return form(row[name]) if margin is None else f"{form(row[name])} ±{form(margin).strip(' +')}"

    cuts_in, is_cut = row["interruptions_by_agent"], row["interruptions_by_customer"]
    facts = [
        (
            f"{whose} mood",
            f"{mean('mood_start', format.mood)} at the start, {mean('mood_end', format.mood)} at the end: "
            f"changed by {mean('mood_change', format.mood)} (n {row['calls_compared']})",
        ),
        ("Ended worse", f"{format.compared(row)} calls"),
        (
            "Segments",
            f"{counted(row['segments'], 'segment')} scored: {format.percent(row['angry'])} angry, "
            f"{format.percent(row['negative'])} negative, {format.percent(row['uncertain'])} uncertain",
        ),
        (
            "Talking",
            f"agent {mean('talk_ratio', format.percent)} of the time, "
            f"{mean('words_per_minute', format.plain)} words a minute, "
            f"longest monologue {format.length(row['longest_monologue_s'])} on average",
        ),
        (
            "Together",
            f"dead air {mean('dead_air', format.percent)}, overtalk {mean('overtalk', format.percent)}; "
            f"cuts in {format.plain(cuts_in, 1)} times a call, is cut short {format.plain(is_cut, 1)} times",
        ),
    ]
    return Page(
        title=f"{answer.question.by.capitalize()} {row['name']}",
        subtitle=_span(answer),
        facts=facts,
        sheets=[*_moments(answer, with_agent), Sheet("Calls, worst end first", columns, calls)],
        notes=[*answer.notes, *_explain(answer)],
    )


def _calls_page(answer: Answer) -> Page:
    return Page(
        title="Calls",
        subtitle=_span(answer),
        sheets=[Sheet("", _call_columns(answer), answer.rows.to_dicts()), *_moments(answer, with_agent=True)],
        notes=[*answer.notes, *_explain(answer)],
    )


def _call_page(answer: Answer) -> Page:
    call = answer.details["call"].row(0, named=True)
    who = ", ".join(
        f"{label} {call[name]}"
        for label, name in (("agent", "agent"), ("customer", "customer"), ("queue", "queue"))
        if call[name]
    )
    by_agent, by_customer = call["interruptions_by_agent"], call["interruptions_by_customer"]
    facts = [
        ("File", call["file"]),
        (
            "Agent talks",
            f"{format.percent(call['talk_ratio'])} of the time, "
            f"{format.plain(call['words_per_minute'])} words a minute, "
            f"longest monologue {format.clock(call['longest_monologue_s'])}",
        ),
        (
            "Dead air",
            f"{format.clock(call['dead_air_s'])}, longest silence {format.clock(call['longest_silence_s'])}",
        ),
        (
            "Overtalk",
            f"{format.clock(call['overtalk_s'])}, interruptions by agent {format.plain(by_agent)}, "
            f"by customer {format.plain(by_customer)}",
        )
        if call["layout"] == "stereo"
        else ("Overtalk", "not to be told on one channel"),
        (
            "Segments",
            f"{call['segments']} of the {call['role']} scored: {format.percent(call['angry'])} angry, "
            f"{format.percent(call['negative'])} negative, {format.percent(call['uncertain'])} uncertain",
        ),
    ]
    return Page(
        title=f"Call {call['call']}",
        subtitle=" · ".join(
            part
            for part in (who, format.clock(call["duration_s"]), format.moment(call["started_at"]))
            if part
        ),
        facts=facts,
        sheets=[
            Sheet("Mood by quarter of the call", _QUARTERS, _quarter_rows(answer)),
            *_moments(answer, with_agent=False),
            Sheet("What was said", _TURNS, _turn_rows(answer)),
        ],
        notes=[*answer.notes, f"{_SCALE}.", _DOUBT],
    )


def _whose(answer: Answer) -> str:
    return WHOSE[answer.question.role or "customer"]


def _span(answer: Answer) -> str:
    seen = answer.overview
    return " · ".join(
        part
        for part in (
            counted(seen["calls"], "call"),
            format.length(3600 * (seen["hours"] or 0)),
            format.days(seen["first_call"], seen["last_call"]),
        )
        if part
    )


def _change(row: Row) -> str:
    if row["mood_change"] is None:
        return format.NONE
    margin = row["mood_change_margin"]
    # of one width, so that the changes stand under each other
    half = f"{format.NONE:>5}" if margin is None else f"±{margin:.2f}"
    return f"{format.mood(row['mood_change'])} {half}"


def _change_style(row: Row) -> str:
    """Red or green only where the interval leaves out 0."""
    change, margin = row["mood_change"], row["mood_change_margin"]
    if change is None or margin is None or abs(change) <= margin:
        return ""
    return WORSE if change < 0 else BETTER


def _group_columns(heading: str, whose: str) -> list[Column]:
    return [
        Column(heading, lambda row: row["name"], right=False, wraps=True),
        Column("Calls", lambda row: f"{row['calls']:,}"),
        Column("Audio", lambda row: format.length(3600 * row["hours"])),
        Column("Agent\ntalks", lambda row: format.percent(row["talk_ratio"]), yields=3),
        Column("Dead\nair", lambda row: format.percent(row["dead_air"]), yields=2),
        Column("Over-\ntalk", lambda row: format.percent(row["overtalk"]), yields=7),
        Column("Cuts\nin", lambda row: format.plain(row["interruptions_by_agent"], 1), yields=5),
        Column("Words\n/ min", lambda row: format.plain(row["words_per_minute"]), yields=4),
        Column(
            f"{whose} mood\nstart → end",
            lambda row: f"{format.mood(row['mood_start'])} → {format.mood(row['mood_end']):>5}",
        ),
        Column("Change\n± 95 %", _change, style=_change_style),
        Column("Ended\nworse", format.compared),
        Column("Angry", lambda row: format.percent(row["angry"])),
        Column("Neg-\native", lambda row: format.percent(row["negative"]), yields=1),
        Column("Un-\nsure", lambda row: format.percent(row["uncertain"]), yields=6),
    ]


def _call_columns(answer: Answer, with_agent: bool = True) -> list[Column]:
    columns = [
        Column("Call", lambda row: row["call"], right=False, wraps=True),
        Column("Agent", lambda row: row["agent"] or format.NONE, right=False, wraps=True),
        Column("Started", lambda row: format.moment(row["started_at"]), right=False, yields=3),
        Column("Length", lambda row: format.clock(row["duration_s"])),
        Column("Agent\ntalks", lambda row: format.percent(row["talk_ratio"]), yields=4),
        Column("Dead\nair", lambda row: format.clock(row["dead_air_s"]), yields=2),
        Column("Cuts\nin", lambda row: format.plain(row["interruptions_by_agent"]), yields=5),
        Column(
            f"{_whose(answer)} mood\nby quarter",
            lambda row: " ".join(
                f"{format.mood(row[f'mood_{part}']):>5}" for part in ("start", "second", "third", "end")
            ),
        ),
        Column(
            "Change",
            lambda row: format.mood(row["mood_change"]),
            style=lambda row: WORSE if row["ended_worse"] else "",
        ),
        Column("Angry", lambda row: format.percent(row["angry"])),
        Column("Neg-\native", lambda row: format.percent(row["negative"]), yields=1),
    ]
    return [column for column in columns if with_agent or column.heading != "Agent"]


def _moments(answer: Answer, with_agent: bool) -> list[Sheet]:
    rows = answer.details["moments"].to_dicts()
    if not rows:
        return []
    columns = [
        Column("Call", lambda row: row["call"], right=False, wraps=True),
        Column("Agent", lambda row: row["agent"] or format.NONE, right=False, wraps=True),
        Column("At", lambda row: format.clock(row["start_s"])),
        Column("Who", lambda row: row["role"], right=False),
        Column("Emotion", lambda row: f"{row['emotion']} {format.percent(row['confidence'])}", right=False),
        Column("Words", lambda row: f"“{row['text'].strip()}”", right=False, wraps=True),
    ]
    dropped = set()
    if not with_agent:
        dropped.add("Agent")
    if answer.question.kind == "call":
        dropped.add("Call")
    if len({row["role"] for row in rows}) == 1:
        dropped.add("Who")
    return [Sheet("Worst moments", [column for column in columns if column.heading not in dropped], rows)]


def _quarter_rows(answer: Answer) -> list[Row]:
    rows: dict[str, dict[str, Any]] = {}
    for row in answer.details["quarters"].to_dicts():
        rows.setdefault(row["role"], {"role": row["role"]})[str(row["quarter"])] = row["mood"]
    return list(rows.values())


def _turn_rows(answer: Answer) -> list[Row]:
    """Turns, with a row for each dead air between them."""
    rows: list[Row] = []
    for turn in answer.rows.to_dicts():
        if (turn["silence_s"] or 0) >= 2:
            rows.append(
                {"at_s": None, "role": "", "silence": turn["silence_s"], "mood": None, "emotion": None}
            )
        rows.append({**turn, "at_s": turn["start_s"], "silence": None})
    return rows


def _feeling(row: Row) -> str:
    if row["emotion"] is None or row["emotion"] == "neutral":
        return row["emotion"] or ""
    sure = row.get("confidence")
    return f"{row['emotion']} {format.percent(sure)}" if sure is not None else str(row["emotion"])


def _feeling_style(row: Row) -> str:
    if row["emotion"] in (None, "neutral", "calm", "uncertain") or row["mood"] is None:
        return QUIET
    return WORSE if row["mood"] < 0 else BETTER if row["emotion"] == "happy" else ""


_QUARTERS: Final = (
    Column("", lambda row: row["role"], right=False),
    *(
        Column(heading, lambda row, key=key: format.mood(row.get(key)))  # type: ignore[misc]
        for key, heading in (("1", "first"), ("2", "second"), ("3", "third"), ("4", "last"))
    ),
)

_WHO_STYLE: Final = {"customer": "bold"}

_TURNS: Final = (
    Column("At", lambda row: "" if row["silence"] else format.clock(row["start_s"])),
    Column("Who", lambda row: row["role"], right=False, style=lambda row: _WHO_STYLE.get(row["role"], "")),
    Column("Mood", lambda row: "" if row["silence"] else format.mood(row["mood"]), style=_feeling_style),
    Column("Emotion", _feeling, right=False, style=_feeling_style),
    Column(
        "Words",
        lambda row: f"({format.length(row['silence'])} of silence)" if row["silence"] else row["text"],
        right=False,
        style=lambda row: QUIET if row["silence"] else "",
        wraps=True,
    ),
)

_SCALE: Final = "Mood: −1 angry, 0 neutral, +1 happy, from what the emotion probabilities have above chance"

_DOUBT: Final = "A model mishears emotions: listen to a moment before you judge it."


def _explain(answer: Answer) -> list[str]:
    whose = {"customer": "customers'", "agent": "agents'", "all": "all"}[answer.question.role or "customer"]
    means = (
        "Means over calls, ± half of their 95 % interval (none with fewer than 5 calls); "
        "red or green only where it leaves out 0."
    )
    terms = "Ended worse: the mood fell by 0.2 or more, to below 0. Dead air: silences of 2 s or more."
    first = "Earliest day" if answer.question.by == "day" else "Worst mood at the end"
    order = f"{first} first; --sort COLUMN for another order. "
    grouped = answer.question.kind == "groups"
    return [
        f"{_SCALE}; of {whose} segments, in the first and the last quarter of the conversation.",
        *([means] if grouped else []),
        terms + (" Cuts in: the agent's interruptions a call." if grouped else " Red: ended worse."),
        (order if answer.question.sort is None else "") + _DOUBT,
    ]
