"""The embedded system's heads: linear, on a clip's vector alone and against the speaker's baseline.

Cross-validation over speakers comes first. It gives the metrics and, from clips that a fold's heads were not trained
on, the temperatures, the threshold and the bias offsets of the bundle's own heads, which are fitted on all speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats, Ints, Mask
from callmood.labels import LABELS
from callmood.model.scorer import BundleSettings, Encoded, Heads, Scorer, linear, softmax
from callmood.training.corpora.clip import Clip
from callmood.training.data.lines import Line
from callmood.training.data.vectors import augmented_vectors
from callmood.training.fit import heads as fitting
from callmood.training.measure.baselines import BaselineKind, draw_baseline, probabilities_of
from callmood.training.measure.calibration import best_temperature, lowest_threshold
from callmood.training.progress import Remark
from callmood.training.systems.embedded_recipe import Recipe

Split = tuple[int, Sequence[int], Sequence[int]]
"""A fold's number, its training rows and its test rows."""


@dataclass(frozen=True, slots=True)
class EncodedCorpus:
    """Labelled clips as vectors [n, width]: of every augmented copy for training, of each line for tests."""

    labels: Ints
    """[n]"""
    speakers: npt.NDArray[np.str_]
    """[n]"""
    copies: Sequence[Floats]
    tests: Mapping[str, Floats]
    """By the name of the line."""

    def take(self, rows: Sequence[int] | Ints) -> EncodedCorpus:
        """Only the given clips."""
        return EncodedCorpus(
            self.labels[rows],
            self.speakers[rows],
            [vectors[rows] for vectors in self.copies],
            {line: vectors[rows] for line, vectors in self.tests.items()},
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold: its heads, and the clips of its test speakers."""

    number: int
    heads: Heads
    unseen: EncodedCorpus
    labels: Ints
    """[copies * n]: of the unseen clips in each of the copies that calibrate."""
    raw: Floats
    """[copies * n, labels]: the raw head's logits for them."""
    relative: Floats
    """[copies * n, labels]: the relative head's, each clip against a baseline drawn for it."""


def encode_corpus(
    clips: Sequence[Clip],
    recipe: Recipe,
    cache: Path,
    report: Remark,
    lines: Sequence[Line] = ("clean", "telephone"),
) -> EncodedCorpus:
    """The vectors of ``clips`` in the recipe's copies, and through ``lines`` for tests; ``cache`` has them afterwards.

    Raises CallmoodError for a clip that can't be read.
    """
    count = len(recipe.copies.steps)
    others = [line for line in lines if line != "clean"]
    steps = [*recipe.copies.steps, *((line,) for line in others)]
    vectors = augmented_vectors(clips, steps, recipe.audio.settings(), recipe.seed, cache, report)
    tests: dict[str, Floats] = {"clean": vectors[0]}
    tests.update(zip(others, vectors[count:], strict=True))
    labels = np.array([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
    return EncodedCorpus(labels, np.array([clip.speaker for clip in clips]), vectors[:count], tests)


def fit_heads(corpus: EncodedCorpus, recipe: Recipe, seed: int, train_mask: Mask | None = None) -> Heads:
    """The raw and the relative head, fitted on all copies of ``corpus``.

    ``train_mask`` [n]: the clips to fit on; the others are only drawn into baselines.
    """
    rng = np.random.default_rng(seed)
    rows = np.ones(len(corpus.labels), dtype=bool) if train_mask is None else train_mask
    labels = np.tile(corpus.labels[rows], len(corpus.copies))
    relative = [(part - drawn_means(corpus, part, recipe, rng))[rows] for part in corpus.copies]
    raw = [part[rows] for part in corpus.copies]
    return Heads(
        raw=fitting.fit(np.concatenate(raw), labels, len(LABELS), recipe.heads),
        relative=fitting.fit(np.concatenate(relative), labels, len(LABELS), recipe.heads),
    )


def drawn_means(corpus: EncodedCorpus, vectors: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """[n, width]: for each clip the mean of ``vectors`` [n, width] over a baseline drawn for it."""
    size = (recipe.baseline.usual_clips, recipe.baseline.other_clips)
    rows = (draw_baseline(corpus.labels, corpus.speakers, i, rng, *size) for i in range(len(vectors)))
    return np.stack([vectors[drawn].mean(axis=0) for drawn in rows])


def cross_validate(
    corpus: EncodedCorpus,
    folds: Iterable[Split],
    recipe: Recipe,
    train_mask: Mask | None = None,
    test_mask: Mask | None = None,
) -> Iterator[Fold]:
    """Heads that know nothing of a fold's test speakers, for each of ``folds``.

    ``train_mask`` [n]: the clips that training may use; ``test_mask`` [n]: those of the test speakers that calibrate.
    """
    for number, train, test in folds:
        seed = recipe.seed + number
        heads = fit_heads(corpus.take(train), recipe, seed, None if train_mask is None else train_mask[train])
        unseen = corpus.take(test)
        rows = np.ones(len(unseen.labels), dtype=bool) if test_mask is None else test_mask[test]
        yield Fold(number, heads, unseen, *_calibration_logits(heads, unseen, recipe, seed, rows))


def _calibration_logits(
    heads: Heads, corpus: EncodedCorpus, recipe: Recipe, seed: int, rows: Mask
) -> tuple[Ints, Floats, Floats]:
    """Labels and both heads' logits of ``rows`` in the copies that calibrate."""
    rng = np.random.default_rng(seed)
    raw, relative = [], []
    assert heads.raw is not None and heads.relative is not None
    for number in recipe.copies.calibration:
        vectors = corpus.copies[number]
        raw.append(linear(heads.raw, vectors)[rows])
        relative.append(linear(heads.relative, vectors - drawn_means(corpus, vectors, recipe, rng))[rows])
    labels = np.tile(corpus.labels[rows], len(recipe.copies.calibration))
    return labels, np.concatenate(raw), np.concatenate(relative)


def with_bias_offsets(heads: Heads, folds: Sequence[Fold], recipe: Recipe) -> Heads:
    """``heads`` whose relative part finds every label as well as the others on new speakers.

    Fitted heads call too much of a new speaker calm or neutral: a clip differs less clearly from that speaker's
    baseline than from those of the training speakers. The unseen clips of ``folds`` show by how much.
    """
    assert heads.relative is not None
    weight, bias = heads.relative
    return replace(heads, relative=(weight, bias + bias_offsets(folds, recipe)))


def bias_offsets(folds: Sequence[Fold], recipe: Recipe) -> Floats:
    """[labels]: what to add to the relative head's logits; fitted on the unseen clips of ``folds``."""
    labels, raw, relative = _unseen(folds)
    trust = recipe.baseline.trust
    if not trust:
        return np.zeros(len(LABELS), np.float32)
    own = (1 - trust) * raw / best_temperature(lambda t: raw / t, labels)
    return fitting.bias_offsets(own, trust * relative, labels) / np.float32(trust)


def _unseen(folds: Sequence[Fold]) -> tuple[Ints, Floats, Floats]:
    """Labels and both heads' logits of the unseen clips of all ``folds``."""
    return (
        np.concatenate([fold.labels for fold in folds]),
        np.concatenate([fold.raw for fold in folds]),
        np.concatenate([fold.relative for fold in folds]),
    )


def calibrated(folds: Sequence[Fold], recipe: Recipe) -> BundleSettings:
    """The bundle's settings, with temperatures and threshold from the unseen clips of ``folds``.

    They are for heads ``with_bias_offsets``. Only copies of the training are used, never the line of the test.
    """
    labels, raw, relative = _unseen(folds)
    trust = recipe.baseline.trust
    relative = relative + bias_offsets(folds, recipe)
    raw_temperature = best_temperature(lambda t: raw / t, labels)
    own = (1 - trust) * raw / raw_temperature
    relative_temperature = best_temperature(lambda t: own + trust * relative / t, labels)
    probabilities = softmax(own + trust * relative / relative_temperature)
    return BundleSettings(
        labels=LABELS,
        audio=recipe.audio.settings(),
        text=None,
        prior_count=recipe.baseline.prior_count,
        temperature_raw=raw_temperature,
        temperature_relative=relative_temperature,
        threshold=lowest_threshold(probabilities, labels, recipe.decision.precision),
    )


def fold_scorers(folds: Sequence[Fold], recipe: Recipe) -> list[Scorer]:
    """Each fold's scorer, calibrated on the unseen clips of the other folds. They score vectors, not clips."""
    found = []
    for fold in folds:
        others = [other for other in folds if other is not fold]
        heads = with_bias_offsets(fold.heads, others, recipe)
        found.append(Scorer("", calibrated(others, recipe), heads, (), None, None))
    return found


def vector_probabilities(
    scorer: Scorer, corpus: EncodedCorpus, line: str, baseline: BaselineKind, seed: int
) -> Floats:
    """Probabilities [draws, n, labels] of clips that are vectors already; without a baseline there is one draw."""
    scorer, encoded = narrowed(scorer, corpus.tests[line])
    return probabilities_of(scorer, encoded, corpus.labels, corpus.speakers, baseline, seed)


def narrowed(scorer: Scorer, vectors: Floats) -> tuple[Scorer, Encoded]:
    """A scorer of the logits that ``scorer``'s heads give ``vectors`` [n, width], and these: same answers, far sooner.

    The heads are linear: their logits of a baseline are the mean of those of its clips.
    """
    raw, relative = scorer.heads.raw, scorer.heads.relative
    assert raw is not None and relative is not None
    n, labels = len(vectors), len(raw[1])
    logits = np.concatenate([vectors @ raw[0].T, vectors @ relative[0].T], axis=1)
    both = np.eye(2 * labels, dtype=np.float32)
    heads = Heads(raw=(both[:labels], raw[1]), relative=(both[labels:], relative[1]))
    yes = np.ones(n, dtype=bool)
    return replace(scorer, heads=heads), Encoded(logits, np.zeros((n, 0), np.float32), yes, ~yes)
