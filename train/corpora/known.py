"""The corpora by name, and the one door to their clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError
from callmood.train.corpora import ravdess, tess
from callmood.train.corpora.clip import Clip
from callmood.train.corpora.labels import LabelSet, label_of
from callmood.train.recipe import nearest

READERS: Final[dict[str, Callable[[Path], Iterable[Clip]]]] = {
    "ravdess": ravdess.clips,
    "tess": tess.clips,
}
"""Each yields all clips of a folder with their native labels."""


def read_clips(corpora: Sequence[tuple[str, Path]], label_set: LabelSet) -> list[Clip]:
    """The clips of the named corpora in their folders, in a fixed order, labelled as ``label_set`` has it.

    Clips that the set leaves out are not among them.
    """
    return [
        replace(clip, label=label)
        for name, folder in corpora
        for clip in native_clips(name, folder)
        if (label := label_of(clip.corpus, clip.native, label_set)) is not None
    ]


def native_clips(name: str, folder: Path) -> list[Clip]:
    """All clips of a corpus, with the labels that it writes itself."""
    if name not in READERS:
        known = sorted(READERS)
        raise CallmoodError(f"There is no corpus {name}{nearest(name, known)}; known are {', '.join(known)}.")
    if not folder.exists():
        raise CallmoodError(f"{folder} is not a folder; name the one that holds the corpus {name}.")
    clips = list(READERS[name](folder))
    if not clips:
        raise CallmoodError(f"{folder} holds no clips of {name}.")
    return clips
