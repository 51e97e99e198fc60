"""The database as a file: what may be one, its mode, and the lock that lets one scan at a time write to it."""

import errno
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Final

from filelock import FileLock, Timeout

from callmood.errors import BusyError, CallmoodError, UsageError

_SCHEME: Final = re.compile(r":memory:|[A-Za-z][A-Za-z0-9+.-]+:")
"""What DuckDB takes for something other than a file. A single letter is a drive of Windows."""

_MAGIC: Final = b"DUCK"
_MAGIC_AT: Final = 8
_FLAGS_AT: Final = 20
_OTHERS: Final = {
    b"SQLite format 3\0": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "a gzip file",
}

ARCHIVE_MANIFEST: Final = "archive.json"
"""The list of the files that count in an archive."""

_umask: Final = RLock()
_checked: Final[set[tuple[int, int]]] = set()


def require_database_file(path: Path) -> None:
    """Raises CallmoodError if ``path`` exists and is not a DuckDB file, and UsageError if it names no file at all.

    DuckDB must not find out by itself: it opens tables of text as databases, and fetches extensions for others.
    """
    if _SCHEME.match(str(path)):
        raise UsageError(
            f"{path} is not a file, and the database is a file on this machine. Choose another one with --db."
        )
    try:
        status = path.stat()
        # Read once only: closing a file drops all locks that this process has on it, DuckDB's among them
        if (status.st_dev, status.st_ino) in _checked:
            return
        if path.is_dir():
            raise CallmoodError(
                f"{path} is an archive, whose calls are only read and forgotten. Choose a database with --db."
                if is_archive(path)
                else f"{path} is a folder, not a database. Choose a file with --db."
            )
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CallmoodError(
            f"{path} can't be read ({error.strerror}). Change its permissions, or choose another file with --db."
        ) from None
    if not head:
        raise CallmoodError(
            f"{path} is an empty file, not a database. Remove it, or choose another file with --db."
        )
    if not head.startswith(_MAGIC, _MAGIC_AT):
        found = next((f" but {name}" for magic, name in _OTHERS.items() if head.startswith(magic)), "")
        raise CallmoodError(f"{path} is not a callmood database{found}. Choose another file with --db.")
    _checked.add((status.st_dev, status.st_ino))


def is_database_file(path: Path) -> bool:
    """Whether ``path`` is a DuckDB file, of whatever program."""
    try:
        if not path.is_file():  # to open a named pipe would wait for ever
            return False
        with path.open("rb") as file:
            return file.read(16).startswith(_MAGIC, _MAGIC_AT)
    except OSError:
        return False


def is_archive(path: Path) -> bool:
    """Whether ``path`` is the folder of an archive."""
    return (path / ARCHIVE_MANIFEST).is_file()


def is_encrypted(path: Path) -> bool:
    """Whether a DuckDB file is encrypted. Nobody may have it open in this process: reading it drops their locks."""
    with path.open("rb") as file:
        head = file.read(_FLAGS_AT + 1)
    return len(head) > _FLAGS_AT and bool(head[_FLAGS_AT] & 1)


def recheck_database_file(path: Path) -> None:
    """``require_database_file`` for one that DuckDB could not open, so that no lock can be lost."""
    _checked.clear()
    require_database_file(path)


def may_exist(path: Path) -> bool:
    """Whether ``path`` exists. True also if that can't be checked, so that opening it reports why."""
    try:
        return path.exists()
    except OSError:
        return True


def may_write(path: Path) -> bool:
    """Whether this user may change the database, which takes files beside it too."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


@contextmanager
def private(path: Path) -> Iterator[None]:
    """Files that DuckDB makes meanwhile are for those who may use the database; of a new one, only for its owner."""
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = 0o600
    with _umask:
        before = os.umask(~mode & 0o777)
        try:
            yield
        finally:
            os.umask(before)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A file to make a database in; it becomes ``path`` when it is whole, and on an error nothing stays."""
    target = Path(os.path.realpath(path))  # where a symbolic link points, so that it stays one
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=target.parent) as folder:
        part = Path(folder) / "new.duckdb"
        yield part
        part.replace(target)


def remove_parts(path: Path) -> None:
    """Remove what killed programs left of a ``new_file``, which holds calls. Raises OSError."""
    target = Path(os.path.realpath(path))
    for part in target.parent.glob(f".{glob.escape(path.name)}.*/new.duckdb"):
        shutil.rmtree(part.parent)


@cache
def spill_folder() -> str:
    """Where DuckDB puts what does not fit into memory: a folder of this process, for its owner only."""
    return os.path.join(_spill().name, "duckdb")  # noqa: PTH118


@cache
def _spill() -> "tempfile.TemporaryDirectory[str]":
    folder = tempfile.TemporaryDirectory(prefix="callmood-", ignore_cleanup_errors=True)
    os.chmod(folder.name, 0o700)  # noqa: PTH101 - a folder made within ``private`` could not be entered
    return folder


@contextmanager
def one_scan(path: Path, wait_s: float) -> Iterator[None]:
    """Waits until no other scan writes to the database, and keeps others out meanwhile.

    Raises BusyError if that takes longer than ``wait_s`` seconds.
    """
    require_database_file(path)
    require_folder(path)
    with locked(path, wait_s, f"Another scan is writing to {path}"):
        yield


@contextmanager
def locked(path: Path, wait_s: float, busy: str) -> Iterator[None]:
    """Keeps other programs out that lock ``path`` too, by a file beside it.

    Raises BusyError, which begins with ``busy``, if that takes longer than ``wait_s`` seconds, and CallmoodError if no
    file can be made.
    """
    file = path.with_name(f".{path.name}.lock")
    lock = FileLock(file, timeout=wait_s, thread_local=False)  # a generator may be closed in another thread
    try:
        with private(path):
            lock.acquire(poll_interval=0.1)
            file.write_text(str(os.getpid()))
    except Timeout:
        raise BusyError(
            f"{busy}{_process_in(file)}. Try again when it has finished, or wait longer with --wait."
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from None
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()
        lock.release()


def _process_in(lock: Path) -> str:
    with suppress(OSError, ValueError):
        return f" (process {int(lock.read_text())})"
    return ""


def cannot_write(path: Path, error: OSError) -> CallmoodError:
    """The error to raise where the database, or a file beside it, can't be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CallmoodError(no_space(path))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CallmoodError(
            f"No permission to write {path} and files beside it. Change the permissions of {path.parent}, or choose "
            "another file with --db."
        )
    return CallmoodError(f"{path} can't be written ({error.strerror}). Choose another file with --db.")


def no_space(path: Path) -> str:
    return f"No space left on the disk for {path}. Free some space, then run the command again."


def require_folder(path: Path) -> None:
    """Raises CallmoodError if there is no folder for the database."""
    if not may_exist(path.parent):
        raise CallmoodError(
            f"There is no folder {path.parent} for the database {path.name}. Create it first."
        )
