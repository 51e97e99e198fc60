"""Folders and files -> recordings, each identified by its content, with the facts of its call."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from time import sleep
from types import MappingProxyType
from typing import Final, TypeAlias

from callmood.call import CallFacts, Failure, Recording
from callmood.errors import CallmoodError
from callmood.hashing import hash_stream
from callmood.pipeline.audio.files import UnreadableRecording, opened
from callmood.pipeline.intake.metadata import join, read_table
from callmood.pipeline.intake.names import Origin, name_reader, tidied
from callmood.pipeline.intake.packed import FileHash, FileHashes, Packed
from callmood.pipeline.intake.pairs import pair_up, shared_ids
from callmood.pipeline.intake.times import check_format, time_zone
from callmood.remote import RemotePath, as_path, files_below, status_of
from callmood.settings import DiscoverSettings
from callmood.wording import counted, extensions_named, printable

EXTENSIONS: Final = {
    ".wav", ".wave", ".w64", ".mp3", ".m4a", ".m4b", ".mp4", ".aac", ".ogg", ".oga", ".opus", ".flac",
    ".webm", ".mka", ".mkv", ".amr", ".awb", ".3gp", ".3gpp", ".3g2", ".wma", ".aif", ".aiff", ".aifc",
    ".au", ".caf", ".gsm",
}  # fmt: skip
"""Extensions of the files to scan in folders; a file that is given itself may have any."""
_NO_RECORDINGS: Final = {
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".xml", ".html", ".htm", ".md", ".pdf",
    ".rtf", ".doc", ".docx", ".xls", ".xlsx", ".ods", ".odt", ".ppt", ".pptx", ".eml", ".msg", ".srt", ".vtt",
    ".log", ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".svg", ".tif", ".tiff", ".webp", ".heic", ".ini", ".toml",
    ".yaml", ".yml", ".cfg", ".conf", ".db", ".sqlite", ".sqlite3", ".duckdb", ".wal", ".sql", ".lnk", ".url", ".py",
    ".js", ".sh", ".bat", ".ps1", ".exe", ".dll", ".md5", ".sha1", ".sha256",
}  # fmt: skip
"""Extensions of files that nobody misses. Any other file that is passed over may be a recording, and is mentioned."""
_SETTLED_NS: Final = 2 * 10**9
"""A file that changed less than this before it was read may change again without a new time, because FAT stores
times in steps of 2 s."""
_FETCHES: Final = 16
"""Files that are read from a bucket at the same time: each answer takes a while to come."""
_MACHINE_FOLDERS: Final = {"__MACOSX", "@eaDir", "lost+found", "System Volume Information", "$RECYCLE.BIN"}

State: TypeAlias = tuple[int, int, int]
"""A file's size in bytes, and the times when its content and its permissions changed last, in ns."""
_NO_STATE: Final[State] = (-1, 0, 0)
"""Of what can't be looked at."""


@dataclass(frozen=True, slots=True)
class Discovery:
    recordings: Sequence[Recording]
    """Sorted by absolute path. Of files with the same content only the first is kept."""
    failures: tuple[Failure, ...] = ()
    """Files and folders that could not be read."""
    copies: int = 0
    """Number of files with the same content as another, or with the same call in another format."""
    warnings: tuple[str, ...] = ()
    """One sentence each, on names and table rows that did not match."""
    agents: Mapping[Origin | None, int] = field(default_factory=dict)
    """Number of recordings by where their agent is known from; None: from nowhere."""
    sure: frozenset[str] = frozenset()
    """The ids of the recordings whose facts the user gave, by a name pattern or a row of the table; the facts of others
    are guessed from names and folders."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Number of files that were not read although they may be recordings, by extension ("" without one)."""
    hashes: Mapping[str, FileHash] = field(default_factory=dict)
    """By path, of the files that were read and whose size or time will show their next change. Of one that a link leads
    to, also by its own path."""
    contents: Sequence[tuple[str, str]] = ()
    """The absolute path and the recording's id of every file that could be read, copies included."""
    waiting: tuple[Path, ...] = ()
    """Files that are still being written."""
    failed_earlier: frozenset[Path] = frozenset()
    """Of the failures, those that an earlier scan has told and whose file has not changed since."""


