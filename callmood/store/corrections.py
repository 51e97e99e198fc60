"""What people corrected of segments, labels above all: written one by one, read for training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callmood.errors import CallmoodError, UsageError
from callmood.labels import LABELS
from callmood.remote import as_path
from callmood.store.categories import categorize_again
from callmood.store.connection import Connection, rows, transaction
from callmood.store.figures import fill_figures
from callmood.store.meanings import encode_again
from callmood.wording import clock, did_you_mean


@dataclass(frozen=True, slots=True)
class Correction:
    """A segment of a recording with what a person corrected of it."""

    recording_id: str
    path: Path
    """The last known path of the recording; of two files with a side each, that of the side."""
    agent: str | None
    customer: str | None
    speaker: int
    role: str
    channel: int
    start_s: float
    end_s: float
    text: str
    label: str | None
    """One of callmood.labels.LABELS; None: only its words, speaker or role were corrected."""
    corrected_at: datetime
    """In UTC."""
    corrected_by: str | None
    """Who did it; None: a callmood that did not ask."""
    call: str
    """What reports call the recording."""
    model_label: str | None
    """The label that the model gave; None if it gave none, or if another scan cut the call otherwise since then."""
    counts: bool
    """Whether reports count it: not if another scan cut the call otherwise since then."""
    said_by: int
    """Number of the speaker who said it, which a reviewer may have corrected too, as role and text."""
    model_text: str | None
    """The words as they were recognised; None if another scan cut the call otherwise since then."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A segment of a call."""

    number: int
    """Counted from 0, as in the table segment."""
    speaker: int
    role: str


def segment_at(con: Connection, recording_id: str, at_s: float, speaker: int | None = None) -> Moment:
    """The segment that is spoken ``at_s`` seconds from the start, preferably one that begins in that second.

    Raises CallmoodError if nobody speaks then, or if several people do and ``speaker`` does not choose one.
    """
    found = rows(
        con,
        """
        SELECT segment, speaker, role, floor(start_s) = floor($at) AS begins
        FROM segment
        WHERE recording_id = $id AND floor(start_s) <= $at AND end_s > $at AND ($speaker IS NULL OR speaker = $speaker)
        ORDER BY begins DESC, segment
        """,
        {"id": recording_id, "at": at_s, "speaker": speaker},
    )
    first = [row for row in found if row[3]] or found
    if not first and speaker is not None:
        raise CallmoodError(
            f"Speaker {speaker} is not speaking at {clock(at_s)}; report --call CALL shows who speaks when."
        )
    if not first:
        raise CallmoodError(
            f"No one is speaking at {clock(at_s)}. Use report --call CALL to see who speaks when."
        )
    if len(first) > 1:
        whose = " or ".join(f"--speaker {row[1]} ({row[2]})" for row in first)
        raise CallmoodError(f"Several people are speaking at {clock(at_s)}. Choose one with {whose}.")
    return Moment(*first[0][:3])


def require_label(label: str) -> None:
    """Raises UsageError if ``label`` is not one of callmood.labels.LABELS."""
    if label not in LABELS:
        raise UsageError(
            f"There is no label {label}{did_you_mean(label, LABELS)}. Use one of: {', '.join(LABELS)}."
        )


def correct(con: Connection, recording_id: str, segment: int, label: str, by: str | None = None) -> None:
    """Store ``label`` for a segment of a call, counted from 0; replaces an earlier correction of it.

    ``by``: the name of the person who says so.

    Raises UsageError for an unknown label, and CallmoodError for a segment that is not in the database.
    """
    require_label(label)
    with transaction(con):
        write_correction(con, recording_id, segment, label, by)
        categorize_again(con, [recording_id])
        fill_figures(con, [recording_id])


def write_correction(con: Connection, recording_id: str, segment: int, label: str, by: str | None) -> None:
    """``correct`` without what follows from it; in the transaction that has begun."""
    written = rows(
        con,
        """
        INSERT OR REPLACE INTO correction BY NAME
        SELECT recording_id, speaker, start_s, end_s, channel, role, text, $label AS label,
            now()::TIMESTAMPTZ AT TIME ZONE 'UTC' AS corrected_at, $by AS corrected_by
        FROM segment WHERE recording_id = $id AND segment = $segment
        RETURNING recording_id
        """,
        {"id": recording_id, "segment": segment, "label": label, "by": by},
    )
    if not written:
        raise CallmoodError(f"The database has no segment {segment} of the recording {recording_id}.")


