"""Decoded frames of any rate and sample format -> float32 at 16 kHz, in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av
    import soxr

MAX_DURATION_S: Final = 12 * 3600.0
"""Above this a file is a logger's tape, not a call: as samples in memory it would be 5 GB and more."""
CHANNELS: Final = 2
"""Further channels are ignored."""
_BLOCK_S: Final = 4.0


class Tape:
    """Takes decoded frames of any rate and sample format; gives float32 at 16 kHz.

    Resamples block by block, so that only seconds of sound are in memory besides the result.
    """

    def __init__(self, expected_s: float) -> None:
        # A header can promise anything. Memory that is never written to costs nothing.
        self._room = int(min(max(expected_s, 60.0) + 1.0, MAX_DURATION_S) * SAMPLE_RATE)
        self._samples: Samples | None = None
        self._length = 0
        self._waiting: list[Samples] = []
        self._waiting_s = 0.0
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self.file_channels = 0
        self.not_numbers = 0

    @property
    def duration_s(self) -> float:
        return self._length / SAMPLE_RATE

    def samples(self) -> Samples:
        """All that was added so far: [channels, n]."""
        if self._samples is None:
            return np.zeros((1, 0), np.float32)
        return self._samples[:, : self._length]

    def add(self, frame: av.AudioFrame) -> None:
        """Append a decoded frame."""
        if not frame.samples:
            return
        block = self._as_float(frame)
        if frame.sample_rate != self._rate:  # also in the middle, where streams were joined
            self.end()
            self._start(frame.sample_rate, block.shape[1])
        self._waiting.append(block)
        self._waiting_s += frame.samples / frame.sample_rate
        if self._waiting_s >= _BLOCK_S:
            self._resample(last=False)

    def end(self) -> None:
        """Append what the resampler still holds; no more frames of this rate follow."""
        if self._rate:
            self._resample(last=True)
            self._rate = 0

    def _start(self, rate: int, channels: int) -> None:
        import soxr

        self._rate = rate
        if self._samples is None:
            self._samples = np.empty((channels, self._room), np.float32)
        same = rate == SAMPLE_RATE
        self._resampler = None if same else soxr.ResampleStream(rate, SAMPLE_RATE, channels, "float32", "HQ")

    def _as_float(self, frame: av.AudioFrame) -> Samples:
        """[n, channels], -1 to 1 unless the file itself exceeds that."""
        raw: npt.NDArray[Any] = frame.to_ndarray()
        channels = frame.layout.nb_channels
        self.file_channels = max(self.file_channels, channels)
        block = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
        kept = min(channels, CHANNELS) if self._samples is None else self._samples.shape[0]
        block = block[:, :kept]
        if block.dtype == np.uint8:
            floats = (block.astype(np.float32) - 128.0) / 128.0
        elif block.dtype.kind == "i":
            floats = block.astype(np.float32) / 2.0 ** (8 * block.itemsize - 1)
        else:
            floats = block.astype(np.float32)
            bad = ~np.isfinite(floats)
            if bad.any():
                self.not_numbers += int(bad.sum())
                floats[bad] = 0.0
        if floats.shape[1] < kept:  # a stereo stream that continues in mono
            floats = np.repeat(floats[:, :1], kept, axis=1)
        return floats

    def _resample(self, *, last: bool) -> None:
        channels = 0 if self._samples is None else self._samples.shape[0]
        block = np.concatenate(self._waiting) if self._waiting else np.zeros((0, channels), np.float32)
        self._waiting, self._waiting_s = [], 0.0
        if self._resampler is not None:
            block = self._resampler.resample_chunk(block, last=last).reshape(-1, channels)
        self._write(block)

    def _write(self, block: Samples) -> None:
        assert self._samples is not None
        end = self._length + block.shape[0]
        if end > self._samples.shape[1]:
            larger = np.empty((self._samples.shape[0], max(end, self._samples.shape[1] * 3 // 2)), np.float32)
            larger[:, : self._length] = self._samples[:, : self._length]
            self._samples = larger
        np.clip(block.T, -1.0, 1.0, out=self._samples[:, self._length : end])
        self._length = end
