"""The bundle that calls are scored with: the recipe embedded and corpora in, a bundle and its metrics out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats, Ints
from callmood.errors import CallmoodError
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.model import bundle
from callmood.model.encode import TextSettings
from callmood.model.scorer import BundleSettings, Heads, Scorer
from callmood.training.corpora.clip import Clip, corpus_of
from callmood.training.corpora.registry import Corpora, read_clips
from callmood.training.data.audible import audible
from callmood.training.data.lines import Line
from callmood.training.data.split import corpus_folds, unseen_folds
from callmood.training.fit.heads import Block, HeadSettings
from callmood.training.measure import card as cards
from callmood.training.measure import plots
from callmood.training.measure.baselines import BaselineKind
from callmood.training.measure.metrics import Metrics, compute_metrics, genders_of
from callmood.training.measure.run_record import finish_run
from callmood.training.progress import Remark
from callmood.training.systems import embedded_heads
from callmood.training.systems.embedded import at_most_alike
from callmood.training.systems.embedded_heads import EncodedCorpus, Fold
from callmood.training.systems.embedded_recipe import FusionTable, Recipe
from callmood.training.text.storage import StoredText, load_text
from callmood.training.workspace import Workspace
from callmood.wording import counted

LINES: Final[tuple[Line, ...]] = get_args(Line)
BASELINES: Final[tuple[BaselineKind, ...]] = get_args(BaselineKind)
REFERENCE: Final = HeadSettings(
    logistic_c=0.01, iterations=60, discriminant_ridge=1.0, discriminant_share=0.0, blocks=()
)
"""Plain logistic regression, which a recipe is measured against: the same whatever the recipe."""

FEWEST_CORPORA: Final = 3
"""With fewer, none is left out."""

Summaries = dict[str, dict[str, dict[str, Any]]]
"""By test and system: means and standard deviations over folds, in percent."""


@dataclass(frozen=True)
class EmbeddedMetrics:
    """How good a bundle is on speakers that its folds' heads were not trained on, by the name of the test."""

    summaries: Summaries
    tests: dict[str, Metrics]
    """Of the unseen clips of all folds at once."""


def train_embedded(
    recipe: Recipe, corpora: Corpora, workspace: Workspace, text_model: Path | None = None
) -> EmbeddedMetrics:
    """Cross-validate over speakers, calibrate, fit on all speakers, write the bundle to ``workspace.out``.

    ``text_model``: the folder of a tuned text encoder (text/storage.py), to be fused in. Raises CallmoodError for
    corpora that can't be read, for clips of a single speaker, and for a folder that holds no text encoder.
    """
    began, out, report = time.monotonic(), workspace.out, workspace.report
    if recipe.labels != "calls":
        raise CallmoodError(
            f"A bundle of the recipe embedded has the labels of calls, not those of {recipe.labels}."
        )
    text = None if text_model is None else load_text(text_model)
    clips = audible(read_clips(corpora, "calls", report), workspace.cache, report)
    clips = common_labels([clips[row] for row in at_most_alike(clips, recipe.most_alike)], recipe, report)
    report(f"{counted(len(clips), 'clip')} of {counted(len({clip.speaker for clip in clips}), 'speaker')}")
    splits = list(unseen_folds(clips, recipe.seed))
    corpus = embedded_heads.encode_corpus(clips, recipe, workspace.cache, report, LINES)
    encoding_s = time.monotonic() - began
    folds = []
    for fold in embedded_heads.cross_validate(corpus, splits, recipe):
        report(f"fold {fold.number}: {counted(len(fold.unseen.labels), 'unseen clip')}")
        folds.append(fold)
    strangers = list(left_out(clips, corpus, recipe, report))
    summaries = summarise(clips, corpus, folds, strangers, recipe)
    calibration = embedded_heads.calibrated([*folds, *strangers], recipe)
    settings = calibration.settings(recipe)
    heads = calibration.heads(embedded_heads.fit_heads(corpus, recipe, recipe.seed))
    heads = embedded_heads.without_unknown(heads, np.unique(corpus.labels))
    if text is not None:
        known = frozenset(clip.label for clip in clips)
        settings, heads = with_words(settings, heads, text, recipe.fusion, known)
    tests = pooled_metrics(clips, folds, strangers, recipe)
    bundle.save(out, settings, heads, {}, {} if text is None else text.encoder)
    numbers = recipe.model_dump(exclude_unset=True)
    texts = () if text is None else text.corpora
    cards.describe(out, settings, clips, numbers, tests, summaries, name="embedded", texts=texts)
    plots.confusion(next(iter(tests.values())).confusion, settings.labels, out)
    finish_run(out, summaries)
    whole_s = time.monotonic() - began
    report(f"{whole_s / 60:.1f} min, {100 * encoding_s / whole_s:.0f} % of it for reading and encoding clips")
    return EmbeddedMetrics(summaries, tests)


