"""Speaker-independent folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from callmood.errors import CallmoodError
from callmood.train.corpora.clip import Clip

RAVDESS_FOLDS: Final = {
    1: ("01", "11", "20", "21"),
    2: ("04", "10", "12", "14"),
    3: ("08", "09", "19", "23"),
    4: ("03", "05", "07", "24"),
    5: ("02", "15", "16", "18"),
    6: ("06", "13", "17", "22"),
}
"""EmoBox's test actors of each fold; the other actors of the corpus are its training part."""


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
