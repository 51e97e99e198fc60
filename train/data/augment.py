"""Augmented copies of a speaker's clips: another voice, another room, babble in the background, another line.

The changes are drawn once and applied to all clips of a speaker, as on a call: the clip and the baseline that it is
compared with then come through the same line.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from callmood.model.loudness import levelled, trimmed
from callmood.sound import SAMPLE_RATE, Samples

NARROW = 8_000


def resample(samples: Samples, from_rate: float, to_rate: float) -> Samples:
    """``samples`` at another rate (soxr, high quality)."""
    import soxr

    return np.asarray(soxr.resample(samples, from_rate, to_rate), dtype=np.float32)


def coded(samples: Samples, rate: int, codec: str, bit_rate: int | None, container: str) -> Samples:
    """``samples`` at ``rate`` through a codec of FFmpeg and back, in memory, as long as before."""
    import av

    store = BytesIO()
    stream: Any
    with av.open(store, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.layout = "mono"
        if bit_rate:
            stream.bit_rate = bit_rate
        pcm = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=rate, frame_size=0
        )
        for piece in resampler.resample(frame) + resampler.resample(None):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    store.seek(0)
    with av.open(store, "r") as source:
        back = av.AudioResampler(format="flt", layout="mono", rate=rate)
        pieces = [part.to_ndarray()[0] for whole in source.decode(audio=0) for part in back.resample(whole)]
        pieces += [part.to_ndarray()[0] for part in back.resample(None)]
    decoded = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    return np.pad(decoded, (0, max(0, len(samples) - len(decoded))))[: len(samples)].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Codec:
    """An FFmpeg encoder with the bit rates it is drawn with, and the rate it runs at."""

    name: str
    container: str
    bit_rates: tuple[int | None, ...] = (None,)
    rate: int = NARROW


CODECS = (
    Codec("pcm_alaw", "wav"),
    Codec("pcm_mulaw", "wav"),
    Codec("adpcm_ima_wav", "wav"),
    Codec("g726", "wav", (24_000, 32_000, 40_000)),
    Codec("libopencore_amrnb", "amr", (5_150, 6_700, 7_950, 10_200, 12_200)),
    Codec("libopus", "ogg", (8_000, 12_000, 16_000)),
    Codec("libmp3lame", "mp3", (16_000, 24_000)),
    Codec("g722", "wav", rate=SAMPLE_RATE),
    Codec("libopus", "ogg", (12_000, 16_000, 24_000), SAMPLE_RATE),
)

Change = Callable[[Samples], Samples]
"""float32 [n] at 16 kHz in and out, not always as long."""


def _drawn_once(transforms: Sequence[Any], clip: Samples) -> Change:
    """audiomentations' transforms with the parameters that one draw gives, the same for every later clip."""
    from audiomentations import Compose

    chain = Compose(list(transforms))
    chain(clip, sample_rate=SAMPLE_RATE)
    chain.freeze_parameters()
    return lambda samples: np.asarray(chain(samples, sample_rate=SAMPLE_RATE), dtype=np.float32)


def voice(rng: random.Random, clips: Sequence[Samples]) -> Change:
    """Another voice: speed of the recording (pitch and formants together), pitch and tempo."""
    from audiomentations import PitchShift, TimeStretch

    speed = rng.uniform(0.88, 1.14)
    change = _drawn_once(
        [
            PitchShift(-2.0, 2.0, p=0.3),
            TimeStretch(0.9, 1.12, leave_length_unchanged=False, p=0.3),
        ],
        clips[0],
    )
    return lambda samples: change(resample(samples, SAMPLE_RATE * speed, SAMPLE_RATE))


