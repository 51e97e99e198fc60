"""From the heads' logits to calibrated ones: scales and offsets, and when a speaker's own baseline hides a mood.

All of it is fitted on drawn calls of speakers whom the heads don't know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from callmood.arrays import Doubles, Floats
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.model.scorer import distance_from_even
from callmood.training.systems.drawn_calls import DrawnCalls, weights

OFFSET_PENALTY: Final = 1e-3
"""On the square of a label's offset, in nats: it keeps the offset of a label that does not occur near the others."""
SMALLEST_SCALE: Final = 1e-3
"""Of logits that tell nothing, as those of calls that are all even: temperatures are the inverse."""
ONE_MOOD_SHARE: Final = 0.1
"""The share of speakers who have one mood from the first word to the last. An assumption."""
_EVEN: Final = np.isin(LABELS, EVEN_TEMPERED)


@dataclass(frozen=True, slots=True)
class Decision:
    """Calibrated logits are ``raw_scale * raw + raw_offsets``, and against a baseline
    ``raw_share`` of these ``+ relative_scale * differences + relative_offsets``."""

    raw_scale: float
    raw_offsets: Floats
    """[labels]"""
    raw_share: float
    relative_scale: float
    relative_offsets: Floats
    """[labels]"""
    one_mood: tuple[float, float] | None
    """Offset and slope of ``Scorer.one_mood``."""

    def raw(self, logits: Floats) -> Floats:
        """[n, labels]"""
        return np.asarray(self.raw_scale * logits + self.raw_offsets, np.float32)

    def against_baseline(self, raw: Floats, differences: Floats) -> Floats:
        """[n, labels]: where the baseline is trusted in full."""
        shared = self.raw_share * self.raw(raw)
        return np.asarray(shared + self.relative_scale * differences + self.relative_offsets, np.float32)


def fit_decision(drawn: DrawnCalls, relative_bias: Floats) -> Decision:
    """``relative_bias`` [labels] is the relative head's, which ``drawn.differences`` lack."""
    (raw_scale,), raw_offsets = _scales([drawn.raw], drawn, weights(drawn, ("mixed", "one mood")))
    if (drawn.kinds == "mixed").any():
        beside = [raw_scale * drawn.raw + raw_offsets, drawn.differences + relative_bias]
        (raw_share, relative_scale), offsets = _scales(beside, drawn, weights(drawn, ("mixed",)))
    else:  # nobody has both even-tempered clips and others: a baseline tells nothing
        raw_share, relative_scale, offsets = 1.0, SMALLEST_SCALE, np.zeros(len(LABELS))
    return Decision(
        float(raw_scale),
        raw_offsets.astype(np.float32),
        float(raw_share),
        float(relative_scale),
        (offsets + relative_scale * relative_bias).astype(np.float32),
        _one_mood(drawn, raw_scale * drawn.mean_raw + raw_offsets),
    )


def _scales(
    terms: Sequence[npt.NDArray[np.floating]], drawn: DrawnCalls, weight: Doubles
) -> tuple[Doubles, Doubles]:
    """The scale of each of ``terms`` [n, labels], and the offset of each label, whose sum predicts the labels best.

    Calm and neutral count as one label. No scale is below SMALLEST_SCALE.
    """
    weight = (weight / weight.sum())[:, None]
    truth = np.eye(len(LABELS))[drawn.labels]
    truth[_EVEN[drawn.labels]] = _EVEN
    count = len(terms)

    def loss(values: Doubles) -> tuple[float, Doubles]:
        scales, offsets = values[:count], values[count:]
        logits = sum(scale * term for scale, term in zip(scales, terms, strict=True)) + offsets
        logs = logits - logsumexp(logits, axis=1, keepdims=True)
        within = np.where(truth > 0, logs, -np.inf)
        wanted = softmax(within, axis=1)  # of the labels that count as the true one
        error = weight * (np.exp(logs) - wanted)
        slopes = [float((error * term).sum()) for term in terms]
        missed = -float((weight[:, 0] * logsumexp(within, axis=1)).sum())
        penalty = OFFSET_PENALTY * float(offsets @ offsets)
        return missed + penalty, np.concatenate([slopes, error.sum(axis=0) + 2 * OFFSET_PENALTY * offsets])

    start = np.concatenate([[1 / (term.std() + 1e-9) for term in terms], np.zeros(len(LABELS))])
    bounds = [(SMALLEST_SCALE, None)] * count + [(None, None)] * len(LABELS)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:count], found[count:]


def _one_mood(drawn: DrawnCalls, mean_raw: npt.NDArray[np.floating]) -> tuple[float, float] | None:
    """Logistic regression of whether a call is of one mood on how far its mean is from even-tempered speech."""
    _, first = np.unique(drawn.calls, return_index=True)
    kinds, corpora = drawn.kinds[first], drawn.corpora[first]
    one = kinds == "one mood"
    if one.all() or not one.any():
        return None
    distance = distance_from_even(mean_raw[first])
    weight = np.zeros(len(first))
    shares = {
        "one mood": ONE_MOOD_SHARE,
        "mixed": 0.3 * (1 - ONE_MOOD_SHARE),
        "even": 0.7 * (1 - ONE_MOOD_SHARE),
    }
    for kind, share in shares.items():
        of_kind = np.unique(corpora[kinds == kind])
        for corpus in of_kind:
            rows = (kinds == kind) & (corpora == corpus)
            weight[rows] = share / len(of_kind) / rows.sum()

    def loss(values: Doubles) -> float:
        logits = values[0] + values[1] * distance
        return float((weight * (np.logaddexp(0, logits) - one * logits)).sum() + 1e-4 * values[1] ** 2)

    offset, slope = minimize(loss, np.array([-2.0, 1.0])).x
    return float(offset), float(max(slope, 0.0))
