"""Which calls are built: how the mood goes, whose it is, and the clips of its turns in their order."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callmood.labels import EVEN_TEMPERED
from callmood.training.corpora.clip import Clip

KINDS: Final = ("comes", "goes", "throughout", "sprinkled", "never")
EMOTIONS: Final = ("angry", "disgust", "fearful", "happy", "sad", "surprised")
EVEN_TURNS: Final = 9
"""Even turns of a sprinkled call, and of one without a mood."""
MOODY_TURNS: Final = 4
HALF: Final = 5
"""Turns before and after a mood comes or goes."""
THROUGHOUT: Final = 8
FEWEST: Final = 3
"""Fewer clips than this of an emotion, or of even speech, make no call."""
AGENT_SHARE: Final = 0.2
"""Share of calls in which the mood is the agent's."""
MONO_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """A call of an actor whose mood it is and a reader who stays even."""

    kind: str
    emotion: str
    moody: str
    """"agent" or "customer": the actor's role."""
    layout: str
    clips: tuple[Clip, ...]
    """Of the actor, in the order of the turns."""


def plans(clips: Sequence[Clip], calls_per_speaker: int, seed: int) -> list[Plan]:
    """Calls of every speaker of ``clips``, the kinds and emotions dealt from a shuffled deck so that all come as often.

    A speaker who cannot have all kinds of calls (a corpus without even speech) gets as many fewer.
    """
    rng = random.Random(seed)
    deck: list[tuple[str, str]] = []
    found = []
    for own in _by_speaker(clips).values():
        possible = {card for card in _cards() if _possible(card, own)}
        kinds = len({kind for kind, _ in possible})
        for _ in range(math.ceil(calls_per_speaker * kinds / len(KINDS)) if possible else 0):
            if not possible & set(deck):
                deck += rng.sample(_cards(), len(_cards()))
            card = next(card for card in deck if card in possible)
            deck.remove(card)
            moody = "agent" if rng.random() < AGENT_SHARE else "customer"
            layout = "mono" if rng.random() < MONO_SHARE else "stereo"
            found.append(Plan(*card, moody, layout, tuple(_turns(card, own, rng))))
    return found


def _cards() -> list[tuple[str, str]]:
    moody = [(kind, emotion) for kind in KINDS if kind != "never" for emotion in EMOTIONS]
    return moody + [("never", "neutral")] * len(EMOTIONS)


def _by_speaker(clips: Sequence[Clip]) -> dict[str, dict[str, list[Clip]]]:
    """By speaker and label, calm being neutral; both in a fixed order."""
    found: dict[str, dict[str, list[Clip]]] = {}
    for clip in sorted(clips, key=lambda clip: (clip.speaker, str(clip.path))):
        label = "neutral" if clip.label in EVEN_TEMPERED else clip.label
        found.setdefault(clip.speaker, {}).setdefault(label, []).append(clip)
    return found


def _possible(card: tuple[str, str], own: Mapping[str, Sequence[Clip]]) -> bool:
    kind, emotion = card
    return (kind == "throughout" or len(own.get("neutral", ())) >= FEWEST) and len(
        own.get(emotion, ())
    ) >= FEWEST


def _turns(card: tuple[str, str], own: Mapping[str, Sequence[Clip]], rng: random.Random) -> list[Clip]:
    """No clip comes twice in a call: where a speaker has too few, it is shorter."""
    kind, emotion = card

    def draw(label: str, count: int) -> list[Clip]:
        return rng.sample(own[label], min(count, len(own[label])))

    if kind == "never":
        return draw("neutral", EVEN_TURNS)
    if kind == "throughout":
        return draw(emotion, THROUGHOUT)
    if kind == "sprinkled":
        mixed = draw("neutral", EVEN_TURNS) + draw(emotion, MOODY_TURNS)
        return rng.sample(mixed, len(mixed))
    even, moody = draw("neutral", HALF), draw(emotion, HALF)
    return even + moody if kind == "comes" else moody + even
