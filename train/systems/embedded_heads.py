"""The embedded system's heads: linear, on a clip's vector alone and against the speaker's baseline.

Cross-validation over speakers comes first. It gives the metrics and, from clips that a fold's heads were not trained
on, how to read the logits of the bundle's own heads, which are fitted on all speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats, Ints, Mask
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model.scorer import BundleSettings, Encoded, Heads, Scorer, linear, softmax
from callmood.training.corpora.clip import Clip, corpus_of
from callmood.training.data.lines import Line
from callmood.training.data.vectors import augmented_vectors
from callmood.training.fit import heads as fitting
from callmood.training.measure.baselines import BaselineKind, draw_baseline, probabilities_of
from callmood.training.measure.calibration import lowest_threshold
from callmood.training.progress import Remark
from callmood.training.systems.decision import Decision, fit_decision
from callmood.training.systems.drawn_calls import FEWEST, SpeakerLogits, draw_calls
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

    @property
    def corpora(self) -> npt.NDArray[np.str_]:
        """[n]"""
        return np.array([corpus_of(speaker) for speaker in self.speakers])

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
    speakers: Sequence[SpeakerLogits]
    """Of the unseen clips, through each of the copies that calibrate."""


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
    weights = np.tile(clip_weights(corpus.take(np.nonzero(rows)[0])), len(corpus.copies))
    relative = [(part - drawn_means(corpus, part, recipe, rng))[rows] for part in corpus.copies]
    raw = [part[rows] for part in corpus.copies]
    return Heads(
        raw=fitting.fit(np.concatenate(raw), labels, len(LABELS), recipe.heads, weights),
        relative=fitting.fit(np.concatenate(relative), labels, len(LABELS), recipe.heads, weights),
    )


def without_unknown(heads: Heads, known: Ints) -> Heads:
    """``heads`` to which labels that are not ``known`` sound as neutral does, so that words alone tell them from it."""
    neutral = LABELS.index("neutral")
    rows = [label if label in known else neutral for label in range(len(LABELS))]
    assert heads.raw is not None and heads.relative is not None
    return replace(
        heads,
        raw=(heads.raw[0][rows], heads.raw[1][rows]),
        relative=(heads.relative[0][rows], heads.relative[1][rows]),
    )


def clip_weights(corpus: EncodedCorpus) -> Floats:
    """[n]: every label counts the same, in a label each corpus by the root of its speakers, in it every speaker.

    A corpus of many speakers says more of the next one than a corpus of few, but shares its room and its sentences.
    """
    found = np.zeros(len(corpus.labels), np.float32)
    corpora = corpus.corpora
    for label in np.unique(corpus.labels):
        of_label = corpus.labels == label
        shares = {
            name: np.sqrt(len(set(corpus.speakers[of_label & (corpora == name)])))
            for name in set(corpora[of_label].tolist())
        }
        for name, share in shares.items():
            rows = of_label & (corpora == name)
            _, speaker, counts = np.unique(corpus.speakers[rows], return_inverse=True, return_counts=True)
            found[rows] = share / sum(shares.values()) / len(counts) / counts[speaker]
    return found


def drawn_means(corpus: EncodedCorpus, vectors: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """[n, width]: for each clip the mean of ``vectors`` [n, width] over a baseline drawn for it.

    The only clip of a speaker is its own baseline.
    """
    size = (recipe.baseline.usual_clips, recipe.baseline.other_clips)
    rows = (draw_baseline(corpus.labels, corpus.speakers, i, rng, *size) for i in range(len(vectors)))
    return np.stack([vectors[drawn if len(drawn) else [i]].mean(axis=0) for i, drawn in enumerate(rows)])


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
        yield Fold(number, heads, unseen, list(_speaker_logits(heads, unseen, recipe, rows)))


def _speaker_logits(
    heads: Heads, corpus: EncodedCorpus, recipe: Recipe, rows: Mask
) -> Iterator[SpeakerLogits]:
    """Both heads' logits of ``rows`` in the copies that calibrate."""
    assert heads.raw is not None and heads.relative is not None
    for number in recipe.copies.calibration:
        vectors = corpus.copies[number]
        raw, relative = linear(heads.raw, vectors), np.asarray(vectors @ heads.relative[0].T, np.float32)
        for speaker in np.unique(corpus.speakers[rows]):
            own = rows & (corpus.speakers == speaker)
            yield SpeakerLogits(str(speaker), corpus.labels[own], raw[own], relative[own])


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the unseen clips of some folds say of heads: how to read their logits, and from when on to believe them."""

    decision: Decision
    threshold: float

    def heads(self, heads: Heads) -> Heads:
        """``heads`` with the decision's offsets in their biases."""
        assert heads.raw is not None and heads.relative is not None
        decision = self.decision
        raw, relative = heads.raw, heads.relative
        return replace(
            heads,
            raw=(raw[0], raw[1] + decision.raw_offsets / np.float32(decision.raw_scale)),
            relative=(relative[0], decision.relative_offsets / np.float32(decision.relative_scale)),
        )

    def settings(self, recipe: Recipe) -> BundleSettings:
        """The bundle's settings without words."""
        return BundleSettings(
            labels=LABELS,
            audio=recipe.audio.settings(),
            text=None,
            prior_count=recipe.baseline.prior_count,
            raw_share=self.decision.raw_share,
            one_mood=self.decision.one_mood,
            temperature_raw=1 / self.decision.raw_scale,
            temperature_relative=1 / self.decision.relative_scale,
            threshold=self.threshold,
        )


def calibrated(folds: Sequence[Fold], recipe: Recipe) -> Calibration:
    """From calls drawn of the unseen clips of ``folds``: copies of the training, never the line of the test.

    Raises CallmoodError where no speaker has enough clips for a call.
    """
    speakers = [one for fold in folds for one in fold.speakers]
    drawn = draw_calls(speakers, recipe.baseline.usual_clips, recipe.seed)
    if drawn is None:
        raise CallmoodError(f"No speaker has {FEWEST} clips, which calibration needs.")
    biases = [fold.heads.relative[1] for fold in folds if fold.heads.relative is not None]
    decision = fit_decision(drawn, np.mean(biases, axis=0))
    trust = recipe.baseline.trust
    raw = decision.raw(drawn.raw)
    logits = raw + trust * (decision.against_baseline(drawn.raw, drawn.differences) - raw)
    kept = drawn.kinds != "one mood"
    threshold = lowest_threshold(softmax(logits[kept]), drawn.labels[kept], recipe.decision.precision)
    return Calibration(decision, threshold)


def fold_scorers(
    folds: Sequence[Fold], recipe: Recipe, calibrating: Sequence[Fold] | None = None
) -> list[Scorer]:
    """Each fold's scorer, calibrated on other speakers than the fold's. They score vectors, not clips.

    ``calibrating``: the folds whose unseen clips calibrate; None: ``folds``.
    """
    found = []
    for fold in folds:
        tested = set(fold.unseen.speakers.tolist())
        others = [
            replace(other, speakers=[one for one in other.speakers if one.speaker not in tested])
            for other in calibrating or folds
            if other is not fold
        ]
        calibration = calibrated(others, recipe)
        found.append(Scorer("", calibration.settings(recipe), calibration.heads(fold.heads)))
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
