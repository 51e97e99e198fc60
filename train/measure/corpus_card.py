"""The corpus card: how many clips of each class each corpus has, beside the paper's counts, and why they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LABEL_SETS, label_of
from callmood.training.corpora.registry import Corpora, read_clips
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.prepare import preparation
from callmood.training.progress import Remark
from callmood.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

_ACTED: Final = ("angry", "disgust", "fearful", "happy", "sad")

PAPER: Final[dict[str, Mapping[str, int]]] = {
    "cremad": dict.fromkeys(_ACTED, 1271),
    "iemocap": {"angry": 1032, "fearful": 4, "happy": 576, "sad": 1072, "surprised": 93},
    "ravdess": dict.fromkeys((*_ACTED, "calm", "surprised"), 192),
    "savee": dict.fromkeys((*_ACTED, "surprised"), 60),
    "tess": dict.fromkeys((*_ACTED, "surprised"), 400),
}
"""arXiv 2312.11503: 13,236 clips after preparation.

It prints sums over the corpora: angry 2955, calm 192, disgust 1923, fearful 1927, happy 2499, sad 2995, surprised 745.
The four corpora of single sentences make up all of calm and disgust if nothing of them was dropped, so that they are
here in full; IEMOCAP's numbers are what is left of the sums.
"""


@dataclass(frozen=True, slots=True)
class Count:
    """Clips of a class in a corpus, after preparation."""

    corpus: str
    label: str
    clips: int
    paper: int
    why: Mapping[str, int]
    """What makes the difference, and by how many clips: "not in the folder", -32."""


def counts(corpora: Corpora, recipe: CorpusRecipe, cache: Path, report: Remark) -> list[Count]:
    """A count for each class of each corpus: those of the paper, given or not, and the others that are given.

    Raises CallmoodError for corpora that can't be read.
    """
    clips = read_clips(corpora, recipe.labels, report)
    prepared = preparation(clips, recipe.prepare, cache, report)
    kept = [clip for clip, _ in prepared.kept]
    return [
        _count(
            [clip for clip in kept if clip.corpus == corpus], prepared.left_out, corpus, label, corpus in here
        )
        for here in [{clip.corpus for clip in clips}]
        for corpus in sorted({*PAPER, *here})
        for label in LABEL_SETS[recipe.labels]
    ]


def _count(
    kept: Sequence[Clip], left_out: Sequence[tuple[Clip, str]], corpus: str, label: str, here: bool
) -> Count:
    of_label = [clip for clip in kept if clip.label == label]
    paper = PAPER.get(corpus, {}).get(label, 0)
    reasons = Counter(why for clip, why in left_out if (clip.corpus, clip.label) == (corpus, label))
    return Count(corpus, label, len(of_label), paper, dict(_reasons(of_label, reasons, paper, corpus, here)))


def _reasons(
    clips: Sequence[Clip], reasons: Mapping[str, int], paper: int, corpus: str, here: bool
) -> Iterator[tuple[str, int]]:
    if corpus not in PAPER:
        yield "of a corpus that the paper does not use", len(clips)
        return
    if not here:
        yield "of a corpus that is not given", -paper
        return
    by_set = sum(label_of(clip, "paper") != clip.label for clip in clips)
    yield "that the paper's labels leave out or name differently", by_set
    for reason, count in reasons.items():
        yield reason, -count
    rest = len(clips) - by_set + sum(reasons.values()) - paper
    yield "not in the folder" if rest < 0 else "that the paper drops without saying why", rest


def table_of(found: Sequence[Count]) -> Table:
    """The counts as a table for a terminal: ours / the paper's."""
    from rich.table import Table

    corpora = list(dict.fromkeys(count.corpus for count in found))
    labels = list(dict.fromkeys(count.label for count in found))
    table = Table(title="clips after preparation / in the paper")
    table.add_column("class")
    for name in (*corpora, "all"):
        table.add_column(name, justify="right")
    for label in (*labels, "all"):
        of_label = [count for count in found if label in (count.label, "all")]
        cells = [_pair([count for count in of_label if count.corpus == corpus]) for corpus in corpora]
        table.add_row(label, *cells, _pair(of_label), end_section=label == labels[-1])
    return table


def differences(found: Sequence[Count]) -> list[str]:
    """A sentence for each reason why a corpus's counts are not the paper's."""
    causes: dict[tuple[str, str], dict[str, int]] = {}
    for count in found:
        for reason, clips in count.why.items():
            if clips:
                causes.setdefault((count.corpus, reason), {})[count.label] = clips
    return [
        f"{corpus}: {_signed(sum(labels.values()))} {reason} "
        f"({', '.join(f'{clips:+} {label}' for label, clips in labels.items())})."
        for (corpus, reason), labels in causes.items()
    ]


def _signed(clips: int) -> str:
    """ "+1 clip", "-32 clips"."""
    return f"{'-' if clips < 0 else '+'}{counted(abs(clips), 'clip')}"


def _pair(found: Sequence[Count]) -> str:
    return f"{sum(count.clips for count in found)}/{sum(count.paper for count in found)}"
