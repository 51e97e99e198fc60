"""Opening a recording, and the error for a file without usable sound."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from callmood.errors import CallmoodError
from callmood.wording import printable

Reason = Literal[
    "missing",
    "no permission",
    "empty file",
    "not audio",
    "no audio stream",
    "no audio",
    "damaged",
    "too short",
    "too long",
]


class UnreadableRecording(CallmoodError):
    """A file without usable sound. ``reason`` is the kind of failure, by which failures are counted."""

    def __init__(self, path: Path, reason: Reason, what: str) -> None:
        super().__init__(f"{printable(path.name)} {what}.")
        self.path = path
        self.reason: Reason = reason
        self._what = what

    def __reduce__(self) -> tuple[type[UnreadableRecording], tuple[Path, Reason, str]]:
        return type(self), (self.path, self.reason, self._what)  # pickles it between worker processes


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """``path`` open for reading. Raises UnreadableRecording if it can't be read or is empty."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise UnreadableRecording(path, "not audio", "is not a file")
        if status.st_size == 0:
            raise UnreadableRecording(path, "empty file", "is empty")
        file = path.open("rb")
    except FileNotFoundError:
        raise UnreadableRecording(path, "missing", "no longer exists") from None
    except PermissionError:
        raise UnreadableRecording(path, "no permission", "can't be read: permission denied") from None
    except OSError as error:
        raise UnreadableRecording(path, "damaged", f"can't be opened: {error.strerror or error}") from None
    with file:
        try:
            yield file
        except OSError as error:
            what = f"can't be read: {error.strerror or error}"
            raise UnreadableRecording(path, "damaged", what) from None
