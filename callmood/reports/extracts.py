"""Exports: calls, segments, words and agents as tables of a stable schema, or each call as a file for another tool."""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Literal
from urllib.parse import quote

import polars as pl

from callmood.errors import CallmoodError, UsageError
from callmood.reports.ask import Question, check_dimension, choose, parameters_of
from callmood.reports.columns import Row
from callmood.reports.export import as_json, to_csv, to_parquet
from callmood.reports.frames import query, read_sql
from callmood.reports.transcripts import TEXT_FORMATS, transcripts
from callmood.store import Connection, find_call
from callmood.wording import shortened
from callmood.writing import write_whole

Table = Literal["calls", "segments", "words", "agents"]
TABLES: Final[tuple[Table, ...]] = ("calls", "segments", "words", "agents")
TABLE_FORMATS: Final = {"parquet": ".parquet", "csv": ".csv", "json": ".json"}

_FRAME_ROWS: Final = 50_000
_NAME_BYTES: Final = 255
"""The longest name of a file or folder that file systems take."""
_ID_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is exported."""

    format: str
    """One of TABLE_FORMATS or of TEXT_FORMATS."""
    tables: Sequence[Table] = TABLES
    """Used only for TABLE_FORMATS."""
    call: str | None = None
    """Only this call."""
    filters: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    redact: bool = True
    """Without what identifies people or opens their accounts, in what is said."""
    raw: bool = False
    """In CSV, leave text as it is."""
    partition_by: str | None = None
    """A folder for each agent, queue, day, week, month, or value of a column of the metadata table."""


def export(con: Connection, wanted: Wanted) -> Iterator[tuple[Path, bytes]]:
    """The files of an export, each with its content; the paths are relative.

    Raises CallmoodError if no call is chosen, and UsageError for what can't be exported so.
    """
    calls = _chosen(con, wanted)
    if wanted.format in TEXT_FORMATS:
        yield from _text_files(con, wanted, calls)
        return
    if wanted.partition_by is not None:
        _require_folders(wanted.partition_by, calls)
    for table in wanted.tables:
        frame = _frame(con, wanted, table, calls)
        if wanted.partition_by is None or table == "agents":
            yield Path(f"{table}{TABLE_FORMATS[wanted.format]}"), _bytes(frame, wanted)
        else:
            yield from _parts(frame, wanted, table, calls)


def is_one_file(wanted: Wanted) -> bool:
    """Whether an export is one file, not a folder of them."""
    if wanted.format in TEXT_FORMATS:
        return wanted.call is not None
    return len(wanted.tables) == 1 and (wanted.partition_by is None or wanted.tables[0] == "agents")


def write(con: Connection, wanted: Wanted, output: Path | IO[bytes]) -> list[Path]:
    """Write an export to a file, to a folder if it is more than one, or to a stream; return the paths of the files.

    Parts of an earlier export that are not in this one are removed. Raises what ``export`` raises, UsageError for
    several files into one, and OSError.
    """
    if not isinstance(output, Path):
        if not is_one_file(wanted):
            raise UsageError("This export is several files. Give a folder with --output.")
        for _, data in export(con, wanted):
            output.write(data)
        return []
    if output.is_file() and not is_one_file(wanted):
        raise UsageError(f"{output} is a file, and this export is several. Give a folder with --output.")
    whole = is_one_file(wanted) and not output.is_dir()
    written = []
    for name, data in export(con, wanted):
        path = output if whole else output / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # spreadsheets take a file for UTF-8 only if it begins with this mark
        write_whole(path, BOM_UTF8 + data if wanted.format == "csv" else data)
        written.append(path)
    if wanted.partition_by is not None:
        _remove_others(output, wanted, set(written))
    return written


def _remove_others(folder: Path, wanted: Wanted, written: set[Path]) -> None:
    ending = TABLE_FORMATS[wanted.format]
    for table in wanted.tables:
        for path in folder.glob(f"{table}/*=*/{table}{ending}"):
            if path not in written:
                path.unlink()
                with suppress(OSError):  # others put something into it
                    path.parent.rmdir()


def _chosen(con: Connection, wanted: Wanted) -> Sequence[Row]:
    if wanted.format not in TABLE_FORMATS and wanted.format not in TEXT_FORMATS:
        known = ", ".join([*TABLE_FORMATS, *TEXT_FORMATS])
        raise UsageError(f"There is no format {wanted.format}. Use one of: {known}.")
    if wanted.partition_by is not None and wanted.format in TEXT_FORMATS:
        raise UsageError("Only tables have parts: --partition-by goes with parquet, csv and json.")
    if wanted.partition_by is not None:
        check_dimension(con, wanted.partition_by)
    question = Question("calls", filters=wanted.filters, since=wanted.since, until=wanted.until)
    parameters = {
        **parameters_of(con, question),
        "by": wanted.partition_by,
        "recording": None if wanted.call is None else find_call(con, wanted.call),
    }
    found = query(con, read_sql("exports/chosen"), parameters).to_dicts()
    if not found:
        raise CallmoodError("No call is to be exported: none is stored, or none matches.")
    return found


def _frame(con: Connection, wanted: Wanted, table: Table, calls: Sequence[Row]) -> pl.DataFrame:
    if table == "agents":
        question = Question(filters=wanted.filters, since=wanted.since, until=wanted.until)
        parameters = parameters_of(con, question)
        choose(con, parameters)
        frame = query(con, read_sql("reports/groups"), parameters)
        return frame.rename({"name": "agent"}).drop("role")
    if table == "calls":
        return _calls(con, calls)
    return _said(con, wanted, table, calls)


def _calls(con: Connection, calls: Sequence[Row]) -> pl.DataFrame:
    ids = [call["recording_id"] for call in calls]
    frame = query(con, read_sql("exports/calls"), {"ids": ids})
    metadata = query(con, read_sql("frames/metadata"), {})
    for name in metadata["name"].unique().sort():
        if name not in frame.columns:
            values = metadata.filter(pl.col("name") == name).select("recording_id", "value")
            frame = frame.join(
                values.rename({"value": name}), on="recording_id", how="left", maintain_order="left"
            )
    return frame


def _said(con: Connection, wanted: Wanted, table: Table, calls: Sequence[Row]) -> pl.DataFrame:
    schema = query(con, f"{read_sql(f'exports/{table}')} LIMIT 0", {"ids": []}).schema
    frames = [pl.DataFrame(schema=schema)]
    rows: list[Row] = []
    for said in transcripts(con, calls, words=table == "words", redact=wanted.redact):
        rows += said.words if table == "words" else said.segments
        if len(rows) >= _FRAME_ROWS:
            frames.append(pl.DataFrame(rows, schema=schema, strict=False))
            rows = []
    return pl.concat([*frames, pl.DataFrame(rows, schema=schema, strict=False)])


def _parts(
    frame: pl.DataFrame, wanted: Wanted, table: Table, calls: Sequence[Row]
) -> Iterator[tuple[Path, bytes]]:
    """Hive's layout, which DuckDB, polars, pandas and Spark read as one table: segments/day=2026-11-20/..."""
    key = str(wanted.partition_by)
    part_of = {call["recording_id"]: call["part"] for call in calls}
    parts = frame["recording_id"].replace_strict(part_of, return_dtype=pl.String)
    # the folder has the column, so the file must not
    frame = frame.drop(key, strict=False)
    for part in parts.unique(maintain_order=True):
        yield (
            Path(table, _folder(key, part), f"{table}{TABLE_FORMATS[wanted.format]}"),
            _bytes(frame.filter(parts == part), wanted),
        )


