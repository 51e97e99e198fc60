"""A recording's sound: decoded once, brought to 16 kHz, its channels kept apart.

The libraries that decode come inside PyAV's wheels; no ffmpeg needs to be installed. A file is only ever read
through an open Python file: its name is never taken for an address, and formats that point to other files are
not let in.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal

import numpy as np
import numpy.typing as npt

from callmood.errors import CallmoodError
from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av
    import soxr
    from av import AudioCodecContext, AudioStream
    from av.container import InputContainer

MIN_DURATION_S: Final = 0.5
MAX_DURATION_S: Final = 12 * 3600.0
"""Above this a file is a logger's tape, not a call: as samples in memory it would be 5 GB and more."""

Reason = Literal[
    "missing",
    "no permission",
    "empty file",
    "not audio",
    "no audio stream",
    "damaged",
    "too short",
    "too long",
]


_DEMUXERS: Final = "wav,w64,mp3,aac,mov,ogg,flac,matroska,amr,amrnb,amrwb,aiff,au,caf,asf,gsm"
"""ffmpeg's readers that may run. Playlists (m3u8, concat, sdp ...) would open other files and addresses."""
_MAGIC: Final = (
    (0, b"RIFF"), (0, b"RIFX"), (0, b"RF64"), (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (0, b"OggS"),
    (0, b"fLaC"), (0, b"\x1a\x45\xdf\xa3"), (0, b"#!AMR"), (0, b"ID3"), (0, b"FORM"), (0, b"caff"),
    (0, b".snd"), (0, b"\x30\x26\xb2\x75"),
)  # fmt: skip
"""How recordings begin: tells a damaged recording from a file that never was one."""
_EXACT_LENGTH: Final = {"wav", "w64", "mov", "flac", "matroska", "caf", "aiff"}
"""Containers whose header states the length; elsewhere it is an estimate and proves nothing."""
_BETTER_DECODERS: Final = {"amr_nb": "libopencore_amrnb", "amr_wb": "libopencore_amrwb"}
_RATES_HZ: Final = range(4_000, 400_001)
_CHANNELS: Final = 2
_MOST_PLANES: Final = 7
"""PyAV reads beyond the end of a frame's list of planes where it has more, and crashes."""
_BLOCK_S: Final = 4.0
_STREAMED_WAV: Final = range(0x7FFF_0000, 0x1_0000_0000)
"""Data sizes that writers put who did not know the length yet."""
_PAGE_BYTES: Final = 65_536
"""An Ogg page is at most about this long; the headers of other formats fit as well."""


class UnreadableRecording(CallmoodError):
    """A file that gives no usable sound. ``reason`` is short enough to count by."""

    def __init__(self, path: Path, reason: Reason, what: str) -> None:
        super().__init__(f"{printable(path.name)} {what}.")
        self.path = path
        self.reason: Reason = reason
        self._what = what

    def __reduce__(self) -> tuple[type[UnreadableRecording], tuple[Path, Reason, str]]:
        return type(self), (self.path, self.reason, self._what)  # pickles it between worker processes


@dataclass(frozen=True, slots=True)
class Audio:
    """What a recording sounds like."""

    samples: Samples
    """[channels, n] at 16 kHz, -1 to 1."""
    sample_rate: int
    """Of the file, in Hz."""
    channels: int
    """1 or 2: rows of ``samples``."""
    duration_s: float
    format: str
    """Container and codec, such as "wav/pcm_mulaw"."""
    warnings: tuple[str, ...] = ()
    """One sentence each."""


def decode(path: Path) -> Audio:
    """The sound of ``path``, as much of it as can be read.

    A file that breaks off or has damaged places gives what is left and a warning. Raises UnreadableRecording
    where nothing usable is left.
    """
    with opened(path) as file, _container(path, file) as container:
        stream = _audio_stream(path, container)
        rate = stream.sample_rate
        if rate not in _RATES_HZ:
            raise UnreadableRecording(path, "damaged", f"claims to have {rate} samples a second")
        declared_s = _declared_duration(path, container, stream, file)
        tape = _Tape(container.duration / 1e6 if container.duration else 0.0)
        damaged, torn = _play(path, container, stream, tape)
        breaks_off = _ogg_breaks_off(container, file) or (torn and declared_s is None)
        form = _format(path, container, stream)

    samples = tape.samples()
    duration_s = samples.shape[1] / SAMPLE_RATE
    if not samples.size:
        raise UnreadableRecording(
            path, "damaged", "begins like a recording, but nothing of it can be decoded"
        )
    if duration_s < MIN_DURATION_S:
        what = f"has only {duration_s:.2f} s of sound, less than {MIN_DURATION_S} s"
        raise UnreadableRecording(path, "too short", what)
    return Audio(
        samples=samples,
        sample_rate=rate,
        channels=samples.shape[0],
        duration_s=duration_s,
        format=form,
        warnings=tuple(_warnings(tape, damaged, duration_s, declared_s, breaks_off)),
    )


def printable(name: str) -> str:
    """``name`` on one line: what a terminal can't show (line ends, bytes that are no text) is escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """``path`` open for reading; UnreadableRecording where it can't be or holds nothing."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise UnreadableRecording(path, "not audio", "is not a file")
        if status.st_size == 0:
            raise UnreadableRecording(path, "empty file", "is empty")
        file = path.open("rb")
    except FileNotFoundError:
        raise UnreadableRecording(path, "missing", "is not there any more") from None
    except PermissionError:
        raise UnreadableRecording(path, "no permission", "may not be read: no permission") from None
    except OSError as error:
        raise UnreadableRecording(path, "damaged", f"can't be opened: {error.strerror or error}") from None
    with file:
        try:
            yield file
        except OSError as error:
            what = f"can't be read: {error.strerror or error}"
            raise UnreadableRecording(path, "damaged", what) from None


class _Source:
    """The part of a file that PyAV needs, under a name of which only the ending is true.

    Raises nothing: PyAV would keep an error that FFmpeg has shrugged off, and raise it over a later file.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.name = f"recording{path.suffix.lower()}" if path.suffix.isascii() else "recording"
        self.failure: OSError | None = None
        self._file = file

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.failure = error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):  # before the beginning: what a damaged file may ask for
            return -1

    def tell(self) -> int:
        return self._file.tell()


@contextmanager
def _container(path: Path, file: BinaryIO) -> Iterator[InputContainer]:
    import av

    head = file.read(12)
    file.seek(0)
    # A bare GSM stream has no header to know it by, only the nibble that each of its frames begins with.
    bare_gsm = path.suffix.lower() == ".gsm" and head[0] >> 4 == 0xD
    source = _Source(path, file)
    try:
        container = av.open(
            source,
            mode="r",
            format="gsm" if bare_gsm else None,
            options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"},
            metadata_errors="replace",
            buffer_size=1 << 18,
        )
    except (av.error.FFmpegError, ValueError) as error:
        if source.failure is not None:
            raise source.failure from None
        if any(head[at : at + len(magic)] == magic for at, magic in _MAGIC):
            what = f"begins like a recording, but can't be read: {_plain(error)}"
            raise UnreadableRecording(path, "damaged", what) from None
        raise UnreadableRecording(path, "not audio", "holds no sound of a kind that callmood knows") from None
    with container:
        yield container
    if source.failure is not None:
        raise source.failure


def _plain(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _audio_stream(path: Path, container: InputContainer) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        raise UnreadableRecording(path, "no audio stream", "holds no sound, only other streams")
    stream = streams[0]
    if stream.codec_context is None:
        raise UnreadableRecording(path, "damaged", "is in a coding that callmood does not know")
    return stream


def _declared_duration(
    path: Path, container: InputContainer, stream: AudioStream, file: BinaryIO
) -> float | None:
    """Seconds of sound that the header promises; None where it promises nothing."""
    names = container.format.name.split(",")
    if "wav" in names and (cut := _wav_duration(_peek(file, 0), path.stat().st_size)) is not None:
        return cut
    if "mp3" in names:
        # Without this tag the length of an MP3 is a guess from its first frames.
        head = _peek(file, 0)
        exact = any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))
    else:
        exact = not _EXACT_LENGTH.isdisjoint(names)
    if not exact:
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _wav_duration(head: bytes, file_bytes: int) -> float | None:
    """From the sizes in the header, where the file is shorter than they say: FFmpeg passes that over."""
    bytes_per_s = 0
    at = 12
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(head[at + 16 : at + 20], "little")
        elif name == b"data":
            whole = at + 8 + size <= file_bytes or size in _STREAMED_WAV
            return None if whole or not bytes_per_s else size / bytes_per_s
        at += 8 + size + size % 2
    return None


def _ogg_breaks_off(container: InputContainer, file: BinaryIO) -> bool:
    """Ogg states no length, but marks its last page as the last."""
    if "ogg" not in container.format.name.split(","):
        return False
    tail = _peek(file, -_PAGE_BYTES)
    page = tail.rfind(b"OggS")
    flags = tail[page + 5 : page + 6] if page >= 0 else b""
    return not flags or not flags[0] & 4


def _peek(file: BinaryIO, start: int) -> bytes:
    """A page's worth of bytes from ``start``, from the end where negative; the file stays where it was."""
    here = file.tell()
    if start < 0:
        file.seek(max(0, file.seek(0, 2) + start))
    else:
        file.seek(start)
    page = file.read(_PAGE_BYTES)
    file.seek(here)
    return page


def _format(path: Path, container: InputContainer, stream: AudioStream) -> str:
    names = container.format.name.split(",")
    ending = path.suffix.lower().lstrip(".")
    name = ending if ending in names else {"mov": "mp4"}.get(names[0], names[0])
    return f"{name}/{stream.codec_context.codec.canonical_name}"


def _play(path: Path, container: InputContainer, stream: AudioStream, tape: _Tape) -> tuple[int, bool]:
    """Decodes everything onto ``tape``.

    Returns the number of places on the way that could not be decoded, and whether the very end could not:
    what is left there of a torn packet, or padding, is nothing that was skipped.
    """
    import av

    decoder = _decoder(stream)
    damaged = pending = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            pending += 1
            break
        if packet is None:
            break
        try:
            frames = decoder.decode(packet if packet.size else None)
        except av.error.EOFError:
            continue
        except (av.error.FFmpegError, ValueError):
            pending += 1
            continue
        if any(frame.format.is_planar and frame.layout.nb_channels > _MOST_PLANES for frame in frames):
            pending += 1
            continue
        if frames:
            damaged, pending = damaged + pending, 0
        for frame in frames:
            tape.add(frame)
        if tape.duration_s > MAX_DURATION_S:
            what = f"is longer than {MAX_DURATION_S / 3600:.0f} hours; cut it into calls"
            raise UnreadableRecording(path, "too long", what)
    tape.end()
    return damaged, pending > 0


def _decoder(stream: AudioStream) -> AudioCodecContext:
    """The stream's own decoder; for AMR the reference decoder, the only one that knows pauses (DTX)."""
    import av

    own = stream.codec_context
    own.thread_count = 1  # scans run one process a core; threads within one would only fight
    name = _BETTER_DECODERS.get(own.codec.canonical_name)
    if name is None or name not in av.codecs_available:
        return own
    better = av.CodecContext.create(name, "r")
    assert isinstance(better, av.AudioCodecContext)
    better.sample_rate = own.sample_rate
    better.layout = own.layout
    return better


class _Tape:
    """Takes decoded frames of any rate and sample format; gives float32 at 16 kHz.

    Resamples block by block, so that beside the result only seconds of sound are in memory.
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
        """[channels, n]."""
        if self._samples is None:
            return np.zeros((1, 0), np.float32)
        return self._samples[:, : self._length]

    def add(self, frame: av.AudioFrame) -> None:
        if not frame.samples:
            return
        block = self._as_float(frame)
        if frame.sample_rate != self._rate:  # also in the middle: streams that were joined
            self.end()
            self._start(frame.sample_rate, block.shape[1])
        self._waiting.append(block)
        self._waiting_s += frame.samples / frame.sample_rate
        if self._waiting_s >= _BLOCK_S:
            self._resample(last=False)

    def end(self) -> None:
        """Nothing more of this rate comes: what the resampler still holds goes onto the tape."""
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
        """[n, channels], -1 to 1 up to what the file itself overshoots."""
        raw: npt.NDArray[Any] = frame.to_ndarray()
        channels = frame.layout.nb_channels
        self.file_channels = max(self.file_channels, channels)
        block = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
        kept = min(channels, _CHANNELS) if self._samples is None else self._samples.shape[0]
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
        if floats.shape[1] < kept:  # a stereo stream that goes on in mono
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
            grown = np.empty((self._samples.shape[0], max(end, self._samples.shape[1] * 3 // 2)), np.float32)
            grown[:, : self._length] = self._samples[:, : self._length]
            self._samples = grown
        np.clip(block.T, -1.0, 1.0, out=self._samples[:, self._length : end])
        self._length = end


def _warnings(
    tape: _Tape, damaged: int, duration_s: float, declared_s: float | None, breaks_off: bool
) -> Iterator[str]:
    # Encoders pad, and headers round: less than this is no loss of speech.
    slack_s = 0.5 + 0.01 * duration_s
    short = declared_s is not None and declared_s - duration_s > slack_s
    if damaged:
        places = "a damaged place was" if damaged == 1 else f"{damaged} damaged places were"
        of = f" of {declared_s:.1f} s" if short else ""
        yield f"{places} skipped: {duration_s:.1f} s{of} could be read, and times after it may be early"
    elif short:
        yield f"file ends early: {duration_s:.1f} s of {declared_s:.1f} s could be read"
    elif breaks_off:
        yield f"file ends early: it breaks off after {duration_s:.1f} s"
    if tape.file_channels > _CHANNELS:
        yield f"file has {tape.file_channels} channels: the first {_CHANNELS} were taken"
    if tape.not_numbers:
        yield f"{tape.not_numbers} samples were no numbers and were taken as silence"