@dataclass(slots=True)
class _Walk:
    """What the search has found so far."""

    files: dict[str, int] = field(default_factory=dict)
    """Absolute path -> where in it the path below the given folder begins."""
    failures: list[Failure] = field(default_factory=list)
    other_files: Counter[str] = field(default_factory=Counter)
    """Number of files without the extension of a recording, by extension."""
    folders: set[tuple[int, int]] = field(default_factory=set)
    """Device and inode of the folders searched, so that a link to a parent folder is not followed for ever."""
    listed: dict[str, State] = field(default_factory=dict)
    """The state of files in buckets, as their list has it: to ask for each would take long."""


def look(paths: Sequence[Path]) -> dict[Path, State]:
    """The files that ``discover`` would read, and the folders that it could not, by absolute path; none is read.

    A path that does not exist, such as one on a drive that is not there, has no files.
    """
    walk = _Walk()
    for path in paths:
        with suppress(CallmoodError, OSError):
            _search(path, walk)
    return {failure.path: _NO_STATE for failure in walk.failures} | {
        as_path(path): walk.listed.get(path) or _state_of(path) or _NO_STATE for path in walk.files
    }


def _state(status: os.stat_result) -> State:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def discover(
    paths: Sequence[Path],
    settings: DiscoverSettings,
    earlier: Mapping[str, FileHash] = MappingProxyType({}),
    unsettled: Collection[Path] = (),
) -> Discovery:
    """Finds the recordings in ``paths``, which are folders, searched to any depth, and files.

    A file that has not changed since its ``earlier`` hash (by path) is not read, nor are ``unsettled`` ones (absolute
    paths), which are still being written. What can't be read becomes a failure. Raises CallmoodError if a path does not
    exist, if there is nothing to scan at all, or if the name pattern, the table, the time format or the time zone is
    wrong.
    """
    zone = time_zone(settings.timezone)
    check_format(settings.time_format)
    read_names = name_reader(settings, zone)
    table = read_table(settings.metadata, zone, settings.time_format) if settings.metadata else None
    walk = _Walk()
    for path in paths:
        _search(path, walk)
    walk.files = dict(sorted(walk.files.items(), key=lambda item: os.fsencode(item[0])))
    if not walk.files and not walk.failures:
        raise CallmoodError(_no_recordings(paths, walk.other_files))

    names = read_names(PurePosixPath(path[start:].replace(os.sep, "/")) for path, start in walk.files.items())
    files = _read_files(walk, earlier, frozenset(map(str, unsettled)), settings.quiet_for)
    agent_from: dict[str, Origin | None] = {}

    def recordings() -> Iterator[Recording]:
        for path, named in zip(walk.files, names, strict=True):
            if path not in files.left_out:
                hashed = files.read.get(path) or earlier[path]
                agent_from[path] = named.agent_from
                yield Recording(hashed.content, as_path(path), hashed.size_bytes, named.facts)

    warnings: list[str] = []
    found, contents, copies, unsure = pair_up(recordings())
    sure, with_agent = frozenset[str](), frozenset[str]()
    if settings.name_pattern:
        sure = frozenset(one.id for one in found if one.facts != CallFacts())
        if len(sure) < len(found):
            warnings.append(f"The name pattern matches {len(sure)} of {counted(len(found), 'recording')}.")
    if table is not None:
        found, with_row, with_agent, misfits = join(table, found)
        warnings += misfits
        sure |= with_row
    agents: Counter[Origin | None] = Counter()
    for one in found:
        of_files = (agent_from[str(path)] for path in one.files)
        agents["metadata table" if one.id in with_agent else next(filter(None, of_files), None)] += 1
    tidy, call_ids = _tidied(found)
    warnings += [*unsure, *shared_ids(call_ids)]
    return Discovery(
        tidy,
        tuple(walk.failures),
        copies,
        tuple(warnings),
        agents=agents,
        sure=sure,
        passed_over=_missed(walk.other_files),
        hashes=files.settled,
        contents=contents,
        waiting=tuple(map(as_path, files.waiting)),
    )


