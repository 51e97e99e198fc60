"""Tables as people save them: CSV of any spreadsheet, JSON or Parquet, as rows of text."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from callmood.errors import CallmoodError
from callmood.wording import counted, printable, shortened

SEPARATORS: Final = ",;\t|"
_EMPTY: Final = {"", "null", "none", "nan", "n/a"}
_LINES_TO_A_HEADER: Final = 20
_LINES_NAMED: Final = 5
_LARGEST_CELL: Final = 1 << 24
_WHOLE_FLOATS: Final = 2.0**53
"""Below this a float can hold any whole number."""
_END: Final = "\x1f"
"""Put behind the last line of a CSV, to see whether a quote is still open there."""
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""The first bytes of texts that say their encoding. Excel's "Unicode Text" is UTF-16."""

_WORKBOOKS: Final = (b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""The first bytes of Excel's and LibreOffice's own files, and of Excel's old ones."""

IsHeader = Callable[[Sequence[str]], bool]


class Row(NamedTuple):
    """A row of a table."""

    line: int
    """Where it begins, counted from 1; the number of the row in JSON and Parquet."""
    cells: dict[str, str]
    """Column name to text; an empty cell is empty text."""
    surplus: bool = False
    """Whether it has more cells than the header, so that some may stand in the wrong column."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, and what could not be read of it."""

    name: str
    """Of its file, printable."""
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """One sentence each, with line numbers."""

    def has_content(self, column: str) -> bool:
        """Whether any cell of the column is filled."""
        return any(row.cells[column] for row in self.rows)


def open_table(path: Path, is_header: IsHeader = any) -> Table:
    """Reads CSV (with commas, semicolons, tabs or bars), JSON (an array of objects, or one object a line) or Parquet.

    In a CSV, lines above the first that ``is_header`` accepts are skipped. Raises CallmoodError if it can't be read.
    """
    kind = path.suffix.lower()
    shown = printable(str(path))
    try:
        if kind in (".csv", ".tsv", ".txt"):
            return _csv(path, is_header)
        if kind in (".json", ".jsonl", ".ndjson"):
            return _numbered(path, _json(_text(path.read_bytes())))
        if kind in (".parquet", ".pq"):
            return _numbered(path, _parquet(path))
    except PermissionError:
        raise CallmoodError(f"The table {shown} can't be read: permission denied.") from None
    except BaseException as error:  # polars, csv, json and decoding each have errors of their own
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if not isinstance(error, Exception):  # what polars says when its own code fails
            why = "the file is damaged"
        raise CallmoodError(
            f"The table {shown} can't be read as {kind[1:].upper()}: {shortened(printable(why), 200)}."
        ) from None
    raise CallmoodError(f"The table {shown} has an unknown format. Save it as .csv, .json or .parquet.")


def records(path: Path) -> list[dict[str, str]]:
    """The rows of a table as column name to text. Raises CallmoodError if a row does not fit the header."""
    table = open_table(path)
    for note in table.notes:
        raise CallmoodError(note)
    return [row.cells for row in table.rows]


def lines_named(lines: Sequence[int]) -> str:
    """Where something is.

    >>> lines_named([4]), lines_named([4, 7, 8])
    ('line 4', 'lines 4, 7 and 8')
    """
    shown = [f"{line:,}" for line in lines[:_LINES_NAMED]]
    if len(lines) > _LINES_NAMED:
        shown.append(f"{len(lines) - _LINES_NAMED:,} more")
    return f"line {shown[0]}" if len(shown) == 1 else f"lines {', '.join(shown[:-1])} and {shown[-1]}"


def _text(raw: bytes) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding)
    if b"\0" in raw[:2]:  # UTF-16 without a mark: of Latin letters each second byte is 0
        return raw.decode("utf-16-be" if raw[0] == 0 else "utf-16-le")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:  # what spreadsheets in Western Europe save
        pass
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        raise ValueError("it is neither UTF-8 nor Windows-1252. Save it as UTF-8") from None


