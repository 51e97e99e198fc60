"""`callmood report`: how the calls went, by agent, call, day, queue or any column of the metadata table."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from callmood.call import RoleChoice
from callmood.cli.optional import BARE
from callmood.cli.output import write_bytes, write_text
from callmood.cli.reading import Raw, ReadDb
from callmood.errors import CallmoodError, UsageError
from callmood.wording import counted, printable

if TYPE_CHECKING:
    from callmood.database import Database
    from callmood.reports.ask import Report
    from callmood.reports.gates import Gate

FILE_WIDTH = 120
"""Width in characters of a report that is not printed to a terminal."""


class Format(str, Enum):
    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    xlsx = "xlsx"
    markdown = "markdown"


class Audio(str, Enum):
    none = "none"
    link = "link"
    embed = "embed"


_ENDINGS = {
    ".csv": Format.csv,
    ".json": Format.json,
    ".md": Format.markdown,
    ".parquet": Format.parquet,
    ".txt": Format.table,
    ".xlsx": Format.xlsx,
}

PAGES = (".html", ".htm")

OPTIONAL_VALUES = ("--agent", "--call", "--day", "--queue")


def report(
    name: Annotated[
        str | None,
        typer.Argument(
            help="One agent, or one of what --by groups by. A call is named by its file, call id or recording id.",
            show_default=False,
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option("--agent", metavar="[NAME]", help="Group by agent (the default), or only this agent."),
    ] = None,
    call: Annotated[
        str | None,
        typer.Option("--call", metavar="[CALL]", help="List calls, or show one call's timeline."),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            "--day", metavar="[DAY]", help="Group by day, or only this day: 2026-11-22, yesterday, monday."
        ),
    ] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", metavar="[NAME]", help="Group by queue, or only this queue.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Group by agent, queue, customer, day, week, month, hour, or any column of your --metadata table.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=NAME", help="Only calls with this name in that column; repeatable: customer=0815."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help='Calls from this day, period or time on: 2026-11-22, yesterday, monday, "last week", "last 30 days", '
            "2026-11, 2026-11-22T18:30.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Calls up to and including this day or period, or up to this time."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help='Compare groups with another period: "last week", 2026-10, "2026-11-01 to 2026-11-07", or previous, '
            "which is as long and ends where --since begins.",
        ),
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
    explain: Annotated[
        bool, typer.Option("--explain", help="Say below the report how to read it, and what it leaves out.")
    ] = False,
    format: Annotated[
        Format | None,
        typer.Option("--format", help="Output format (default: from the ending of --output, else table)."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write to a file instead: .csv, .json, .md, .parquet, .txt, or .xlsx with all tables of the report."
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="The table in CSV and Parquet: groups, calls, moments, categories, group_categories, and of one call "
            "turns, call, quarters, moments, categories (default: of one group its calls, else the first that the "
            "report has).",
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help='Exit code 3 if so many calls are of a category: "churn > 5%", "escalation >= 3"; repeatable. 1 or 2: '
            "it could not be asked.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page to open in a browser: one file, with transcripts, that asks nothing of the network. "
            "--output FILE.html is the same.",
        ),
    ] = None,
    audio: Annotated[
        Audio | None,
        typer.Option(
            help="On a page: embed compressed copies of the most upset calls, or link to the recordings "
            "(default: none, because recordings are sensitive)."
        ),
    ] = None,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact",
            help="On a page: whether to replace card numbers, accounts, telephone numbers, addresses and names in "
            "transcripts, and mute them in embedded sound (default: --redact).",
        ),
    ] = None,
    raw: Raw = False,
    db: ReadDb = None,
) -> None:
    """Report on agents, calls, days and queues.

    callmood report --agent, or callmood report --agent "Chris L" --by day --since monday.

    Shows in which calls the customer got upset, from when and in what words, moods at the start and the end of calls,
    who talked how much, and silences.

    In CSV, text that a spreadsheet would compute is prefixed with an apostrophe, but not a number such as +49 170 1234.
    """
    import callmood
    from callmood.store import is_database_file

    if output is not None and is_database_file(output):
        raise UsageError(
            f"{output} is a database, which a report must not replace. Choose another file with --output."
        )
    if html is None and output is not None and format is None and output.suffix.lower() in PAGES:
        html, output = output, None
    wanted = _subject({"agent": agent, "call": call, "day": day, "queue": queue}, by, name, pairs(only or []))
    if html is not None:
        if fail_if:
            raise UsageError("--fail-if does not go with --html: give them to two commands.")
        _require_for_page(
            html, sort=sort, limit=limit, format=format, output=output, table=table, raw=raw or None
        )
        with callmood.open(db) as database:
            _write_page(
                database,
                html,
                wanted.by,
                wanted.name,
                filters=wanted.filters,
                against=against,
                role=role,
                since=since,
                until=until,
                audio=(audio or Audio.none).value,
                redact=redact is not False,
            )
        return
    for option, value in (("--audio", audio), ("--redact", redact)):
        if value is not None:
            raise UsageError(f"{option} is for pages. Give a file with --html.")
    chosen = format_of(output, format)
    gates = _gates(fail_if or [], db)
    if gates and wanted.by == "call" and wanted.name is not None:
        raise UsageError("--fail-if is for reports on several calls.")
    with callmood.open(db) as database:
        found = database.report(
            wanted.by,
            wanted.name,
            filters=wanted.filters,
            against=against,
            role=role,
            since=since,
            until=until,
            sort=sort,
            limit=limit,
            all_moments=limit is None and chosen in (Format.csv, Format.parquet, Format.xlsx),
        )
    _deliver(found, chosen, output, table=table, raw=raw, explain=explain)
    if gates:
        from callmood.reports.gates import require_kept

        require_kept(found, gates)


def _gates(conditions: list[str], db: list[Path] | None) -> list["Gate"]:
    if not conditions:
        return []
    from callmood.questions import category_names
    from callmood.reports.gates import gate

    known = category_names(db)
    return [gate(condition, known) for condition in conditions]


class _Subject(NamedTuple):
    by: str
    name: str | None
    filters: Mapping[str, str]


def _subject(
    options: Mapping[str, str | None], by: str | None, name: str | None, only: dict[str, str]
) -> _Subject:
    """What the report is by, of which one, and what else limits it."""
    bare = [option for option, value in options.items() if value == BARE]
    if len(bare) + (by is not None) > 1:
        raise UsageError("Give only one of --by and, without a name, --agent, --call, --day and --queue.")
    filters = {option: value for option, value in options.items() if value} | only
    if by or bare:
        group = by or bare[0]
    elif name is not None:
        group = "agent"
    else:
        group = "call" if "call" in filters else next(iter(filters), "agent")
    if name is None:
        name = filters.pop(group, None)
    elif group in filters:
        raise UsageError(f'"{name}" and "{filters[group]}" are both given as the {group}. Give one.')
    if "call" in filters:
        raise UsageError(
            "A report on one call is not grouped: leave out the other options, or give --call alone."
        )
    return _Subject(group, name, filters)


def pairs(only: list[str]) -> dict[str, str]:
    """Names by column, from COLUMN=NAME. Raises UsageError for other text."""
    found = {}
    for pair in only:
        column, equals, name = pair.partition("=")
        if not equals:
            raise UsageError(f"--only {pair} lacks a name: write COLUMN=NAME, such as customer=0815.")
        found[column.strip()] = name.strip()
    return found


def _require_for_page(html: Path, **others: object) -> None:
    given = [f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise UsageError(
            f"{given[0]} does not go with --html: a page has all rows, and sorts and filters itself."
        )
    require_page_file(html)


def require_page_file(html: Path) -> None:
    """Raises UsageError for a file that a page must not be written to."""
    from callmood.store import is_database_file

    if is_database_file(html):
        raise UsageError(
            f"{html} is a database, which a page must not replace. Choose another file with --html."
        )
    require_ending(html, "HTML", PAGES)


@contextmanager
def writing_page(html: Path) -> Iterator[None]:
    """Raises CallmoodError where a page can't be written."""
    try:
        yield
    except OSError as error:
        raise CallmoodError(
            f"{html} can't be written ({error.strerror}). Choose another file with --html."
        ) from None


