"""How good a model of words is: F1 of Ekman's emotions and neutral, of which a text may have several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit
from sklearn.metrics import f1_score, precision_recall_curve
from torch import Tensor

from callmood.arrays import Doubles, Floats, Ints
from callmood.errors import CallmoodError
from callmood.model.scorer import Scorer, linear
from callmood.training.corpora.goemotions import EKMAN_LABELS, LABEL_OF_EKMAN, Comment, Part, read_comments
from callmood.training.corpora.meld import SHARES, MeldPart, read_utterances, table_of


def targets(label_sets: Sequence[frozenset[str]], labels: Sequence[str]) -> Floats:
    """[texts, labels]: 1 where a text has a label."""
    return np.array([[label in found for label in labels] for found in label_sets], dtype=np.float32)


def ekman_targets(comments: Sequence[Comment]) -> Floats:
    """[texts, 7]: 1 where a comment has a group of EKMAN_LABELS."""
    return targets([comment.ekman for comment in comments], EKMAN_LABELS)


def group_shares(comments: Sequence[Comment]) -> Tensor:
    """[7]: the share of each group of EKMAN_LABELS among the comments with exactly one; none is quite 0."""
    counts = ekman_targets([comment for comment in comments if len(comment.ekman) == 1]).sum(0) + 1
    return torch.from_numpy(counts / counts.sum())


def single_targets(comments: Sequence[Comment], shares: Tensor) -> tuple[Tensor, Tensor]:
    """The one answer to each comment [texts, 7], as probabilities, and whether there is one [texts].

    A comment without a group says nothing: then every group is as probable as its share. One with several has no
    answer.
    """
    truth = torch.from_numpy(ekman_targets(comments))
    groups = truth.sum(1)
    return torch.where((groups == 0)[:, None], shares.float(), truth), groups <= 1


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


def single_f1(logits: Doubles, groups: Ints) -> dict[str, Any]:
    """F1 of the best label of each text: mean weighted by the labels' counts, plain mean, and each; 0 to 1.

    ``logits`` [texts, 7], true ``groups`` [texts].
    """
    found, labels = logits.argmax(1), np.arange(len(EKMAN_LABELS))
    each = f1_score(groups, found, labels=labels, average=None, zero_division=0)
    return {
        "weighted_f1": float(np.average(each, weights=np.bincount(groups, minlength=len(labels)))),
        "macro_f1": float(each.mean()),
        "f1": dict(zip(EKMAN_LABELS, map(float, each), strict=True)),
    }


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


def evaluate_meld(encode_ratios: Callable[[Sequence[str]], npt.ArrayLike], folder: Path) -> dict[str, Any]:
    """``single_f1`` on the test part of a MELD folder, or on dev where there is no test, with "part" and "texts".

    ``encode_ratios`` turns texts into [texts, 7] log-likelihood ratios in the order of EKMAN_LABELS; each label's share
    is that of MELD's training part. Raises CallmoodError for a folder that is not MELD.
    """
    part: MeldPart = "test" if table_of(folder, "test").is_file() else "dev"
    comments = [said.comment for said in read_utterances(folder, part)]
    if not comments:
        raise CallmoodError(f"{table_of(folder, part)} holds no utterances.")
    logits = np.asarray(encode_ratios([comment.text for comment in comments]), dtype=np.float64)
    logits += np.log([SHARES[label] for label in EKMAN_LABELS])
    found = single_f1(logits, ekman_targets(comments).argmax(1))
    return {"corpus": "MELD", "part": part, "texts": len(comments), **found}


def evaluate_bundle(scorer: Scorer, name: str, folder: Path) -> dict[str, Any]:
    """A bundle's metrics on a corpus of texts, goemotions or meld, from the words alone.

    Raises CallmoodError where it has no text model, and for a folder that does not hold the corpus.
    """
    ekman, ratios = scorer.heads.ekman, scorer.heads.text
    if ekman is None or ratios is None:
        raise CallmoodError("This model can't read words. Train one that does with callmood train --text.")
    columns = [scorer.labels.index(LABEL_OF_EKMAN[label]) for label in EKMAN_LABELS]

    def vectors(texts: Sequence[str]) -> Floats:
        return scorer.encode([None] * len(texts), texts).text

    if name == "meld":
        return evaluate_meld(lambda texts: linear(ratios, vectors(texts))[:, columns], folder)
    return evaluate_goemotions(
        lambda texts: linear(ekman, vectors(texts)), folder, scorer.settings.ekman_thresholds
    )
