"""`callmood archive`: move old calls from the database into a folder of Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callmood.wording import counted, printable


def archive(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the archive, which may be new.", show_default=False)
    ],
    before: Annotated[
        str, typer.Option(metavar="DATE", help="Move all calls that started before this day or time.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Move old calls from the database into an archive: callmood archive years --before 2026-01-01.

    The archive is a folder of Parquet files by month. callmood report, find, topics, sql and export read it and the
    database as one: --db callmood.duckdb --db years. Archived calls can be forgotten, but not corrected, categorized or
    scored again any more, so vectors that scan --keep-vectors kept of them are deleted. If it is interrupted, run it
    again.
    """
    import callmood

    asked: list[int] = []

    def confirmed(calls: int) -> bool:
        asked.append(calls)
        moving = f"Move {counted(calls, 'call')} into {printable(str(folder))}?"
        return yes or typer.confirm(f"{moving} They can't be corrected or scored again there.")

    done = callmood.archive(folder, before=before, db=db, confirm=confirmed)
    if not asked:
        print("No calls started before that.")
        return
    if not done.moved:
        print("Nothing was moved.")
        raise typer.Exit(1)
    print(
        f"{counted(done.moved, 'call')} moved. {printable(str(folder))}: {counted(done.calls, 'call')} of "
        f"{counted(len(done.months), 'month')}, {done.size_bytes / 1e6:,.1f} MB."
    )
