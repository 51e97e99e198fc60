"""`callmood forget`: delete calls with everything derived from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.wording import counted, printable

if TYPE_CHECKING:
    from callmood.batch.forget import Forgotten

_SHOWN = 5
"""Recordings named before they are forgotten."""


def forget(
    calls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CALL...", help="Calls: call ids, paths, file names or recording ids.", show_default=False
        ),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Instead: all calls that started before this day or time."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    db: Annotated[
        list[Path] | None,
        typer.Option(help="A DuckDB file or an archive; repeatable (default: callmood.duckdb)."),
    ] = None,
) -> None:
    """Delete calls with everything derived from them.

    Words, speakers, moods, corrections, facts and paths are deleted from the database, which is written anew, and from
    the archives that its calls were moved into. What stays is a hash of each recording, so that the next scan skips it;
    scan --include-forgotten takes it again.
    Recordings, exports and backups are not touched.
    """
    import callmood

    found: list[Forgotten] = []

    def confirmed(chosen: Forgotten) -> bool:
        found.append(chosen)
        _name(chosen)
        return yes or typer.confirm(f"Forget {counted(len(chosen.recordings), 'recording')}?")

    done = callmood.forget(calls or [], before=before, db=db, confirm=confirmed)
    if done.undated:
        print(
            counted(done.undated, "recording stays", "recordings stay")
            + ", because the start of the call is not known: name those to forget."
        )
    for folder in done.missing:
        print(
            f"{printable(str(folder))} is not there: if it holds such calls, they stay. Forget them when it is back, "
            "or name its folder with another --db."
        )
    if not found:
        print("No calls started before that.")
    elif not done.recordings:
        print("Nothing was forgotten.")
        raise typer.Exit(1)
    else:
        _tell(done)


def _name(chosen: Forgotten) -> None:
    for recording in chosen.recordings[:_SHOWN]:
        print(f"  {printable(str(recording.path))}")
    if len(chosen.recordings) > _SHOWN:
        print(f"  and {len(chosen.recordings) - _SHOWN:,} more")


def _tell(done: Forgotten) -> None:
    count = len(done.recordings)
    print(
        f"{counted(count, 'recording was', 'recordings were')} forgotten, with all that was derived from them."
    )
    on_disk = sum(recording.path.exists() for recording in done.recordings)
    if on_disk:
        print(
            counted(on_disk, "file is", "files are")
            + " still on disk. Scans skip them; scan --include-forgotten takes them again."
        )
