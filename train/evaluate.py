"""How good a model is: mean recall (UA), accuracy (WA), calibration, confusions.

The clean and the telephone line, without a baseline and with one as a call gives it: twelve other clips of the same
speaker, nine neutral or calm and three others, drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from callmood.errors import CallmoodError
from callmood.model.bundle import Encoded, Scorer
from callmood.model.labels import LABELS, USUAL
from callmood.scan.audio import decode
from callmood.train import augment
from callmood.train.corpora.clip import Clip

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
BaselineKind = Literal["none", "call"]
Line = Literal["clean", "telephone"]

USUAL_CLIPS: Final = 9
OTHER_CLIPS: Final = 3
DRAWS: Final = 5
"""Baselines drawn for each clip; the figures are means over them."""
CALIBRATION_BINS: Final = 15
LINES: Final[dict[str, Callable[[Floats], Floats]]] = {
    "clean": lambda samples: samples,
    "telephone": augment.telephone,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """All shares in percent."""

    clips: int
    speakers: int
    ua: float
    """Mean recall over the labels that occur."""
    wa: float
    """Share of clips that are right."""
    ece: float
    """Expected calibration error of the best label's probability, over 15 equal bins."""
    recall: dict[str, float]
    confusion: list[list[float]]
    """Rows: true label; columns: the model's; clips, averaged over the draws."""


def heard(clip: Clip) -> Floats:
    """A clip's samples as scanning hears them: float32 mono at 16 kHz."""
    return np.asarray(decode(clip.path).samples.mean(axis=0), dtype=np.float32)


def evaluate(
    scorer: Scorer, clips: Sequence[Clip], baseline: BaselineKind, line: Line, seed: int = 0
) -> Figures:
    """Figures of ``scorer`` on labelled clips, from the sound alone."""
    through = LINES[line]
    encoded = scorer.encode([through(heard(clip)) for clip in clips], [None] * len(clips))
    labels = np.array([LABELS.index(clip.label) for clip in clips])
    speakers = np.array([clip.speaker for clip in clips])
    if baseline == "none":
        return figures(labels, scorer.classify(encoded, None)[None], speakers)
    chances = [
        against_drawn(scorer, encoded, labels, speakers, np.random.default_rng([seed, draw]))
        for draw in range(DRAWS)
    ]
    return figures(labels, np.stack(chances), speakers)


def evaluate_text(scorer: Scorer, corpus: str, folder: Path) -> dict[str, Any]:
    """Macro F1 and F1 of each of Ekman's emotions and neutral, from the words alone, on a corpus's test part."""
    from callmood.train.systems.text import evaluate_goemotions

    if corpus != "goemotions":
        raise CallmoodError(f"There is no corpus of texts {corpus}; known is goemotions.")
    if scorer.heads.ekman is None:
        raise CallmoodError("This model has no words' side to measure; make one with callmood train --text.")
    weight, bias = scorer.heads.ekman

    def logits(texts: Sequence[str]) -> Floats:
        return np.asarray(scorer.encode([None] * len(texts), texts).text @ weight.T + bias, dtype=np.float32)

    return dict(evaluate_goemotions(logits, folder, scorer.settings.ekman_thresholds))


def against_drawn(
    scorer: Scorer, encoded: Encoded, labels: Ints, speakers: npt.NDArray[np.str_], rng: np.random.Generator
) -> Floats:
    """Probabilities [n, labels], each clip against a call-like baseline of its own speaker."""
    rows = []
    for clip in range(len(labels)):
        drawn = encoded.take(draw_baseline(labels, speakers, clip, rng))
        rows.append(scorer.classify(encoded.take([clip]), scorer.baseline(drawn)))
    return np.concatenate(rows)


def draw_baseline(
    labels: Ints,
    speakers: npt.NDArray[np.str_],
    clip: int,
    rng: np.random.Generator,
    usual_clips: int = USUAL_CLIPS,
    other_clips: int = OTHER_CLIPS,
) -> Ints:
    """Rows of other clips of the same speaker: neutral or calm ones and others, fewer where there are fewer."""
    (same,) = np.nonzero(speakers == speakers[clip])
    same = same[same != clip]
    usual = np.isin(labels[same], [LABELS.index(label) for label in USUAL])
    chosen = [
        rng.choice(pool, min(wanted, len(pool)), replace=False)
        for pool, wanted in ((same[usual], usual_clips), (same[~usual], other_clips))
    ]
    return np.concatenate(chosen).astype(np.int64)


def figures(labels: Ints, chances: Floats, speakers: npt.NDArray[np.str_]) -> Figures:
    """Figures of true ``labels`` [n] and probabilities ``chances`` [draws, n, labels]."""
    if not len(labels):
        raise CallmoodError("There are no clips to evaluate on.")
    best = chances.argmax(axis=-1)
    confusion = np.zeros((len(LABELS), len(LABELS)))
    for draw in best:
        np.add.at(confusion, (labels, draw), 1 / len(best))
    known = confusion.sum(axis=1) > 0
    recall = 100 * np.diag(confusion)[known] / confusion[known].sum(axis=1)
    return Figures(
        clips=len(labels),
        speakers=len(set(speakers.tolist())),
        ua=float(recall.mean()),
        wa=float(100 * (best == labels).mean()),
        ece=100 * calibration_error(np.tile(labels, len(chances)), chances.reshape(-1, len(LABELS))),
        recall=dict(zip(np.array(LABELS)[known].tolist(), recall.tolist(), strict=True)),
        confusion=confusion.tolist(),
    )


def calibration_error(labels: Ints, chances: Floats) -> float:
    """Mean distance between the best label's probability and how often it is right, over equal bins; 0 to 1."""
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    place = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs((right[place == i] - confidence[place == i]).sum()) for i in range(CALIBRATION_BINS)]
    return float(sum(gaps) / len(labels))


def corpus_clips(corpus: str, folder: Path) -> list[Clip]:
    """All clips of a corpus by its name, read from its folder."""
    from callmood.train.corpora import ravdess, tess

    readers = {"ravdess": ravdess.clips, "tess": tess.clips}
    if corpus not in readers:
        raise CallmoodError(f"There is no corpus {corpus}; known are {', '.join(sorted(readers))}.")
    if not folder.is_dir():
        raise CallmoodError(f"{folder} is not a folder.")
    return list(readers[corpus](folder))
