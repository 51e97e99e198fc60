"""The labels that people gave to segments: written one by one, read for training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from callmood.errors import CallmoodError, UsageError
from callmood.labels import LABELS
from callmood.store.connection import Connection, rows, transaction
from callmood.wording import clock, did_you_mean


@dataclass(frozen=True, slots=True)
class Correction:
    """A segment of a recording with the label that a person gave it."""

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
    label: str
    """One of callmood.labels.LABELS."""


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


def correct(con: Connection, recording_id: str, segment: int, label: str) -> None:
    """Store ``label`` for a segment of a call, counted from 0; replaces an earlier correction of it.

    Raises UsageError for an unknown label, and CallmoodError for a segment that is not in the database.
    """
    require_label(label)
    with transaction(con):
        written = rows(
            con,
            """
            INSERT OR REPLACE INTO correction BY NAME
            SELECT recording_id, speaker, start_s, end_s, channel, role, text, $label AS label,
                now()::TIMESTAMPTZ AT TIME ZONE 'UTC' AS corrected_at
            FROM segment WHERE recording_id = $id AND segment = $segment
            RETURNING recording_id
            """,
            {"id": recording_id, "segment": segment, "label": label},
        )
        if not written:
            raise CallmoodError(f"The database has no segment {segment} of the recording {recording_id}.")


def corrections(con: Connection) -> list[Correction]:
    """All corrections, by recording and time."""
    return [
        Correction(recording_id, Path(path), *facts)
        for recording_id, path, *facts in rows(
            con,
            """
            SELECT recording_id,
                CASE WHEN correction.channel = 1 AND other_path IS NOT NULL THEN other_path ELSE path END AS file,
                agent, customer, speaker, role,
                CASE WHEN other_path IS NULL THEN correction.channel ELSE 0 END AS channel,
                start_s, end_s, text, label
            FROM correction JOIN recording ON recording.id = recording_id
            ORDER BY path, start_s, speaker
            """,
        )
    ]
