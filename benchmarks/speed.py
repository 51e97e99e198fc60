"""`callmood scan` against the usual way, whole processes in turn, on calls cut from a folder of recordings.

    python benchmarks/speed.py ../shared/calls [--short 100] [--stereo 3] [--mono 3] [--runs 3]

Three kinds of calls are made: ``short`` (18 to 40 s, channels as they come), ``stereo`` and ``mono`` (10 minutes each,
from the stereo and the mono recordings). For each kind it prints the mean of the pairs' ratios in wall and in processor
time, the processes' peak memory, how soon callmood had stored the first call, and how much faster it is with a worker
on each core than with one worker on one core.

The usual way is `python -m whisperx` on each file (the same tiny.en folder, int8, one process a file, without its
alignment, whose model comes from a hub only) and then transformers pipelines for the emotion of each segment's sound
and words, in one process. The pipelines' encoders have the size of callmood's own (Whisper tiny, MiniLM) and random
heads: their cost is what counts here. Both ways have the same cores. WhisperX mixes channels down and finds no
speakers; callmood does both. WhisperX needs ffmpeg on the path.
"""

import argparse
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from callmood.bundled_weights import MINILM, TINY_EN
from callmood.pipeline.audio.decode import decode
from callmood.sound import SAMPLE_RATE

SHORT_S = (18, 25, 32, 40)
"""Lengths of the short calls, in turn."""
LONG_S = 600


def cut_calls(sources: Sequence[np.ndarray], lengths: Sequence[int], count: int, to: Path) -> float:
    """Writes ``count`` calls of ``lengths`` seconds in turn as WAV; returns their length together in seconds."""
    to.mkdir(parents=True)
    total = 0.0
    for number, piece in enumerate(itertools.islice(_pieces(sources, lengths), count)):
        _write_wav(to / f"call_{number:02d}.wav", piece)
        total += piece.shape[1] / SAMPLE_RATE
    return total


def _pieces(sources: Sequence[np.ndarray], lengths: Sequence[int]) -> Iterator[np.ndarray]:
    """Cuts every source from its start to its end; then again, 7 s later, so that no two pieces are the same."""
    wanted = itertools.cycle(lengths)
    for offset_s in itertools.count(0, 7):
        for samples in sources:
            start = offset_s * SAMPLE_RATE
            while samples.shape[1] - start >= min(lengths) * SAMPLE_RATE:
                end = start + next(wanted) * SAMPLE_RATE
                yield samples[:, start:end]
                start = end


def lengthened(samples: np.ndarray, seconds: int) -> np.ndarray:
    """The recording again and again, until it is twice as long as ``seconds``."""
    return np.tile(samples, -(-2 * seconds * SAMPLE_RATE // samples.shape[1]))


def _write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples.T, -1, 1) * 32767).astype("<i2").tobytes())


def save_pipelines(to: Path) -> None:
    """Saves an audio and a text classifier of callmood's own sizes, in the hub's format."""
    import torch
    from transformers import (
        AutoConfig,
        AutoTokenizer,
        BertForSequenceClassification,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForAudioClassification,
    )

    torch.manual_seed(0)
    sound = WhisperConfig(
        d_model=384, encoder_layers=4, encoder_attention_heads=6, encoder_ffn_dim=1536, num_labels=8
    )
    WhisperForAudioClassification(sound).save_pretrained(to / "sound")
    WhisperFeatureExtractor().save_pretrained(to / "sound")
    minilm = MINILM.path().parent
    words = AutoConfig.from_pretrained(minilm, num_labels=8)
    BertForSequenceClassification(words).save_pretrained(to / "words")
    AutoTokenizer.from_pretrained(minilm).save_pretrained(to / "words")


def usual_way(calls: Path, work: Path) -> None:
    """WhisperX by file, then the emotion of each segment in a second step, as one would do it by hand."""
    model = TINY_EN.path().parent
    for call in sorted(calls.iterdir()):
        subprocess.run(
            [
                *(sys.executable, "-m", "whisperx", str(call), "--model", str(model), "--device", "cpu"),
                *("--compute_type", "int8", "--language", "en", "--no_align", "--output_format", "json"),
                *("--output_dir", str(work / "out")),
            ],
            check=True,
            capture_output=True,
        )
    subprocess.run(
        [sys.executable, __file__, "--emotions", str(calls), str(work)], check=True, capture_output=True
    )
    shutil.rmtree(work / "out")


