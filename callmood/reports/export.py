"""Reports for machines: CSV, JSON, Parquet. Columns are named as in ``sql/reports``."""

import io
import json
import re
from typing import Any, Final

import polars as pl

from callmood.reports.ask import Report
from callmood.wording import printable

_DECIMALS: Final = 4
_FORMULA: Final = re.compile(r"[ \u00ad\u200c\u200d\u3000]*[=+\-@\t\n＝＋－＠﹦﹢﹣﹫]")
_NUMBER: Final = re.compile(r"[+-]\d[\d ]*([.,]\d+)?")
"""What a spreadsheet takes for a number, or for text, and does not compute."""


def to_csv(report: Report, *, raw: bool = False) -> str:
    """The rows, numbers to four decimals; text in quotes.

    Transcripts and file names come from strangers. A text that a spreadsheet would compute is prefixed with an
    apostrophe (it begins with =, +, - or @, also in full width or after spaces, or with a tab or line break), but not a
    number: +49 170 1234 can be joined with a customer table. What a terminal would act on is escaped. ``raw`` leaves
    all text as it is.
    """
    frame = _rounded(_lists_joined(report.rows))
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
    frames = {name: getattr(report, name) for name in ("call", "quarters", "moments", "calls")}
    document = {
        "report": report.question.kind,
        "by": report.question.by if report.question.kind == "groups" else None,
        "overview": {name: _rounded_value(value) for name, value in report.overview.items()},
        "rows": _rounded(report.rows).to_dicts(),
        **{name: _rounded(frame).to_dicts() for name, frame in frames.items() if frame is not None},
        "notes": list(report.notes),
    }
    return json.dumps(document, default=_json_default, indent=2) + "\n"


def to_parquet(report: Report) -> bytes:
    """The rows, with all decimals."""
    buffer = io.BytesIO()
    _lists_joined(report.rows).write_parquet(buffer)
    return buffer.getvalue()


def _lists_joined(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its lists of sentences joined to text."""
    return frame.with_columns(
        pl.col(name).list.join("; ") for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)
    )


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(name).round(_DECIMALS) for name, dtype in frame.schema.items() if dtype.is_float()
    )


def _rounded_value(value: Any) -> Any:
    return round(value, _DECIMALS) if isinstance(value, float) else value


def _json_default(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
