"""Reports for machines: CSV, JSON, Parquet. Columns are named as in ``sql/reports``."""

import io
import json
from typing import Any

import polars as pl

from callmood.reports.ask import Report

_DECIMALS = 4


def to_csv(report: Report) -> str:
    """The rows, numbers to four decimals.

    A text cell that a spreadsheet would read as a formula (it begins with =, +, -, @, a tab or a line
    break) is prefixed with an apostrophe, because transcripts and file names come from strangers. JSON and
    Parquet leave it as it is.
    """
    frame = _rounded(_lists_joined(report.rows))
    frame = frame.with_columns(
        pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r\n]"))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in frame.schema.items()
        if dtype == pl.String
    )
    return frame.write_csv()


def to_json(report: Report) -> str:
    """One object: ``report``, ``by``, ``overview``, ``rows``, ``notes``, and the frames that belong to the report."""
    frames = {name: getattr(report, name) for name in ("call", "quarters", "moments", "calls")}
    document = {
        "report": report.question.kind,
        "by": report.question.by if report.question.kind == "groups" else None,
        "overview": {name: _rounded_value(value) for name, value in report.overview.items()},
        "rows": _rounded(report.rows).to_dicts(),
        **{name: _rounded(frame).to_dicts() for name, frame in frames.items() if frame is not None},
        "notes": list(report.notes),
    }
    return json.dumps(document, default=_json_default, ensure_ascii=False, indent=2) + "\n"


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
