"""How far people agree with the model, and with each other, on the segments that they reviewed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np

from callmood.arrays import Doubles
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


_EVERYWHERE: Final[Mapping[str, Any]] = {
    "dimensions": [],
    "names": [],
    "recording": None,
    "since": None,
    "until": None,
}


def agreement(con: Connection, calls: Mapping[str, Any] = _EVERYWHERE) -> list[Agreement]:
    """Of each reviewer with the model, on the random sample that they heard; then of each two reviewers, on all that
    both heard.

    ``calls``: the parameters of a report, whose calls count; by default all do.
    """
    by_reviewer: dict[str, dict[tuple[str, int], str]] = defaultdict(dict)
    with_model: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    uncertain: dict[str, int] = defaultdict(int)
    for reviewer, recording_id, segment, label, in_sample, emotion, scores in rows(
        con, read_sql("reports/agreement"), {name: calls[name] for name in _EVERYWHERE}
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
        _interval(pairs, _kappas),
        unweighted_accuracy(pairs) if of_model else None,
        _interval(pairs, _accuracies) if of_model else None,
        uncertain,
    )


def kappa(pairs: Pairs) -> float | None:
    """Cohen's kappa.

    >>> kappa([("call", "angry", "angry"), ("call", "neutral", "angry"), ("call", "neutral", "neutral")])
    0.4
    """
    return _known(_kappas(_counts(pairs).sum(axis=0)))


def unweighted_accuracy(pairs: Pairs) -> float | None:
    """The mean over the first one's labels of the share in which the second one says the same.

    >>> unweighted_accuracy([("call", "angry", "angry"), ("call", "neutral", "angry")])
    0.5
    """
    return _known(_accuracies(_counts(pairs).sum(axis=0)))


def _counts(pairs: Pairs) -> Doubles:
    """How often what was said together, in each group of pairs that are not independent [groups, labels, labels].

    A group is a call. Of one call, it is a segment.
    """
    labels = sorted({label for _, *both in pairs for label in both})
    calls = {call: number for number, call in enumerate(dict.fromkeys(call for call, _, _ in pairs))}
    counts = np.zeros((len(calls) if len(calls) > 1 else len(pairs), len(labels), len(labels)))
    for number, (call, one, other) in enumerate(pairs):
        group = calls[call] if len(calls) > 1 else number
        counts[group, labels.index(one), labels.index(other)] += 1
    return counts


def _kappas(counts: Doubles) -> Doubles:
    """Kappa of each table of counts [..., labels, labels]; NaN where there is one label only."""
    total = counts.sum(axis=(-2, -1))
    observed = np.trace(counts, axis1=-2, axis2=-1) / total
    by_chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by_chance == 1, np.nan, (observed - by_chance) / (1 - by_chance))


def _accuracies(counts: Doubles) -> Doubles:
    """Unweighted accuracy of each table of counts [..., labels, labels]."""
    given = counts.sum(axis=-1)
    hits = np.diagonal(counts, axis1=-2, axis2=-1) / np.maximum(given, 1)
    return np.asarray(hits.sum(axis=-1) / (given > 0).sum(axis=-1))


def _known(figure: Doubles) -> float | None:
    return None if np.isnan(figure) else round(float(figure), 6)


def _interval(pairs: Pairs, figures: Callable[[Doubles], Doubles]) -> tuple[float, float] | None:
    """Of a figure, by drawing whole calls: segments of one call are not independent. Of one call, its segments."""
    if len(pairs) < _FEW:
        return None
    counts = _counts(pairs)
    groups = len(counts)
    chance = np.random.default_rng(0)
    times = np.stack(
        [np.bincount(chance.integers(groups, size=groups), minlength=groups) for _ in range(_RESAMPLES)]
    )
    found = figures(np.tensordot(times.astype(float), counts, axes=1))
    known = found[~np.isnan(found)]
    if not known.size:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def _best(scores: Mapping[str, float]) -> str:
    """The most probable label, where calm and neutral are one."""
    joined: dict[str, float] = defaultdict(float)
    for label, probability in scores.items():
        joined[NEUTRAL if label in EVEN_TEMPERED else label] += probability
    return max(joined, key=lambda label: joined[label])
