"""Reports for machines: CSV, JSON, Parquet, and Excel workbooks. Columns are named as in ``sql/reports``."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from callmood.errors import CallmoodError, UsageError
from callmood.reports.ask import Report
from callmood.wording import printable

_DECIMALS: Final = 4
_FRAMES: Final = ("call", "quarters", "moments", "calls", "categories", "group_categories")
_SHEET_ROWS: Final = 1_048_576
_CELL_CHARACTERS: Final = 32_767
"""What Excel holds."""
_FORMULA: Final = re.compile(r"[ \u00ad\u200c\u200d\u3000]*[=+\-@\t\n＝＋－＠﹦﹢﹣﹫]")
_NUMBER: Final = re.compile(r"[+-]\d[\d ]*([.,]\d+)?")
"""What a spreadsheet takes for a number, or for text, and does not compute."""


def tables(report: Report) -> dict[str, pl.DataFrame]:
    """The tables of a report by name: "groups", "calls" or "turns", then "moments" and what else belongs to it."""
    kind = report.question.kind
    found = {"groups": report.rows, "calls": report.calls, "moments": report.moments}
    if kind == "calls":
        found = {"calls": report.rows, "moments": report.moments}
    elif kind == "call":
        found = {
            "turns": report.rows,
            "call": report.call,
            "quarters": report.quarters,
            "moments": report.moments,
        }
    found |= {"categories": report.categories, "group_categories": report.group_categories}
    return {name: frame for name, frame in found.items() if frame is not None}


def table_of(report: Report, name: str | None = None) -> pl.DataFrame:
    """One table of a report; by default the calls of one group, otherwise the first. Raises UsageError if it has none
    of that name."""
    found = tables(report)
    if name is None:
        name = "calls" if report.question.of_one and "calls" in found else next(iter(found))
    if name not in found:
        raise UsageError(f'This report has no table "{name}". Use one of: {", ".join(found)}.')
    return found[name]


def to_csv(frame: pl.DataFrame, *, raw: bool = False) -> str:
    """The rows, numbers to four decimals; text in quotes.

    Transcripts and file names come from strangers. A text that a spreadsheet would compute is prefixed with an
    apostrophe (it begins with =, +, - or @, also in full width or after spaces, or with a tab or line break), but not a
    number: +49 170 1234 can be joined with a customer table. What a terminal would act on is escaped. ``raw`` leaves
    all text as it is.
    """
    frame = rounded(flat(frame))
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    if not raw:
        frame = frame.with_columns(
            pl.Series(name, [None if text is None else _guarded(text) for text in frame[name]], pl.String)
            for name in texts
        ).rename({name: _guarded(name) for name in frame.columns})
    return frame.write_csv(quote_style="non_numeric")


def _guarded(text: str) -> str:
    shown = "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown.strip()) else shown


def to_json(report: Report) -> str:
    """One object: ``report``, ``by``, ``overview``, ``rows``, ``notes``, and the frames that belong to the report.

    In ASCII: no terminal acts on it, and no code page spoils it.
    """
    frames = {name: getattr(report, name) for name in _FRAMES}
    document = {
        "report": report.question.kind,
        "by": report.question.by if report.question.kind == "groups" else None,
        "overview": {name: _rounded_value(value) for name, value in report.overview.items()},
        "rows": rounded(report.rows).to_dicts(),
        **{name: rounded(frame).to_dicts() for name, frame in frames.items() if frame is not None},
        "notes": list(report.notes),
    }
    return json.dumps(document, default=_json_default, indent=2) + "\n"


def as_json(frame: pl.DataFrame) -> str:
    """A list of objects, one row a line, numbers to four decimals.

    In ASCII: no terminal acts on it, and no code page spoils it.
    """
    finite = rounded(flat(frame)).with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name))  # JSON has no other numbers
        for name, dtype in frame.schema.items()
        if dtype.is_float()
    )
    rows = (json.dumps(row, default=_json_default) for row in finite.iter_rows(named=True))
    return "[\n" + ",\n".join(rows) + "\n]\n"


def to_parquet(frame: pl.DataFrame) -> bytes:
    """The rows, with all decimals."""
    buffer = io.BytesIO()
    flat(frame).write_parquet(buffer)
    return buffer.getvalue()


def to_xlsx(report: Report) -> bytes:
    """A workbook with a sheet for each table of the report, as ``workbook`` makes it."""
    return workbook(tables(report))


def workbook(frames: Mapping[str, pl.DataFrame]) -> bytes:
    """An Excel workbook with a sheet for each frame: numbers and dates are such in any country, text is never computed.

    Raises CallmoodError for more rows than a sheet holds.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    safe = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "nan_inf_to_errors": True, **safe}) as book:
        for name, frame in frames.items():
            if frame.height >= _SHEET_ROWS:
                raise CallmoodError(
                    f"{frame.height:,} rows of {name} are more than a sheet holds ({_SHEET_ROWS - 1:,}). Write CSV or "
                    "Parquet, or fewer of them."
                )
            rounded(flat(frame)).with_columns(pl.col(pl.String).str.slice(0, _CELL_CHARACTERS)).write_excel(
                book,
                name.replace("_", " ").capitalize(),
                autofit=True,
                freeze_panes=(1, 0),
                table_style="Table Style Light 1",
            )
    return buffer.getvalue()


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its lists of sentences joined to text, and what no column type fits as JSON."""
    return frame.with_columns(
        pl.col(name).list.join("; ")
        if isinstance(dtype, pl.List)
        else pl.Series(
            name, [None if value is None else json.dumps(value, default=str) for value in frame[name]]
        )
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.List | pl.Object | pl.Struct)
    )


def rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with numbers to four decimals."""
    return frame.with_columns(
        pl.col(name).round(_DECIMALS) for name, dtype in frame.schema.items() if dtype.is_float()
    )


def _rounded_value(value: Any) -> Any:
    return round(value, _DECIMALS) if isinstance(value, float) else value


def _json_default(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
