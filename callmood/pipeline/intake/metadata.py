"""The metadata table: a table of calls beside the recordings, joined by file name or call id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, tzinfo
from pathlib import Path, PureWindowsPath
from typing import Final, NamedTuple

from callmood.call import FACTS, CallFacts, Recording
from callmood.errors import CallmoodError
from callmood.pipeline.intake.packed import Packed
from callmood.pipeline.intake.pairs import without_side
from callmood.pipeline.intake.tables import Table, lines_named, open_table
from callmood.pipeline.intake.times import Times, is_clock, is_day, read_times
from callmood.wording import counted, printable, shortened

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "file": ("file", "filename", "file_name", "path", "file_path", "recording", "recording_file", "audio"),
    "call_id": ("call_id", "callid", "id", "guid", "contact_id", "conversation_id", "uniqueid", "unique_id"),
    "agent": ("agent", "agent_name", "agent_id", "operator"),
    "customer": ("customer", "customer_name", "customer_id", "customer_number", "caller", "phone"),
    "queue": ("queue", "queue_name", "department"),
    "started_at": (
        "started_at",
        "start_time",
        "start",
        "call_start",
        "date_time",
        "datetime",
        "timestamp",
        "date",
        "call_date",
        "start_date",
        "call_time",
        "time",
    ),
}
"""What each column may be called, best name first. Case, spaces and hyphens are ignored."""

_DATES: Final = ("date", "call_date", "start_date", "day")
_CLOCKS: Final = ("time", "start_time", "call_time", "start")
"""Columns that say when a call began, if the date and the time of day stand apart."""


@dataclass(frozen=True, slots=True)
class Row:
    file: str | None
    facts: CallFacts


@dataclass(frozen=True, slots=True)
class MetadataTable:
    name: str
    """Of its file, printable."""
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """What could not be read, one sentence each. A start time that was not understood is kept as metadata."""


def read_table(path: Path, zone: tzinfo | None = None, time_format: str | None = None) -> MetadataTable:
    """Reads a table of calls (see ``open_table``) and the times in it (see ``read_times``).

    Raises CallmoodError if it can't be read or has no column to join by.
    """
    shown = printable(str(path))
    if not path.is_file():
        raise CallmoodError(f"The table {shown} does not exist.")
    table = open_table(path, _can_be_joined)
    if not table.rows:
        raise CallmoodError(f"The table {shown} has no rows.")
    header = list(table.rows[0].cells)
    if not _can_be_joined(header):
        raise CallmoodError(
            f"The table {shown} can't be joined. It needs a column called file or call_id, "
            f"and has {shortened(printable(', '.join(header)), 200)}."
        )
    columns = _columns_by_fact(header) | _columns_by_fact(filter(table.has_content, header))
    written, parts, unused = _written_times(table, columns, time_format)
    times = read_times(written, zone, time_format)
    rows, misplaced = [], []
    for row, text, started_at in zip(table.rows, written, times.read, strict=True):
        if row.surplus and text and started_at is None and text not in times.ambiguous:
            misplaced.append(row.line)
        else:
            rows.append(_row(row.cells, columns, parts, text, started_at))
    notes = (
        *table.notes,
        *_surplus(table, misplaced),
        *_unread(table, written, times, time_format),
        *_unused(table, unused),
    )
    return MetadataTable(table.name, tuple(rows), notes)


class Joined(NamedTuple):
    """Recordings with the facts of their rows."""

    recordings: Sequence[Recording]
    with_row: frozenset[str]
    """The ids of those that have one."""
    with_agent: frozenset[str]
    """The ids of those whose agent is the table's."""
    warnings: tuple[str, ...]
    """What did not fit or could not be read, one sentence each."""


def join(table: MetadataTable, recordings: Sequence[Recording]) -> Joined:
    """Gives each recording the facts of its row, which override those of its name."""
    index = _Index(table.rows)
    found = [index.find(recording) for recording in recordings]
    shared = _ambiguous_rows(recordings, found)
    rows = [None if match.row is None or match.row in shared else table.rows[match.row] for match in found]
    joined = Packed[Recording]()
    with_row, with_agent = set(), set()
    for recording, row in zip(recordings, rows, strict=True):
        joined.append(recording if row is None else _with_facts(recording, row.facts))
        if row is not None:
            with_row.add(recording.id)
            if row.facts.agent:
                with_agent.add(recording.id)
    return Joined(
        joined,
        frozenset(with_row),
        frozenset(with_agent),
        (*_misfits(table, found, shared), *table.notes),
    )


