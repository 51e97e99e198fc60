"""What voice and words contribute: each alone, and both together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from callmood.arrays import Floats, Ints
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model.scorer import Encoded, Heads, Scorer, linear, softmax
from callmood.training.fit import heads as fitting
from callmood.training.measure.metrics import compute_metrics
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    Cell,
    Grid,
    Spread,
    StudyInput,
    StudyResult,
    corpora_of,
    encode_clips,
    speaker_folds,
)
from callmood.training.systems.embedded_heads import EncodedCorpus
from callmood.training.systems.embedded_recipe import Recipe

SIDES = ("audio", "text", "both, weighted", "both, as on calls")


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=2)
    parts: int = Field(ge=2)
    """Of a fold's training speakers; each in turn is unseen by the heads whose weights it gives."""
    text_c: float = Field(gt=0)
    """Inverse strength of the penalty on the words' head."""
    iterations: int = Field(gt=0)


class Sides(NamedTuple):
    """Logits [n, labels] of voice and words, and the voice's head."""

    audio: Floats
    text: Floats
    head: fitting.Head


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Raises CallmoodError for clips without a text."""
    corpus, recipe = encode_clips(given, numbers.copies), given.recipe.with_copies(numbers.copies)
    model = shipped()
    texts = text_vectors(given, model)
    rows: list[tuple[Cell, ...]] = []
    trusts: list[str] = []
    for tested in corpora_of(given.clips):
        given.report(tested)
        scores: dict[str, list[float]] = {side: [] for side in SIDES}
        weights = []
        for _, train, test in speaker_folds(given.clips, tested, [tested]):
            sides = unseen_sides(corpus, texts, train, test, recipe, numbers)
            weight = text_weight(corpus, texts, train, recipe, numbers)
            weights.append(weight)
            answers = (
                softmax(sides.audio),
                softmax(sides.text),
                softmax(sides.audio + np.float32(weight) * sides.text),
                as_on_calls(model, sides.head, corpus.tests["clean"][test], texts[test]),
            )
            for side, probabilities in zip(SIDES, answers, strict=True):
                scores[side].append(
                    compute_metrics(corpus.labels[test], probabilities[None], corpus.speakers[test]).ua
                )
        rows.append((tested, *(Spread(tuple(scores[side])) for side in SIDES)))
        trusts.append(f"{tested} {', '.join(f'{weight:.2f}' for weight in weights)}")
    notes = [
        "Mean and standard deviation over folds of unseen speakers, each corpus trained on itself; clean recordings, "
        f"no baseline; the voice on the first {numbers.copies} copies.",
        "Words: the sentence's vector by the embedded model's text encoder, with a head of the fold's own.",
        "Weighted: the sum of the logits; the weight of the words is the likeliest on training speakers held out from "
        f"the heads, and 0 where only one speaker trains: by fold, {'; '.join(trusts)}.",
        "As on calls: the fold's voice with the embedded model's own words' head, weights and class priors, "
        "which assume that most of a call is calm and that words mean something.",
        "The sentences are acted: every one is said in every mood, so that words carry no information.",
    ]
    if given.texts is not None:
        notes.append(where_words_carry(given, model))
    return StudyResult(
        "modality",
        "What do voice and words each contribute, and do words that carry nothing do harm?",
        (Grid("sides", "UA by what is used", ("corpus", *SIDES), tuple(rows)),),
        tuple(notes),
    )


def shipped() -> Scorer:
    """The embedded model."""
    from callmood.model import bundle

    return bundle.load("embedded", "cpu")


def text_vectors(given: StudyInput, model: Scorer) -> Floats:
    """[n, width] of the clips' texts by the model's encoder. Raises CallmoodError for a clip without a text."""
    without = next((clip for clip in given.clips if not clip.text), None)
    if without is not None:
        raise CallmoodError(f"The study modality needs the words of every clip; {without.path} has none.")
    sentences = sorted({clip.text for clip in given.clips if clip.text})
    vectors = model.encode([None] * len(sentences), sentences).text
    return vectors[[sentences.index(clip.text or "") for clip in given.clips]]


def as_on_calls(model: Scorer, head: fitting.Head, audio: Floats, texts: Floats) -> Floats:
    """Probabilities [n, labels] of ``model`` with another head of the voice, from voice and words."""
    fused = replace(model, heads=Heads(raw=head, text=model.heads.text))
    yes = np.ones(len(audio), dtype=bool)
    return fused.classify(Encoded(audio, texts, yes, yes))


def unseen_sides(
    corpus: EncodedCorpus,
    texts: Floats,
    train: Sequence[int],
    test: Sequence[int],
    recipe: Recipe,
    numbers: Numbers,
) -> Sides:
    """Of the ``test`` rows, by heads that are trained on the ``train`` rows."""
    known = corpus.take(train)
    labels = np.tile(known.labels, len(known.copies))
    head = fitting.fit(np.concatenate(known.copies), labels, len(LABELS), recipe.heads)
    words = text_head(texts[train], known.labels, recipe, numbers)
    return Sides(linear(head, corpus.tests["clean"][test]), linear(words, texts[test]), head)


def text_head(vectors: Floats, labels: Ints, recipe: Recipe, numbers: Numbers) -> fitting.Head:
    """Logistic regression on standardised vectors, for plain ones."""
    import torch

    centre, spread = vectors.mean(axis=0), vectors.std(axis=0) + np.float32(1e-5)
    settings = recipe.heads.model_copy(
        update={"logistic_c": numbers.text_c, "iterations": numbers.iterations}
    )
    inputs = torch.from_numpy((vectors - centre) / spread)
    truth = torch.from_numpy(labels)
    weights = fitting.balanced(truth, len(LABELS))[truth]
    weight, bias = fitting.logistic(inputs, truth, weights, len(LABELS), settings)
    plain = weight.numpy() / spread
    return plain, bias.numpy() - plain @ centre


def text_weight(
    corpus: EncodedCorpus, texts: Floats, train: Sequence[int], recipe: Recipe, numbers: Numbers
) -> float:
    """The weight of the words beside the voice, 0 or more: likeliest on training speakers held out in turn."""
    speakers = corpus.speakers[list(train)]
    names = sorted(set(speakers.tolist()))
    parts = min(numbers.parts, len(names))
    if parts < 2:
        return 0.0  # no speaker to learn it from
    part_of = {name: number % parts for number, name in enumerate(names)}
    of_row = np.array([part_of[name] for name in speakers.tolist()])
    rows = np.array(train)
    audio, text, labels = [], [], []
    for part in range(parts):
        held = rows[of_row == part]
        sides = unseen_sides(corpus, texts, rows[of_row != part].tolist(), held.tolist(), recipe, numbers)
        audio.append(sides.audio)
        text.append(sides.text)
        labels.append(corpus.labels[held])
    return likeliest_weight(np.concatenate(audio), np.concatenate(text), np.concatenate(labels))


def likeliest_weight(audio: Floats, text: Floats, labels: Ints) -> float:
    """w, 0 or more, of the likeliest ``labels`` [n] under softmax(a * audio + b * text), as b / a."""
    from scipy.optimize import minimize

    def loss(factors: npt.NDArray[np.float64]) -> float:
        probabilities = softmax(np.asarray(factors[0] * audio + factors[1] * text, dtype=np.float32))
        return -float(np.log(probabilities[np.arange(len(labels)), labels] + 1e-12).mean())

    best = minimize(loss, [1.0, 0.0], bounds=[(1e-3, 100.0), (0.0, 100.0)], method="Nelder-Mead").x
    return float(best[1] / best[0])


def where_words_carry(given: StudyInput, model: Scorer) -> str:
    """GoEmotions, where words are all there is."""
    from callmood.training.text.measure import evaluate_bundle

    assert given.texts is not None
    found = evaluate_bundle(model, "goemotions", given.texts)
    return (
        f"Where words carry the mood: macro F1 {100 * found['macro_f1']:.1f} on GoEmotions' test part "
        f"({found['texts']} texts), by the embedded model's text encoder."
    )
