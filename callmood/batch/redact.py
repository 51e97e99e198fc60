"""What is secret taken out of calls that are stored already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from callmood import store
from callmood.search.categorize import categorize
from callmood.search.vectors import fill_in
from callmood.settings import load_settings
from callmood.store.forget import written_anew
from callmood.store.redact import calls_as_said, redact_call

_CALLS_AT_ONCE: Final = 100
"""Calls between which others can read the database."""


def redact(
    *,
    db: str | Path | None = None,
    confirm: Callable[[int], bool] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Take what is secret out of the calls that are stored as they were said, and return the number of these calls.

    It is what ``scan(redact=True)`` leaves out of new calls: card numbers, names and the like, in words, announcements
    and corrections. It can't be undone: the file is written anew, so that nothing is left in it. Moods stay as they
    are; vectors and categories follow. ``confirm`` is asked before, with the number of calls; ``progress`` is told how
    many of them are done. If it is interrupted, run it again.

    Raises CallmoodError if the database can't be written, BusyError if others use it.
    """
    settings = load_settings({"db": db})
    with store.reading(settings.db) as con:
        calls = calls_as_said(con)
    if not calls or (confirm is not None and not confirm(len(calls))):
        return 0
    with store.one_scan(settings.db, store.READ_WAIT_S):
        for start in range(0, len(calls), _CALLS_AT_ONCE):
            if progress is not None:
                progress(start, len(calls))
            with store.writing(settings.db) as con:
                for recording_id in calls[start : start + _CALLS_AT_ONCE]:
                    redact_call(con, recording_id)
        # only then nothing is left of them
        with written_anew(settings.db) as con:
            con.execute(
                "UPDATE new.main.recording SET redacted = true WHERE id IN (SELECT unnest($ids::VARCHAR[]))",
                {"ids": calls},
            )
        fill_in(settings.db)
        categorize(settings.db)
    return len(calls)
