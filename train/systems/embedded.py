"""The embedded system: an encoder as it comes, and linear heads on what it hears, alone and against the speaker.

Cross-validation over speakers comes first: it gives the figures and, from clips that a fold's heads have not seen,
the temperatures and the threshold. The bundle's own heads are then fitted on all speakers.

In the table of all systems (``run``) it is the head without a baseline: the others have none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from safetensors.numpy import load_file
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from callmood.arrays import Floats, Ints, Mask
from callmood.labels import LABELS
from callmood.model.encode import AudioSettings, TextSettings
from callmood.model.scorer import BundleSettings, Encoded, Heads, Scorer, linear, softmax
from callmood.training.cache import cache_folder
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LabelSet
from callmood.training.data import augment
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.split import unseen_folds
from callmood.training.data.vectors import rendition_vectors
from callmood.training.fit import heads as fitting
from callmood.training.fit.heads import Block, HeadSettings
from callmood.training.measure.evaluate import (
    DRAWS,
    BaselineKind,
    Line,
    against_drawn,
    draw_baseline,
)
from callmood.training.recipe import Table
from callmood.training.systems.system import Example, Outcome, Parts, Run, truth

Split = tuple[int, Sequence[int], Sequence[int]]
"""A fold's number, its training rows and its test rows."""

THRESHOLDS: Final = np.arange(0.2, 0.96, 0.01)
"""Where a decision's threshold may lie: under 0.2 it would hardly ever bind, over 0.95 next to nothing be sure."""
FLOOR: Final = HeadSettings(
    logistic_c=0.01, iterations=60, discriminant_ridge=1.0, discriminant_share=0.0, blocks=()
)
"""Plain logistic regression, for a recipe to be measured against: the same whatever the recipe says."""


class AudioTable(Table):
    encoders: tuple[str, ...]
    layers: Literal["all", "last"]
    pooling: Literal["mean", "mean-std"]

    def settings(self) -> AudioSettings:
        return AudioSettings(**self.model_dump())


