"""What a scan writes. Each function is one transaction, so that a killed scan leaves only whole calls.

Rows are passed as arrays or JSON (see ``columns``). All else is a parameter, so that no text of a call is ever parsed
as SQL.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from callmood.call import FACTS, Call, Failure, Recording, Rescored
from callmood.labels import LABELS
from callmood.store.categories import categorize_again
from callmood.store.columns import (
    CALL_FACTS,
    FILE,
    HASH,
    HOLD,
    MOODS,
    OF_CALL,
    OF_RECORDING,
    RECORDING,
    SCORES,
    SEGMENT,
    SPEAKER,
    SPEECH,
    UNREADABLE,
    VOICE,
    WORD,
    Columns,
    Shape,
    as_arrays,
    as_json,
    as_roots,
    assigned,
    columns_of,
    pairs,
    recording_columns,
    score_columns,
    select_rows,
    valid_unicode,
    voice_rows,
)
from callmood.store.connection import Connection, rows, transaction
from callmood.store.encoded import ENCODED, write_encoded
from callmood.store.figures import DERIVED, add_figures, fill_figures, refresh
from callmood.store.numbers import GIVEN, Numbers, delete_rows_of, given, new_numbers, numbers_of
from callmood.store.redact import redact_corrections

OF_A_CALL: Final = (
    "word",
    "segment",
    "speaker",
    "speech",
    "hold",
    "segment_vectors",
    "segment_category",
    "categorized",
    *ENCODED,
    *DERIVED,
)
"""The tables that another scan of a recording writes anew."""
RECORDING_IDS: Final[Mapping[str, str]] = {
    "recording": "id",
    "file_hash": "content",
    **dict.fromkeys((*OF_A_CALL, "correction", "review"), "recording_id"),
}
"""The tables that hold something of a recording, with the column of its id."""
OF_THE_ARCHIVED: Final = "archived_voice"
"""The table that holds something of recordings whose call is in an archive."""
_IS_AS_SAID: Final = "id IN (SELECT unnest($ids::VARCHAR[])) AND state = 'done' AND redacted IS NOT TRUE"


def start_scan(
    con: Connection, settings: Mapping[str, Any], versions: Mapping[str, Any], models: Mapping[str, Any]
) -> int:
    """The id of a new scan. Its settings, versions and models are stored as JSON."""
    with transaction(con):
        ((scan_id,),) = rows(
            con,
            """
            INSERT INTO scan (id, started_at, settings, versions, models)
            SELECT coalesce(max(id), 0) + 1, $now, $settings, $versions, $models FROM scan
            RETURNING id
            """,
            {
                "now": _now(),
                "settings": json.dumps(settings, default=str),
                "versions": json.dumps(versions, default=str),
                "models": json.dumps(models, default=str),
            },
        )
    return int(scan_id)


def finish_scan(con: Connection, scan_id: int) -> None:
    """Record that a scan has finished."""
    with transaction(con):
        con.execute("UPDATE scan SET finished_at = $now WHERE id = $id", {"now": _now(), "id": scan_id})


def write_call(
    con: Connection, scan_id: int, model_id: str | None, call: Call, replaced: Collection[str] = ()
) -> None:
    """Store a call, replacing whatever was stored for its recording and for those whose ids are ``replaced``."""
    write_calls(con, scan_id, model_id, [call], replaced)


def write_calls(
    con: Connection, scan_id: int, model_id: str | None, calls: Sequence[Call], replaced: Collection[str] = ()
) -> None:
    """``write_call`` for calls of different recordings: all of them or none. Much cheaper than one by one."""
    for call in calls:
        _check_consistency(call)
    ids = [call.recording.id for call in calls]
    with transaction(con):
        stored = numbers_of(con, [*ids, *replaced])
        # the file still holds what was said, in its unused parts
        as_said = {
            one
            for (one,) in rows(con, f"SELECT id FROM recording WHERE {_IS_AS_SAID}", {"ids": list(stored)})
        }
        delete_rows(con, replaced)
        _delete_calls(con, {one: number for one, number in stored.items() if one not in replaced})
        numbers = new_numbers(con, ids)
        _write_recordings(
            con,
            [
                (
                    call.recording,
                    {
                        "state": "done",
                        "call_number": numbers[call.recording.id],
                        "duration_s": call.duration_s,
                        "channels": call.channels,
                        "sample_rate": call.sample_rate,
                        "format": call.format,
                        "layout": call.layout,
                        "language": call.language,
                        "understood": call.understood,
                        "dropped": pairs(call.dropped),
                        "warnings": [valid_unicode(warning) for warning in call.warnings],
                        "model_id": model_id,
                        "scan_id": scan_id,
                        "transcribed_in": scan_id,
                        "redacted": call.redacted and as_said.isdisjoint((call.recording.id, *replaced)),
                    },
                )
                for call in calls
            ],
        )
        _write_speakers(con, model_id, calls, numbers)
        _write_segments(con, calls, numbers)
        _write_rows(con, "word", _joined(calls, numbers, _words), WORD)
        _write_rows(con, "speech", _joined(calls, numbers, _speech), SPEECH)
        _write_rows(con, "hold", _joined(calls, numbers, _holds), HOLD)
        write_encoded(con, calls, numbers)
        for call in calls:
            if call.redacted:
                redact_corrections(con, call.recording.id)
        add_figures(con, numbers)


def write_failure(con: Connection, scan_id: int, failure: Failure) -> None:
    """Record that a recording could not be scanned; one that is done stays as it is."""
    recording = failure.recording
    if recording is None:
        raise ValueError(f"{failure.path} is not a recording; use write_unreadable")
    with transaction(con):
        if rows(con, "SELECT 1 FROM recording WHERE id = $id AND state = 'done'", {"id": recording.id}):
            return
        _delete_calls(con, numbers_of(con, [recording.id]))
        _write_recordings(
            con,
            [
                (
                    recording,
                    {
                        "state": "failed",
                        "call_number": 0,
                        "reason": failure.reason,
                        "error": valid_unicode(failure.error),
                        "scan_id": scan_id,
                    },
                )
            ],
        )


def update_facts(con: Connection, recordings: Iterable[Recording], *, sure: bool = True) -> None:
    """Update the path and call facts of known recordings: moved, renamed, or with more in the metadata table.

    A fact that is missing now is kept, because a scan without the metadata table must not lose what it said. Facts
    that are not ``sure``, guessed from names and folders, fill gaps but replace nothing that is stored.
    Unknown recordings are ignored.
    """
    found = [recording_columns(recording) for recording in recordings]
    first, then = ("found", "old") if sure else ("old", "found")
    facts = ", ".join(f"coalesce({first}.{fact}, {then}.{fact}) AS {fact}" for fact in FACTS)
    metadata = [
        "old.metadata",
        "map_from_entries(found.metadata)",
    ]  # the last value of a duplicate key counts
    merged = f"map_concat({', '.join(metadata if sure else metadata[::-1])})"
    refreshed = ("path", "other_path", "size_bytes", *FACTS, "metadata")
    with transaction(con):
        changed = rows(
            con,
            f"""
            UPDATE recording SET {", ".join(f"{column} = fresh.{column}" for column in refreshed)}
            FROM (
                SELECT id, found.path, found.other_path, found.size_bytes, {facts}, {merged} AS metadata
                FROM ({select_rows("found", {**FILE, **CALL_FACTS})}) AS found JOIN recording AS old USING (id)
            ) AS fresh
            WHERE recording.id = fresh.id
                AND ({", ".join(f"recording.{column}" for column in refreshed)})
                    IS DISTINCT FROM ({", ".join(f"fresh.{column}" for column in refreshed)})
            RETURNING id
            """,
            {"found": as_json(found)},
        )
        if changed:
            refresh(con, [one for (one,) in changed])


def write_hashes(con: Connection, hashes: Mapping[str, tuple[int, int, str]]) -> None:
    """Store the hashes of files: size in bytes, modification time in ns and SHA-256, by path.

    Paths that are not valid Unicode are ignored.
    """
    found = [
        dict(zip(HASH, (path, *hashed), strict=True))
        for path, hashed in hashes.items()
        if valid_unicode(path) == path
    ]
    if found:
        with transaction(con):
            con.execute(
                f"INSERT OR REPLACE INTO file_hash BY NAME {select_rows('found', HASH)}",
                {"found": as_json(found)},
            )


def delete_hashes(con: Connection, paths: Iterable[Path]) -> None:
    """Delete the hashes of files, so that the next scan reads them again."""
    with transaction(con):
        con.execute(
            "DELETE FROM file_hash WHERE path IN (SELECT unnest($paths::VARCHAR[]))",
            {"paths": [valid_unicode(str(path)) for path in paths]},
        )


def write_unreadable(
    con: Connection,
    searched: Iterable[Path],
    failures: Iterable[Failure],
    states: Mapping[Path, tuple[int, int]],
) -> None:
    """Store the files and folders that could not be read, replacing earlier ones in ``searched``.

    ``searched`` are absolute paths of files, and of folders including everything below them. ``states``: size in bytes
    and modification time in ns of the files, by path, that show whether one has changed since.
    """
    found = [
        {
            "path": valid_unicode(str(failure.path)),
            "reason": failure.reason,
            "error": valid_unicode(failure.error),
            **dict(zip(("size_bytes", "mtime_ns"), states.get(failure.path, (None, None)), strict=True)),
        }
        for failure in failures
    ]
    with transaction(con):
        con.execute(
            """
            DELETE FROM unreadable
            USING (SELECT unnest($searched::VARCHAR[]) AS root)
            WHERE starts_with(path || $end, root)
            """,
            {
                "searched": as_roots(searched),
                "end": os.sep,
            },
        )
        con.execute(
            f"INSERT INTO unreadable BY NAME SELECT *, $now AS seen_at FROM ({select_rows('found', UNREADABLE)})",
            {"found": as_json(found), "now": _now()},
        )


def rescore_call(con: Connection, scan_id: int, model_id: str, call: Rescored) -> None:
    """Replace the scores of a stored call's segments, in their order, by those of another model."""
    rescore_calls(con, scan_id, model_id, [call])


