"""`callmood redact`: take what is secret out of calls that are stored already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callmood.cli.find import tell
from callmood.wording import counted


def redact(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Take card and account numbers, addresses, names and the like out of all stored calls, for good.

    It is what scan --redact leaves out of new calls. Words and corrections are replaced, and the database is written
    anew, so that nothing is left in it. It can't be undone. Recordings, file names, metadata, exports and backups are
    not touched.
    """
    import callmood

    found = 0

    def confirmed(calls: int) -> bool:
        nonlocal found
        found = calls
        print(f"{counted(calls, 'call is', 'calls are')} stored as said.")
        return yes or typer.confirm("Take out what is secret, for good?")

    def told(done: int, calls: int) -> None:
        tell(f"Calls redacted: {done:,} of {calls:,} ...", done)

    done = callmood.redact(db=db, confirm=confirmed, progress=told)
    if not found:
        print("All stored calls are redacted.")
    elif not done:
        print("Nothing was changed.")
        raise typer.Exit(1)
    else:
        print(
            f"{counted(done, 'call was', 'calls were')} redacted. Use scan --redact, so that new ones are, too."
        )
