"""Questions in, answers out: a file of ``sql/reports`` becomes a frame, with what has to be said of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import polars as pl

from callmood.errors import CallmoodError
from callmood.store import Connection
from callmood.wording import counted

Kind = Literal["groups", "calls", "call"]
Whose = Literal["customer", "agent", "all"]

FACTS: Final = ("agent", "queue", "customer", "day")
"""What calls can be grouped by besides the columns of the side table."""

_MOMENTS_SHOWN = 5
_CALLS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Question:
    """What a person wants to know."""

    kind: Kind = "groups"
    by: str = "agent"
    """One of FACTS, or a column of the side table. Says nothing where the kind is not "groups"."""
    name: str | None = None
    """One group, or one call; None: all."""
    role: Whose | None = None
    """Whose mood; None is the customer's, and everybody's on the timeline of a call."""
    since: datetime | None = None
    until: datetime | None = None
    """Excluded."""
    sort: str | None = None
    """A column, with a minus before it for the largest first."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Frames, and what has to be said with them."""

    question: Question
    rows: pl.DataFrame
    """What was asked for: one row a group, call or turn. The frame that CSV and Parquet hold."""
    details: dict[str, pl.DataFrame] = field(default_factory=dict)
    """What belongs to it: "moments", "calls", "quarters", "call"."""
    overview: dict[str, Any] = field(default_factory=dict)
    """Number of calls, hours, first and last of them, and the counts behind ``notes``."""
    notes: tuple[str, ...] = ()
    """What is not in the figures, and why, a sentence each."""


def ask(con: Connection, question: Question) -> Answer:
    """Answer a question from the database. Raises CallmoodError where it can't be one."""
    if not query(con, "SELECT 1 FROM recording WHERE state = 'done' LIMIT 1", {}).height:
        raise CallmoodError("The database holds no calls yet: scan some first.")
    if question.kind == "call":
        return _one_call(con, question)
    if question.kind == "calls":
        return _calls(con, question)
    return _groups(con, question)


@cache
def read_sql(name: str) -> str:
    """The text of ``sql/reports/NAME.sql``."""
    return files("callmood.sql").joinpath("reports", f"{name}.sql").read_text(encoding="utf-8")


def query(con: Connection, sql: str, parameters: dict[str, Any]) -> pl.DataFrame:
    """Run a query with those of the parameters that it names."""
    wanted = set(re.findall(r"\$([a-z_]+)", sql))
    result = con.execute(sql, {name: value for name, value in parameters.items() if name in wanted})
    schema = {column[0]: _dtype(str(column[1])) for column in result.description or []}
    frame = pl.DataFrame(
        result.fetchall(), schema=schema, orient="row", infer_schema_length=None, strict=False
    )
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _dtype(kind: str) -> Any:
    """The polars type of DuckDB's. An older DuckDB says only "number": None, so the data tell which."""
    kind = kind.upper()
    if "[]" in kind or kind == "LIST":
        return pl.List(pl.String)
    if "CHAR" in kind or "STRING" in kind:
        return pl.String
    if "INT" in kind:
        return pl.Int64
    if kind in ("DOUBLE", "FLOAT"):
        return pl.Float64
    if kind.startswith(("TIMESTAMP", "DATETIME")):
        return pl.Datetime("us")
    return pl.Boolean if kind.startswith("BOOL") else None


def _groups(con: Connection, question: Question) -> Answer:
    _check_dimension(con, question.by)
    name = _resolve(con, question)
    asked = _parameters(question, name)
    rows = _arrange(_report(con, "groups", asked), question)
    shown = question.limit if name is not None else None
    details = {"moments": _report(con, "moments", {**asked, "count": shown or _MOMENTS_SHOWN})}
    if name is not None:
        details["calls"] = _report(con, "calls", asked).head(shown or _CALLS_SHOWN)
    return _with_notes(con, Answer(question, rows, details), asked)


def _calls(con: Connection, question: Question) -> Answer:
    asked = _parameters(question, None)
    rows = _arrange(_report(con, "calls", asked), question)
    details = {"moments": _report(con, "moments", {**asked, "count": _MOMENTS_SHOWN})}
    return _with_notes(con, Answer(question, rows, details), asked)


def _one_call(con: Connection, question: Question) -> Answer:
    recording = find_call(con, question.name or "")
    asked = {**_parameters(question, None), "recording": recording, "since": None, "until": None}
    calls = _report(con, "calls", asked)
    rows = _report(con, "timeline", {**asked, "role": question.role or "all"})
    details = {
        "call": calls,
        "quarters": _report(con, "quarters", asked),
        "moments": _report(con, "moments", {**asked, "role": question.role or "all", "count": 3}),
    }
    warnings = calls.get_column("warnings").to_list()[0] or []
    notes = [f"The scan warned: {warning}." for warning in warnings]
    return Answer(question, _arrange(rows, question), details, {}, tuple(notes))


