"""Emotion shown normally and strongly: trained on one, tested on the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from callmood.errors import CallmoodError
from callmood.training.measure.baselines import BaselineKind
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    Grid,
    StudyInput,
    StudyResult,
    all_folds,
    encode_clips,
    fold_scorers,
    metrics_by_fold,
    ua,
)

INTENSITIES = ("normal", "strong")


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=2)


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Raises CallmoodError where no corpus distinguishes intensities."""
    corpora = {clip.corpus for clip in given.clips if clip.intensity == "strong"}
    clips = [clip for clip in given.clips if clip.corpus in corpora]
    if not clips:
        raise CallmoodError(
            "The study intensity needs a corpus that distinguishes strong from normal, such as RAVDESS."
        )
    given = replace(given, clips=clips)
    corpus, recipe = encode_clips(given, numbers.copies), given.recipe.with_copies(numbers.copies)
    neutral = np.array([clip.label == "neutral" for clip in clips])
    shown = {name: np.array([clip.intensity == name for clip in clips]) & ~neutral for name in INTENSITIES}
    folds = all_folds(clips)
    rows: dict[BaselineKind, list[tuple[Cell, ...]]] = {kind: [] for kind in BASELINES}
    trainings = {**shown, "both": ~neutral, "strong and neutral": shown["strong"] | neutral}
    for training, mask in trainings.items():
        given.report(f"trained on {training}")
        scorers = fold_scorers(corpus, folds, recipe, mask, ~neutral)
        for kind in BASELINES:
            cells = [
                ua(metrics_by_fold(scorers, "clean", kind, recipe.seed, shown[name])) for name in INTENSITIES
            ]
            rows[kind].append((training, *cells))
    columns = ("trained on", *(f"tested on {name}" for name in INTENSITIES))
    return StudyResult(
        "intensity",
        "Does a model of strong emotion recognise normal emotion, and the other way round?",
        tuple(
            Grid(kind, f"UA by the intensity of the training, baseline {kind}", columns, tuple(rows[kind]))
            for kind in BASELINES
        ),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; clean recordings; trained on "
            f"the first {numbers.copies} copies.",
            "Neutral has no strong form: it is in no test, and only in the last training.",
            "Training on both has twice as many clips.",
        ),
    )
