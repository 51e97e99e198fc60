"""`callmood report`: how the calls went, by agent, call, day, queue or any column of the side table."""

import os
import sys
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.errors import CallmoodError

if TYPE_CHECKING:
    from callmood.reports.ask import Answer

_WIDTH_OF_FILES = 120
"""Columns of a report that doesn't go to a terminal."""


class Whose(str, Enum):
    customer = "customer"
    agent = "agent"
    all = "all"


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
            help="One agent, call, day or queue only. A call by its call id, file name or recording id.",
            show_default=False,
        ),
    ] = None,
    agent: Annotated[bool, typer.Option("--agent", help="By agent, as a bare report is.")] = False,
    call: Annotated[bool, typer.Option("--call", help="Call by call; of one call: its timeline.")] = False,
    day: Annotated[bool, typer.Option("--day", help="By day.")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="By queue.")] = False,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="By customer, or any column of the side table.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Calls from this day or time on: 2026-11-22, yesterday, today."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Calls up to this day, which is included, or time.")
    ] = None,
    role: Annotated[
        Whose | None, typer.Option(help="Whose mood and emotions.  [default: customer; of one call: all]")
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="A column as named in --format csv; -COLUMN for the largest first."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Rows at most.")] = None,
    format: Annotated[
        Format | None, typer.Option("--format", help="[default: table, or by the ending of --output]")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A file to write instead of the terminal.")] = None,
    db: Annotated[
        Path | None, typer.Option(help="The DuckDB file to read.  [default: callmood.duckdb]")
    ] = None,
) -> None:
    """Report on agents, calls, days and queues.

    callmood report --agent, or callmood report --agent "Chris L".

    Moods at the start and the end of calls, who talked how much, silences, worst moments.

    In CSV, text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    from callmood.reports.ask import Question, ask
    from callmood.settings import load_settings
    from callmood.store import open_db

    kinds = [flag for flag, given in (("agent", agent), ("day", day), ("queue", queue)) if given]
    if len(kinds) + call + (by is not None) > 1:
        raise CallmoodError("A report is by one thing: give one of --agent, --call, --day, --queue, --by.")
    question = Question(
        kind=("calls" if name is None else "call") if call else "groups",
        by=by or (kinds[0] if kinds else "agent"),
        name=name,
        role=role.value if role else None,
        since=_time(since, "--since", up_to=False) if since else None,
        until=_time(until, "--until", up_to=True) if until else None,
        sort=sort,
        limit=limit,
    )
    face = format or (_SUFFIXES.get(output.suffix.lower(), Format.table) if output else Format.table)
    with open_db(load_settings({"db": db}).db, read_only=True) as con:
        answer = ask(con, question)
    _deliver(answer, face, output)


def _time(text: str, flag: str, up_to: bool) -> datetime:
    """The bound that a date means: a day begins at midnight, and up to a day is up to its end."""
    today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        when = named.get(text.lower()) or datetime.fromisoformat(text)
    except ValueError:
        raise CallmoodError(
            f'{flag} "{text}" is no date: write 2026-11-22, 2026-11-22T18:30, today.'
        ) from None
    whole_day = text.lower() in named or len(text) == len("2026-11-22")
    return when.replace(tzinfo=None) + (timedelta(days=1) if up_to and whole_day else timedelta())


def _deliver(answer: "Answer", face: Format, output: Path | None) -> None:
    from callmood.reports.export import to_csv, to_json, to_parquet
    from callmood.reports.markdown import to_markdown
    from callmood.reports.sheets import page

    if face is Format.table:
        _print_table(answer, output)
    elif face is Format.parquet:
        _write_bytes(to_parquet(answer), output)
    elif face is Format.markdown:
        _write_text(to_markdown(page(answer)), output)
    else:
        _write_text(to_csv(answer) if face is Format.csv else to_json(answer), output)


def _print_table(answer: "Answer", output: Path | None) -> None:
    import io

    from rich.console import Console

    from callmood.reports.sheets import page
    from callmood.reports.terminal import show

    if output is not None:
        buffer = io.StringIO()
        show(page(answer), Console(file=buffer, width=_WIDTH_OF_FILES))
        _write_text(buffer.getvalue(), output)
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        # an old code page may lack a sign; a report with a question mark in it is better than none
        sys.stdout.reconfigure(errors="replace")
    piped = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    show(page(answer), Console(width=_WIDTH_OF_FILES if piped else None, highlight=False))


def _write_text(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        _write_bytes(text.encode("utf-8"), output)


def _write_bytes(data: bytes, output: Path | None) -> None:
    if output is not None:
        try:
            output.write_bytes(data)
        except OSError as error:
            raise CallmoodError(
                f"{output} can't be written ({error.strerror}): name another --output."
            ) from None
        return
    if sys.stdout.isatty():
        raise CallmoodError("Parquet is nothing for a terminal: name a file with --output.")
    sys.stdout.buffer.write(data)
