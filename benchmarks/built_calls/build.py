"""The sound of planned calls: an actor and a reader by turns, each through a line of their own."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from built_calls.plan import Plan
from built_calls.truth import READERS, Truth, Turn
from callmood.model.loudness import trimmed
from callmood.sound import SAMPLE_RATE, Samples
from callmood.training.corpora.clip import Clip
from callmood.training.data.augment import NARROW, Change, augmentation, resample
from callmood.training.data.decoding import decode_clip
from callmood.training.data.lines import telephone

LEVEL: Final = 0.06
"""Root mean square of a speaker's median turn; turns keep their loudness to each other."""
MOST: Final = 0.7
"""The highest peak of a side."""
PIECE_S: Final = (3.0, 8.0)
"""Shortest and longest turn of a reader."""
GAP_S: Final = (0.3, 0.9)
MARGIN_S: Final = 0.5
LOUDER_DB: Final = (-6.0, 6.0)
"""How much louder the agent is than the customer on one channel."""
NOISE_SHARE: Final = 0.3
NOISE_DB: Final = (-60.0, -42.0)
LINES: Final = ("drawn", "drawn", "drawn", "telephone", "telephone", "clean")
"""A call's lines are drawn of these: of both sides clean, or of each side one of the others."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A turn without its place."""

    samples: Samples
    """float32 [n] at 16 kHz, without silent ends."""
    role: str
    speaker: str
    corpus: str
    gender: str
    label: str
    words: str = ""


def acted_call(
    plan: Plan, pieces: Mapping[str, Sequence[Samples]], number: int, rng: random.Random
) -> list[Saying]:
    """The turns of a planned call; the ``number``-th of the readers (``reader_pieces``) speaks with the actor."""
    reader = sorted(pieces)[number % len(pieces)]
    role = "customer" if plan.moody == "agent" else "agent"
    stock = rng.sample(pieces[reader], len(pieces[reader]))
    own = levelled([_acted(clip, plan.moody) for clip in plan.clips])
    others = levelled(
        [
            Saying(stock[i % len(stock)], role, reader, READERS, "unknown", "neutral")
            for i in range(len(own) + 1)
        ]
    )
    return [others[0], *(one for pair in zip(own, others[1:], strict=True) for one in pair)]


def joined(
    name: str, plan: Plan, sayings: Sequence[Saying], rng: random.Random
) -> tuple[Truth, Samples, int]:
    """A call of turns one after the other: its truth, its sound [channels, n], and the sampling rate of that."""
    turns, sides = _placed(sayings, rng)
    lines = ("clean", "clean") if (kind := rng.choice(LINES)) == "clean" else (kind, rng.choice(LINES[:-1]))
    sides = np.stack([line_of(line, rng)(side) for line, side in zip(lines, sides, strict=True)])
    if plan.layout == "mono":
        louder = float(10 ** (rng.uniform(*LOUDER_DB) / 20))
        sides = (sides[:1] * np.float32(louder) + sides[1:]) / np.float32(max(1.0, louder))
        turns = [replace(turn, channel=0) for turn in turns]
    noise_db = rng.uniform(*NOISE_DB) if rng.random() < NOISE_SHARE else None
    if noise_db is not None:
        draw = np.random.default_rng(rng.randrange(2**32))
        hiss = draw.normal(0, 10 ** (noise_db / 20), (1, sides.shape[1]))
        sides = sides + hiss.astype(np.float32)
    sides = sides * np.float32(min(1.0, MOST / max(1e-6, float(np.abs(sides).max()))))
    seconds = round(sides.shape[1] / SAMPLE_RATE, 3)
    truth = Truth(
        name, plan.kind, plan.emotion, plan.moody, plan.layout, lines, noise_db, seconds, tuple(turns)
    )
    if lines[0] == "clean":
        return truth, sides, SAMPLE_RATE
    return truth, np.stack([resample(side, SAMPLE_RATE, NARROW) for side in sides]), NARROW


def _placed(sayings: Sequence[Saying], rng: random.Random) -> tuple[list[Turn], Samples]:
    """Turns one after the other, the agent on the first of two channels."""
    turns, at = [], round(MARGIN_S * SAMPLE_RATE)
    placed = []
    for one in sayings:
        channel = 0 if one.role == "agent" else 1
        end = at + len(one.samples)
        placed.append((channel, at, one.samples))
        turns.append(
            Turn(
                round(at / SAMPLE_RATE, 3),
                round(end / SAMPLE_RATE, 3),
                channel,
                one.role,
                one.speaker,
                one.corpus,
                one.gender,
                one.label,
                one.words,
            )
        )
        at = end + round(rng.uniform(*GAP_S) * SAMPLE_RATE)
    sides = np.zeros((2, at + round(MARGIN_S * SAMPLE_RATE)), np.float32)
    for channel, start, samples in placed:
        sides[channel, start : start + len(samples)] += samples
    return turns, sides


def line_of(line: str, rng: random.Random) -> Change:
    """A side's line: float32 [n] in and out, both at 16 kHz."""
    if line == "clean":
        return lambda samples: samples
    if line == "telephone":
        return _same_length(telephone)
    return _same_length(augmentation(("line",), rng.randrange(2**31), [np.zeros(SAMPLE_RATE, np.float32)]))


def _same_length(change: Change) -> Callable[[Samples], Samples]:
    def apply(samples: Samples) -> Samples:
        changed = change(samples)[: len(samples)]
        return np.pad(changed, (0, len(samples) - len(changed)))

    return apply


def _acted(clip: Clip, role: str) -> Saying:
    sound = trimmed(decode_clip(clip))
    return Saying(sound, role, clip.speaker, clip.corpus, clip.gender or "unknown", clip.label)


def levelled(sayings: Sequence[Saying]) -> list[Saying]:
    """All by one factor, so that a speaker's loud turns stay louder than the quiet ones."""
    loudness = float(np.median([np.sqrt(np.square(one.samples).mean()) for one in sayings]))
    peak = max(float(np.abs(one.samples).max()) for one in sayings)
    gain = np.float32(min(LEVEL / max(loudness, 1e-6), MOST / max(peak, 1e-6)))
    return [replace(one, samples=one.samples * gain) for one in sayings]


def reader_pieces(readers: Sequence[Clip]) -> dict[str, list[Samples]]:
    """Each reader's utterances, cut at pauses into pieces as long as turns; what is too short is left out."""
    pieces: dict[str, list[Samples]] = {}
    for clip in readers:
        pieces.setdefault(clip.speaker, []).extend(cut_at_pauses(trimmed(decode_clip(clip))))
    return pieces


def cut_at_pauses(samples: Samples) -> list[Samples]:
    """Pieces of 3 to 8 s of ``samples`` [n], cut where it is quietest; a rest below 3 s is left out."""
    shortest, longest = (round(seconds * SAMPLE_RATE) for seconds in PIECE_S)
    pieces = []
    while len(samples) > longest:
        power = np.convolve(np.square(samples[:longest]), np.ones(SAMPLE_RATE // 5), "same")
        cut = shortest + int(power[shortest:].argmin())
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [trimmed(piece) for piece in [*pieces, samples] if len(piece) >= shortest]


def write_wav(path: Path, sound: Samples, rate: int) -> None:
    """[channels, n] as 16-bit PCM."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound.T, rate, subtype="PCM_16")
