"""What every system offers: a type of recipe, and a function that trains and tests by such a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from callmood.arrays import Floats
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Parts
from callmood.training.workspace import Workspace

AnyRecipe = TypeVar("AnyRecipe", bound=CorpusRecipe)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system says of the test part."""

    probabilities: Floats
    """[test, labels]"""
    history: Sequence[Mapping[str, float]] = ()
    """A row for each epoch or evaluation, for the learning curves: "epoch", "loss", "validation_ua" and the like."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Anything else of interest: seconds, share of time spent loading data, parameters."""


class System(Protocol[AnyRecipe]):
    """A module of this package."""

    @property
    def Recipe(self) -> type[AnyRecipe]:
        """Every number of a run."""
        ...

    def run(self, recipe: AnyRecipe, parts: Parts, workspace: Workspace) -> Outcome:
        """Train on ``parts.train``, look at ``parts.validation`` at most, and score ``parts.test``.

        Raises CallmoodError for what the recipe asks for and can't have.
        """
        ...
