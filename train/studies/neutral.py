"""What dropping neutral speech does, as the paper does, and what a model that does not know it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import Field

from callmood.arrays import Mask
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.measure.evaluate import BaselineKind
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    Given,
    Grid,
    Judge,
    Spread,
    StudyResult,
    all_folds,
    fewer,
    hear,
    judges,
    scored,
    ua,
    wa,
)
from callmood.training.systems import embedded

NEUTRAL, CALM = LABELS.index("neutral"), LABELS.index("calm")


class Numbers(Table):
    renditions: int = Field(ge=2)


def study(given: Given, numbers: Numbers) -> StudyResult:
    corpus, recipe = hear(given, numbers.renditions), fewer(given.recipe, numbers.renditions)
    others = corpus.labels != NEUTRAL
    if others.all():
        raise CallmoodError("The study neutral needs neutral clips, and there are none.")
    folds = all_folds(given.clips)
    given.report("with neutral")
    knows = judges(corpus, folds, recipe)
    given.report("without neutral")
    ignorant = judges(corpus, folds, recipe, others, others)
    given.report("calm and neutral as one")
    merged = replace(corpus, labels=np.where(corpus.labels == CALM, NEUTRAL, corpus.labels))
    merging = judges(merged, folds, recipe)
    seed = recipe.seed

    def row(name: str, found: Sequence[Judge], asked: Mask | None) -> tuple[Cell, ...]:
        cells: list[Cell] = [name]
        for kind in BASELINES:
            figures = scored(found, "clean", kind, seed, asked)
            cells += [ua(figures), wa(figures)]
        return tuple(cells)

    rows = (
        row("with neutral", knows, None),
        row("with neutral, on the others", knows, others),
        row("without neutral", ignorant, others),
        row("calm and neutral as one", merging, None),
    )
    columns = ("system", *(f"{figure}, baseline {kind}" for kind in BASELINES for figure in ("UA", "WA")))
    called = [answers(ignorant, kind, seed) for kind in BASELINES]
    return StudyResult(
        "neutral",
        "What does dropping neutral do, and what is neutral speech called by a model that does not know it?",
        (
            Grid("figures", "UA and WA with and without neutral", columns, rows),
            Grid(
                "called",
                "What neutral clips are called without neutral, percent",
                ("called", *(f"baseline {kind}" for kind in BASELINES)),
                tuple((name, *(shares[name] for shares in called)) for name in called[0]),
            ),
        ),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; clean recordings; taught on "
            f"the first {numbers.renditions} renditions.",
            "On the others: tested on the clips that are not neutral, as the system without it is. Sure: the share "
            "whose best label is probable enough to be called by its name.",
            "Baselines are drawn from all of a speaker's clips, neutral ones among them, as a call has them.",
        ),
    )


def answers(found: Sequence[Judge], baseline: BaselineKind, seed: int) -> dict[str, Spread]:
    """The share of neutral clips that each other label is given to; "sure": the share above the threshold."""
    shares: dict[str, list[float]] = {name: [] for name in (*LABELS, "sure") if name != "neutral"}
    for judge in found:
        neutral = judge.unseen.labels == NEUTRAL
        if not neutral.any():
            continue
        probabilities = embedded.vector_probabilities(judge.scorer, judge.unseen, "clean", baseline, seed)[
            :, neutral
        ]
        rows = probabilities.reshape(-1, len(LABELS))
        rows[:, NEUTRAL] = 0
        for label in shares:
            given = (
                [judge.scorer.is_sure(row, has_words=False) for row in rows]
                if label == "sure"
                else rows.argmax(axis=1) == LABELS.index(label)
            )
            shares[label].append(100 * float(np.mean(given)))
    return {label: Spread(tuple(values)) for label, values in shares.items()}
