"""Who speaks when on a single channel: windows of speech -> speaker vectors -> clusters -> turns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from callmood.scan.voice import FRAME_S, RATE, Activity, Samples, Stretches, stretches

if TYPE_CHECKING:
    from callmood.scan.campplus import CamPlusPlus

Vectors = NDArray[np.float32]
"""[windows, 192], each of length 1."""
Span = tuple[int, float, float]
"""Speaker, start and end in seconds."""

WINDOW_S: Final = 1.6
HOP_S: Final = 0.8
SHORTEST_WINDOW_S: Final = 0.4
SAME_VOICE: Final = 0.60
"""Cosine between two clusters' mean vectors from which on they are one speaker, where two are expected."""
THIRD_VOICE: Final = 0.40
"""Below this, between any two of them, three or more clusters are so many speakers."""
SHORTEST_VOICE_S: Final = 3.0
"""A third or later speaker has at least this much speech."""
MOST_SPEAKERS: Final = 6
_CLUSTERED: Final = 2_000
"""Windows that are clustered; the others go to the nearest cluster. Clustering takes memory by their square."""
_BATCH: Final = 16
_BINS: Final = 80


@dataclass(frozen=True)
class Windows:
    """Pieces of speech that one voice is thought to fill, and their vectors."""

    spans: Stretches
    vectors: Vectors


def speakers_of(
    samples: Samples, activity: Activity, load: "Callable[[], CamPlusPlus]", count: int | None = None
) -> list[Span]:
    """Samples [n] of one channel -> who speaks when; ``count`` fixes the number of speakers."""
    speech = stretches(activity.speech, 0.5, 0.4, 0.3, 0.1)
    spans = _cut(speech)
    if not len(spans):
        return [(0, float(start), float(end)) for start, end in speech]
    windows = embed(samples, spans, load())
    centres = cluster(windows, count)
    return label(speech, windows, centres)


def embed(samples: Samples, spans: Stretches, network: "CamPlusPlus") -> Windows:
    """The speaker vector of each span."""
    import torch
    from torchaudio.compliance import kaldi

    device = next(network.parameters()).device
    order = np.argsort(spans[:, 1] - spans[:, 0], kind="stable")
    vectors = np.zeros((len(spans), 192), dtype=np.float32)
    sizes = np.round((spans[:, 1] - spans[:, 0]) * 100).astype(int)
    with torch.inference_mode():
        for size in np.unique(sizes):
            of_size = order[sizes[order] == size]
            for first in range(0, len(of_size), _BATCH):
                batch = of_size[first : first + _BATCH]
                features = []
                for number in batch:
                    start = int(spans[number, 0] * RATE)
                    cut = samples[start : start + int(size) * RATE // 100]
                    cut = np.pad(cut, (0, max(0, int(size) * RATE // 100 - cut.size)))
                    logmel = kaldi.fbank(
                        torch.from_numpy(cut)[None].to(device), num_mel_bins=_BINS, sample_frequency=RATE
                    )
                    features.append(logmel - logmel.mean(dim=0))
                vectors[batch] = network(torch.stack(features)).float().cpu().numpy()
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return Windows(spans, vectors)


def cluster(windows: Windows, count: int | None) -> Vectors:
    """The speakers' mean vectors, [speakers, 192]."""
    from scipy.cluster.hierarchy import fcluster, linkage

    lengths = windows.spans[:, 1] - windows.spans[:, 0]
    chosen = np.flatnonzero(lengths >= min(1.0, float(np.median(lengths))))
    if len(chosen) > _CLUSTERED:
        chosen = chosen[np.linspace(0, len(chosen) - 1, _CLUSTERED).astype(int)]
    vectors, lengths = windows.vectors[chosen], lengths[chosen]
    if len(vectors) < 2:
        return _means(vectors, np.zeros(len(vectors), dtype=int), lengths)
    tree = linkage(vectors, "ward")

    def cut(speakers: int) -> tuple[Vectors, NDArray[np.int_]]:
        labels = fcluster(tree, speakers, "maxclust") - 1
        return _means(vectors, labels, lengths), labels

    if count is not None:
        return cut(min(count, len(vectors)))[0]
    best = cut(1)[0]
    for speakers in range(2, MOST_SPEAKERS + 1):
        means, labels = cut(speakers)
        if len(means) < speakers:
            break
        closest = float((means @ means.T)[~np.eye(speakers, dtype=bool)].max())
        least = min(lengths[labels == one].sum() for one in range(speakers)) * HOP_S / WINDOW_S
        if (speakers == 2 and closest < SAME_VOICE) or (speakers > 2 and closest < THIRD_VOICE and least >= SHORTEST_VOICE_S):
            best = means
    return best


def label(speech: Stretches, windows: Windows, centres: Vectors) -> list[Span]:
    """Gives each frame of speech to the speaker whom the windows around it resemble most."""
    if len(centres) == 1:
        return [(0, float(start), float(end)) for start, end in speech]
    likeness = windows.vectors @ centres.T
    frames = int(speech[-1, 1] / FRAME_S) + 2
    votes = np.zeros((frames, len(centres)), dtype=np.float32)
    for (start, end), row in zip(windows.spans, likeness, strict=True):
        first, last = int(start / FRAME_S), int(end / FRAME_S) + 1
        shape = np.hanning(last - first + 2)[1:-1, None] + 1e-3
        votes[first:last] += shape * (row - row.mean())
    best = votes.argmax(axis=1)
    spans: list[Span] = []
    for start, end in speech:
        first, last = int(start / FRAME_S), max(int(start / FRAME_S) + 1, int(end / FRAME_S))
        cuts = np.flatnonzero(np.diff(best[first:last])) + 1
        edges = [start, *((first + cuts) * FRAME_S), end]
        for number in range(len(edges) - 1):
            spans.append(
                (
                    int(best[first + (0 if number == 0 else cuts[number - 1])]),
                    edges[number],
                    edges[number + 1],
                )
            )
    return spans


def _cut(speech: Stretches) -> Stretches:
    """Stretches of speech -> windows of ``WINDOW_S`` every ``HOP_S``; a shorter stretch is one window."""
    spans: list[tuple[float, float]] = []
    for start, end in speech:
        if end - start < SHORTEST_WINDOW_S:
            continue
        if end - start <= WINDOW_S:
            spans.append((start, end))
            continue
        steps = int(np.ceil((end - start - WINDOW_S) / HOP_S)) + 1
        spans.extend((at, at + WINDOW_S) for at in np.linspace(start, end - WINDOW_S, steps))
    return np.array(spans, dtype=np.float64).reshape(-1, 2)


def _means(vectors: Vectors, labels: NDArray[np.int_], lengths: NDArray[np.float64]) -> Vectors:
    means = np.stack([lengths[labels == one] @ vectors[labels == one] for one in np.unique(labels)])
    return (means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)).astype(np.float32)
