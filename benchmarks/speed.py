"""`callmood scan` against the usual way, whole processes in turn, on short calls cut from a folder of recordings.

    python benchmarks/speed.py ../shared/calls [--calls 20] [--runs 3]

The usual way is `python -m whisperx` on each file (the same tiny.en folder, int8, one process a file, without its
alignment, whose model comes from a hub only) and then transformers pipelines for the emotion of each segment's sound
and words, in one process. The pipelines' encoders have the size of callmood's own (Whisper tiny, MiniLM) and random
heads: their cost is what counts here. Both ways have the same cores.
"""

import argparse
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from callmood.bundled_weights import MINILM, TINY_EN
from callmood.pipeline.audio.decode import decode
from callmood.sound import SAMPLE_RATE

SECONDS = (18, 25, 32, 40)
"""Lengths of the cut calls, in turn."""


def cut_calls(folder: Path, count: int, to: Path) -> float:
    """Writes ``count`` calls of 18 to 40 s as 16 kHz WAV, channels kept; returns their length together in seconds."""
    sources = [decode(path).samples for path in sorted(folder.iterdir()) if path.is_file()]
    total = 0.0
    for number, piece in enumerate(itertools.islice(_pieces(sources), count)):
        _write_wav(to / f"call_{number:02d}.wav", piece)
        total += piece.shape[1] / SAMPLE_RATE
    return total


def _pieces(sources: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Cuts every source from its start to its end; then again, 7 s later, so that no two pieces are the same."""
    lengths = itertools.cycle(SECONDS)
    for offset_s in itertools.count(0, 7):
        for samples in sources:
            start = offset_s * SAMPLE_RATE
            while samples.shape[1] - start >= SECONDS[0] * SAMPLE_RATE:
                end = start + next(lengths) * SAMPLE_RATE
                yield samples[:, start:end]
                start = end


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


def callmood_way(calls: Path, work: Path) -> None:
    database = work / "speed.duckdb"
    database.unlink(missing_ok=True)
    subprocess.run(
        [str(Path(sys.executable).parent / "callmood"), "scan", str(calls), "--db", str(database)],
        check=True,
        capture_output=True,
    )


def measure(folder: Path, count: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        calls = work / "calls"
        calls.mkdir()
        total = cut_calls(folder, count, calls)
        save_pipelines(work)
        times: dict[str, list[float]] = {"usual": [], "callmood": []}
        for _ in range(runs):
            for way, run in (("callmood", callmood_way), ("usual", usual_way)):
                started = time.perf_counter()
                run(calls, work)
                times[way].append(time.perf_counter() - started)
                shutil.rmtree(work / "out", ignore_errors=True)
        ratios = [usual / own for usual, own in zip(times["usual"], times["callmood"], strict=True)]
        print(f"{count} calls, {total:.0f} s of audio, {runs} runs in turn")
        for way, seconds in times.items():
            walls = ", ".join(f"{wall:.0f}" for wall in seconds)
            print(f"{way:9} RTFx {total / statistics.median(seconds):6.1f}  (wall {walls} s)")
        pairs = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        print(f"callmood is {statistics.median(ratios):.1f} times faster (each pair: {pairs})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--emotions"]:
        emotions(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        parser = argparse.ArgumentParser(
            description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("folder", type=Path)
        parser.add_argument("--calls", type=int, default=20)
        parser.add_argument("--runs", type=int, default=3)
        arguments = parser.parse_args()
        measure(arguments.folder, arguments.calls, arguments.runs)