class RenditionTable(Table):
    steps: tuple[tuple[str, ...], ...] = Field(min_length=1)
    calibration: tuple[int, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> RenditionTable:
        unknown = [name for steps in self.steps for name in steps if name not in augment.STEPS]
        if unknown:
            raise ValueError(f"there is no step {unknown[0]}, only {', '.join(augment.STEPS)}")
        if self.steps[0]:
            raise ValueError("the first rendition has to be the recording as it is, []")
        if not set(self.calibration) <= set(range(len(self.steps))):
            raise ValueError("calibration names a rendition that there is not")
        return self


class BaselineTable(Table):
    usual_clips: int = Field(ge=0)
    other_clips: int = Field(ge=0)
    shrink: float = Field(ge=0)


class DecisionTable(Table):
    precision: float = Field(gt=0, lt=1)


class FusionTable(Table):
    voice_weight: float = Field(ge=0)
    text_weight: float = Field(ge=0)
    shares: dict[str, float]
    threshold: float = Field(ge=0, lt=1)


class Recipe(CorpusRecipe):
    """Every number of a run; see recipes/embedded.toml."""

    family: Literal["embedded"]
    labels: LabelSet = "calls"
    most_alike: int = Field(gt=0)
    """Of a speaker's clips of one label at most so many are taught in ``run``."""
    audio: AudioTable
    renditions: RenditionTable
    heads: HeadSettings
    baseline: BaselineTable
    decision: DecisionTable
    fusion: FusionTable


@dataclass(frozen=True, slots=True)
class Corpus:
    """Labelled clips as vectors: every rendition [n, width] for training, and the lines of the test by name."""

    labels: Ints
    speakers: npt.NDArray[np.str_]
    renditions: Sequence[Floats]
    tests: Mapping[str, Floats]

    def take(self, rows: Sequence[int] | Ints) -> Corpus:
        """Only the given clips."""
        return Corpus(
            self.labels[rows],
            self.speakers[rows],
            [vectors[rows] for vectors in self.renditions],
            {line: vectors[rows] for line, vectors in self.tests.items()},
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold: its heads, and the test speakers' clips that they have not seen."""

    number: int
    heads: Heads
    unseen: Corpus
    labels: Ints
    """Of what calibration hears: the unseen clips in each of its renditions, [renditions * n]."""
    raw: Floats
    """Logits of the raw head for them: [renditions * n, labels]."""
    relative: Floats
    """The same of the relative head, each clip against a baseline drawn for it."""


def labels_of(clips: Sequence[Clip]) -> Ints:
    return np.array([LABELS.index(clip.label) for clip in clips], dtype=np.int64)


def hear(
    clips: Sequence[Clip],
    recipe: Recipe,
    cache: Path,
    report: Callable[[str], None],
    lines: Sequence[Line] = ("clean", "telephone"),
) -> Corpus:
    """The vectors of ``clips``, labelled as callmood does, to be tested through ``lines``.

    What ``cache`` lacks is computed.
    """
    taught = len(recipe.renditions.steps)
    others = [line for line in lines if line != "clean"]
    steps = [*recipe.renditions.steps, *((line,) for line in others)]
    vectors = rendition_vectors(clips, steps, recipe.audio.settings(), recipe.seed, cache, report)
    tests: dict[str, Floats] = {"clean": vectors[0]}
    tests.update(zip(others, vectors[taught:], strict=True))
    speakers = np.array([clip.speaker for clip in clips])
    return Corpus(labels_of(clips), speakers, vectors[:taught], tests)


def fit_heads(corpus: Corpus, recipe: Recipe, seed: int, taught: Mask | None = None) -> Heads:
    """The raw and the relative head, fitted on all renditions of ``corpus``.

    ``taught`` [n]: the clips to fit on; the others are heard in baselines alone.
    """
    rng = np.random.default_rng(seed)
    rows = np.ones(len(corpus.labels), dtype=bool) if taught is None else taught
    labels = np.tile(corpus.labels[rows], len(corpus.renditions))
    relative = [(part - drawn_means(corpus, part, recipe, rng))[rows] for part in corpus.renditions]
    raw = [part[rows] for part in corpus.renditions]
    return Heads(
        raw=fitting.fit(np.concatenate(raw), labels, len(LABELS), recipe.heads),
        relative=fitting.fit(np.concatenate(relative), labels, len(LABELS), recipe.heads),
    )


def drawn_means(corpus: Corpus, vectors: Floats, recipe: Recipe, rng: np.random.Generator) -> Floats:
    """[n, width]: for each clip the mean vector of a baseline drawn for it."""
    size = (recipe.baseline.usual_clips, recipe.baseline.other_clips)
    rows = (draw_baseline(corpus.labels, corpus.speakers, i, rng, *size) for i in range(len(vectors)))
    return np.stack([vectors[drawn].mean(axis=0) for drawn in rows])


def cross_validate(
    corpus: Corpus,
    folds: Iterable[Split],
    recipe: Recipe,
    taught: Mask | None = None,
    asked: Mask | None = None,
) -> Iterator[Fold]:
    """Heads that know nothing of a fold's test speakers, for each of ``folds``.

    ``taught`` [n]: the clips that training may use; ``asked`` [n]: those of the test speakers that calibration hears.
    """
    for number, train, test in folds:
        seed = recipe.seed + number
        heads = fit_heads(corpus.take(train), recipe, seed, None if taught is None else taught[train])
        unseen = corpus.take(test)
        rows = np.ones(len(unseen.labels), dtype=bool) if asked is None else asked[test]
        yield Fold(number, heads, unseen, *_logits(heads, unseen, recipe, seed, rows))


def _logits(
    heads: Heads, corpus: Corpus, recipe: Recipe, seed: int, rows: Mask
) -> tuple[Ints, Floats, Floats]:
    rng = np.random.default_rng(seed)
    raw, relative = [], []
    assert heads.raw is not None and heads.relative is not None
    for number in recipe.renditions.calibration:
        vectors = corpus.renditions[number]
        raw.append(linear(heads.raw, vectors)[rows])
        relative.append(linear(heads.relative, vectors - drawn_means(corpus, vectors, recipe, rng))[rows])
    labels = np.tile(corpus.labels[rows], len(recipe.renditions.calibration))
    return labels, np.concatenate(raw), np.concatenate(relative)


def evened(heads: Heads, folds: Sequence[Fold], recipe: Recipe) -> Heads:
    """``heads`` whose relative part finds every label as well as the others on speakers that it does not know.

    Fitted heads call too much of a new speaker calm or neutral: a clip differs less surely from that speaker's
    baseline than from those of the speakers they were taught on. The unseen clips of ``folds`` tell by how much.
    """
    assert heads.relative is not None
    weight, bias = heads.relative
    return replace(heads, relative=(weight, bias + offsets(folds, recipe)))


def offsets(folds: Sequence[Fold], recipe: Recipe) -> Floats:
    """[labels]: what to add to the relative head's logits; fitted on the unseen clips of ``folds``."""
    labels, raw, relative, trust = _unseen(folds, recipe)
    if not trust:
        return np.zeros(len(LABELS), np.float32)
    own = (1 - trust) * raw / best_divisor(lambda t: raw / t, labels)
    return fitting.offsets(own, trust * relative, labels) / np.float32(trust)


def _unseen(folds: Sequence[Fold], recipe: Recipe) -> tuple[Ints, Floats, Floats, float]:
    """Labels and both heads' logits of the unseen clips of ``folds``, and how far their baselines are trusted."""
    labels = np.concatenate([fold.labels for fold in folds])
    raw = np.concatenate([fold.raw for fold in folds])
    relative = np.concatenate([fold.relative for fold in folds])
    count = recipe.baseline.usual_clips + recipe.baseline.other_clips
    return labels, raw, relative, count / (count + recipe.baseline.shrink)


def calibrated(folds: Sequence[Fold], recipe: Recipe) -> BundleSettings:
    """The bundle's settings, temperatures and threshold from the unseen clips of ``folds``, for ``evened`` heads.

    Only training's renditions are looked at: never the line of the test.
    """
    labels, raw, relative, trust = _unseen(folds, recipe)
    relative = relative + offsets(folds, recipe)
    raw_temperature = best_divisor(lambda t: raw / t, labels)
    own = (1 - trust) * raw / raw_temperature
    relative_temperature = best_divisor(lambda t: own + trust * relative / t, labels)
    probabilities = softmax(own + trust * relative / relative_temperature)
    return BundleSettings(
        labels=LABELS,
        audio=recipe.audio.settings(),
        text=None,
        prior_count=recipe.baseline.shrink,
        temperature_raw=raw_temperature,
        temperature_relative=relative_temperature,
        threshold=lowest_threshold(probabilities, labels, recipe.decision.precision),
    )


def best_divisor(logits: Callable[[float], npt.NDArray[Any]], labels: Ints) -> float:
    """The temperature whose ``logits`` [n, labels] give the true labels the highest mean log-likelihood."""

    def loss(log_temperature: float) -> float:
        # in float64: the search goes by differences that float32 rounds off
        given = np.asarray(logits(float(np.exp(log_temperature))), dtype=np.float64)
        return -float(log_softmax(given, axis=1)[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 3.0), method="bounded").x))