def room(rng: random.Random, clips: Sequence[Samples]) -> Change:
    """Another microphone and room: equaliser, noise, gain, overdrive."""
    from audiomentations import AddColorNoise, ClippingDistortion, Gain, SevenBandParametricEQ

    return _drawn_once(
        [
            SevenBandParametricEQ(-6.0, 6.0, p=0.7),
            AddColorNoise(min_snr_db=12.0, max_snr_db=40.0, p=0.6),
            ClippingDistortion(0, 3, p=0.1),
            Gain(-12.0, 6.0, p=0.8),
        ],
        clips[0],
    )


def babble(rng: random.Random, clips: Sequence[Samples]) -> Change:
    """Two to eight other voices in the background.

    They are ``clips`` of the speaker at other speeds, which makes other voices of them: no speaker of a test part
    gets into the training.
    """
    level = rng.uniform(5.0, 25.0)
    speeds = [
        rng.choice((rng.uniform(0.75, 0.94), rng.uniform(1.06, 1.25))) for _ in range(rng.randint(2, 8))
    ]

    def others(length: int) -> Samples:
        total = np.zeros(length, np.float32)
        for speed in speeds:
            other = levelled(trimmed(clips[np.random.randint(len(clips))]))
            talk = resample(other, SAMPLE_RATE * speed, SAMPLE_RATE)
            loudness = np.float32(10 ** (np.random.uniform(-6.0, 0.0) / 20))
            total += loudness * np.resize(np.roll(talk, -np.random.randint(len(talk))), length)
        return total

    return lambda samples: noisy(samples, level, others)


def noisy(samples: Samples, snr_db: float, noise: Callable[[int], Samples]) -> Samples:
    """Speech [n] without its silent ends, as a call's segments are cut, with ``noise`` ``snr_db`` below it in power."""
    speech = trimmed(samples)
    added = noise(len(speech))
    wanted = np.sqrt(np.square(speech).mean() / 10 ** (snr_db / 10))
    return np.asarray(speech + added * (wanted / (np.sqrt(np.square(added).mean()) + 1e-9)), dtype=np.float32)


def line(rng: random.Random, clips: Sequence[Samples]) -> Change:
    """A telephone line drawn at random; never that of the test (lines.telephone)."""
    from audiomentations import HighPassFilter, LowPassFilter

    codec = rng.choice(CODECS)
    bit_rate = rng.choice(codec.bit_rates)
    low, high = rng.uniform(60.0, 480.0), rng.uniform(2600.0, 3900.0)
    while codec.name == "pcm_mulaw" and 250.0 < low < 350.0 and 3200.0 < high < 3600.0:
        low, high = rng.uniform(60.0, 480.0), rng.uniform(2600.0, 3900.0)
    if codec.rate == SAMPLE_RATE:
        low, high = low / 3, high * 1.9
    rolloffs = (12, 18, 24, 36)
    first, second = rng.choice(rolloffs), rng.choice(rolloffs)
    band = _drawn_once(
        [
            HighPassFilter(low, low, first, first, p=1.0),
            LowPassFilter(high, high, second, second, p=1.0),
        ],
        clips[0],
    )

    def through(samples: Samples) -> Samples:
        narrow = resample(band(samples), SAMPLE_RATE, codec.rate)
        peak = float(np.abs(narrow).max(initial=0.0))
        if peak > 0.95:
            narrow = narrow * np.float32(0.95 / peak)
        decoded = coded(narrow, codec.rate, codec.name, bit_rate, codec.container)
        return resample(decoded, codec.rate, SAMPLE_RATE)

    return through


STEPS = {"voice": voice, "room": room, "babble": babble, "line": line}


def augmentation(steps: Sequence[str], seed: int, clips: Sequence[Samples]) -> Change:
    """The named steps (of ``STEPS``) one after the other, their parameters drawn with ``seed``.

    ``clips``: one or more of the speaker's, at 16 kHz. No parameter depends on them; babble is made of them.
    """
    rng = random.Random(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    chosen = [STEPS[name](rng, clips) for name in steps]

    def apply(samples: Samples) -> Samples:
        for step in chosen:
            samples = step(samples)
        return samples

    return apply