def rescore_calls(con: Connection, scan_id: int, model_id: str, calls: Sequence[Rescored]) -> None:
    """``rescore_call`` for different calls: all of them or none. Much cheaper than one by one."""
    ids = [call.recording.id for call in calls]
    with transaction(con):
        speakers: dict[str, list[int]] = {}
        for recording_id, speaker in rows(
            con,
            "SELECT recording_id, speaker FROM speaker WHERE recording_id IN (SELECT unnest($ids::VARCHAR[]))",
            {"ids": ids},
        ):
            speakers.setdefault(recording_id, []).append(speaker)
        numbers = numbers_of(con, ids)
        stored = dict(
            rows(
                con,
                f"WITH {GIVEN} SELECT recording_id, count(*) FROM segments_of('given') GROUP BY ALL",
                given(numbers),
            )
        )
        for call in calls:
            if stored.get(call.recording.id, 0) != len(call.scores):
                raise ValueError(
                    f"{len(call.scores)} scores for {stored.get(call.recording.id, 0)} segments of {call.recording.id}"
                )
        con.execute(
            f"""
            UPDATE segment SET emotion = new.emotion, confidence = new.confidence,
                scores = map($labels::VARCHAR[], new.scores),
                raw_emotion = new.raw_emotion, raw_scores = map($labels::VARCHAR[], new.raw_scores),
                raw_logits = new.raw_logits, relative_logits = new.relative_logits,
                upset = new.upset, pleased = new.pleased, evidence = new.evidence
            FROM ({select_rows("scores", {**OF_RECORDING, **SCORES})}) AS new
            WHERE segment.recording_id = new.recording_id AND segment.segment = new.segment
            """,
            {
                "labels": list(LABELS),
                "scores": as_json(
                    [
                        {"recording_id": call.recording.id, "segment": index, **score_columns(of)}
                        for call in calls
                        for index, of in enumerate(call.scores)
                    ]
                ),
            },
        )
        con.execute(
            f"""
            UPDATE speaker SET baseline_mean = new.baseline_mean, baseline_count = new.baseline_count,
                earlier_mean = new.earlier_mean, earlier_count = new.earlier_count, model_id = $model_id,
                {assigned(MOODS)}
            FROM ({select_rows("voices", {**OF_RECORDING, **VOICE})}) AS new
            WHERE speaker.recording_id = new.recording_id AND speaker.speaker = new.speaker
            """,
            {
                "model_id": model_id,
                "voices": as_json(
                    [
                        {"recording_id": call.recording.id, **voice}
                        for call in calls
                        for voice in voice_rows(
                            speakers.get(call.recording.id, ()), call.baselines, call.moods
                        )
                    ]
                ),
            },
        )
        con.execute(
            """
            UPDATE recording SET model_id = $model_id, scan_id = $scan_id, stored_at = $now
            WHERE id IN (SELECT unnest($ids::VARCHAR[]))
            """,
            {"model_id": model_id, "scan_id": scan_id, "now": _now(), "ids": ids},
        )
        write_encoded(con, calls, numbers)
        categorize_again(con, ids)
        fill_figures(con, ids)


