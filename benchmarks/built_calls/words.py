"""Calls of spoken sentences: voices that stay even, and words that don't, or only seem not to.

The voices are festival's us-slt-hts and flite's rms and awb, made larger and smaller for more speakers.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from built_calls.build import Saying, levelled
from built_calls.plan import MONO_SHARE, Plan
from built_calls.truth import SPOKEN
from callmood.errors import CallmoodError
from callmood.model.loudness import trimmed
from callmood.pipeline.audio.decode import decode
from callmood.sound import SAMPLE_RATE, Samples
from callmood.training.data.augment import resample

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KINDS: Final = ("complains", "asks")
"""A customer states facts, then complains; or asks, with feelings that are not this customer's, and thanks."""
COMPLAINT: Final = "complaint"
"""The sentences of a customer who is upset; all others are even."""
PLAIN_TURNS: Final = 3
TURNS: Final = 5
"""Turns that are complaints, or feelings of others and denied ones."""


@dataclass(frozen=True, slots=True)
class Voice:
    engine: str
    """"festival" or "flite"."""
    name: str
    gender: str
    size: float = 1.0
    """Above 1 is a smaller speaker: pitch and formants go up together."""

    @property
    def speaker(self) -> str:
        return f"{SPOKEN}-{self.name}-{self.size:g}"


VOICES: Final = {
    "tune": (
        Voice("festival", "cmu_us_slt_arctic_hts", "female"),
        Voice("flite", "rms", "male"),
        Voice("festival", "cmu_us_slt_arctic_hts", "female", 1.08),
        Voice("flite", "awb", "male", 0.95),
    ),
    "judge": (
        Voice("festival", "cmu_us_slt_arctic_hts", "female", 0.94),
        Voice("flite", "rms", "male", 0.92),
        Voice("flite", "awb", "male", 1.04),
        Voice("flite", "rms", "male", 1.06),
    ),
}


def spoken_calls(part: str, calls: int, seed: int) -> Iterator[tuple[Plan, list[Saying]]]:
    """Calls of both kinds in alternation, with the part's voices and sentences.

    Raises CallmoodError where a synthesiser is missing.
    """
    _require_synthesisers()
    said, voices = sentences(part), VOICES[part]
    for number in range(calls):
        rng = random.Random(seed * 100_000 + number)
        kind = KINDS[number % len(KINDS)]
        agent, customer = voices[number % len(voices)], voices[(number + 1) % len(voices)]
        layout = "mono" if rng.random() < MONO_SHARE else "stereo"
        plan = Plan(kind, "angry" if kind == "complains" else "neutral", "customer", layout, ())
        yield plan, _turns(kind, said, agent, customer, rng)


def sentences(part: str) -> dict[str, list[str]]:
    """By what they are: every second one, from the first for tune, from the second for judge."""
    with (Path(__file__).parent / "sentences.toml").open("rb") as file:
        found = tomllib.load(file)
    return {name: one["sentences"][part == "judge" :: 2] for name, one in found.items()}


def _turns(
    kind: str, said: dict[str, list[str]], agent: Voice, customer: Voice, rng: random.Random
) -> list[Saying]:
    """The agent's greeting, then the customer and the agent in turns, the agent with courtesies."""

    def draw(words: str, count: int) -> list[tuple[str, str]]:
        return [(words, text) for text in rng.sample(said[words], min(count, len(said[words])))]

    if kind == "complains":
        own = draw("plain", PLAIN_TURNS) + draw(COMPLAINT, TURNS)
    else:
        own = draw("plain", PLAIN_TURNS) + draw("reported", TURNS) + draw("thanks", 2)
    greeting, *courtesies = said["courtesy"]
    answers = rng.sample(courtesies, len(courtesies))
    theirs = [("courtesy", greeting), *(("courtesy", answers[i % len(answers)]) for i in range(len(own)))]
    mine = levelled([_saying(customer, "customer", *one) for one in own])
    others = levelled([_saying(agent, "agent", *one) for one in theirs])
    return [others[0], *(one for pair in zip(mine, others[1:], strict=True) for one in pair)]


def _saying(voice: Voice, role: str, words: str, text: str) -> Saying:
    label = "angry" if words == COMPLAINT else "neutral"
    return Saying(speech(voice, text), role, voice.speaker, SPOKEN, voice.gender, label, words)


@cache
def speech(voice: Voice, text: str) -> Samples:
    """What a voice says, float32 [n] at 16 kHz, without silent ends."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "speech.wav")
        if voice.engine == "festival":
            _run(["text2wave", "-eval", f"(voice_{voice.name})", "-o", out], text)
        else:
            _run(["flite", "-voice", voice.name, "-t", text, "-o", out])
        sound = decode(out).samples[0]
    return trimmed(np.asarray(resample(sound, SAMPLE_RATE * voice.size, SAMPLE_RATE), np.float32))


def _run(command: Sequence[str | Path], text: str = "") -> None:
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise CallmoodError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[:200]}")


def _require_synthesisers() -> None:
    missing = [name for name in ("text2wave", "flite") if shutil.which(name) is None]
    if missing:
        raise CallmoodError(
            f"{' and '.join(missing)} not found. Install flite, festival and festvox-us-slt-hts, or build without "
            "--spoken."
        )
