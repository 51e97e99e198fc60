"""Voice activity detection: one channel's sound -> regions of speech, and where two voices overlap.

pyannote's segmentation-3.0, with windows of 10 s that overlap by a quarter, finds telephone speech and distant speech
that silero misses, at the same cost. But it mistakes ringing tones, laughter and another line's leak for speech, and
silero does not. So the first proposes and the second confirms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.arrays import Doubles, Floats, Mask
from callmood.model.networks.on_device import Network
from callmood.sound import SAMPLE_RATE, Samples
from callmood.threads import in_threads

Regions = Doubles
"""[n, 2]: start and end of each, in seconds, in order."""

FRAME_SAMPLES: Final = 270
"""Samples from one frame of the network to the next."""
FRAME_S: Final = FRAME_SAMPLES / SAMPLE_RATE
"""Seconds from one frame to the next."""
MIDDLE_S: Final = 991 / SAMPLE_RATE / 2
"""The middle of the sound that the first frame covers, in seconds."""

ONSET: Final = 0.5
OFFSET: Final = 0.35
FILL_S: Final = 0.3
"""Pauses shorter than this are part of a turn."""
MIN_TURN_S: Final = 0.1
PADDING_S: Final = 0.05
"""A turn begins this much before its first frame of speech, and ends this much after its last."""
SILENCE_DB: Final = -75.0
"""A window that never gets louder (25 ms RMS, against full scale) is skipped."""
RANGE_DB: Final = 50.0
"""A frame this much softer than the loudest ones is a pause, whatever is around it."""
CONFIRMED: Final = 0.15
"""Silero's probability that a span must reach somewhere."""

_WINDOW: Final = 10 * SAMPLE_RATE
"""Samples that the network was trained to see at once."""
_OVERLAP_CLASSES: Final = slice(4, 7)
"""The classes in which two voices speak at once; 0 is nobody, 1 to 3 one voice each."""
_HOP_FRAMES: Final = 444
"""7.5 s. Half a window finds no more, and windows that do not overlap find less."""
_BATCH: Final = 4
_MIN_WINDOW: Final = SAMPLE_RATE // 2
_SILERO_FRAME: Final = 512
_FIRST_LOOK: Final = 32 * _SILERO_FRAME
"""1 s, half of which comes before the span."""
_SILERO_DB: Final = -23.0
"""The level that silero expects."""
_MAX_GAIN_DB: Final = 40.0
_LEAD_S: Final = 0.5
_PIECE_S: Final = 10.0


@dataclass(frozen=True)
class Activity:
    """The speech in each frame of a channel. Frame i is around ``MIDDLE_S + i * FRAME_S`` seconds."""

    speech: Floats
    """[frames]: probability of at least one voice."""
    overlap: Floats
    """[frames]: probability of two voices or more."""


