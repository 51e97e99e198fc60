"""Who speaks when on a single channel: windows of speech -> speaker vectors -> clusters -> turns."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.arrays import Doubles, Floats, Mask
from callmood.model.networks.features import fbank
from callmood.model.networks.on_device import VECTOR_SIZE, Network
from callmood.pipeline.speakers.vad import FRAME_S, MIDDLE_S, Activity, Regions, merge_runs, runs
from callmood.sound import SAMPLE_RATE, Samples
from callmood.threads import in_threads

Vectors = Floats
"""[windows, 192], each of length 1."""
Span = tuple[int, float, float]
"""Speaker, start and end in seconds."""

WINDOW_S: Final = 1.6
HOP_S: Final = 0.8
MIN_WINDOW_S: Final = 0.4
LONG_WINDOW_S: Final = 1.0
"""Shorter windows are too noisy to find the speakers by; they are only assigned to one."""
MIN_OVERLAP: Final = 0.5
"""Probability from which two voices count as speaking at once."""
SAME_VOICE: Final = 0.64
"""Cosine between two clusters' mean vectors from which they are one speaker. One voice in many moods comes down to
0.5, two voices on a bad line come up to 0.72."""
SAME_VOICE_BESIDE_OVERLAP: Final = 0.76
"""The same where voices are heard at once: then there are two."""
OVERLAP_SHARE: Final = 0.02
"""Of the speech, from which voices are heard at once. One voice, excited, seems to in 0.01, two who argue in 0.02 and
more; two who wait for each other don't, so that less says nothing."""
THIRD_VOICE: Final = 0.45
"""Three or more clusters are that many speakers if the cosine between any two is below this."""
MIN_SPEAKER_S: Final = 5.0
MIN_SPEAKER_SHARE: Final = 0.03
"""The least speech of each of three or more speakers, in seconds and as a share of all: one shout of a voice, or music
that was taken for speech, is as far from the rest as another voice."""
MAX_SPEAKERS: Final = 6
_MAX_CLUSTERED: Final = 2_000
"""Windows to cluster; any others go to the nearest cluster. The memory for clustering grows with the square."""
_BATCH: Final = 16


@dataclass(frozen=True)
class Windows:
    """Windows of speech, each assumed to hold one voice, and their vectors."""

    spans: Regions
    vectors: Vectors


def diarize(
    samples: Samples,
    activity: Activity,
    speech: Regions,
    network: Network,
    count: int | None = None,
) -> list[Span]:
    """Samples [n] of one channel and its speech -> who speaks when; ``count`` fixes the number of speakers.

    ``network`` is CAM++ (see ``speaker_network``).
    """
    spans = _window_spans(speech)
    if not len(spans):
        return [(0, float(start), float(end)) for start, end in speech]
    windows = embed(samples, spans, network)
    means = cluster(windows, count, _overlap_share(activity.overlap, speech))
    similarity = windows.vectors @ means.T
    return label(speech, activity.overlap, windows.spans, similarity)


