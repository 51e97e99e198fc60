"""Music on hold, ringing and other tones: sound in the silences of a call that is neither speech nor noise.

Nothing is looked for where anybody speaks: what counts is that the wait is no silence of the people. Music and tones
have their energy in narrow peaks of the spectrum; noise, breath and typing spread it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callmood.arrays import Floats, Mask
from callmood.call import Hold, HoldKind, Speech
from callmood.pipeline.speakers.vad import runs
from callmood.sound import SAMPLE_RATE, Samples

_WINDOW: Final = 2048
_HOP: Final = 1024
_BLOCK: Final = 1_000
"""Frames worked on at once."""
_HOP_S: Final = _HOP / SAMPLE_RATE
_BAND_HZ: Final = (250, 3400)
_TONAL_FLATNESS: Final = 0.15
"""Geometric over arithmetic mean of the power spectrum: noise is at 0.5, music below 0.1."""
_TONE_SHARE: Final = 0.9
"""A tone has this share of its power in its two highest peaks, in this share of its frames."""
_PEAK_BINS: Final = 3
"""Bins on each side that belong to a peak."""
_TONE_BINS: Final = 4
"""Peaks within so many bins are of one frequency."""
_TONE_FREQUENCIES: Final = 3
"""Ringing and busy tones have one or two frequencies, the tone for a wrong number three; a melody has more."""
_BELOW_SPEECH_DB: Final = 20.0
"""What is quieter than the call's speech by more is background."""
_AUDIBLE_DB: Final = -50.0
_MIN_SILENCE_S: Final = 1.0
_MIN_MUSIC_S: Final = 3.0
_MUSIC_GAP_S: Final = 0.6
_MIN_MUSIC_SHARE: Final = 0.7
"""Of the frames of a stretch of music this share is tonal."""
_MIN_TONE_S: Final = 0.3
_RINGING_GAP_S: Final = 4.3
"""Ringing pauses up to 4 s between two rings; the pauses belong to it."""
_MIN_RINGING_S: Final = 0.8
"""Tones that sound for less in all are a key or a beep."""
_SPEECH_MARGIN_S: Final = 0.2


def find_holds(samples: Samples, speech: Sequence[Speech]) -> tuple[Hold, ...]:
    """The music and tones in samples [channels, n] while there is no ``speech``, by start."""
    length_s = samples.shape[1] / SAMPLE_RATE
    speech_db = _speech_db(samples, speech)
    found: list[Hold] = []
    for start_s, end_s in _silences(speech, length_s):
        first = round(start_s * SAMPLE_RATE)
        silence = samples[:, first : round(end_s * SAMPLE_RATE)]
        # the louder channel: hold music may play to one side only
        channel = silence[int(np.argmax(np.einsum("ij,ij->i", silence, silence)))]
        found += [
            Hold(kind, start_s + a, min(start_s + b, end_s)) for kind, a, b in _sounds(channel, speech_db)
        ]
    return tuple(sorted(found, key=lambda hold: hold.start_s))


def _silences(speech: Sequence[Speech], length_s: float) -> Iterator[tuple[float, float]]:
    """The stretches of at least a second in which nobody speaks."""
    at_s = 0.0
    for one in sorted(speech, key=lambda one: one.start_s):
        if one.start_s - _SPEECH_MARGIN_S - at_s >= _MIN_SILENCE_S:
            yield at_s, one.start_s - _SPEECH_MARGIN_S
        at_s = max(at_s, one.end_s + _SPEECH_MARGIN_S)
    if length_s - at_s >= _MIN_SILENCE_S:
        yield at_s, length_s


def _speech_db(samples: Samples, speech: Sequence[Speech]) -> float:
    """The level of a call's speech; that of faint speech without any."""
    spoken = [samples[:, round(one.start_s * SAMPLE_RATE) : round(one.end_s * SAMPLE_RATE)] for one in speech]
    powers = [float(np.square(part).mean(axis=1).max()) for part in spoken if part.shape[1]]
    return 10 * float(np.log10(np.median(powers) + 1e-12)) if powers else _AUDIBLE_DB + _BELOW_SPEECH_DB


def _sounds(channel: Samples, speech_db: float) -> Iterator[tuple[HoldKind, float, float]]:
    """The music and tones of a silence [n]: kind, start and end in seconds."""
    from_db = max(_AUDIBLE_DB, speech_db - _BELOW_SPEECH_DB)
    parts = [_tonal(power, from_db) for power in _powers(channel)]
    if not parts:
        return
    tonal, dominant = (np.concatenate(part) for part in zip(*parts, strict=True))
    stretches = _joined(runs(tonal).tolist(), _MUSIC_GAP_S)
    tones = [run for run in stretches if _is_tone(tonal[slice(*run)], dominant[slice(*run)])]
    for start, end in _joined(tones, _RINGING_GAP_S):
        if sum(b - a for a, b in tones if start <= a < end) * _HOP_S >= _MIN_RINGING_S:
            yield "tone", start * _HOP_S, end * _HOP_S
    for start, end in stretches:
        if (
            (start, end) not in tones
            and (end - start) * _HOP_S >= _MIN_MUSIC_S
            and tonal[start:end].mean() >= _MIN_MUSIC_SHARE
        ):
            yield "music", start * _HOP_S, end * _HOP_S


def _is_tone(tonal: Mask, dominant: NDArray[np.intp]) -> bool:
    """Whether the frames of a run are one sound of a few fixed frequencies."""
    if len(tonal) * _HOP_S < _MIN_TONE_S:
        return False
    heard = dominant[tonal]
    steady = sum(count for _, count in Counter((heard // _TONE_BINS).tolist()).most_common(_TONE_FREQUENCIES))
    return (heard >= 0).mean() >= _TONE_SHARE and steady >= _TONE_SHARE * heard.size


def _powers(channel: Samples) -> Iterator[Floats]:
    """Power spectra [frames, bins] of the telephone's band, a minute at a time."""
    if channel.size < _WINDOW:
        return
    frames = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW)
    low, high = (round(hertz * _WINDOW / SAMPLE_RATE) for hertz in _BAND_HZ)
    for start in range(0, len(frames), _BLOCK):
        spectra = np.abs(np.fft.rfft(frames[start : start + _BLOCK] * window, axis=1)) ** 2
        yield np.asarray(spectra[:, low:high] / np.square(window).sum() / _WINDOW * 2, dtype=np.float32)


def _tonal(power: Floats, from_db: float) -> tuple[Mask, NDArray[np.intp]]:
    """Which frames are loud with narrow peaks; and the bin of the highest, -1 where there are more than two."""
    total = power.sum(axis=1)
    loud = 10 * np.log10(total + 1e-12) >= from_db
    flatness = np.exp(np.log(power + 1e-14).mean(axis=1)) / (power.mean(axis=1) + 1e-14)
    rest = power.copy()
    for _ in range(2):
        peaks = rest.argmax(axis=1)
        for shift in range(-_PEAK_BINS, _PEAK_BINS + 1):
            rest[np.arange(len(rest)), np.clip(peaks + shift, 0, rest.shape[1] - 1)] = 0
    pure = rest.sum(axis=1) <= (1 - _TONE_SHARE) * total
    return loud & (flatness < _TONAL_FLATNESS), np.where(pure, power.argmax(axis=1), -1)


def _joined(spans: Iterable[Sequence[int]], gap_s: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and (start - found[-1][1]) * _HOP_S <= gap_s:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
