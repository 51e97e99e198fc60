"""The queries of a scan: what is done and how, and what to score again."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal, TypeAlias

from callmood.call import FACTS, CallFacts, Recording, Segment, Speaker, Word
from callmood.errors import CallmoodError
from callmood.remote import as_path
from callmood.store.columns import as_roots, valid_unicode
from callmood.store.connection import Connection, each_row, rows
from callmood.store.numbers import GIVEN, given, numbers_of

_PART: Final = 5_000
"""Rows written at once."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about a recording."""

    state: Literal["done", "failed"]
    model_id: str | None = None
    """The emotion model that scored it; None for one that failed or was not scored."""
    roles: str | None = None
    """Whose segments were scored by the scan that wrote it last."""
    has_moods: bool = True
    """Whether it is known of all who were scored if they got upset or pleased; an older callmood did not say."""
    asr: str | None = None
    """The recogniser that transcribed it; None if that is unknown."""


def known(con: Connection) -> dict[str, Known]:
    """Every recording in the database, by its id. Of what is known alike, there is one object."""
    alike: dict[Known, Known] = {}
    return {
        recording_id: alike.setdefault(one := Known(*columns), one)
        for recording_id, *columns in each_row(
            con,
            """
            SELECT recording.id, state, model_id, scan.settings->>'$.score.roles', moodless.recording_id IS NULL,
                transcription.models->>'asr'
            FROM recording LEFT JOIN scan ON scan.id = scan_id
            LEFT JOIN scan AS transcription ON transcription.id = transcribed_in
            LEFT JOIN (
                SELECT DISTINCT recording_id FROM speaker WHERE baseline_count IS NOT NULL AND upset IS NULL
            ) AS moodless ON moodless.recording_id = recording.id
            """,
        )
    }


def hashes(
    con: Connection, contents: Collection[str] | None = None
) -> Iterator[tuple[str, tuple[int, int, str]]]:
    """The files as they were last read: path, and size in bytes, modification time in ns and SHA-256.

    Of all, or of those with one of ``contents``. They come some at a time: ask for all before anything else.
    """
    found = each_row(
        con,
        "SELECT path, size_bytes, mtime_ns, content FROM file_hash "
        "WHERE $contents IS NULL OR content IN (SELECT unnest($contents::VARCHAR[]))",
        {"contents": None if contents is None else list(contents)},
    )
    return ((path, (size_bytes, mtime_ns, content)) for path, size_bytes, mtime_ns, content in found)


def unreadable(con: Connection) -> set[tuple[str, str, tuple[int, int] | None]]:
    """The files that could not be read: path, reason, and size in bytes and modification time in ns as they were."""
    found = rows(
        con, "SELECT path, reason, size_bytes, mtime_ns FROM unreadable WHERE size_bytes IS NOT NULL"
    )
    return {(path, reason, (size_bytes, mtime_ns)) for path, reason, size_bytes, mtime_ns in found}


def outdated(con: Connection, contents: Iterable[tuple[str, str]]) -> dict[str, list[Recording]]:
    """The recordings whose file has another content now, by the id of that content.

    ``contents``: the paths of all files that were found, with the ids of what they hold. A recording that was found in
    another file is moved, not outdated, and neither is a call of two files one of which is gone: the other is half of
    it.
    """
    with _found_files(con, contents):
        found = rows(
            con,
            """
            SELECT path, id FROM recording
            WHERE md5_number(path) IN (SELECT path FROM found_file)
                AND md5_number(id) NOT IN (SELECT id FROM found_file)
                AND (other_path IS NULL OR md5_number(other_path) IN (SELECT path FROM found_file))
            ORDER BY path, id
            """,
        )
    if not found:
        return {}
    paths = {path for path, _ in found}
    now = {path: content for one, content in contents if (path := valid_unicode(one)) in paths}
    old = stored_recordings(con, [recording_id for _, recording_id in found])
    by_content: dict[str, list[Recording]] = {}
    for path, recording_id in found:
        by_content.setdefault(now[path], []).append(old[recording_id])
    return by_content


def unseen_paths(con: Connection, searched: Iterable[Path], seen: Iterable[str]) -> list[Path]:
    """The paths of calls in ``searched`` that are not among those ``seen``.

    ``searched`` are absolute paths of files, and of folders including everything below them.
    """
    with _found_files(con, ((path, "") for path in seen)):
        found = rows(
            con,
            """
            SELECT DISTINCT path FROM recording
            SEMI JOIN (SELECT unnest($searched::VARCHAR[]) AS root) ON starts_with(path || $end, root)
            WHERE state = 'done' AND md5_number(path) NOT IN (SELECT path FROM found_file)
            ORDER BY path
            """,
            {"searched": as_roots(searched), "end": os.sep},
        )
    return [as_path(path) for (path,) in found]


