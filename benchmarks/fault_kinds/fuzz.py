"""Damaged recordings into ``decode``: every container and codec that PyAV writes here, mutated.

Each file ends in sound that is finite, or in ``UnreadableRecording`` with one sentence. A process of its own decodes
it, with limits of time and memory, so that a crash or a hang costs one file and is seen.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from fault_kinds.harness import Plan, Result

FILES: Final = 5000
TIME_LIMIT_S: Final = 30.0
MEMORY_LIMIT_BYTES: Final = 3 << 30
SECONDS: Final = 1.5

KINDS: Final = (
    *(("wav", codec, 8000) for codec in ("pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le")),
    *(("wav", codec, 8000) for codec in ("pcm_alaw", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms", "adpcm_g726")),
    *(("w64", codec, 16000) for codec in ("pcm_s16le", "pcm_f32le")),
    *(("aiff", codec, 16000) for codec in ("pcm_s16be", "pcm_s24be", "pcm_f32be")),
    *(("au", codec, 8000) for codec in ("pcm_mulaw", "pcm_s16be")),
    *(("caf", codec, 16000) for codec in ("pcm_s16be", "pcm_mulaw", "alac")),
    *(("mp3", "libmp3lame", rate) for rate in (8000, 16000, 44100)),
    *((ending, "aac", 16000) for ending in ("m4a", "mp4", "aac", "3gp", "mka", "mkv")),
    ("m4a", "alac", 44100), ("mp4", "libmp3lame", 16000), ("mkv", "flac", 16000), ("mka", "pcm_s16le", 8000),
    *((ending, "libopus", 48000) for ending in ("opus", "ogg", "webm", "mka")),
    ("ogg", "vorbis", 16000), ("ogg", "libvorbis", 16000), ("ogg", "flac", 16000), ("oga", "libspeex", 8000),
    ("flac", "flac", 8000), ("flac", "flac", 44100),
    ("wma", "wmav2", 16000), ("wma", "wmav1", 16000),
    ("amr", "libopencore_amrnb", 8000), ("3gp", "libopencore_amrnb", 8000), ("gsm", "libgsm", 8000),
    ("wav", "libgsm_ms", 8000), ("wav", "libmp3lame", 8000), ("wav", "adpcm_swf", 11025),
)  # fmt: skip
"""Ending, encoder, rate. Those that this build of PyAV can't write are left out."""

Judge: TypeAlias = Callable[[Path], str]
"""What is wrong with how a file is read; "" if nothing is."""
Mutation: TypeAlias = Callable[[bytearray, random.Random], bytearray]


def fuzz(plan: Plan) -> list[Result]:
    place = plan.place("fuzz")
    sources = list(_sources(place / "sources"))
    count = plan.count(FILES)
    numbers = [range(start, count, plan.jobs) for start in range(plan.jobs)]
    failures = plan.each(lambda part: judge_all(plan, place, sources, part, judge_recording), numbers)
    note = f"{len(sources)} containers and codecs, {len(MUTATIONS)} kinds of damage"
    return [Result("fuzzed recordings, decoded", count, failures, note)]


def _sources(folder: Path) -> Iterator[Path]:
    """A whole file of every kind, of one channel and of two."""
    import av

    folder.mkdir(parents=True)
    for number, (ending, codec, rate) in enumerate(KINDS):
        for channels in (1, 2):
            path = folder / f"{number:02d}_{codec}_{channels}.{ending}"
            try:
                _encode(path, codec, rate, channels)
            except (ValueError, av.error.FFmpegError):  # the encoder or the muxer is not there
                path.unlink(missing_ok=True)
                continue
            yield path


def _encode(path: Path, codec: str, rate: int, channels: int) -> None:
    import av

    layout = "stereo" if channels == 2 else "mono"
    times = np.arange(int(SECONDS * rate)) / rate
    sound = np.stack([0.3 * np.sin(2 * np.pi * (220 + 90 * c) * times) for c in range(channels)])
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codec, rate=rate, layout=layout)
        stream.bit_rate = 64_000  # WMA has no default of its own
        stream.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate, size)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound, dtype=np.float32), format="fltp", layout=layout
        )
        frame.sample_rate = rate
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))


def _flip_bits(data: bytearray, source: random.Random) -> bytearray:
    for _ in range(source.choice((1, 3, 20, 200))):
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    return data


def _overwrite(data: bytearray, source: random.Random) -> bytearray:
    start, size = source.randrange(len(data)), source.choice((1, 4, 64, 1024))
    data[start : start + size] = source.randbytes(len(data[start : start + size]))
    return data


def _fill(data: bytearray, source: random.Random) -> bytearray:
    start, size = source.randrange(len(data)), source.choice((4, 64, 4096))
    data[start : start + size] = bytes([source.choice((0, 0xFF, 0x7F, 0x80))]) * len(
        data[start : start + size]
    )
    return data


def _cut(data: bytearray, source: random.Random) -> bytearray:
    return data[: source.randrange(1, len(data))]


def _behead(data: bytearray, source: random.Random) -> bytearray:
    return data[source.randrange(1, min(len(data), 4096)) :]


def _remove(data: bytearray, source: random.Random) -> bytearray:
    start = source.randrange(len(data))
    del data[start : start + source.choice((1, 2, 16, 500))]
    return data or bytearray(b"\0")


