"""A recording's samples -> who speaks when.

On a stereo call the channel is the speaker. The same content on both channels, or a dead channel, makes it a
mono call, and diarization finds the speakers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from callmood.call import Speaker, Turn
from callmood.pipeline.speakers.diarize import Span, speakers_of
from callmood.pipeline.speakers.roles import assign_roles, first_guess
from callmood.pipeline.speakers.vad import (
    FRAME_SAMPLES,
    OFFSET,
    Activity,
    confirmed,
    levels,
    listen,
    stretches,
)
from callmood.settings import SpeakerSettings
from callmood.sound import SAMPLE_RATE, Samples

__all__ = ["Conversation", "Finder", "assign_roles", "load_finder"]

Layout = Literal["stereo", "dual mono", "mono"]

SHORTEST_S: Final = 0.2

SPEECH_RANGE_DB: Final = 25.0
"""Frames within this of the loudest ones tell how two channels relate; the quieter ones hold noise."""
SAME_CONTENT_DB: Final = 6.0
"""The same content differs in level by a constant; what is left of 5 to 95 % of the frames is below this."""
MOST_DELAY_FRAMES: Final = 31
"""How late a copy or an echo comes at most: half a second."""
LEAK_BELOW_DB: Final = 8.0
LEAK_BAND_DB: Final = 4.0
LEAK_SHARE: Final = 0.35
"""A leak keeps its distance, within the band, in so many of the frames in which both sides seem to speak.
Leaks reach 0.4 and more, double talk 0.25."""
ABOVE_LEAK_DB: Final = 6.0
"""Somebody speaks on a channel only where it is this much louder than the leak can be."""
LEAST_LEAK_FRAMES: Final = 30


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
        from callmood.model.networks.segmentation import load_segmentation

        self._settings = settings
        self._device = device
        self._segmentation = load_segmentation(device)
        self._pipeline = None
        if settings.diarizer != "embedded":
            from callmood.pipeline.speakers.pyannote_pipeline import load_pipeline

            self._pipeline = load_pipeline(settings.diarizer, device)

    def __call__(self, samples: Samples) -> Conversation:
        """Samples [channels, n] at 16 kHz -> who speaks when; channels from the third on are left out."""
        samples = _clean(samples)
        if samples.shape[-1] < SHORTEST_S * SAMPLE_RATE:
            return Conversation("mono", (), (), ("too short for speech",))
        if len(samples) == 1:
            return self._mono(samples, 0, listen(samples[0], self._segmentation), "mono", ())
        if same_content(samples):
            return self._mono(samples, 0, listen(samples[0], self._segmentation), "dual mono", ())
        return self._stereo(samples)

    def _stereo(self, samples: Samples) -> Conversation:
        heard = [listen(channel, self._segmentation) for channel in samples]
        speech = without_leaks(samples, [activity.speech for activity in heard])
        spans = [
            confirmed(channel, stretches(of_channel))
            for channel, of_channel in zip(samples, speech, strict=True)
        ]
        live = [channel for channel in range(2) if len(spans[channel])]
        if len(live) == 1:
            return self._one_live_channel(samples, live[0], heard[live[0]])
        speakers = [Speaker(index, channel) for index, channel in enumerate(live)]
        turns = [
            Turn(index, float(start), float(end))
            for index, channel in enumerate(live)
            for start, end in spans[channel]
        ]
        return self._conversation("stereo", samples, speakers, turns, ())

    def _one_live_channel(self, samples: Samples, channel: int, activity: Activity) -> Conversation:
        """Nobody speaks on the other channel: one speaker alone, or both parties on this one."""
        dead, live = ("right", "left") if channel == 0 else ("left", "right")
        warning = f"nobody speaks on the {dead} channel"
        alone = self._mono(samples, channel, activity, "stereo", (warning,))
        if len(alone.speakers) < 2:
            return alone
        warning = f"{warning}: the {live} channel is taken as a mono recording"
        return self._conversation("mono", samples, alone.speakers, alone.turns, (warning,))

    def _mono(
        self, samples: Samples, channel: int, activity: Activity, layout: Layout, warnings: tuple[str, ...]
    ) -> Conversation:
        spans = self._diarize(samples[channel], activity)
        order = list(dict.fromkeys(speaker for speaker, _, _ in sorted(spans, key=lambda span: span[1])))
        speakers = [Speaker(index, channel) for index in range(len(order))]
        turns = [Turn(order.index(speaker), float(start), float(end)) for speaker, start, end in spans]
        return self._conversation(layout, samples, speakers, turns, warnings)

    def _diarize(self, samples: Samples, activity: Activity) -> list[Span]:
        if self._pipeline is not None:
            return self._pipeline(samples, self._settings.speakers)
        from callmood.model.networks.campplus import load_embedding

        speech = confirmed(samples, stretches(activity.speech))
        return speakers_of(
            samples, activity, speech, lambda: load_embedding(self._device), self._settings.speakers
        )

    def _conversation(
        self,
        layout: Layout,
        samples: Samples,
        speakers: Sequence[Speaker],
        turns: Sequence[Turn],
        warnings: tuple[str, ...],
    ) -> Conversation:
        length_s = samples.shape[1] / SAMPLE_RATE
        inside = [replace(turn, end_s=min(turn.end_s, length_s)) for turn in turns if turn.start_s < length_s]
        ordered = tuple(sorted(inside, key=lambda turn: (turn.start_s, turn.end_s)))
        if not ordered:
            warnings = (*warnings, "nobody speaks")
        guess = first_guess(speakers, ordered, self._settings, stereo=layout == "stereo")
        return Conversation(layout, guess, ordered, warnings)


def load_finder(settings: SpeakerSettings, device: str) -> Callable[[Samples], Conversation]:
    """Loads what is needed to find speakers, on ``device`` ("cpu", "cuda:0", "mps")."""
    return Finder(settings, device)


def same_content(samples: Samples) -> bool:
    """Whether two channels [2, n] carry the same: their levels then rise and fall together, up to a delay."""
    left, right = _aligned(samples)
    loudest = np.maximum(left, right)
    loud = loudest > np.percentile(loudest, 99) - SPEECH_RANGE_DB
    low, high = np.percentile((left - right)[loud], [5, 95])
    return bool(high - low < SAME_CONTENT_DB)


def without_leaks(samples: Samples, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Speech probabilities of two channels -> the same without what is only the other side, heard faintly."""
    level = [levels(channel, len(speech[0])) for channel in samples]
    found = []
    for own, other in ((0, 1), (1, 0)):
        leaks = _leak_db(level[own], level[other], speech[own], speech[other])
        only_leak = (
            np.zeros(len(speech[own]), dtype=bool) if leaks is None else level[own] < leaks + ABOVE_LEAK_DB
        )
        found.append(np.where(only_leak, np.float32(0), speech[own]))
    return found


