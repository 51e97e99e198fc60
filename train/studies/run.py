"""`callmood train --study NAME`: the open questions, answered on the corpora at hand with the embedded system."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError
from callmood.training import recipe as recipe_files
from callmood.training.corpora.registry import read_clips
from callmood.training.data.prepare import audible
from callmood.training.recipe import nearest
from callmood.training.studies.common import Given, StudyResult, as_json, draw, markdown
from callmood.training.systems import embedded

STUDIES: Final = ("corpora", "modality", "neutral", "intensity", "baseline", "noise", "split")
"""Each a module of callmood.training.studies."""
TEXTS: Final = "goemotions"


def run(
    name: str,
    corpora: Sequence[tuple[str, Path]],
    out: Path,
    cache: Path,
    seed: int | None,
    report: Callable[[str], None],
) -> StudyResult:
    """Run the study ``name``; its tables and pictures are written to ``out``: NAME.md, NAME.json, NAME.png.

    ``corpora``: clips, and goemotions for the study modality; ``seed``: instead of the recipe's. Raises CallmoodError
    for an unknown study and for corpora that can't answer it.
    """
    if name not in STUDIES:
        raise CallmoodError(
            f"There is no study {name}{nearest(name, STUDIES)}; known are {', '.join(STUDIES)}."
        )
    table = recipe_files.load("embedded")
    recipe = recipe_files.read(embedded.Recipe, table if seed is None else {**table, "seed": seed})
    module = importlib.import_module(f"callmood.training.studies.{name}")
    numbers = recipe_files.read(module.Numbers, recipe_files.load("studies")[name])
    spoken = [(corpus, folder) for corpus, folder in corpora if corpus != TEXTS]
    clips = audible(read_clips(spoken, "calls"), cache, report)
    texts = next((folder for corpus, folder in corpora if corpus == TEXTS), None)
    result: StudyResult = module.study(Given(clips, texts, recipe, cache, report), numbers)
    write(result, out)
    return result


def write(result: StudyResult, out: Path) -> None:
    """NAME.md, NAME.json and a picture of each table, in the folder ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{result.name}.md").write_text(markdown(result), encoding="utf-8")
    (out / f"{result.name}.json").write_text(json.dumps(as_json(result), indent=2) + "\n", encoding="utf-8")
    draw(result, out)
