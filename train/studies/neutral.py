"""What dropping neutral speech does, as in the paper, and what a model that does not know it predicts for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import Field

from callmood.arrays import Mask
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.measure.baselines import BaselineKind
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    FoldScorer,
    Grid,
    Spread,
    StudyInput,
    StudyResult,
    all_folds,
    encode_clips,
    fold_scorers,
    metrics_by_fold,
    ua,
    wa,
)
from callmood.training.systems import embedded_heads

NEUTRAL, CALM = LABELS.index("neutral"), LABELS.index("calm")


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=2)


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Raises CallmoodError where there are no neutral clips."""
    corpus, recipe = encode_clips(given, numbers.copies), given.recipe.with_copies(numbers.copies)
    others = corpus.labels != NEUTRAL
    if others.all():
        raise CallmoodError("The study neutral needs neutral clips, and there are none.")
    folds = all_folds(given.clips)
    given.report("with neutral")
    with_neutral = fold_scorers(corpus, folds, recipe)
    given.report("without neutral")
    without_neutral = fold_scorers(corpus, folds, recipe, others, others)
    given.report("calm and neutral as one")
    merged = replace(corpus, labels=np.where(corpus.labels == CALM, NEUTRAL, corpus.labels))
    merging = fold_scorers(merged, folds, recipe)
    seed = recipe.seed

    def row(name: str, found: Sequence[FoldScorer], test_mask: Mask | None) -> tuple[Cell, ...]:
        cells: list[Cell] = [name]
        for kind in BASELINES:
            metrics = metrics_by_fold(found, "clean", kind, seed, test_mask)
            cells += [ua(metrics), wa(metrics)]
        return tuple(cells)

    rows = (
        row("with neutral", with_neutral, None),
        row("with neutral, on the others", with_neutral, others),
        row("without neutral", without_neutral, others),
        row("calm and neutral as one", merging, None),
    )
    columns = ("system", *(f"{metric}, baseline {kind}" for kind in BASELINES for metric in ("UA", "WA")))
    called = [predictions(without_neutral, kind, seed) for kind in BASELINES]
    return StudyResult(
        "neutral",
        "What does dropping neutral do, and what does a model that does not know it predict for neutral speech?",
        (
            Grid("figures", "UA and WA with and without neutral", columns, rows),
            Grid(
                "called",
                "Predictions for neutral clips by a model without neutral, percent",
                ("called", *(f"baseline {kind}" for kind in BASELINES)),
                tuple((name, *(column[name] for column in called)) for name in called[0]),
            ),
        ),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; clean recordings; trained on "
            f"the first {numbers.copies} copies.",
            "On the others: tested on the clips that are not neutral, like the system without it. Sure: the share "
            "whose best label is probable enough to be given.",
            "Baselines are drawn from all of a speaker's clips, including neutral ones, as on a call.",
        ),
    )


def predictions(found: Sequence[FoldScorer], baseline: BaselineKind, seed: int) -> dict[str, Spread]:
    """The percentage of neutral clips predicted as each other label; "sure": of those above the threshold."""
    percentages: dict[str, list[float]] = {name: [] for name in (*LABELS, "sure") if name != "neutral"}
    for fold in found:
        neutral = fold.unseen.labels == NEUTRAL
        if not neutral.any():
            continue
        probabilities = embedded_heads.vector_probabilities(
            fold.scorer, fold.unseen, "clean", baseline, seed
        )[:, neutral]
        rows = probabilities.reshape(-1, len(LABELS))
        rows[:, NEUTRAL] = 0
        for label in percentages:
            given = (
                [fold.scorer.is_sure(row, has_words=False) for row in rows]
                if label == "sure"
                else rows.argmax(axis=1) == LABELS.index(label)
            )
            percentages[label].append(100 * float(np.mean(given)))
    return {label: Spread(tuple(values)) for label, values in percentages.items()}
