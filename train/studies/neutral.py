"""What dropping neutral speech does, as the paper does, and what a model that does not know it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import Field

from callmood.errors import CallmoodError
from callmood.model.labels import LABELS
from callmood.train.evaluate import BaselineKind
from callmood.train.recipe import Table
from callmood.train.studies.common import (
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
from callmood.train.systems import embedded

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

    def row(name: str, found: Sequence[Judge], asked: embedded.Mask | None) -> tuple[Cell, ...]:
        cells: list[Cell] = [name]
        for kind in BASELINES:
            figures = scored(found, "clean", kind, seed, asked)
            cells += [ua(figures), wa(figures)]
        return tuple(cells)

    rows = (
        row("with neutral, on all clips", knows, None),
        row("with neutral, on the clips that are not", knows, others),
        row("without neutral, on the clips that are not", ignorant, others),
        row("calm and neutral as one, on all clips", merging, None),
    )
    columns = ("system", *(f"{figure}, baseline {kind}" for kind in BASELINES for figure in ("UA", "WA")))
    names = tuple(label for label in LABELS if label != "neutral")
    said: tuple[tuple[Cell, ...], ...] = tuple(
        (f"baseline {kind}", *answers(ignorant, kind, seed, names)) for kind in BASELINES
    )
    return StudyResult(
        "neutral",
        "What does dropping neutral do, and what is neutral speech called by a model that does not know it?",
        (
            Grid("figures", "UA and WA with and without neutral", columns, rows),
            Grid(
                "called",
                "Neutral clips: the share given each label without neutral, and the share called by its name",
                ("", *names, "above the threshold"),
                said,
            ),
        ),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; clean recordings; taught on "
            f"the first {numbers.renditions} renditions.",
            "Baselines are drawn from all of a speaker's clips, neutral ones among them, as a call has them.",
        ),
    )


def answers(found: Sequence[Judge], baseline: BaselineKind, seed: int, names: Sequence[str]) -> list[Spread]:
    """The share of neutral clips that each of ``names`` is given to, and the share above the threshold."""
    shares = []
    for judge in found:
        neutral = judge.unseen.labels == NEUTRAL
        if not neutral.any():
            continue
        chances = embedded.vector_chances(judge.scorer, judge.unseen, "clean", baseline, seed)[:, neutral]
        best = chances.argmax(axis=2)
        sure = [judge.scorer.is_sure(one, has_words=False) for one in chances.reshape(-1, len(LABELS))]
        shares.append([*(np.mean(best == LABELS.index(name)) for name in names), np.mean(sure)])
    return [Spread(tuple(100 * float(value) for value in column)) for column in zip(*shares, strict=True)]
