"""A speaker's baseline as a call gives it: twelve clips drawn at random, nine neutral or calm and three others."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats, Ints
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.model.scorer import Encoded, Scorer

BaselineKind = Literal["none", "call"]

EVEN_TEMPERED_CLIPS: Final = 9
OTHER_CLIPS: Final = 3
DRAWS: Final = 5
"""Baselines drawn for each clip; metrics are means over them."""


def draw_baseline(
    labels: Ints,
    speakers: npt.NDArray[np.str_],
    clip: int,
    rng: np.random.Generator,
    even_tempered_clips: int = EVEN_TEMPERED_CLIPS,
    other_clips: int = OTHER_CLIPS,
) -> Ints:
    """Rows of other clips of the speaker of row ``clip``, or fewer where the speaker has fewer of a kind."""
    (same,) = np.nonzero(speakers == speakers[clip])
    same = same[same != clip]
    even = np.isin(labels[same], [LABELS.index(label) for label in EVEN_TEMPERED])
    chosen = [
        rng.choice(pool, min(wanted, len(pool)), replace=False)
        for pool, wanted in ((same[even], even_tempered_clips), (same[~even], other_clips))
    ]
    return np.concatenate(chosen).astype(np.int64)


def against_drawn(
    scorer: Scorer, encoded: Encoded, labels: Ints, speakers: npt.NDArray[np.str_], rng: np.random.Generator
) -> Floats:
    """Probabilities [n, labels], each clip against a call-like baseline of its own speaker."""
    rows = []
    for clip in range(len(labels)):
        drawn = encoded.take(draw_baseline(labels, speakers, clip, rng))
        rows.append(scorer.classify(encoded.take([clip]), scorer.baseline(drawn)))
    return np.concatenate(rows)


def probabilities_of(
    scorer: Scorer,
    encoded: Encoded,
    labels: Ints,
    speakers: npt.NDArray[np.str_],
    baseline: BaselineKind,
    seed: int,
) -> Floats:
    """Probabilities [draws, n, labels]; without a baseline there is one draw."""
    if baseline == "none":
        return scorer.classify(encoded)[None]
    draws = (np.random.default_rng([seed, draw]) for draw in range(DRAWS))
    return np.stack([against_drawn(scorer, encoded, labels, speakers, rng) for rng in draws])
