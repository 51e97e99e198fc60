"""`callmood correct`: correct the label of a segment, for reports and training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callmood.errors import UsageError


def correct(
    call: Annotated[str, typer.Argument(help="The call: its call id, file name or recording id.")],
    at: Annotated[str, typer.Argument(help="A time in the segment, as reports print it: 0:17 or 1:02:05.")],
    label: Annotated[
        str, typer.Argument(help="angry, calm, disgust, fearful, happy, neutral, sad or surprised.")
    ],
    speaker: Annotated[
        int | None,
        typer.Option(min=0, help="Whose segment, if several people speak at that time; counted from 0."),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who corrects it (default: the user who is logged in).")
    ] = None,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Correct the mood of one segment.

    Reports count the corrected label, and say who gave it and when; the scores stay as they are. callmood corrections
    lists what was corrected and takes it back. callmood train --corpus own=callmood.duckdb learns
    from all corrections.
    """
    import callmood

    segment = callmood.correct(call, seconds(at), label, speaker=speaker, by=by, db=db)
    print(f"{segment.role} at {at}: {label}.")


def seconds(clock: str) -> float:
    """The seconds of a time as reports print it: 3725.0 for 1:02:05. Raises UsageError for other text."""
    try:
        parts = [float(part) for part in clock.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or min(parts) < 0:
        raise UsageError(f"'{clock}' is not a time. Use 0:17 or 1:02:05.")
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))
