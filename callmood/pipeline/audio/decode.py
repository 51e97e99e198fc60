"""A recording's sound: decoded once, resampled to 16 kHz, its channels kept apart.

The libraries that decode come inside PyAV's wheels; no ffmpeg needs to be installed. FFmpeg only ever
reads through an open Python file, so a name is never opened as a URL, and formats that refer to other files are
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from callmood.pipeline.audio.containers import declared_duration, ogg_breaks_off
from callmood.pipeline.audio.files import UnreadableRecording, opened
from callmood.pipeline.audio.refusals import refusal
from callmood.pipeline.audio.rumble import remove_rumble
from callmood.pipeline.audio.tape import CHANNELS, MAX_DURATION_S, Tape
from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from av import AudioCodecContext, AudioStream
    from av.container import InputContainer

MIN_DURATION_S: Final = 0.5
_DEMUXERS: Final = "wav,w64,mp3,aac,mov,ogg,flac,matroska,amr,amrnb,amrwb,aiff,au,caf,asf,gsm"
"""FFmpeg's demuxers that may run. Playlists (m3u8, concat, sdp ...) would open other files and URLs."""
_MAGIC: Final = (
    (0, b"RIFF"), (0, b"RIFX"), (0, b"RF64"), (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (0, b"OggS"),
    (0, b"fLaC"), (0, b"\x1a\x45\xdf\xa3"), (0, b"#!AMR"), (0, b"ID3"), (0, b"FORM"), (0, b"caff"),
    (0, b".snd"), (0, b"\x30\x26\xb2\x75"),
)  # fmt: skip
"""The first bytes of recordings, to distinguish a damaged recording from a file that never was one."""
_BETTER_DECODERS: Final = {"amr_nb": "libopencore_amrnb", "amr_wb": "libopencore_amrwb"}
_RATES_HZ: Final = range(4_000, 400_001)
_MAX_PLANES: Final = 7
"""With more, PyAV reads beyond the end of a frame's list of planes, and crashes."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording."""

    samples: Samples
    """[channels, n] at 16 kHz, -1 to 1."""
    sample_rate: int
    """Of the file, in Hz."""
    channels: int
    """1 or 2, the rows of ``samples``."""
    duration_s: float
    format: str
    """Container and codec, such as "wav/pcm_mulaw"."""
    warnings: tuple[str, ...] = ()
    """One sentence each."""


def decode(path: Path) -> Audio:
    """The sound of ``path``, as much of it as can be read.

    A file that ends early or is damaged in places gives what is left and a warning. Raises UnreadableRecording if
    nothing usable is left.
    """
    with opened(path) as file, _container(path, file) as container:
        stream = _audio_stream(path, container)
        rate = stream.sample_rate
        if rate not in _RATES_HZ:
            raise UnreadableRecording(path, "damaged", f"has an impossible sample rate of {rate} Hz")
        declared_s = declared_duration(path, container, stream, file)
        tape = Tape(container.duration / 1e6 if container.duration else 0.0)
        damaged, torn = _decode_onto_tape(path, container, stream, tape)
        breaks_off = ogg_breaks_off(container, file) or (torn and declared_s is None)
        form = _format(path, container, stream)

    samples = tape.samples()
    duration_s = samples.shape[1] / SAMPLE_RATE
    if not samples.size:
        raise UnreadableRecording(
            path, "damaged", "begins like a recording, but nothing in it can be decoded"
        )
    if duration_s < MIN_DURATION_S:
        what = f"has only {duration_s:.2f} s of sound, less than {MIN_DURATION_S} s"
        raise UnreadableRecording(path, "too short", what)
    remove_rumble(samples)
    return Audio(
        samples=samples,
        sample_rate=rate,
        channels=samples.shape[0],
        duration_s=duration_s,
        format=form,
        warnings=tuple(_warnings(tape, damaged, duration_s, declared_s, breaks_off)),
    )


class Outline(NamedTuple):
    """What a file's header says."""

    channels: int
    duration_s: float | None
    """None if it says nothing of the length."""


def outline(path: Path) -> Outline | None:
    """What the header says, without decoding; None if ``path`` can't be read."""
    try:
        with opened(path) as file, _container(path, file) as container:
            stream = _audio_stream(path, container)
            declared_s = declared_duration(path, container, stream, file)
            if declared_s is None and container.duration:
                declared_s = container.duration / 1e6
            return Outline(stream.codec_context.channels, declared_s)
    except Exception:  # whatever is wrong with the file is told when it is decoded
        return None


class _Source:
    """The part of a file that PyAV needs, under a neutral name with the file's own extension.

    Raises nothing, because PyAV would keep an error that FFmpeg has ignored, and raise it over a later file.
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
            what = f"begins like a recording, but can't be read: {_message(error)}"
            raise UnreadableRecording(path, "damaged", what) from None
        raise UnreadableRecording(path, "not audio", refusal(path, head)) from None
    with container:
        yield container
    if source.failure is not None:
        raise source.failure


def _message(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _audio_stream(path: Path, container: InputContainer) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        raise UnreadableRecording(path, "no audio stream", "contains no audio stream")
    stream = streams[0]
    if stream.codec_context is None:
        raise UnreadableRecording(path, "damaged", "uses a codec that callmood does not support")
    return stream


def _format(path: Path, container: InputContainer, stream: AudioStream) -> str:
    names = container.format.name.split(",")
    extension = path.suffix.lower().lstrip(".")
    name = extension if extension in names else {"mov": "mp4"}.get(names[0], names[0])
    return f"{name}/{stream.codec_context.codec.canonical_name}"


def _decode_onto_tape(
    path: Path, container: InputContainer, stream: AudioStream, tape: Tape
) -> tuple[int, bool]:
    """Decodes everything onto ``tape``.

    Returns the number of damaged places that were skipped, and whether the very end could not be decoded: what is
    left there of a torn packet, or padding, does not count as skipped.
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
        if any(frame.format.is_planar and frame.layout.nb_channels > _MAX_PLANES for frame in frames):
            pending += 1
            continue
        if frames:
            damaged, pending = damaged + pending, 0
        for frame in frames:
            tape.add(frame)
        if tape.duration_s > MAX_DURATION_S:
            what = f"is longer than {MAX_DURATION_S / 3600:.0f} hours. Split it into calls"
            raise UnreadableRecording(path, "too long", what)
    tape.end()
    return damaged, pending > 0


def _decoder(stream: AudioStream) -> AudioCodecContext:
    """The stream's own decoder; for AMR the reference decoder, the only one that handles pauses (DTX)."""
    import av

    own = stream.codec_context
    own.thread_count = 1  # scans run one process per core; more threads would only compete
    name = _BETTER_DECODERS.get(own.codec.canonical_name)
    if name is None or name not in av.codecs_available:
        return own
    better = av.CodecContext.create(name, "r")
    assert isinstance(better, av.AudioCodecContext)
    better.sample_rate = own.sample_rate
    better.layout = own.layout
    return better


def _warnings(
    tape: Tape, damaged: int, duration_s: float, declared_s: float | None, breaks_off: bool
) -> Iterator[str]:
    # Encoders pad and headers round, so less than this is not a loss of speech.
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
    if tape.file_channels > CHANNELS:
        yield f"file has {tape.file_channels} channels: the first {CHANNELS} were taken"
    if tape.not_numbers:
        yield f"{tape.not_numbers} samples were no numbers and were taken as silence"
