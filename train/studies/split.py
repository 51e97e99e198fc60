"""How much a random split flatters: the same clips and systems, with the test's speakers in the training or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from callmood.arrays import Floats
from callmood.labels import LABELS
from callmood.model.scorer import linear, softmax
from callmood.training.fit import heads as fitting
from callmood.training.fit.heads import Block, HeadSettings
from callmood.training.measure.metrics import compute_metrics
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    Cell,
    Grid,
    Spread,
    StudyInput,
    StudyResult,
    all_folds,
    corpora_of,
    encode_clips,
)
from callmood.training.systems.embedded_heads import EncodedCorpus, Split

System = Callable[[EncodedCorpus, EncodedCorpus], Floats]
"""Training clips and test clips in, probabilities [test, labels] out."""


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=2)
    draws: int = Field(ge=1)
    test_share: float = Field(gt=0, lt=1)
    neighbours: int = Field(ge=1)
    logistic_c: float = Field(gt=0)
    iterations: int = Field(gt=0)


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Every system under both kinds of split."""
    corpora = corpora_of(given.clips)
    recipe = given.recipe.with_copies(numbers.copies)
    corpus = encode_clips(given, numbers.copies)
    width = recipe.heads.blocks[0].width
    plain = HeadSettings(
        logistic_c=numbers.logistic_c,
        iterations=numbers.iterations,
        discriminant_ridge=1.0,
        discriminant_share=0.0,
        blocks=(Block(width=width, share=1.0),),
    )
    systems: dict[str, tuple[EncodedCorpus, System]] = {
        "embedded": (corpus, lambda train, test: head_probabilities(train, test, recipe.heads)),
        "logistic regression": (
            bare(corpus, width),
            lambda train, test: head_probabilities(train, test, plain),
        ),
        "nearest neighbours": (
            bare(corpus, width),
            lambda train, test: neighbour_probabilities(train, test, numbers.neighbours),
        ),
    }
    of_corpus = np.array([clip.corpus for clip in given.clips])
    groups = [f"{clip.corpus}/{clip.label}" for clip in given.clips]
    splits = {
        "random": random_splits(groups, numbers.test_share, numbers.draws, recipe.seed),
        "speaker-independent": all_folds(given.clips),
    }
    rows: list[tuple[Cell, ...]] = []
    for name, (encoded, system) in systems.items():
        given.report(name)
        scores = {kind: uas(system, encoded, of_corpus, folds) for kind, folds in splits.items()}
        rows.append((name, *(scores[kind][tested] for tested in corpora for kind in splits)))
    columns = ("system", *(f"{tested}, {kind}" for tested in corpora for kind in splits))
    return StudyResult(
        "split",
        "How much does the paper's random split flatter?",
        (Grid("splits", "UA by split", columns, tuple(rows)),),
        (
            f"Random: {numbers.draws} draws of {1 - numbers.test_share:.0%} to train and {numbers.test_share:.0%} to "
            "test, label by label and corpus by corpus. Speaker-independent: "
            f"{len(splits['speaker-independent'])} folds, the other corpora in training. Mean and standard deviation.",
            "Clean recordings, no baseline; the embedded system is trained on its first "
            f"{numbers.copies} copies, the two plain ones only on the recording as it is, with the first encoder.",
            "A corpus of two speakers loses half of its own clips when one is held out, and a fifth at random.",
        ),
    )


def random_splits(groups: Sequence[str], test_share: float, draws: int, seed: int) -> list[Split]:
    """``draws`` splits of rows; each tests ``test_share`` of every group."""
    names = np.array(groups)
    splits: list[Split] = []
    for draw in range(draws):
        rng = np.random.default_rng([seed, draw])
        test: list[int] = []
        for name in sorted(set(groups)):
            rows = rng.permutation(np.nonzero(names == name)[0])
            test += rows[: round(test_share * len(rows))].tolist()
        held = set(test)
        splits.append((draw, [row for row in range(len(groups)) if row not in held], sorted(held)))
    return splits


def bare(corpus: EncodedCorpus, width: int) -> EncodedCorpus:
    """The first ``width`` values of the recordings as they are."""
    clean = corpus.tests["clean"][:, :width]
    return EncodedCorpus(corpus.labels, corpus.speakers, [clean], {"clean": clean})


def uas(
    system: System, corpus: EncodedCorpus, of_corpus: npt.NDArray[np.str_], splits: Sequence[Split]
) -> dict[str, Spread]:
    """UA on the test clips of each corpus, of the splits that test it. ``of_corpus`` [n]: names."""
    found: dict[str, list[float]] = {}
    for _, train, test in splits:
        probabilities = system(corpus.take(train), corpus.take(test))
        for name in sorted(set(of_corpus[test].tolist())):
            rows = np.array(test)[of_corpus[test] == name]
            answers = probabilities[of_corpus[test] == name]
            score = compute_metrics(corpus.labels[rows], answers[None], corpus.speakers[rows]).ua
            found.setdefault(name, []).append(score)
    return {name: Spread(tuple(scores)) for name, scores in found.items()}


def head_probabilities(train: EncodedCorpus, test: EncodedCorpus, settings: HeadSettings) -> Floats:
    """[test, labels] by linear heads, not calibrated, which does not change the best label."""
    labels = np.tile(train.labels, len(train.copies))
    head = fitting.fit(np.concatenate(train.copies), labels, len(LABELS), settings)
    return softmax(linear(head, test.tests["clean"]))


def neighbour_probabilities(train: EncodedCorpus, test: EncodedCorpus, neighbours: int) -> Floats:
    """[test, labels] by the nearest training clips, standardised, nearer ones counting more."""
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fitted = make_pipeline(StandardScaler(), KNeighborsClassifier(neighbours, weights="distance"))
    fitted.fit(train.copies[0], train.labels)
    probabilities = np.zeros((len(test.labels), len(LABELS)), np.float32)
    probabilities[:, fitted.classes_] = fitted.predict_proba(test.tests["clean"])
    return probabilities
