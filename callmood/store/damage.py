"""What an error of DuckDB means: the file is in use, damaged, of another program, or the disk is full."""

import re
from pathlib import Path
from typing import Final

import duckdb

from callmood.errors import BusyError, CallmoodError
from callmood.store.files import no_space

_DAMAGED: Final = "Restore a backup of it, or move it away and scan again."

_DAMAGE: Final = re.compile(
    r"corrupt|checksum|not read enough|end of file|invalid block|AES tag differs", re.IGNORECASE
)

NOT_ENCRYPTED: Final = "is not encrypted"
"""What DuckDB says of a database that it is given a key for without need."""

_MEANINGS: Final[tuple[tuple[str, str], ...]] = (
    (
        r"No space left|not enough space|disk quota|out of disk space",
        "{no_space}",
    ),
    (
        r"replaying WAL|Corrupt WAL",
        "{path}.wal, which holds what was written to {path} last, is damaged ({why}). Restore a backup of both, or "
        "move the .wal file away to go on without that.",
    ),
    (
        r"version number|newer version|storage version|newer DuckDB",
        "{path} was written by a newer DuckDB ({why}). Run: pip install --upgrade duckdb",
    ),
    (
        r"ermission denied|Read-only file system|Operation not permitted",
        "No permission to open {path}, or to write beside it. Change permissions, or choose another file with --db.",
    ),
    (
        r"not a valid DuckDB database|Is a directory",
        "{path} is not a callmood database. Choose another file with --db.",
    ),
    (
        r"Wrong encryption key",
        "The key is not that of {path}. Check CALLMOOD_DB_KEY and CALLMOOD_DB_KEY_FILE.",
    ),
    (r"without a key", "{path} is encrypted. Name the file that holds its key in CALLMOOD_DB_KEY_FILE."),
    (
        NOT_ENCRYPTED,
        "{path} is not encrypted, although there is a key. Run callmood encrypt, or unset CALLMOOD_DB_KEY and "
        "CALLMOOD_DB_KEY_FILE.",
    ),
    (
        r"encrypt",
        "{path} is encrypted in a way that callmood can't read ({why}). Choose another file with --db.",
    ),
    (
        r"Out of Memory|failed to allocate|could not allocate",
        "There is not enough memory to read {path}. Close other programs, then try again.",
    ),
)
"""What DuckDB's messages mean, by a pattern of each."""

_BUSY: Final = "Could not set lock|used by another process|already open in"
_BUSY_HERE: Final = "different configuration|Unique file handle conflict"


def is_busy(error: duckdb.Error) -> bool:
    """Whether another program, or another connection of this one, keeps the database from being opened."""
    return is_in_this_program(error) or bool(re.search(_BUSY, str(error)))


def is_in_this_program(error: duckdb.Error) -> bool:
    """Whether it is another connection of this program."""
    return bool(re.search(_BUSY_HERE, str(error)))


def explain(path: Path, error: duckdb.Error) -> CallmoodError | None:
    """The error for users; None where the message tells of no fault of the file or the machine."""
    # a path may hold any of the words below
    message = re.sub(r'(file )?"[^"]*"', "the file", str(error)).replace(str(path.absolute()), "the file")
    why = (
        re.sub(r"^[\w ]+ Error: ", "", message.splitlines()[0]).rstrip(".") if message else "no reason given"
    )
    if is_busy(error):
        return BusyError(_who_has_it(path, message))
    for pattern, sentence in _MEANINGS:
        if re.search(pattern, message, re.IGNORECASE):
            return CallmoodError(sentence.format(path=path, why=why, no_space=no_space(path)))
    if _tells_of_damage(error, message):
        return CallmoodError(f"{path} is damaged ({why}). {_DAMAGED}")
    if isinstance(error, duckdb.IOException):
        return CallmoodError(f"{path} can't be read or written ({why}). Check the disk that it is on.")
    return None


def _tells_of_damage(error: duckdb.Error, message: str) -> bool:
    broken_inside = (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
    # DuckDB has no exception of its own for a checksum that does not match
    return type(error) is duckdb.Error or isinstance(error, broken_inside) or bool(_DAMAGE.search(message))


def _who_has_it(path: Path, message: str) -> str:
    if re.search(_BUSY_HERE, message):
        return f"{path} is already open in this program with other settings. Close it there first."
    holder = re.search(r"held in (?:.*[/\\])?([^/\\]+) \(PID (\d+)\)", message)
    who = f"process {holder[2]} ({holder[1]})" if holder else "another process"
    return f"{path} is in use by {who}. Try again when it has closed the file."
