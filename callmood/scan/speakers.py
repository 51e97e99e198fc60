"""A recording's samples -> who speaks when.

On a stereo call the channel is the speaker. The same content on both channels, or a dead channel, makes it a
mono call, and diarization finds the speakers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from callmood.call import Speaker, Turn
from callmood.scan.diarize import Span, speakers_of
from callmood.scan.roles import assign_roles, first_guess
from callmood.scan.voice import FRAME_S, RATE, Activity, Samples, levels, listen, stretches
from callmood.settings import SpeakerSettings

__all__ = ["Conversation", "Finder", "assign_roles", "load_finder"]

Layout = Literal["stereo", "dual mono", "mono"]

SHORTEST_S: Final = 0.2
ONSET: Final = 0.5
OFFSET: Final = 0.4
FILL_S: Final = 0.3
SHORTEST_TURN_S: Final = 0.1

_SPEECH_RANGE_DB: Final = 25.0
"""Frames within this of the loudest ones tell how two channels relate; the quieter ones hold noise."""
_SAME_CONTENT_DB: Final = 6.0
"""The same content differs in level by a constant; what is left of 5 to 95 % of the frames is below this."""
_MOST_DELAY_FRAMES: Final = 30
_LEAK_BELOW_DB: Final = 8.0
_LEAK_SPREAD_DB: Final = 8.0
_ABOVE_LEAK_DB: Final = 6.0
_LEAK_FRAMES: Final = 30


@dataclass(frozen=True, slots=True)
class Conversation:
    """Who speaks when on a recording."""

    layout: Layout
    speakers: tuple[Speaker, ...]
    turns: tuple[Turn, ...]
    """By start."""
    warnings: tuple[str, ...]


class Finder:
    """Finds the speakers of recordings; loads its models when first needed and keeps them."""

    def __init__(self, settings: SpeakerSettings, device: str) -> None:
        from callmood.scan.weights import load_segmentation

        self._settings = settings
        self._device = device
        self._segmentation = load_segmentation(device)
        self._pipeline = None
        if settings.diarizer != "embedded":
            from callmood.scan.pyannote_pipeline import load_pipeline

            self._pipeline = load_pipeline(settings.diarizer, device)

    def __call__(self, samples: Samples) -> Conversation:
        """Samples [channels, n] at 16 kHz -> who speaks when; channels from the third on are left out."""
        samples = _clean(samples)
        if samples.shape[-1] < SHORTEST_S * RATE:
            return Conversation("mono", (), (), ("too short for speech",))
        if len(samples) == 1:
            return self._mono(samples, 0, listen(samples[0], self._segmentation), "mono", ())
        if same_content(samples):
            return self._mono(samples, 0, listen(samples[0], self._segmentation), "dual mono", ())
        return self._stereo(samples)

    def _stereo(self, samples: Samples) -> Conversation:
        heard = [listen(channel, self._segmentation) for channel in samples]
        speech = without_leaks(samples, [activity.speech for activity in heard])
        spans = [stretches(of_channel, ONSET, OFFSET, FILL_S, SHORTEST_TURN_S) for of_channel in speech]
        live = [channel for channel in range(2) if len(spans[channel])]
        if len(live) == 1:
            return self._one_live_channel(samples, live[0], heard[live[0]])
        speakers = [Speaker(index, channel) for index, channel in enumerate(live)]
        turns = [
            Turn(index, float(start), float(end))
            for index, channel in enumerate(live)
            for start, end in spans[channel]
        ]
        return self._conversation("stereo", speakers, turns, ())

    def _one_live_channel(self, samples: Samples, channel: int, activity: Activity) -> Conversation:
        """Nobody speaks on the other channel: one speaker alone, or both parties on this one."""
        dead, live = ("right", "left") if channel == 0 else ("left", "right")
        warning = f"nobody speaks on the {dead} channel"
        found = self._mono(samples, channel, activity, "stereo", (warning,))
        if len(found.speakers) < 2:
            return found
        warning = f"{warning}: the {live} channel is taken as a mono recording"
        return Conversation("mono", found.speakers, found.turns, (warning,))

    def _mono(
        self, samples: Samples, channel: int, activity: Activity, layout: Layout, warnings: tuple[str, ...]
    ) -> Conversation:
        spans = self._diarize(samples[channel], activity)
        order = list(dict.fromkeys(speaker for speaker, _, _ in sorted(spans, key=lambda span: span[1])))
        speakers = [Speaker(index, channel) for index in range(len(order))]
        turns = [Turn(order.index(speaker), float(start), float(end)) for speaker, start, end in spans]
        return self._conversation(layout, speakers, turns, warnings)

    def _diarize(self, samples: Samples, activity: Activity) -> list[Span]:
        if self._pipeline is not None:
            return self._pipeline(samples, self._settings.speakers)
        from callmood.scan.weights import load_embedding

        return speakers_of(samples, activity, lambda: load_embedding(self._device), self._settings.speakers)

    def _conversation(
        self, layout: Layout, speakers: Sequence[Speaker], turns: Sequence[Turn], warnings: tuple[str, ...]
    ) -> Conversation:
        ordered = tuple(sorted(turns, key=lambda turn: (turn.start_s, turn.end_s)))
        if not ordered:
            warnings = (*warnings, "nobody speaks")
        return Conversation(layout, first_guess(speakers, ordered, self._settings), ordered, warnings)


def load_finder(settings: SpeakerSettings, device: str) -> Callable[[Samples], Conversation]:
    """Loads what is needed to find speakers, on ``device`` ("cpu", "cuda:0", "mps")."""
    return Finder(settings, device)


def same_content(samples: Samples) -> bool:
    """Whether two channels [2, n] carry the same: their levels then rise and fall together, up to a delay."""
    left, right = _aligned(samples)
    loudest = np.maximum(left, right)
    loud = loudest > np.percentile(loudest, 99) - _SPEECH_RANGE_DB
    low, high = np.percentile((left - right)[loud], [5, 95])
    return bool(high - low < _SAME_CONTENT_DB)


def without_leaks(samples: Samples, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Speech probabilities of two channels -> the same without what is only the other side, heard faintly."""
    frames = len(speech[0])
    level = [levels(channel, frames) for channel in samples]
    found = []
    for own in range(2):
        other = 1 - own
        leak = _leak_db(level[own], level[other], speech[own], speech[other])
        kept = speech[own]
        if leak is not None:
            kept = np.where(level[own] < _held(level[other]) + leak + _ABOVE_LEAK_DB, 0, kept)
        found.append(kept.astype(np.float32))
    return found


