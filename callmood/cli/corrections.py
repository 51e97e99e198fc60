"""`callmood corrections`: what people corrected, and how to take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.cli.correct import seconds
from callmood.cli.output import say
from callmood.errors import UsageError
from callmood.wording import clock, counted, shortened

if TYPE_CHECKING:
    from callmood.store.corrections import Correction


def corrections(
    call: Annotated[
        str | None,
        typer.Argument(help="Only of this call: its file name, call id or recording id.", show_default=False),
    ] = None,
    at: Annotated[
        str | None, typer.Argument(help="Only the segment at this time: 0:17 or 1:02:05.", show_default=False)
    ] = None,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Take them back: labels, words and speakers of the model count again."),
    ] = False,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """List the segments whose label, words or speaker were corrected: who corrected what, and when.

    callmood corrections CALL 0:17 --undo takes one back, callmood corrections CALL --undo all of a call.
    """
    import callmood

    at_s = None if at is None else seconds(at)
    if undo:
        if call is None:
            raise UsageError(
                "Name the call whose corrections to take back: callmood corrections CALL --undo."
            )
        found = callmood.undo_corrections(call, at_s, db=db)
        _list(found)
        print(f"{counted(len(found), 'correction was', 'corrections were')} taken back.")
        return
    found = [
        one
        for one in callmood.corrections(call, db=db)
        if at_s is None or int(one.start_s) <= at_s < one.end_s
    ]
    _list(found)
    if not found:
        print("Nothing was corrected. callmood correct CALL 0:17 neutral corrects the segment at 0:17.")


def _list(found: list[Correction]) -> None:
    from callmood.reports.cells import corrected

    for one in found:
        change = "" if one.label is None else f"{one.model_label or 'no label'} -> {one.label}, "
        stale = "" if one.counts else " (not counted: another scan cut this call otherwise)"
        say(
            f"{one.call} {clock(one.start_s)} {one.role}: {change}"
            f"{corrected([one.corrected_by], one.corrected_at)}{stale}: {_words(one)}"
        )


def _words(one: Correction) -> str:
    words = shortened(one.text) or "(no words)"
    if one.model_text is None or one.text == one.model_text:
        return words
    return f"{shortened(one.model_text) or '(no words)'} -> {words}"
