"""Taking each side's sound off the other side's channel.

A line adds what one side says to the other side's channel: the sidetone of a telephone, at once and hardly softer, or
an echo, up to a second later. Both are the same waveform through a short filter. The filter is found where one side
speaks alone, and what it makes of one channel is taken off the other, so that double talk stays heard.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.arrays import Doubles, Floats, Mask
from callmood.pipeline.audio.room import new_samples
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
from callmood.sound import SAMPLE_RATE, Samples

MAX_DELAY_S: Final = 0.8
CLEAR_PEAK: Final = 25.0
"""A leak's peak in the correlation of the channels is this many times as high as the median around it.
Without a leak it is up to 17 times as high; a leak of -20 dB reaches 17 to 150."""
SAME_WAVE: Final = 0.8
"""The likeness of frames in which one side alone is heard on both channels."""
RANGE_DB: Final = 30.0
MIN_FRAMES: Final = 30
"""Of one side alone, about a second: fewer don't tell a filter."""
EXPLAINED: Final = 0.7
"""The filter makes at least this share of what is heard of one side alone on the other channel."""
MOST_FEEDBACK: Final = 0.9
"""Both sides' leaks, multiplied. With more the channels hold the same mix."""
LOUDER_DB: Final = 10.0
"""Taking a leak off makes nothing louder. Where a second rises by more, there was none: music or a prompt that plays
on both channels looks like one."""

_AROUND: Final = RATE // 500
"""2 ms: a leak without delay is found up to this much early."""
_BEFORE: Final = 8
_TAPS: Final = 48
_MAX_FRAMES: Final = 3_000
_PASSES: Final = 4
_BLOCK_S: Final = 120
_MARGIN_S: Final = 12
_PIECE: Final = 60 * SAMPLE_RATE
_LEFT_OVER: Final = 0.003
"""-50 dB."""


@dataclass(frozen=True)
class _Leak:
    """How one channel is heard on the other."""

    lag: int
    """Samples at 16 kHz."""
    taps: Floats
    """The filter: sample ``_BEFORE`` of it comes ``lag`` samples later."""

    @property
    def gain(self) -> float:
        """The loudest that the filter makes any frequency."""
        return float(np.abs(np.fft.rfft(self.taps, 1024)).max())


def without_crosstalk(samples: Samples, sound: Floats) -> Samples:
    """Two channels [2, n] -> the same, each without the other's leak.

    ``sound`` is their ``foreground``. Returns ``samples`` itself if no leak is found. For channels with different
    content.
    """
    to_right, to_left = _find_both(samples, sound)
    if (to_right is None) != (to_left is None):
        # the louder side's leak can hide the softer side's
        found = _find_both(samples, foreground(_unmixed(samples, to_right, to_left)))
        to_right, to_left = to_right or found[0], to_left or found[1]
    if to_right is None and to_left is None:
        return samples
    if to_right is not None and to_left is not None and to_right.gain * to_left.gain > MOST_FEEDBACK:
        return samples
    for _ in range(2):
        cleaned = _unmixed(samples, to_right, to_left)
        left_louder, right_louder = (_is_louder(*pair) for pair in zip(cleaned, samples, strict=True))
        if not left_louder and not right_louder:
            return cleaned
        to_left, to_right = None if left_louder else to_left, None if right_louder else to_right
        if to_right is None and to_left is None:
            break
    return samples


