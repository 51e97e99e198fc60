"""The label sets, and the one table of what each corpus's own labels are in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal

from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.corpora.clip import Clip

LabelSet = Literal["paper", "calls", "calls-merged"]

LABEL_SETS: Final[dict[LabelSet, tuple[str, ...]]] = {
    "paper": tuple(label for label in LABELS if label != "neutral"),
    "calls": LABELS,
    "calls-merged": tuple(label for label in LABELS if label != "calm"),
}
"""``paper``: its seven classes; ``calls``: those and neutral; ``calls-merged``: calm counts as neutral."""

Row = tuple[str | None, str | None, str | None]


def _same_in_all(label: str) -> Row:
    return label, label, label


_NEUTRAL: Final[Row] = (None, "neutral", "neutral")
_CALM: Final[Row] = ("calm", "calm", "neutral")
_NOWHERE: Final[Row] = (None, None, None)

TABLE: Final[dict[str, dict[str, Row]]] = {
    "ravdess": {
        "neutral": _NEUTRAL,
        "calm": _CALM,
        "happy": _same_in_all("happy"),
        "sad": _same_in_all("sad"),
        "angry": _same_in_all("angry"),
        "fearful": _same_in_all("fearful"),
        "disgust": _same_in_all("disgust"),
        "surprised": _same_in_all("surprised"),
    },
    "tess": {
        "neutral": _NEUTRAL,
        "happy": _same_in_all("happy"),
        "sad": _same_in_all("sad"),
        "angry": _same_in_all("angry"),
        "fear": _same_in_all("fearful"),
        "disgust": _same_in_all("disgust"),
        "ps": _same_in_all("surprised"),
    },
    "cremad": {
        "NEU": _NEUTRAL,
        "HAP": _same_in_all("happy"),
        "SAD": _same_in_all("sad"),
        "ANG": _same_in_all("angry"),
        "FEA": _same_in_all("fearful"),
        "DIS": _same_in_all("disgust"),
    },
    "savee": {
        "n": _NEUTRAL,
        "h": _same_in_all("happy"),
        "sa": _same_in_all("sad"),
        "a": _same_in_all("angry"),
        "f": _same_in_all("fearful"),
        "d": _same_in_all("disgust"),
        "su": _same_in_all("surprised"),
    },
    "emodb": {
        "neutral": _NEUTRAL,
        "happiness": _same_in_all("happy"),
        "sadness": _same_in_all("sad"),
        "anger": _same_in_all("angry"),
        "fear": _same_in_all("fearful"),
        "disgust": _same_in_all("disgust"),
        "boredom": _NOWHERE,
    },
    "emovo": {
        "neu": _NEUTRAL,
        "gio": _same_in_all("happy"),
        "tri": _same_in_all("sad"),
        "rab": _same_in_all("angry"),
        "pau": _same_in_all("fearful"),
        "dis": _same_in_all("disgust"),
        "sor": _same_in_all("surprised"),
    },
    "librispeech": {"neutral": _NEUTRAL},
    "ordinary": {"neutral": _NEUTRAL},
    "nemo": {
        "neutral": _NEUTRAL,
        "happiness": _same_in_all("happy"),
        "sadness": _same_in_all("sad"),
        "anger": _same_in_all("angry"),
        "fear": _same_in_all("fearful"),
        "surprised": _same_in_all("surprised"),
    },
    "iemocap": {
        "neu": _NEUTRAL,
        "hap": _same_in_all("happy"),
        # the field counts excitement as happiness; the paper's 591 happy clips are those called hap alone
        "exc": (None, "happy", "happy"),
        "sad": _same_in_all("sad"),
        "ang": _same_in_all("angry"),
        "fea": _same_in_all("fearful"),
        # two clips; the paper's count of disgust is that of the other four corpora
        "dis": (None, "disgust", "disgust"),
        "sur": _same_in_all("surprised"),
        # frustration lies between anger, sadness and neutral: as the largest class it would blur any that included it
        "fru": _NOWHERE,
        "oth": _NOWHERE,
        "xxx": _NOWHERE,  # the raters disagreed
    },
    "own": {label: {"neutral": _NEUTRAL, "calm": _CALM}.get(label, _same_in_all(label)) for label in LABELS},
}
"""By corpus and native label: the label in ``paper``, ``calls`` and ``calls-merged``; None: such clips are left out."""

_COLUMNS: Final = tuple(LABEL_SETS)


def label_of(clip: Clip, label_set: LabelSet) -> str | None:
    """What the clip's native label is in the set, None where the set leaves it out.

    Raises CallmoodError for one that its corpus should not have.
    """
    known = TABLE[clip.corpus]
    if clip.native not in known:
        raise CallmoodError(
            f"{clip.path} has the label {clip.native!r}, which {clip.corpus} does not have. "
            f"Its labels are {', '.join(known)}."
        )
    return known[clip.native][_COLUMNS.index(label_set)]


def labelled(clips: Iterable[Clip], label_set: LabelSet) -> list[Clip]:
    """``clips`` with their labels in the set, without those that it leaves out."""
    return [replace(clip, label=label) for clip in clips if (label := label_of(clip, label_set)) is not None]
