"""`callmood rebuild`: work out again what reports read of each call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def rebuild(
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Work out again what reports read of each call, from what was heard in it.

    callmood keeps it up to date by itself. Only after another program has changed the tables must it be rebuilt.
    """
    import callmood
    from callmood.wording import counted

    print(f"{counted(callmood.rebuild(db=db), 'call')} rebuilt.")
