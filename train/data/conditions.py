"""Noises at a level and codecs at a rate, which a model is tested through.

A condition is a name and a number: "white 10" is white noise 10 dB below the speech, "amr 5150" is AMR-NB at
5,150 bits a second. Noise is drawn from NumPy's global generator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from callmood.errors import CallmoodError
from callmood.model.loudness import levelled, trimmed
from callmood.sound import SAMPLE_RATE, Samples
from callmood.training.data.augment import NARROW, coded, noisy, resample

BABBLE_VOICES: Final = 6


def white(length: int, background: Sequence[Samples]) -> Samples:
    """Gaussian noise, [length]."""
    return np.random.normal(size=length).astype(np.float32)


def pink(length: int, background: Sequence[Samples]) -> Samples:
    """Noise whose power falls by 3 dB an octave, [length]."""
    spectrum = np.fft.rfft(np.random.normal(size=length))
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    return np.asarray(np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 20.0)), length), dtype=np.float32)


def babble(length: int, background: Sequence[Samples]) -> Samples:
    """``BABBLE_VOICES`` clips of ``background`` at one level, each starting anywhere and repeated, [length]."""
    if not background:
        raise CallmoodError("Babble is made of other speakers' clips, and there are none.")
    total = np.zeros(length, np.float32)
    for number in np.random.randint(len(background), size=BABBLE_VOICES):
        voice = levelled(trimmed(background[number]))
        total += np.resize(np.roll(voice, -np.random.randint(len(voice))), length)
    return total


def codec(name: str, container: str) -> Callable[[Samples, int], Samples]:
    """A codec of FFmpeg at 8 kHz: samples and bits a second in, samples out."""

    def through(samples: Samples, bit_rate: int) -> Samples:
        narrow = resample(samples, SAMPLE_RATE, NARROW)
        peak = float(np.abs(narrow).max(initial=0.0))
        narrow = narrow * np.float32(min(1.0, 0.95 / max(peak, 1e-9)))
        return resample(coded(narrow, NARROW, name, bit_rate, container), NARROW, SAMPLE_RATE)

    return through


NOISES: Final = {"white": white, "pink": pink, "babble": babble}
CODECS: Final = {
    "amr": codec("libopencore_amrnb", "amr"),
    "opus": codec("libopus", "ogg"),
    "g726": codec("g726", "wav"),
}


def is_condition(name: str) -> bool:
    """Whether ``name`` is that of a condition: a noise or a codec, and a number."""
    kind, _, number = name.partition(" ")
    return kind in {*NOISES, *CODECS} and number.lstrip("-").isdigit()


def condition(name: str, background: Sequence[Samples] = ()) -> Callable[[Samples], Samples]:
    """The condition ``name``: samples at 16 kHz in and out. ``background``: what babble is made of, at 16 kHz, too.

    The condition raises CallmoodError where it is babble and there are no such clips.
    """
    kind, _, number = name.partition(" ")
    level = int(number)
    if kind in CODECS:
        return lambda samples: CODECS[kind](samples, level)
    return lambda samples: noisy(samples, level, lambda length: NOISES[kind](length, background))
