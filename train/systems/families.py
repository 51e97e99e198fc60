"""The systems by their family, and recipes read as theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callmood.errors import UsageError
from callmood.training import recipe as recipe_files
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Parts
from callmood.training.recipe import Family
from callmood.training.systems import classical, cnn1d, embedded, mobilenet, transformer
from callmood.training.systems.system import Outcome, System
from callmood.training.workspace import Workspace
from callmood.wording import did_you_mean

SYSTEMS: Final[dict[Family, System[Any]]] = {
    "embedded": embedded,
    "classical": classical,
    "cnn1d": cnn1d,
    "mobilenet": mobilenet,
    "transformer": transformer,
}


@dataclass(frozen=True, slots=True)
class NamedRecipe:
    """A recipe whose names and types have been checked, and the name that its results go by."""

    name: str
    recipe: CorpusRecipe

    def run(self, parts: Parts, workspace: Workspace) -> Outcome:
        """Train and test the recipe's system on ``parts``."""
        return SYSTEMS[self.recipe.family].run(self.recipe, parts, workspace)


def load(name_or_file: str, overrides: Sequence[str] = ()) -> NamedRecipe:
    """A recipe that comes with callmood, by its name, or one in a TOML file; see recipe.load.

    Raises UsageError for one that is missing, names no family or an unknown one, or has a wrong name or value.
    """
    table = recipe_files.load_system(name_or_file, overrides)
    family = table["family"]
    if family not in SYSTEMS:
        known = list(SYSTEMS)
        raise UsageError(
            f"The recipe's family is {family}{did_you_mean(str(family), known)}. "
            f"It can be {', '.join(known)}."
        )
    return NamedRecipe(Path(name_or_file).stem, recipe_files.read(SYSTEMS[family].Recipe, table))
