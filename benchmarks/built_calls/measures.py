"""Counts and rates of matched turns, ordinary speech and whole calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from built_calls.matching import Heard, Match, Scanned, turn_of
from built_calls.truth import READERS, SPOKEN, Truth, Turn, merged
from callmood.labels import LABELS
from callmood.model.course import UPSET
from callmood.model.scorer import BundleSettings, Heads, Scorer

MERGED: Final = tuple(label for label in LABELS if label != "calm")
THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
UPSET_THRESHOLDS: Final = (0.02, 0.05, 0.1, 0.2, *THRESHOLDS)
"""Upset is one of two, where a label is the best of seven: less may count."""
GENDER_FALSE_ALARMS: Final = (0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Share:
    """``found`` of ``total``."""

    found: int
    total: int

    @property
    def rate(self) -> float:
        return self.found / self.total if self.total else float("nan")


@dataclass(slots=True)
class Speech:
    """Speech in which nobody is upset: how long it is, and the segments that a scan made of it."""

    name: str
    seconds: float = 0.0
    segments: list[Heard] = field(default_factory=list)

    def false_alarms(self) -> int:
        """Segments with a negative label."""
        return sum(one.label in UPSET for one in self.segments)


def recall(matches: Iterable[Match], label: str) -> Share:
    """Of the turns with this label."""
    own = [one for one in matches if merged(one.turn.label) == label]
    return Share(sum(one.heard is not None and one.heard.label == label for one in own), len(own))


def grouped(matches: Iterable[Match], key: Callable[[Match], str]) -> dict[str, list[Match]]:
    found: dict[str, list[Match]] = {}
    for one in matches:
        found.setdefault(key(one), []).append(one)
    return dict(sorted(found.items()))


def line_of(one: Match) -> str:
    """The line of the side that the turn is on."""
    return one.call.lines[0 if one.turn.role == "agent" else 1]


def ordinary_speech(
    calls: Sequence[tuple[Truth, Scanned]], ordinary: Sequence[Scanned]
) -> tuple[list[Speech], Speech]:
    """Ordinary speech by set, the readers of the built calls among it; and the acted turns that are even."""
    sets: dict[str, Speech] = {}
    for one in ordinary:
        speech = sets.setdefault(one.path.parent.name, Speech(one.path.parent.name))
        speech.seconds += one.speech_s
        speech.segments += one.segments
    readers, acted = Speech("readers in the built calls"), Speech("even turns of actors")
    for truth, scanned in calls:
        for turn in truth.turns:
            if turn.even and turn.corpus != SPOKEN:
                _of(turn, readers, acted).seconds += turn.end_s - turn.start_s
        for segment in scanned.segments:
            owner = turn_of(truth, segment)
            if owner is not None and owner.even and owner.corpus != SPOKEN:
                _of(owner, readers, acted).segments.append(segment)
    return [*(sets[name] for name in sorted(sets)), readers], acted


def _of(turn: Turn, readers: Speech, acted: Speech) -> Speech:
    return readers if turn.corpus == READERS else acted


def poisson_interval(count: int, hours: float) -> tuple[float, float]:
    """The exact 95 % interval of a rate an hour (Garwood 1936)."""
    from scipy.stats import chi2

    low = 0.0 if count == 0 else float(chi2.ppf(0.025, 2 * count)) / 2
    return low / hours, float(chi2.ppf(0.975, 2 * count + 2)) / 2 / hours


def label_at(heard: Heard | None, threshold: float) -> str | None:
    """The label that a segment would have, were the threshold another."""
    if heard is None or heard.probabilities is None:
        return None
    scorer = Scorer("", BundleSettings(LABELS, None, None), Heads())
    label, probability = scorer.best(np.array(heard.probabilities, np.float32))
    return label if probability >= threshold else None


@dataclass(frozen=True, slots=True)
class Flag:
    """Whether a call's customer got upset, in truth and as it was found."""

    upset: float
    found_from: float | None
    true_from: float | None


def flag(truth: Truth, scanned: Scanned) -> Flag:
    return Flag(scanned.upset, scanned.upset_from_s, truth.upset_from("customer"))


def early(flags: Iterable[Flag]) -> list[float]:
    """How many seconds after the mood began upset calls were found; below 0: before it did."""
    return [
        one.found_from - one.true_from
        for one in flags
        if one.found_from is not None and one.true_from is not None
    ]


def calibration(matches: Sequence[Match]) -> float:
    """ECE of the turns that were heard, in percentage points, calm counted as neutral; NaN without any."""
    from callmood.training.measure.calibration import calibration_error
    from callmood.training.measure.metrics import in_label_set

    known = [
        (MERGED.index(merged(one.turn.label)), one.heard.probabilities)
        for one in matches
        if one.heard is not None and one.heard.probabilities is not None
    ]
    if not known:
        return float("nan")
    probabilities = in_label_set(np.array([row for _, row in known], np.float32), LABELS, MERGED)
    return 100 * calibration_error(np.array([label for label, _ in known]), probabilities)


def upset_recall_at(matches: Sequence[Match], false_alarms: float) -> Share:
    """Recall of upset turns at the threshold on ``upset`` that the share ``false_alarms`` of the even turns exceeds.

    Of none without even turns.
    """
    even = sorted((_upset(one) for one in matches if one.turn.even), reverse=True)
    if not even:
        return Share(0, 0)
    threshold = even[int(false_alarms * len(even))]
    upset = [one for one in matches if one.turn.upset]
    return Share(sum(_upset(one) > threshold for one in upset), len(upset))


def _upset(one: Match) -> float:
    return 0.0 if one.heard is None else one.heard.upset
