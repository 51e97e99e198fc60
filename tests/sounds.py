"""Sound for tests: writing it in any format that PyAV can write, and comparing it."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callmood.sound import SAMPLE_RATE

DATA = Path(__file__).parent / "data"
CALLS = DATA / "calls"
STEREO_CALL = CALLS / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"

Sound = npt.NDArray[np.float32]


def write_audio(
    path: Path, sound: Sound, codec: str = "pcm_s16le", rate: int = SAMPLE_RATE, layout: str | None = None
) -> Path:
    """Writes [channels, n] at 16 kHz as ``codec``; the extension chooses the container. Returns ``path``."""
    import av
    import soxr

    at_rate = soxr.resample(np.ascontiguousarray(sound.T), SAMPLE_RATE, rate)
    pcm = np.clip(np.round(at_rate * 32_767), -32_768, 32_767).astype(np.int16)
    layout = layout or {1: "mono", 2: "stereo"}[sound.shape[0]]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        if codec == "wmav2":
            stream.bit_rate = 64_000  # it has no default of its own
        stream.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder
        for start in range(0, len(pcm), rate):
            block = np.ascontiguousarray(pcm[start : start + rate]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def correlation(one: Sound, other: Sound, max_lag_s: float = 0.1) -> float:
    """Correlation of two [n] at the best lag, because codecs delay."""
    size = 1 << (one.size + other.size).bit_length()
    product = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))
    lags = round(max_lag_s * SAMPLE_RATE)
    best = max(product[:lags].max(), product[-lags:].max())
    return float(best / (np.linalg.norm(one) * np.linalg.norm(other)))


def melody(seconds: float) -> Sound:
    """Music on hold: notes of a piano-like sound, [n]."""
    out = np.zeros(round(seconds * SAMPLE_RATE))
    for i in range(int(seconds / 0.25)):
        note = out[round(i * 0.25 * SAMPLE_RATE) : round((i * 0.25 + 0.5) * SAMPLE_RATE)]
        t = np.arange(len(note)) / SAMPLE_RATE
        pitch = (262, 330, 392, 523, 440, 349)[i * 5 % 6]
        note += np.sin(2 * np.pi * pitch * t) * np.exp(-3 * t) + np.sin(4 * np.pi * pitch * t) / 3
    return (0.1 * out).astype(np.float32)


def ringing(seconds: float) -> Sound:
    """Ringing, [n]: a second in three."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.1 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * (t % 3 < 1)).astype(
        np.float32
    )


def pink_noise(seconds: float) -> Sound:
    """[n]."""
    white = np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE))
    spectrum = np.fft.rfft(white)
    out = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), white.size)
    return (out / np.abs(out).max() / 4).astype(np.float32)
