"""What a watch tells those who look after it: a log, a health file, and systemd. None of it holds a transcript.

A log names recordings by their ids: the names of files often hold telephone numbers, and logs are kept and sent around
where the database is not.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

from callmood.batch.summary import Summary
from callmood.batch.watch import Began, Doubted, Ended, Event, Forgot, Looked, Trouble
from callmood.call import Call, Failure, Recording
from callmood.errors import CallmoodError
from callmood.wording import counted, length, printable
from callmood.writing import write_whole

LOG_BYTES: Final = 10 * 10**6
"""At which a log becomes ``FILE.1``."""
OLD_LOGS: Final = 5
ID_LENGTH: Final = 12
"""Characters of a recording's id in a log: enough to find it in the database."""
HEALTH_EVERY_S: Final = 5.0
"""How often a health file is written at most while recordings are stored."""


class Log:
    """Lines on what happens: the time, the level, and a sentence in which recordings have ids."""

    def __init__(self, handler: logging.Handler, *, names: bool = False) -> None:
        """``names``: paths beside the ids."""
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z")
        )
        self._handler = handler
        self._names = names
        self._missing: tuple[Path, ...] = ()

    def tell(self, event: Event) -> None:
        """Write what is worth a line of ``event``."""
        match event:
            case Looked(missing=missing):
                for path in missing:
                    if path not in self._missing:
                        self.line(logging.WARNING, f"{path} is not there. It is looked for again.")
                for path in self._missing:
                    if path not in missing:
                        self.line(logging.INFO, f"{path} is there again.")
                self._missing = missing
            case Began(summary):
                if summary.total:
                    self.line(logging.INFO, f"{counted(summary.total, 'recording')} to scan")
            case Failure():
                changed = "changed while it was scanned, and is tried again"
                why = changed if event.is_passing else f"failed: {event.reason}"
                level = logging.INFO if event.is_passing else logging.WARNING
                self.line(level, f"{self._named(event.recording, event.path)} {why}")
            case Ended(summary):
                if summary.total or summary.failures:
                    self.line(logging.INFO, _round(summary))
            case Forgot(count):
                self.line(
                    logging.INFO, f"{counted(count, 'recording')} forgotten, which are older than is kept"
                )
            case Doubted(why):
                self.line(logging.WARNING, why)
            case Trouble(error, again_in_s):
                self.line(logging.ERROR, f"{error} Tried again in {length(again_in_s)}.")
            case _:
                self.line(logging.INFO, f"{self._named(event.recording)} scanned: {_counts(event)}")

    def line(self, level: int, text: str) -> None:
        """Write one line."""
        record = logging.LogRecord("callmood.watch", level, "", 0, printable(text), None, None)
        self._handler.handle(record)

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

    def _named(self, recording: Recording | None, path: Path | None = None) -> str:
        path = recording.path if recording else path
        named = recording.id[:ID_LENGTH] if recording else "a file or folder"
        return f"{named} ({path})" if self._names else named


def log_to(path: Path) -> logging.Handler:
    """A log in a file for its owner only, which is followed by a new one when it is large.

    Raises CallmoodError if it can't be written.
    """
    try:
        path.touch(mode=0o600)
        return _PrivateLog(path, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8")
    except OSError as error:
        raise CallmoodError(
            f"The log {path} can't be written ({error.strerror}). Choose another file with --log."
        ) from None


class _PrivateLog(RotatingFileHandler):
    def _open(self) -> Any:
        Path(self.baseFilename).touch(mode=0o600)
        return super()._open()

    def handleError(self, _: logging.LogRecord) -> None:
        """A full disk must not end a watch."""


def _round(summary: Summary) -> str:
    failed = f", {summary.failed:,} failed" if summary.failed else ""
    return (
        f"{counted(summary.done, 'recording')} scanned{failed}: {length(summary.audio_s)} of audio in "
        f"{length(summary.wall_s)}"
    )


def _counts(call: Any) -> str:
    segments = f", {counted(len(call.segments), 'segment')}" if isinstance(call, Call) else ""
    warnings = f", {counted(len(call.warnings), 'warning')}" if call.warnings else ""
    return f"{length(call.duration_s)} of audio{segments}{warnings}"


class Health:
    """A file of JSON for monitoring, replaced as a whole: when the watch was alive last, and what it does.

    ``at`` is the time of writing (UTC), ``state`` one of starting, idle, settling, missing, scanning, failing and
    stopped; ``files`` are those in the folders. The counts begin when the watch does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0.0
        self._values: dict[str, Any] = {
            "at": "",
            "state": "starting",
            "pid": os.getpid(),
            "files": 0,
            "settling": 0,
            "missing": [],
            "rounds": 0,
            "last_round": None,
            "scanned": 0,
            "audio_s": 0.0,
            "forgotten": 0,
            "failed": 0,
            "failures": Counter(),
            "last_error": None,
            "last_error_at": None,
        }
        try:
            self._write()
        except OSError as error:
            raise CallmoodError(
                f"The health file {path} can't be written ({error.strerror}). Choose another one with --health."
            ) from None

    def tell(self, event: Event) -> None:
        """Write what ``event`` changes. A file that can't be written stays as it is, and so gets old."""
        values = self._values
        match event:
            case Looked(files, state, settling, missing):
                values |= {"files": files, "settling": settling, "missing": [str(path) for path in missing]}
                if state != "new":
                    values["state"] = state
            case Began():
                values["state"] = "scanning"
            case Failure():
                if not event.is_passing:
                    values["failed"] += 1
                    values["failures"][event.reason] += 1
            case Ended():
                values |= {"state": "idle", "rounds": values["rounds"] + 1, "last_round": _now()}
            case Forgot(count):
                values["forgotten"] += count
            case Doubted(why):
                values |= {"last_error": why, "last_error_at": _now()}
            case Trouble(error):
                values |= {"state": "failing", "last_error": error, "last_error_at": _now()}
            case _:
                values["scanned"] += 1
                values["audio_s"] = round(values["audio_s"] + event.duration_s, 2)
        if isinstance(event, Looked | Began | Ended | Trouble) or self._is_due():
            with suppress(OSError):
                self._write()

    def stopped(self) -> None:
        """The last one."""
        self._values["state"] = "stopped"
        with suppress(OSError):
            self._write()

    def _is_due(self) -> bool:
        return time.monotonic() - self._written >= HEALTH_EVERY_S

    def _write(self) -> None:
        self._values["at"] = _now()
        write_whole(self._path, (json.dumps(self._values, indent=1) + "\n").encode())
        self._written = time.monotonic()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def notify(state: str) -> None:
    """Tell systemd ``READY=1`` or the like, where it has started this process and wants to know."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
