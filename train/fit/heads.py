"""Linear heads on pooled vectors: logistic regression, discriminant analysis, and the sum of both.

Everything is computed on standardised vectors and returned for plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn import functional

from callmood.arrays import Floats, Ints
from callmood.errors import CallmoodError

Head = tuple[Floats, Floats]
"""Weights [classes, width] and biases [classes]."""


class Block(BaseModel):
    """The part of the vector that comes from one encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(gt=0)
    share: float = Field(gt=0, le=1)
    """Of the sum of all blocks' logits, which have the same spread before."""
    layer_weights: tuple[float, ...] = ()
    """Of each layer's means and deviations, before the fit. Empty: all alike."""


class HeadSettings(BaseModel):
    """How heads are fitted; see recipes/embedded.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    logistic_c: float = Field(gt=0)
    iterations: int = Field(gt=0)
    discriminant_ridge: float = Field(gt=0)
    discriminant_share: float = Field(ge=0, le=1)
    blocks: tuple[Block, ...]


def fit(
    vectors: Floats, labels: Ints, classes: int, settings: HeadSettings, weights: Floats | None = None
) -> Head:
    """The head that predicts ``labels`` [n] from ``vectors`` [n, width].

    ``weights`` [n]: how much each vector counts; None: every class counts the same. Each block is fitted alone, by
    logistic regression and by discriminant analysis, and all logits are added. Raises CallmoodError where the blocks
    do not add up to the vectors' width.
    """
    if sum(block.width for block in settings.blocks) != vectors.shape[1]:
        raise CallmoodError(
            f"The widths of the recipe's heads.blocks do not add up to that of the vectors, {vectors.shape[1]}."
        )
    counts = torch.from_numpy(labels)
    given = balanced(counts, classes)[counts] if weights is None else torch.from_numpy(weights).float()
    of_blocks, biases, start = [], [], 0
    for block in settings.blocks:
        part = vectors[:, start : start + block.width]
        start += block.width
        weight, bias = _fit_block(part, labels, given * len(given) / given.sum(), classes, settings, block)
        of_blocks.append(weight)
        biases.append(bias)
    return np.concatenate(of_blocks, axis=1), np.sum(biases, axis=0, dtype=np.float32)


def _fit_block(
    vectors: Floats, labels: Ints, weights: torch.Tensor, classes: int, settings: HeadSettings, block: Block
) -> Head:
    centre, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-5
    scale = column_weights(block.layer_weights, block.width) / spread
    inputs = torch.from_numpy((vectors - centre) * scale)
    truth = torch.from_numpy(labels)
    fits: tuple[tuple[float, Callable[[], tuple[torch.Tensor, torch.Tensor]]], ...] = (
        (1 - settings.discriminant_share, lambda: logistic(inputs, truth, weights, classes, settings)),
        (
            settings.discriminant_share,
            lambda: discriminant(inputs, truth, weights, classes, settings.discriminant_ridge),
        ),
    )
    total, offset = torch.zeros(classes, block.width), torch.zeros(classes)
    for share, fitted in fits:
        if not share:
            continue
        weight, bias = fitted()
        size = (inputs @ weight.T + bias).std()  # so that each counts by its share
        total, offset = total + share * weight / size, offset + share * bias / size
    size = (inputs @ total.T + offset).std() / block.share
    columns = (total / size).numpy() * scale
    return columns.astype(np.float32), ((offset / size).numpy() - columns @ centre).astype(np.float32)


def column_weights(layers: Sequence[float], width: int) -> Floats:
    """[width]: the weight of each layer, spread over its means and its deviations."""
    if not layers:
        return np.ones(width, np.float32)
    return np.tile(np.repeat(np.asarray(layers, np.float32), width // (2 * len(layers))), 2)


def logistic(
    inputs: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, classes: int, settings: HeadSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Multinomial logistic regression with a squared penalty; ``weights`` [n] are 1 on the mean."""
    weight = torch.zeros(classes, inputs.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    penalty = 1 / (2 * settings.logistic_c * len(inputs))
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=settings.iterations, history_size=10, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        each = functional.cross_entropy(inputs @ weight.T + bias, labels, reduction="none")
        total = (weights * each).mean()
        total = total + penalty * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def discriminant(
    inputs: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, classes: int, ridge: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Linear discriminant analysis, all classes as likely, ``ridge`` added to the covariance's diagonal.

    ``weights`` [n] are 1 on the mean.
    """
    present = sorted(set(labels.tolist()))
    means = torch.zeros(classes, inputs.shape[1])
    for label in present:
        of_label = weights[labels == label]
        means[label] = of_label @ inputs[labels == label] / of_label.sum()
    inner = (inputs - means[labels]) * weights.sqrt()[:, None]
    covariance = inner.T @ inner / len(inputs) + ridge * torch.eye(inputs.shape[1])
    weight = torch.cholesky_solve(means.T.contiguous(), torch.linalg.cholesky(covariance)).T
    bias = -(weight * means).sum(dim=1) / 2
    absent = [label for label in range(classes) if label not in present]
    bias[absent] = bias[present].min() - 10
    return weight, bias


def balanced(labels: torch.Tensor, classes: int) -> torch.Tensor:
    """[classes]: weights by which every class that occurs counts the same, 1 on the mean."""
    counts = torch.bincount(labels, minlength=classes).float()
    return torch.where(counts > 0, len(labels) / (counts.clamp(min=1) * (counts > 0).sum()), 0.0)
