"""`callmood sql`: ask the database in SQL, read only."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.cli.output import say, write_bytes, write_text
from callmood.cli.reading import Raw, ReadDb
from callmood.cli.report import FILE_WIDTH, Format, format_of
from callmood.errors import UsageError
from callmood.wording import counted

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 100
"""Rows that a table on the terminal has at most."""


def sql(
    query: Annotated[
        str,
        typer.Argument(help="A query in DuckDB's SQL; - reads it from standard input.", show_default=False),
    ],
    format: Annotated[
        Format | None,
        typer.Option("--format", help="Output format (default: from the ending of --output, else table)."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write to a file instead: .csv, .json, .md, .parquet, .txt or .xlsx.")
    ] = None,
    raw: Raw = False,
    db: ReadDb = None,
) -> None:
    """Ask the database in SQL. Nothing is written, and no other file is read.

    callmood sql "SELECT agent, upset FROM agent_summary". Begin with the views call_summary, agent_summary and
    segment_scores; SELECT table_name, comment FROM duckdb_views() WHERE NOT internal lists them. Text is not redacted.
    """
    import callmood
    from callmood.store import is_database_file

    if output is not None and is_database_file(output):
        raise UsageError(f"{output} is a database, which must not be replaced. Choose another --output.")
    chosen = format_of(output, format)
    with callmood.open(db) as database:
        found = database.sql(sys.stdin.read() if query == "-" else query)
    _deliver(found, chosen, output, raw)


def _deliver(frame: "pl.DataFrame", format: Format, output: Path | None, raw: bool) -> None:
    from callmood.reports.export import as_json, to_csv, to_parquet, workbook
    from callmood.reports.markdown import to_markdown
    from callmood.reports.sheets import frame_page

    if format is Format.csv:
        write_text(to_csv(frame, raw=raw), output, encoding="utf-8-sig")
    elif format is Format.json:
        write_text(as_json(frame), output)
    elif format is Format.parquet:
        write_bytes(to_parquet(frame), output, "Parquet")
    elif format is Format.xlsx:
        write_bytes(workbook({"result": frame}), output, "xlsx")
    elif format is Format.markdown:
        write_text(to_markdown(frame_page(frame)), output)
    else:
        _print_table(frame, output)


def _print_table(frame: "pl.DataFrame", output: Path | None) -> None:
    import io

    from rich.console import Console

    from callmood.reports.sheets import frame_page
    from callmood.reports.terminal import show

    if output is not None:
        buffer = io.StringIO()
        show(frame_page(frame), Console(file=buffer, width=FILE_WIDTH))
        write_text(buffer.getvalue(), output)
        return
    piped = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    show(frame_page(frame.head(_SHOWN)), Console(width=FILE_WIDTH if piped else None, highlight=False))
    if frame.height > _SHOWN:
        say(f" The first {_SHOWN} of {counted(frame.height, 'row')}. --output FILE.csv has all.")