def speech_activity(samples: Samples, network: Network) -> Activity:
    """Samples [n] -> the speech in each frame, from windows of 10 s that overlap by a quarter.

    ``network`` is segmentation-3.0 (see ``segmentation_network``).
    """
    frames = _frame_count(samples.size)
    weight = np.full(frames, 1e-6, dtype=np.float32)
    speech, overlap = (np.zeros(frames, dtype=np.float32) for _ in range(2))
    level = levels(samples, frames)
    audible = level > np.percentile(level, 99) - RANGE_DB
    starts = [start for start in _window_starts(samples.size, _WINDOW) if audible[_frames_from(start)].any()]
    for start, classes in _window_classes(samples, starts, network):
        frame_slice = slice(start // FRAME_SAMPLES, min(frames, start // FRAME_SAMPLES + len(classes)))
        size = frame_slice.stop - frame_slice.start
        # the ends of a window have context on one side only
        trust = np.hamming(len(classes))[:size].astype(np.float32)
        weight[frame_slice] += trust
        speech[frame_slice] += trust * (1 - classes[:size, 0])
        overlap[frame_slice] += trust * classes[:size, _OVERLAP_CLASSES].sum(axis=1)
    return Activity(speech / weight * audible, overlap / weight * audible)


def confirm_with_silero(samples: Samples, spans: Regions) -> Regions:
    """The spans of a channel [n] in which silero also detects speech."""
    from faster_whisper.vad import get_vad_model

    silero = get_vad_model()

    def confirms(piece: Samples) -> bool:
        # what a frame is does not depend on those after it, and speech is nearly always sure within its first second
        if piece.size > _FIRST_LOOK:
            beginning = silero(piece[:_FIRST_LOOK].copy())[:-1]  # silero spoils the end of what it is given
            if (beginning >= CONFIRMED).any():
                return True
        return bool((silero(piece) >= CONFIRMED).any())

    def sure(span: Doubles) -> bool:
        return any(map(confirms, _silero_pieces(samples, *span)))

    kept = in_threads(sure, list(spans))
    return np.asarray(spans[np.array(kept, dtype=bool)], dtype=np.float64)


def speech_regions(probability: Floats) -> Regions:
    """Probabilities [frames] -> spans that reach ``ONSET`` and stay above ``OFFSET``, with short gaps filled."""
    reached = np.flatnonzero(probability >= ONSET)
    spoken = runs(probability >= OFFSET)
    spoken = spoken[np.searchsorted(reached, spoken[:, 1]) > np.searchsorted(reached, spoken[:, 0])]
    return merge_runs(spoken, PADDING_S)


def runs(mask: Mask) -> NDArray[np.intp]:
    """Frames -> [n, 2]: the first of each run of true ones, and the one after its last."""
    edges = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    return np.flatnonzero(edges).reshape(-1, 2)


def merge_runs(spans: NDArray[np.intp], padding_s: float = 0.0) -> Regions:
    """Runs of frames -> seconds, with short gaps filled, short runs removed, and ``padding_s`` added around each."""
    if not len(spans):
        return np.zeros((0, 2))
    gaps = spans[1:, 0] - spans[:-1, 1] > FILL_S / FRAME_S
    starts, ends = spans[np.append(True, gaps), 0], spans[np.append(gaps, True), 1]
    kept = ends - starts >= MIN_TURN_S / FRAME_S
    times = (
        np.stack([starts[kept] * FRAME_S - padding_s, ends[kept] * FRAME_S + padding_s], axis=1) + MIDDLE_S
    )
    return np.asarray(np.maximum(times, 0.0), dtype=np.float64)


def levels(samples: Samples, frames: int) -> Floats:
    """Samples [n] -> RMS around each frame in dB against full scale, never below -120."""
    power = np.zeros(frames, dtype=np.float32)
    whole = min(frames, samples.size // FRAME_SAMPLES)
    blocks = samples[: whole * FRAME_SAMPLES].reshape(whole, FRAME_SAMPLES)
    power[:whole] = np.einsum("ij,ij->i", blocks, blocks) / FRAME_SAMPLES
    # a frame's middle is 1.8 blocks after its start
    smooth = np.convolve(np.append(power[1:], 0.0), np.full(3, 1 / 3), "same")
    return np.asarray(10 * np.log10(np.maximum(smooth, 1e-12)), dtype=np.float32)


def _silero_pieces(samples: Samples, start: float, end: float) -> Iterator[Samples]:
    """A span in pieces for silero, each with the sound before it, at the level that silero expects."""
    for at in np.arange(start, end, _PIECE_S):
        first = max(0, int((at - _LEAD_S) * SAMPLE_RATE))
        piece = samples[first : int(min(at + _PIECE_S, end) * SAMPLE_RATE)]
        piece = np.pad(piece, (0, -piece.size % _SILERO_FRAME))
        power = np.square(piece.reshape(-1, _SILERO_FRAME)).mean(axis=1)
        loud_db = 10 * np.log10(np.percentile(power, 95) + 1e-12)
        gain_db = min(_MAX_GAIN_DB, _SILERO_DB - loud_db)
        if piece.size:
            yield np.clip(piece * np.float32(10 ** (gain_db / 20)), -1, 1)


def _frame_count(size: int) -> int:
    return max(1, size // FRAME_SAMPLES)


def _window_starts(size: int, window: int) -> list[int]:
    """Where windows start, all on the frame grid; the last one ends with the sound."""
    hop = _HOP_FRAMES * FRAME_SAMPLES
    last = max(0, size - window) // FRAME_SAMPLES * FRAME_SAMPLES
    return [*range(0, last, hop), last]


def _frames_from(start: int) -> slice:
    """The frames of the window that starts at this sample."""
    return slice(start // FRAME_SAMPLES, (start + _WINDOW) // FRAME_SAMPLES + 1)


def _window_classes(
    samples: Samples, starts: Sequence[int], network: Network
) -> Iterator[tuple[int, Floats]]:
    """The class probabilities [frames, 7] of each window that isn't silent."""

    def classes_of(batch: Sequence[int]) -> list[tuple[int, Floats]]:
        windows = ((start, _padded_window(samples, start, _WINDOW)) for start in batch)
        audible = [(start, window) for start, window in windows if not _is_silent(window)]
        if not audible:
            return []
        classes = network(np.stack([window for _, window in audible]))
        return [(start, of_one) for (start, _), of_one in zip(audible, classes, strict=True)]

    batches = [starts[first : first + _BATCH] for first in range(0, len(starts), _BATCH)]
    for found in in_threads(classes_of, batches):
        yield from found


def _padded_window(samples: Samples, start: int, window: int) -> Samples:
    cut = samples[start : start + window]
    wanted = min(window, max(samples.size, _MIN_WINDOW))
    return np.pad(cut, (0, wanted - cut.size)) if cut.size < wanted else cut


def _is_silent(window: Samples) -> bool:
    blocks = window[: window.size // 400 * 400].reshape(-1, 400)
    return bool((np.square(blocks).mean(axis=1) < 10 ** (SILENCE_DB / 10)).all())
