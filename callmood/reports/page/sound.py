"""What a page shows and plays of recordings: waveforms and compressed clips."""

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

import av
import numpy as np

from callmood.pipeline.audio.decode import decode
from callmood.pipeline.audio.files import UnreadableRecording
from callmood.pipeline.audio.legs import decode_sides
from callmood.remote import as_path
from callmood.sound import SAMPLE_RATE, Samples

AudioChoice: TypeAlias = Literal["none", "link", "embed"]
"""Whether a page has no sound, plays the recordings where they are, or has compressed copies inside."""

_BARS: Final = 900
"""Of a waveform: a call's timeline is about as many pixels wide."""
_BIT_RATE: Final = 24_000
"""Of a clip. Speech of 16 kHz in MP3, the one codec that every browser plays, those without patented codecs too."""


class Sound(NamedTuple):
    """What a page has of one recording."""

    waveform: tuple[str, ...]
    """For each channel, the loudest of each of up to _BARS stretches as a byte; base64."""
    clip: bytes | None
    """MP3."""


def sound_of(
    paths: Sequence[str], *, with_clip: bool, muted: Iterable[tuple[float, float]] = ()
) -> Sound | None:
    """The waveform and, if wanted, a clip of a whole recording; None if it can't be read.

    ``paths``: its file, or the two files of its sides. ``muted``: stretches in seconds that the clip has silence for;
    the waveform is flat there too.
    """
    try:
        files = [as_path(path) for path in paths]
        samples = (decode_sides(files[0], files[1]) if len(files) == 2 else decode(files[0])).samples
    except UnreadableRecording:
        return None
    for start_s, end_s in muted:
        samples[:, max(0, int(start_s * SAMPLE_RATE)) : int(end_s * SAMPLE_RATE) + 1] = 0
    return Sound(_waveform(samples), _compressed(samples) if with_clip else None)


def _waveform(samples: Samples) -> tuple[str, ...]:
    step = max(1, -(-samples.shape[1] // _BARS))
    padded = np.pad(samples, ((0, 0), (0, -samples.shape[1] % step)))
    peaks = np.abs(padded).reshape(samples.shape[0], -1, step).max(axis=2)
    scaled = (255 * peaks / max(float(peaks.max()), 1e-6)).astype(np.uint8)
    return tuple(b64encode(row.tobytes()).decode() for row in scaled)


def _compressed(samples: Samples) -> bytes:
    """Both sides mixed, because half the size lets twice as many calls into a page."""
    mixed = np.clip(samples.sum(axis=0), -1, 1)
    pcm = (mixed * 32767).astype(np.int16)[np.newaxis]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = _BIT_RATE
        for start in range(0, pcm.shape[1], SAMPLE_RATE):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(pcm[:, start : start + SAMPLE_RATE]), format="s16p", layout="mono"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
