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


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is forgotten."""

    recordings: tuple[Recording, ...]
    undated: int = 0
    """With a date: the recordings that stay because nobody knows when their call was."""


def forget(
    calls: str | Sequence[str] = (),
    *,
    before: str | date | None = None,
    db: str | Path | None = None,
    confirm: Callable[[Forgotten], bool] | None = None,
) -> Forgotten:
    """Delete calls with everything derived from them: words, speakers, moods, corrections, facts and path.

    ``calls``: call ids, paths, file names or recording ids. ``before``: instead, all calls that started before that
    day or time. ``confirm`` is asked before anything is deleted. What stays is each recording's hash, so that the next
    scan does not take it for new; ``scan(include_forgotten=True)`` does. The file is written anew, so that nothing is
    left in it; recordings, exports and backups are not touched.

    Raises CallmoodError, and deletes nothing, if there is no such call or the database can't be written.
    """
    names = [calls] if isinstance(calls, str) else list(calls)
    if bool(names) == (before is not None):
        raise UsageError("Give either calls to forget, or a date before which all are forgotten.")
    settings = load_settings({"db": db})
    with store.reading(settings.db) as con:
        undated = 0
        if before is not None:
            ids, undated = store.recordings_before(con, bound(before))
        else:
            found = [store.find_recordings(con, name, absolute_path(as_path(name))) for name in names]
            ids = [recording_id for of_name in found for recording_id in of_name]
        recordings = store.stored_recordings(con, ids)
    chosen = Forgotten(tuple(recordings[one] for one in dict.fromkeys(ids)), undated)
    if not chosen.recordings or (confirm is not None and not confirm(chosen)):
        return Forgotten((), undated)
    _forget(settings, list(recordings))
    return chosen


def forget_older(settings: Settings, since: datetime) -> int:
    """Forget what ``forget`` forgets, of all calls that started before ``since``; returns their number.

    A call that nobody knows the start of counts from the scan that transcribed it. Raises what ``forget`` raises.
    """
    with store.reading(settings.db, wait_s=settings.wait) as con:
        ids = store.recordings_older(con, since)
    if ids:
        _forget(settings, ids)
    return len(ids)


def _forget(settings: Settings, ids: Sequence[str]) -> None:
    with store.one_scan(settings.db, store.READ_WAIT_S):
        store.forget_recordings(settings.db, ids)
        with suppress(CallmoodError):  # without the model the next scan compares
            model_id = content_id(find_bundle(settings.score.model))
            compare_agents(partial(store.writing, settings.db), settings.score.model, model_id)