def embed(samples: Samples, spans: Regions, network: Network) -> Windows:
    """The speaker vector of each span."""
    sizes = np.round((spans[:, 1] - spans[:, 0]) * 100).astype(int) * (SAMPLE_RATE // 100)
    batches = []
    for size in np.unique(sizes):
        of_size = np.flatnonzero(sizes == size)
        batches += [of_size[first : first + _BATCH] for first in range(0, len(of_size), _BATCH)]

    def vectors_of(batch: NDArray[np.intp]) -> Floats:
        starts = (spans[batch, 0] * SAMPLE_RATE).astype(int)
        cuts = [samples[start : start + sizes[batch[0]]] for start in starts]
        return network(np.stack([fbank(np.pad(cut, (0, sizes[batch[0]] - cut.size))) for cut in cuts]))

    vectors = np.zeros((len(spans), VECTOR_SIZE), dtype=np.float32)
    for batch, found in zip(batches, in_threads(vectors_of, batches), strict=True):
        vectors[batch] = found
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return Windows(spans, vectors)


def cluster(windows: Windows, count: int | None, overlap: float = 0.0) -> Vectors:
    """The speakers' mean vectors, [speakers, 192]. ``overlap`` is the share of speech in which two are heard."""
    from scipy.cluster.hierarchy import fcluster, linkage

    lengths = windows.spans[:, 1] - windows.spans[:, 0]
    chosen = np.flatnonzero(lengths >= min(LONG_WINDOW_S, float(np.median(lengths))))
    if len(chosen) > _MAX_CLUSTERED:
        chosen = chosen[np.linspace(0, len(chosen) - 1, _MAX_CLUSTERED).astype(int)]
    vectors, lengths = windows.vectors[chosen], lengths[chosen]
    if len(vectors) == 1:
        return vectors
    tree = linkage(vectors, "ward")
    if count is not None:
        return _means(vectors, fcluster(tree, count, "maxclust"), lengths)
    best = _means(vectors, np.ones(len(vectors), dtype=int), lengths)
    for speakers in range(2, min(MAX_SPEAKERS, len(vectors)) + 1):
        labels = fcluster(tree, speakers, "maxclust")
        means = _means(vectors, labels, lengths)
        seconds = np.bincount(labels - 1, lengths) * HOP_S / WINDOW_S
        if len(means) == speakers and _are_distinct(means, seconds, overlap):
            best = means
    return best


def label(speech: Regions, overlap: Floats, spans: Regions, similarity: Floats) -> list[Span]:
    """Assigns each frame of speech to the speaker whom the windows around it resemble most; overlap to two.

    ``overlap`` [frames] is the probability that two speak; ``similarity`` [windows, speakers] belongs to ``spans``.
    """
    speakers = similarity.shape[1]
    if speakers == 1:
        return [(0, float(start), float(end)) for start, end in speech]
    votes = _votes(len(overlap), spans, similarity)
    spoken = _mask(len(overlap), speech)
    order = np.argsort(votes, axis=1)
    both = overlap >= MIN_OVERLAP
    found: list[Span] = []
    for speaker in range(speakers):
        speaks = spoken & ((order[:, -1] == speaker) | (both & (order[:, -2] == speaker)))
        found.extend((speaker, float(start), float(end)) for start, end in merge_runs(runs(speaks)))
    return sorted(found, key=lambda span: span[1:])


def _overlap_share(overlap: Floats, speech: Regions) -> float:
    """The share of the frames of speech in which two voices are heard."""
    spoken = _mask(len(overlap), speech)
    return float((overlap[spoken] >= MIN_OVERLAP).mean()) if spoken.any() else 0.0


def _mask(frames: int, speech: Regions) -> Mask:
    """[frames]: whether somebody speaks."""
    spoken = np.zeros(frames, dtype=bool)
    for first, last in _frames_of(speech):
        spoken[first:last] = True
    return spoken


def _votes(frames: int, spans: Regions, similarity: Floats) -> Floats:
    """Each frame's similarity to each speaker, [frames, speakers]: windows around it, weighted to their middles."""
    votes = np.zeros((frames, similarity.shape[1]), dtype=np.float32)
    for (first, last), row in zip(_frames_of(spans), similarity, strict=True):
        shape = np.hanning(last - first + 2)[1:-1, None] + 0.01
        size = len(votes[first:last])
        # only how a window differs between speakers counts, not how similar it is to all of them
        votes[first:last] += shape[:size] * (row - row.mean())
    return votes


def _frames_of(spans: Regions) -> NDArray[np.intp]:
    """Seconds -> first frame and the one after the last, at least one frame."""
    edges = np.maximum(0, np.round((spans - MIDDLE_S) / FRAME_S)).astype(np.intp)
    edges[:, 1] = np.maximum(edges[:, 1], edges[:, 0] + 1)
    return edges


def _are_distinct(means: Vectors, seconds: NDArray[np.floating], overlap: float) -> bool:
    """Whether each cluster is a speaker of its own: two are expected, more must be clear."""
    closest = float((means @ means.T)[~np.eye(len(means), dtype=bool)].max())
    if len(means) == 2:
        return closest < (SAME_VOICE_BESIDE_OVERLAP if overlap >= OVERLAP_SHARE else SAME_VOICE)
    return closest < THIRD_VOICE and bool(
        seconds.min() >= max(MIN_SPEAKER_S, MIN_SPEAKER_SHARE * seconds.sum())
    )


def _window_spans(speech: Regions) -> Regions:
    """Regions of speech -> windows of ``WINDOW_S`` every ``HOP_S``; a shorter region is one window."""
    spans: list[tuple[float, float]] = []
    for start, end in speech:
        if end - start < MIN_WINDOW_S:
            continue
        if end - start <= WINDOW_S:
            spans.append((start, end))
            continue
        steps = int(np.ceil((end - start - WINDOW_S) / HOP_S)) + 1
        spans.extend((at, at + WINDOW_S) for at in np.linspace(start, end - WINDOW_S, steps))
    return np.array(spans, dtype=np.float64).reshape(-1, 2)


def _means(vectors: Vectors, labels: NDArray[np.int_], lengths: Doubles) -> Vectors:
    means = np.stack([lengths[labels == one] @ vectors[labels == one] for one in np.unique(labels)])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    return np.asarray(means, dtype=np.float32)
