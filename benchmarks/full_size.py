"""Proof that the recipes hubert, bert and hubert_bert run at full size, without their published weights.

Writes a HuBERT base and a BERT base with random weights in the hub's own format, trains on a few synthetic clips by
the recipe (fewer steps, no warm-up), and scans a call with the bundle. Says nothing about accuracy. Where there is a
GPU it also measures clips a second, memory and utilisation, in float32 and in bfloat16.

python benchmarks/full_size.py tests/data/calls/ben
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer, BertConfig, BertModel, HubertConfig, HubertModel

from callmood.bundled_weights import MINILM
from callmood.call import Device
from callmood.training import recipe as recipes
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LABEL_SETS
from callmood.training.data.examples import Example, Parts
from callmood.training.systems import transformer
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace

RECIPES = ("hubert", "bert", "hubert_bert")
WORDS = (
    "kids are talking by the door",
    "dogs are sitting by the door",
    "say the word bean",
    "where is my order",
)


def write_encoders(folder: Path) -> dict[str, str]:
    """Base models with random weights; MiniLM's vocabulary is that of bert-base-uncased."""
    torch.manual_seed(1)
    HubertModel(HubertConfig()).save_pretrained(folder / "hubert")
    BertModel(BertConfig()).save_pretrained(folder / "bert")
    minilm = MINILM.path().parent
    AutoTokenizer.from_pretrained(minilm, local_files_only=True).save_pretrained(folder / "bert")
    return {"audio": str(folder / "hubert"), "text": str(folder / "bert")}


def clips(folder: Path, count: int, seconds: float) -> list[Example]:
    """Noisy tones whose pitch and words give the label away."""
    labels, rng = LABEL_SETS["paper"], np.random.default_rng(1)
    found = []
    time = np.arange(int(seconds * 16_000)) / 16_000
    for number in range(count):
        label = number % len(WORDS)
        sound = 0.3 * np.sin(2 * np.pi * 150 * 2**label * time) + rng.normal(0, 0.02, len(time))
        path = folder / f"{number}.npy"
        np.save(path, np.asarray(32_767 * sound, np.int16))
        clip = Clip("synthetic", path, f"speaker-{number}", labels[label], text=WORDS[label])
        found.append(Example(clip, label, path))
    return found


def trained(
    name: str,
    encoders: dict[str, str],
    examples: Sequence[Example],
    out: Path,
    device: Device,
    **training: Any,
) -> Outcome:
    """A run of the recipe ``name`` in one epoch over ``examples``."""
    table = recipes.load(name)
    for side, folder in encoders.items():
        if side in table:
            table[side]["encoder"] = folder
    table["training"] |= {"epochs": 1, "warmup_steps": 0, "accumulate": 1, "patience": 0, **training}
    few = examples[: len(WORDS)]
    workspace = Workspace(out, device, report=lambda line: print(f"  {line}"))
    parts = Parts("proof", LABEL_SETS["paper"], examples, few, few)
    return transformer.run(recipes.read(transformer.Recipe, table), parts, workspace)


def prove(name: str, encoders: dict[str, str], folder: Path, call: Path, device: Device, steps: int) -> None:
    """Train by the recipe ``name`` for some steps and scan ``call`` with the bundle."""
    print(f"{name}: {steps} steps of 4 clips of 1 s", flush=True)
    examples = clips(folder, 4 * steps, 1.0)
    out = folder / name
    found = trained(name, encoders, examples, out, device, evaluations_per_epoch=2)
    first, *_, last = (row["loss"] for row in found.history)
    millions = found.notes["parameters"] / 1e6
    print(f"  {millions:.0f} M parameters, {found.notes['clips_per_second']} clips a second on {device}")
    verdict = "falls" if last < first else "DOES NOT FALL"
    print(f"  loss of the first half {first:.3f}, of the second {last:.3f}: {verdict}")
    command = [
        sys.executable,
        "-m",
        "callmood",
        "scan",
        str(call),
        "--model",
        str(out),
        "--db",
        str(out / "proof.db"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    print(
        f"  scanned {call.name}: {'done' if done.returncode == 0 else done.stderr.strip()[-500:]}", flush=True
    )


@contextmanager
def utilisation(samples: list[float]) -> Iterator[None]:
    """Percent of the GPU's time, five times a second, into ``samples``."""
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "200"]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        watcher.terminate()
        printed, _ = watcher.communicate()
        samples += [float(line) for line in printed.splitlines() if line.strip().isdigit()]


def measure(encoders: dict[str, str], folder: Path, batch: int, steps: int, seconds: float) -> None:
    """Throughput of hubert_bert on a GPU; the first steps, which are slower, are inside."""
    examples = clips(folder, batch * steps, seconds)
    for precision in ("float32", "bfloat16"):
        used: list[float] = []
        torch.cuda.reset_peak_memory_stats()
        with utilisation(used):
            found = trained(
                "hubert_bert", encoders, examples, folder / precision, "cuda",
                batch_size=batch, precision=precision, workers=4,
            )  # fmt: skip
        notes = found.notes
        print(
            f"hubert_bert, {precision}, batch {batch}, clips of {seconds:g} s: {notes['clips_per_second']} clips a "
            f"second, peak {notes['peak_memory_gb']} GB, GPU busy {median(used or [0]):.0f} % (median), "
            f"loading {100 * notes['loading_share']:.1f} % of the time, {notes['device']}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("call", type=Path, help="a recording, or a folder of them, to scan")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32, help="clips, for the measurement on a GPU")
    given = parser.parse_args()
    device: Device = "cuda" if torch.cuda.is_available() else "cpu"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        encoders = write_encoders(folder)
        for name in RECIPES:
            prove(name, encoders, folder, given.call, device, given.steps)
        if device == "cuda":
            measure(encoders, folder, given.batch, steps=60, seconds=3.0)


if __name__ == "__main__":
    main()