def _leak_db(
    own: NDArray[np.float32],
    other: NDArray[np.float32],
    own_speech: NDArray[np.float32],
    other_speech: NDArray[np.float32],
) -> NDArray[np.float32] | None:
    """How loud the other side can be on one's own channel, frame by frame, or None where it isn't heard there.

    A leak follows what leaks at a constant distance and delay; two people who talk at once don't.
    """
    doubtful = np.flatnonzero((own_speech >= OFFSET) & (_held(other_speech) >= OFFSET))
    if doubtful.size < LEAST_LEAK_FRAMES:
        return None

    def share_and_distance(delay: int) -> tuple[float, float]:
        distance = np.sort(own[doubtful] - other[np.maximum(0, doubtful - delay)])
        distance = distance[distance < -LEAK_BELOW_DB]
        near = np.searchsorted(distance, distance + LEAK_BAND_DB) - np.arange(distance.size)
        if not distance.size:
            return 0.0, 0.0
        return float(near.max()) / doubtful.size, float(distance[near.argmax()]) + LEAK_BAND_DB / 2

    share, distance = max(share_and_distance(delay) for delay in range(MOST_DELAY_FRAMES))
    return _held(other) + np.float32(distance) if share >= LEAK_SHARE else None


def _held(track: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest of the frames up to the longest delay before: when an echo of them can be heard."""
    from scipy.ndimage import maximum_filter1d

    size = MOST_DELAY_FRAMES
    return np.asarray(maximum_filter1d(track, size, origin=(size - 1) // 2), dtype=np.float32)


def _aligned(samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Levels of two channels, one shifted so that they fit best."""
    frames = max(1, samples.shape[1] // FRAME_SAMPLES)
    left, right = (levels(channel, frames) for channel in samples)
    if frames <= 4 * MOST_DELAY_FRAMES:
        return left, right

    def fit(delay: int) -> float:
        a, b = _shifted(left, right, delay)
        return float(np.mean(np.abs((a - a.mean()) - (b - b.mean()))))

    return _shifted(left, right, min(range(1 - MOST_DELAY_FRAMES, MOST_DELAY_FRAMES), key=fit))


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
