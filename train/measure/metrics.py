"""The metrics of a labelled test: UA, WA, macro F1, calibration, by class, corpus, gender and speaker, intervals.

UA is the mean recall over the labels that occur, WA the share of clips that are right, as is usual in speech emotion
recognition. All come from counts of (true label, predicted label), which makes a resample of the speakers a weighted
sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callmood.arrays import Doubles, Floats, Ints
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.corpora.clip import Clip
from callmood.training.measure.calibration import calibration_error

RESAMPLES: Final = 1000
INTERVAL: Final = (2.5, 97.5)
HEADLINES: Final = ("ua", "wa", "ua_wa", "macro_f1")
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Rates in percent; ``rounded`` makes them JSON. Means where probabilities were drawn several times."""

    clips: int
    speakers: int
    labels: tuple[str, ...]
    ua: float
    """Mean recall over the labels that occur."""
    wa: float
    """Share of clips that are right, in percent."""
    ua_wa: float
    """The sum of both, the paper's headline; up to 200."""
    macro_f1: float
    """Mean F1 over the labels that occur."""
    ece: float
    """Expected calibration error of the best label's probability, over 15 equal bins, in percentage points."""
    intervals: dict[str, tuple[float, float]] | None
    """Bootstrap intervals (95 %) of the four above, speakers resampled; None where there is only one speaker."""
    per_class: dict[str, dict[str, float]]
    """Of each label that occurs: recall, precision, f1, clips."""
    per_corpus: dict[str, dict[str, float]]
    """Of each corpus, as of each gender and speaker: ua, wa, ua_wa, macro_f1, clips."""
    per_gender: dict[str, dict[str, float]]
    per_speaker: dict[str, dict[str, float]]
    confusion: list[list[float]]
    """Clips by true label (rows) and predicted label (columns)."""


def metrics_of_clips(clips: Sequence[Clip], probabilities: Floats, labels: Sequence[str] = LABELS) -> Metrics:
    """Metrics of ``clips``, whose labels are among ``labels``, and probabilities [n, labels] or [draws, n, labels].

    Raises CallmoodError where there are no clips.
    """
    return compute_metrics(
        np.array([labels.index(clip.label) for clip in clips], dtype=np.int64),
        probabilities if probabilities.ndim == 3 else probabilities[None],
        np.array([clip.speaker for clip in clips]),
        labels,
        corpora=[clip.corpus for clip in clips],
        genders=genders_of(clips),
    )


def genders_of(clips: Sequence[Clip]) -> list[str]:
    """ "female", "male" or "unknown" of each clip; nothing where none is known."""
    genders = [clip.gender or UNKNOWN for clip in clips]
    return genders if set(genders) != {UNKNOWN} else []


def compute_metrics(
    truth: Ints,
    probabilities: Floats,
    speakers: npt.NDArray[np.str_],
    labels: Sequence[str] = LABELS,
    *,
    corpora: Sequence[str] = (),
    genders: Sequence[str] = (),
) -> Metrics:
    """Metrics of true labels ``truth`` [n] and probabilities ``probabilities`` [draws, n, labels].

    ``corpora`` and ``genders`` [n] are of the clips, or empty. Raises CallmoodError where there are no clips.
    """
    if not len(truth):
        raise CallmoodError("There are no clips to evaluate on.")
    best = probabilities.argmax(axis=-1)
    names, by_speaker = _counts(truth, best, speakers, len(labels))
    confusion = by_speaker.sum(axis=0)
    return Metrics(
        clips=len(truth),
        speakers=len(names),
        labels=tuple(labels),
        **{name: float(value) for name, value in _headlines(confusion).items()},
        ece=100
        * calibration_error(np.tile(truth, len(probabilities)), probabilities.reshape(-1, len(labels))),
        intervals=_intervals(by_speaker) if len(names) > 1 else None,
        per_class=_per_class(confusion, labels),
        per_corpus=_per_group(*_counts(truth, best, corpora, len(labels))),
        per_gender=_per_group(*_counts(truth, best, genders, len(labels))),
        per_speaker=_per_group(names, by_speaker),
        confusion=confusion.tolist(),
    )


