"""Archives: folders of Parquet files with the calls of past months, all that is stored of them included.

Each table is a folder with a folder for each month, in the layout of Hive: ``segment/month=2025-03/000017.parquet``.
The manifest, ``archive.json``, lists the files that count, in parts: what one run wrote of one month. No file is ever
changed. A new manifest takes the place of the old one at once, so that a killed program leaves an archive as it was or
as it should be, and files that no manifest lists, which the next run removes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from callmood.errors import CallmoodError
from callmood.store.connection import NO_EXTENSIONS, Connection, explained, migrations, rows
from callmood.store.files import ARCHIVE_MANIFEST, cannot_write, is_archive, locked, spill_folder
from callmood.store.quoting import identifier, literal
from callmood.store.write import RECORDING_IDS
from callmood.writing import write_whole

TABLES: Final[Mapping[str, str]] = {
    table: column for table, column in RECORDING_IDS.items() if table != "file_hash"
}
"""The tables of an archive that are about recordings, with the column of the recording's id. ``scan`` is one more."""
SCAN: Final = "scan"
_FORMAT: Final = "callmood archive"
_MONTH: Final = re.compile(r"\d{4,6}-\d\d")


@dataclass(frozen=True, slots=True)
class Part:
    """What one run wrote of the calls of one month."""

    number: int
    month: str
    """Such as "2025-03"."""
    version: int
    """The schema that its tables have: the newest migration of the callmood that archived its calls."""
    calls: int
    sizes: Mapping[str, int]
    """The size of each table's file in bytes. Without a file nothing is stored in a table."""

    def file(self, table: str) -> Path:
        """The path within the archive of a table's file."""
        return Path(table, f"month={self.month}", f"{self.number:06}.parquet")


@dataclass(frozen=True, slots=True)
class Archive:
    """What a manifest says."""

    folder: Path
    parts: tuple[Part, ...] = ()
    next_number: int = 1
    """Of the next part: no two files ever have the same name."""

    @property
    def calls(self) -> int:
        return sum(part.calls for part in self.parts)

    @property
    def size_bytes(self) -> int:
        return sum(sum(part.sizes.values()) for part in self.parts)

    def files(self, table: str, parts: Iterable[Part] | None = None) -> list[Path]:
        """The files of a table, absolute."""
        return [
            self.folder.absolute() / part.file(table)
            for part in (self.parts if parts is None else parts)
            if table in part.sizes
        ]


def read_archive(folder: Path) -> Archive:
    """The archive in a folder.

    Raises CallmoodError if there is none, if files of it are missing or not whole, or if a newer callmood wrote it.
    """
    archive = _read_manifest(folder)
    for part in archive.parts:
        for table, size in part.sizes.items():
            _require_whole(folder / part.file(table), size)
    return archive


def _read_manifest(folder: Path) -> Archive:
    manifest = folder / ARCHIVE_MANIFEST
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ValueError
        _refuse_newer(folder, int(found["version"]))
        parts = tuple(Part(**part) for part in found["parts"])
        if not all(_is_sound(part) for part in parts):
            raise ValueError
        return Archive(folder, parts, int(found["next_number"]))
    except FileNotFoundError:
        raise CallmoodError(f"There is no archive at {folder}. Choose another folder.") from None
    except OSError as error:
        raise CallmoodError(f"{manifest} can't be read ({error.strerror}). Change its permissions.") from None
    except (ValueError, KeyError, TypeError):
        raise CallmoodError(
            f"{manifest} is not the list of an archive's files that callmood writes. Restore a backup of {folder}."
        ) from None


def _refuse_newer(folder: Path, version: int) -> None:
    newest = migrations()[-1].version
    if version > newest:
        raise CallmoodError(
            f"{folder} was written by a newer callmood (schema {version}; this version supports up to {newest}). "
            "Upgrade callmood, or choose another archive."
        )


def _is_sound(part: Part) -> bool:
    """Whether its files lie within the archive, whoever wrote the manifest."""
    numbers = (part.number, part.version, part.calls, *part.sizes.values())
    return all(isinstance(number, int) for number in numbers) and bool(
        _MONTH.fullmatch(part.month) and all(re.fullmatch(r"\w+", table) for table in part.sizes)
    )


def _require_whole(file: Path, size: int) -> None:
    try:
        found = file.stat().st_size
    except OSError as error:
        raise CallmoodError(
            f"{file} can't be read ({error.strerror}). Restore it from a backup of the archive."
        ) from None
    if found != size:
        raise CallmoodError(f"{file} is not whole. Restore it from a backup of the archive.")


