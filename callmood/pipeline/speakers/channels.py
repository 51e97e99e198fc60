"""How the two channels of a stereo recording relate: the same content twice, or one side leaking into the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from callmood.arrays import Doubles, Floats
from callmood.pipeline.speakers.crosstalk import without_crosstalk
from callmood.pipeline.speakers.foreground import (
    FRAME,
    RATE,
    Frames,
    cross_correlation,
    foreground,
    frames_at,
    split_in_two,
    within_range,
)
from callmood.pipeline.speakers.vad import OFFSET, levels
from callmood.sound import Samples

SPEECH_RANGE_DB: Final = 25.0
"""Only frames within this range of the loudest ones are compared; the quieter ones hold noise."""
SAME_WAVE: Final = 0.55
"""The correlation of two copies: 1 through most codecs, 0.87 through AMR. Two people stay below 0.1."""
SAME_CONTENT_DB: Final = 6.0
"""The same content differs in level by a constant: the difference varies by less than this, 5th to 95th percentile."""
TWO_LEVELS: Final = 0.9
TWO_LEVELS_DB: Final = 1.2
"""With sidetone the difference has two values, this far apart, which explain this share of how it varies.
The differences of copies have one value and explain 0.85 at most."""
TWO_LEVELS_LEAST: Final = 0.03
"""The share of the frames in which the softer-spoken side speaks alone; less are clicks."""
ALONE_DB: Final = 12.0
ALONE_S: Final = 1.0
"""A channel has content of its own if it is this much louder than the copy would be, for this long in total."""
MISSING_S: Final = 0.3
"""A copy that has this much less is not the one to listen to."""
SAME_FRAME: Final = 0.8
SAME_WORDS: Final = 0.15
"""The share of frames with the same waveform, above which a side's words are on both channels. Two people: 0.005."""
NOT_SEPARATED: Final = "each side is also heard on the other channel: words may be on both sides"
MAX_COPY_DELAY_S: Final = 0.55
_PIECE: Final = 8 * RATE
MAX_DELAY_FRAMES: Final = 31
"""The longest delay of an echo that is found by its level: half a second."""
LEAK_BELOW_DB: Final = 8.0
LEAK_BAND_DB: Final = 4.0
LEAK_SHARE: Final = 0.35
"""A leak keeps its distance, within the band, in this share of the frames in which both sides seem to speak.
Leaks reach 0.4 and more, double talk 0.25."""
ABOVE_LEAK_DB: Final = 6.0
"""A frame counts as speech on a channel only if it is this much louder than the leak can be."""
MIN_LEAK_FRAMES: Final = 30


@dataclass(frozen=True)
class Channels:
    """What the two channels of a recording hold."""

    samples: Samples
    """[2, n]: each without what leaks from the other; as they were if the content is the same."""
    copy: int | None = None
    """If both have the same content, the channel that has all of it."""
    warnings: tuple[str, ...] = ()


def separate(samples: Samples) -> Channels:
    """Two channels [2, n] -> what each holds, with the other side's leak taken off it.

    The same content is the same waveform, up to its level, sign and a delay. What is constant on a channel (an offset,
    hum, noise, a tone) does not count.
    """
    sound = foreground(samples)
    pieces = _pieces(sound)
    copy = _fuller_copy(pieces)
    if copy is not None:
        return Channels(samples, copy)
    cleaned = without_crosstalk(samples, sound)
    both = _shared_speech(pieces) > SAME_WORDS
    if both and cleaned is not samples:
        both = _shared_speech(_pieces(foreground(cleaned))) > SAME_WORDS
    return Channels(cleaned, warnings=(NOT_SEPARATED,) if both else ())


def _correlation(pieces: Sequence[Frames]) -> float:
    """How much of two channels is the same waveform, 0 to 1."""
    shared = sum(abs(float(piece.shared.sum())) for piece in pieces)
    return shared / (sum(float(np.sqrt(piece.first.sum() * piece.second.sum())) for piece in pieces) + 1e-12)


def _fuller_copy(pieces: Sequence[Frames]) -> int | None:
    """The channel that has all of the other's content; None if each has its own."""
    if _correlation(pieces) < SAME_WAVE:
        return None
    frames = Frames.joined(pieces)
    level = frames.level_db[frames.loud(SPEECH_RANGE_DB)]
    low, usual, high = np.percentile(level, [5, 50, 95])
    if high - low >= SAME_CONTENT_DB or _has_two_values(level):
        return None
    left_s, right_s = (np.count_nonzero(sign * (level - usual) > ALONE_DB) * FRAME / RATE for sign in (1, -1))
    if min(left_s, right_s) > ALONE_S:
        return None
    return int(right_s > left_s + MISSING_S)


def _pieces(sound: Floats) -> list[Frames]:
    """A foreground [2, n] in pieces of seconds, in each of which one channel is delayed so that the two match best."""
    pieces = []
    for start in range(0, max(1, sound.shape[1]), _PIECE):
        piece = sound[:, start : start + _PIECE]
        max_lag = min(round(MAX_COPY_DELAY_S * RATE), piece.shape[1] // 2)
        peaks = np.abs(cross_correlation(piece, max_lag))
        pieces.append(frames_at(piece, int(peaks.argmax()) - max_lag))
    return pieces


def _shared_speech(pieces: Sequence[Frames]) -> float:
    """The share of one side's speech that is also on the other channel, of the side of which it is more."""
    frames = Frames.joined(pieces)
    alike = frames.likeness >= SAME_FRAME
    return max(
        float(alike[within_range(energy, SPEECH_RANGE_DB)].mean()) for energy in (frames.first, frames.second)
    )


def _has_two_values(level: Doubles) -> bool:
    split = split_in_two(level)
    return (
        split.explained > TWO_LEVELS and split.distance > TWO_LEVELS_DB and split.smaller > TWO_LEVELS_LEAST
    )


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