def lowest_threshold(probabilities: npt.NDArray[Any], labels: Ints, precision: float) -> float:
    """The lowest probability above which ``precision`` of the best labels are right."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    for threshold in THRESHOLDS:
        sure = confidence >= threshold
        if sure.any() and right[sure].mean() >= precision:
            return round(float(threshold), 2)
    return round(float(THRESHOLDS[-1]), 2)


def scorers(folds: Sequence[Fold], recipe: Recipe) -> list[Scorer]:
    """Each fold's scorer, calibrated on the unseen clips of the other folds. They score vectors, not clips."""
    found = []
    for fold in folds:
        others = [other for other in folds if other is not fold]
        heads = evened(fold.heads, others, recipe)
        found.append(Scorer("", calibrated(others, recipe), heads, (), None, None))
    return found


def floor_scorers(
    clips: Sequence[Clip], corpus: Corpus, recipe: Recipe, taught: Sequence[Line]
) -> list[tuple[Scorer, Corpus]]:
    """The floor of each fold, and its unseen clips: plain logistic regression on the first encoder's part alone.

    It is taught on the clips through the ``taught`` lines, the telephone of the test included, and on no rendition.
    """
    width = recipe.heads.blocks[0].width
    tests: dict[str, Floats] = {line: vectors[:, :width] for line, vectors in corpus.tests.items()}
    bare = Corpus(corpus.labels, corpus.speakers, [tests[line] for line in taught], tests)
    heads = FLOOR.model_copy(update={"blocks": (Block(width=width, share=1.0),)})
    plain = recipe.model_copy(update={"heads": heads})
    settings = BundleSettings(LABELS, recipe.audio.settings(), None)
    return [
        (
            Scorer("", settings, fit_heads(bare.take(train), plain, recipe.seed), (), None, None),
            bare.take(test),
        )
        for _, train, test in unseen_folds(clips, recipe.seed)
    ]


def vector_probabilities(
    scorer: Scorer, corpus: Corpus, line: str, baseline: BaselineKind, seed: int
) -> Floats:
    """Probabilities [draws, n, labels] of clips that are vectors already."""
    scorer, encoded = narrowed(scorer, corpus.tests[line])
    if baseline == "none":
        return scorer.classify(encoded)[None]
    draws = (np.random.default_rng([seed, draw]) for draw in range(DRAWS))
    return np.stack([against_drawn(scorer, encoded, corpus.labels, corpus.speakers, rng) for rng in draws])