def _write_page(database: "Database", html: Path, *args: Any, **options: Any) -> None:
    with writing_page(html):
        written = database.write_page(html, *args, **options)
    others = len(written.files) - 1
    beside = f" and {counted(others, 'page')} in {written.files[1].parent}" if others else ""
    typer.echo(
        f"{printable(str(html))}{beside}: {counted(written.calls, 'call')}, {written.size_bytes / 1e6:,.1f} MB."
    )
    if written.unheard:
        from callmood.reports.page.recordings import unheard

        typer.echo(f"note: {unheard(written.unheard, written.calls)}")


def format_of(output: Path | None, format: Format | None) -> Format:
    """The format that is asked for, or that the ending of a file names. Raises UsageError if the ending names none, or
    another than is asked for."""
    if output is None:
        return format or Format.table
    if format is not None:
        require_ending(output, format.value, [end for end, one in _ENDINGS.items() if one is format])
        return format
    try:
        return _ENDINGS[output.suffix.lower()]
    except KeyError:
        if not output.suffix and output.exists() and not output.is_file():
            return Format.table  # /dev/stdout, a named pipe
        endings = ", ".join([*_ENDINGS, ".html"])
        raise UsageError(
            f"{output} has none of the endings {endings}, which choose the format. Rename it, or give --format."
        ) from None