def _check_consistency(call: Call) -> None:
    """Raises ValueError if the parts of a call do not belong together."""
    if len(call.scores) != len(call.segments):
        raise ValueError(f"{len(call.scores)} scores for {len(call.segments)} segments")
    known = {speaker.index for speaker in call.speakers}
    unknown = {segment.speaker for segment in call.segments} | {stretch.speaker for stretch in call.speech}
    unknown -= known
    if unknown:
        raise ValueError(
            f"segments or speech of speakers {sorted(unknown)} that are not among {sorted(known)}"
        )


def delete_recordings(con: Connection, ids: Collection[str]) -> None:
    """Delete recordings with everything derived from them."""
    with transaction(con):
        delete_rows(con, ids)


def delete_rows(con: Connection, ids: Collection[str]) -> None:
    """Delete recordings with everything derived from them, in the transaction that has begun."""
    if ids:
        _delete_calls(con, numbers_of(con, ids))
        for table, column in RECORDING_IDS.items():
            if table not in OF_A_CALL:
                con.execute(
                    f"DELETE FROM {table} WHERE {column} IN (SELECT unnest($ids::VARCHAR[]))",
                    {"ids": list(ids)},
                )


def _delete_calls(con: Connection, calls: Numbers) -> None:
    """Delete what a scan writes anew of a call."""
    if calls:
        for table in OF_A_CALL:
            delete_rows_of(con, table, calls)


