"""The paper's 1-D CNN on its 94 features, standardised by the training part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from callmood.arrays import Floats
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Example, Parts, true_labels
from callmood.training.data.features import FeatureTable, matrix
from callmood.training.fit.rows import EqualLengthRows
from callmood.training.fit.table import TrainingTable
from callmood.training.recipe import Table
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace

if TYPE_CHECKING:
    from torch import nn

Width = Annotated[int, Field(gt=0)]
Row = tuple[Floats, int]
"""The features of a clip, [width], and its label."""


class ModelTable(Table):
    """The network."""

    kernel: int = Field(gt=0)
    blocks: tuple[tuple[Width, ...], ...] = Field(min_length=1)
    """Channels of each convolution; between the blocks are batch norm and dropout."""
    dense: tuple[Width, ...]
    dropout: float = Field(ge=0, lt=1)


class Recipe(CorpusRecipe):
    """See recipes/cnn1d.toml."""

    family: Literal["cnn1d"]
    features: FeatureTable
    model: ModelTable
    training: TrainingTable


def run(recipe: Recipe, parts: Parts, workspace: Workspace) -> Outcome:
    """Train the network on the training part; the validation part decides which epoch is kept."""
    import torch
    from sklearn.preprocessing import StandardScaler

    from callmood.training.fit.trainer import fit_and_test

    scaler = StandardScaler().fit(matrix(parts.train, recipe.features))

    def rows(examples: Sequence[Example]) -> EqualLengthRows[Row]:
        labels = true_labels(examples)
        scaled = scaler.transform(matrix(examples, recipe.features))
        return EqualLengthRows(list(zip(scaled, labels.tolist(), strict=True)), labels)

    torch.manual_seed(recipe.seed)
    model = network(recipe.model, recipe.features.width, len(parts.labels))
    given = rows(parts.train), rows(parts.validation), rows(parts.test)
    probabilities, fitted = fit_and_test(
        model,
        given,
        collate,
        recipe.training,
        labels=len(parts.labels),
        seed=recipe.seed,
        workspace=workspace,
    )
    return Outcome(probabilities, fitted.history, fitted.notes)


def network(table: ModelTable, width: int, classes: int) -> nn.Module:
    """Features [n, width] -> logits [n, classes].

    The paper names no pooling, so there is none: every convolution sees all ``width`` features. Its dense layers are
    read as hidden ones, ReLU after each, before the dropout and the layer of the classes.
    """
    from torch import nn

    layers: list[nn.Module] = [nn.Unflatten(1, (1, width))]
    channels = 1
    for number, block in enumerate(table.blocks):
        if number:
            layers += [nn.BatchNorm1d(channels), nn.Dropout(table.dropout)]
        for wanted in block:
            before = (table.kernel - 1) // 2  # PyTorch's own "same" warns of even kernels
            layers += [nn.ConstantPad1d((before, table.kernel - 1 - before), 0.0)]
            layers += [nn.Conv1d(channels, wanted, table.kernel), nn.ReLU()]
            channels = wanted
    layers.append(nn.Flatten())
    sizes = (channels * width, *table.dense)
    for size, wanted in pairwise(sizes):
        layers += [nn.Linear(size, wanted), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(table.dropout), nn.Linear(sizes[-1], classes))


def collate(rows: Sequence[Row]) -> dict[str, Any]:
    """The network's ``input`` [n, width], and ``labels`` [n]."""
    import torch

    features, labels = zip(*rows, strict=True)
    return {"input": torch.from_numpy(np.stack(features)), "labels": torch.tensor(labels)}
