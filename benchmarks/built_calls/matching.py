"""What a scan stored, and which of its segments speak for which turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from built_calls.truth import Truth, Turn, merged
from callmood.labels import LABELS
from callmood.model.course import UPSET
from callmood.pipeline.score import MIN_SPEECH_S
from callmood.store import reading, rows

COVERED: Final = 0.5
"""Share of a turn that segments must cover for it to be heard."""

_SEGMENTS: Final = """
    SELECT recording_id, segment.segment, speaker, role, channel, start_s, end_s, emotion, scores,
        coalesce(spoken_s, 0) AS spoken_s
    FROM segment LEFT JOIN (
        SELECT recording_id, segment, sum(end_s - start_s) AS spoken_s FROM word GROUP BY ALL
    ) AS spoken USING (recording_id, segment)
    ORDER BY recording_id, start_s
"""
_RECORDINGS: Final = """
    SELECT id, path, understood IS DISTINCT FROM false, coalesce(speech_s, 0)
    FROM recording JOIN call_talk ON call_talk.recording_id = id
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


@dataclass(frozen=True, slots=True)
class Scanned:
    """A recording that a scan stored."""

    path: Path
    understood: bool
    speech_s: float
    """How long somebody is heard."""
    segments: tuple[Heard, ...]

    def upset(self) -> tuple[float, float | None]:
        """How upset the customer is, or whoever is no agent: the probability, and from which second."""
        others = [one for one in self.segments if one.role != "agent"]
        first = next((one.start_s for one in others if one.upset >= 0.5), None)
        return max((one.upset for one in others), default=0.0), first


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
        understood = {row[0]: row[2] for row in recordings}
        for id, _, *row in rows(con, _SEGMENTS):
            segments.setdefault(id, []).append(_heard(row, understood.get(id, True)))
    return [
        Scanned(Path(path), known, speech_s, tuple(segments.get(id, ())))
        for id, path, known, speech_s in recordings
    ]


def _heard(row: Sequence[Any], understood: bool) -> Heard:
    speaker, role, channel, start_s, end_s, emotion, scores, spoken_s = row
    scored = understood and scores is not None
    label = merged(emotion) if scored and emotion else None
    probabilities = tuple(scores[name] for name in LABELS) if scored and spoken_s >= MIN_SPEECH_S else None
    upset = 0.0 if probabilities is None else sum(probabilities[LABELS.index(name)] for name in UPSET)
    return Heard(speaker, role, channel, start_s, end_s, label, probabilities, upset)


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