def _tidied(found: Iterable[Recording]) -> tuple[Packed[Recording], Counter[str]]:
    """Recordings whose facts are ``tidied``, and how many have each call id."""
    tidy, call_ids = Packed[Recording](), Counter[str]()
    for one in found:
        facts = tidied(one.facts)
        if facts.call_id:
            call_ids[facts.call_id] += 1
        tidy.append(one if facts == one.facts else replace(one, facts=facts))
    return tidy, call_ids


def absolute_path(path: Path) -> Path:
    """``path`` absolute and without "..". Links are not resolved, because a link's own name says who called."""
    if isinstance(path, RemotePath):
        return path
    whole = path.absolute()
    short = Path(os.path.normpath(whole))
    return short if short.exists() and short.samefile(whole) else whole  # ".." behind a link leads elsewhere


def _search(path: Path, walk: _Walk) -> None:
    if isinstance(path, RemotePath):
        _search_storage(path, walk)
        return
    whole = absolute_path(path)
    if path.is_dir():
        below = len(str(whole).rstrip(os.sep)) + 1
        for file in _recording_files(whole, walk):
            walk.files.setdefault(file, below)
    elif os.path.lexists(path):
        _add_given(whole, walk)
    else:
        raise CallmoodError(f"{printable(str(path))} does not exist.")


def _add_given(file: Path, walk: _Walk) -> None:
    walk.files.setdefault(str(file), len(str(file)) - len(file.name))


def _search_storage(path: RemotePath, walk: _Walk) -> None:
    """Searches a bucket or a web server, by the same rules as a folder."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            _add_given(path, walk)
            walk.listed[str(path)] = _state(status)
            return
        for below, file, listed in files_below(path):
            *folders, name = below.split("/")
            if not all(map(_is_searched, folders)) or not _is_recording(name, walk):
                continue
            if file is None:
                what = f"{printable(below)} in {printable(str(path))} has a name that can't be a path: rename it."
                walk.failures.append(Failure(path / below, "not audio", what))
                continue
            walk.files.setdefault(str(file), len(str(file)) - len(below))
            walk.listed[str(file)] = _state(listed)
    except FileNotFoundError:
        raise CallmoodError(f"{printable(str(path))} does not exist.") from None
    except OSError as error:
        why = printable(error.strerror or str(error))
        raise CallmoodError(f"{printable(str(path))} can't be read: {why}.") from None


def _is_searched(folder: str) -> bool:
    return folder[:1] != "." and folder not in _MACHINE_FOLDERS


def _is_recording(name: str, walk: _Walk) -> bool:
    """Whether a file has the extension of a recording; counts those that have not."""
    if name[0] == ".":  # also macOS's "._call.wav", which holds no sound
        return False
    suffix = Path(name).suffix.lower()
    if suffix in EXTENSIONS:
        return True
    walk.other_files[".md" if name.upper() in ("README", "LICENSE") else suffix] += 1
    return False


def _recording_files(root: Path, walk: _Walk) -> Iterator[str]:
    """The paths of the files below ``root`` with the extension of a recording."""

    def on_error(error: OSError) -> None:
        folder = Path(os.fsdecode(error.filename))
        denied = isinstance(error, PermissionError)
        why = "permission denied" if denied else str(error.strerror or error)
        reason = "no permission" if denied else "damaged"
        walk.failures.append(
            Failure(folder, reason, f"The folder {printable(folder.name)} can't be searched: {why}.")
        )

    for folder, subfolders, files in os.walk(root, onerror=on_error, followlinks=True):
        try:
            status = Path(folder).stat()
        except OSError as error:  # it went away meanwhile
            on_error(error)
            subfolders.clear()
            continue
        if (status.st_dev, status.st_ino) in walk.folders:
            subfolders.clear()
            continue
        walk.folders.add((status.st_dev, status.st_ino))
        subfolders[:] = filter(_is_searched, subfolders)
        start = os.path.join(folder, "")  # noqa: PTH118  # a Path for each file takes long
        yield from (start + name for name in files if _is_recording(name, walk))


@dataclass(slots=True)
class _Files:
    """What the files hold."""

    read: FileHashes = field(default_factory=FileHashes)
    """Those that were read."""
    settled: FileHashes = field(default_factory=FileHashes)
    """Of those, the ones whose size or time will show the next change."""
    waiting: list[str] = field(default_factory=list)
    """Files that changed while they were looked at."""
    left_out: set[str] = field(default_factory=set)
    """Those that are waiting, and those that can't be read."""

    def wait_for(self, path: str) -> None:
        self.waiting.append(path)
        self.left_out.add(path)


