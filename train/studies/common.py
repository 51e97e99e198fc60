"""What the studies share: folds of speakers, scores with their spread, tables and pictures of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np

from callmood.arrays import Ints, Mask
from callmood.errors import CallmoodError
from callmood.model.scorer import Scorer
from callmood.training.corpora.clip import Clip
from callmood.training.data.split import FOLDS
from callmood.training.measure.evaluate import BaselineKind, Line
from callmood.training.measure.metrics import Figures, figures
from callmood.training.systems import embedded
from callmood.training.systems.embedded import Corpus, Fold, Recipe, Split

Report = Callable[[str], None]

BASELINES: Final[tuple[BaselineKind, ...]] = ("none", "call")
MOST_FOLDS: Final = 5
"""Of a corpus that has none published: its speakers are dealt into as many, or into one each."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a study works on."""

    clips: Sequence[Clip]
    texts: Path | None
    """The folder of GoEmotions, where it was named."""
    recipe: Recipe
    cache: Path
    report: Report


@dataclass(frozen=True, slots=True)
class Spread:
    """A score of each fold or draw, in percent as a rule."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """Standard deviation over ``values``."""
        return float(np.std(self.values))

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.deviation:.1f}"


Cell = str | Spread


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a study: the first cell of a row is its name, the others stand under ``columns[1:]``."""

    name: str
    """A word for file names."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    picture: Literal["bars", "curve"] = "bars"


@dataclass(frozen=True, slots=True)
class StudyResult:
    name: str
    question: str
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]


def hear(given: Given, renditions: int, lines: Sequence[Line] = ("clean",)) -> Corpus:
    """The vectors of the study's clips in the recipe's first ``renditions``, to be tested through ``lines``."""
    recipe = fewer(given.recipe, renditions)
    return embedded.hear(given.clips, recipe, given.cache, given.report, lines)


def fewer(recipe: Recipe, renditions: int) -> Recipe:
    """``recipe`` with its first ``renditions`` alone, and calibration on those of its that are left."""
    table = recipe.renditions
    calibration = tuple(number for number in table.calibration if number < renditions)
    left = table.model_copy(update={"steps": table.steps[:renditions], "calibration": calibration})
    return recipe.model_copy(update={"renditions": left})


def corpora_of(clips: Sequence[Clip]) -> list[str]:
    return sorted({clip.corpus for clip in clips})


def held_out(clips: Sequence[Clip], corpus: str) -> dict[int, list[int]]:
    """Fold: the rows of its test speakers. EmoBox's folds where it has some, else the speakers dealt out in turn.

    Raises CallmoodError for a corpus of one speaker.
    """
    speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
    if len(speakers) < 2:
        raise CallmoodError(
            f"{corpus} has one speaker only, and a study needs two: one to train on, one to test."
        )
    known = {f"{corpus}-{name}": fold for fold, names in FOLDS.get(corpus, {}).items() for name in names}
    dealt = {name: number % MOST_FOLDS + 1 for number, name in enumerate(speakers)}
    fold_of = known if all(name in known for name in speakers) else dealt
    rows: dict[int, list[int]] = {}
    for row, clip in enumerate(clips):
        if clip.corpus == corpus:
            rows.setdefault(fold_of[clip.speaker], []).append(row)
    return dict(sorted(rows.items()))


def speaker_folds(clips: Sequence[Clip], corpus: str, among: Sequence[str]) -> list[Split]:
    """Folds that test the speakers of ``corpus`` and train on all others of the corpora ``among``."""
    folds: list[Split] = []
    for number, test in held_out(clips, corpus).items():
        speakers = {clips[row].speaker for row in test}
        train = [
            row for row, clip in enumerate(clips) if clip.corpus in among and clip.speaker not in speakers
        ]
        folds.append((number, train, test))
    return folds


def all_folds(clips: Sequence[Clip]) -> list[Split]:
    """The folds of every corpus one after the other; all other clips train."""
    corpora = corpora_of(clips)
    return [fold for corpus in corpora for fold in speaker_folds(clips, corpus, corpora)]


class Judge(NamedTuple):
    """A fold's scorer, and the clips that it has not seen."""

    scorer: Scorer
    unseen: Corpus
    rows: Ints
    """Of the study's clips, those of ``unseen``."""


