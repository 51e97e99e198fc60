"""What the studies share: folds of speakers, their scorers, scores with their spread, tables and their plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from callmood.arrays import Ints, Mask
from callmood.errors import CallmoodError
from callmood.model.scorer import Scorer
from callmood.training.corpora.clip import Clip
from callmood.training.data.lines import Line
from callmood.training.data.split import FOLDS
from callmood.training.measure.baselines import BaselineKind
from callmood.training.measure.metrics import Metrics, compute_metrics
from callmood.training.progress import Remark
from callmood.training.recipe import Table
from callmood.training.systems import embedded_heads
from callmood.training.systems.embedded_heads import EncodedCorpus, Fold, Split
from callmood.training.systems.embedded_recipe import Recipe

BASELINES: Final[tuple[BaselineKind, ...]] = ("none", "call")
MOST_FOLDS: Final = 5
"""Of a corpus without published folds: its speakers are dealt into as many, or into one each."""


@dataclass(frozen=True, slots=True)
class StudyInput:
    """What a study works on."""

    clips: Sequence[Clip]
    texts: Path | None
    """The folder of GoEmotions, where it was given."""
    recipe: Recipe
    cache: Path
    report: Remark


@dataclass(frozen=True, slots=True)
class Spread:
    """A score of each fold or draw, usually in percent."""

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
    """A table of a study: the first cell of a row is its name, the others are under ``columns[1:]``."""

    name: str
    """A word for file names."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    plot: Literal["bars", "curve"] = "bars"


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The answer to a study's question."""

    name: str
    question: str
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]


NumbersOf = TypeVar("NumbersOf", bound=Table)


class Study(Protocol[NumbersOf]):
    """A module of this package."""

    @property
    def Numbers(self) -> type[NumbersOf]:
        """Its table in recipes/studies.toml."""
        ...

    def study(self, given: StudyInput, numbers: NumbersOf) -> StudyResult:
        """Raises CallmoodError for clips that can't answer the question."""
        ...


def encode_clips(given: StudyInput, copies: int, lines: Sequence[Line] = ("clean",)) -> EncodedCorpus:
    """The vectors of the study's clips in the recipe's first ``copies``, and through ``lines`` for tests."""
    recipe = given.recipe.with_copies(copies)
    return embedded_heads.encode_corpus(given.clips, recipe, given.cache, given.report, lines)


def corpora_of(clips: Sequence[Clip]) -> list[str]:
    """The names of the clips' corpora, sorted."""
    return sorted({clip.corpus for clip in clips})


def held_out(clips: Sequence[Clip], corpus: str) -> dict[int, list[int]]:
    """Fold: the rows of its test speakers. EmoBox's folds where it has some, else the speakers dealt out in turn.

    Raises CallmoodError for a corpus of one speaker.
    """
    speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
    if len(speakers) < 2:
        raise CallmoodError(
            f"{corpus} has only one speaker, and a study needs two: one to train on, one to test."
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


class FoldScorer(NamedTuple):
    """A fold's scorer, and the clips that it was not trained on."""

    scorer: Scorer
    unseen: EncodedCorpus
    rows: Ints
    """Of the study's clips, those of ``unseen``."""


def fold_scorers(
    corpus: EncodedCorpus,
    folds: Sequence[Split],
    recipe: Recipe,
    train_mask: Mask | None = None,
    test_mask: Mask | None = None,
) -> list[FoldScorer]:
    """One for each fold, trained on its training clips and calibrated on the unseen clips of the other folds.

    ``train_mask`` [n], ``test_mask`` [n]: as in embedded_heads.cross_validate. Raises CallmoodError for a single fold.
    """
    found = embedded_heads.cross_validate(corpus, folds, recipe, train_mask, test_mask)
    return scorers_of(list(found), folds, recipe)


def scorers_of(found: Sequence[Fold], folds: Sequence[Split], recipe: Recipe) -> list[FoldScorer]:
    """The scorers of cross-validated ``folds``; of ``recipe`` only what calibration needs is used.

    Raises CallmoodError for a single fold.
    """
    if len(found) < 2:
        raise CallmoodError("A study needs two folds: each is calibrated on the others.")
    scorers = embedded_heads.fold_scorers(found, recipe)
    return [
        FoldScorer(scorer, fold.unseen, np.array(test))
        for scorer, fold, (_, _, test) in zip(scorers, found, folds, strict=True)
    ]


def metrics_by_fold(
    scorers: Sequence[FoldScorer],
    line: str,
    baseline: BaselineKind,
    seed: int,
    test_mask: Mask | None = None,
) -> list[Metrics]:
    """Each scorer's metrics on its unseen clips in ``test_mask`` [n]; baselines are drawn from all unseen clips."""
    found = []
    for scorer, unseen, clips in scorers:
        rows = np.ones(len(clips), dtype=bool) if test_mask is None else test_mask[clips]
        probabilities = embedded_heads.vector_probabilities(scorer, unseen, line, baseline, seed)
        found.append(compute_metrics(unseen.labels[rows], probabilities[:, rows], unseen.speakers[rows]))
    return found


def ua(found: Sequence[Metrics]) -> Spread:
    """UA of each fold."""
    return Spread(tuple(one.ua for one in found))


def wa(found: Sequence[Metrics]) -> Spread:
    """WA of each fold."""
    return Spread(tuple(one.wa for one in found))


def recall(found: Sequence[Metrics], label: str) -> Spread:
    """Recall of ``label`` in the folds where it occurs."""
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


def plot(result: StudyResult, out: Path) -> list[Path]:
    """Plot each table that has numbers: NAME.png for the first, NAME-TABLE.png for the others. Returns the files."""
    from callmood.training.measure import plots

    paths = []
    for number, grid in enumerate(result.grids):
        path = out / (f"{result.name}-{grid.name}.png" if number else f"{result.name}.png")
        names = [str(row[0]) for row in grid.rows]
        columns = {
            name: [row[column] for row in grid.rows]
            for column, name in enumerate(grid.columns)
            if all(isinstance(row[column], Spread) for row in grid.rows)
        }
        if not columns:
            continue
        means = _values(columns, lambda cell: cell.mean)
        spread = _values(columns, lambda cell: cell.deviation)
        if grid.plot == "bars":
            plots.bars(path, grid.title, names, means, spread)
        else:
            plots.curve(path, grid.title, grid.columns[0], names, means, spread)
        paths.append(path)
    return paths


def _values(
    columns: Mapping[str, Sequence[Cell]], value: Callable[[Spread], float]
) -> dict[str, list[float]]:
    return {
        name: [value(cell) for cell in cells if isinstance(cell, Spread)] for name, cells in columns.items()
    }