def common_labels(clips: Sequence[Clip], recipe: Recipe, report: Remark) -> list[Clip]:
    """``clips`` without those of labels that have fewer than the recipe asks for, which one remark names."""
    counts = Counter(clip.label for clip in clips)
    rare = {label: count for label, count in counts.items() if count < recipe.fewest_of_a_label}
    if rare:
        named = ", ".join(f"{label} ({count})" for label, count in sorted(rare.items()))
        report(f"left out, for want of clips: {named}")
    return [clip for clip in clips if clip.label not in rare]


def with_words(
    settings: BundleSettings, heads: Heads, text: StoredText, fusion: FusionTable, known: Collection[str]
) -> tuple[BundleSettings, Heads]:
    """The settings and heads of a bundle that uses words, too. Only the voice distinguishes calm and neutral.

    ``known``: the labels that the voice knows. Of the others it can't contradict a word.
    """
    fused = replace(
        settings,
        text=TextSettings(max_tokens=text.max_tokens),
        misleading_voice=fusion.misleading_voice,
        misleading_words=fusion.misleading_words,
        even_voice=fusion.even_voice,
        even_words=fusion.even_words,
        voice_weight=fusion.voice_weight,
        text_weight=fusion.text_weight,
        class_priors=_in_order(fusion.class_priors, known, fusion.words_alone),
        agent_priors=_in_order(fusion.agent_priors or {}, known, fusion.words_alone),
        threshold=fusion.threshold_without_words,
        threshold_with_words=fusion.threshold,
        ekman_thresholds=text.thresholds,
    )
    return fused, replace(heads, text=text.ratios, ekman=text.ekman)


def _in_order(priors: Mapping[str, float], known: Collection[str], words_alone: float) -> tuple[float, ...]:
    """In the order of the labels, those of moods that the voice doesn't know times ``words_alone``; with a sum of 1."""
    if not priors:
        return ()
    scaled = [
        priors[label] * (1.0 if label in known or label in EVEN_TEMPERED else words_alone) for label in LABELS
    ]
    return tuple(round(one / sum(scaled), 4) for one in scaled)


def left_out(clips: Sequence[Clip], corpus: EncodedCorpus, recipe: Recipe, report: Remark) -> Iterator[Fold]:
    """A fold for each corpus, whose heads know the others alone; none where there are fewer than FEWEST_CORPORA.

    A corpus without which there is one label left is not left out.

    Some calls are like the corpora and some like none, so these folds calibrate beside those of speakers.
    """
    splits = corpus_folds(clips)
    if len(splits) < FEWEST_CORPORA:
        return
    moody = [split for split in splits if len({clips[row].label for row in split[1]}) > 1]
    for fold in embedded_heads.cross_validate(corpus, moody, recipe):
        report(f"heads without {fold.unseen.corpora[0]}")
        yield fold


def summarise(
    clips: Sequence[Clip],
    corpus: EncodedCorpus,
    folds: Sequence[Fold],
    strangers: Sequence[Fold],
    recipe: Recipe,
) -> Summaries:
    """Mean and standard deviation over folds of UA, WA and ECE, in percent, and what they are held against.

    That is the system without each corpus, tested on it, where there are ``strangers``; else reference systems.
    """
    scorers = embedded_heads.fold_scorers(folds, recipe, [*folds, *strangers])
    systems = {  # the names are keys of figures.json, where those of older runs stand too
        "callmood": list(zip(scorers, (fold.unseen for fold in folds), strict=True))
    }
    for fold, scorer in zip(strangers, embedded_heads.fold_scorers(strangers, recipe), strict=True):
        if len(acted(fold.unseen).labels):
            name = fold.unseen.corpora[0]
            systems[f"{name}, left out of the training"] = [(scorer, fold.unseen)]
    if not strangers:
        systems["floor, taught on clean"] = reference_scorers(clips, corpus, recipe, ["clean"])
        systems["floor, taught on clean and telephone"] = reference_scorers(clips, corpus, recipe, LINES)
    return {
        f"{line}, baseline {baseline}": {
            name: summary(pairs, line, baseline, recipe.seed) for name, pairs in systems.items()
        }
        for line in LINES
        for baseline in BASELINES
    }


