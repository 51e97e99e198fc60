"""How the two channels of a stereo recording relate: the same content twice, or one side leaking into the other."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from callmood.arrays import Floats
from callmood.pipeline.speakers.vad import FRAME_SAMPLES, OFFSET, levels
from callmood.sound import Samples

SPEECH_RANGE_DB: Final = 25.0
"""Frames within this of the loudest ones tell how two channels relate; the quieter ones hold noise."""
SAME_CONTENT_DB: Final = 6.0
"""The same content differs in level by a constant; what is left of 5 to 95 % of the frames is below this."""
MOST_DELAY_FRAMES: Final = 31
"""How late a copy or an echo comes at most: half a second."""
LEAK_BELOW_DB: Final = 8.0
LEAK_BAND_DB: Final = 4.0
LEAK_SHARE: Final = 0.35
"""A leak keeps its distance, within the band, in so many of the frames in which both sides seem to speak.
Leaks reach 0.4 and more, double talk 0.25."""
ABOVE_LEAK_DB: Final = 6.0
"""Somebody speaks on a channel only where it is this much louder than the leak can be."""
LEAST_LEAK_FRAMES: Final = 30


def same_content(samples: Samples) -> bool:
    """Whether two channels [2, n] carry the same: their levels then rise and fall together, up to a delay."""
    left, right = _aligned(samples)
    loudest = np.maximum(left, right)
    loud = loudest > np.percentile(loudest, 99) - SPEECH_RANGE_DB
    low, high = np.percentile((left - right)[loud], [5, 95])
    return bool(high - low < SAME_CONTENT_DB)


def without_leaks(samples: Samples, speech: Sequence[Floats]) -> list[Floats]:
    """Speech probabilities of two channels -> the same without what is only the other side, heard faintly."""
    level = [levels(channel, len(speech[0])) for channel in samples]
    found = []
    for own, other in ((0, 1), (1, 0)):
        leaks = _leak_db(level[own], level[other], speech[own], speech[other])
        only_leak = (
            np.zeros(len(speech[own]), dtype=bool) if leaks is None else level[own] < leaks + ABOVE_LEAK_DB
        )
        found.append(np.where(only_leak, np.float32(0), speech[own]))
    return found


def _leak_db(
    own: Floats,
    other: Floats,
    own_speech: Floats,
    other_speech: Floats,
) -> Floats | None:
    """How loud the other side can be on one's own channel, frame by frame, or None where it isn't heard there.

    A leak follows what leaks at a constant distance and delay; two people who talk at once don't.
    """
    doubtful = np.flatnonzero((own_speech >= OFFSET) & (_held(other_speech) >= OFFSET))
    if doubtful.size < LEAST_LEAK_FRAMES:
        return None

    def share_and_distance(delay: int) -> tuple[float, float]:
        distance = np.sort(own[doubtful] - other[np.maximum(0, doubtful - delay)])
        distance = distance[distance < -LEAK_BELOW_DB]
        near = np.searchsorted(distance, distance + LEAK_BAND_DB) - np.arange(distance.size)
        if not distance.size:
            return 0.0, 0.0
        return float(near.max()) / doubtful.size, float(distance[near.argmax()]) + LEAK_BAND_DB / 2

    share, distance = max(share_and_distance(delay) for delay in range(MOST_DELAY_FRAMES))
    return _held(other) + np.float32(distance) if share >= LEAK_SHARE else None


def _held(track: Floats) -> Floats:
    """The highest of the frames up to the longest delay before: when an echo of them can be heard."""
    from scipy.ndimage import maximum_filter1d

    size = MOST_DELAY_FRAMES
    return np.asarray(maximum_filter1d(track, size, origin=(size - 1) // 2), dtype=np.float32)


def _aligned(samples: Samples) -> tuple[Floats, Floats]:
    """Levels of two channels, one shifted so that they fit best."""
    frames = max(1, samples.shape[1] // FRAME_SAMPLES)
    left, right = (levels(channel, frames) for channel in samples)
    if frames <= 4 * MOST_DELAY_FRAMES:
        return left, right

    def fit(delay: int) -> float:
        a, b = _shifted(left, right, delay)
        return float(np.mean(np.abs((a - a.mean()) - (b - b.mean()))))

    return _shifted(left, right, min(range(1 - MOST_DELAY_FRAMES, MOST_DELAY_FRAMES), key=fit))


def _shifted(left: Floats, right: Floats, delay: int) -> tuple[Floats, Floats]:
    if delay >= 0:
        return left[: len(left) - delay], right[delay:]
    return left[-delay:], right[:delay]
