"""What a text model learns after its weights, from texts held out: thresholds, and a softmax's honest scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from callmood.arrays import Doubles
from callmood.training.corpora.goemotions import EKMAN_LABELS, Comment
from callmood.training.corpora.meld import SHARES
from callmood.training.measure.calibration import calibration_error, mean_log_likelihood
from callmood.training.text.measure import (
    best_thresholds,
    ekman_targets,
    f1_scores,
    group_shares,
    single_f1,
    single_targets,
)
from callmood.training.text.network import TextModel, TextReader, embed, predict
from callmood.training.text.recipe import TextRecipe
from callmood.training.text.texts import Texts


@dataclass(frozen=True)
class TrainedText:
    """A tuned model, and how to read its answers."""

    model: TextModel
    reader: TextReader
    recipe: TextRecipe
    thresholds: Doubles
    """[7]: the probability from which on a group counts as present, the best for each group's F1 on dev."""
    temperature: float
    """The softmax's logits are divided by it."""
    bias: Doubles
    """[7]: what is then added to them."""
    log_prior: Doubles
    """[7]: logarithm of each group's share among the texts that these two were fitted to."""

    def log_ratios(self, comments: Sequence[Comment]) -> Doubles:
        """[texts, 7]: log-likelihood ratios of the groups, each up to the same constant."""
        logits = predict(self.model, embed(self.model, self.reader, comments)).single
        return logits / self.temperature + self.bias - self.log_prior


def calibrate(model: TextModel, reader: TextReader, recipe: TextRecipe, dev: Texts) -> TrainedText:
    """Take the thresholds from ``dev``'s comments; fit the softmax's temperature and biases to what is spoken.

    Service talk and conversation count the same; where there is no conversation, comments with one group stand in for
    it. The encoder is rounded to float16 first, as it is stored, so that what is measured is what ships.
    """
    with torch.no_grad():
        for parameter in model.encoder.encoder.parameters():
            parameter.copy_(parameter.half().float())
    comments = predict(model, embed(model, reader, dev.comments))
    other = dev.conversation or of_one_group(dev.comments)
    texts = [*dev.service_talk, *other]
    weights = np.repeat([0.5 / len(dev.service_talk), 0.5 / len(other)], [len(dev.service_talk), len(other)])
    # what says nothing has the share that each group has among the rest
    shares = torch.from_numpy((group_shares(dev.service_talk).numpy() + group_shares(other).numpy()) / 2)
    truth = single_targets(texts, shares)[0].double().numpy()
    logits = predict(model, embed(model, reader, texts)).single
    temperature, bias = fit_scale(logits, truth, weights, recipe.bias_pull)
    return TrainedText(
        model,
        reader,
        recipe,
        thresholds=best_thresholds(comments.ekman, ekman_targets(dev.comments)),
        temperature=temperature,
        bias=bias,
        log_prior=np.log(shares.double().numpy()),
    )


def fit_scale(logits: Doubles, truth: Doubles, weights: Doubles, pull: float) -> tuple[float, Doubles]:
    """The temperature and biases [labels] with the best log-likelihood of ``truth``, both [texts, labels].

    ``truth``'s rows are probabilities, ``weights`` [texts] what each counts. Biases that tell a change of the labels'
    shares apart from confidence make ratios hold where the shares are others (Alexandari et al., 2020). ``pull``: how
    strongly they are held to zero.
    """

    def loss(parameters: Doubles) -> float:
        scaled = log_softmax(logits / np.exp(parameters[0]) + parameters[1:], axis=1)
        return float(-(weights @ (truth * scaled).sum(1)) + pull * (parameters[1:] ** 2).sum())

    found = minimize(loss, np.zeros(1 + logits.shape[1]), method="L-BFGS-B").x
    return float(np.exp(found[0])), found[1:]


def of_one_group(comments: Sequence[Comment]) -> list[Comment]:
    """The comments that have exactly one of EKMAN_LABELS."""
    return [comment for comment in comments if len(comment.ekman) == 1]


def evaluate_text(trained: TrainedText, texts: Texts) -> dict[str, Any]:
    """Metrics on ``texts``: of comments by several labels (``macro_f1``, ``f1``), of what is spoken by one label.

    ``conversation`` and ``service_talk`` have ``weighted_f1``, ``macro_f1``, ``f1``, ``log_loss`` (nats) and ``ece``,
    by the shares of the labels in MELD and in service talk.
    """
    answers = predict(trained.model, embed(trained.model, trained.reader, texts.comments))
    found = {
        "texts": len(texts.comments),
        **f1_scores(answers.ekman, ekman_targets(texts.comments), trained.thresholds),
    }
    talk = of_one_group(texts.service_talk)
    if texts.conversation:
        found["conversation"] = _spoken(
            trained, texts.conversation, np.log([SHARES[label] for label in EKMAN_LABELS])
        )
    found["service_talk"] = _spoken(trained, talk, np.log(group_shares(talk).numpy()))
    return found


def _spoken(trained: TrainedText, comments: Sequence[Comment], log_shares: Doubles) -> dict[str, Any]:
    logits = trained.log_ratios(comments) + log_shares
    group = ekman_targets(comments).argmax(1)
    return {
        "texts": len(comments),
        **single_f1(logits, group),
        "log_loss": -mean_log_likelihood(logits, group),
        "ece": calibration_error(group, softmax(logits, axis=1)),
    }
