"""What a scan stored, and which of its segments speak for which turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from built_calls.truth import Truth, Turn
from callmood.labels import LABELS
from callmood.pipeline.moods import MIN_SPEECH_S
from callmood.store import reading, rows

COVERED: Final = 0.5
"""Share of a turn that segments must cover for it to be heard."""

# the views, because reports show no moods of a call that was not understood
_SEGMENTS: Final = """
    SELECT recording_id, shown.speaker, shown.role, shown.channel, shown.start_s, shown.end_s, shown.emotion,
        CASE WHEN shown.emotion IS NOT NULL AND spoken_s >= $shortest THEN scores END AS scores, shown.upset
    FROM segment_mood AS shown
    JOIN segment USING (recording_id, segment)
    LEFT JOIN (
        SELECT recording_id, segment, sum(end_s - start_s) AS spoken_s FROM word GROUP BY ALL
    ) AS spoken USING (recording_id, segment)
    ORDER BY recording_id, shown.start_s
"""
_RECORDINGS: Final = """
    SELECT id, path, understood IS DISTINCT FROM false, speech_s, coalesce(upset, 0), upset_from_s
    FROM recording
    JOIN call_talk ON call_talk.recording_id = id
    LEFT JOIN call_upset ON call_upset.recording_id = id AND role = 'customer'
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """A segment that a scan stored."""

    speaker: int
    role: str
    channel: int
    start_s: float
    end_s: float
    label: str | None
    """Calm as neutral; "uncertain"; None: not scored, or the call was not understood."""
    probabilities: tuple[float, ...] | None
    """[labels]; None where no threshold would give a label: as for ``label``, and with too few words."""
    upset: float
    """Probability; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A recording that a scan stored."""

    path: Path
    understood: bool
    speech_s: float
    """How long somebody is heard."""
    upset: float
    """The probability that the customer, or whoever is no agent, got upset."""
    upset_from_s: float | None
    segments: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A turn and the segment that speaks for it."""

    call: Truth
    turn: Turn
    heard: Heard | None
    """None: the turn was missed."""


def read_scan(database: Path) -> list[Scanned]:
    """All recordings that were scanned."""
    segments: dict[str, list[Heard]] = {}
    with reading(database) as con:
        recordings = rows(con, _RECORDINGS)
        for id, *row in rows(con, _SEGMENTS, {"shortest": MIN_SPEECH_S}):
            segments.setdefault(id, []).append(_heard(*row))
    return [
        Scanned(Path(path), understood, speech_s, upset, upset_from_s, tuple(segments.get(id, ())))
        for id, path, understood, speech_s, upset, upset_from_s in recordings
    ]


def _heard(
    speaker: int,
    role: str,
    channel: int,
    start_s: float,
    end_s: float,
    label: str | None,
    scores: dict[str, float] | None,
    upset: float | None,
) -> Heard:
    probabilities = None if scores is None else tuple(scores[name] for name in LABELS)
    return Heard(speaker, role, channel, start_s, end_s, label, probabilities, upset or 0.0)


def match(call: Truth, segments: Sequence[Heard]) -> list[Match]:
    """Each turn with the segment on its channel that covers most of it; None where all together cover too little."""
    found = []
    for turn in call.turns:
        shared = [(_overlap(turn, one), one) for one in segments if one.channel == turn.channel]
        covered = sum(seconds for seconds, _ in shared) >= COVERED * (turn.end_s - turn.start_s)
        found.append(
            Match(call, turn, max(shared, key=lambda pair: pair[0])[1] if covered and shared else None)
        )
    return found


def turn_of(call: Truth, segment: Heard) -> Turn | None:
    """The turn that a segment shares most seconds with; None where it shares none."""
    shared = [(_overlap(turn, segment), turn) for turn in call.turns if turn.channel == segment.channel]
    seconds, turn = max(shared, key=lambda pair: pair[0], default=(0.0, None))
    return turn if seconds > 0 else None


def _overlap(turn: Turn, segment: Heard) -> float:
    return max(0.0, min(turn.end_s, segment.end_s) - max(turn.start_s, segment.start_s))
