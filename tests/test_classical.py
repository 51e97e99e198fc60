from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callmood.errors import CallmoodError
from callmood.training import recipe as recipes
from callmood.training.corpora.clip import Clip
from callmood.training.data.examples import Example, Parts
from callmood.training.systems import classical
from callmood.training.systems.classical import ESTIMATORS, Recipe, probabilities_of
from callmood.training.workspace import Workspace

KINDS = sorted(ESTIMATORS)
pytestmark = pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger than sample size")


FEW_TREES = dict.fromkeys(("xgboost", "lightgbm", "random_forest"), ("model.settings.n_estimators=20",))


def recipe(kind: str, *overrides: str) -> Recipe:
    return recipes.read(Recipe, recipes.load(kind, (*FEW_TREES.get(kind, ()), *overrides)))


def blobs(classes: int = 3, clips: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), clips)
    centres = 5 * np.eye(classes, 6)
    return (centres[labels] + rng.standard_normal((len(labels), 6))).astype(np.float32), labels


@pytest.mark.parametrize("kind", KINDS)
def test_an_estimator_tells_plain_classes_apart(kind: str) -> None:
    (train, labels), (test, truth) = blobs(), blobs(seed=1)
    found = probabilities_of(recipe(kind), train, labels, test, 3)
    assert (found.argmax(axis=1) == truth).mean() > 0.8
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_probabilities(kind: str) -> None:
    (train, labels), (test, _) = blobs(), blobs(seed=1)
    once, again = (probabilities_of(recipe(kind), train, labels, test, 3) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_a_class_that_training_lacks_is_never_likely() -> None:
    train, labels = blobs()
    found = probabilities_of(recipe("xgboost"), train, np.where(labels == 1, 4, labels), train, 5)
    assert found.shape == (60, 5)
    assert not found[:, [1, 3]].any()
    assert (found[labels == 1].argmax(axis=1) == 4).all()


def test_features_of_another_size_count_the_same() -> None:
    (train, labels), (test, truth) = blobs(), blobs(seed=1)
    noise = np.random.default_rng(2).standard_normal((len(train), 1)).astype(np.float32)
    loud = probabilities_of(
        recipe("knn"), np.hstack([train, 1e5 * noise]), labels, np.hstack([test, noise]), 3
    )
    assert (loud.argmax(axis=1) == truth).mean() > 0.8


@pytest.mark.parametrize("kind", ["knn", "xgboost", "lightgbm"])
def test_a_wrong_setting_is_refused_in_one_sentence(kind: str) -> None:
    with pytest.raises(CallmoodError, match=r"model\.settings has n_jobz.*did you mean n_jobs\?"):
        recipe(kind, "model.settings.n_jobz=2")


@pytest.mark.parametrize(
    ("kind", "override"),
    [
        ("knn", "model.settings.n_neighbors=0"),
        ("xgboost", "model.settings.max_depth=-3"),
        ("lightgbm", "model.settings.num_leaves=1"),
    ],
)
def test_a_setting_out_of_range_is_refused_in_one_sentence(kind: str, override: str) -> None:
    train, labels = blobs()
    with pytest.raises(CallmoodError, match=f"{kind} can't be fitted as the recipe has it"):
        probabilities_of(recipe(kind, override), train, labels, train, 3)


def test_a_run_gives_probabilities_of_every_test_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, labels = blobs(classes=2)
    examples = [
        Example(Clip("own", tmp_path, f"own-{row}", "happy"), int(label), tmp_path / str(row))
        for row, label in enumerate(labels)
    ]

    def matrix(wanted: list[Example], _: Any) -> np.ndarray:
        return rows[[int(example.sound.name) for example in wanted]]

    monkeypatch.setattr(classical, "matrix", matrix)
    parts = Parts("paper", ("happy", "sad"), examples[::2], [], examples[1::2])
    outcome = classical.run(recipe("knn"), parts, Workspace(tmp_path))
    assert (outcome.probabilities.argmax(axis=1) == labels[1::2]).all()
    assert outcome.notes["seconds"] >= 0