def over_folds(folds: Sequence[Metrics]) -> dict[str, float]:
    """Mean and standard deviation over folds of the headline metrics and the calibration error: ua, ua_std ..."""
    found = {}
    for name in (*HEADLINES, "ece"):
        values = [float(getattr(fold, name)) for fold in folds]
        found[name] = round(float(np.mean(values)), 2)
        found[f"{name}_std"] = round(float(np.std(values)), 2)
    return found


def rounded(found: Metrics) -> dict[str, Any]:
    """The metrics for JSON, to two decimals."""
    return {name: _rounded(value) for name, value in asdict(found).items()}


def in_label_set(probabilities: Floats, known: Sequence[str], labels: Sequence[str]) -> Floats:
    """Probabilities [..., labels] from those [..., known] of a model that knows other labels.

    Calm counts as neutral in a set of labels without it; the other labels that the set lacks are left out and the rest
    is brought to 1 in sum. A label that the model does not know has probability 0.
    """
    merged = "neutral" in labels and "calm" not in labels
    kept = np.zeros((*probabilities.shape[:-1], len(labels)), np.float32)
    for column, label in enumerate(known):
        name = "neutral" if merged and label == "calm" else label
        if name in labels:
            kept[..., labels.index(name)] += probabilities[..., column]
    return np.asarray(kept / np.maximum(kept.sum(axis=-1, keepdims=True), 1e-12), dtype=np.float32)


def _counts(
    truth: Ints, best: npt.NDArray[np.intp], groups: Sequence[str] | npt.NDArray[np.str_], labels: int
) -> tuple[list[str], Doubles]:
    """The groups' names, and clips [groups, true label, best label]; ``best``: [draws, n]."""
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    counts = np.zeros((len(names), labels, labels))
    if len(names):
        for draw in best:
            np.add.at(counts, (group, truth, draw), 1)
    return names.tolist(), counts / len(best)


def _rates(counts: Doubles) -> dict[str, Doubles]:
    """Recall, precision (0 for a label that is never given) and F1 [..., labels] in percent.

    Recall and F1 are NaN for a label that does not occur.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    occurring, given = counts.sum(axis=-1), counts.sum(axis=-2)
    known = np.where(occurring > 0, occurring, np.nan)
    return {
        "recall": 100 * right / known,
        "precision": 100 * right / np.maximum(given, 1e-9),
        "f1": 200 * right / (known + given),
    }


def _headlines(counts: Doubles) -> dict[str, Doubles]:
    rates = _rates(counts)
    ua = np.nanmean(rates["recall"], axis=-1)
    wa = 100 * np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))
    return {"ua": ua, "wa": wa, "ua_wa": ua + wa, "macro_f1": np.nanmean(rates["f1"], axis=-1)}


def _per_class(counts: Doubles, labels: Sequence[str]) -> dict[str, dict[str, float]]:
    rates, clips = _rates(counts), counts.sum(axis=1)
    return {
        label: {name: float(values[i]) for name, values in rates.items()} | {"clips": round(clips[i])}
        for i, label in enumerate(labels)
        if clips[i] > 0
    }


def _per_group(names: Sequence[str], counts: Doubles) -> dict[str, dict[str, float]]:
    return {
        name: {key: float(value) for key, value in _headlines(one).items()} | {"clips": round(one.sum())}
        for name, one in zip(names, counts, strict=True)
    }


def _intervals(by_speaker: Doubles) -> dict[str, tuple[float, float]]:
    """Percentiles over resamples of the speakers, each resample as many speakers as there are."""
    speakers, labels, _ = by_speaker.shape
    times = np.random.default_rng(0).multinomial(speakers, np.full(speakers, 1 / speakers), RESAMPLES)
    resampled = (times @ by_speaker.reshape(speakers, -1)).reshape(RESAMPLES, labels, labels)
    ends = {name: np.percentile(values, INTERVAL) for name, values in _headlines(resampled).items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return value