def emotions(calls: Path, work: Path) -> None:
    """The usual way's second step: transformers pipelines, segment by segment."""
    from transformers import pipeline

    sound = pipeline("audio-classification", model=str(work / "sound"), device="cpu")
    words = pipeline("text-classification", model=str(work / "words"), device="cpu")
    for call in sorted(calls.iterdir()):
        samples = decode(call).samples.mean(axis=0)
        for segment in json.loads((work / "out" / f"{call.stem}.json").read_text())["segments"]:
            piece = samples[int(segment["start"] * SAMPLE_RATE) : int(segment["end"] * SAMPLE_RATE)]
            sound({"raw": piece, "sampling_rate": SAMPLE_RATE})
            words(segment["text"], truncation=True)


def callmood_way(calls: Path, work: Path) -> float:
    """Scans; returns the seconds until the first call was said to be stored."""
    database = work / "speed.duckdb"
    database.unlink(missing_ok=True)
    callmood = str(Path(sys.executable).parent / "callmood")
    command = [callmood, "scan", str(calls), "--db", str(database), "--json"]
    started, first_s = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for _ in process.stdout:
            first_s = first_s or time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return first_s


@dataclass(frozen=True)
class Cost:
    """What one way took for a folder of calls."""

    wall_s: float
    cpu_s: float
    """Of all its processes."""
    peak_mb: float
    """Of its largest process."""
    first_s: float
    """Until the first call was stored; 0 for the usual way."""


def cost(way: str, calls: Path, work: Path) -> Cost:
    """Measured in a process of its own, because a process counts its children all together."""
    command = [sys.executable, __file__, "--cost", way, str(calls), str(work)]
    return Cost(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def print_cost(way: str, calls: Path, work: Path) -> None:
    if way == "one core":  # one worker alone would use all of them
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    started = time.perf_counter()
    first_s = 0.0
    if way in ("callmood", "one core"):
        first_s = callmood_way(calls, work)
    else:
        usual_way(calls, work)
    wall_s = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps(asdict(Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, first_s))))


def measure(folder: Path, counts: dict[str, int], runs: int) -> None:
    sources = [decode(path).samples for path in sorted(folder.iterdir()) if path.is_file()]
    long = {
        kind: [lengthened(samples, LONG_S) for samples in sources if samples.shape[0] == channels]
        for kind, channels in (("stereo", 2), ("mono", 1))
    }
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        save_pipelines(work)
        for kind, count in counts.items():
            if not count:
                continue
            calls = work / kind
            total_s = cut_calls(long.get(kind, sources), (LONG_S,) if kind in long else SHORT_S, count, calls)
            print(f"{kind}: {count} calls, {total_s:.0f} s, {runs} pairs, load {os.getloadavg()[0]:.1f}")
            usual, own, one_core = [], [], []
            for _ in range(runs):
                own.append(cost("callmood", calls, work))
                usual.append(cost("usual", calls, work))
                one_core.append(cost("one core", calls, work))
            _print_ratios("wall", [one.wall_s for one in usual], [one.wall_s for one in own])
            _print_ratios("processor", [one.cpu_s for one in usual], [one.cpu_s for one in own])
            _print_ratios(
                "one core / all cores", [one.wall_s for one in one_core], [one.wall_s for one in own]
            )
            print(f"  first call stored after   {_mean(one.first_s for one in own):.0f} s")
            print(f"  largest process, MB       {max(one.peak_mb for one in own):.0f}", end="")
            print(f" (usual way {max(one.peak_mb for one in usual):.0f})", flush=True)


def _print_ratios(what: str, others: Sequence[float], own: Sequence[float]) -> None:
    ratios = [other / one for other, one in zip(others, own, strict=True)]
    pairs = ", ".join(f"{other:.0f}/{one:.0f}" for other, one in zip(others, own, strict=True))
    print(f"  {what:25} {_mean(ratios):.1f} times  (pairs in s: {pairs})")


def _mean(values: Iterable[float]) -> float:
    return statistics.mean(values)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--emotions"]:
        emotions(Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1:2] == ["--cost"]:
        print_cost(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser(
            description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("folder", type=Path)
        parser.add_argument("--short", type=int, default=100, help="calls of 18 to 40 s")
        parser.add_argument(
            "--stereo", type=int, default=3, help="calls of 10 minutes, from stereo recordings"
        )
        parser.add_argument("--mono", type=int, default=3, help="calls of 10 minutes, from mono recordings")
        parser.add_argument("--runs", type=int, default=3)
        given = parser.parse_args()
        counts = {"short": given.short, "stereo": given.stereo, "mono": given.mono}
        measure(given.folder, counts, given.runs)