def _folder(key: str, part: str) -> str:
    name = f"{quote(key, safe=' ')}={quote(part, safe=' ')}"
    return re.sub(
        r"[ .]+$", lambda end: "".join(f"%{ord(c):02X}" for c in end[0]), name
    )  # Windows drops these


def _require_folders(key: str, calls: Sequence[Row]) -> None:
    """Raises UsageError if a part's name is too long for a folder, before anything is written."""
    for part in {call["part"]: None for call in calls}:
        if len(_folder(key, part)) > _NAME_BYTES:
            raise UsageError(
                f'The {key} "{shortened(part)}" is too long for the name of a folder. Choose another --partition-by.'
            )


def _bytes(frame: pl.DataFrame, wanted: Wanted) -> bytes:
    if wanted.format == "parquet":
        return to_parquet(frame)
    if wanted.format == "csv":
        return to_csv(frame, raw=wanted.raw).encode()
    return as_json(frame).encode()


def _text_files(con: Connection, wanted: Wanted, calls: Sequence[Row]) -> Iterator[tuple[Path, bytes]]:
    ending, text_of = TEXT_FORMATS[wanted.format]
    taken: set[str] = set()
    options: dict[str, Any] = {
        "words": wanted.format == "textgrid",
        "speech": wanted.format == "rttm",
        "redact": wanted.redact and wanted.format != "rttm",
    }
    for said in transcripts(con, calls, **options):
        whole = _file_name(said.call["call"])
        name = _cut(whole, _NAME_BYTES - len(ending))
        if name != whole or name.casefold() in taken:
            mark = f" {said.call['recording_id'][:_ID_CHARACTERS]}"
            name = _cut(whole, _NAME_BYTES - len(ending) - len(mark)) + mark
        taken.add(name.casefold())
        yield Path(f"{name}{ending}"), text_of(said).encode()


def _cut(name: str, most_bytes: int) -> str:
    return name.encode()[:most_bytes].decode(errors="ignore")


def _file_name(call: str) -> str:
    """What a call is called, without its ending, as the name of a file on any system."""
    stem = os.path.splitext(call)[0]  # noqa: PTH122, because of paths of another system
    return "".join("_" if c in '<>:"/\\|?*' or not c.isprintable() else c for c in stem).strip(" .") or "call"