def _csv(path: Path, is_header: IsHeader) -> Table:
    name = printable(path.name)
    raw = path.read_bytes()
    if raw.startswith(_WORKBOOKS):
        raise ValueError("it is a workbook. Save it as CSV in the spreadsheet program")
    text = _text(raw).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    stated = re.fullmatch(r'"?sep=(.)"?[,;\t]*', lines[0], re.IGNORECASE)  # Excel's own line
    if stated:
        lines[0] = ""
    at, separator = _header(lines, is_header, stated[1] if stated else SEPARATORS)
    found = [
        (line, cells) for line, cells in _parsed(lines[at:], at + 1, separator) if any(map(str.strip, cells))
    ]
    if not found:
        return Table(name, ())
    (line, header), *others = found
    columns = _distinct(header)
    rows = tuple(_row(line, columns, cells) for line, cells in others)
    notes = []
    if any(above.strip() for above in lines[:at]):
        notes.append(f"What is above the header of {name}, in line {line}, was skipped.")
    short = [line for line, cells in others if len(cells) < len(columns)]
    if short:
        has = counted(len(short), "row has", "rows have")
        notes.append(
            f"{has} fewer cells than the header of {name}: {lines_named(short)}. What is missing is empty."
        )
    return Table(name, rows, tuple(notes))


def _header(lines: Sequence[str], is_header: IsHeader, separators: str) -> tuple[int, str]:
    """How many lines are above the header, and the separator: the first line that is one, else the first at all."""
    written = [(at, line) for at, line in enumerate(lines[:_LINES_TO_A_HEADER]) if line.strip()]
    for least in (2, 1):  # a title may be called like a column
        for at, line in written:
            split = {separator: next(csv.reader([line], delimiter=separator), []) for separator in separators}
            fitting = [one for one in separators if len(split[one]) >= least and is_header(split[one])]
            if fitting:
                return at, max(fitting, key=lambda separator: len(split[separator]))
    at, line = written[0] if written else (0, "")
    return at, max(separators, key=line.count)


def _parsed(lines: Sequence[str], first: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV with the lines that they begin in. Raises ValueError for a quote that is never closed."""
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
    reader = csv.reader([*(f"{line}\n" for line in lines), _END], delimiter=separator, skipinitialspace=True)
    begins, cells = first, [""]
    for cells in reader:
        if cells != [_END]:
            yield begins, cells
            begins = first + reader.line_num
    if cells != [_END]:
        raise ValueError("a quote is opened and never closed")


def _distinct(header: Sequence[str]) -> list[str]:
    """Names for all columns, each once."""
    names: list[str] = []
    for at, written in enumerate(header, 1):
        name = written.strip() or f"column {at}"
        names.append(name if name not in names else f"{name} ({at})")
    return names


def _row(line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    surplus = any(cell.strip() for cell in cells[len(columns) :])
    return Row(line, {name: _cell(cell) for name, cell in zip(columns, padded, strict=False)}, surplus)


def _numbered(path: Path, rows: Iterable[Mapping[str, Any]]) -> Table:
    found = (Row(at, {name: _cell(value) for name, value in row.items()}) for at, row in enumerate(rows, 1))
    return Table(printable(path.name), tuple(found))


def _parquet(path: Path) -> list[dict[str, Any]]:
    import polars as pl

    with _silent():  # where polars fails, it prints a stack trace of its own
        return pl.read_parquet(path).rows(named=True)


def _json(text: str) -> list[dict[str, Any]]:
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError:
        lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2:
            raise
        loaded = [_json_line(at, line) for at, line in lines]
    rows = [loaded] if isinstance(loaded, dict) else loaded
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is not an array of objects")
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]


def _json_line(at: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {at}: {error.msg}") from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE_FLOATS:
        value = int(value)  # what other tools make of a column of numbers with an empty cell
    text = str(value).strip()
    return "" if text.casefold() in _EMPTY else text


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing that is written to the process's standard error, below Python, is shown."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
