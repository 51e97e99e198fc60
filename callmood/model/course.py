"""The course of a speaker's mood over the turns of a call: a hidden Markov model of three states.

A mood outlasts a segment, so neighbours count as evidence: two doubtful segments in a row say more than one, and a
single odd one among twenty even ones says less. The states are even, upset and pleased; forward-backward
(Rabiner 1989) gives each segment's probability of each, and the same sums without a state give the probability that
the speaker never was in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from callmood.arrays import Doubles, Floats
from callmood.labels import LABELS

UPSET: Final = ("angry", "disgust", "fearful", "sad")
"""Labels of a speaker whom a listener would call annoyed, angry or distressed."""
PLEASED: Final = ("happy",)
_EVEN, _UPSET, _PLEASED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class CourseSettings:
    """How moods begin, last and show; part of a bundle."""

    upset_first: float = 0.15
    """The probability that a speaker is upset at the first segment."""
    pleased_first: float = 0.09
    upset_begins: float = 0.06
    """The probability that an even speaker is upset in the next segment."""
    pleased_begins: float = 0.05
    upset_stays: float = 0.7
    """The probability that an upset speaker still is in the next segment."""
    pleased_stays: float = 0.6
    evidence_weight: float = 1.0
    """On the log-likelihood of each segment: neighbours share the same voice, line and errors, and so repeat
    themselves."""
    evidence_most: float = 6.0
    """In nats: what a single segment can say at most for one state against another."""
    labels_from: float = 0.6
    """A segment that alone is even or uncertain gets a label of the mood that the speaker has with this probability in
    it and in one beside it: where the turns around it are angry, it is angry too."""


@dataclass(frozen=True, slots=True)
class Course:
    """The moods of one speaker's n segments on a call."""

    upset: Doubles
    """[n]: the probability that a listener would call the speaker annoyed, angry or distressed."""
    pleased: Doubles
    """[n]"""
    ever_upset: float
    """The probability that the speaker is upset in any segment."""
    ever_pleased: float

    def upset_from(self) -> int | None:
        """The first segment in which the speaker is more probably upset than not; None if there is none."""
        return _first(self.upset)

    def pleased_from(self) -> int | None:
        """The first segment in which the speaker is more probably pleased than not; None if there is none."""
        return _first(self.pleased)


def course(
    probabilities: Floats,
    class_priors: Floats,
    settings: CourseSettings,
) -> Course:
    """The course of ``probabilities`` [n, labels], one speaker's segments in the order of their start.

    ``class_priors`` [labels] are those that the probabilities contain.
    A segment that says nothing (too short, no voice) is a row of the priors.
    """
    priors = np.asarray(class_priors, float)
    n = len(probabilities)
    if not n:
        return Course(np.zeros(0), np.zeros(0), 0.0, 0.0)
    evidence = _evidence(np.asarray(probabilities, float), priors, settings)
    start, moves = _chain(settings)
    forward, total = _forward(evidence, start, moves)
    backward = np.ones((n, 3))
    for i in range(n - 2, -1, -1):
        backward[i] = moves @ (evidence[i + 1] * backward[i + 1])
        backward[i] /= backward[i].sum()
    states = forward * backward
    states /= states.sum(axis=1, keepdims=True)
    never = [
        np.exp(_forward(_without(evidence, state), start, moves)[1] - total) for state in (_UPSET, _PLEASED)
    ]
    return Course(states[:, _UPSET], states[:, _PLEASED], float(1 - never[0]), float(1 - never[1]))


def _evidence(probabilities: Doubles, priors: Doubles, settings: CourseSettings) -> Doubles:
    """[n, states]: likelihoods of the segments, up to a factor for each."""
    groups = np.array(
        [
            [label not in UPSET + PLEASED for label in LABELS],
            [label in UPSET for label in LABELS],
            [label in PLEASED for label in LABELS],
        ],
        dtype=float,
    )
    logs = np.log((probabilities @ groups.T + 1e-9) / (priors @ groups.T))
    logs -= logs[:, [_EVEN]]
    logs = np.clip(settings.evidence_weight * logs, -settings.evidence_most, settings.evidence_most)
    return np.asarray(np.exp(logs))


def _chain(settings: CourseSettings) -> tuple[Doubles, Doubles]:
    """Probabilities of the first state [states] and of the next one [states, states]; a mood goes back to even."""
    start = np.array(
        [1 - settings.upset_first - settings.pleased_first, settings.upset_first, settings.pleased_first]
    )
    moves = np.array(
        [
            [
                1 - settings.upset_begins - settings.pleased_begins,
                settings.upset_begins,
                settings.pleased_begins,
            ],
            [1 - settings.upset_stays, settings.upset_stays, 0.0],
            [1 - settings.pleased_stays, 0.0, settings.pleased_stays],
        ]
    )
    return start, moves


def _forward(evidence: Doubles, start: Doubles, moves: Doubles) -> tuple[Doubles, float]:
    """Normalised forward probabilities [n, states], and the logarithm of the likelihood of all segments."""
    forward, total = np.zeros_like(evidence), 0.0
    state = start
    for i, likelihood in enumerate(evidence):
        joint = (state if i == 0 else state @ moves) * likelihood
        size = joint.sum()
        state = forward[i] = joint / size
        total += float(np.log(size))
    return forward, total


def _without(evidence: Doubles, state: int) -> Doubles:
    left = evidence.copy()
    left[:, state] = 0.0
    return left


def _first(probabilities: Doubles) -> int | None:
    (found,) = np.nonzero(probabilities > 0.5)
    return int(found[0]) if len(found) else None