@contextmanager
def _found_files(con: Connection, files: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Paths and ids as the table ``found_file``: as parameters of a query they would take many times the memory.

    It holds their MD5 sums, which are short.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found_file AS SELECT md5_number('') AS path, md5_number('') AS id LIMIT 0"
    )
    left = iter(files)
    while part := list(islice(left, _PART)):
        con.execute(
            "INSERT INTO found_file "
            "SELECT md5_number(unnest($paths::VARCHAR[])), md5_number(unnest($ids::VARCHAR[]))",
            {"paths": [valid_unicode(path) for path, _ in part], "ids": [one for _, one in part]},
        )
    yield
    con.execute("DROP TABLE found_file")


def stored_recordings(con: Connection, ids: Collection[str]) -> dict[str, Recording]:
    """Recordings by their ids, with their facts from all scans and their last known path."""
    found = rows(
        con,
        f"""
        SELECT id, path, other_path, size_bytes, {", ".join(FACTS)}, metadata
        FROM recording WHERE id IN (SELECT unnest($ids::VARCHAR[]))
        """,
        {"ids": list(ids)},
    )
    return {
        recording_id: Recording(
            recording_id,
            as_path(path),
            size_bytes,
            CallFacts(**dict(zip((*FACTS, "metadata"), facts, strict=True))),
            as_path(other_path) if other_path else None,
        )
        for recording_id, path, other_path, size_bytes, *facts in found
    }


StoredParts: TypeAlias = tuple[tuple[Speaker, ...], tuple[Segment, ...]]
"""The speakers and the segments of a call."""


def stored_segments(con: Connection, recording_id: str) -> StoredParts:
    """The speakers and the segments with their words of a call, as they were written."""
    return segments_of_calls(con, [recording_id])[recording_id]


def segments_of_calls(con: Connection, ids: Collection[str]) -> dict[str, StoredParts]:
    """``stored_segments`` of several calls, by recording id."""
    asked = given(numbers_of(con, ids))
    words: dict[tuple[str, int], list[Word]] = {}
    for recording_id, segment, *word in rows(
        con,
        f"""
        WITH {GIVEN}
        SELECT recording_id, segment, text, start_s, end_s, probability FROM rows_of('word', 'given')
        ORDER BY recording_id, segment, word
        """,
        asked,
    ):
        words.setdefault((recording_id, segment), []).append(Word(*word))
    speakers: dict[str, list[Speaker]] = {recording_id: [] for recording_id in ids}
    for recording_id, *speaker in rows(
        con,
        f"""
        WITH {GIVEN}
        SELECT recording_id, speaker, channel, role, decided_by, false, language FROM rows_of('speaker', 'given')
        ORDER BY recording_id, speaker
        """,
        asked,
    ):
        speakers[recording_id].append(Speaker(*speaker))
    segments: dict[str, list[Segment]] = {recording_id: [] for recording_id in ids}
    for recording_id, number, speaker, channel, start_s, end_s, text in rows(
        con,
        f"""
        WITH {GIVEN}
        SELECT recording_id, segment, speaker, channel, start_s, end_s, text FROM segments_of('given')
        ORDER BY recording_id, segment
        """,
        asked,
    ):
        of_segment = tuple(words.get((recording_id, number), ()))
        segments[recording_id].append(Segment(speaker, channel, start_s, end_s, text, of_segment))
    return {one: (tuple(speakers[one]), tuple(segments[one])) for one in ids}


IS_NAMED: Final = """(
    call_id = $name
    OR file_name(path) = $name
    OR regexp_replace(file_name(path), '\\.[^.]*$', '') = $name
    OR (file_name($name) <> $name AND ends_with(replace(path, '\\', '/'), '/' || replace($name, '\\', '/')))
    OR (length($name) >= 4 AND starts_with(id, lower($name)))
)"""
"""Whether a recording is the one that a person names: by its call id, its file with or without the extension, the end
of its path, or the start of its id."""


def several(name: str, found: Sequence[tuple[str | None, str, str]]) -> CallmoodError:
    """The error for a name of several recordings; ``found``: the id, where there is one, file and path of each."""
    listed = ", ".join(
        f"{recording_id[:12]} ({file})" if recording_id else path for recording_id, file, path in found[:5]
    )
    return CallmoodError(
        f'"{name}" matches {len(found)} recordings. Give the recording id or the whole path of one: {listed}.'
    )


def find_call(con: Connection, call: str) -> str:
    """The recording id of a call, given its call id, its file with or without the extension, or the start of its id.

    Raises CallmoodError if there is none, if there are several, or if it could not be scanned.
    """
    found = rows(
        con,
        f"""
        SELECT id, file_name(path), path, state, error
        FROM (
            SELECT id, call_id, path, state, error FROM recording
            UNION ALL
            SELECT NULL, NULL, path, 'failed', error FROM unreadable
            WHERE path NOT IN (SELECT path FROM recording)
        )
        WHERE path = $name OR {IS_NAMED}
        ORDER BY path
        """,
        {"name": valid_unicode(call)},
    )
    if not found:
        raise CallmoodError(
            f'No call "{call}". Give a call id, a file name, or the start of a recording id; report --call lists them.'
        )
    if len(found) > 1:
        raise several(call, [(recording_id, file, path) for recording_id, file, path, *_ in found])
    ((recording_id, file, _, state, error),) = found
    if state == "failed":
        raise CallmoodError(f"{file} could not be scanned: {error}")
    return str(recording_id)