def _write_recordings(con: Connection, scanned: Sequence[tuple[Recording, Mapping[str, Any]]]) -> None:
    """``scanned``: recordings with the columns that are known once they are scanned."""
    con.execute(
        "DELETE FROM forgotten WHERE content IN (SELECT unnest($ids::VARCHAR[]))",
        {"ids": [recording.id for recording, _ in scanned]},
    )
    now = _now().isoformat()
    con.execute(
        f"""
        INSERT OR REPLACE INTO recording BY NAME
        SELECT * REPLACE (map_from_entries(metadata) AS metadata, map_from_entries(dropped) AS dropped)
        FROM ({select_rows("recordings", RECORDING)})
        """,
        {
            "recordings": as_json(
                [
                    {**recording_columns(recording), **values, "stored_at": now}
                    for recording, values in scanned
                ]
            )
        },
    )


def _write_speakers(con: Connection, model_id: str | None, calls: Sequence[Call], numbers: Numbers) -> None:
    con.execute(
        f"""
        INSERT INTO speaker BY NAME
        SELECT *, $model_id AS model_id FROM ({select_rows("speakers", {**OF_CALL, **SPEAKER})})
        """,
        {
            "model_id": model_id,
            "speakers": as_json(
                [
                    {
                        "recording_id": call.recording.id,
                        "call_number": numbers[call.recording.id],
                        **voice,
                        "channel": speaker.channel,
                        "role": speaker.role,
                        "decided_by": valid_unicode(speaker.decided_by),
                        "language": speaker.language,
                    }
                    for call in calls
                    for speaker, voice in zip(call.speakers, _voices(call), strict=True)
                ]
            ),
        },
    )


