"""Emotion shown normally and strongly: taught on one, tested on the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from callmood.errors import CallmoodError
from callmood.training.measure.evaluate import BaselineKind
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    Given,
    Grid,
    StudyResult,
    all_folds,
    fewer,
    hear,
    judges,
    scored,
    ua,
)

INTENSITIES = ("normal", "strong")


class Numbers(Table):
    renditions: int = Field(ge=2)


def study(given: Given, numbers: Numbers) -> StudyResult:
    corpora = {clip.corpus for clip in given.clips if clip.intensity == "strong"}
    clips = [clip for clip in given.clips if clip.corpus in corpora]
    if not clips:
        raise CallmoodError(
            "The study intensity needs a corpus that tells strong from normal, such as RAVDESS."
        )
    given = replace(given, clips=clips)
    corpus, recipe = hear(given, numbers.renditions), fewer(given.recipe, numbers.renditions)
    neutral = np.array([clip.label == "neutral" for clip in clips])
    shown = {name: np.array([clip.intensity == name for clip in clips]) & ~neutral for name in INTENSITIES}
    folds = all_folds(clips)
    rows: dict[BaselineKind, list[tuple[Cell, ...]]] = {kind: [] for kind in BASELINES}
    trainings = {**shown, "both": ~neutral, "strong and neutral": shown["strong"] | neutral}
    for taught, mask in trainings.items():
        given.report(f"taught on {taught}")
        found = judges(corpus, folds, recipe, mask, ~neutral)
        for kind in BASELINES:
            cells = [ua(scored(found, "clean", kind, recipe.seed, shown[name])) for name in INTENSITIES]
            rows[kind].append((taught, *cells))
    columns = ("taught on", *(f"tested on {name}" for name in INTENSITIES))
    return StudyResult(
        "intensity",
        "Does a model of strong emotion hear normal emotion, and the other way round?",
        tuple(
            Grid(kind, f"UA by the intensity taught, baseline {kind}", columns, tuple(rows[kind]))
            for kind in BASELINES
        ),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; clean recordings; taught on "
            f"the first {numbers.renditions} renditions.",
            "Neutral has no strong form: it is in no test, and in the last training alone.",
            "Taught on both is taught on twice as many clips.",
        ),
    )
