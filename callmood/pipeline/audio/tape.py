"""Decoded frames of any rate and sample format -> float32 at 16 kHz, in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from callmood.pipeline.audio.room import new_samples
from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av
    import soxr

_BLOCK_S: Final = 4.0
_BEYOND_SOUND: Final = 16.0
"""Louder than this, 24 dB above full scale, a floating-point sample is an error and no sound."""
_WIDE: Final = ("s64", "s64p")
"""Sample formats that PyAV decodes but gives no array of."""
_GAP_S: Final = 0.1
"""Timestamps that jump by less are inexact."""
_LONG_GAP_S: Final = 600.0
"""A gap that is believed without the end that a file states."""
_MAX_PLANES: Final = 7
"""With more, PyAV reads beyond the end of a frame's list of planes, and crashes."""


class Tape:
    """Takes decoded frames of any rate and sample format; gives float32 at 16 kHz.

    Resamples block by block, so that only seconds of sound are in memory besides the result.
    """

    def __init__(self, expected_s: float, channels: int = 0) -> None:
        """``channels``: how many there are at least, where later frames have more than the first."""
        # Memory that is never written to costs nothing.
        self._room = int((max(expected_s, 60.0) * 1.02 + 1.0) * SAMPLE_RATE)
        self._samples: Samples | None = None
        self._more: list[Samples] = []
        self._length = 0
        self._waiting: list[Samples] = []
        self._waiting_s = 0.0
        self._rate = 0
        self._resampler: soxr.ResampleStream | None = None
        self._gaps: list[tuple[int, float]] = []
        self._added_s = 0.0
        self._least_channels = channels
        self.channels = 0
        self.start_s: float | None = None
        """The first frame's timestamp."""
        self.not_numbers = 0
        self.too_loud = 0

    @property
    def duration_s(self) -> float:
        """Of the sound, gaps included."""
        return self._length / SAMPLE_RATE + self.gaps_s

    @property
    def gaps_s(self) -> float:
        """The silence that the timestamps leave out."""
        return sum(seconds for _, seconds in self._gaps)

    @property
    def gaps(self) -> list[tuple[float, float]]:
        """Where each gap begins and how long it is, in seconds."""
        begins, found = 0.0, []
        for at, seconds in self._gaps:
            found.append((at / SAMPLE_RATE + begins, seconds))
            begins += seconds
        return found

    def add(self, frame: av.AudioFrame, at_s: float | None = None, end_s: float | None = None) -> None:
        """Append a decoded frame; where its timestamp ``at_s`` is later than the sound so far, a gap is kept.

        ``end_s`` is when the file says that it ends: a gap beyond is a damaged timestamp.
        """
        if not frame.samples:
            return
        block = self._as_float(frame)
        if at_s is not None:
            self._place(at_s, frame.samples / frame.sample_rate, end_s)
        self._added_s += frame.samples / frame.sample_rate
        if frame.sample_rate != self._rate:  # also in the middle, where streams were joined
            self.end()
            self._start(frame.sample_rate, block.shape[1])
        self._waiting.append(block)
        self._waiting_s += frame.samples / frame.sample_rate
        if self._waiting_s >= _BLOCK_S:
            self._resample(last=False)

    def end(self) -> None:
        """Append what the resampler still holds; no more frames of this rate follow."""
        if self._gaps and self._gaps[-1][1] > _LONG_GAP_S:
            after_s = self._added_s - self._gaps[-1][0] / SAMPLE_RATE
            if after_s < 1.0:  # a damaged timestamp at the end
                self._gaps.pop()
        if self._rate:
            self._resample(last=True)
            self._rate = 0

    def take(self) -> Samples:
        """All that was added, [channels, n], with silence in the gaps. Empties the tape."""
        pieces = self._with_gaps()
        self._samples, self._more = None, []
        if len(pieces) == 1:
            return pieces[0]
        out = new_samples(max(1, self.channels), sum(piece.shape[1] for piece in pieces))
        at = 0
        while pieces:  # each piece is freed as soon as it is copied
            piece = pieces.pop(0)
            out[:, at : at + piece.shape[1]] = piece
            at += piece.shape[1]
        return out

    def _place(self, at_s: float, length_s: float, end_s: float | None) -> None:
        if self.start_s is None:
            self.start_s = at_s - self._added_s
        late_s = at_s - (self.start_s + self._added_s + self.gaps_s)
        while late_s < -_GAP_S and self._gaps:  # the jump before was an error, or overlaps
            late_s += self._gaps.pop()[1]
        if late_s > _GAP_S and (late_s <= _LONG_GAP_S if end_s is None else at_s + length_s <= end_s):
            # what still waits and what is in the resampler belongs before the gap
            self._gaps.append((round(self._added_s * SAMPLE_RATE), late_s))
        elif abs(late_s) > _GAP_S:
            self.start_s += late_s

    def _start(self, rate: int, channels: int) -> None:
        import soxr

        self._rate = rate
        if self._samples is None:
            self._samples = new_samples(channels, self._room)
        same = rate == SAMPLE_RATE
        self._resampler = None if same else soxr.ResampleStream(rate, SAMPLE_RATE, channels, "float32", "HQ")

    def _as_float(self, frame: av.AudioFrame) -> Samples:
        """[n, channels], within -1 to 1 unless the file itself exceeds that."""
        block = _array(frame)
        self.channels = self.channels or max(block.shape[1], self._least_channels)
        block = block[:, : self.channels]
        if block.dtype == np.uint8:
            floats = (block.astype(np.float32) - 128.0) / 128.0
        elif block.dtype.kind == "i":
            floats = block.astype(np.float32) / np.float32(2.0 ** (8 * block.itemsize - 1))
        else:
            floats = self._cleaned(block)
        if floats.shape[1] < self.channels:  # a stereo stream that continues in mono
            floats = np.repeat(floats[:, :1], self.channels, axis=1)
        return floats

    def _cleaned(self, block: npt.NDArray[Any]) -> Samples:
        with np.errstate(invalid="ignore"):
            sound = np.abs(block) <= _BEYOND_SOUND
        if sound.all():
            return block.astype(np.float32)
        numbers = np.isfinite(block)
        self.not_numbers += int((~numbers).sum())
        self.too_loud += int((numbers & ~sound).sum())
        return np.where(sound, block, 0).astype(np.float32)

    def _resample(self, *, last: bool) -> None:
        block = np.concatenate(self._waiting) if self._waiting else np.zeros((0, self.channels), np.float32)
        self._waiting, self._waiting_s = [], 0.0
        if self._resampler is not None:
            block = self._resampler.resample_chunk(block, last=last).reshape(-1, self.channels)
        assert self._samples is not None
        room = max(0, self._samples.shape[1] - self._length)
        end = self._length + block.shape[0]
        np.clip(block[:room].T, -1.0, 1.0, out=self._samples[:, self._length : end])
        if block.shape[0] > room:
            self._more.append(np.clip(block[room:].T, -1.0, 1.0))
        self._length = end

    def _with_gaps(self) -> list[Samples]:
        """What was added, cut where there is a gap, and the silence of the gaps."""
        if self._samples is None:
            return []
        pieces: list[Samples] = []
        gaps = self._gaps[::-1]
        at = 0
        for block in (self._samples[:, : self._length], *self._more):
            while gaps and gaps[-1][0] <= at + block.shape[1]:
                where, seconds = gaps.pop()
                cut = max(0, where - at)
                silence = np.zeros((self.channels, round(seconds * SAMPLE_RATE)), np.float32)
                pieces += [block[:, :cut], silence]
                block, at = block[:, cut:], at + cut
            pieces.append(block)
            at += block.shape[1]
        return pieces


def _array(frame: av.AudioFrame) -> npt.NDArray[Any]:
    """[n, channels], as the decoder made it."""
    if frame.format.is_planar and frame.layout.nb_channels > _MAX_PLANES:
        frame = _packed(frame)
    width = 1 if frame.format.is_planar else frame.layout.nb_channels
    if frame.format.name in _WIDE:
        planes = [np.frombuffer(bytes(plane), np.int64)[: frame.samples * width] for plane in frame.planes]
        raw: npt.NDArray[Any] = np.stack(planes)
    else:
        raw = frame.to_ndarray()
    return raw.T if frame.format.is_planar else raw.reshape(-1, width)


def _packed(frame: av.AudioFrame) -> av.AudioFrame:
    import av

    frame.pts = None
    packer = av.AudioResampler(format=frame.format.packed.name, layout=frame.layout, rate=frame.sample_rate)
    return packer.resample(frame)[0]
