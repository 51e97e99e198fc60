"""What people heard in segments that were played to them: written one by one, beside what the model says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from callmood.call import Role
from callmood.errors import CallmoodError, UsageError
from callmood.store.categories import categorize_again
from callmood.store.columns import valid_unicode
from callmood.store.connection import Connection, rows, transaction
from callmood.store.corrections import require_label, write_correction
from callmood.store.figures import fill_figures
from callmood.store.meanings import encode_again
from callmood.store.redact import redact_corrections

Reason: TypeAlias = Literal["random", "uncertain", "rare", "words against voice", "chosen"]
"""Why a segment was proposed; "chosen" with its call."""
_ROLES: Final = get_args(Role)
_MOST_CHARACTERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Review:
    """What one person heard in a segment."""

    label: str | None
    """One of callmood.labels.LABELS; None: can't be told."""
    text: str | None = None
    """The words; None, as in the fields below: as the segment has it."""
    said_by: int | None = None
    """Number of the speaker within the call."""
    role: str | None = None
    """None with another speaker: that one's."""


def write_review(
    con: Connection, recording_id: str, segment: int, reviewer: str, reason: Reason, review: Review
) -> None:
    """Store what ``reviewer`` heard in a segment of a call, counted from 0, in place of what they said of it before.

    Its label is the correction of the segment from then on, which reports count and training learns from; without one
    an earlier correction by the same reviewer is gone. Raises UsageError for what can't be, CallmoodError for a segment
    that is not in the database.
    """
    _require_possible(con, recording_id, review)
    with transaction(con):
        before = _words(con, recording_id, segment)
        written = rows(
            con,
            """
            INSERT OR REPLACE INTO review BY NAME
            SELECT recording_id, speaker, start_s, end_s, $reviewer AS reviewer, $reason AS reason, $label AS label,
                nullif($text, text) AS text, nullif($said_by, speaker) AS said_by,
                nullif(coalesce($role, (
                    SELECT role FROM speaker WHERE recording_id = $id AND speaker = $said_by)), role) AS role,
                now()::TIMESTAMPTZ AT TIME ZONE 'UTC' AS reviewed_at
            FROM segment WHERE recording_id = $id AND segment = $segment
            RETURNING recording_id
            """,
            {
                "id": recording_id,
                "segment": segment,
                "reviewer": reviewer,
                "reason": reason,
                "label": review.label,
                "text": valid_unicode(review.text),
                "said_by": review.said_by,
                "role": review.role,
            },
        )
        if not written:
            raise CallmoodError(f"The database has no segment {segment} of the recording {recording_id}.")
        if review.label is None:
            con.execute(
                """
                DELETE FROM correction USING segment
                WHERE segment.recording_id = $id AND segment.segment = $segment AND corrected_by = $reviewer
                    AND correction.recording_id = $id AND correction.speaker = segment.speaker
                    AND correction.start_s = segment.start_s AND correction.end_s = segment.end_s
                """,
                {"id": recording_id, "segment": segment, "reviewer": reviewer},
            )
        else:
            write_correction(con, recording_id, segment, review.label, reviewer)
        if review.text is not None and rows(
            con, "SELECT 1 FROM recording WHERE id = $id AND redacted", {"id": recording_id}
        ):
            redact_corrections(con, recording_id)
        if _words(con, recording_id, segment) != before:
            encode_again(con, recording_id)
        categorize_again(con, [recording_id])
        fill_figures(con, [recording_id])


def _words(con: Connection, recording_id: str, segment: int) -> list[tuple[str]]:
    """The words of a segment as people heard them; empty if there is no such segment."""
    return rows(
        con,
        "SELECT text FROM segment_mood WHERE recording_id = $id AND segment = $segment",
        {"id": recording_id, "segment": segment},
    )


def _require_possible(con: Connection, recording_id: str, review: Review) -> None:
    if review.label is not None:
        require_label(review.label)
    if review.role is not None and review.role not in _ROLES:
        raise UsageError(f"There is no role {review.role}. Use one of: {', '.join(_ROLES)}.")
    if review.text is not None and len(review.text) > _MOST_CHARACTERS:
        raise UsageError(f"The words are too long: {len(review.text)} characters.")
    known = rows(con, "SELECT speaker FROM speaker WHERE recording_id = $id", {"id": recording_id})
    if review.said_by is not None and (review.said_by,) not in known:
        raise UsageError(f"The call has no speaker {review.said_by}.")
