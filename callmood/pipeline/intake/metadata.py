"""The metadata table: a table of calls beside the recordings, joined by file name or call id."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from callmood.call import FACTS, CallFacts, Recording
from callmood.errors import CallmoodError
from callmood.pipeline.intake.names import parse_time
from callmood.wording import counted

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
    ),
}
"""What each column may be called, best name first. Case, spaces and hyphens are ignored."""

_EMPTY: Final = {"", "null", "none", "nan", "n/a"}


@dataclass(frozen=True, slots=True)
class Row:
    file: str | None
    facts: CallFacts


@dataclass(frozen=True, slots=True)
class MetadataTable:
    name: str
    rows: tuple[Row, ...]
    unread_times: int
    """Rows with a start time of unknown format, which is kept as metadata."""


def read_table(path: Path) -> MetadataTable:
    """Reads CSV (comma, semicolon or tab), JSON (an array of objects, or one object a line) or Parquet.

    Raises CallmoodError if it can't be read or has no column to join by.
    """
    if not path.is_file():
        raise CallmoodError(f"The table {path} does not exist.")
    found = records(path)
    if not found:
        raise CallmoodError(f"The table {path} has no rows.")
    columns = _columns_by_fact(found[0])
    if "file" not in columns and "call_id" not in columns:
        raise CallmoodError(
            f"The table {path} can't be joined. It needs a column called file or call_id, "
            f"and has {', '.join(found[0])}."
        )
    rows = tuple(_row(record, columns) for record in found)
    return MetadataTable(path.name, rows, sum("started_at" in row.facts.metadata for row in rows))


def join(table: MetadataTable, recordings: Sequence[Recording]) -> tuple[list[Recording], list[str]]:
    """The recordings with the facts of their rows, which override those of names; and warnings on misfits."""
    index = _Index(table.rows)
    found = [index.find(recording) for recording in recordings]
    shared = _ambiguous_rows(recordings, found)
    joined = [
        recording
        if match.row is None or match.row in shared
        else _with_facts(recording, table.rows[match.row].facts)
        for recording, match in zip(recordings, found, strict=True)
    ]
    return joined, list(_misfits(table, found, shared))


def records(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV, JSON or Parquet file as column name to text; an empty cell is empty text."""
    kind = path.suffix.lower()
    try:
        if kind in (".csv", ".tsv", ".txt"):
            return _csv(path.read_bytes())
        if kind in (".json", ".jsonl", ".ndjson"):
            return _json(_text(path.read_bytes()))
        if kind in (".parquet", ".pq"):
            return _parquet(path)
    except PermissionError:
        raise CallmoodError(f"The table {path} can't be read: permission denied.") from None
    except Exception as error:  # polars, json and decoding each have errors of their own
        why = str(error).strip().splitlines() or [type(error).__name__]
        raise CallmoodError(f"The table {path} can't be read as {kind[1:].upper()}: {why[0]}.") from None
    raise CallmoodError(f"The table {path} has an unknown format. Save it as .csv, .json or .parquet.")


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:  # what spreadsheets in Western Europe save
        return raw.decode("cp1252")


def _csv(raw: bytes) -> list[dict[str, str]]:
    import polars as pl

    text = _text(raw)
    if not text.strip():
        return []
    header = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=header.count)
    return _strings(pl.read_csv(io.BytesIO(text.encode()), separator=separator, infer_schema=False))


def _parquet(path: Path) -> list[dict[str, str]]:
    import polars as pl

    return _strings(pl.read_parquet(path))


def _strings(frame: Any) -> list[dict[str, str]]:
    return [{name: _cell(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _json(text: str) -> list[dict[str, str]]:
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        loaded = [json.loads(line) for line in lines]
    rows = [loaded] if isinstance(loaded, dict) else loaded
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is not an array of objects")
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: _cell(row.get(name)) for name in names} for row in rows]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    text = str(value).strip()
    return "" if text.casefold() in _EMPTY else text


def _columns_by_fact(columns: Iterable[str]) -> dict[str, str]:
    """Fact (or "file") -> the column that holds it."""
    by_name = {"_".join(name.casefold().replace("-", " ").split()): name for name in columns}
    return {
        fact: next(by_name[alias] for alias in aliases if alias in by_name)
        for fact, aliases in COLUMNS.items()
        if any(alias in by_name for alias in aliases)
    }


def _row(record: Mapping[str, str], columns: Mapping[str, str]) -> Row:
    taken = set(columns.values())
    others = {name.strip(): value for name, value in record.items() if value and name not in taken}
    known = {fact: record[columns[fact]] or None for fact in FACTS if fact in columns}
    written = known.pop("started_at", None)
    started_at = parse_time(written) if written else None
    if written and started_at is None:
        others["started_at"] = written
    file = record[columns["file"]] if "file" in columns else ""
    return Row(file or None, CallFacts(**known, started_at=started_at, metadata=others))


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
        """By as much of the path as a row gives, then by file name, then by call id."""
        parts = _parts(str(recording.path))
        ends = ["/".join(parts[start:]) for start in range(len(parts))]
        stem = _key(recording.path.stem)
        calls = [stem] if recording.facts.call_id is None else [_key(recording.facts.call_id), stem]
        steps = (
            (self._files, [name for end in ends for name in (end, _without_extension(end))]),
            (self._names, [parts[-1], stem]),
            (self._calls, calls),
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
    return replace(recording, facts=facts.over(recording.facts))


def _misfits(table: MetadataTable, found: Sequence[_Match], shared: set[int]) -> Iterator[str]:
    contradictory = sum(match.contradictory for match in found)
    unmatched = sum(match == _Match() for match in found)
    ambiguous = sum(match.row in shared for match in found)
    if found and unmatched == len(found):
        first = table.rows[0].file or table.rows[0].facts.call_id
        yield f"No row of {table.name} matches a recording. The first of {len(table.rows)} is for {first!r}."
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
    if table.unread_times:
        yield (
            f"{counted(table.unread_times, 'start time')} in {table.name} could not be parsed. "
            "Use the format 2026-11-20 14:30:05."
        )
