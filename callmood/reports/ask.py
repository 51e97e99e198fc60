"""Questions in, reports out: a file of ``sql/reports`` becomes a frame, with the notes that belong to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from html import escape
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from callmood.call import RoleChoice
from callmood.errors import CallmoodError, UsageError
from callmood.languages import language_name
from callmood.reports.agreement import Agreement, agreement
from callmood.reports.frames import query, read_sql
from callmood.reports.period import Period
from callmood.store import Connection, find_call
from callmood.wording import counted, length, percent, printable

Kind = Literal["groups", "calls", "call"]

GROUPS: Final = ("agent", "queue", "customer", "day", "week", "month", "hour")
"""What calls can be grouped by besides the columns of the metadata table."""

_MOMENTS: Final = 5
_MOMENTS_OF_A_CALL: Final = 3
_NOT_UNDERSTOOD: Final = (
    "The words of this call were not understood (another language, or a bad line), so no mood is shown."
)
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
    filters: Mapping[str, str] = field(default_factory=dict)
    """Only calls with these names, by dimension: one of GROUPS, or a column of the metadata table."""
    against: Period | None = None
    """Compare each group with what it was in this period; used only if the kind is "groups"."""
    role: RoleChoice | None = None
    """Whose mood; None: the customer's, and everyone's on the timeline of a call."""
    since: datetime | None = None
    until: datetime | None = None
    """Excluded."""
    sort: str | None = None
    """A column, with a minus before it for the largest first."""
    limit: int | None = None
    all_moments: bool = False
    """All moments, not only the worst."""

    @property
    def of_one(self) -> bool:
        """Whether it is about one group, or about one call."""
        return self.name is not None


class Note(NamedTuple):
    """What figures leave out, and why."""

    sentence: str
    brief: str = ""
    """The same in a few words; "" if it must not be shortened."""


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a question."""

    question: Question
    rows: pl.DataFrame
    """One row per group, call or turn. If compared, each figure of a group is there for the other period, too: with
    ``_before`` after its name."""
    moments: pl.DataFrame
    """The worst moments in it, the most upset first."""
    calls: pl.DataFrame | None = None
    """In a report on one group: its calls, the most upset first."""
    quarters: pl.DataFrame | None = None
    """In a report on one call: the mood of each role by quarter of the conversation."""
    call: pl.DataFrame | None = None
    """In a report on one call: its row in the list of calls."""
    categories: pl.DataFrame | None = None
    """In how many of its calls each category occurs; of one call, since when."""
    group_categories: pl.DataFrame | None = None
    """Of groups: in how many calls of each every category occurs, and in how many of all others together."""
    agreement: tuple[Agreement, ...] = ()
    """How far people who reviewed segments of its calls agree with the model and each other."""
    overview: Mapping[str, Any] = field(default_factory=dict)
    """Number of calls, hours, start of the first and last call, and the counts behind ``notes``."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The limits behind some figures: what counts as dead air, as a call that ended worse, and as upset."""
    remarks: tuple[Note, ...] = ()
    """What the figures leave out."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures leave out, and why, one sentence each."""
        return tuple(note.sentence for note in self.remarks)

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
    check_dimension(con, question.by)
    parameters = parameters_of(con, question)
    choose(con, parameters)
    rows = _report(con, "groups", parameters)
    if question.against is not None:
        start, end = question.against
        with others_chosen(con, parameters, {**parameters, "since": start, "until": end}):
            earlier = _report(con, "groups", parameters)
        rows = rows.join(earlier.drop("role"), on="name", how="left", suffix="_before", maintain_order="left")
    report = Report(
        question,
        _arrange(rows, question),
        moments=_moments(con, question, parameters),
        calls=_report(con, "calls", parameters) if question.of_one else None,
        group_categories=group_categories(con, question.by, parameters),
    )
    return _with_notes(con, report, parameters)


def group_categories(con: Connection, by: str, parameters: Mapping[str, Any]) -> pl.DataFrame:
    """In how many calls of each group every category occurs; one group is compared with the others."""
    with_others = apart(by, parameters)
    if with_others["name"] is None:
        return _report(con, "group_categories", with_others)
    with others_chosen(con, parameters, with_others):
        return _report(con, "group_categories", with_others)


def _calls(con: Connection, question: Question) -> Report:
    parameters = parameters_of(con, question)
    choose(con, parameters)
    few = question.limit if question.sort is None else None
    found = query(con, read_sql("reports/calls"), {**parameters, "few": few}, is_large=True)
    rows = _arrange(found, question)
    return _with_notes(con, Report(question, rows, _moments(con, question, parameters)), parameters)


