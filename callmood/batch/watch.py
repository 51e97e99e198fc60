"""Scans again and again, each time that a folder holds what is new and has settled.

Folders are looked at, file by file, and not watched by the system's events: of what another machine writes to a network
drive no event tells. What was done is known from the database alone, so that a watch goes on where another was stopped.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal, TypeAlias

from callmood import store
from callmood.batch.forget import forget_older
from callmood.batch.plan import Again, Watched, checked_model_id
from callmood.batch.run import run
from callmood.batch.summary import Summary
from callmood.call import Outcome
from callmood.engine.local import require_startable
from callmood.errors import BusyError, CallmoodError
from callmood.pipeline.intake.discover import State, look
from callmood.pipeline.intake.times import time_zone
from callmood.remote import RemotePath
from callmood.settings import DiscoverSettings, Settings
from callmood.signals import was_stopped

LOOKING_SHARE: Final = 0.05
"""The share of its time that a watch looks at folders at most: in large ones it looks less often."""
LONGEST_PAUSE_S: Final = 900.0
"""Between two tries, where one after the other fails."""
UNREADABLE_AGAIN_S: Final = 3600.0
"""After which files are tried again that could not be read: a drive may have been at fault, which no file shows."""

LONGEST_BREAK_DAYS: Final = 30
"""Without a call, after which the clock is doubted rather than calls are forgotten by it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The folders were looked at."""

    files: int
    """Number of recordings that lie there."""
    state: Literal["idle", "settling", "new", "missing"]
    """Nothing is new, files are still being written, a round begins, or a folder is not there."""
    settling: int = 0
    """Number of files that are still being written."""
    missing: tuple[Path, ...] = ()
    """The folders and files to watch that are not there."""


@dataclass(frozen=True, slots=True)
class Began:
    """A round began."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Ended:
    """A round ended."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Forgot:
    """Old recordings were forgotten."""

    count: int


@dataclass(frozen=True, slots=True)
class Doubted:
    """Nothing was forgotten, because this machine's clock may be wrong."""

    why: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A round failed as a whole and will be tried again."""

    error: str
    again_in_s: float


Event: TypeAlias = Looked | Began | Outcome | Ended | Forgot | Doubted | Trouble


def watch(
    paths: Sequence[Path], settings: Settings, *, every_s: float, keep_days: int | None = None
) -> Generator[Event, None, None]:
    """Looks at ``paths`` every ``every_s`` seconds, scans what is new, and never ends by itself.

    Files wait until they have not changed for ``settings.discover.quiet_for`` seconds between two looks, whatever their
    times say. A path that is not there is looked for again, and nothing becomes of the calls that it held. With
    ``keep_days`` the calls of the last days are kept, today included; older ones are forgotten and not scanned.

    What keeps a round from being done (a database in use, a full disk) is told and tried again, after a pause that
    doubles. Raises CallmoodError if it keeps the first one from being done, except for BusyError.
    """
    _check(settings)
    known = Watched()
    folders = _Folders(paths, settings.discover)
    kept = _Kept(settings, keep_days)
    troubles, worked = 0, False
    while True:
        begun = monotonic()
        found = folders.look()
        looked_s = monotonic() - begun
        yield found
        try:
            yield from kept.forget_older()
            known.since = None if kept.is_clock_doubted else kept.since()
            if found.state == "new":
                known.unsettled = folders.unsettled
                yield from _round(folders, settings, known)
                kept.calls_came()
            troubles, worked = 0, True
            pause_s = folders.pause_s(every_s)
        except (CallmoodError, OSError) as error:
            if was_stopped():  # it came of that
                raise KeyboardInterrupt from None
            if not worked and not isinstance(error, BusyError):
                raise
            pause_s = min(every_s * 2 ** min(troubles, 16), LONGEST_PAUSE_S)
            troubles += 1
            yield Trouble(str(error), pause_s)
        sleep(max(pause_s, looked_s / LOOKING_SHARE))


def _check(settings: Settings) -> None:
    """Raises CallmoodError for what would keep every round from being done."""
    require_startable()
    checked_model_id(settings, Again())
    store.require_database_file(settings.db)


def _round(folders: _Folders, settings: Settings, known: Watched) -> Iterator[Event]:
    summary = None
    with closing(run(folders.there, settings, Again(), known)) as steps:
        for step in steps:
            if summary is None:
                yield Began(step.summary)
            summary = step.summary
            if step.outcome is not None:
                yield step.outcome
    if summary is not None:
        folders.done(any_unreadable=summary.unreadable > 0)
        yield Ended(summary)


def _is_there(path: Path) -> bool:
    if not isinstance(path, RemotePath):
        return os.path.lexists(path)
    try:
        return path.exists()
    except OSError:  # nobody answers
        return False


class _Folders:
    """What lies in the folders, and which of it no round has seen."""

    def __init__(self, paths: Sequence[Path], settings: DiscoverSettings) -> None:
        self._paths = paths
        self._quiet_for_s = settings.quiet_for
        self._table = settings.metadata
        self._now: dict[Path, State] = {}
        self._looked_at = 0.0
        self._done: dict[Path, State] = {}
        """The files of the last round, as it found them."""
        self._changed: dict[Path, tuple[State, float]] = {}
        """Those that no round has seen so, each with its state and since when it has that."""
        self._again_at: float | None = None
        self.there: list[Path] = []
        """The paths that hold files."""

    def look(self) -> Looked:
        """Look at all files once."""
        found = {path: look([path]) for path in self._paths}
        self.there = [path for path, files in found.items() if files]
        missing = tuple(path for path, files in found.items() if not (files or _is_there(path)))
        self._now = {path: state for files in found.values() for path, state in files.items()}
        count = len(self._now)
        if self._table is not None:  # a new one may tell more of calls that are stored
            self._now |= look([self._table])
        self._looked_at = monotonic()
        if self._again_at is not None and self._looked_at >= self._again_at:
            self._done, self._again_at = {}, None
        before = self._changed
        self._changed = {
            path: before[path] if path in before and before[path][0] == state else (state, self._looked_at)
            for path, state in self._now.items()
            if self._done.get(path) != state
        }
        settling = len(self.unsettled)
        if self.there and len(self._changed) > settling:
            return Looked(count, "new", settling, missing)
        return Looked(count, "missing" if missing else "settling" if settling else "idle", settling, missing)

    @property
    def unsettled(self) -> frozenset[Path]:
        """The files that had not kept their state for long enough when they were looked at last."""
        return frozenset(
            path for path, (_, since) in self._changed.items() if since > self._looked_at - self._quiet_for_s
        )

    def pause_s(self, every_s: float) -> float:
        """Until the next look: files that are being written may settle before its time."""
        return min(every_s, max(self._quiet_for_s, 1.0)) if self._changed else every_s

    def done(self, *, any_unreadable: bool) -> None:
        """A round has seen what the last look has found."""
        unsettled = self.unsettled
        self._done = {path: state for path, state in self._now.items() if path not in unsettled}
        self._changed = {path: since for path, since in self._changed.items() if path in unsettled}
        self._again_at = monotonic() + UNREADABLE_AGAIN_S if any_unreadable else None


class _Kept:
    """How long calls are kept."""

    def __init__(self, settings: Settings, days: int | None) -> None:
        self._settings = settings
        self._days = days
        self._zone = time_zone(settings.discover.timezone)
        self._forgotten_on: datetime | None = None
        self._doubted_on: datetime | None = None
        self._look_again = True

    @property
    def is_clock_doubted(self) -> bool:
        """Whether it may be wrong what day it is."""
        return self._doubted_on is not None

    def since(self) -> datetime | None:
        """The start of the first day whose calls are kept; None if all are."""
        return None if self._days is None else self._today() - timedelta(days=self._days - 1)

    def calls_came(self) -> None:
        """A round was done: newer calls may show that the clock is right."""
        self._look_again = True

    def forget_older(self) -> Iterator[Forgot | Doubted]:
        """Forget what is older, once a day: the database is written anew for it."""
        since = self.since()
        if (
            since is None
            or since == self._forgotten_on
            or (since == self._doubted_on and not self._look_again)
        ):
            return
        self._look_again = False
        count = 0
        if store.may_exist(self._settings.db):
            if why := self._doubt(since):
                is_news, self._doubted_on = since != self._doubted_on, since
                if is_news:
                    yield Doubted(why)
                return
            count = forget_older(self._settings, since)
        self._forgotten_on, self._doubted_on = since, None
        if count:
            yield Forgot(count)

    def _today(self) -> datetime:
        return datetime.now(self._zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)

    def _doubt(self, since: datetime) -> str | None:
        """Why the clock may be ahead, so that calls would be forgotten too early; None if nothing speaks for it.

        A day that follows the one before, while this runs, is not in doubt. One that comes by a start or a jump is
        where the newest call is long ago by it, or where no call would be left.
        """
        if self._forgotten_on is not None and timedelta(0) < since - self._forgotten_on <= timedelta(days=1):
            return None
        today = self._today()
        with store.reading(self._settings.db, wait_s=self._settings.wait) as con:
            newest = store.newest_call(con, today + timedelta(days=1))
        if newest is None or newest >= max(since, today - timedelta(days=LONGEST_BREAK_DAYS)):
            return None
        return (
            f"No call is forgotten: by this machine's clock it is {today:%Y-%m-%d}, and the newest call that is stored "
            f"is of {newest:%Y-%m-%d}. If the clock is right, run callmood forget --before {since:%Y-%m-%d}, or wait "
            "for newer calls."
        )