def _columns_by_name(columns: Iterable[str]) -> dict[str, str]:
    """Columns by their names without case, spaces and hyphens; the first of several counts."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault("_".join(column.casefold().replace("-", " ").replace("_", " ").split()), column)
    return by_name


def _columns_by_fact(columns: Iterable[str]) -> dict[str, str]:
    """Fact (or "file") -> the column that holds it."""
    by_name = _columns_by_name(columns)
    return {
        fact: next(by_name[alias] for alias in aliases if alias in by_name)
        for fact, aliases in COLUMNS.items()
        if any(alias in by_name for alias in aliases)
    }


def _can_be_joined(columns: Sequence[str]) -> bool:
    return not {"file", "call_id"}.isdisjoint(_columns_by_fact(columns))


class _Written(NamedTuple):
    """The start of each row as text."""

    texts: list[str]
    columns: frozenset[str] = frozenset()
    """What they are made of: one column, or a date and a time of day."""
    unused: str | None = None
    """The column that seems to be the time of day of dates, and holds none that is understood."""


def _written_times(table: Table, columns: Mapping[str, str], time_format: str | None) -> _Written:
    column = columns.get("started_at")
    if column is None:
        return _Written([""] * len(table.rows))
    by_name = _columns_by_name(filter(table.has_content, table.rows[0].cells))

    def share(kind: Callable[[str], bool], column: str) -> float:
        """Of the cells that are filled."""
        cells = [cell for row in table.rows if (cell := row.cells[column])]
        return sum(map(kind, cells)) / max(1, len(cells))

    unused = None
    # a few cells that are none must not make the whole column's times midnight: they are said, row by row
    for own, aliases, other in ((is_day, _CLOCKS, is_clock), (is_clock, _DATES, is_day)):
        if share(own, column) <= 0.5:
            continue
        beside = [by_name[alias] for alias in aliases if alias in by_name and by_name[alias] != column]
        second = next((one for one in beside if share(other, one)), None)
        if own is is_day and second is None:
            untold = next((one for one in beside if not share(_has_day, one)), None)
            if time_format and re.search("%[HIXTR]", time_format):
                second = untold
            else:
                unused = untold
        if second is not None:
            order = (column, second) if own is is_day else (second, column)
            texts = [" ".join(filter(None, (row.cells[one] for one in order))) for row in table.rows]
            return _Written(texts, frozenset(order))
    return _Written([row.cells[column] for row in table.rows], frozenset({column}), unused)


def _has_day(text: str) -> bool:
    return is_day(text) or read_times([text]).read[0] is not None


def _row(
    cells: Mapping[str, str],
    columns: Mapping[str, str],
    parts: Collection[str],
    written: str,
    started_at: datetime | None,
) -> Row:
    taken = {*columns.values(), *parts}
    others = {name: value for name, value in cells.items() if value and name not in taken}
    known = {fact: cells[columns[fact]] or None for fact in FACTS if fact in columns and fact != "started_at"}
    if written and started_at is None:
        others["started_at"] = written
    file = cells[columns["file"]] if "file" in columns else ""
    return Row(file or None, CallFacts(**known, started_at=started_at, metadata=others))


def _surplus(table: Table, misplaced: Sequence[int]) -> Iterator[str]:
    """Notes on rows with more cells than the header; ``misplaced`` are the lines of those that are left out."""
    cut = [row.line for row in table.rows if row.surplus and row.line not in set(misplaced)]
    if cut:
        yield f"More cells than the header of {table.name} has, which were ignored: {lines_named(cut)}."
    if misplaced:
        yield (
            f"More cells than the header of {table.name} has, and no start time where it should be: "
            f"{lines_named(misplaced)}. "
            "Left out; put names with a comma into quotes."
        )


def _unread(table: Table, written: Sequence[str], times: Times, time_format: str | None) -> Iterator[str]:
    """Notes on start times that were not understood."""
    ambiguous: list[tuple[int, str]] = []
    rest: list[tuple[int, str]] = []
    for row, text, read in zip(table.rows, written, times.read, strict=True):
        if text and read is None and not row.surplus:
            (ambiguous if text in times.ambiguous else rest).append((row.line, text))
    for found, what, hint in (
        (
            ambiguous,
            "can be read as more than one day",
            "Give --time-format '%d/%m/%Y %H:%M' or '%m/%d/%Y %H:%M'",
        ),
        (
            rest,
            f"could not be parsed{f' as {time_format}' if time_format else ''}",
            "Use the format 2026-11-20 14:30:05, or give --time-format",
        ),
    ):
        if found:
            lines = lines_named([line for line, _ in found])
            yield (
                f"{counted(len(found), 'start time')} in {table.name} {what}, such as "
                f'"{printable(shortened(found[0][1], 40))}" in {lines}. {hint}.'
            )


def _unused(table: Table, column: str | None) -> Iterator[str]:
    """A note on a time of day that is not understood."""
    if column is not None:
        text = next(cell for row in table.rows if (cell := row.cells[column]))
        yield (
            f"The column {printable(shortened(column))} of {table.name} holds no times of day that could be parsed, "
            f'such as "{printable(shortened(text, 40))}", so that calls have only their day. Write times as 14:30:05, '
            "or give --time-format."
        )


@dataclass(frozen=True, slots=True)
class _Match:
    """The row that a recording matches."""

    row: int | None = None
    by_file: bool = False
    contradictory: bool = False
    """Several rows match, and they differ."""


class _Index:
    """Rows by the names that recordings may have."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._files: dict[str, list[int]] = {}
        self._names: dict[str, list[int]] = {}
        self._calls: dict[str, list[int]] = {}
        for at, row in enumerate(rows):
            if row.file:
                parts = _parts(row.file)
                self._files.setdefault("/".join(parts), []).append(at)
                self._names.setdefault(parts[-1], []).append(at)
            if row.facts.call_id:
                self._calls.setdefault(_key(row.facts.call_id), []).append(at)

    def find(self, recording: Recording) -> _Match:
        """By as much of the path as a row gives, then by file name, then by call id.

        A call in two files is found by the name of each, and by what the names share.
        """
        files = [_parts(str(path)) for path in recording.files]
        ends = ["/".join(parts[start:]) for parts in files for start in range(len(parts))]
        names = list(dict.fromkeys(name for parts in files for name in _names(parts[-1])))
        calls = [_key(recording.facts.call_id)] if recording.facts.call_id else []
        steps = (
            (self._files, [name for end in ends for name in (end, _without_extension(end))]),
            (self._names, names),
            (self._calls, [*calls, *names]),
        )
        for index, names in steps:
            for name in names:
                if name in index:
                    return self._match(index[name], by_file=index is not self._calls)
        return _Match()

    def _match(self, claims: Sequence[int], *, by_file: bool) -> _Match:
        first = claims[0]
        if any(self._rows[at].facts != self._rows[first].facts for at in claims):
            return _Match(contradictory=True)
        return _Match(first, by_file)


