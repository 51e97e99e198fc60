"""Which language each speaker of a call speaks: heard in stretches of the whole call, not in its first words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from callmood.sound import SAMPLE_RATE, Samples

STRETCHES: Final = 3
"""Heard of each speaker."""
STRETCH_S: Final = 10.0
SURE: Final = 0.5
"""Probability from which the language of a call is believed, as in faster-whisper."""
SURE_OF_ONE: Final = 0.8
"""The same for a speaker who speaks another language than most of the call."""
LEAST_OF_ONE_S: Final = 8.0
"""What has to be heard of such a speaker: a few words are often taken for another language."""

Listened: TypeAlias = tuple[float, Mapping[str, float]]
"""Seconds of one stretch, and the probability of each language in it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The languages of a call, such as "en"."""

    call: str
    """That of most speech."""
    probability: float
    speakers: Mapping[int, str]
    """By speaker."""


def stretches(clips: Sequence[Samples]) -> list[Samples]:
    """Up to three stretches of 10 s of a speaker's clips, which come in the order of the call.

    Each is made of the longest clips of a third of them.
    """
    size = round(STRETCH_S * SAMPLE_RATE)
    found = []
    for part in np.array_split(np.arange(len(clips)), STRETCHES):
        longest = sorted((clips[i] for i in part), key=len, reverse=True)
        if longest:
            found.append(np.concatenate(longest)[:size])
    return found


def languages_of(heard: Mapping[int, Sequence[Listened]]) -> Spoken:
    """The languages of a call, from what was heard of each speaker; at least one stretch."""
    sums = {speaker: _sum(of_speaker) for speaker, of_speaker in heard.items()}
    total = _sum([(1.0, of_speaker) for of_speaker in sums.values()])
    call = max(total, key=lambda language: total[language])
    speakers = {}
    for speaker, of_speaker in heard.items():
        seconds = sum(seconds for seconds, _ in of_speaker)
        own = max(sums[speaker], key=lambda language: sums[speaker][language], default=call)
        is_sure = seconds >= LEAST_OF_ONE_S and sums[speaker][own] >= SURE_OF_ONE * seconds
        speakers[speaker] = own if is_sure else call
    return Spoken(call, total[call] / sum(s for one in heard.values() for s, _ in one), speakers)


def _sum(heard: Sequence[Listened]) -> dict[str, float]:
    """Seconds times probability of each language."""
    total: defaultdict[str, float] = defaultdict(float)
    for seconds, probabilities in heard:
        for language, probability in probabilities.items():
            total[language] += seconds * probability
    return total
