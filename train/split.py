"""Which clips train, which validate, which test: at random as in the paper, by speaker, by fold, by corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callmood.errors import CallmoodError
from callmood.train.corpora.clip import Clip
from callmood.train.recipe import nearest

RAVDESS_FOLDS: Final = {
    1: ("01", "11", "20", "21"),
    2: ("04", "10", "12", "14"),
    3: ("08", "09", "19", "23"),
    4: ("03", "05", "07", "24"),
    5: ("02", "15", "16", "18"),
    6: ("06", "13", "17", "22"),
}
"""EmoBox's test actors of each fold; the other actors of the corpus are its training part."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One split of a list of clips: rows of it, each list in their order."""

    name: str
    train: list[int]
    validation: list[int]
    test: list[int]


def splits(clips: Sequence[Clip], kind: str, seed: int) -> Iterator[Rows]:
    """The splits of ``clips`` that ``kind`` names, a key of SPLITS; the same ``seed`` gives the same.

    Raises CallmoodError where the clips are too few for it.
    """
    if kind not in SPLITS:
        raise CallmoodError(
            f"There is no split {kind}{nearest(kind, list(SPLITS))}; known are {', '.join(SPLITS)}."
        )
    for label, count in Counter(clip.label for clip in clips).items():
        if count < 3:
            raise CallmoodError(
                f"There {'is one clip' if count == 1 else 'are two clips'} of {label} only, and a split needs three: "
                "one each to train, to validate and to test; add some or leave the class out."
            )
    yield from SPLITS[kind](clips, seed)


def paper(clips: Sequence[Clip], seed: int) -> Iterator[Rows]:
    """A fifth of the clips tests, a fifth of the others validates, drawn at random label by label."""
    rest, test = _drawn(clips, list(range(len(clips))), seed)
    train, validation = _drawn(clips, rest, seed)
    yield Rows("paper", train, validation, test)


def ravdess_folds(clips: Sequence[Clip]) -> Iterator[tuple[int, list[int], list[int]]]:
    """(fold, training rows, test rows) of each fold of which at least one test actor is among ``clips``.

    Clips of other corpora are in every training part.
    """
    found = False
    for fold, actors in RAVDESS_FOLDS.items():
        held_out = {f"ravdess-{actor}" for actor in actors}
        test = [row for row, clip in enumerate(clips) if clip.speaker in held_out]
        train = [row for row, clip in enumerate(clips) if clip.speaker not in held_out]
        if test and train:
            found = True
            yield fold, train, test
    if not found:
        raise CallmoodError("Folds need RAVDESS clips of actors of at least two folds.")


def _drawn(clips: Sequence[Clip], rows: Sequence[int], seed: int) -> tuple[list[int], list[int]]:
    """Four fifths and a fifth of ``rows``, label by label."""
    from sklearn.model_selection import train_test_split

    labels = [clips[row].label for row in rows]
    if len(rows) < 5 * len(set(labels)):
        raise CallmoodError(
            f"{len(rows)} clips of {len(set(labels))} classes are too few to be split at random; "
            f"it takes {5 * len(set(labels))}."
        )
    most, fifth = train_test_split(rows, test_size=0.2, stratify=labels, random_state=seed)
    return sorted(most), sorted(fifth)


SPLITS: Final[dict[str, Callable[[Sequence[Clip], int], Iterator[Rows]]]] = {
    "paper": paper,
}
