"""A recording's sound: decoded once, resampled to 16 kHz, its channels kept apart.

The libraries that decode come inside PyAV's wheels; no ffmpeg needs to be installed. FFmpeg only ever
reads through an open Python file, so a name is never opened as a URL, and formats that refer to other files are
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import numpy as np

from callmood.pipeline.audio.containers import declared_duration, goes_on, has_timestamps, ogg_breaks_off
from callmood.pipeline.audio.files import UnreadableRecording, opened
from callmood.pipeline.audio.riff import Part, wav_parts
from callmood.pipeline.audio.room import new_samples
from callmood.pipeline.audio.rumble import remove_rumble
from callmood.pipeline.audio.source import NO_AUDIO, open_container
from callmood.pipeline.audio.tape import Tape
from callmood.pipeline.audio.tracks import choose
from callmood.settings import MAX_HOURS
from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from av import AudioCodecContext, AudioFrame, AudioStream
    from av.container import InputContainer

MIN_DURATION_S: Final = 0.5
_BETTER_DECODERS: Final = {"amr_nb": "libopencore_amrnb", "amr_wb": "libopencore_amrwb"}
_RATES_HZ: Final = range(4_000, 400_001)
_HEADER_BYTES: Final = 1_024
"""A file this small without sound was never more than a header, whatever it states."""
_LEAST_BYTES_PER_S: Final = 100
"""No file has more sound than that, but for pauses that are not transmitted."""
_END_SLACK_S: Final = 1.0
"""Sound may go on this long after the end that a file states."""
_GAP_TOLD_S: Final = 1.0
"""Shorter pauses of a line's transmission are told nobody."""
_MAX_LEAD_S: Final = 3600.0
"""A track that begins later than this after another has a damaged timestamp."""
_MAX_CHANNELS: Final = 16
"""Of all tracks together; files with more are no calls."""


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


def decode(path: Path, max_hours: float = MAX_HOURS) -> Audio:
    """The sound of ``path``, as much of it as can be read.

    A file that ends early or is damaged in places gives what is left and a warning. Of more than two channels or
    several tracks, it gives the two with the sound of the others. Raises UnreadableRecording if nothing usable is
    left, or the sound is longer than ``max_hours``.
    """
    with opened(path) as file:
        reading = _Reading(max_hours)
        size = file.seek(0, 2)
        parts = wav_parts(file)
        reading.channels = max((part.channels for part in parts), default=0)
        for number, part in enumerate(parts or [None]):
            try:
                _read(path, file, part, reading)
            except UnreadableRecording as error:
                if number == 0 or error.reason == "too long":
                    raise
                reading.damaged += 1
    tapes = [tape for tape in reading.tapes.values() if tape.channels]
    if not any(tape.duration_s for tape in tapes):
        raise _nothing(path, reading, size)
    leads = _leads(tapes)
    duration_s = max(lead / SAMPLE_RATE + tape.duration_s for tape, lead in zip(tapes, leads, strict=True))
    if duration_s < MIN_DURATION_S:
        what = f"has only {duration_s:.2f} s of sound, less than {MIN_DURATION_S} s"
        raise UnreadableRecording(path, "too short", what)
    warnings = list(_warnings(reading, tapes, duration_s))
    samples, left_out = _two_channels(tapes, leads)
    remove_rumble(samples)
    return Audio(
        samples=samples,
        sample_rate=reading.rate,
        channels=samples.shape[0],
        duration_s=samples.shape[1] / SAMPLE_RATE,
        format=reading.format,
        warnings=(*warnings, *left_out),
    )


class Outline(NamedTuple):
    """What a file's header says."""

    channels: int
    """Of all its tracks."""
    duration_s: float | None
    """None if it says nothing of the length."""


def outline(path: Path) -> Outline | None:
    """What the header says, without decoding; None if ``path`` can't be read."""
    try:
        with opened(path) as file, open_container(path, file) as container:
            streams = _audio_streams(path, container)
            stream = streams[0]
            declared_s = declared_duration(path, container, stream, file)
            if declared_s is None and container.duration:
                declared_s = container.duration / 1e6
            return Outline(sum(one.codec_context.channels for one in streams), declared_s)
    except Exception:  # whatever is wrong with the file is told when it is decoded
        return None


