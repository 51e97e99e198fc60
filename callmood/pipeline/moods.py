"""Probabilities of one speaker's segments -> labels, whether the speaker is upset or pleased, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from callmood.arrays import Doubles, Floats, Mask
from callmood.call import Evidence, SpeakerMoods
from callmood.labels import EVEN_TEMPERED, NEUTRAL, UNCERTAIN
from callmood.model.course import PLEASED, UPSET, Course, course
from callmood.model.scorer import Sides

if TYPE_CHECKING:
    from callmood.model import Scorer

MIN_SPEECH_S: Final = 0.8
"""A segment whose words last less in total ("bye", "okay") is always uncertain: too little voice to judge. One without
words is judged by its own length."""

_BOTH_FROM: Final = 1 / 2
"""Voice and words both speak for a mood if the weaker of them says at least this part of what the stronger says."""


class Spoken(NamedTuple):
    """What judging a segment needs besides its scores."""

    start_s: float
    spoken_s: float
    """The length of its words in total, or its own if they are not known."""
    has_words: bool


class Judged(NamedTuple):
    """What is said of a segment. See ``callmood.call.EmotionScores``."""

    label: str
    confidence: float
    upset: float
    pleased: float
    evidence: Evidence | None


def judge(
    scorer: Scorer, probabilities: Floats, sides: Sides, segments: Sequence[Spoken]
) -> tuple[list[Judged], SpeakerMoods]:
    """The segments of one speaker, in the order of their start, and the speaker's moods on the call.

    ``probabilities`` [n, labels] are against the speaker's baseline; ``sides`` are what they are made of. Segments that
    are too short to judge have the moods of their neighbours.
    """
    judgeable = np.array([one.spoken_s >= MIN_SPEECH_S for one in segments], bool)
    priors = scorer.priors
    over_time = course(np.where(judgeable[:, None], probabilities, priors), priors, scorer.settings.course)
    judged = []
    for i, one in enumerate(segments):
        upset, pleased = float(over_time.upset[i]), float(over_time.pleased[i])
        label, confidence = _label(scorer, probabilities[i], judgeable[i], one.has_words)
        if judgeable[i] and label in (NEUTRAL, UNCERTAIN):
            label, confidence = _by_course(scorer, over_time, i, probabilities[i]) or (label, confidence)
        group = _group(label, upset, pleased)
        evidence = None
        if group and judgeable[i]:
            of_segment = Sides(sides.voice[i], sides.words[i])
            evidence = _evidence(of_segment, priors, _of(scorer, group), _of(scorer, EVEN_TEMPERED))
        judged.append(Judged(label, confidence, upset, pleased, evidence))
    return judged, _moods(over_time, segments)


def _label(scorer: Scorer, probabilities: Floats, judgeable: bool, has_words: bool) -> tuple[str, float]:
    """The label with its probability; that of the best label where the label is "uncertain".

    Calm and neutral tell a manager nothing apart: they are one.
    """
    best, confidence = scorer.best(probabilities)
    sure = judgeable and scorer.is_sure(probabilities, has_words)
    return best if sure else UNCERTAIN, confidence


def _by_course(scorer: Scorer, over_time: Course, i: int, probabilities: Floats) -> tuple[str, float] | None:
    """The best label of the mood that segment ``i`` and one beside it are in, with the probability of the mood.

    A lone segment has nothing around it that could say more than itself.
    """
    for group, course_of_mood in ((UPSET, over_time.upset), (PLEASED, over_time.pleased)):
        beside = course_of_mood[[k for k in (i - 1, i + 1) if 0 <= k < len(course_of_mood)]]
        if min(course_of_mood[i], beside.max(initial=0.0)) >= scorer.settings.course.labels_from:
            of_group = np.where(_of(scorer, group), probabilities, -1.0)
            return scorer.labels[int(of_group.argmax())], float(course_of_mood[i])
    return None


def _group(label: str, upset: float, pleased: float) -> tuple[str, ...]:
    """The labels that voice and words have to speak for; none if nothing happens."""
    for group, probability in ((UPSET, upset), (PLEASED, pleased)):
        if label in group or (label in (NEUTRAL, UNCERTAIN) and probability >= 0.5):
            return group
    return () if label in (NEUTRAL, UNCERTAIN) else (label,)


def _evidence(sides: Sides, priors: Floats, group: Mask, even: Mask) -> Evidence | None:
    """Which side moves the odds from ``even`` to ``group``; None if neither does."""
    logs = np.log(priors)

    def moves(side: Floats) -> float:
        """In nats: how much the side alone changes the logarithm of the odds."""
        odds = [_log_sum(logs[of] + side[of]) - _log_sum(logs[of]) for of in (group, even)]
        return odds[0] - odds[1]

    of_voice, of_words = moves(sides.voice), moves(sides.words)
    stronger, weaker = max(of_voice, of_words), min(of_voice, of_words)
    if stronger <= 0:
        return None
    if weaker >= _BOTH_FROM * stronger:
        return "both"
    return "voice" if of_voice > of_words else "words"


def _moods(over_time: Course, segments: Sequence[Spoken]) -> SpeakerMoods:
    def at(first: int | None) -> float | None:
        return None if first is None else float(segments[first].start_s)

    return SpeakerMoods(
        over_time.ever_upset,
        at(over_time.upset_from()),
        over_time.ever_pleased,
        at(over_time.pleased_from()),
    )


def _of(scorer: Scorer, group: Sequence[str]) -> Mask:
    return np.array([label in group for label in scorer.labels])


def _log_sum(logits: Floats) -> float:
    values: Doubles = np.asarray(logits, float)
    most = values.max()
    return float(most + np.log(np.exp(values - most).sum()))
