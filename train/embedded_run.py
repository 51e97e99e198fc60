"""A training run: a recipe and corpora in, a bundle and its figures out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from callmood.errors import CallmoodError
from callmood.model import bundle
from callmood.model.scorer import Scorer
from callmood.training import recipe as recipe_files
from callmood.training.cache import cache_folder
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.registry import read_clips
from callmood.training.data.prepare import audible
from callmood.training.data.split import unseen_folds
from callmood.training.measure import card as cards
from callmood.training.measure import plots
from callmood.training.measure.evaluate import BaselineKind, Line
from callmood.training.measure.metrics import Figures, figures, genders_of
from callmood.training.systems import embedded
from callmood.wording import counted

Report = Callable[[str], None]

LINES: tuple[Line, ...] = ("clean", "telephone")
TOWER_FILES: Final = ("text.safetensors", "head.safetensors", "tower.json")
"""What systems/text.py writes."""
BASELINES: tuple[BaselineKind, ...] = ("none", "call")


def train_embedded(
    table: Mapping[str, Any],
    corpora: Sequence[tuple[str, Path]],
    out: Path,
    tower: Path | None = None,
    report: Report = print,
) -> tuple[dict[str, Any], dict[str, Figures]]:
    """Cross-validate, calibrate, fit on all speakers, write the bundle to ``out``.

    Returns the summaries over folds, and the figures of all folds' unseen clips at once, both by the name of the test.
    ``tower``: the folder of a tuned text tower (systems/text.py), to be fused in.
    """
    began = time.monotonic()
    recipe = recipe_files.read(embedded.Recipe, table)
    if recipe.labels != "calls":
        raise CallmoodError(
            f"A bundle of the recipe embedded knows the labels of calls, not of {recipe.labels}."
        )
    for name in TOWER_FILES:
        if tower is not None and not (tower / name).is_file():
            raise CallmoodError(f"{tower} is no tuned text tower: it has no {name}; make one with --text.")
    clips = audible(read_clips(corpora, "calls"), cache_folder(), report)
    report(f"{counted(len(clips), 'clip')} of {counted(len({clip.speaker for clip in clips}), 'speaker')}")
    splits = list(unseen_folds(clips, recipe.seed))
    corpus = embedded.hear(clips, recipe, cache_folder(), report)
    heard_s = time.monotonic() - began
    folds = []
    for fold in embedded.cross_validate(corpus, splits, recipe):
        report(f"fold {fold.number}: {counted(len(fold.unseen.labels), 'unseen clip')}")
        folds.append(fold)
    results = all_figures(clips, corpus, folds, recipe)
    settings = embedded.calibrated(folds, recipe)
    heads = embedded.evened(embedded.fit_heads(corpus, recipe, recipe.seed), folds, recipe)
    tensors = {}
    if tower is not None:
        from safetensors.torch import load_file

        tensors = load_file(tower / "text.safetensors")
        settings, heads = embedded.with_words(settings, heads, tower, recipe.fusion)
    tests = pooled_figures(clips, folds, recipe)
    bundle.save(out, settings, heads, {}, tensors)
    cards.describe(out, settings, clips, table, tests, results, name="embedded")
    plots.confusion(next(iter(tests.values())).confusion, settings.labels, out)
    (out / "figures.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    whole_s = time.monotonic() - began
    report(
        f"{whole_s / 60:.1f} min, of which {100 * heard_s / whole_s:.0f} % for reading and hearing the clips"
    )
    return results, tests


def tuned_tower(corpus: str, folder: Path, out: Path, report: Report) -> Path:
    """Tune the words' side by the recipe ``text`` and write the tower to ``out``, which is returned."""
    from callmood.bundled_weights import MINILM
    from callmood.training.corpora.goemotions import read_comments
    from callmood.training.corpora.phrases import read_phrases
    from callmood.training.text import tower

    if corpus != "goemotions":
        raise CallmoodError(f"There is no corpus of texts {corpus}; known is goemotions.")
    table = recipe_files.load("text")
    settings = tower.TextSettings.from_mapping(table["text"])
    parts = [list(read_comments(folder, part)) for part in ("train", "dev")]
    phrases = read_phrases(recipe_files.RECIPES / "call_phrases.toml")
    trained = tower.train_text(settings, parts[0], parts[1], phrases, MINILM.path().parent, report)
    tower.save_text(trained, out, {"dev": tower.evaluate_text(trained, parts[1])})
    return out


def all_figures(
    clips: Sequence[Clip], corpus: embedded.Corpus, folds: Sequence[embedded.Fold], recipe: embedded.Recipe
) -> dict[str, Any]:
    """Mean and standard deviation over folds of UA, WA and ECE, of the system and of its floors, in percent."""
    systems = {
        "callmood": list(zip(embedded.scorers(folds, recipe), (fold.unseen for fold in folds), strict=True)),
        "floor, taught on clean": embedded.floor_scorers(clips, corpus, recipe, ["clean"]),
        "floor, taught on clean and telephone": embedded.floor_scorers(clips, corpus, recipe, LINES),
    }
    return {
        f"{line}, baseline {baseline}": {
            name: summary(pairs, line, baseline, recipe.seed) for name, pairs in systems.items()
        }
        for line in LINES
        for baseline in BASELINES
    }


def pooled_figures(
    clips: Sequence[Clip], folds: Sequence[embedded.Fold], recipe: embedded.Recipe
) -> dict[str, Figures]:
    """Figures of the unseen clips of all folds at once, by the name of the test."""
    scorers = embedded.scorers(folds, recipe)
    speakers = np.concatenate([fold.unseen.speakers for fold in folds])
    clip_of = {clip.speaker: clip for clip in clips}
    facts = [clip_of[speaker] for speaker in speakers]
    found = {}
    for line in LINES:
        for baseline in BASELINES:
            probabilities = [
                embedded.vector_probabilities(scorer, fold.unseen, line, baseline, recipe.seed)
                for scorer, fold in zip(scorers, folds, strict=True)
            ]
            found[f"{line}, baseline {baseline}"] = figures(
                np.concatenate([fold.unseen.labels for fold in folds]),
                np.concatenate(probabilities, axis=1),
                speakers,
                corpora=[fact.corpus for fact in facts],
                genders=genders_of(facts),
            )
    return found


def summary(
    pairs: Sequence[tuple[Scorer, embedded.Corpus]], line: Line, baseline: BaselineKind, seed: int
) -> dict[str, Any]:
    """UA, WA and ECE of each fold's scorer on its unseen clips: mean and standard deviation over folds.

    The calibration error of few clips is too high by nature, so it is also taken over all folds' clips at once.
    """
    probabilities = [
        embedded.vector_probabilities(scorer, unseen, line, baseline, seed) for scorer, unseen in pairs
    ]
    corpora = [unseen for _, unseen in pairs]
    folds = [
        figures(unseen.labels, found, unseen.speakers)
        for unseen, found in zip(corpora, probabilities, strict=True)
    ]
    result: dict[str, Any] = {}
    for name in ("ua", "wa", "ece"):
        values = [float(getattr(fold, name)) for fold in folds]
        result[name] = round(float(np.mean(values)), 2)
        result[f"{name}_std"] = round(float(np.std(values)), 2)
    whole = figures(
        np.concatenate([unseen.labels for unseen in corpora]),
        np.concatenate(probabilities, axis=1),
        np.concatenate([unseen.speakers for unseen in corpora]),
    )
    result["ece_pooled"] = round(whole.ece, 2)
    result["ua_folds"] = [round(fold.ua, 1) for fold in folds]
    return result