@dataclass
class _Reading:
    """What was read so far of a file."""

    max_hours: float
    tapes: dict[int, Tape] = field(default_factory=dict)
    """By the number of the track."""
    channels: int = 0
    """Of the part that has most; 0 if they are not known."""
    damaged: int = 0
    """Places that were skipped."""
    torn: bool = False
    """Whether the very end could not be decoded."""
    declared_s: float | None = None
    breaks_off: bool = False
    goes_on: bool = False
    """Whether another recording follows that FFmpeg does not read."""
    rate: int = 0
    format: str = ""

    def check_length(self, path: Path) -> None:
        """Raises UnreadableRecording if more was read than may be."""
        for tape in self.tapes.values():
            if tape.duration_s > self.max_hours * 3600:
                raise _too_long(path, self.max_hours)
        kept = sum(tape.duration_s * tape.channels for tape in self.tapes.values())
        if len(self.tapes) > 1 and kept > 4 * self.max_hours * 3600:
            raise _too_long(path, self.max_hours)


def _too_long(path: Path, max_hours: float) -> UnreadableRecording:
    what = (
        f"is longer than {max_hours:g} hours, the limit of the setting audio.max_hours. Split it into calls"
    )
    return UnreadableRecording(path, "too long", what)


def _nothing(path: Path, reading: _Reading, size: int) -> UnreadableRecording:
    promised = reading.declared_s and size > _HEADER_BYTES
    if reading.torn or reading.damaged or promised:
        what = "begins like a recording, but nothing in it can be decoded"
        return UnreadableRecording(path, "damaged", what)
    return UnreadableRecording(path, "no audio", NO_AUDIO)


def _read(path: Path, file: BinaryIO, part: Part | None, reading: _Reading) -> None:
    """Decodes a file, or a part of it, onto the tapes."""
    with open_container(path, file, part) as container:
        streams = _audio_streams(path, container)
        declared_s = declared_duration(path, container, streams[0], file)
        if declared_s is not None and declared_s > reading.max_hours * 3600:
            with open_container(path, file, part) as again:
                if _reaches(again, reading.max_hours * 3600):
                    raise _too_long(path, reading.max_hours)
        if not reading.format:
            reading.rate, reading.format = streams[0].sample_rate, _format(path, container, streams[0])
        _decode_onto_tapes(path, container, streams, reading)
        if part is None:
            reading.declared_s = declared_s
            reading.goes_on = goes_on(container, file)
            torn = reading.torn and declared_s is None
            reading.breaks_off = ogg_breaks_off(container, file) or torn


def _reaches(container: InputContainer, seconds: float) -> bool:
    """Whether there is sound beyond this; a header alone proves nothing."""
    import av

    stream = container.streams.audio[0]
    if stream.time_base is None:
        return False
    try:
        container.seek(int(seconds / stream.time_base), stream=stream)
        packet = next(container.demux(stream), None)
    except (av.error.FFmpegError, ValueError, OverflowError):
        return False
    return packet is not None and packet.pts is not None and packet.pts * stream.time_base > 0.9 * seconds


def _audio_streams(path: Path, container: InputContainer) -> list[AudioStream]:
    """The tracks of sound that can be decoded, at least one."""
    streams = list(container.streams.audio)
    if not streams:
        if path.stat().st_size <= _HEADER_BYTES:
            raise UnreadableRecording(path, "no audio", NO_AUDIO)
        raise UnreadableRecording(path, "no audio stream", "contains no audio stream")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise UnreadableRecording(path, "damaged", "uses a codec that callmood does not support")
    usable = [stream for stream in known if stream.sample_rate in _RATES_HZ]
    if not usable:
        rate = known[0].sample_rate
        raise UnreadableRecording(path, "damaged", f"has an impossible sample rate of {rate} Hz")
    return usable[:_MAX_CHANNELS]


def _format(path: Path, container: InputContainer, stream: AudioStream) -> str:
    names = container.format.name.split(",")
    extension = path.suffix.lower().lstrip(".")
    name = extension if extension in names else {"mov": "mp4"}.get(names[0], names[0])
    return f"{name}/{stream.codec_context.codec.canonical_name}"


def _decode_onto_tapes(
    path: Path, container: InputContainer, streams: list[AudioStream], reading: _Reading
) -> None:
    """Decodes everything onto the tapes.

    Counts the damaged places that were skipped: what is left of a torn packet at the very end, or padding, is none.
    """
    import av

    stated_s = container.duration / 1e6 if container.duration else 0.0
    # a header can promise anything
    expected_s = min(stated_s, reading.max_hours * 3600, container.size / _LEAST_BYTES_PER_S)
    decoders = {stream.index: _decoder(stream) for stream in streams}
    tapes = {
        stream.index: reading.tapes.setdefault(number, Tape(expected_s, reading.channels))
        for number, stream in enumerate(streams)
    }
    timed = has_timestamps(container)
    end_s = None
    if container.duration:
        end_s = (container.duration + (container.start_time or 0)) / 1e6 + _END_SLACK_S
    pending = 0
    packets = container.demux(streams)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            pending += 1
            break
        if packet is None:
            break
        if packet.stream_index not in tapes:  # of a track that can't be decoded
            continue
        tape = tapes[packet.stream_index]
        try:
            for frame in decoders[packet.stream_index].decode(packet if packet.size else None):
                tape.add(frame, _time(frame) if timed else None, end_s)
                reading.damaged, pending = reading.damaged + pending, 0
        except av.error.EOFError:
            continue
        except (av.error.FFmpegError, ValueError):
            pending += 1
            continue
        reading.check_length(path)
    for tape in tapes.values():
        tape.end()
    reading.torn = pending > 0


