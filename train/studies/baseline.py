"""What a speaker's baseline is worth: from how many segments, of which mood, and where it misleads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from pydantic import Field

from callmood.arrays import Floats, Ints, Mask
from callmood.errors import CallmoodError
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.training.measure.evaluate import DRAWS, Line
from callmood.training.measure.metrics import Figures, figures
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    Cell,
    Given,
    Grid,
    Judge,
    StudyResult,
    all_folds,
    fewer,
    hear,
    judged,
    recall,
    scored,
    ua,
)
from callmood.training.systems import embedded
from callmood.training.systems.embedded import Corpus

Draw = Callable[[Corpus, int, np.random.Generator], Ints]
"""Rows of the baseline of a clip: other clips of its speaker."""

LINES: Final[tuple[Line, ...]] = ("clean", "telephone")


class Numbers(Table):
    renditions: int = Field(ge=2)
    sizes: tuple[int, ...] = Field(min_length=1)
    usual_share: float = Field(ge=0, le=1)
    mood_size: int
    """Of the call-like baseline that stands beside a call of one mood."""
    shrinks: tuple[float, ...]
    shrink_sizes: tuple[int, ...]
    """Among ``sizes``."""


def study(given: Given, numbers: Numbers) -> StudyResult:
    corpus, recipe = hear(given, numbers.renditions, LINES), fewer(given.recipe, numbers.renditions)
    angry = corpus.labels == LABELS.index("angry")
    if not angry.any():
        raise CallmoodError("The study baseline needs angry clips, and there are none.")
    folds = all_folds(given.clips)
    given.report("heads")
    found = list(embedded.cross_validate(corpus, folds, recipe))
    judges = judged(found, folds, recipe)
    seed = recipe.seed
    sized = {size: partial(mix, size=size, usual_share=numbers.usual_share) for size in numbers.sizes}
    kinds: dict[str, Draw] = {
        **{str(size): draw for size, draw in sized.items()},
        "neutral": partial(of_labels, names=("neutral",)),
        "all": partial(of_labels, names=LABELS),
    }
    given.report("sizes")
    rows: list[tuple[Cell, ...]] = [("none", *(ua(scored(judges, line, "none", seed)) for line in LINES))]
    for name, draw in kinds.items():
        rows.append((name, *(ua(against(judges, line, draw, seed)) for line in LINES)))
    given.report("calls of one mood")
    usual = np.isin(corpus.labels, [LABELS.index(label) for label in EVEN_TEMPERED])
    moods = (
        ("angry", angry, "angry throughout", partial(of_labels, names=("angry",))),
        ("calm", usual, "calm throughout", partial(of_labels, names=EVEN_TEMPERED)),
    )
    mixed = partial(mix, size=numbers.mood_size, usual_share=numbers.usual_share)
    one_mood: list[tuple[Cell, ...]] = []
    for label, asked, called, draw in moods:
        for name, tried in (
            ("no baseline", None),
            (f"call-like, {numbers.mood_size}", mixed),
            (called, draw),
        ):
            cells = [
                recall(
                    scored(judges, line, "none", seed, asked)
                    if tried is None
                    else against(judges, line, tried, seed, asked),
                    label,
                )
                for line in LINES
            ]
            one_mood.append((f"{label}, {name}", *cells))
    given.report("shrinking")
    shrinking: list[tuple[Cell, ...]] = []
    for shrink in numbers.shrinks:
        table = recipe.baseline.model_copy(update={"shrink": shrink})
        tried_judges = judged(found, folds, recipe.model_copy(update={"baseline": table}))
        cells = [ua(against(tried_judges, "clean", sized[size], seed)) for size in numbers.shrink_sizes]
        throughout = against(tried_judges, "clean", moods[0][3], seed, angry)
        shrinking.append((f"{shrink:g}", *cells, recall(throughout, "angry")))
    return StudyResult(
        "baseline",
        "How much of a speaker must be known, and what does a baseline of one mood do?",
        (
            Grid("sizes", "UA by segments of the baseline", ("baseline", *LINES), tuple(rows), "curve"),
            Grid("moods", "Recall in calls of one mood", ("label", *LINES), tuple(one_mood)),
            Grid(
                "shrink",
                "UA, clean, by how much a small baseline is shrunk",
                (
                    "shrink",
                    *(f"{size} segments" for size in numbers.shrink_sizes),
                    "angry throughout, recall",
                ),
                tuple(shrinking),
                "curve",
            ),
        ),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; {DRAWS} draws of each baseline; "
            f"taught on the first {numbers.renditions} renditions.",
            f"Sizes: a mix as on a call, {numbers.usual_share:.0%} neutral or calm, as heads are taught; clips "
            "are drawn more than once where a speaker has too few. All: every other clip of the speaker once, most of "
            "them neither neutral nor calm.",
            "A baseline of n segments is trusted with n / (n + shrink); the rest is the score without one.",
            "Recall of calm: of the calm and neutral clips, those of the label calm.",
        ),
    )


def mix(corpus: Corpus, clip: int, rng: np.random.Generator, size: int, usual_share: float) -> Ints:
    """``size`` other clips of the speaker, ``usual_share`` of them neutral or calm; where there are too few of a kind,
    some are drawn more than once, so that the mix stays what it is."""
    same = _others(corpus, clip)
    usual = np.isin(corpus.labels[same], [LABELS.index(label) for label in EVEN_TEMPERED])
    wanted = round(usual_share * size)
    drawn = [
        rng.choice(pool, count, replace=len(pool) < count)
        for pool, count in ((same[usual], wanted), (same[~usual], size - wanted))
        if len(pool)
    ]
    return np.asarray(np.concatenate(drawn), dtype=np.int64)


def of_labels(corpus: Corpus, clip: int, rng: np.random.Generator, names: Sequence[str]) -> Ints:
    """All other clips of the speaker whose label is one of ``names``."""
    same = _others(corpus, clip)
    kept = np.isin(corpus.labels[same], [LABELS.index(name) for name in names])
    return np.asarray(same[kept], dtype=np.int64)


def _others(corpus: Corpus, clip: int) -> Ints:
    (same,) = np.nonzero(corpus.speakers == corpus.speakers[clip])
    return np.asarray(same[same != clip], dtype=np.int64)


def against(
    judges: Sequence[Judge], line: str, draw: Draw, seed: int, asked: Mask | None = None
) -> list[Figures]:
    """Each judge's figures on its unseen clips, or those ``asked`` [n], each against a baseline drawn for it."""
    found = []
    for judge in judges:
        mask = np.ones(len(judge.rows), dtype=bool) if asked is None else asked[judge.rows]
        (rows,) = np.nonzero(mask)
        probabilities = np.stack(
            [_probabilities(judge, line, draw, [seed, number], rows) for number in range(DRAWS)]
        )
        found.append(figures(judge.unseen.labels[rows], probabilities, judge.unseen.speakers[rows]))
    return found


def _probabilities(judge: Judge, line: str, draw: Draw, seed: Sequence[int], rows: Ints) -> Floats:
    """[rows, labels]"""
    rng = np.random.default_rng(seed)
    scorer, encoded = embedded.narrowed(judge.scorer, judge.unseen.tests[line])
    probabilities = []
    for clip in rows:
        baseline = scorer.baseline(encoded.take(draw(judge.unseen, clip, rng)))
        probabilities.append(scorer.classify(encoded.take([clip]), baseline))
    return np.concatenate(probabilities)
