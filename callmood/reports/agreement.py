"""How far people agree with the model, and with each other, on the segments that they reviewed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from callmood.labels import EVEN_TEMPERED, NEUTRAL, UNCERTAIN
from callmood.reports.frames import read_sql
from callmood.store import Connection, rows

_RESAMPLES: Final = 1000
_FEW: Final = 10
"""Fewer segments have no interval: it would look surer than it is."""
MODEL: Final = "the model"

Pairs = Sequence[tuple[str, str, str]]
"""Of each segment its call, and what two say of it."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two agree. Intervals are of 95 %, by drawing calls anew; None with too few segments."""

    one: str
    other: str
    """Another reviewer, or ``MODEL``."""
    segments: int
    same: float
    """The share of segments with the same label; calm counts as neutral."""
    kappa: float | None
    """Cohen's: 0 by chance, 1 always. None if there is one label only."""
    kappa_interval: tuple[float, float] | None
    ua: float | None = None
    """Of the model: the share of right labels of each label that the reviewer gave, averaged over those."""
    ua_interval: tuple[float, float] | None = None
    uncertain: int = 0
    """Segments of which the model was not sure; its most probable label is the one that is compared."""


def agreement(con: Connection) -> list[Agreement]:
    """Of each reviewer with the model, on the random sample that they heard; then of each two reviewers, on all that
    both heard."""
    by_reviewer: dict[str, dict[tuple[str, int], str]] = defaultdict(dict)
    with_model: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    uncertain: dict[str, int] = defaultdict(int)
    for reviewer, recording_id, segment, label, in_sample, emotion, scores in rows(
        con, read_sql("reports/agreement")
    ):
        by_reviewer[reviewer][recording_id, segment] = label
        if in_sample and scores:
            with_model[reviewer].append((recording_id, label, _best(scores)))
            uncertain[reviewer] += emotion == UNCERTAIN
    found = [_compared(who, MODEL, pairs, uncertain[who]) for who, pairs in sorted(with_model.items())]
    return [*found, *_between_people(by_reviewer)]


def _between_people(said: Mapping[str, Mapping[tuple[str, int], str]]) -> Iterator[Agreement]:
    for one, other in combinations(sorted(said), 2):
        both = sorted(said[one].keys() & said[other].keys())
        if both:
            yield _compared(one, other, [(place[0], said[one][place], said[other][place]) for place in both])


def _compared(one: str, other: str, pairs: Pairs, uncertain: int = 0) -> Agreement:
    same = sum(a == b for _, a, b in pairs) / len(pairs)
    of_model = other == MODEL
    return Agreement(
        one,
        other,
        len(pairs),
        same,
        kappa(pairs),
        _interval(pairs, kappa),
        unweighted_accuracy(pairs) if of_model else None,
        _interval(pairs, unweighted_accuracy) if of_model else None,
        uncertain,
    )


def kappa(pairs: Pairs) -> float | None:
    """Cohen's kappa.

    >>> kappa([("call", "angry", "angry"), ("call", "neutral", "angry"), ("call", "neutral", "neutral")])
    0.4
    """
    count = len(pairs)
    labels = {label for _, *both in pairs for label in both}
    observed = sum(a == b for _, a, b in pairs) / count
    by_chance = sum(
        sum(a == label for _, a, _ in pairs) * sum(b == label for _, _, b in pairs) for label in labels
    ) / (count * count)
    return None if by_chance == 1 else round((observed - by_chance) / (1 - by_chance), 6)


def unweighted_accuracy(pairs: Pairs) -> float | None:
    """The mean over the first one's labels of the share in which the second one says the same.

    >>> unweighted_accuracy([("call", "angry", "angry"), ("call", "neutral", "angry")])
    0.5
    """
    hits: dict[str, list[bool]] = defaultdict(list)
    for _, label, said in pairs:
        hits[label].append(said == label)
    return sum(sum(of_label) / len(of_label) for of_label in hits.values()) / len(hits) if hits else None


def _interval(pairs: Pairs, figure: Callable[[Pairs], float | None]) -> tuple[float, float] | None:
    """Of a figure, by drawing whole calls: segments of one call are not independent. Of one call, its segments."""
    if len(pairs) < _FEW:
        return None
    by_call: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        by_call[pair[0]].append(pairs[place])
    groups = list(by_call.values()) if len(by_call) > 1 else [[pair] for pair in pairs]
    chance = np.random.default_rng(0)
    drawn = (
        figure([pair for index in chance.integers(len(groups), size=len(groups)) for pair in groups[index]])
        for _ in range(_RESAMPLES)
    )
    known = [value for value in drawn if value is not None]
    if not known:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def _best(scores: Mapping[str, float]) -> str:
    """The most probable label, where calm and neutral are one."""
    joined: dict[str, float] = defaultdict(float)
    for label, probability in scores.items():
        joined[NEUTRAL if label in EVEN_TEMPERED else label] += probability
    return max(joined, key=lambda label: joined[label])