def judges(
    corpus: Corpus,
    folds: Sequence[Split],
    recipe: Recipe,
    taught: Mask | None = None,
    asked: Mask | None = None,
) -> list[Judge]:
    """One for each fold, taught on its training clips and calibrated on the unseen clips of the other folds.

    ``taught`` [n], ``asked`` [n]: as embedded.cross_validate has them.
    """
    return judged(list(embedded.cross_validate(corpus, folds, recipe, taught, asked)), folds, recipe)


def judged(found: Sequence[Fold], folds: Sequence[Split], recipe: Recipe) -> list[Judge]:
    """The judges of cross-validated ``folds``; of ``recipe`` only what calibration needs is looked at."""
    if len(found) < 2:
        raise CallmoodError("A study needs two folds: one gives the temperatures of the other.")
    return [
        Judge(scorer, fold.unseen, np.array(test))
        for scorer, fold, (_, _, test) in zip(embedded.scorers(found, recipe), found, folds, strict=True)
    ]


def scored(
    judges: Sequence[Judge], line: str, baseline: BaselineKind, seed: int, asked: Mask | None = None
) -> list[Figures]:
    """Each judge's figures on its unseen clips, or those ``asked`` [n]; baselines are drawn from all of them."""
    found = []
    for judge in judges:
        unseen = judge.unseen
        rows = np.ones(len(judge.rows), dtype=bool) if asked is None else asked[judge.rows]
        probabilities = embedded.vector_probabilities(judge.scorer, unseen, line, baseline, seed)
        found.append(figures(unseen.labels[rows], probabilities[:, rows], unseen.speakers[rows]))
    return found


def ua(found: Sequence[Figures]) -> Spread:
    return Spread(tuple(one.ua for one in found))


def wa(found: Sequence[Figures]) -> Spread:
    return Spread(tuple(one.wa for one in found))


def recall(found: Sequence[Figures], label: str) -> Spread:
    """Of ``label``, in the folds where it occurs."""
    return Spread(tuple(one.per_class[label]["recall"] for one in found if label in one.per_class))


def markdown(result: StudyResult) -> str:
    """The study as Markdown: question, tables, notes."""
    lines = [f"## {result.name}", "", result.question, ""]
    for grid in result.grids:
        lines += [
            f"{grid.title}:",
            "",
            "| " + " | ".join(grid.columns) + " |",
            "|---" * len(grid.columns) + "|",
        ]
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in grid.rows]
        lines.append("")
    return "\n".join([*lines, *(f"- {note}" for note in result.notes), ""])


def as_json(result: StudyResult) -> dict[str, object]:
    """The study as one object; a spread is its mean, its standard deviation and its values."""

    def cell(value: Cell) -> object:
        if isinstance(value, str):
            return value
        return {
            "mean": round(value.mean, 2),
            "std": round(value.deviation, 2),
            "values": [round(one, 2) for one in value.values],
        }

    tables = [
        {
            "name": grid.name,
            "title": grid.title,
            "rows": [dict(zip(grid.columns, map(cell, row), strict=True)) for row in grid.rows],
        }
        for grid in result.grids
    ]
    return {"study": result.name, "question": result.question, "tables": tables, "notes": list(result.notes)}


def draw(result: StudyResult, out: Path) -> list[Path]:
    """A picture of each table that has figures: NAME.png of the first, NAME-TABLE.png of the others."""
    from callmood.training.measure import plots

    paths = []
    for number, grid in enumerate(result.grids):
        path = out / (f"{result.name}-{grid.name}.png" if number else f"{result.name}.png")
        names = [str(row[0]) for row in grid.rows]
        columns = {
            name: [row[place] for row in grid.rows]
            for place, name in enumerate(grid.columns)
            if all(isinstance(row[place], Spread) for row in grid.rows)
        }
        if not columns:
            continue
        means = _each(columns, lambda cell: cell.mean)
        spread = _each(columns, lambda cell: cell.deviation)
        if grid.picture == "bars":
            plots.bars(path, grid.title, names, means, spread)
        else:
            plots.curve(path, grid.title, grid.columns[0], names, means, spread)
        paths.append(path)
    return paths


def _each(columns: Mapping[str, Sequence[Cell]], value: Callable[[Spread], float]) -> dict[str, list[float]]:
    return {
        name: [value(cell) for cell in cells if isinstance(cell, Spread)] for name, cells in columns.items()
    }