def _one_call(con: Connection, question: Question) -> Report:
    recording = find_call(con, question.name or "")
    parameters = {**parameters_of(con, replace(question, filters={})), "recording": recording}
    parameters |= {"since": None, "until": None}
    choose(con, parameters)
    call = _report(con, "calls", parameters)
    categories = _report(con, "categories", parameters)
    everyone = {**parameters, "role": question.role or "all"}
    choose(con, everyone)
    row = call.row(0, named=True)
    unknown = row["segments"] > 0 and row["upset"] is None
    return Report(
        question,
        _arrange(_report(con, "timeline", everyone), question),
        moments=_moments(con, question, everyone, _MOMENTS_OF_A_CALL),
        quarters=_report(con, "quarters", parameters),
        call=call,
        categories=categories,
        limits=_limits(con),
        remarks=(
            *(Note(f"The scan warned: {warning}.") for warning in row["warnings"] or []),
            *_unknown_moods(int(unknown)),
            *([Note(_NOT_UNDERSTOOD)] if row["understood"] is False else []),
        ),
    )


def _report(con: Connection, name: str, parameters: dict[str, Any]) -> pl.DataFrame:
    return query(con, read_sql(f"reports/{name}"), parameters)


def _moments(
    con: Connection, question: Question, parameters: dict[str, Any], most: int = _MOMENTS
) -> pl.DataFrame:
    # the limit of a list is for its rows, that of a report on one group or call for its moments
    shown = (question.limit if question.of_one else None) or most
    return _report(con, "moments", {**parameters, "count": None if question.all_moments else shown})


def parameters_of(con: Connection, question: Question) -> dict[str, Any]:
    """The parameters of the SQL files that say which calls, which most of them want to be chosen (``choose``).

    Raises what ``ask`` raises for unknown names.
    """
    wanted = dict(question.filters)
    if question.kind == "groups" and question.name is not None:
        wanted[question.by] = question.name
    for dimension in wanted:
        check_dimension(con, dimension)
    return {
        "by": question.by,
        "dimensions": list(wanted),
        "names": [_resolve(con, dimension, name) for dimension, name in wanted.items()],
        "role": question.role or "customer",
        "since": question.since,
        "until": question.until,
        "recording": None,
        "few": None,
    }


def choose(con: Connection, parameters: Mapping[str, Any]) -> None:
    """Make the figures of the calls that the parameters are about the view ``chosen``, which most SQL files ask."""
    if _narrows(parameters):
        query(con, read_sql("reports/chosen"), parameters)
    _show_chosen(con, parameters)


@contextmanager
def others_chosen(
    con: Connection, parameters: Mapping[str, Any], others: Mapping[str, Any]
) -> Iterator[None]:
    """Inside, the calls that ``others`` are about are ``chosen``; then again those of ``parameters``."""
    choose(con, others)
    try:
        yield
    finally:
        # the places of the calls are still there where those of all were not asked for
        (choose if _narrows(others) else _show_chosen)(con, parameters)


def _narrows(parameters: Mapping[str, Any]) -> bool:
    """Whether some calls are not what the parameters are about."""
    return any(parameters[name] for name in ("names", "recording", "since", "until"))


def _show_chosen(con: Connection, parameters: Mapping[str, Any]) -> None:
    some = "WHERE rowid IN (FROM chosen_places)" if _narrows(parameters) else ""
    con.execute(f"CREATE OR REPLACE TEMP VIEW chosen AS FROM call_figures {some}")