def _voices(call: Call) -> list[dict[str, Any]]:
    return voice_rows((speaker.index for speaker in call.speakers), call.baselines, call.moods)


def _write_segments(con: Connection, calls: Sequence[Call], numbers: Numbers) -> None:
    _write_rows(
        con,
        "segment",
        _joined(calls, numbers, lambda call: columns_of([*_segment_rows(call)], SEGMENT)),
        SEGMENT,
        """
        SELECT * REPLACE (
            map($labels::VARCHAR[], scores) AS scores, map($labels::VARCHAR[], raw_scores) AS raw_scores)
        """,
        {"labels": list(LABELS)},
    )


def _segment_rows(call: Call) -> Iterator[dict[str, Any]]:
    roles = {speaker.index: speaker.role for speaker in call.speakers}
    for index, (segment, scores) in enumerate(zip(call.segments, call.scores, strict=True)):
        yield {
            "segment": index,
            **score_columns(scores),
            "speaker": segment.speaker,
            "role": roles[segment.speaker],
            "channel": segment.channel,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
            "text": segment.text,
        }


def _words(call: Call) -> Columns:
    words = [
        (index, number, word)
        for index, segment in enumerate(call.segments)
        for number, word in enumerate(segment.words)
    ]
    return {
        "segment": [index for index, _, _ in words],
        "word": [number for _, number, _ in words],
        "text": [word.text for _, _, word in words],
        "start_s": [word.start_s for _, _, word in words],
        "end_s": [word.end_s for _, _, word in words],
        "probability": [word.probability for _, _, word in words],
    }


def _speech(call: Call) -> Columns:
    return {name: [getattr(stretch, name) for stretch in call.speech] for name in SPEECH}


def _holds(call: Call) -> Columns:
    return {name: [getattr(hold, name) for hold in call.holds] for name in HOLD}


def _joined(calls: Sequence[Call], numbers: Numbers, columns: Callable[[Call], Columns]) -> Columns:
    """The columns of all calls, with the ids of their recordings and their numbers."""
    ids: list[str] = []
    joined: dict[str, list[Any]] = {}
    for call in calls:
        of_call = columns(call)
        ids += [call.recording.id] * len(next(iter(of_call.values())))
        for name, values in of_call.items():
            joined.setdefault(name, []).extend(values)
    return {"recording_id": ids, "call_number": [numbers[one] for one in ids], **joined}


def _write_rows(
    con: Connection,
    table: str,
    columns: Columns,
    shape: Shape,
    select: str = "SELECT *",
    parameters: Mapping[str, Any] | None = None,
) -> None:
    """Rows that ``select`` makes of columns. Raises ValueError for NaN and infinity."""
    if columns["recording_id"]:
        passed, query = as_arrays(columns, {**OF_CALL, **shape})
        con.register("passed", passed)
        con.execute(f"INSERT INTO {table} BY NAME {select} FROM ({query})", dict(parameters or {}))
        con.unregister("passed")


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)
