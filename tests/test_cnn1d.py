from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from callmood.training import recipe as recipes
from callmood.training.corpora.clip import Clip
from callmood.training.data.examples import Example, Parts
from callmood.training.systems import cnn1d
from callmood.training.systems.cnn1d import Recipe, collate, network
from callmood.training.workspace import Workspace

SMALL = ("model.blocks=[[8], [8]]", "model.dense=[8]", "model.dropout=0.1", "training.precision=float32")


def recipe(*overrides: str) -> Recipe:
    return recipes.read(Recipe, recipes.load("cnn1d", overrides))


def parts(folder: Path) -> Parts:
    """Two classes of made-up clips; a clip's row of features is in its place's name."""
    examples = [
        Example(Clip("own", folder, f"own-{row}", "happy"), row % 2, folder / str(row)) for row in range(90)
    ]
    return Parts("paper", ("happy", "sad"), examples[:50], examples[50:70], examples[70:])


@pytest.fixture
def made_up_features(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).standard_normal((90, 94)).astype(np.float32)
    rows[1::2] += 3

    def matrix(examples: list[Example], _: Any) -> np.ndarray:
        return rows[[int(example.sound.name) for example in examples]]

    monkeypatch.setattr(cnn1d, "matrix", matrix)


def test_the_papers_network_has_its_layers_and_no_pooling() -> None:
    model = network(recipe().model, 94, 7)
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv1d)]
    assert [layer.out_channels for layer in convolutions] == [256, 256, 128, 128, 128, 128, 64, 64]
    assert {layer.kernel_size for layer in convolutions} == {(8,)}
    assert [layer.in_features for layer in model.modules() if isinstance(layer, nn.Linear)] == [
        64 * 94,
        64,
        64,
    ]


def test_the_network_gives_a_logit_a_class() -> None:
    assert network(recipe(*SMALL).model, 94, 7)(torch.zeros(3, 94)).shape == (3, 7)


def test_a_batch_is_features_and_labels() -> None:
    batch = collate([(np.full(94, 2, np.float32), 1), (np.zeros(94, np.float32), 0)])
    assert batch["input"][0, 0] == 2
    assert batch["labels"].tolist() == [1, 0]


@pytest.mark.usefixtures("made_up_features")
def test_a_run_learns_to_tell_plain_classes_apart(tmp_path: Path) -> None:
    chosen = recipe(*SMALL, "training.epochs=8", "training.learning_rate=0.01")
    given = parts(tmp_path)
    outcome = cnn1d.run(chosen, given, Workspace(tmp_path, "cpu", report=lambda _: None))
    right = outcome.probabilities.argmax(axis=1) == [example.label for example in given.test]
    assert right.mean() > 0.9
    np.testing.assert_allclose(outcome.probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.usefixtures("made_up_features")
def test_the_same_seed_gives_the_same_probabilities(tmp_path: Path) -> None:
    chosen = recipe(*SMALL, "training.epochs=1")
    once, again = (
        cnn1d.run(
            chosen, parts(tmp_path), Workspace(tmp_path / name, "cpu", report=lambda _: None)
        ).probabilities
        for name in ("once", "again")
    )
    np.testing.assert_array_equal(once, again)