def _leak_db(
    own: NDArray[np.float32],
    other: NDArray[np.float32],
    own_speech: NDArray[np.float32],
    other_speech: NDArray[np.float32],
) -> float | None:
    """How loud the other side is on one's own channel against its own, or None where it isn't heard there.

    A leak follows what leaks at a constant distance; two people who talk at once don't.
    """
    doubtful = (own_speech >= OFFSET) & (other_speech >= OFFSET) & (own < other - _LEAK_BELOW_DB)
    if doubtful.sum() < _LEAK_FRAMES:
        return None
    distance = (own - other)[doubtful]
    low, high = np.percentile(distance, [25, 75])
    return float(np.median(distance)) if high - low < _LEAK_SPREAD_DB else None


def _held(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """The loudest of the last 0.15 s: echoes come late."""
    held = level.copy()
    for delay in range(1, int(0.15 / FRAME_S)):
        held[delay:] = np.maximum(held[delay:], level[:-delay])
    return held


def _aligned(samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Levels of two channels, one shifted so that they fit best."""
    frames = max(1, samples.shape[1] // 270)
    left, right = (levels(channel, frames) for channel in samples)
    if frames <= 4 * _MOST_DELAY_FRAMES:
        return left, right

    def fit(delay: int) -> float:
        a, b = _shifted(left, right, delay)
        return float(np.mean(np.abs((a - a.mean()) - (b - b.mean()))))

    return _shifted(left, right, min(range(-_MOST_DELAY_FRAMES, _MOST_DELAY_FRAMES + 1), key=fit))


def _shifted(
    left: NDArray[np.float32], right: NDArray[np.float32], delay: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if delay >= 0:
        return left[: len(left) - delay], right[delay:]
    return left[-delay:], right[:delay]


def _clean(samples: Samples) -> Samples:
    """Samples as [1 or 2, n] float32 without NaN and infinity."""
    samples = np.atleast_2d(np.asarray(samples, dtype=np.float32))[:2]
    if samples.size and not np.isfinite(samples.sum(dtype=np.float64)):
        samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -8, 8)
    return samples
