"""Questions in, reports out: a file of ``sql/reports`` becomes a frame, with the notes that belong to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from html import escape
from typing import Any, Final, Literal

import polars as pl

from callmood.call import RoleChoice
from callmood.errors import CallmoodError, UsageError
from callmood.languages import language_name
from callmood.reports.frames import query, read_sql
from callmood.store import Connection, find_call
from callmood.wording import counted, length, percent, printable

Kind = Literal["groups", "calls", "call"]

GROUPS: Final = ("agent", "queue", "customer", "day")
"""What calls can be grouped by besides the columns of the metadata table."""

_MOMENTS_SHOWN: Final = 5
_MOMENTS_OF_A_CALL: Final = 3
_CALLS_SHOWN: Final = 10
_WORTH_A_NOTE: Final = 0.01
"""Share of speech without words from which a report says so; laughter and coughs stay below."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is to show."""

    kind: Kind = "groups"
    by: str = "agent"
    """One of GROUPS, or a column of the metadata table. Used only if the kind is "groups"."""
    name: str | None = None
    """One group, or one call; None: all."""
    role: RoleChoice | None = None
    """Whose mood; None: the customer's, and everyone's on the timeline of a call."""
    since: datetime | None = None
    until: datetime | None = None
    """Excluded."""
    sort: str | None = None
    """A column, with a minus before it for the largest first."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a question."""

    question: Question
    rows: pl.DataFrame
    """One row per group, call or turn: the frame that CSV and Parquet hold."""
    moments: pl.DataFrame
    """The worst moments in it."""
    calls: pl.DataFrame | None = None
    """In a report on one group: its calls."""
    quarters: pl.DataFrame | None = None
    """In a report on one call: the mood of each role by quarter of the conversation."""
    call: pl.DataFrame | None = None
    """In a report on one call: its row in the list of calls."""
    overview: Mapping[str, Any] = field(default_factory=dict)
    """Number of calls, hours, start of the first and last call, and the counts behind ``notes``."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The limits behind some figures: what counts as dead air, as a call that ended worse, and as upset."""
    notes: tuple[str, ...] = ()
    """What the figures leave out, and why, one sentence each."""

    def __repr__(self) -> str:
        return "\n".join([repr(self.rows), *map(printable, self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(printable(note))}</p>" for note in self.notes)
        return self.rows._repr_html_() + notes


def ask(con: Connection, question: Question) -> Report:
    """Answer a question from the database.

    Raises CallmoodError if there are no calls, or none with that name, and UsageError for an unknown column.
    """
    if not query(con, "SELECT 1 FROM recording WHERE state = 'done' LIMIT 1", {}).height:
        raise CallmoodError("The database has no calls yet. Scan some first.")
    if question.kind == "call":
        return _one_call(con, question)
    if question.kind == "calls":
        return _calls(con, question)
    return _groups(con, question)


def _groups(con: Connection, question: Question) -> Report:
    _check_dimension(con, question.by)
    name = _resolve(con, question)
    parameters = _parameters(question, name)
    shown = question.limit if name is not None else None
    report = Report(
        question,
        _arrange(_report(con, "groups", parameters), question),
        moments=_report(con, "moments", {**parameters, "count": shown or _MOMENTS_SHOWN}),
        calls=None if name is None else _report(con, "calls", parameters).head(shown or _CALLS_SHOWN),
    )
    return _with_notes(con, report, parameters)


def _calls(con: Connection, question: Question) -> Report:
    parameters = _parameters(question, None)
    rows = _arrange(_report(con, "calls", parameters), question)
    moments = _report(con, "moments", {**parameters, "count": _MOMENTS_SHOWN})
    return _with_notes(con, Report(question, rows, moments), parameters)


def _one_call(con: Connection, question: Question) -> Report:
    recording = find_call(con, question.name or "")
    parameters = {**_parameters(question, None), "recording": recording, "since": None, "until": None}
    everyone = {**parameters, "role": question.role or "all"}
    call = _report(con, "calls", parameters)
    row = call.row(0, named=True)
    unknown = row["segments"] > 0 and row["upset"] is None
    return Report(
        question,
        _arrange(_report(con, "timeline", everyone), question),
        moments=_report(con, "moments", {**everyone, "count": _MOMENTS_OF_A_CALL}),
        quarters=_report(con, "quarters", parameters),
        call=call,
        limits=_limits(con),
        notes=(
            *(f"The scan warned: {warning}." for warning in row["warnings"] or []),
            *_unknown_moods(int(unknown)),
        ),
    )


def _report(con: Connection, name: str, parameters: dict[str, Any]) -> pl.DataFrame:
    return query(con, read_sql(f"reports/{name}"), parameters)


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
    if by in GROUPS:
        return
    columns = _report(con, "columns", {}).get_column("name").to_list()
    if by not in columns:
        known = ", ".join([*GROUPS, *columns])
        raise UsageError(f'Calls can\'t be grouped by "{by}". Use one of: {known}.')


def _resolve(con: Connection, question: Question) -> str | None:
    """The name in its commonest spelling; case and spaces do not matter."""
    if question.name is None:
        return None
    found = _report(con, "names", {"by": question.by})
    names: list[str] = found.get_column("name").to_list()
    (key,) = query(con, "SELECT name_key($name) AS key", {"name": question.name}).row(0)
    same = found.filter(pl.col("key") == key).get_column("name").to_list()
    if same:
        return str(same[0])
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(question.name.casefold(), folded, n=3, cutoff=0.5)
    near = [name for name in names if question.name.casefold() in name.casefold()][:3]
    meant = list(dict.fromkeys([*near, *(folded[name] for name in close)])) or names[:5]
    listed = ", ".join(f'"{name}"' for name in meant)
    raise CallmoodError(f'No calls with the {question.by} "{question.name}". There are calls with {listed}.')


def _arrange(frame: pl.DataFrame, question: Question) -> pl.DataFrame:
    if question.sort is not None:
        column = question.sort.removeprefix("-")
        if column not in frame.columns:
            raise UsageError(f'No column "{column}" to sort by. Use one of: {", ".join(frame.columns)}.')
        frame = frame.sort(
            column, descending=question.sort.startswith("-"), nulls_last=True, maintain_order=True
        )
    # the limit of a report on one group is for its lists of moments and calls
    one_group = question.kind == "groups" and question.name is not None
    return frame if question.limit is None or one_group else frame.head(question.limit)


def _limits(con: Connection) -> dict[str, float]:
    return _report(con, "limits", {}).row(0, named=True)


def _with_notes(con: Connection, report: Report, parameters: dict[str, Any]) -> Report:
    overview = _report(con, "overview", parameters).row(0, named=True)
    notes = (*_notes(overview, parameters["role"]), *_languages(_report(con, "languages", parameters)))
    return replace(report, overview=overview, limits=_limits(con), notes=notes)


def _unknown_moods(calls: int) -> Iterator[str]:
    if calls:
        what = counted(calls, "call")
        yield f"Upset and pleased leave out {what} that an older callmood scored. Run scan --rescore."


def _languages(counts: pl.DataFrame) -> Iterator[str]:
    """How many calls there are in each language, where it is more than one."""
    if counts.height > 1:
        named = [
            f"{'not known' if code is None else language_name(code)} {calls:,}"
            for code, calls in counts.rows()
        ]
        yield f"Languages: {', '.join(named)}."


def _notes(seen: Mapping[str, Any], role: RoleChoice) -> Iterator[str]:
    """What the figures leave out."""
    if not seen["calls"]:
        yield "No call matches."
    if seen["failed"]:
        yield f"Not included: {counted(seen['failed'], 'recording')} that could not be scanned."
    if seen["unreadable"]:
        yield f"Not included: {counted(seen['unreadable'], 'file')} that could not be read."
    if seen["without_time"]:
        yield f"Left out by --since and --until: {counted(seen['without_time'], 'call')} without a start time."
    if seen["calls"] and seen["without_mood"]:
        whose = "nobody" if role == "all" else f"no {role}"
        yield f"Mood and emotions leave out {counted(seen['without_mood'], 'call')} in which {whose} was scored."
    yield from _unknown_moods(seen["without_upset"])
    if seen["not_understood"]:
        what = counted(seen["not_understood"], "call whose words were", "calls whose words were")
        yield f"Mood, emotions and words per minute leave out {what} not understood (another language, or a bad line)."
    if seen["one_sided"]:
        what = counted(seen["one_sided"], "recording")
        yield f"Talk share, silences and monologues leave out {what} in which only one side is heard."
    if seen["silent"]:
        what = counted(seen["silent"], "recording")
        yield f"Talk share, silences and monologues leave out {what} in which nobody is heard."
    if (seen["untranscribed"] or 0) >= _WORTH_A_NOTE:
        what = counted(seen["partly_transcribed"], "call")
        yield (
            f"{length(seen['untranscribed_s'])} of speech ({percent(seen['untranscribed'])}) in {what} could not be "
            "transcribed: it counts as talk, but has no words or mood."
        )
    if seen["with_hold"]:
        yield (
            f"{length(seen['hold_s'])} of music, tones and announcements in {counted(seen['with_hold'], 'call')} "
            "count neither as talk nor as dead air."
        )
    if seen["on_one_channel"]:
        yield (
            "Overtalk and interruptions leave out "
            f"{counted(seen['on_one_channel'], 'single-channel recording')}."
        )
    if seen["models"] > 1:
        yield (
            f"These calls were scored by {seen['models']} different models, so moods are not comparable. "
            "Run scan --rescore."
        )
    if seen["recognisers"] > 1:
        yield (
            f"These calls were transcribed with {seen['recognisers']} different models, so words are not "
            "comparable. Run scan --retranscribe."
        )
