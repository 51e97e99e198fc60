"""`callmood report`: how the calls went, by agent, call, day, queue or any column of the metadata table."""

import os
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.call import RoleChoice
from callmood.errors import CallmoodError, UsageError
from callmood.writing import write_whole

if TYPE_CHECKING:
    from callmood.reports.ask import Report

_FILE_WIDTH = 120
"""Width in characters of a report that is not printed to a terminal."""


class Format(str, Enum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    markdown = "markdown"


_SUFFIXES = {
    ".csv": Format.csv,
    ".json": Format.json,
    ".parquet": Format.parquet,
    ".md": Format.markdown,
    ".txt": Format.table,
}


def report(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A single agent, call, day or queue. A call is named by its call id, file name or recording id.",
            show_default=False,
        ),
    ] = None,
    agent: Annotated[bool, typer.Option("--agent", help="Group by agent (the default).")] = False,
    call: Annotated[bool, typer.Option("--call", help="List calls, or show one call's timeline.")] = False,
    day: Annotated[bool, typer.Option("--day", help="Group by day.")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Group by queue.")] = False,
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Group by customer, or by any column of your --metadata table."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Calls from this day or time on: 2026-11-22, 2026-11-22T18:30, yesterday, today.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Calls up to and including this day, or up to this time."),
    ] = None,
    role: Annotated[
        RoleChoice | None,
        typer.Option(help="Whose emotions to report (default: customer; for a single call: everyone's)."),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="A column name as in --format csv; -COLUMN for the largest first."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of rows.")] = None,
    format: Annotated[
        Format | None,
        typer.Option("--format", help="Output format (default: from the extension of --output, else table)."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write to a file instead of the terminal.")] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="In CSV, leave text as it is, formulas and escape sequences included."),
    ] = False,
    db: Annotated[
        Path | None, typer.Option(help="The DuckDB file to read (default: callmood.duckdb).")
    ] = None,
) -> None:
    """Report on agents, calls, days and queues.

    callmood report --agent, or callmood report --agent "Chris L".

    Shows in which calls the customer got upset, from when and in what words, moods at the start and the end of calls,
    who talked how much, and silences.

    In CSV, text that a spreadsheet would compute is prefixed with an apostrophe, but not a number such as +49 170 1234.
    """
    import callmood
    from callmood.database import CALL
    from callmood.store import is_database_file

    chosen = [
        flag for flag, given in (("agent", agent), ("day", day), ("queue", queue), (CALL, call)) if given
    ]
    if len(chosen) + (by is not None) > 1:
        raise UsageError("Give only one of --agent, --call, --day, --queue and --by.")
    if output is not None and is_database_file(output):
        raise UsageError(
            f"{output} is a database, which a report must not replace. Choose another file with --output."
        )
    group = by or (chosen[0] if chosen else "agent")
    with callmood.open(db) as database:
        found = database.report(group, name, role=role, since=since, until=until, sort=sort, limit=limit)
    _deliver(found, format or _format_of(output), output, raw)


def _format_of(output: Path | None) -> Format:
    return _SUFFIXES.get(output.suffix.lower(), Format.table) if output else Format.table


def _deliver(report: "Report", format: Format, output: Path | None, raw: bool) -> None:
    from callmood.reports.export import to_csv, to_json, to_parquet
    from callmood.reports.markdown import to_markdown
    from callmood.reports.sheets import page

    if format is Format.table:
        _print_table(report, output)
    elif format is Format.parquet:
        _write_bytes(to_parquet(report), output)
    elif format is Format.markdown:
        _write_text(to_markdown(page(report)), output)
    else:
        _write_text(to_csv(report, raw=raw) if format is Format.csv else to_json(report), output)


def _print_table(report: "Report", output: Path | None) -> None:
    import io

    from rich.console import Console

    from callmood.reports.sheets import page
    from callmood.reports.terminal import show

    if output is not None:
        buffer = io.StringIO()
        show(page(report), Console(file=buffer, width=_FILE_WIDTH))
        _write_text(buffer.getvalue(), output)
        return
    piped = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    show(page(report), Console(width=_FILE_WIDTH if piped else None, highlight=False))


def _write_text(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        _write_bytes(text.encode("utf-8"), output)


def _write_bytes(data: bytes, output: Path | None) -> None:
    if output is not None:
        try:
            write_whole(output, data)
        except OSError as error:
            raise CallmoodError(
                f"{output} can't be written ({error.strerror}). Choose another file with --output."
            ) from None
        return
    if sys.stdout.isatty():
        raise UsageError("Parquet is binary. Give a file with --output.")
    sys.stdout.buffer.write(data)
