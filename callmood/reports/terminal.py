"""Pages on the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from callmood.reports.columns import Column, Page, Sheet
from callmood.wording import printable, printable_lines

_MIN_WIDTH = 16
"""Columns that wrap are narrowed to this width before others are hidden."""

_BETWEEN = 2
"""Characters from one column to the next."""
_EDGES = 2
"""Characters before the first column and after the last."""


def show(page: Page, console: Console) -> None:
    """Print a page; on a narrow terminal the least important columns of its tables come below, or are hidden."""
    if page.title:
        console.print()
        console.print(_title(page))
    if page.facts:
        console.print()
        console.print(_facts(page))
    hidden: list[str] = []
    for sheet in page.sheets:
        console.print()
        if sheet.title:
            console.print(Text(f" {printable(sheet.title)}", style="bold"))
        widths = {id(column): _width(sheet, column) for column in sheet.columns}
        left = list(sheet.columns)
        while left:
            columns = _fitting_columns(left, widths, console)
            console.print(_table(sheet, columns, widths, console))
            left = [column for column in left if column not in columns]
            if left and not sheet.continues:
                hidden += [_one_line(column) for column in left]
                break
            left = [sheet.columns[0], *left] if left else []
    notes = list(page.notes)
    if hidden:
        named = ", ".join(dict.fromkeys(hidden))
        notes.append(f"Hidden on this narrow terminal: {named}. --output FILE.xlsx has all.")
    if notes:
        console.print()
        console.print(Padding(Text("\n".join(map(printable, notes)), style="dim"), (0, 1)))


def _title(page: Page) -> Text:
    title = Text(f" {printable(page.title)}", style="bold")
    if page.subtitle:
        title.append(f"   {printable(page.subtitle)}", style="not bold dim")
    return title


def _facts(page: Page) -> Table:
    grid = Table.grid(padding=(0, 2), pad_edge=True)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, value in page.facts:
        grid.add_row(Text(printable(name)), Text(printable(value)))
    return grid


def _fitting_columns(
    wanted: Sequence[Column], widths: Mapping[int, int], console: Console
) -> Sequence[Column]:
    """As many of the columns as fit; of a table that continues the first and another one always."""
    columns = list(wanted)
    hideable = sorted(
        (column for column in columns[1:] if column.hide_order),
        key=lambda column: column.hide_order,
        reverse=True,
    )
    # below another table there may be no column that always stays
    for column in hideable:
        if _needed(widths[id(one)] for one in columns) <= console.width or len(columns) == 2:
            break
        columns.remove(column)
    return columns


def _width(sheet: Sheet, column: Column) -> int:
    """Of a column that is narrowed if it wraps; rich measures many times slower."""
    texts = (printable_lines(column.heading), *(printable(column.cell(row)) for row in sheet.rows))
    width = max(cell_len(line) for text in texts for line in text.split("\n"))
    return min(width, _MIN_WIDTH) if column.wraps else width


def _table(sheet: Sheet, columns: Sequence[Column], widths: Mapping[int, int], console: Console) -> Table:
    """Neighbours that do not wrap are one column of rich's, which takes as long for each cell as for a row."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", expand=False)
    fits = _needed(widths[id(column)] for column in columns) <= console.width
    blocks = [
        list(block)
        for _, block in groupby(columns, lambda column: None if fits and not column.wraps else id(column))
    ]
    for block in blocks:
        wraps = block[0].wraps
        table.add_column(
            _heading(block, widths),
            justify="right" if len(block) == 1 and block[0].right else "left",
            width=None if wraps else _needed(widths[id(column)] for column in block) - _EDGES,
            no_wrap=not wraps,
            vertical="top",
            overflow="fold",
        )
    for row in sheet.rows:
        table.add_row(
            *(
                _beside(
                    block,
                    [printable(one.cell(row)) for one in block],
                    [one.style(row) for one in block],
                    widths,
                )
                for block in blocks
            )
        )
    return table


def _needed(widths: Iterable[int]) -> int:
    """The width of a table with columns of these widths."""
    each = list(widths)
    return sum(each) + _BETWEEN * (len(each) - 1) + _EDGES


def _heading(block: Sequence[Column], widths: Mapping[int, int]) -> Text:
    """Headings end on the same line."""
    lines = [printable_lines(column.heading).split("\n") for column in block]
    height = max(map(len, lines))
    full = [[""] * (height - len(of_one)) + of_one for of_one in lines]
    return Text("\n").join(
        _beside(block, line, [""] * len(block), widths) for line in zip(*full, strict=True)
    )


def _beside(
    block: Sequence[Column], texts: Sequence[str], styles: Sequence[str], widths: Mapping[int, int]
) -> Text:
    """The texts of a block, each as wide as its column where there are several."""
    if len(block) == 1:
        return Text(texts[0], style=styles[0])
    beside = Text()
    for number, (column, text, style) in enumerate(zip(block, texts, styles, strict=True)):
        rest = " " * (widths[id(column)] - cell_len(text))
        beside.append(" " * _BETWEEN if number else "")
        beside.append(rest if column.right else "")
        beside.append(text, style)
        beside.append("" if column.right else rest)
    return beside


def _one_line(column: Column) -> str:
    return column.heading.replace("-\n", "").replace("\n", " ").lower()
