"""How good a model of words is: F1 of Ekman's emotions and neutral, of which a text may have several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.metrics import f1_score, precision_recall_curve

from callmood.arrays import Doubles, Floats
from callmood.errors import CallmoodError
from callmood.model.scorer import Scorer
from callmood.training.corpora.goemotions import EKMAN_LABELS, Comment, Part, read_comments


def targets(label_sets: Sequence[frozenset[str]], labels: Sequence[str]) -> Floats:
    """[texts, labels]: 1 where a text has a label."""
    return np.array([[label in found for label in labels] for found in label_sets], dtype=np.float32)


def ekman_targets(comments: Sequence[Comment]) -> Floats:
    """[texts, 7]: 1 where a comment has a group of EKMAN_LABELS."""
    return targets([comment.ekman for comment in comments], EKMAN_LABELS)


def best_thresholds(logits: Doubles, truth: Floats) -> Doubles:
    """[7]: the probability from which on to count a group as present, for the best F1 against ``truth``.

    ``logits`` and ``truth`` are [texts, 7].
    """
    found = []
    for column in range(logits.shape[1]):
        precision, recall, edges = precision_recall_curve(truth[:, column], expit(logits[:, column]))
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        found.append(edges[f1[:-1].argmax()])
    return np.array(found)


def f1_scores(logits: Doubles, truth: Floats, thresholds: Doubles) -> dict[str, Any]:
    """Macro F1 (``macro_f1``) and the F1 of each group (``f1``), 0 to 1, of [texts, 7] sigmoid logits."""
    each = f1_score(truth, expit(logits) >= thresholds, average=None, zero_division=0)
    return {"macro_f1": float(each.mean()), "f1": dict(zip(EKMAN_LABELS, map(float, each), strict=True))}


def evaluate_goemotions(
    encode_logits: Callable[[Sequence[str]], npt.ArrayLike],
    folder: Path,
    thresholds: Sequence[float],
    part: Part = "test",
) -> dict[str, Any]:
    """``f1_scores`` on one part of a GoEmotions folder, with "corpus", "part" and "texts".

    ``encode_logits`` turns texts into [texts, 7] sigmoid logits in the order of EKMAN_LABELS; ``thresholds``
    are probabilities in the same order. Raises CallmoodError for a folder that is not GoEmotions.
    """
    comments = list(read_comments(folder, part))
    logits = np.asarray(encode_logits([comment.text for comment in comments]), dtype=np.float64)
    found = f1_scores(logits, ekman_targets(comments), np.asarray(thresholds))
    return {"corpus": "GoEmotions", "part": part, "texts": len(comments), **found}


def evaluate_bundle(scorer: Scorer, folder: Path) -> dict[str, Any]:
    """``evaluate_goemotions`` of a bundle, from the words alone. Raises CallmoodError where it has no text model."""
    if scorer.heads.ekman is None:
        raise CallmoodError("This model can't read words. Train one that does with callmood train --text.")
    weight, bias = scorer.heads.ekman

    def logits(texts: Sequence[str]) -> Floats:
        return np.asarray(scorer.encode([None] * len(texts), texts).text @ weight.T + bias, dtype=np.float32)

    return evaluate_goemotions(logits, folder, scorer.settings.ekman_thresholds)
