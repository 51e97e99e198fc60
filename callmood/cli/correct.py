"""`callmood correct`: say what a segment's mood was, for reading and for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def correct(
    call: Annotated[str, typer.Argument(help="A call as in report --call: its id or file name.")],
    at: Annotated[str, typer.Argument(help="A moment of the segment, as reports print it: 0:17 or 1:02:05.")],
    label: Annotated[
        str, typer.Argument(help="angry, calm, disgust, fearful, happy, neutral, sad or surprised.")
    ],
    speaker: Annotated[
        int | None, typer.Option(min=0, help="Whose segment, where two speak at that moment; counted from 0.")
    ] = None,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Correct the mood of one segment.

    The scores stay as they are; callmood train --corpus own=callmood.duckdb learns from all corrections.
    """
    from callmood.reports.ask import find_call
    from callmood.settings import load_settings
    from callmood.store import open_db
    from callmood.store.corrections import correct as store
    from callmood.store.corrections import segment_at

    with open_db(load_settings({"db": db}).db) as con:
        recording_id = find_call(con, call)
        segment = segment_at(con, recording_id, _seconds(at), speaker)
        store(con, recording_id, segment.number, label)
    print(f"{segment.role} at {at}: {label}.")


def _seconds(clock: str) -> float:
    """1:02:05 -> 3725.0"""
    from callmood.errors import UsageError

    try:
        parts = [float(part) for part in clock.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or min(parts) < 0:
        raise UsageError(f"{clock} is no moment of a call; write 0:17 or 1:02:05.")
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))
