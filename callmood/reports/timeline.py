"""One call on a page: its facts, its mood by quarter, and what was said."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from callmood.reports import cells
from callmood.reports.ask import Report
from callmood.reports.columns import BETTER, DIM, WORSE, Column, Row, Sheet
from callmood.wording import clock, counted, duration, length, percent, speaker_name


def call_facts(report: Report, call: Row) -> list[tuple[str, str]]:
    """What is known of a call besides its words."""
    paths = [path for path in (call["path"], call["other_path"]) if path]
    return [
        ("Recording", " and ".join(paths)),
        *([("Call id", call["call_id"])] if call["call_id"] else []),
        ("Upset", _when(report, call, "upset")),
        ("Pleased", _when(report, call, "pleased")),
        ("Agent talks", _agent_talks(call)),
        ("Dead air", _dead_air(call)),
        ("Overtalk", _overtalk(call)),
        *_unheard(call),
        ("Segments", _segments(report, call)),
        *_categories(report),
        *_corrections(report, call),
    ]


def _corrections(report: Report, call: Row) -> Iterator[tuple[str, str]]:
    people = report.rows.filter(pl.col("corrected_at").is_not_null())
    if call["corrections"] and people.height:
        who = cells.corrected(people["corrected_by"], people["corrected_at"].max())  # type: ignore[arg-type]
        yield "Corrected", f"{counted(call['corrections'], 'segment')} {who}"


def _categories(report: Report) -> Iterator[tuple[str, str]]:
    if report.categories is not None and report.categories.height:
        yield "Categories", cells.category_starts(report.categories.to_dicts())


def _overtalk(call: Row) -> str:
    if call["overtalk_s"] is None:
        return "not available for single-channel recordings"
    if call["interruptions_by_agent"] is None:
        return duration(call["overtalk_s"])
    return (
        f"{duration(call['overtalk_s'])}; the agent interrupts {counted(call['interruptions_by_agent'], 'time')}, "
        f"the customer {counted(call['interruptions_by_customer'], 'time')}"
    )


def _agent_talks(call: Row) -> str:
    known = [
        f"{percent(call['talk_ratio'])} of the time" if call["talk_ratio"] is not None else "",
        f"{cells.plain(call['words_per_minute'])} words a minute"
        if call["words_per_minute"] is not None
        else "",
        f"longest monologue {duration(call['longest_monologue_s'])}" if call["longest_monologue_s"] else "",
    ]
    return ", ".join(filter(None, known)) or "not known"


def _dead_air(call: Row) -> str:
    if call["dead_air_s"] is None:
        return "not known"
    return f"{duration(call['dead_air_s'])}, longest silence {duration(call['longest_silence_s'])}"


def _segments(report: Report, call: Row) -> str:
    is_of_nobody = report.rows.filter(role="unknown", kind="words").height > 0
    who = "; who is the agent is not known" if is_of_nobody else ""
    if not call["segments"]:
        return f"none of the {call['role']} scored{who}"
    return (
        f"{call['segments']} of the {call['role']} scored: {percent(call['angry'])} angry, "
        f"{percent(call['negative'])} negative, {percent(call['uncertain'])} uncertain{who}"
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
        yield "On hold", f"{duration(call['hold_s'])} of music, tones and announcements"
    if not call["speech_s"]:
        yield "Speech", "none: nobody is heard"
    elif call["untranscribed_s"] >= 1:
        yield (
            "Speech",
            f"{duration(call['speech_s'])}, of which {duration(call['untranscribed_s'])} could not be transcribed",
        )


def quarters(frame: pl.DataFrame | None) -> list[Sheet]:
    """The mood by quarter of the conversation of each role of which it is known."""
    rows: dict[str, dict[str, Any]] = {}
    for row in [] if frame is None else frame.filter(pl.col("mood").is_not_null()).to_dicts():
        rows.setdefault(row["role"], {"role": row["role"]})[str(row["quarter"])] = row["mood"]
    return [Sheet("Mood by quarter of the call", _QUARTERS, list(rows.values()))] if rows else []


def turns(report: Report) -> list[Sheet]:
    """What was said, if anybody is heard, with a row for each stretch of dead air, and for what people corrected."""
    rows: list[Row] = []
    for turn in report.rows.to_dicts():
        if (turn["silence_s"] or 0) >= report.limits["dead_air_from_s"]:
            rows.append({**_NOTHING, "aside": f"{length(turn['silence_s'])} of silence"})
        likely = turn["upset"] is not None and turn["upset"] >= report.limits["likely_from"]
        upset = turn["upset"] if likely else None
        rows.append({**turn, "upset": upset, "at_s": turn["start_s"], "aside": _aside(turn)})
        if turn["corrected_to"]:
            who = cells.corrected([turn["corrected_by"]], turn["corrected_at"])
            was = f"from {turn['corrected_from']} " if turn["corrected_from"] else ""
            rows.append({**_NOTHING, "aside": f"corrected {was}to {turn['corrected_to']} {who}"})
    return [Sheet("What was said", _TURNS, rows)] if rows else []


_NOTHING: Final[Row] = {"at_s": None, "role": "", "mood": None, "emotion": None, "upset": None}

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
    confidence = row.get("confidence")
    if row["emotion"] is None or row["emotion"] == "neutral" or confidence is None or row.get("corrected_to"):
        return row["emotion"] or ""
    return f"{row['emotion']} {percent(confidence)}"


def _emotion_style(row: Row) -> str:
    if row["emotion"] in (None, "neutral", "uncertain") or row["mood"] is None:
        return DIM
    return WORSE if row["mood"] < 0 else BETTER if row["emotion"] == "happy" else ""


_QUARTERS: Final = (
    Column("", lambda row: cells.role(row["role"]), right=False),
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
    Column(
        "Who",
        lambda row: speaker_name(row["role"], row.get("speaker", 0)),
        right=False,
        style=lambda row: _WHO_STYLE.get(row["role"], ""),
    ),
    Column(
        "Mood",
        lambda row: "" if row["aside"] and row["mood"] is None else cells.mood(row["mood"]),
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
