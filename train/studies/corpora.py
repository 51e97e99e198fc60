"""What each corpus brings: taught alone, left out, or all together, and tested on each one's unseen speakers."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    Given,
    Grid,
    StudyResult,
    corpora_of,
    fewer,
    hear,
    judges,
    scored,
    speaker_folds,
    ua,
)


class Numbers(Table):
    renditions: int = Field(ge=2)


def study(given: Given, numbers: Numbers) -> StudyResult:
    corpora = corpora_of(given.clips)
    if len(corpora) < 2:
        raise CallmoodError("The study corpora compares corpora: name two or more.")
    shared = [
        label
        for label in LABELS
        if all(any(clip.corpus == name and clip.label == label for clip in given.clips) for name in corpora)
    ]
    corpus, recipe = hear(given, numbers.renditions), fewer(given.recipe, numbers.renditions)
    asked = np.array([clip.label in shared for clip in given.clips])
    rows: list[tuple[Cell, ...]] = []
    for called, among in trainings(corpora).items():
        given.report(f"taught on {called}")
        cells: list[Cell] = []
        for tested in corpora:
            folds = speaker_folds(given.clips, tested, among)
            found = judges(corpus, folds, recipe, asked, asked)
            cells += [ua(scored(found, "clean", kind, recipe.seed, asked)) for kind in BASELINES]
        rows.append((called, *cells))
    columns = [f"{name}, baseline {kind}" for name in corpora for kind in BASELINES]
    counts = ", ".join(f"{len(speaker_folds(given.clips, name, corpora))} of {name}" for name in corpora)
    return StudyResult(
        "corpora",
        "What does each corpus bring, to speakers of its own and to those of another?",
        (
            Grid(
                "taught",
                "UA by what was taught and tested",
                ("taught on", *columns),
                tuple(rows),
            ),
        ),
        (
            f"Mean and standard deviation over folds of unseen speakers: {counts}.",
            f"All cells are over the labels that every corpus has: {', '.join(shared)}.",
            f"Taught on the first {numbers.renditions} renditions; tested on the clean recording.",
        ),
    )


def trainings(corpora: list[str]) -> dict[str, list[str]]:
    """Each corpus alone, each left out where that is not another one alone, and all."""
    found = {f"{name} alone": [name] for name in corpora}
    if len(corpora) > 2:
        found |= {f"all but {name}": [other for other in corpora if other != name] for name in corpora}
    return found | {"all": corpora}