def _time(frame: AudioFrame) -> float | None:
    """Seconds at which a frame begins."""
    if frame.pts is None or not frame.time_base or frame.time_base == Fraction(0):
        return None
    return float(frame.pts * frame.time_base)


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


def _leads(tapes: list[Tape]) -> list[int]:
    """By how many samples at 16 kHz each track begins after the first."""
    starts = [tape.start_s or 0.0 for tape in tapes]
    leads = [round((start_s - min(starts)) * SAMPLE_RATE) for start_s in starts]
    return [lead if lead <= _MAX_LEAD_S * SAMPLE_RATE else 0 for lead in leads]


def _two_channels(tapes: list[Tape], leads: list[int]) -> tuple[Samples, list[str]]:
    """The sound of all tracks, [1 or 2, n], and what is said of channels that were left out."""
    if len(tapes) == 1 and tapes[0].channels <= 2:
        return tapes[0].take(), []
    names: list[str] = []
    channels: list[Samples] = []
    for number, (tape, lead) in enumerate(zip(tapes, leads, strict=True), start=1):
        for channel, samples in enumerate(tape.take(), start=1):
            channels.append(np.pad(samples, (lead, 0)) if lead else samples)
            track = f"track {number}" if tape.channels == 1 else f"channel {channel} of track {number}"
            names.append(track if len(tapes) > 1 else f"{channel}")
    length = max(channel.size for channel in channels)
    if len(channels) == 2:
        return _stacked(channels, length), []
    choice = choose(channels)
    what = f"{len(channels)} channels" if len(tapes) == 1 else f"{len(tapes)} tracks"
    taken = f"file has {what}: {_listed(names, choice.taken)} taken"
    if choice.unheard:
        taken += f", {_listed(names, choice.unheard)} left out with sound of its own"
    return _stacked([channels[number] for number in choice.taken], length), [taken]


def _listed(names: list[str], numbers: tuple[int, ...]) -> str:
    return " and ".join(names[number] for number in numbers) + (" was" if len(numbers) == 1 else " were")


def _stacked(channels: list[Samples], length: int) -> Samples:
    samples = new_samples(len(channels), length)
    for row, channel in zip(samples, channels, strict=True):
        row[: channel.size] = channel
        row[channel.size :] = 0
    return samples


def _warnings(reading: _Reading, tapes: list[Tape], duration_s: float) -> Iterator[str]:
    # Encoders pad and headers round, so less than this is not a loss of speech.
    slack_s = 0.5 + 0.01 * duration_s
    declared_s = reading.declared_s
    short = declared_s is not None and declared_s - duration_s > slack_s
    if reading.damaged:
        places = "a damaged place was" if reading.damaged == 1 else f"{reading.damaged} damaged places were"
        of = f" of {declared_s:.1f} s" if short else ""
        yield f"{places} skipped: {duration_s:.1f} s{of} could be read, and times after it may be early"
    elif short:
        yield f"file ends early: {duration_s:.1f} s of {declared_s:.1f} s could be read"
    elif reading.breaks_off:
        yield f"file ends early: it breaks off after {duration_s:.1f} s"
    if reading.goes_on:
        yield "file goes on after its end: only the first part was read"
    gaps = max((tape.gaps for tape in tapes), key=lambda found: sum(seconds for _, seconds in found))
    total_s = sum(seconds for _, seconds in gaps)
    if total_s >= _GAP_TOLD_S:
        where = f"from {gaps[0][0]:.1f} s on" if len(gaps) == 1 else f"in {len(gaps)} places"
        yield f"the recording leaves out {total_s:.1f} s {where}: taken as silence"
    not_numbers, too_loud = (sum(getattr(tape, of) for tape in tapes) for of in ("not_numbers", "too_loud"))
    if not_numbers:
        yield f"{not_numbers} samples were no numbers and were taken as silence"
    if too_loud:
        yield f"{too_loud} samples were louder than any sound and were taken as silence"
