"""The combined corpus: clips of several corpora -> the parts of a split, prepared and balanced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LABEL_SETS, LabelSet
from callmood.training.data import balance as balancing
from callmood.training.data import prepare as preparing
from callmood.training.data import split as splits
from callmood.training.data import transcripts
from callmood.training.data.balance import BalanceTable
from callmood.training.data.examples import Example, Parts
from callmood.training.data.prepare import Prepared, PrepareTable
from callmood.training.progress import Remark, log
from callmood.training.recipe import Family, Table
from callmood.wording import counted


class CorpusRecipe(Table):
    """What every recipe says of its corpus; a system's recipe adds its own tables."""

    family: Family
    seed: int = 1
    labels: LabelSet = "paper"
    transcribe_missing: bool = False
    """Clips without a text in their corpus get one from the speech recogniser."""
    prepare: PrepareTable = PrepareTable()
    balance: BalanceTable = BalanceTable()


def parts(
    clips: Sequence[Clip], recipe: CorpusRecipe, split: str, cache: Path, report: Remark = log
) -> Iterator[Parts]:
    """The parts of each split of ``clips`` (corpora.registry.read_clips) that ``split`` names.

    ``split``: "paper", "speaker", "folds", "unseen" or "corpus" (split.py). The training part alone is balanced. Raises
    CallmoodError for a corpus that can't be read and for clips that are too few, UsageError for an unknown split.
    """
    prepared = preparing.prepare(clips, recipe.prepare, cache, report)
    if recipe.transcribe_missing:
        prepared = transcripts.with_texts(prepared, cache, report)
    labels = LABEL_SETS[recipe.labels]
    for rows in splits.splits([clip for clip, _ in prepared], split, recipe.seed):
        train, validation, test = (
            _examples(prepared, part, labels) for part in (rows.train, rows.validation, rows.test)
        )
        unused = len(prepared) - len(train) - len(validation) - len(test)
        if unused:
            report(
                f"{rows.name}: tested without {counted(unused, 'clip')} of labels that no other corpus has"
            )
        train = balancing.balance(train, recipe.balance, recipe.seed, cache, report)
        yield Parts(rows.name, labels, train, validation, test)


def _examples(prepared: Sequence[Prepared], rows: Sequence[int], labels: tuple[str, ...]) -> list[Example]:
    chosen = (prepared[row] for row in rows)
    return [Example(clip, labels.index(clip.label), sound) for clip, sound in chosen]