def _report(con: Connection, name: str, parameters: dict[str, Any]) -> pl.DataFrame:
    return query(con, read_sql(name), parameters)


def _parameters(question: Question, name: str | None) -> dict[str, Any]:
    return {
        "by": question.by,
        "name": name,
        "role": question.role or "customer",
        "since": question.since,
        "until": question.until,
        "recording": None,
    }


def _check_dimension(con: Connection, by: str) -> None:
    if by in FACTS:
        return
    columns = _report(con, "columns", {}).get_column("name").to_list()
    if by not in columns:
        known = ", ".join([*FACTS, *columns])
        raise CallmoodError(f'Calls can\'t be grouped by "{by}": there are {known}.')


def _resolve(con: Connection, question: Question) -> str | None:
    """The name as it is stored; a person may write it in other case."""
    if question.name is None:
        return None
    names: list[str] = _report(con, "names", {"by": question.by}).get_column("name").to_list()
    if question.name in names:
        return question.name
    folded = {name.casefold(): name for name in names}
    if question.name.casefold() in folded:
        return folded[question.name.casefold()]
    close = get_close_matches(question.name.casefold(), folded, n=3, cutoff=0.5)
    near = [name for name in names if question.name.casefold() in name.casefold()][:3]
    meant = list(dict.fromkeys([*near, *(folded[name] for name in close)])) or names[:5]
    listed = ", ".join(f'"{name}"' for name in meant)
    raise CallmoodError(f'There are no calls with {question.by} "{question.name}"; there are with {listed}.')


def find_call(con: Connection, call: str) -> str:
    """The recording id of a call named by its call id, its file, or how its recording id begins.

    Raises CallmoodError where there is none, where there are several, and for one that could not be scanned.
    """
    found = _report(con, "find", {"call": call})
    if not found.height:
        raise CallmoodError(
            f'There is no call "{call}": name its call id, its file, or how its recording id begins; '
            "report --call lists them."
        )
    if found.height > 1:
        listed = ", ".join(
            f"{row['recording_id'][:12]} ({row['file']})" if row["recording_id"] else row["path"]
            for row in found.head(5).to_dicts()
        )
        raise CallmoodError(
            f'"{call}" is {found.height} recordings: name one by its id or its whole path: {listed}.'
        )
    row = found.row(0, named=True)
    if row["state"] == "failed":
        raise CallmoodError(f"{row['file']} could not be scanned: {row['error']}")
    return str(row["recording_id"])


def _arrange(frame: pl.DataFrame, question: Question) -> pl.DataFrame:
    if question.sort is not None:
        column = question.sort.removeprefix("-")
        if column not in frame.columns:
            raise CallmoodError(
                f'There is no column "{column}" to sort by: there are {", ".join(frame.columns)}.'
            )
        frame = frame.sort(
            column, descending=question.sort.startswith("-"), nulls_last=True, maintain_order=True
        )
    # one group's limit is for the lists below it
    one_group = question.kind == "groups" and question.name is not None
    return frame if question.limit is None or one_group else frame.head(question.limit)


def _with_notes(con: Connection, answer: Answer, asked: dict[str, Any]) -> Answer:
    overview = _report(con, "overview", asked).row(0, named=True)
    return Answer(
        answer.question, answer.rows, answer.details, overview, tuple(_notes(overview, asked["role"]))
    )


def _notes(seen: dict[str, Any], role: Whose) -> Iterator[str]:
    """What is not in the figures."""
    if not seen["calls"]:
        yield "No call matches."
    if seen["failed"]:
        yield f"In no figure: {counted(seen['failed'], 'recording')} that could not be scanned."
    if seen["unreadable"]:
        yield f"In no figure: {counted(seen['unreadable'], 'file')} that could not be read."
    if seen["without_time"]:
        yield f"Left out by --since and --until: {counted(seen['without_time'], 'call')} without a start time."
    if seen["calls"] and seen["without_mood"]:
        whose = "voice" if role == "all" else role
        yield f"Not in mood and emotions: {counted(seen['without_mood'], 'call')} where no {whose} was scored."
    if seen["on_one_channel"]:
        yield f"Not in overtalk and interruptions: {counted(seen['on_one_channel'], 'call')} on one channel."
    if seen["models"] > 1:
        yield f"Moods don't compare: {seen['models']} models scored these calls; mend it with scan --rescore."
    if seen["recognisers"] > 1:
        yield (
            f"Words don't compare: {seen['recognisers']} recognisers transcribed these calls; "
            "mend it with scan --retranscribe."
        )
