"""What each corpus contributes: trained on alone, left out, or all together; tested on each one's unseen speakers."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    Grid,
    StudyInput,
    StudyResult,
    corpora_of,
    encode_clips,
    fold_scorers,
    metrics_by_fold,
    speaker_folds,
    ua,
)


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=2)


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Raises CallmoodError for a single corpus."""
    corpora = corpora_of(given.clips)
    if len(corpora) < 2:
        raise CallmoodError("The study corpora compares corpora. Give two or more.")
    shared = [
        label
        for label in LABELS
        if all(any(clip.corpus == name and clip.label == label for clip in given.clips) for name in corpora)
    ]
    corpus, recipe = encode_clips(given, numbers.copies), given.recipe.with_copies(numbers.copies)
    shared_mask = np.array([clip.label in shared for clip in given.clips])
    rows: list[tuple[Cell, ...]] = []
    for called, among in trainings(corpora).items():
        given.report(f"trained on {called}")
        cells: list[Cell] = []
        for tested in corpora:
            folds = speaker_folds(given.clips, tested, among)
            scorers = fold_scorers(corpus, folds, recipe, shared_mask, shared_mask)
            cells += [
                ua(metrics_by_fold(scorers, "clean", kind, recipe.seed, shared_mask)) for kind in BASELINES
            ]
        rows.append((called, *cells))
    columns = [f"{name}, baseline {kind}" for name in corpora for kind in BASELINES]
    counts = ", ".join(f"{len(speaker_folds(given.clips, name, corpora))} of {name}" for name in corpora)
    return StudyResult(
        "corpora",
        "What does each corpus contribute, to its own speakers and to those of another?",
        (
            Grid(
                "taught",
                "UA by training and test corpus",
                ("trained on", *columns),
                tuple(rows),
            ),
        ),
        (
            f"Mean and standard deviation over folds of unseen speakers: {counts}.",
            f"All cells are over the labels that every corpus has: {', '.join(shared)}.",
            f"Trained on the first {numbers.copies} copies; tested on the clean recording.",
        ),
    )


def trainings(corpora: list[str]) -> dict[str, list[str]]:
    """Each corpus alone, each left out where that is not another one alone, and all."""
    found = {f"{name} alone": [name] for name in corpora}
    if len(corpora) > 2:
        found |= {f"all but {name}": [other for other in corpora if other != name] for name in corpora}
    return found | {"all": corpora}
