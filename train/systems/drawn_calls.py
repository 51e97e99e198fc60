"""Calls drawn from clips of speakers that a fold's heads don't know, as logits: what the decision is fitted on.

A scan meets speakers whose mood comes and goes, speakers of one mood from the first word to the last, and, most of
all, speakers of none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from callmood.arrays import Doubles, Floats, Ints
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.training.corpora.clip import corpus_of

Kind: TypeAlias = Literal["mixed", "one mood", "even"]

MOOD_CLIPS: Final = 4
"""Of a mood that comes and goes."""
ONE_MOOD_CLIPS: Final = 10
DRAWS: Final = 2
"""Calls of each kind, speaker and mood."""
FEWEST: Final = 2
"""Clips of a call."""
_EVEN: Final = [LABELS.index(label) for label in EVEN_TEMPERED]


class SpeakerLogits(NamedTuple):
    """The clips of one speaker through one line."""

    speaker: str
    labels: Ints
    """[n]"""
    raw: Floats
    """[n, labels]: the raw head's logits."""
    relative: Floats
    """[n, labels]: the relative head's, before a baseline is subtracted, without its bias."""


@dataclass(frozen=True, slots=True)
class DrawnCalls:
    """Segments of all calls, one after the other."""

    labels: Ints
    """[n]"""
    corpora: npt.NDArray[np.str_]
    """[n]"""
    kinds: npt.NDArray[np.str_]
    """[n]: Kind"""
    calls: Ints
    """[n]: the call's number."""
    raw: Floats
    """[n, labels]"""
    differences: Floats
    """[n, labels]: of the relative logits from the mean of the call's other segments."""
    mean_raw: Floats
    """[n, labels]: the mean of ``raw`` over the call."""


def draw_calls(speakers: Sequence[SpeakerLogits], even_clips: int, seed: int) -> DrawnCalls | None:
    """Calls of every speaker; a mood comes and goes among ``even_clips`` even-tempered ones. None: too few clips."""
    rng = np.random.default_rng(seed)
    parts = [
        (number, kind, of_speaker, rows)
        for number, (kind, of_speaker, rows) in enumerate(
            call for of_speaker in speakers for call in _calls(of_speaker, even_clips, rng)
        )
    ]
    if not parts:
        return None
    sizes = [len(rows) for _, _, _, rows in parts]
    return DrawnCalls(
        labels=np.concatenate([one.labels[rows] for _, _, one, rows in parts]),
        corpora=np.repeat([corpus_of(one.speaker) for _, _, one, _ in parts], sizes),
        kinds=np.repeat([kind for _, kind, _, _ in parts], sizes),
        calls=np.repeat([number for number, *_ in parts], sizes),
        raw=np.concatenate([one.raw[rows] for _, _, one, rows in parts]),
        differences=np.concatenate([_differences(one.relative[rows]) for _, _, one, rows in parts]),
        mean_raw=np.concatenate(
            [
                np.repeat(one.raw[rows].mean(axis=0, keepdims=True), len(rows), axis=0)
                for _, _, one, rows in parts
            ]
        ),
    )


def _calls(
    speaker: SpeakerLogits, even_clips: int, rng: np.random.Generator
) -> Iterator[tuple[Kind, SpeakerLogits, Ints]]:
    """Kind and rows of each call; one of all clips where there are too few of each label."""
    if len(speaker.labels) >= FEWEST and np.bincount(speaker.labels).max() < FEWEST:
        yield "mixed", speaker, np.arange(len(speaker.labels))
        return
    (even,) = np.nonzero(np.isin(speaker.labels, _EVEN))
    moods = [label for label in range(len(LABELS)) if label not in _EVEN]
    for _ in range(DRAWS):
        usual = _some(even, even_clips, rng)
        if len(even) >= FEWEST:
            yield "even", speaker, _some(even, even_clips + MOOD_CLIPS, rng)
        for label in moods:
            (of_label,) = np.nonzero(speaker.labels == label)
            if len(of_label) >= FEWEST:
                yield "one mood", speaker, _some(of_label, ONE_MOOD_CLIPS, rng)
            if len(of_label) and len(usual) >= FEWEST:
                yield "mixed", speaker, np.concatenate([usual, _some(of_label, MOOD_CLIPS, rng)])


def _some(rows: Ints, count: int, rng: np.random.Generator) -> Ints:
    return rng.choice(rows, min(count, len(rows)), replace=False)


def _differences(relative: Floats) -> Floats:
    others = (relative.sum(axis=0) - relative) / (len(relative) - 1)
    return np.asarray(relative - others, np.float32)


def weights(drawn: DrawnCalls, kinds: Sequence[Kind]) -> Doubles:
    """[n]: every label counts the same, in calls of ``kinds``, and in a label every corpus.

    Even-tempered speech is one label and a half: half of it is of even calls. Other segments count nothing.
    """
    found = np.zeros(len(drawn.labels))
    even = np.isin(drawn.labels, _EVEN)
    groups = [
        (1.0, (drawn.labels == label) & np.isin(drawn.kinds, kinds))
        for label in range(len(LABELS))
        if label not in _EVEN
    ]
    groups += [(1.5, even & (drawn.kinds == "even")), (0.5, even & (drawn.kinds == "mixed"))]
    for total, group in groups:
        corpora = np.unique(drawn.corpora[group])
        for corpus in corpora:
            rows = group & (drawn.corpora == corpus)
            found[rows] = total / len(corpora) / rows.sum()
    return found