def undo(con: Connection, found: Collection[Correction]) -> None:
    """Take corrections back: labels, words, speakers and roles of the model count again.

    How far reviewers agree is still measured by the labels that they gave.
    """
    of_stretch = "recording_id = $id AND speaker = $speaker AND start_s = $start_s AND end_s = $end_s"
    with transaction(con):
        for one in found:
            key = {
                "id": one.recording_id,
                "speaker": one.speaker,
                "start_s": one.start_s,
                "end_s": one.end_s,
            }
            con.execute(f"DELETE FROM correction WHERE {of_stretch}", key)
            con.execute(f"UPDATE review SET text = NULL, said_by = NULL, role = NULL WHERE {of_stretch}", key)
            if one.text != one.model_text:
                encode_again(con, one.recording_id)
        categorize_again(con, {one.recording_id for one in found})
        fill_figures(con, {one.recording_id for one in found})


def count_corrected(con: Connection, ids: Collection[str], *, stale: bool = False) -> Counter[str]:
    """How many stretches of recordings people corrected or reviewed, by recording; ``stale``: of those that are no
    segment any more, because another scan cut the call otherwise."""
    found = rows(
        con,
        """
        SELECT recording_id, count(*) FROM (
            SELECT recording_id, speaker, start_s, end_s FROM correction
            UNION
            SELECT recording_id, speaker, start_s, end_s FROM review
        ) AS stretch
        WHERE recording_id IN (SELECT unnest($ids::VARCHAR[])) AND NOT ($stale AND EXISTS (
            FROM segment WHERE segment.recording_id = stretch.recording_id AND segment.speaker = stretch.speaker
                AND segment.start_s = stretch.start_s AND segment.end_s = stretch.end_s))
        GROUP BY recording_id
        """,
        {"ids": list(ids), "stale": stale},
    )
    return Counter(dict(found))


def corrections(con: Connection, recording_id: str | None = None) -> list[Correction]:
    """All corrections, or those of one recording, by recording and time."""
    return [
        Correction(recording_id, as_path(path), *facts)
        for recording_id, path, *facts in rows(
            con,
            """
            WITH reworded AS (
                SELECT recording_id, speaker, start_s, end_s, arg_max(reviewer, reviewed_at) AS reviewer,
                    max(reviewed_at) AS reviewed_at
                FROM review WHERE text IS NOT NULL OR said_by IS NOT NULL OR role IS NOT NULL
                GROUP BY ALL
            ), touched AS (
                SELECT recording_id, speaker, start_s, end_s,
                    coalesce(corrected_at, reviewed_at) AS told_at,
                    CASE WHEN label IS NULL THEN reviewer ELSE corrected_by END AS told_by,
                    correction.channel, correction.role, correction.text, label
                FROM correction FULL JOIN reworded USING (recording_id, speaker, start_s, end_s)
            )
            SELECT touched.recording_id,
                CASE WHEN coalesce(touched.channel, segment.channel) = 1 AND other_path IS NOT NULL
                    THEN other_path ELSE path END AS file,
                agent, customer, touched.speaker, coalesce(heard.role, touched.role, segment.role, 'unknown'),
                CASE WHEN other_path IS NULL THEN coalesce(touched.channel, segment.channel, 0) ELSE 0 END,
                touched.start_s, touched.end_s, coalesce(heard.text, touched.text, segment.text, ''), label,
                told_at, told_by, call,
                shown_label(segment.emotion), segment.recording_id IS NOT NULL,
                coalesce(heard.said_by, touched.speaker), segment.text
            FROM touched
            JOIN recording ON recording.id = touched.recording_id
            JOIN call_name ON call_name.recording_id = touched.recording_id
            LEFT JOIN segment ON segment.recording_id = touched.recording_id
                AND segment.speaker = touched.speaker
                AND segment.start_s = touched.start_s AND segment.end_s = touched.end_s
            LEFT JOIN heard ON heard.recording_id = touched.recording_id AND heard.speaker = touched.speaker
                AND heard.start_s = touched.start_s AND heard.end_s = touched.end_s
            WHERE $id IS NULL OR touched.recording_id = $id
            ORDER BY path, touched.start_s, touched.speaker
            """,
            {"id": recording_id},
        )
    ]
