"""How the two channels of a stereo recording relate: the same content twice, or one side leaking into the other."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from callmood.arrays import Floats
from callmood.pipeline.speakers.vad import FRAME_SAMPLES, OFFSET, levels
from callmood.sound import Samples

SPEECH_RANGE_DB: Final = 25.0
"""Only frames within this range of the loudest ones are compared; the quieter ones hold noise."""
SAME_CONTENT_DB: Final = 6.0
"""The same content differs in level by a constant: the difference varies by less than this, 5th to 95th percentile."""
MAX_DELAY_FRAMES: Final = 31
"""The longest delay of a copy or an echo: half a second."""
LEAK_BELOW_DB: Final = 8.0
LEAK_BAND_DB: Final = 4.0
LEAK_SHARE: Final = 0.35
"""A leak keeps its distance, within the band, in this share of the frames in which both sides seem to speak.
Leaks reach 0.4 and more, double talk 0.25."""
ABOVE_LEAK_DB: Final = 6.0
"""A frame counts as speech on a channel only if it is this much louder than the leak can be."""
MIN_LEAK_FRAMES: Final = 30


def same_content(samples: Samples) -> bool:
    """Whether two channels [2, n] have the same content: their levels then rise and fall together, up to a delay."""
    left, right = _aligned(samples)
    loudest = np.maximum(left, right)
    loud = loudest > np.percentile(loudest, 99) - SPEECH_RANGE_DB
    low, high = np.percentile((left - right)[loud], [5, 95])
    return bool(high - low < SAME_CONTENT_DB)


def without_leaks(samples: Samples, speech: Sequence[Floats]) -> list[Floats]:
    """Speech probabilities [frames] of two channels [2, n] -> the same without the other side's leaks."""
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
    """How loud the other side can be on one's own channel, frame by frame; None if it does not leak.

    A leak follows what leaks at a constant distance and delay; two people who talk at once don't.
    """
    both_active = np.flatnonzero((own_speech >= OFFSET) & (_recent_max(other_speech) >= OFFSET))
    if both_active.size < MIN_LEAK_FRAMES:
        return None

    def share_and_distance(delay: int) -> tuple[float, float]:
        distance = np.sort(own[both_active] - other[np.maximum(0, both_active - delay)])
        distance = distance[distance < -LEAK_BELOW_DB]
        near = np.searchsorted(distance, distance + LEAK_BAND_DB) - np.arange(distance.size)
        if not distance.size:
            return 0.0, 0.0
        return float(near.max()) / both_active.size, float(distance[near.argmax()]) + LEAK_BAND_DB / 2

    share, distance = max(share_and_distance(delay) for delay in range(MAX_DELAY_FRAMES))
    return _recent_max(other) + np.float32(distance) if share >= LEAK_SHARE else None


def _recent_max(track: Floats) -> Floats:
    """The maximum over the longest delay before each frame, while an echo can follow."""
    from scipy.ndimage import maximum_filter1d

    size = MAX_DELAY_FRAMES
    return np.asarray(maximum_filter1d(track, size, origin=(size - 1) // 2), dtype=np.float32)


def _aligned(samples: Samples) -> tuple[Floats, Floats]:
    """Levels of two channels, one delayed so that they match best."""
    frames = max(1, samples.shape[1] // FRAME_SAMPLES)
    left, right = (levels(channel, frames) for channel in samples)
    if frames <= 4 * MAX_DELAY_FRAMES:
        return left, right

    def mismatch(delay: int) -> float:
        a, b = _shifted(left, right, delay)
        return float(np.mean(np.abs((a - a.mean()) - (b - b.mean()))))

    return _shifted(left, right, min(range(1 - MAX_DELAY_FRAMES, MAX_DELAY_FRAMES), key=mismatch))


def _shifted(left: Floats, right: Floats, delay: int) -> tuple[Floats, Floats]:
    if delay >= 0:
        return left[: len(left) - delay], right[delay:]
    return left[-delay:], right[:delay]
