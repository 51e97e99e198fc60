"""What noise and codecs cost, with and without training on lines and rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.training.corpora.clip import Clip
from callmood.training.data.conditions import NOISES, is_condition
from callmood.training.data.lines import LINES
from callmood.training.data.vectors import Transform, vectors
from callmood.training.recipe import Table
from callmood.training.studies.common import (
    BASELINES,
    Cell,
    FoldScorer,
    Grid,
    Spread,
    StudyInput,
    StudyResult,
    all_folds,
    encode_clips,
    fold_scorers,
    metrics_by_fold,
    ua,
)


class Numbers(Table):
    """The table of this study in recipes/studies.toml."""

    copies: int = Field(ge=1)
    folds: tuple[int, ...] = Field(min_length=2)
    conditions: tuple[str, ...]
    babble_clips: int = Field(ge=1)

    @field_validator("conditions")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in LINES and not is_condition(name):
                raise ValueError(f"{name} is not a condition; write such as white 10")
        return names


def study(given: StudyInput, numbers: Numbers) -> StudyResult:
    """Raises CallmoodError for folds of one speaker, where there is babble."""
    corpus = encode_clips(given, numbers.copies)
    folds = [fold for fold in all_folds(given.clips) if fold[0] in numbers.folds]
    systems: dict[str, list[FoldScorer]] = {}
    for name, copies in {"clean alone": 1, "all copies": numbers.copies}.items():
        given.report(f"trained on {name}")
        known = replace(corpus, copies=corpus.copies[:copies])
        systems[name] = fold_scorers(known, folds, given.recipe.with_copies(copies))
    scores: dict[str, list[Spread]] = {}
    for condition in ("clean", *numbers.conditions):
        given.report(condition)
        tests = [corpus.tests["clean"][test] for _, _, test in folds]
        if condition != "clean":
            tests = [encode_through(given, test, condition, numbers.babble_clips) for _, _, test in folds]
        scores[condition] = []
        for found in systems.values():
            through = [
                scorer._replace(unseen=replace(scorer.unseen, tests={condition: test}))
                for scorer, test in zip(found, tests, strict=True)
            ]
            scores[condition] += [
                ua(metrics_by_fold(through, condition, kind, given.recipe.seed)) for kind in BASELINES
            ]
    tested = [given.clips[row] for _, _, test in folds for row in test]
    return StudyResult(
        "noise",
        "What do noise and codecs cost, and how much of it does training on lines and rooms recover?",
        grids(scores, [f"{name}, baseline {kind}" for name in systems for kind in BASELINES]),
        (
            f"Folds {', '.join(map(str, numbers.folds))} alone: {len(tested)} clips of "
            f"{len({clip.speaker for clip in tested})} unseen speakers; mean and standard deviation over them.",
            "Noise: dB of speech over noise in power, the clip's silent ends cut before. Codecs: bits a second, 8 kHz.",
            "Babble: six clips at once of the other speakers of the fold, who are in no training.",
            "The baseline comes through the same noise and line as the clip.",
            "The copies have coloured noise at 12 to 40 dB, babble made of the speaker's own clips at 5 to 25 dB, "
            "and lines with nine codecs, including AMR, Opus and G.726. The telephone line of the test is never drawn.",
        ),
    )


def grids(scores: Mapping[str, Sequence[Spread]], columns: Sequence[str]) -> tuple[Grid, ...]:
    """A table of each noise, by its decibels, and one of the lines; ``scores``: each condition's row."""
    noises: dict[str, list[tuple[Cell, ...]]] = {}
    lines: list[tuple[Cell, ...]] = []
    for condition, row in scores.items():
        kind, _, level = condition.partition(" ")
        if kind in NOISES:
            noises.setdefault(kind, [("clean", *scores["clean"])]).append((f"{level} dB", *row))
        else:
            lines.append((condition, *row))
    found = [
        Grid(kind, f"UA in {kind} noise", ("speech over noise", *columns), tuple(rows), "curve")
        for kind, rows in noises.items()
    ]
    return (*found, Grid("lines", "UA by line", ("line", *columns), tuple(lines)))


def encode_through(given: StudyInput, rows: Sequence[int], condition: str, babble_clips: int) -> Floats:
    """[rows, width]: the vectors of the clips of ``rows``, which are a fold's test, through ``condition``."""
    clips = [given.clips[row] for row in rows]
    babble = condition.startswith("babble")
    around = {name: babblers(clips, name, babble_clips) for name in {clip.speaker for clip in clips}}
    pairs = [
        (clip, Transform((condition,), background=around[clip.speaker] if babble else ())) for clip in clips
    ]
    return vectors(pairs, given.recipe.audio.settings(), given.cache, given.report)


def babblers(clips: Sequence[Clip], speaker: str, count: int) -> tuple[Clip, ...]:
    """About ``count`` clips of the other speakers, evenly over them. Raises CallmoodError where there are none."""
    others = [clip for clip in clips if clip.speaker != speaker]
    if not others:
        raise CallmoodError("Babble needs two speakers in each fold.")
    return tuple(others[:: max(1, len(others) // count)])