def _parts(path: str) -> list[str]:
    return [_key(part) for part in PureWindowsPath(path).as_posix().split("/") if part not in ("", ".")] or [
        ""
    ]


def _key(text: str) -> str:
    """Text for comparison: accents may be composed in different ways, and case does not count."""
    return unicodedata.normalize("NFC", text).casefold()


def _names(name: str) -> tuple[str, ...]:
    """A file name, without the extension, and both without what says which side of a call the file holds."""
    stem = _without_extension(name)
    call = without_side(stem)
    return name, stem, call + name.removeprefix(stem), call


def _without_extension(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def _ambiguous_rows(recordings: Sequence[Recording], found: Sequence[_Match]) -> set[int]:
    """Rows that match recordings in different folders by file name, so that it is unknown whose they are."""
    folders: dict[int, set[Path]] = {}
    for recording, match in zip(recordings, found, strict=True):
        if match.row is not None and match.by_file:
            folders.setdefault(match.row, set()).add(recording.path.parent)
    return {at for at, of_row in folders.items() if len(of_row) > 1}


def _with_facts(recording: Recording, facts: CallFacts) -> Recording:
    named, tabled = recording.facts.started_at, facts.started_at
    if named and tabled and tabled.time() == time() and named.date() == tabled.date():
        facts = replace(facts, started_at=named)  # a day alone is less than the name says
    return replace(recording, facts=facts.over(recording.facts))


def _misfits(table: MetadataTable, found: Sequence[_Match], shared: set[int]) -> Iterator[str]:
    if not table.rows:
        return
    contradictory = sum(match.contradictory for match in found)
    unmatched = sum(match == _Match() for match in found)
    ambiguous = sum(match.row in shared for match in found)
    if found and unmatched == len(found):
        first = table.rows[0].file or table.rows[0].facts.call_id
        yield (
            f"No row of {table.name} matches a recording. The first of {len(table.rows)} is for "
            f"'{printable(shortened(first or ''))}'."
        )
        return
    if unmatched:
        yield f"{unmatched} of {len(found)} recordings have no row in {table.name}."
    if contradictory:
        has = counted(contradictory, "recording has", "recordings have")
        yield f"{has} several rows in {table.name} that differ. None was used."
    if ambiguous:
        yield (
            f"{ambiguous} recordings in different folders share a row of {table.name}. "
            "Add the folders to its file names."
        )
