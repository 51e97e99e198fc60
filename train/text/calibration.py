"""What a text model learns after its weights, and its test: softmax on phrases of calls, thresholds, temperature."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor
from torch.nn import functional

from callmood.arrays import Doubles
from callmood.training.corpora.goemotions import Comment
from callmood.training.measure.calibration import best_temperature, calibration_error, mean_log_likelihood
from callmood.training.text.measure import best_thresholds, ekman_targets, f1_scores
from callmood.training.text.network import TextModel, TextReader, embed, predict
from callmood.training.text.recipe import TextRecipe


@dataclass(frozen=True)
class TrainedText:
    """A tuned model, and how to read its answers."""

    model: TextModel
    reader: TextReader
    recipe: TextRecipe
    thresholds: Doubles
    """[7]: the probability from which on a group counts as present, the best for each group's F1 on dev."""
    temperature: float
    """The softmax logits are divided by it: the best log-likelihood on dev's texts with one group."""
    log_prior: Doubles
    """[7]: logarithm of each group's share among the training texts with one group."""


def calibrate(
    model: TextModel,
    reader: TextReader,
    recipe: TextRecipe,
    train: Sequence[Comment],
    dev: Sequence[Comment],
    phrases: Sequence[Comment],
) -> TrainedText:
    """Fit the softmax to ``phrases``, take its prior from ``train``, thresholds and temperature from ``dev``.

    The encoder is rounded to float16 first, as it is stored, so that what is measured is what ships.
    """
    with torch.no_grad():
        for parameter in model.encoder.encoder.parameters():
            parameter.copy_(parameter.half().float())
    of_one_group = [comment for comment in train if len(comment.ekman) == 1]
    fit_single_head(model, reader, recipe, of_one_group, phrases)
    answers = predict(model, embed(model, reader, dev))
    truth = ekman_targets(dev)
    single = truth.sum(1) == 1
    logits = answers.single[single]
    counts = ekman_targets(of_one_group).sum(0) + 1
    return TrainedText(
        model,
        reader,
        recipe,
        thresholds=best_thresholds(answers.ekman, truth),
        temperature=best_temperature(lambda t: logits / t, truth[single].argmax(1)),
        log_prior=np.log(counts / counts.sum()),
    )


def fit_single_head(
    model: TextModel,
    reader: TextReader,
    recipe: TextRecipe,
    comments: Sequence[Comment],
    phrases: Sequence[Comment],
) -> None:
    """Fit the softmax alone to a sample of ``comments`` and to all ``phrases``, both of one group each."""
    sample = random.Random(recipe.seed).sample(comments, min(len(comments), recipe.phrase_comments))
    (corpus, corpus_group), (calls, calls_group) = (
        (embed(model, reader, texts), torch.from_numpy(ekman_targets(texts).argmax(1)))
        for texts in (sample, phrases)
    )
    head = model.single
    start = head.weight.detach().clone()
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = functional.cross_entropy(head(corpus), corpus_group)
        total = total + recipe.phrase_weight * functional.cross_entropy(head(calls), calls_group)
        total = total + recipe.phrase_pull * (head.weight - start).square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]


def evaluate_text(trained: TrainedText, comments: Sequence[Comment]) -> dict[str, Any]:
    """Metrics of both heads on ``comments``: several labels (``macro_f1``, ``f1``), and one label.

    The texts with one group give the calibrated softmax's ``single_accuracy``, ``single_log_loss`` (nats) and
    ``single_ece``.
    """
    answers = predict(trained.model, embed(trained.model, trained.reader, comments))
    truth = ekman_targets(comments)
    alone = truth.sum(1) == 1
    single, group = answers.single[alone] / trained.temperature, truth[alone].argmax(1)
    return {
        "texts": len(comments),
        **f1_scores(answers.ekman, truth, trained.thresholds),
        "single_texts": int(alone.sum()),
        "single_accuracy": float((single.argmax(1) == group).mean()),
        "single_log_loss": -mean_log_likelihood(single, group),
        "single_ece": calibration_error(group, softmax(single, axis=1)),
    }