def _insert(data: bytearray, source: random.Random) -> bytearray:
    start = source.randrange(len(data))
    data[start:start] = source.randbytes(source.choice((1, 2, 16, 500)))
    return data


def _repeat(data: bytearray, source: random.Random) -> bytearray:
    start, size = source.randrange(len(data)), source.choice((16, 512, 8192))
    data[start:start] = data[start : start + size]
    return data


def _swap(data: bytearray, source: random.Random) -> bytearray:
    size = source.choice((4, 64, 1024))
    one, other = source.randrange(len(data)), source.randrange(len(data))
    first, second = data[one : one + size], data[other : other + size]
    data[one : one + len(second)], data[other : other + len(first)] = second, first
    return data


def _extreme_number(data: bytearray, source: random.Random) -> bytearray:
    """In the header: the largest, the smallest and other telling numbers where sizes, rates and channels stand."""
    at = source.randrange(min(len(data), 256))
    number = source.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, len(data) * 1000, 192000))
    number_bytes = struct.pack(source.choice(("<I", ">I")), number)[: source.choice((1, 2, 4))]
    data[at : at + len(number_bytes)] = number_bytes
    return data


def _mad_samples(data: bytearray, source: random.Random) -> bytearray:
    """In the sound: floats that are no number, infinite, or beyond sense."""
    for _ in range(source.choice((1, 10))):
        number = source.choice((float("nan"), float("inf"), float("-inf"), 1e38, -3e38, 1e-40))
        at = source.randrange(len(data)) & ~3
        packed = struct.pack(source.choice(("<f", ">f")), number)
        data[at : at + 4] = packed[: len(data[at : at + 4])]
    return data


def _twice(data: bytearray, _: random.Random) -> bytearray:
    return data + data


def _garbage_after(data: bytearray, source: random.Random) -> bytearray:
    return data + source.randbytes(source.choice((1, 100, 20000)))


def _garbage_before(data: bytearray, source: random.Random) -> bytearray:
    return bytearray(source.randbytes(source.choice((1, 100, 20000)))) + data


def _only_header(data: bytearray, source: random.Random) -> bytearray:
    return data[: source.choice((1, 4, 12, 44, 58, 128))]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    _flip_bits, _overwrite, _fill, _cut, _behead, _remove, _insert, _repeat, _swap, _extreme_number, _mad_samples,
    _twice, _garbage_after, _garbage_before, _only_header,
)  # fmt: skip


def _mutate(source: random.Random, sources: Sequence[Path]) -> tuple[bytes, Path]:
    """A damaged file, one to three times, sometimes under the ending of another."""
    path = source.choice(sources)
    data = bytearray(path.read_bytes())
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        if len(data) > 4:  # there is something left to damage
            data = source.choice(MUTATIONS)(data, source)
    ending = source.choice(sources) if source.random() < 0.1 else path
    return bytes(data), Path(f"{path.stem}{ending.suffix}")


def judge_all(
    plan: Plan, place: Path, sources: Sequence[Path], numbers: Sequence[int], judge: Judge
) -> list[str]:
    """The failures of ``judge`` on damaged ``sources``. The damaged files that failed stay in ``place``."""
    return judge_files((_damaged(plan, place, sources, number) for number in numbers), judge)


def _damaged(plan: Plan, place: Path, sources: Sequence[Path], number: int) -> Path:
    data, name = _mutate(plan.random(place.name, number), sources)
    path = place / f"{number:05d}_{name}"
    path.write_bytes(data)
    return path


def judge_files(paths: Iterable[Path], judge: Judge) -> list[str]:
    """The failures of ``judge`` on files, in a process that is replaced when it crashes or hangs."""
    failures = []
    context = multiprocessing.get_context("spawn")
    process, here = None, None
    for path in paths:
        if process is None or here is None:
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, judge), daemon=True)
            process.start()
            there.close()
            here.recv()  # it is up
        problem = _ask(here, path)
        if problem in ("crash", "hang"):
            process.kill()
            process.join()
            process = None
        if problem:
            failures.append(f"{problem}: {path}")
        else:
            path.unlink()
    if process is not None:
        process.kill()
    return failures


def _ask(here: Connection, path: Path) -> str:
    try:
        here.send(path)
        return str(here.recv()) if here.poll(TIME_LIMIT_S) else "hang"
    except (EOFError, OSError):
        return "crash"


def _work(there: Connection, judge: Judge) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # FFmpeg's remarks
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    there.send("up")
    while True:
        there.send(judge(there.recv()))


def judge_recording(path: Path) -> str:
    """What is wrong with how a file was decoded; nothing, as a rule."""
    from callmood.pipeline.audio.decode import decode
    from callmood.pipeline.audio.files import UnreadableRecording

    try:
        samples = decode(path).samples
    except UnreadableRecording as error:
        return "" if "\n" not in str(error) else f"more than a sentence ({error})"
    except BaseException as error:
        return f"{type(error).__name__} ({error})"
    if samples.dtype != np.float32 or samples.ndim != 2 or not len(samples):
        return f"not sound: {samples.dtype} {samples.shape}"
    if not np.isfinite(samples).all():
        return f"{int((~np.isfinite(samples)).sum())} samples are no numbers"
    return ""
