"""The studies by their names, and how one is run: on given corpora, with the embedded system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from callmood.errors import UsageError
from callmood.training import recipe as recipe_files
from callmood.training.corpora.registry import Corpora, read_clips
from callmood.training.data.audible import audible
from callmood.training.studies import baseline, corpora, intensity, modality, neutral, noise, split
from callmood.training.studies.common import Study, StudyInput, StudyResult, as_json, markdown, plot
from callmood.training.systems.embedded_recipe import Recipe
from callmood.training.workspace import Workspace
from callmood.wording import did_you_mean

STUDIES: Final[dict[str, Study[Any]]] = {
    "corpora": corpora,
    "modality": modality,
    "neutral": neutral,
    "intensity": intensity,
    "baseline": baseline,
    "noise": noise,
    "split": split,
}


def run(
    name: str, spoken: Corpora, texts: Path | None, workspace: Workspace, seed: int | None = None
) -> StudyResult:
    """Run the study ``name`` on the clips of ``spoken``, and write it to the workspace (see ``write``).

    ``texts``: a folder of GoEmotions, for the study modality; ``seed``: overrides the recipe's. Raises UsageError for
    an unknown study, CallmoodError for corpora that can't answer it.
    """
    if name not in STUDIES:
        known = list(STUDIES)
        raise UsageError(f"There is no study {name}{did_you_mean(name, known)}. Known: {', '.join(known)}.")
    table = recipe_files.load("embedded", [] if seed is None else [f"seed={seed}"])
    recipe = recipe_files.read(Recipe, table)
    chosen = STUDIES[name]
    numbers = recipe_files.read(chosen.Numbers, recipe_files.load("studies")[name])
    report, cache = workspace.report, workspace.cache
    clips = audible(read_clips(spoken, "calls", report), cache, report)
    result = chosen.study(StudyInput(clips, texts, recipe, cache, report), numbers)
    write(result, workspace.out)
    return result


def write(result: StudyResult, out: Path) -> None:
    """NAME.md, NAME.json and a plot of each table, in the folder ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{result.name}.md").write_text(markdown(result), encoding="utf-8")
    (out / f"{result.name}.json").write_text(json.dumps(as_json(result), indent=2) + "\n", encoding="utf-8")
    plot(result, out)
