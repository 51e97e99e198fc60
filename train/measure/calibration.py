"""Probabilities that mean what they say: temperatures, the error that is left, and where a label is uncertain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from callmood.arrays import Floats, Ints
from callmood.training.recipe import Table

THRESHOLDS: Final = np.arange(0.2, 0.96, 0.01)
"""Where a threshold may be: below 0.2 it would hardly ever apply, above 0.95 almost nothing would be certain."""
BINS: Final = 15


class DecisionTable(Table):
    """The [decision] table of a recipe."""

    precision: float = Field(gt=0, lt=1)
    """See ``lowest_threshold``."""


def best_temperature(logits: Callable[[float], npt.NDArray[Any]], labels: Ints) -> float:
    """The divisor whose ``logits`` [n, labels] give the true ``labels`` [n] the highest mean log-likelihood."""

    def loss(log_temperature: float) -> float:
        # in float64: the search follows differences that float32 rounds off
        given = np.asarray(logits(float(np.exp(log_temperature))), dtype=np.float64)
        return -mean_log_likelihood(given, labels)

    return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 3.0), method="bounded").x))


def mean_log_likelihood(logits: npt.NDArray[Any], labels: Ints) -> float:
    """Of ``labels`` [n] by softmax logits [n, labels], in nats."""
    return float(log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())


def lowest_threshold(probabilities: npt.NDArray[Any], labels: Ints, precision: float) -> float:
    """The lowest probability above which ``precision`` of the best labels are right.

    ``probabilities`` [n, labels], true ``labels`` [n].
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    for threshold in THRESHOLDS:
        certain = confidence >= threshold
        if certain.any() and right[certain].mean() >= precision:
            return round(float(threshold), 2)
    return round(float(THRESHOLDS[-1]), 2)


def calibration_error(labels: Ints, probabilities: Floats) -> float:
    """Mean distance between the best label's probability and how often it is right, over ``BINS`` equal bins; 0 to 1.

    True ``labels`` [n], ``probabilities`` [n, labels].
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((right[bins == i] - confidence[bins == i]).sum()) for i in range(BINS)]
    return float(sum(gaps) / len(labels))
