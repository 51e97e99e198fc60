"""Calls forgotten on request, and agents compared again with the calls that are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from callmood import store
from callmood.batch.agent_voices import compare_agents
from callmood.call import Recording
from callmood.errors import CallmoodError, UsageError
from callmood.model.bundle import content_id, find_bundle
from callmood.pipeline.intake.discover import absolute_path
from callmood.remote import as_path
from callmood.reports.period import bound
from callmood.settings import Settings, load_settings
from callmood.store import Db


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is forgotten."""

    recordings: tuple[Recording, ...]
    undated: int = 0
    """With a date: the recordings that stay because nobody knows when their call was."""
    missing: tuple[Path, ...] = ()
    """Archives that calls of the database were moved into, and that are not there any more: their calls stay."""


def forget(
    calls: str | Sequence[str] = (),
    *,
    before: str | date | None = None,
    db: Db = None,
    confirm: Callable[[Forgotten], bool] | None = None,
) -> Forgotten:
    """Delete calls with everything derived from them: words, speakers, moods, corrections, facts and path.

    ``calls``: call ids, paths, file names or recording ids. ``before``: instead, all calls that started before that
    day or time. ``db``: a database, an archive or several of them; the archives that calls of a database were moved
    into are searched too. ``confirm`` is asked before anything is deleted. What stays is each recording's hash, so that
    the next scan does not take it for new; ``scan(include_forgotten=True)`` does. The file is written anew, and those
    of the months in an archive, so that nothing is left in it; recordings, exports and backups are not touched.

    Raises CallmoodError, and deletes nothing, if there is no such call or the database can't be written.
    """
    names = [calls] if isinstance(calls, str) else list(calls)
    if bool(names) == (before is not None):
        raise UsageError("Give either calls to forget, or a date before which all are forgotten.")
    places = _places(store.sources(db))
    with store.reading_sources(places.readable) as con:
        undated = 0
        if before is not None:
            ids, undated = store.recordings_before(con, bound(before))
        else:
            found = [store.find_recordings(con, name, absolute_path(as_path(name))) for name in names]
            ids = [recording_id for of_name in found for recording_id in of_name]
        recordings = store.stored_recordings(con, ids)
    chosen = Forgotten(tuple(recordings[one] for one in dict.fromkeys(ids)), undated, places.missing)
    if not chosen.recordings or (confirm is not None and not confirm(chosen)):
        return Forgotten((), undated, places.missing)
    _forget(places, chosen.recordings)
    return chosen


def forget_older(settings: Settings, since: datetime) -> int:
    """Forget what ``forget`` forgets, of all calls that started before ``since``; returns their number.

    A call that nobody knows the start of counts from the scan that transcribed it. Raises what ``forget`` raises.
    """
    places = _places([settings.db], settings.wait)
    with store.reading_sources(places.readable, wait_s=settings.wait) as con:
        recordings = store.stored_recordings(con, store.recordings_older(con, since))
    if recordings:
        _forget(places, tuple(recordings.values()))
    return len(recordings)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where calls may be."""

    databases: tuple[Path, ...]
    archives: tuple[Path, ...]
    missing: tuple[Path, ...]

    @property
    def readable(self) -> tuple[Path, ...]:
        return *self.databases, *self.archives


def _places(paths: Sequence[Path], wait_s: float = store.READ_WAIT_S) -> _Places:
    """These databases and archives, and the archives that calls of the databases were moved into."""
    databases = store.databases(paths)
    archives = {path.absolute(): path for path in paths if path not in databases}
    missing = []
    for path in databases:
        with store.reading(path, wait_s=wait_s) as con:
            for folder in store.archives_of(con):
                if store.is_archive(folder):
                    archives.setdefault(folder, folder)
                else:
                    missing.append(folder)
    return _Places(tuple(databases), tuple(archives.values()), tuple(missing))


def _forget(places: _Places, recordings: Sequence[Recording]) -> None:
    """First in the databases: as long as an archive holds a call, it can be named again if this is interrupted."""
    ids = [recording.id for recording in recordings]
    files = [file for recording in recordings for file in recording.files]
    for path in places.databases:
        with store.one_scan(path, store.READ_WAIT_S):
            store.forget_recordings(path, ids, files)
            with suppress(CallmoodError):  # without the model the next scan compares
                model = load_settings({"db": path}).score.model
                compare_agents(partial(store.writing, path), model, content_id(find_bundle(model)))
    for folder in places.archives:
        with store.writing_archive(folder, store.READ_WAIT_S) as archive:
            store.forget_archived(archive, ids)