def reference_scorers(
    clips: Sequence[Clip], corpus: EncodedCorpus, recipe: Recipe, lines: Sequence[Line]
) -> list[tuple[Scorer, EncodedCorpus]]:
    """The reference system of each fold, and the fold's unseen clips: logistic regression on the first encoder's part.

    It is trained on the clips through ``lines``, including the telephone of the test, and on no other copies.
    """
    width = recipe.heads.blocks[0].width
    tests = {line: vectors[:, :width] for line, vectors in corpus.tests.items()}
    plain_corpus = EncodedCorpus(corpus.labels, corpus.speakers, [tests[line] for line in lines], tests)
    head = REFERENCE.model_copy(update={"blocks": (Block(width=width, share=1.0),)})
    plain = recipe.model_copy(update={"heads": head})
    settings = BundleSettings(LABELS, recipe.audio.settings(), None)
    found = []
    for _, train, test in unseen_folds(clips, recipe.seed):
        heads = embedded_heads.fit_heads(plain_corpus.take(train), plain, recipe.seed)
        found.append((Scorer("", settings, heads), plain_corpus.take(test)))
    return found


def pooled_metrics(
    clips: Sequence[Clip], folds: Sequence[Fold], strangers: Sequence[Fold], recipe: Recipe
) -> dict[str, Metrics]:
    """Metrics of the unseen clips of all folds at once, by the name of the test."""
    scorers = embedded_heads.fold_scorers(folds, recipe, [*folds, *strangers])
    tested = [acted(fold.unseen) for fold in folds]
    labels = np.concatenate([unseen.labels for unseen in tested])
    speakers = np.concatenate([unseen.speakers for unseen in tested])
    clip_of = {clip.speaker: clip for clip in clips}
    facts = [clip_of[speaker] for speaker in speakers]
    found = {}
    for line in LINES:
        for baseline in BASELINES:
            probabilities = [
                embedded_heads.vector_probabilities(scorer, unseen, line, baseline, recipe.seed)
                for scorer, unseen in zip(scorers, tested, strict=True)
            ]
            found[f"{line}, baseline {baseline}"] = compute_metrics(
                labels,
                with_known_labels(np.concatenate(probabilities, axis=1), labels, speakers),
                speakers,
                corpora=[fact.corpus for fact in facts],
                genders=genders_of(facts),
            )
    return found


def acted(corpus: EncodedCorpus) -> EncodedCorpus:
    """The clips of corpora that have more than one label: ordinary speech has no emotion to be found."""
    corpora = corpus.corpora
    several = [
        name for name in set(corpora.tolist()) if len(set(corpus.labels[corpora == name].tolist())) > 1
    ]
    return corpus.take(np.nonzero(np.isin(corpora, several))[0])


def with_known_labels(probabilities: Floats, labels: Ints, speakers: npt.NDArray[np.str_]) -> Floats:
    """``probabilities`` [draws, n, labels] where calm counts as neutral in clips of a corpus that has no calm."""
    found = probabilities.copy()
    corpora = np.array([corpus_of(speaker) for speaker in speakers])
    calm, neutral = LABELS.index("calm"), LABELS.index("neutral")
    for name in np.unique(corpora):
        rows = corpora == name
        if not (labels[rows] == calm).any():
            found[:, rows, neutral] += found[:, rows, calm]
            found[:, rows, calm] = 0
    return found


def summary(
    pairs: Sequence[tuple[Scorer, EncodedCorpus]], line: Line, baseline: BaselineKind, seed: int
) -> dict[str, Any]:
    """UA, WA and ECE of each fold's scorer on its unseen clips: mean and standard deviation over folds.

    The calibration error is overestimated on few clips, so it is also taken over all folds' clips at once.
    """
    corpora = [acted(unseen) for _, unseen in pairs]
    probabilities = [
        with_known_labels(
            embedded_heads.vector_probabilities(scorer, unseen, line, baseline, seed),
            unseen.labels,
            unseen.speakers,
        )
        for (scorer, _), unseen in zip(pairs, corpora, strict=True)
    ]
    folds = [
        compute_metrics(unseen.labels, found, unseen.speakers)
        for unseen, found in zip(corpora, probabilities, strict=True)
    ]
    result: dict[str, Any] = {}
    for name in ("ua", "wa", "ece"):
        values = [float(getattr(fold, name)) for fold in folds]
        result[name] = round(float(np.mean(values)), 2)
        result[f"{name}_std"] = round(float(np.std(values)), 2)
    together = compute_metrics(
        np.concatenate([unseen.labels for unseen in corpora]),
        np.concatenate(probabilities, axis=1),
        np.concatenate([unseen.speakers for unseen in corpora]),
    )
    result["ece_pooled"] = round(together.ece, 2)
    result["ua_folds"] = [round(fold.ua, 1) for fold in folds]
    return result
