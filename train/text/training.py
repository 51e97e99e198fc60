"""A text encoder tuned on GoEmotions."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import get_cosine_schedule_with_warmup

from callmood.training.corpora.goemotions import FINE_LABELS, Comment
from callmood.training.fit.batches import length_batches
from callmood.training.fit.parameter_groups import at_rate, layered
from callmood.training.progress import Remark, log, tracked
from callmood.training.text.calibration import TrainedText, calibrate
from callmood.training.text.measure import best_thresholds, ekman_targets, f1_scores, targets
from callmood.training.text.network import (
    Logits,
    TextModel,
    TextReader,
    embed,
    length_of,
    load_encoder,
    predict,
)
from callmood.training.text.recipe import TextRecipe

_PUNCTUATION: Final = re.compile(r"[^\w\s']+")
_NAME: Final = re.compile(r"\[NAME\]")


def train_text(
    recipe: TextRecipe,
    train: Sequence[Comment],
    dev: Sequence[Comment],
    phrases: Sequence[Comment],
    encoder_folder: Path,
    report: Remark = log,
) -> TrainedText:
    """Tune the encoder in ``encoder_folder`` on ``train``; the same recipe gives the same weights.

    At the end the softmax alone is fitted to ``phrases``, too: sentences of calls, with one group each. Loss and dev's
    macro F1 are reported after each epoch. Dev gives the thresholds and the temperature; no weights depend on it.
    Raises CallmoodError for an encoder that can't be loaded.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    reader = TextReader(encoder_folder, recipe.max_tokens)
    model = TextModel(load_encoder(encoder_folder), recipe.dropout)
    average_of = get_ema_multi_avg_fn(recipe.average_decay)  # type: ignore[no-untyped-call]
    average = AveragedModel(model, multi_avg_fn=average_of)
    averaged = cast(TextModel, average.module)
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    steps = recipe.schedule_epochs * -(-len(train) // recipe.batch_size)
    schedule = get_cosine_schedule_with_warmup(optimizer, round(recipe.warmup_share * steps), steps)
    weights = positive_weights(train, recipe.positive_power)
    for epoch in range(1, recipe.epochs + 1):
        model.train()
        losses = []
        for batch in tracked(random_batches(train, recipe.batch_size, rng), f"epoch {epoch}"):
            inputs = reader([roughened(comment.text, recipe, rng) for comment in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.bfloat16):
                logits = model(**inputs)
            loss = text_loss(logits, batch, weights, recipe)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_norm)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            average.update_parameters(model)
            losses.append(loss.item())
        logits_on_dev = predict(averaged, embed(averaged, reader, dev, recipe.bfloat16)).ekman
        truth = ekman_targets(dev)
        f1 = f1_scores(logits_on_dev, truth, best_thresholds(logits_on_dev, truth))["macro_f1"]
        report(f"epoch {epoch}: loss {np.mean(losses):.4f}, dev macro F1 {f1:.4f}")
    return calibrate(averaged, reader, recipe, train, dev, phrases)


def parameter_groups(model: TextModel, recipe: TextRecipe) -> list[dict[str, Any]]:
    """Groups for the optimizer: rates fall from the heads down; vectors (biases, norms) are not decayed."""
    layers = [layer.parameters() for layer in reversed(list(model.encoder.encoder.layer))]
    groups = layered(layers, recipe.learning_rate, recipe.layer_decay, recipe.weight_decay)
    for head in (model.ekman, model.single, model.fine):
        groups += at_rate(head.parameters(), recipe.head_learning_rate, recipe.weight_decay)
    return groups


def text_loss(logits: Logits, batch: Sequence[Comment], weights: Tensor, recipe: TextRecipe) -> Tensor:
    """The three heads' losses, each summed over its labels, averaged over the batch and weighted."""
    ekman = torch.from_numpy(ekman_targets(batch))
    fine = torch.from_numpy(targets([comment.labels for comment in batch], FINE_LABELS))
    single = ekman.sum(1) == 1
    loss = functional.binary_cross_entropy_with_logits(
        logits.ekman.float(), ekman, pos_weight=weights, reduction="sum"
    )
    loss = loss + recipe.fine_weight * functional.binary_cross_entropy_with_logits(
        logits.fine.float(), fine, reduction="sum"
    )
    loss = loss + recipe.single_weight * functional.cross_entropy(
        logits.single.float()[single], ekman[single].argmax(1), reduction="sum"
    )
    return loss / len(batch)


def positive_weights(comments: Sequence[Comment], power: float) -> Tensor:
    """[7]: how much a positive of each group weighs against a negative."""
    positives = ekman_targets(comments).sum(0) + 1
    return torch.from_numpy(((len(comments) + 2 - positives) / positives) ** power)


def roughened(text: str, recipe: TextRecipe, rng: random.Random) -> str:
    """The text, sometimes with a name put in for [NAME], sometimes without its punctuation."""
    if rng.random() < recipe.name_share:
        text = _NAME.sub(lambda _: rng.choice(recipe.names), text)
    if rng.random() < recipe.bare_share:
        text = _PUNCTUATION.sub(" ", text)
    return text


def random_batches(comments: Sequence[Comment], size: int, rng: random.Random) -> list[list[Comment]]:
    """Every comment once, in batches of similar lengths, in random order."""
    order = rng.sample(range(len(comments)), len(comments))
    lengths = [length_of(comment.text) for comment in comments]
    batches = [[comments[row] for row in rows] for rows in length_batches(order, lengths, size)]
    rng.shuffle(batches)
    return batches
