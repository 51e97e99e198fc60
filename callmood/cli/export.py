"""`callmood export`: what is stored, as tables for analysts or as files for other tools."""

import sys
from enum import Enum
from pathlib import Path
from typing import IO, Annotated, cast

import typer

from callmood.cli.output import say
from callmood.cli.reading import Raw, ReadDb
from callmood.cli.report import pairs, require_ending
from callmood.errors import CallmoodError, UsageError
from callmood.wording import counted


class Table(str, Enum):
    calls = "calls"
    segments = "segments"
    words = "words"
    agents = "agents"


class Format(str, Enum):
    parquet = "parquet"
    csv = "csv"
    json = "json"
    srt = "srt"
    vtt = "vtt"
    rttm = "rttm"
    textgrid = "textgrid"
    audacity = "audacity"


_OF_TABLES = (Format.parquet, Format.csv, Format.json)
_ENDINGS = {f".{one.value}": one for one in Format if one is not Format.audacity}


def export(
    tables: Annotated[
        list[Table] | None,
        typer.Argument(
            metavar="TABLE...",
            help="Tables in parquet, csv and json: calls, segments, words, agents (default: all).",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="parquet, csv and json are tables; srt, vtt (subtitles), rttm (who speaks when), textgrid (Praat) and "
            "audacity (labels) are a file for each call (default: from the ending of --output).",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="A folder, or a file for one table or one call (default: print that)."),
    ] = None,
    call: Annotated[
        str | None, typer.Option(help="Only this call: its file name, call id or recording id.")
    ] = None,
    agent: Annotated[str | None, typer.Option(metavar="NAME", help="Only calls of this agent.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=NAME", help="Only calls with this name in that column; repeatable: queue=sales."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Calls from this day or period on, as in callmood report."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Calls up to and including this day or period.")
    ] = None,
    partition_by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Tables in parts: a folder for each day, week, month, agent, queue or name in a metadata column, "
            "such as segments/day=2026-11-22.",
        ),
    ] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact/--no-redact",
            help="Replace card and account numbers, addresses, names ... in what is said (default: redact).",
        ),
    ] = True,
    raw: Raw = False,
    db: ReadDb = None,
) -> None:
    """Export calls, segments, words and agents to other tools.

    callmood export --format parquet --output tables, or callmood export --format srt --call 0815 --output 0815.srt.

    What is said is redacted, facts of calls (agent, customer, file name) are not. docs/EXPORT.md lists the columns.
    """
    import callmood
    from callmood.store import is_database_file

    chosen = _format_of(output, format)
    if tables and chosen not in _OF_TABLES:
        raise UsageError(
            f"{chosen.value} is a file for each call, not of tables: leave out {tables[0].value}."
        )
    if output is not None and is_database_file(output):
        raise UsageError(
            f"{output} is a database, which an export must not replace. Choose another --output."
        )
    if output is None and chosen is Format.parquet and sys.stdout.isatty():
        raise UsageError("Parquet is binary. Give a file or a folder with --output.")
    filters = pairs(only or []) | ({} if agent is None else {"agent": agent})
    with callmood.open(db) as database:
        try:
            written = database.export(
                output if output is not None else cast(IO[bytes], sys.stdout.buffer),
                chosen.value,
                [table.value for table in tables or ()],
                call=call,
                filters=filters,
                since=since,
                until=until,
                redact=redact,
                raw=raw,
                partition_by=partition_by,
            )
        except OSError as error:
            if output is None:
                raise
            raise CallmoodError(
                f"{error.filename or output} can't be written ({error.strerror}). Choose another --output."
            ) from None
    if output is not None:
        say(f"{counted(len(written), 'file')} written: {output}", file=sys.stderr)


def _format_of(output: Path | None, format: Format | None) -> Format:
    """The format that is asked for, or that the ending of a file names. Raises UsageError if the ending names none, or
    another than is asked for."""
    if format is not None:
        if output is not None and not output.is_dir():
            ending = ".txt" if format is Format.audacity else f".{format.value}"
            require_ending(output, format.value, [ending], _ENDINGS)
        return format
    found = None if output is None else _ENDINGS.get(output.suffix.lower())
    if found is None:
        known = ", ".join(one.value for one in Format)
        raise UsageError(f"Which format? Give --format, one of: {known}.")
    return found
