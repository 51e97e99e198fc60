"""Calls moved from a database into an archive, and calls in archives that are forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from callmood.errors import CallmoodError, UsageError
from callmood.store.archive import (
    SCAN,
    TABLES,
    Archive,
    Part,
    archive_connection,
    commit,
    relation,
    remove_others,
    without,
    write_part,
)
from callmood.store.columns import valid_unicode
from callmood.store.connection import Connection, explained, migrations, rows
from callmood.store.encoded import ENCODED
from callmood.store.encryption import database_key
from callmood.store.figures import JOINED, REVIEWED
from callmood.store.forget import LeftOut, written_anew

_WHEN: Final = "coalesce(recording.started_at, scan.started_at, stored_at)"
_CALLS: Final = "recording LEFT JOIN scan ON scan.id = coalesce(transcribed_in, scan_id)"


def calls_older(con: Connection, before: Any) -> list[str]:
    """The ids of the calls that started before a moment, or were scanned before it and have no known start.

    Recordings that could not be scanned are not among them: the next scan may try them again.
    """
    query = (
        f"SELECT recording.id FROM {_CALLS} WHERE state = 'done' AND {_WHEN} < $before ORDER BY recording.id"
    )
    return [one for (one,) in rows(con, query, {"before": before})]


def require_plain() -> None:
    """Raises UsageError where there is a key for databases: an archive would be readable without it."""
    if database_key() is not None:
        raise UsageError(
            "An archive is not encrypted, so calls are not moved into one while there is a key. Keep them in encrypted "
            "databases: one for each year, each a --db of callmood report."
        )


def move(db: Path, archive: Archive, ids: Collection[str]) -> Archive:
    """Move calls from a database into an archive, and return that. No scan may run meanwhile (``one_scan``).

    The archive holds them before the database is without them: if the program is killed in between, both hold them,
    what is in the database counts, and they are moved again the next time. Raises CallmoodError, and moves nothing, if
    the archive belongs to another database, or the two can't be written.
    """
    with written_anew(db, LeftOut(ids, TABLES), folders=[archive.folder]) as con:
        _require_its_own(con, archive)
        con.execute(
            f"""
            CREATE TEMP TABLE chosen AS
            SELECT recording.id, strftime({_WHEN}, '%Y-%m') AS month, scan_id, transcribed_in
            FROM {_CALLS.replace("recording LEFT JOIN scan", "old.recording LEFT JOIN old.scan")}
            WHERE recording.id IN (SELECT unnest($ids::VARCHAR[]))
            """,
            {"ids": list(ids)},
        )
        try:
            moved = _with_chosen(con, without(con, archive, ids))
            _mark_archived(con, moved)
            commit(moved)
        except BaseException:
            remove_others(archive.folder)
            raise
    remove_others(moved.folder)
    return moved


def _require_its_own(con: Connection, archive: Archive) -> None:
    """Raises CallmoodError if the archive holds calls of another database, whose scans have the same numbers."""
    files = archive.files(SCAN)
    known = f"{relation(files)} AS known JOIN old.scan USING (id)"
    if files and rows(con, f"SELECT 1 FROM {known} WHERE known.started_at <> scan.started_at LIMIT 1"):
        raise CallmoodError(
            f"{archive.folder} is the archive of another database. Choose another folder; callmood report reads both."
        )


def _with_chosen(con: Connection, archive: Archive) -> Archive:
    """The archive with a new part for each month of the chosen calls, not yet committed."""
    months = rows(con, "SELECT month, count(*) FROM chosen GROUP BY month ORDER BY month")
    parts = list(archive.parts)
    version = migrations()[-1].version
    for number, (month, calls) in enumerate(months, start=archive.next_number):
        part = Part(number, month, version, calls, {})
        parts.append(write_part(con, archive.folder, part, _chosen_rows(month)))
    return replace(archive, parts=tuple(parts), next_number=archive.next_number + len(months))


def _chosen_rows(month: str) -> Mapping[str, str]:
    """A query for each table. Rows of one call stand together, so that only the blocks that hold it are read.

    Kept vectors are left out: they are large, sensitive, and for scoring again, which archived calls are not.
    So is what is worked out from the other tables where they are read.
    """
    chosen = f"FROM chosen WHERE month = '{month}'"
    return {
        **{
            table: f"SELECT * FROM old.{table} WHERE {column} IN (SELECT id {chosen}) ORDER BY {column}, rowid"
            for table, column in TABLES.items()
            if table not in (*ENCODED, REVIEWED, JOINED)
        },
        SCAN: f"SELECT * FROM old.scan WHERE id IN (SELECT unnest([scan_id, transcribed_in]) {chosen}) ORDER BY id",
    }


def _mark_archived(con: Connection, archive: Archive) -> None:
    con.execute(
        "INSERT OR REPLACE INTO new.main.archived SELECT id, $folder FROM chosen",
        {"folder": valid_unicode(str(archive.folder.absolute()))},
    )
    con.execute(
        """
        INSERT INTO new.main.archived_voice BY NAME
        SELECT recording_id, speaker, agent, started_at, speaker.model_id, baseline_mean, baseline_count
        FROM old.speaker JOIN old.recording ON recording.id = recording_id
        WHERE recording_id IN (SELECT id FROM chosen) AND role = 'agent' AND baseline_count > 0
        """
    )


def archives_of(con: Connection) -> list[Path]:
    """The folders of the archives that calls of a database were moved into."""
    return [Path(folder) for (folder,) in rows(con, "SELECT DISTINCT archive FROM archived ORDER BY 1")]


def archived(con: Connection) -> set[str]:
    """The ids of the recordings of calls that are in an archive, and were not forgotten."""
    found = rows(con, "SELECT recording_id FROM archived ANTI JOIN forgotten ON content = recording_id")
    return {recording_id for (recording_id,) in found}


def forget_archived(archive: Archive, ids: Sequence[str]) -> None:
    """Delete calls from an archive, with everything that is stored of them: the files of their months are written anew.

    Nobody may write to the archive meanwhile (``writing_archive``). Raises CallmoodError, and deletes nothing, if it
    can't be written.
    """
    with archive_connection([archive.folder], archive.folder) as con, explained(archive.folder):
        try:
            left = without(con, archive, ids)
            commit(left)
        except BaseException:
            remove_others(archive.folder)
            raise
    remove_others(left.folder)