def apart(by: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the name of a group apart from the others: it is compared with all other groups, which are
    not left out."""
    chosen = dict(zip(parameters["dimensions"], parameters["names"], strict=True))
    name = chosen.pop(by, None)
    return {**parameters, "dimensions": list(chosen), "names": list(chosen.values()), "name": name}


def check_dimension(con: Connection, by: str) -> None:
    """Raises UsageError if calls have nothing of that name to be grouped by."""
    if by in GROUPS:
        return
    columns = _report(con, "columns", {}).get_column("name").to_list()
    if by not in columns:
        known = ", ".join([*GROUPS, *columns])
        raise UsageError(f'Calls can\'t be chosen or grouped by "{by}". Use one of: {known}.')


def _resolve(con: Connection, dimension: str, wanted: str) -> str:
    """The name in its commonest spelling; case and spaces do not matter."""
    found = _report(con, "names", {"by": dimension})
    names: list[str] = found.get_column("name").to_list()
    (key,) = query(con, "SELECT name_key($name) AS key", {"name": wanted}).row(0)
    same = found.filter(pl.col("key") == key).get_column("name").to_list()
    if same:
        return str(same[0])
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.5)
    near = [name for name in names if wanted.casefold() in name.casefold()][:3]
    meant = list(dict.fromkeys([*near, *(folded[name] for name in close)])) or names[:5]
    listed = ", ".join(f'"{name}"' for name in meant)
    raise CallmoodError(f'No calls with the {dimension} "{wanted}". There are calls with {listed}.')


def _arrange(frame: pl.DataFrame, question: Question) -> pl.DataFrame:
    if question.sort is not None:
        column = question.sort.removeprefix("-")
        if column not in frame.columns:
            raise UsageError(f'No column "{column}" to sort by. Use one of: {", ".join(frame.columns)}.')
        frame = frame.sort(
            column, descending=question.sort.startswith("-"), nulls_last=True, maintain_order=True
        )
    one_group = question.kind == "groups" and question.of_one
    return frame if question.limit is None or one_group else frame.head(question.limit)


def _limits(con: Connection) -> dict[str, float]:
    return _report(con, "limits", {}).row(0, named=True)


def _with_notes(con: Connection, report: Report, parameters: dict[str, Any]) -> Report:
    overview = _report(con, "overview", parameters).row(0, named=True)
    notes = (*_notes(overview, parameters["role"]), *_languages(_report(con, "languages", parameters)))
    categories = _report(con, "categories", parameters)
    return replace(
        report,
        categories=categories,
        agreement=tuple(agreement(con, parameters)),
        overview=overview,
        limits=_limits(con),
        remarks=notes,
    )


def _unknown_moods(calls: int) -> Iterator[Note]:
    if calls:
        what = counted(calls, "call")
        yield Note(
            f"Upset and pleased leave out {what} that an older callmood scored. Run scan --rescore.",
            f"{calls:,} scored by an older callmood",
        )


def _languages(counts: pl.DataFrame) -> Iterator[Note]:
    """How many calls there are in each language, where it is more than one."""
    if counts.height > 1:
        named = [
            f"{'not known' if code is None else language_name(code)} {calls:,}"
            for code, calls in counts.rows()
        ]
        yield Note(f"Languages: {', '.join(named)}.", f"{counts.height} languages")


def _notes(seen: Mapping[str, Any], role: RoleChoice) -> Iterator[Note]:
    """What the figures leave out."""
    if not seen["calls"]:
        yield Note("No call matches.")
    if seen["failed"]:
        what = counted(seen["failed"], "recording")
        yield Note(f"Not included: {what} that could not be scanned.", f"{what} not scanned")
    if seen["unreadable"]:
        what = counted(seen["unreadable"], "file")
        yield Note(f"Not included: {what} that could not be read.", f"{what} not readable")
    if seen["without_time"]:
        what = counted(seen["without_time"], "call")
        yield Note(
            f"Left out by --since and --until: {what} without a start time.", f"{what} without a start time"
        )
    if seen["calls"] and seen["without_mood"]:
        whose = "nobody" if role == "all" else f"no {role}"
        what = counted(seen["without_mood"], "call")
        yield Note(
            f"Mood and emotions leave out {what} in which {whose} was scored.",
            f"{seen['without_mood']:,} without a mood",
        )
    if seen["not_compared"]:
        who = "nobody was" if role == "all" else f"the {role} was not"
        yield Note(
            f"Change and ended worse leave out {counted(seen['not_compared'], 'call')} in which {who} scored in the "
            "first or in the last quarter.",
            f"{seen['not_compared']:,} without a start or an end to compare",
        )
    yield from _unknown_moods(seen["without_upset"])
    if seen["without_role"]:
        what = counted(seen["without_role"], "call")
        yield Note(
            f"In {what} it is not known who is the agent: everyone counts as the customer, and talk share and "
            "interruptions are left out.",
            f"{seen['without_role']:,} in which the agent is not known",
        )
    if seen["not_understood"]:
        what = counted(seen["not_understood"], "call whose words were", "calls whose words were")
        yield Note(
            f"Mood, emotions and words per minute leave out {what} not understood (another language, or a bad line).",
            f"{seen['not_understood']:,} not understood",
        )
    if 0 < seen["categorized"] < seen["calls"]:
        what = counted(seen["calls"] - seen["categorized"], "call")
        yield Note(f"Categories leave out {what}. Run callmood categorize.", f"{what} without categories")
    if seen["one_sided"]:
        what = counted(seen["one_sided"], "recording")
        yield Note(
            f"Talk share, silences and monologues leave out {what} in which only one side is heard.",
            f"{seen['one_sided']:,} with one side only",
        )
    if seen["silent"]:
        what = counted(seen["silent"], "recording")
        yield Note(
            f"Talk share, silences and monologues leave out {what} in which nobody is heard.",
            f"{seen['silent']:,} in which nobody is heard",
        )
    if (seen["untranscribed"] or 0) >= _WORTH_A_NOTE:
        what = counted(seen["partly_transcribed"], "call")
        yield Note(
            f"{length(seen['untranscribed_s'])} of speech ({percent(seen['untranscribed'])}) in {what} could not be "
            "transcribed: it counts as talk, but has no words or mood.",
            f"{percent(seen['untranscribed'])} of speech not transcribed",
        )
    if seen["with_hold"]:
        yield Note(
            f"{length(seen['hold_s'])} of music, tones and announcements in {counted(seen['with_hold'], 'call')} "
            "count neither as talk nor as dead air.",
            f"{length(seen['hold_s'])} of hold",
        )
    if seen["on_one_channel"]:
        what = counted(seen["on_one_channel"], "single-channel recording")
        yield Note(
            f"Overtalk and interruptions leave out {what}.", f"{seen['on_one_channel']:,} on a single channel"
        )
    if seen["models"] > 1:
        yield Note(
            f"These calls were scored by {seen['models']} different models, so moods are not comparable. "
            "Run scan --rescore."
        )
    if seen["recognisers"] > 1:
        yield Note(
            f"These calls were transcribed with {seen['recognisers']} different models, so words are not "
            "comparable. Run scan --retranscribe."
        )