def _is_louder(channel: Floats, before: Floats) -> bool:
    """Whether a second or more of what is heard on a channel [n] was not there before."""
    size = 2 * FRAME
    now, then = (
        np.square(one[: one.size // size * size].reshape(-1, size)).mean(axis=1, dtype=np.float64)
        for one in (channel, before)
    )
    louder = within_range(now, RANGE_DB) & (now > 10 ** (LOUDER_DB / 10) * (then + 1e-12))
    return int(np.count_nonzero(louder)) >= MIN_FRAMES


def _find_both(samples: Samples, sound: Floats) -> tuple[_Leak | None, _Leak | None]:
    """The leak of each channel; None if there is none, or no filter explains it."""
    peaks = np.abs(cross_correlation(sound, round(MAX_DELAY_S * RATE)))
    return _find(samples, sound, peaks), _find(samples[::-1], sound[::-1], peaks[::-1])


def _find(own: Samples, ordered: Floats, peaks: Doubles) -> _Leak | None:
    """The leak of the first of two channels, whose foregrounds are ``ordered`` and correlate so at each lag."""
    max_lag = len(peaks) // 2
    later = peaks[max_lag - _AROUND :]
    lag = int(later.argmax()) - _AROUND
    if later.max() <= CLEAR_PEAK * np.median(peaks):
        return None
    alone = np.flatnonzero(_source_alone(frames_at(ordered, lag), at_once=abs(lag) <= _AROUND))
    if alone.size < MIN_FRAMES:
        return None
    taps, explained = _fit(own, 2 * lag, alone[:: -(-alone.size // _MAX_FRAMES)])
    return _Leak(2 * lag, taps) if explained >= EXPLAINED else None


def _source_alone(frames: Frames, *, at_once: bool) -> Mask:
    """[frames]: whether only the first channel's speaker is heard, on both channels.

    Without delay the other speaker's leak has the same lag, and only its level tells it apart.
    """
    alone = frames.loud(RANGE_DB) & (frames.likeness >= SAME_WAVE)
    if not at_once:
        return alone
    return alone & (frames.level_db > split_in_two(frames.level_db[frames.loud(RANGE_DB)]).border)


def _fit(samples: Samples, lag: int, frames: NDArray[np.intp]) -> tuple[Floats, float]:
    """The filter from the first channel to the second, over these frames, and the share that it explains.

    Least squares, in which a frame weighs less the more is left of it: where both speak, something is left.
    """
    size = 2 * FRAME
    edge = _TAPS + abs(lag)
    first, second = (_whitened(channel, edge) for channel in samples)
    shift = max(0, -lag) + edge
    source = np.lib.stride_tricks.sliding_window_view(first[shift + _BEFORE - _TAPS + 1 :], _TAPS)
    target = second[shift + lag :]
    frames = frames[(frames + 1) * size + shift + abs(lag) + _TAPS < first.size]
    wanted = np.stack([target[at * size : (at + 1) * size] for at in frames])
    energy = np.square(wanted).mean(axis=1)
    floor = 1e-4 * energy.mean() + 1e-12
    weights = 1 / (energy + floor)
    taps = np.zeros(_TAPS)
    left = energy
    for _ in range(_PASSES):
        matrix, vector = np.zeros((_TAPS, _TAPS)), np.zeros(_TAPS)
        for at, want, weight in zip(frames, wanted, weights, strict=True):
            rows = source[at * size : (at + 1) * size]
            matrix += weight * (rows.T @ rows)
            vector += weight * (rows.T @ want)
        ridge = 1e-3 * np.trace(matrix) / _TAPS
        taps = np.linalg.solve(matrix + ridge * np.eye(_TAPS), vector)
        made = [source[at * size : (at + 1) * size] @ taps.astype(np.float32) for at in frames]
        left = np.square(wanted - np.stack(made)).mean(axis=1)
        weights = 1 / (left + floor)
    explained = 1 - float(np.median(left / (energy + 1e-12)))
    return np.asarray(taps[::-1], dtype=np.float32), explained


def _whitened(channel: Floats, edge: int) -> Floats:
    """High frequencies raised, so that each counts about as much in speech; silence of length ``edge`` around it."""
    out: Floats = new_samples(1, channel.size + 2 * edge)[0]
    out[:edge] = out[edge + channel.size :] = 0
    inside = out[edge : edge + channel.size]
    inside[:1] = channel[:1]
    for start in range(1, channel.size, _PIECE):
        stop = min(start + _PIECE, channel.size)
        inside[start:stop] = channel[start:stop] - np.float32(0.95) * channel[start - 1 : stop - 1]
    out[edge + channel.size : edge + channel.size + 1] = -np.float32(0.95) * channel[-1:]
    return out


def _unmixed(samples: Samples, to_right: _Leak | None, to_left: _Leak | None) -> Samples:
    """The two channels that mix through these leaks to ``samples``, block by block."""
    both = to_right is not None and to_left is not None
    feedback = to_right.gain * to_left.gain if to_right is not None and to_left is not None else 0.0
    passes = int(np.ceil(np.log(_LEFT_OVER) / np.log(max(feedback, 1e-3)))) if both else 1
    out = new_samples(*samples.shape)
    block, margin = _BLOCK_S * SAMPLE_RATE, _MARGIN_S * SAMPLE_RATE
    for start in range(0, samples.shape[1], block):
        before = min(start, margin)
        mixed = samples[:, start - before : start + block + _TAPS]
        left, right = mixed
        for _ in range(passes):
            left = mixed[0] if to_left is None else mixed[0] - _leaked(right, to_left)
            right = mixed[1] if to_right is None else mixed[1] - _leaked(left, to_right)
        kept = slice(before, before + block)
        out[:, start : start + block] = np.clip(np.stack([left[kept], right[kept]]), -1, 1)
    return out


def _leaked(channel: Floats, leak: _Leak) -> Floats:
    """What the leak makes of a channel on the other one."""
    from scipy.signal import oaconvolve

    made = oaconvolve(channel, leak.taps)
    shift = leak.lag - _BEFORE
    padded = np.pad(made, (max(0, shift), max(0, -shift)))
    return np.asarray(padded[max(0, -shift) :][: channel.size], dtype=np.float32)
