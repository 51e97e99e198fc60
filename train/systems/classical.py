"""The paper's classical systems: an estimator of scikit-learn, XGBoost or LightGBM on its 94 features."""

from __future__ import annotations

import importlib
import time
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from callmood.arrays import Floats, Ints
from callmood.errors import CallmoodError, UsageError
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Parts, true_labels
from callmood.training.data.features import FeatureTable, matrix
from callmood.training.recipe import Table
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace
from callmood.wording import did_you_mean

Kind = Literal[
    "knn",
    "mlp",
    "xgboost",
    "lightgbm",
    "logistic_regression",
    "random_forest",
    "naive_bayes",
    "decision_tree",
]

ESTIMATORS: Final[dict[Kind, tuple[str, str]]] = {
    "knn": ("sklearn.neighbors", "KNeighborsClassifier"),
    "mlp": ("sklearn.neural_network", "MLPClassifier"),
    "xgboost": ("xgboost", "XGBClassifier"),
    "lightgbm": ("lightgbm", "LGBMClassifier"),
    "logistic_regression": ("sklearn.linear_model", "LogisticRegression"),
    "random_forest": ("sklearn.ensemble", "RandomForestClassifier"),
    "naive_bayes": ("sklearn.naive_bayes", "GaussianNB"),
    "decision_tree": ("sklearn.tree", "DecisionTreeClassifier"),
}
"""Module and class of each kind."""
ALWAYS: Final[dict[Kind, dict[str, Any]]] = {
    "lightgbm": {"deterministic": True, "force_row_wise": True, "verbosity": -1}
}
"""Settings without which an estimator would not repeat itself, or would print."""


class ModelTable(Table):
    """The estimator."""

    kind: Kind
    settings: dict[str, Any] = Field(default_factory=dict)
    """The estimator's, by its own names; the others have its defaults."""

    @model_validator(mode="after")
    def _known(self) -> ModelTable:
        known = _make_estimator(self.kind, {}).get_params()
        for name in self.settings:
            if name not in known:
                raise UsageError(
                    f"The recipe's model.settings has {name}, which {self.kind} does not know"
                    f"{did_you_mean(name, list(known))}. Correct the name."
                )
        return self


class Recipe(CorpusRecipe):
    """See recipes/knn.toml and its like."""

    family: Literal["classical"]
    features: FeatureTable
    model: ModelTable


def run(recipe: Recipe, parts: Parts, workspace: Workspace) -> Outcome:
    """Fit the estimator on the training part's standardised features; the validation part is not used."""
    train = matrix(parts.train, recipe.features)
    test = matrix(parts.test, recipe.features)
    start = time.perf_counter()
    probabilities = probabilities_of(recipe, train, true_labels(parts.train), test, len(parts.labels))
    return Outcome(probabilities, notes={"seconds": round(time.perf_counter() - start, 2)})


def probabilities_of(recipe: Recipe, train: Floats, labels: Ints, test: Floats, classes: int) -> Floats:
    """[test, classes]: probabilities, 0 for a class that the training part lacks.

    ``train`` [n, width] with ``labels`` [n], ``test`` [test, width]. Raises CallmoodError for settings that the
    estimator refuses.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    present, targets = np.unique(labels, return_inverse=True)
    fitted = make_pipeline(StandardScaler(), estimator(recipe))
    try:
        fitted.fit(train, targets)
    except Exception as error:  # each library has its own for a setting that is out of range
        reason = str(error).strip().partition("\n")[0].rstrip(" .") or type(error).__name__
        raise CallmoodError(f"{recipe.model.kind} can't be fitted as the recipe has it: {reason}.") from error
    probabilities = np.zeros((len(test), classes), np.float32)
    probabilities[:, present] = fitted.predict_proba(test)
    return probabilities


def estimator(recipe: Recipe) -> Any:
    """The recipe's estimator, not fitted; its random state is the recipe's seed, unless the settings have another."""
    made = _make_estimator(recipe.model.kind, recipe.model.settings)
    draws = "random_state" in made.get_params() and "random_state" not in recipe.model.settings
    return made.set_params(random_state=recipe.seed) if draws else made


def _make_estimator(kind: Kind, settings: dict[str, Any]) -> Any:
    module, name = ESTIMATORS[kind]
    return getattr(importlib.import_module(module), name)(**ALWAYS.get(kind, {}) | settings)
