"""What a speaker's baseline is worth: from how many segments, of which mood, and where it misleads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from pydantic import Field

from callmood.arrays import Floats, Ints, Mask
from callmood.errors import CallmoodError
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.training.data.lines import Line
from callmood.training.measure.baselines import DRAWS
from callmood.training.measure.metrics import Metrics, compute_metrics
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    Cell,
    FoldScorer,
    Grid,
    StudyInput,
    StudyResult,
    all_folds,
    encode_clips,
    metrics_by_fold,
    recall,
    scorers_of,
    ua,
)
from callmood.training.systems import embedded_heads
from callmood.training.systems.embedded_heads import EncodedCorpus, Fold, Split
from callmood.training.systems.embedded_recipe import Recipe

Draw = Callable[[EncodedCorpus, int, np.random.Generator], Ints]
"""Rows of the baseline of a clip: other clips of its speaker."""

LINES: Final[tuple[Line, ...]] = ("clean", "telephone")


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=2)
    sizes: tuple[int, ...] = Field(min_length=1)
    usual_share: float = Field(ge=0, le=1)
    mood_size: int
    """Of the call-like baseline that a call of one mood is compared with."""
    shrinks: tuple[float, ...]
    """Prior counts."""
    shrink_sizes: tuple[int, ...]
    """Among ``sizes``."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The folds of the study after cross-validation."""

    corpus: EncodedCorpus
    recipe: Recipe
    folds: Sequence[Split]
    found: Sequence[Fold]
    scorers: Sequence[FoldScorer]

    def with_prior_count(self, count: float) -> list[FoldScorer]:
        """The scorers where a small baseline is trusted less, or more."""
        table = self.recipe.baseline.model_copy(update={"prior_count": count})
        return scorers_of(self.found, self.folds, self.recipe.model_copy(update={"baseline": table}))


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Raises CallmoodError where there are no angry clips."""
    corpus = encode_clips(given, numbers.copies, LINES)
    recipe = given.recipe.with_copies(numbers.copies)
    if not (corpus.labels == LABELS.index("angry")).any():
        raise CallmoodError("The study baseline needs angry clips, and there are none.")
    folds = all_folds(given.clips)
    given.report("heads")
    found = list(embedded_heads.cross_validate(corpus, folds, recipe))
    fitted = Fitted(corpus, recipe, folds, found, scorers_of(found, folds, recipe))
    sized: dict[int, Draw] = {
        size: partial(mix, size=size, usual_share=numbers.usual_share) for size in numbers.sizes
    }
    given.report("sizes")
    sizes = by_size(fitted, sized)
    given.report("calls of one mood")
    moods = by_mood(fitted, numbers)
    given.report("shrinking")
    return StudyResult(
        "baseline",
        "How much of a speaker must be known, and what does a baseline of one mood do?",
        (sizes, moods, by_prior_count(fitted, sized, numbers)),
        (
            f"Mean and standard deviation over {len(folds)} folds of unseen speakers; {DRAWS} draws of each baseline; "
            f"trained on the first {numbers.copies} copies.",
            f"Sizes: a mix as on a call, {numbers.usual_share:.0%} neutral or calm, as heads are trained; clips "
            "are drawn more than once where a speaker has too few. All: every other clip of the speaker once, most of "
            "them neither neutral nor calm.",
            "A baseline of n segments is trusted with n / (n + shrink); the rest is the score without one.",
            "Recall of calm: of the calm and neutral clips, those of the label calm.",
        ),
    )


def by_size(fitted: Fitted, sized: Mapping[int, Draw]) -> Grid:
    """UA without a baseline, with call-like ones of many sizes, with neutral clips, with all clips."""
    draws: dict[str, Draw] = {
        **{str(size): draw for size, draw in sized.items()},
        "neutral": partial(of_labels, names=("neutral",)),
        "all": partial(of_labels, names=LABELS),
    }
    scorers, seed = fitted.scorers, fitted.recipe.seed
    rows: list[tuple[Cell, ...]] = [
        ("none", *(ua(metrics_by_fold(scorers, line, "none", seed)) for line in LINES))
    ]
    for name, draw in draws.items():
        rows.append((name, *(ua(against(scorers, line, draw, seed)) for line in LINES)))
    return Grid("sizes", "UA by segments of the baseline", ("baseline", *LINES), tuple(rows), "curve")


def by_mood(fitted: Fitted, numbers: Numbers) -> Grid:
    """Recall of angry and of calm speakers who sound so throughout: their baseline is of that mood, too."""
    scorers, seed, labels = fitted.scorers, fitted.recipe.seed, fitted.corpus.labels
    mixed: Draw = partial(mix, size=numbers.mood_size, usual_share=numbers.usual_share)
    rows: list[tuple[Cell, ...]] = []
    for label, names in (("angry", ("angry",)), ("calm", EVEN_TEMPERED)):
        test_mask = np.isin(labels, [LABELS.index(name) for name in names])
        draws: dict[str, Draw | None] = {
            "no baseline": None,
            f"call-like, {numbers.mood_size}": mixed,
            f"{label} throughout": partial(of_labels, names=names),
        }
        for name, draw in draws.items():
            found = [
                metrics_by_fold(scorers, line, "none", seed, test_mask)
                if draw is None
                else against(scorers, line, draw, seed, test_mask)
                for line in LINES
            ]
            rows.append((f"{label}, {name}", *(recall(metrics, label) for metrics in found)))
    return Grid("moods", "Recall in calls of one mood", ("label", *LINES), tuple(rows))


def by_prior_count(fitted: Fitted, sized: Mapping[int, Draw], numbers: Numbers) -> Grid:
    """UA with baselines of some sizes, and recall of who is angry throughout, by how far a baseline is trusted."""
    seed, angry = fitted.recipe.seed, fitted.corpus.labels == LABELS.index("angry")
    rows: list[tuple[Cell, ...]] = []
    for count in numbers.shrinks:
        scorers = fitted.with_prior_count(count)
        cells = [ua(against(scorers, "clean", sized[size], seed)) for size in numbers.shrink_sizes]
        throughout = against(scorers, "clean", partial(of_labels, names=("angry",)), seed, angry)
        rows.append((f"{count:g}", *cells, recall(throughout, "angry")))
    sizes = (f"{size} segments" for size in numbers.shrink_sizes)
    columns = ("shrink", *sizes, "angry throughout, recall")
    return Grid("shrink", "UA, clean, by how much a small baseline is shrunk", columns, tuple(rows), "curve")


def mix(corpus: EncodedCorpus, clip: int, rng: np.random.Generator, size: int, usual_share: float) -> Ints:
    """``size`` other clips of the speaker, ``usual_share`` of them neutral or calm.

    Where there are too few of a kind, some are drawn more than once, so that the mix stays the same.
    """
    same = _other_clips(corpus, clip)
    even = np.isin(corpus.labels[same], [LABELS.index(label) for label in EVEN_TEMPERED])
    wanted = round(usual_share * size)
    drawn = [
        rng.choice(pool, count, replace=len(pool) < count)
        for pool, count in ((same[even], wanted), (same[~even], size - wanted))
        if len(pool)
    ]
    return np.asarray(np.concatenate(drawn), dtype=np.int64)


def of_labels(corpus: EncodedCorpus, clip: int, rng: np.random.Generator, names: Sequence[str]) -> Ints:
    """All other clips of the speaker whose label is one of ``names``."""
    same = _other_clips(corpus, clip)
    kept = np.isin(corpus.labels[same], [LABELS.index(name) for name in names])
    return np.asarray(same[kept], dtype=np.int64)


def _other_clips(corpus: EncodedCorpus, clip: int) -> Ints:
    (same,) = np.nonzero(corpus.speakers == corpus.speakers[clip])
    return np.asarray(same[same != clip], dtype=np.int64)


def against(
    scorers: Sequence[FoldScorer], line: str, draw: Draw, seed: int, test_mask: Mask | None = None
) -> list[Metrics]:
    """Each scorer's metrics on its unseen clips in ``test_mask`` [n], each against a baseline drawn for it."""
    found = []
    for fold in scorers:
        mask = np.ones(len(fold.rows), dtype=bool) if test_mask is None else test_mask[fold.rows]
        (rows,) = np.nonzero(mask)
        probabilities = np.stack(
            [_probabilities(fold, line, draw, [seed, number], rows) for number in range(DRAWS)]
        )
        found.append(compute_metrics(fold.unseen.labels[rows], probabilities, fold.unseen.speakers[rows]))
    return found


def _probabilities(fold: FoldScorer, line: str, draw: Draw, seed: Sequence[int], rows: Ints) -> Floats:
    """[rows, labels]"""
    rng = np.random.default_rng(seed)
    scorer, encoded = embedded_heads.narrowed(fold.scorer, fold.unseen.tests[line])
    probabilities = []
    for clip in rows:
        baseline = scorer.baseline(encoded.take(draw(fold.unseen, clip, rng)))
        probabilities.append(scorer.classify(encoded.take([clip]), baseline))
    return np.concatenate(probabilities)