@contextmanager
def writing_archive(folder: Path, wait_s: float, *, create: bool = False) -> Iterator[Archive]:
    """An archive that nobody else writes to meanwhile, without what killed programs left in it.

    With ``create`` a missing or empty folder becomes one. Raises what ``read_archive`` raises, CallmoodError if the
    folder can't be written, and BusyError if another program writes to it for longer than ``wait_s``.
    """
    try:
        if create and not is_archive(folder):
            _require_empty(folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not is_archive(folder):
            raise CallmoodError(f"There is no archive at {folder}. Choose another folder.")
        with locked(folder / ARCHIVE_MANIFEST, wait_s, f"Another program is writing to the archive {folder}"):
            if create and not is_archive(folder):
                commit(Archive(folder))
            archive = read_archive(folder)
            remove_others(folder)
            yield archive
    except OSError as error:
        raise cannot_write(folder, error) from None


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CallmoodError(f"{folder} is a file, and an archive is a folder. Choose another one.")
    if folder.exists() and any(not one.name.startswith(f".{ARCHIVE_MANIFEST}") for one in folder.iterdir()):
        raise CallmoodError(
            f"{folder} holds other files, and is no archive. Choose an empty or a new folder."
        )


def commit(archive: Archive) -> None:
    """Make an archive what ``archive`` says: its files are on the disk, the others count no more. Raises OSError."""
    document: dict[str, Any] = {
        "format": _FORMAT,
        "version": max((part.version for part in archive.parts), default=0),
        "next_number": archive.next_number,
        "parts": [asdict(part) for part in archive.parts],
    }
    write_whole(archive.folder / ARCHIVE_MANIFEST, (json.dumps(document, indent=1) + "\n").encode())
    _sync(archive.folder)


def remove_others(folder: Path) -> None:
    """Remove the files of parts that are not in the manifest, which hold calls. Raises OSError."""
    counting = {part.file(table) for part in _read_manifest(folder).parts for table in part.sizes}
    for file in folder.glob("*/month=*/*.parquet"):
        if re.fullmatch(r"\d{6,}", file.stem) and file.relative_to(folder) not in counting:
            file.unlink()
            for empty in (file.parent, file.parent.parent):
                with suppress(OSError):  # there is more in it
                    empty.rmdir()


def archived_in(con: Connection, archive: Archive, ids: Collection[str]) -> dict[int, set[str]]:
    """Which of these calls are in an archive, by the number of their part."""
    found = {}
    for part in archive.parts:
        of_part = rows(
            con,
            f"SELECT id FROM {_parquet(archive, part, 'recording')} WHERE id IN (SELECT unnest($ids::VARCHAR[]))",
            {"ids": list(ids)},
        )
        if of_part:
            found[part.number] = {one for (one,) in of_part}
    return found


def without(con: Connection, archive: Archive, ids: Collection[str]) -> Archive:
    """The archive without these calls, not yet committed: parts that hold some of them are written anew without.

    Raises OSError, CallmoodError if what was written can't be read back, and what DuckDB raises.
    """
    affected = archived_in(con, archive, ids)
    number = archive.next_number
    parts: list[Part] = []
    for part in archive.parts:
        gone = affected.get(part.number, set())
        if not gone:
            parts.append(part)
        elif len(gone) < part.calls:
            tables = {
                table: f"SELECT * FROM {_parquet(archive, part, table)}"
                + (f" WHERE {TABLES[table]} NOT IN ({_listed(gone)})" if table in TABLES else "")
                for table in part.sizes
            }
            new = replace(part, number=number, calls=part.calls - len(gone))
            parts.append(write_part(con, archive.folder, new, tables))
            number += 1
    return replace(archive, parts=tuple(parts), next_number=number)


def write_part(con: Connection, folder: Path, part: Part, tables: Mapping[str, str]) -> Part:
    """Write the rows that each query gives to the file of its table, and read them back; the part with its sizes.

    Raises as ``without``.
    """
    sizes = {}
    for table, query in tables.items():
        file = folder.absolute() / part.file(table)
        counted = _checked(con, query)
        if counted[0] == 0:
            continue
        for made in (file.parent.parent, file.parent):
            made.mkdir(exist_ok=True)
            made.chmod(0o700)  # made within ``private``, they could not be entered
        con.execute(f"COPY ({query}) TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)")
        file.chmod(0o600)
        columns = [(name, kind) for name, kind, *_ in rows(con, f"DESCRIBE {query}")]
        read_back = ", ".join(f"{identifier(name)}::{kind} AS {identifier(name)}" for name, kind in columns)
        if _checked(con, f"SELECT {read_back} FROM {relation([file])}") != counted:
            raise CallmoodError(f"{file} does not hold what was written to it. Check the disk that it is on.")
        _sync(file)
        _sync(file.parent)
        sizes[table] = file.stat().st_size
    return replace(part, sizes=sizes)


def relation(files: Sequence[Path]) -> str:
    """Parquet files of the same columns as one relation, in SQL."""
    listed = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def archive_connection(folders: Sequence[Path], path: Path) -> Connection:
    """A connection that reaches nothing but the files in these folders. ``path`` stands in errors."""
    with explained(path):
        con = duckdb.connect(config={**NO_EXTENSIONS, "temp_directory": spill_folder()})
        con.execute("SET allowed_directories = $folders", {"folders": [inside(one) for one in folders]})
        con.execute("SET enable_external_access = false")
    return con


def inside(folder: Path) -> str:
    """A folder as DuckDB's ``allowed_directories`` takes it."""
    return f"{folder.absolute()}{os.sep}"


def _parquet(archive: Archive, part: Part, table: str) -> str:
    return relation(archive.files(table, [part]))


def _checked(con: Connection, query: str) -> tuple[int, int | None]:
    """Number of rows and a checksum of them, whatever their order."""
    columns = ", ".join(identifier(name) for name, *_ in rows(con, f"DESCRIBE {query}"))
    ((count, checksum),) = rows(con, f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM ({query})")
    return int(count), checksum


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(map(literal, ids))


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk. Raises OSError."""
    if path.is_dir() and os.name == "nt":  # which syncs no folders
        return
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
