"""Folders and files -> recordings, each known by its content, with the facts of its call."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Final, NamedTuple

from callmood.call import CallFacts, Failure, Recording
from callmood.errors import CallmoodError
from callmood.hashing import hash_stream
from callmood.pipeline.audio.files import UnreadableRecording, opened, printable
from callmood.pipeline.intake.metadata import join, read_table
from callmood.pipeline.intake.names import name_reader
from callmood.settings import DiscoverSettings

ENDINGS: Final = {
    ".wav", ".wave", ".w64", ".mp3", ".m4a", ".m4b", ".mp4", ".aac", ".ogg", ".oga", ".opus", ".flac",
    ".webm", ".mka", ".mkv", ".amr", ".awb", ".3gp", ".3gpp", ".3g2", ".wma", ".aif", ".aiff", ".aifc",
    ".au", ".caf", ".gsm",
}  # fmt: skip
"""What files in folders must end with; a file that is named itself may end as it likes."""
_SETTLED_NS: Final = 2 * 10**9
"""A file that changed less than this before it was read may change again without its time telling: on FAT, times
are of 2 s."""
_MACHINE_FOLDERS: Final = {"__MACOSX", "@eaDir", "lost+found", "System Volume Information", "$RECYCLE.BIN"}


class FileHash(NamedTuple):
    """What a file held, and by what to see that it still does."""

    size_bytes: int
    mtime_ns: int
    content: str
    """SHA-256 in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Discovery:
    recordings: tuple[Recording, ...]
    """Sorted by path; each content once, under the first of its paths. Paths are absolute."""
    failures: tuple[Failure, ...] = ()
    """Files and folders that could not be read."""
    copies: int = 0
    """Files that hold the same as another."""
    warnings: tuple[str, ...] = ()
    """One sentence each: names and table rows that did not fit."""
    hashes: Mapping[str, FileHash] = field(default_factory=dict)
    """By path, of the files that were read and whose next change their size or time will tell."""


@dataclass(slots=True)
class _Walk:
    """What a walk has come across so far."""

    files: dict[Path, PurePosixPath] = field(default_factory=dict)
    """Absolute path to the path below the folder that was given."""
    failures: list[Failure] = field(default_factory=list)
    others: int = 0
    """Files whose ending is not a recording's."""
    folders: set[tuple[int, int]] = field(default_factory=set)
    """Device and inode: a link back up must not lead round in circles."""


def discover(
    paths: Sequence[Path], settings: DiscoverSettings, earlier: Mapping[str, FileHash] = MappingProxyType({})
) -> Discovery:
    """Finds the recordings in ``paths``, which are folders, searched to any depth, and files.

    A file that is as it was ``earlier``, by its path, is not read. What can't be read becomes a failure. Raises
    CallmoodError where a path does not exist, where there is nothing at all to scan, or where the name pattern or
    the table is wrong.
    """
    read_name = name_reader(settings.name_pattern)
    table = read_table(settings.metadata) if settings.metadata else None
    walk = _Walk()
    for path in paths:
        _enter(path, walk)
    if not walk.files and not walk.failures:
        raise CallmoodError(_nothing(paths, walk.others))

    recordings: dict[str, Recording] = {}
    hashes: dict[str, FileHash] = {}
    copies = unnamed = 0
    for path, below in sorted(walk.files.items(), key=lambda item: os.fsencode(item[0])):
        try:
            hashed = _unchanged(path, earlier.get(str(path)))
            if hashed is None:
                hashed, settled = _read(path)
                if settled:
                    hashes[str(path)] = hashed
        except UnreadableRecording as error:
            walk.failures.append(Failure(path, error.reason, str(error)))
            continue
        if hashed.content in recordings:
            copies += 1
            continue
        facts = read_name(below)
        unnamed += facts == CallFacts()
        recordings[hashed.content] = Recording(hashed.content, path, hashed.size_bytes, facts)

    found, warnings = list(recordings.values()), []
    if settings.name_pattern and unnamed:
        warnings.append(f"The name pattern matches {len(found) - unnamed} of {len(found)} recordings.")
    if table is not None:
        found, misfits = join(table, found)
        warnings += misfits
    return Discovery(tuple(found), tuple(walk.failures), copies, tuple(warnings), hashes)


def absolute_path(path: Path) -> Path:
    """``path`` absolute and without "..". Links are not resolved: a link's own name is the one that says who called."""
    whole = path.absolute()
    short = Path(os.path.normpath(whole))
    return short if short.exists() and short.samefile(whole) else whole  # ".." behind a link leads elsewhere


def _enter(path: Path, walk: _Walk) -> None:
    whole = absolute_path(path)
    if path.is_dir():
        for file in _files(whole, walk):
            walk.files.setdefault(file, PurePosixPath(file.relative_to(whole).as_posix()))
    elif os.path.lexists(path):
        walk.files.setdefault(whole, PurePosixPath(path.name))
    else:
        raise CallmoodError(f"{printable(str(path))} does not exist.")


def _files(root: Path, walk: _Walk) -> Iterator[Path]:
    """The files below ``root`` that end like recordings."""

    def note(error: OSError) -> None:
        folder = Path(os.fsdecode(error.filename))
        denied = isinstance(error, PermissionError)
        why = "no permission" if denied else str(error.strerror or error)
        reason = "no permission" if denied else "damaged"
        walk.failures.append(
            Failure(folder, reason, f"The folder {printable(folder.name)} can't be searched: {why}.")
        )

    for folder, subfolders, files in os.walk(root, onerror=note, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in walk.folders:
            subfolders.clear()
            continue
        walk.folders.add((status.st_dev, status.st_ino))
        subfolders[:] = [name for name in subfolders if name[0] != "." and name not in _MACHINE_FOLDERS]
        for name in files:
            if name[0] == ".":  # also macOS's "._call.wav", which holds no sound
                continue
            if Path(name).suffix.lower() in ENDINGS:
                yield Path(folder, name)
            else:
                walk.others += 1


def _unchanged(path: Path, earlier: FileHash | None) -> FileHash | None:
    """The earlier hash of a file that is still as it was then."""
    if earlier is None:
        return None
    try:
        status = path.stat()
    except OSError:  # reading it will tell why
        return None
    same = (status.st_size, status.st_mtime_ns) == (earlier.size_bytes, earlier.mtime_ns)
    return earlier if same else None


def _read(path: Path) -> tuple[FileHash, bool]:
    """What a file holds, and whether its size and time will tell when that changes."""
    begun_ns = time.time_ns()
    digest = hashlib.sha256()
    with opened(path) as file:
        size = hash_stream(file, digest)
        status = os.fstat(file.fileno())
    settled = status.st_size == size and begun_ns - status.st_mtime_ns > _SETTLED_NS
    return FileHash(size, status.st_mtime_ns, digest.hexdigest()), settled


def _nothing(paths: Sequence[Path], others: int) -> str:
    where = ", ".join(printable(str(path)) for path in paths)
    kinds = "; to scan a file of another kind, name the file itself" if others else ""
    seen = f" among {others} other files" if others else ""
    return f"No recordings found in {where}{seen}: looked for .wav, .mp3, .m4a, .ogg and the like{kinds}."
