"""Bias offsets: every label is found as well as the others on speakers that the heads do not know."""

import numpy as np
import pytest

from callmood.labels import LABELS
from callmood.model.scorer import Heads
from callmood.training import recipe
from callmood.training.fit import heads
from callmood.training.systems import embedded_heads
from callmood.training.systems.embedded_recipe import Recipe

CALM = LABELS.index("calm")


def leaning(count: int, lean: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which some are rarer, and logits that say calm too often."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(8, count, p=np.array([2, 2, 2, 2, 2, 1, 2, 2]) / 15)
    logits = 3.0 * np.eye(8)[labels] + rng.gumbel(size=(count, 8))
    logits[:, CALM] += lean
    return labels.astype(np.int64), (0.3 * logits).astype(np.float32)


def mean_recall(labels: np.ndarray, logits: np.ndarray) -> float:
    best = logits.argmax(axis=1)
    return float(np.mean([(best[labels == label] == label).mean() for label in set(labels.tolist())]))


def test_offsets_take_back_what_logits_lean_to() -> None:
    labels, logits = leaning(6000, lean=2.0, seed=1)
    found = heads.bias_offsets(np.zeros_like(logits), logits, labels)
    assert found.sum() == pytest.approx(0, abs=1e-5)
    assert found[CALM] - np.delete(found, CALM).mean() == pytest.approx(-0.3 * 2.0, abs=0.06)
    assert mean_recall(labels, logits + found) > mean_recall(labels, logits) + 0.03


def test_the_offset_of_a_label_that_does_not_occur_stays_near() -> None:
    labels, logits = leaning(2000, lean=0.0, seed=2)
    there = labels != CALM
    found = heads.bias_offsets(np.zeros_like(logits[there]), logits[there], labels[there])
    assert np.isfinite(found).all() and abs(found[CALM]) < 5 * 0.3


def test_only_the_relative_head_gets_offsets() -> None:
    settings = recipe.read(Recipe, recipe.load("embedded"))
    weight, bias = np.ones((8, 4), np.float32), np.zeros(8, np.float32)
    fitted = Heads(raw=(weight, bias), relative=(weight, bias))
    labels, raw = leaning(3000, lean=0.0, seed=3)
    _, lean = leaning(3000, lean=2.0, seed=3)
    nobody = embedded_heads.EncodedCorpus(labels[:0], np.array([], str), [], {})
    fold = embedded_heads.Fold(1, fitted, nobody, labels, raw, lean)
    moved = embedded_heads.with_bias_offsets(fitted, [fold], settings)
    assert moved.raw is not None and moved.relative is not None
    np.testing.assert_array_equal(moved.raw[1], bias)
    np.testing.assert_array_equal(moved.relative[0], weight)
    assert moved.relative[1].argmin() == CALM and moved.relative[1].dtype == np.float32
    kept = settings.model_copy(
        update={"baseline": settings.baseline.model_copy(update={"usual_clips": 0, "other_clips": 0})}
    )
    np.testing.assert_array_equal(embedded_heads.bias_offsets([fold], kept), 0)