def require_ending(output: Path, format: str, endings: Sequence[str], others: Collection[str] = ()) -> None:
    """Raises UsageError if a file has the ending of another format: of a report's, or one of ``others``."""
    ending = output.suffix.lower()
    if ending in (*_ENDINGS, *PAGES, *others) and ending not in endings:
        raise UsageError(
            f"{output} has the ending of another format than {format}: give a file that ends with {endings[0]}."
        )


def _deliver(
    report: "Report", format: Format, output: Path | None, *, table: str | None, raw: bool, explain: bool
) -> None:
    from callmood.reports.export import table_of, to_csv, to_json, to_parquet, to_xlsx
    from callmood.reports.markdown import to_markdown
    from callmood.reports.sheets import page

    if table is not None and format not in (Format.csv, Format.parquet):
        raise UsageError("--table is for CSV and Parquet; the other formats hold all tables of a report.")
    if format is Format.table:
        _print_table(report, output, explain)
    elif format is Format.markdown:
        write_text(to_markdown(page(report, explain=explain)), output)
    elif format is Format.json:
        write_text(to_json(report), output)
    elif format is Format.csv:
        # spreadsheets take a file for UTF-8 only if it begins with this mark; a pipe needs none
        write_text(to_csv(table_of(report, table), raw=raw), output, encoding="utf-8-sig")
    elif format is Format.parquet:
        write_bytes(to_parquet(table_of(report, table)), output, "Parquet")
    else:
        write_bytes(to_xlsx(report), output, "xlsx")


def _print_table(report: "Report", output: Path | None, explain: bool) -> None:
    import io

    from rich.console import Console

    from callmood.reports.sheets import page
    from callmood.reports.terminal import show

    shown = page(report, explain=explain)
    if output is not None:
        buffer = io.StringIO()
        show(shown, Console(file=buffer, width=FILE_WIDTH))
        write_text(buffer.getvalue(), output)
        return
    piped = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    show(shown, Console(width=FILE_WIDTH if piped else None, highlight=False))
