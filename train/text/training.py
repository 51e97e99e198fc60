"""A text encoder tuned in stages: on comments, on service talk, on conversation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from callmood.training.corpora.goemotions import FINE_LABELS, Comment
from callmood.training.fit.parameter_groups import at_rate, layered
from callmood.training.progress import Remark, log, tracked
from callmood.training.text.calibration import TrainedText, calibrate
from callmood.training.text.measure import (
    best_thresholds,
    ekman_targets,
    f1_scores,
    group_shares,
    single_targets,
    targets,
)
from callmood.training.text.mixture import mixture, random_batches, roughened
from callmood.training.text.network import Logits, TextModel, TextReader, embed, load_encoder, predict
from callmood.training.text.recipe import Stage, TextRecipe
from callmood.training.text.texts import Texts


def train_text(
    recipe: TextRecipe, train: Texts, dev: Texts, encoder_folder: Path, report: Remark = log
) -> TrainedText:
    """Tune the encoder in ``encoder_folder`` on ``train``; the same recipe gives the same weights.

    Loss and macro F1 on dev's comments are reported after each stage. Dev gives the thresholds and the calibration; no
    weights depend on it. Raises CallmoodError for an encoder that can't be loaded.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    training = Training(recipe, train, encoder_folder)
    for number, stage in enumerate(stages_of(recipe, train), start=1):
        loss = float(np.mean(list(training.run(stage, f"stage {number}"))))
        answers = predict(
            training.averaged, embed(training.averaged, training.reader, dev.comments, recipe.bfloat16)
        )
        truth = ekman_targets(dev.comments)
        f1 = f1_scores(answers.ekman, truth, best_thresholds(answers.ekman, truth))["macro_f1"]
        report(f"stage {number}: loss {loss:.4f}, dev macro F1 {f1:.4f}")
    return calibrate(training.averaged, training.reader, recipe, dev)


def stages_of(recipe: TextRecipe, texts: Texts) -> list[Stage]:
    """The stages for which there are texts."""
    return [stage for stage in recipe.stages if texts.conversation or not stage.conversation]


class Training:
    """A model in training: its weights, their moving average, and the optimizer."""

    def __init__(self, recipe: TextRecipe, texts: Texts, encoder_folder: Path) -> None:
        self.recipe, self.texts = recipe, texts
        self.rng = random.Random(recipe.seed)
        self.reader = TextReader(encoder_folder, recipe.max_tokens)
        self.model = TextModel(load_encoder(encoder_folder), recipe.dropout)
        average_of = get_ema_multi_avg_fn(recipe.average_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.model, multi_avg_fn=average_of)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, recipe), fused=True)
        self.full_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.steps = 0
        self.weights = positive_weights(texts.comments, recipe.positive_power)
        self.shares = group_shares(texts.service_talk)

    @property
    def averaged(self) -> TextModel:
        """The moving average of the weights: what is kept."""
        return cast(TextModel, self.average.module)

    def run(self, stage: Stage, name: str) -> Iterator[float]:
        """Train through one stage; yield each step's loss."""
        texts = mixture(self.texts, stage, self.recipe, self.rng)
        batches = random_batches(texts, self.recipe.batch_size, self.rng)
        for number, layer in enumerate(self.model.encoder.encoder.layer):
            layer.requires_grad_(number >= stage.lowest_layer)
        self.model.train()
        for step, batch in enumerate(tracked(batches, name)):
            progress = step / len(batches)
            self._set_rates(stage.first_rate + (stage.last_rate - stage.first_rate) * progress)
            yield self._step(batch)

    def _set_rates(self, share: float) -> None:
        warmth = min(1.0, (self.steps + 1) / self.recipe.warmup_steps)
        for group, rate in zip(self.optimizer.param_groups, self.full_rates, strict=True):
            group["lr"] = rate * share * warmth

    def _step(self, batch: Sequence[Comment]) -> float:
        recipe = self.recipe
        inputs = self.reader([roughened(comment, recipe, self.rng) for comment in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bfloat16):
            logits = self.model(**inputs)
        loss = text_loss(logits, batch, self.weights, self.shares, recipe)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), recipe.gradient_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.update_parameters(self.model)
        self.steps += 1
        return loss.item()


def parameter_groups(model: TextModel, recipe: TextRecipe) -> list[dict[str, Any]]:
    """Groups for the optimizer: rates fall from the heads down; vectors (biases, norms) are not decayed."""
    layers = [layer.parameters() for layer in reversed(list(model.encoder.encoder.layer))]
    groups = layered(layers, recipe.learning_rate, recipe.layer_decay, recipe.weight_decay)
    for head in (model.ekman, model.single, model.fine):
        groups += at_rate(head.parameters(), recipe.head_learning_rate, recipe.weight_decay)
    return groups


def text_loss(
    logits: Logits, batch: Sequence[Comment], weights: Tensor, shares: Tensor, recipe: TextRecipe
) -> Tensor:
    """The three heads' losses, each summed over its labels, averaged over the batch and weighted.

    Comments have all three. What is spoken has that of the softmax alone; where it says nothing, the best answer is
    ``shares`` [7], how often each group is spoken.
    """
    written = torch.tensor([not comment.spoken for comment in batch])
    ekman = torch.from_numpy(ekman_targets(batch))
    fine = torch.from_numpy(targets([comment.labels for comment in batch], FINE_LABELS))
    loss = functional.binary_cross_entropy_with_logits(
        logits.ekman.float()[written], ekman[written], pos_weight=weights, reduction="sum"
    )
    loss = loss + recipe.fine_weight * functional.binary_cross_entropy_with_logits(
        logits.fine.float()[written], fine[written], reduction="sum"
    )
    single, answered = single_targets(batch, shares)
    weight = torch.where(written, recipe.single_weight, recipe.spoken_weight) * answered
    each = functional.cross_entropy(logits.single.float(), single, reduction="none")
    return (loss + (weight * each).sum()) / len(batch)


def positive_weights(comments: Sequence[Comment], power: float) -> Tensor:
    """[7]: how much a positive of each group weighs against a negative."""
    positives = ekman_targets(comments).sum(0) + 1
    return torch.from_numpy(((len(comments) + 2 - positives) / positives) ** power)
