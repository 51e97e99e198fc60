"""Calls moved out of the database into an archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from callmood import store
from callmood.reports.period import bound
from callmood.search.vectors import fill_in
from callmood.settings import load_settings


@dataclass(frozen=True, slots=True)
class Archived:
    """What was moved into an archive, and what the archive holds now."""

    moved: int
    """Number of calls."""
    calls: int
    months: tuple[str, ...]
    """Such as "2025-03"."""
    size_bytes: int


def archive(
    folder: str | Path,
    *,
    before: str | date,
    db: str | Path | None = None,
    confirm: Callable[[int], bool] | None = None,
) -> Archived:
    """Move calls that started before a day or time from the database into an archive: a folder of Parquet files.

    All that is stored of a call goes with it, but for vectors that were kept to score it again, which are deleted. A
    call whose start is not known counts from its scan. ``confirm`` is asked before, with the number of calls. What was
    written is read back before the database, which is written anew, is without it. If it is interrupted, run it again:
    no call is lost, and none counts twice. Give both to ``callmood.open`` to read them as one. What stays in the
    database is each recording's hash, so that no scan takes it for new, and how agents sounded, which their later calls
    are compared with.

    Raises CallmoodError, and moves nothing, if the archive belongs to another database, or one of the two can't be
    written; UsageError for an encrypted database.
    """
    target = Path(folder)
    path = load_settings({"db": db}).db
    moment = bound(before)
    store.require_plain()
    with store.one_scan(path, store.READ_WAIT_S):
        with store.reading(path) as con:
            ids = store.calls_older(con, moment)
        if not ids or (confirm is not None and not confirm(len(ids))):
            return _told(store.read_archive(target) if store.is_archive(target) else store.Archive(target), 0)
        fill_in(path)  # in an archive nothing is made searchable any more
        with store.writing_archive(target, store.READ_WAIT_S, create=True) as found:
            return _told(store.move(path, found, ids), len(ids))


def _told(found: store.Archive, moved: int) -> Archived:
    months = tuple(sorted({part.month for part in found.parts}))
    return Archived(moved, found.calls, months, found.size_bytes)