def run(recipe: Recipe, parts: Parts, run: Run) -> Outcome:
    """The head without a baseline, on the training part's own clips in the recipe's renditions.

    A system of whole recordings: clips are heard as a scan hears them, and augmented copies are left to the others.
    The validation part gives the temperature.
    """
    began = time.perf_counter()
    own = [example for example in parts.train if not example.augmented]
    train = [own[row] for row in fewer_alike([example.clip for example in own], recipe.most_alike)]
    validation = [example for example in parts.validation if not example.augmented]
    steps = recipe.renditions.steps
    known = _heard(train, steps, recipe, run)
    heard_s = time.perf_counter() - began
    labels = np.tile(truth(train), len(steps))
    head = fitting.fit(known, labels, len(parts.labels), recipe.heads)
    temperature = 1.0
    if validation:
        held_out = [steps[number] for number in recipe.renditions.calibration]
        logits = linear(head, _heard(validation, held_out, recipe, run))
        temperature = best_divisor(lambda t: logits / t, np.tile(truth(validation), len(held_out)))
    probabilities = softmax(linear(head, _heard(parts.test, [()], recipe, run)) / temperature)
    seconds = time.perf_counter() - began
    return Outcome(
        np.asarray(probabilities, dtype=np.float32),
        notes={
            "seconds": round(seconds, 1),
            "loading_share": round(heard_s / seconds, 2),
            "parameters": head[0].size + head[1].size,
        },
    )


def fewer_alike(clips: Sequence[Clip], most: int) -> list[int]:
    """Rows of ``clips``: of each speaker's clips of one label ``most`` evenly taken, or all where there are fewer."""
    alike: dict[tuple[str, str], list[int]] = {}
    for row, clip in enumerate(clips):
        alike.setdefault((clip.speaker, clip.label), []).append(row)
    kept = [
        rows[place * len(rows) // most]
        for rows in alike.values()
        if len(rows) > most
        for place in range(most)
    ]
    return sorted(kept + [row for rows in alike.values() if len(rows) <= most for row in rows])


def _heard(examples: Sequence[Example], steps: Sequence[tuple[str, ...]], recipe: Recipe, run: Run) -> Floats:
    """[steps * n, width]"""
    clips = [example.clip for example in examples]
    audio = recipe.audio.settings()
    return np.concatenate(rendition_vectors(clips, steps, audio, recipe.seed, cache_folder(), run.report))


def narrowed(scorer: Scorer, vectors: Floats) -> tuple[Scorer, Encoded]:
    """A scorer of what ``scorer``'s heads see of ``vectors`` [n, width], and just that: the same answers, much sooner.

    The heads are linear: what they see of a baseline is the mean of what they see of its clips.
    """
    raw, relative = scorer.heads.raw, scorer.heads.relative
    assert raw is not None and relative is not None
    n, labels = len(vectors), len(raw[1])
    seen = np.concatenate([vectors @ raw[0].T, vectors @ relative[0].T], axis=1)
    both = np.eye(2 * labels, dtype=np.float32)
    heads = Heads(raw=(both[:labels], raw[1]), relative=(both[labels:], relative[1]))
    yes = np.ones(n, dtype=bool)
    return replace(scorer, heads=heads), Encoded(seen, np.zeros((n, 0), np.float32), yes, ~yes)


def with_words(
    settings: BundleSettings, heads: Heads, tower: Path, fusion: FusionTable
) -> tuple[BundleSettings, Heads]:
    """The settings and heads of a bundle that reads words, too, from a tuned text tower (systems/text.py).

    Words do not tell calm from neutral; the voice does.
    """
    card = json.loads((tower / "tower.json").read_text(encoding="utf-8"))
    tensors = load_file(tower / "head.safetensors")
    ratios = (
        tensors["single.weight"],
        tensors["single.bias"] - np.asarray(card["single_log_prior"], np.float32),
    )
    read = replace(
        settings,
        text=TextSettings(max_tokens=card["max_tokens"]),
        voice_weight=fusion.voice_weight,
        text_weight=fusion.text_weight,
        class_priors=tuple(fusion.shares[label] for label in LABELS),
        threshold_with_words=fusion.threshold,
        ekman_thresholds=tuple(card["thresholds"]),
    )
    return read, replace(heads, text=ratios, ekman=(tensors["ekman.weight"], tensors["ekman.bias"]))