def _read_files(
    walk: _Walk, earlier: Mapping[str, FileHash], unsettled: Collection[str], quiet_for_s: float
) -> _Files:
    """Hashes the files that changed since ``earlier``; what can't be read becomes a failure, and what is still being
    written waits.

    A file that changed just now is looked at again once it was quiet for ``quiet_for_s``. So a folder that was copied
    a moment ago is scanned at once, and nothing depends on clocks: a network drive has its own.
    """
    files = _Files()
    young: dict[str, State] = {}
    unread: list[str] = []
    wait_until = 0.0
    for path in walk.files:
        if path in unsettled:
            files.wait_for(path)
            continue
        state = walk.listed.get(path) or _state_of(path)
        hashed = earlier.get(path)
        if hashed and state and state[:2] == (hashed.size_bytes, hashed.mtime_ns):
            continue
        age_s = (time.time_ns() - state[1]) / 1e9 if state else quiet_for_s
        if state and age_s < quiet_for_s:
            young[path] = state
            wait_until = max(wait_until, time.monotonic() + quiet_for_s - max(age_s, 0.0))
        else:
            unread.append(path)
    _read_all(unread, files, walk)
    if young:
        sleep(max(0.0, wait_until - time.monotonic()))
    quiet = {path: _is_same(before, _state_of(path)) for path, before in young.items()}
    _read_all([path for path in young if quiet[path]], files, walk)
    for path in young:
        if not quiet[path]:
            files.wait_for(path)
    return files


def _read_all(paths: Iterable[str], files: _Files, walk: _Walk) -> None:
    remote = []
    for path in map(as_path, paths):
        if isinstance(path, RemotePath):
            remote.append(path)
        else:
            _read_file(path, files, walk)
    if remote:
        with ThreadPoolExecutor(_FETCHES) as pool:
            list(pool.map(lambda path: _read_file(path, files, walk), remote))


def _read_file(path: Path, files: _Files, walk: _Walk) -> None:
    begun_ns = time.time_ns()
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            before = _state(status_of(path, file))
            size = hash_stream(file, digest)
            size_bytes, mtime_ns, _ = after = _state(status_of(path, file))
    except UnreadableRecording as error:
        walk.failures.append(Failure(path, error.reason, str(error)))
        files.left_out.add(str(path))
        return
    if size != size_bytes or not _is_same(before, after):
        files.wait_for(str(path))
        return
    hashed = FileHash(size, mtime_ns, digest.hexdigest())
    files.read[str(path)] = hashed
    is_settled = begun_ns - mtime_ns > _SETTLED_NS
    if isinstance(path, RemotePath):
        has_version = mtime_ns % 10**9 != 0
        if has_version or (mtime_ns and is_settled):
            files.settled[str(path)] = hashed
    elif is_settled:
        files.settled[str(path)] = files.settled[os.path.realpath(path)] = hashed


def _state_of(path: str) -> State | None:
    """None if there is none; reading the file will report why."""
    try:
        return _state(as_path(path).stat())
    except OSError:
        return None


def _is_same(before: State, after: State | None) -> bool:
    return after is not None and before[:2] == after[:2]


def _missed(other_files: Mapping[str, int]) -> dict[str, int]:
    return {ending: count for ending, count in other_files.items() if ending not in _NO_RECORDINGS}


def _no_recordings(paths: Sequence[Path], other_files: Counter[str]) -> str:
    where = ", ".join(printable(str(path)) for path in paths)
    missed = _missed(other_files)
    kinds = f" ({extensions_named(missed)})" if missed else ""
    seen = f" among {counted(other_files.total(), 'other file')}{kinds}" if other_files else ""
    how = "; give the path of any other file itself" if other_files else ""
    return f"No recordings found in {where}{seen}. Folders are searched for .wav, .mp3, .m4a, .ogg and similar{how}."
