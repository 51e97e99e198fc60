"""A recording's samples -> who speaks when.

On a stereo call the channel is the speaker. The same content on both channels, or a dead channel, makes it a
mono call, and diarization finds the speakers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from callmood.call import Layout, Speaker, Turn
from callmood.model.networks.on_device import Network, segmentation_network, speaker_network
from callmood.pipeline.speakers.channels import separate, without_leaks
from callmood.pipeline.speakers.diarize import Span, diarize
from callmood.pipeline.speakers.roles import first_guess
from callmood.pipeline.speakers.vad import Activity, confirm_with_silero, speech_activity, speech_regions
from callmood.settings import SpeakerSettings
from callmood.sound import SAMPLE_RATE, Samples

MIN_RECORDING_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Conversation:
    """Who speaks when on a recording."""

    layout: Layout
    speakers: tuple[Speaker, ...]
    turns: tuple[Turn, ...]
    """By start."""
    warnings: tuple[str, ...]
    samples: Samples = field(repr=False, compare=False)
    """[channels, n]: the sound of the speakers, on stereo calls without the other side's leak."""


class Finder:
    """Finds the speakers of recordings; keeps its models loaded."""

    def __init__(
        self,
        settings: SpeakerSettings,
        device: str,
        segmentation: Network | None = None,
        speakers: Network | None = None,
    ) -> None:
        """``segmentation`` and ``speakers``: networks to use in place of those on ``device``."""
        self._settings = settings
        self._segmentation = segmentation or segmentation_network(device)
        self._speaker_network = speakers or speaker_network(device)
        self._pipeline = None
        if settings.diarizer != "embedded":
            from callmood.pipeline.speakers.pyannote_pipeline import load_pipeline

            self._pipeline = load_pipeline(settings.diarizer, device)

    def __call__(self, samples: Samples) -> Conversation:
        """Samples [channels, n] at 16 kHz -> who speaks when; channels after the second are ignored."""
        samples = _sanitise(samples)
        if samples.shape[-1] < MIN_RECORDING_S * SAMPLE_RATE:
            return Conversation("mono", (), (), ("too short for speech",), samples)
        if len(samples) == 1:
            return self._mono(samples, 0, self._activity(samples[0]), "mono", ())
        channels = separate(samples)
        if channels.copy is not None:
            activity = self._activity(samples[channels.copy])
            return self._mono(samples, channels.copy, activity, "dual mono", ())
        return self._stereo(channels.samples, channels.warnings)

    def _stereo(self, samples: Samples, warnings: tuple[str, ...]) -> Conversation:
        activities = [self._activity(channel) for channel in samples]
        speech = without_leaks(samples, [activity.speech for activity in activities])
        spans = [
            confirm_with_silero(channel, speech_regions(of_channel))
            for channel, of_channel in zip(samples, speech, strict=True)
        ]
        live = [channel for channel in range(2) if len(spans[channel])]
        if len(live) == 1:
            return self._one_live_channel(samples, live[0], activities[live[0]], warnings)
        speakers = [Speaker(index, channel) for index, channel in enumerate(live)]
        turns = [
            Turn(index, float(start), float(end))
            for index, channel in enumerate(live)
            for start, end in spans[channel]
        ]
        return self._conversation("stereo", samples, speakers, turns, warnings)

    def _one_live_channel(
        self, samples: Samples, channel: int, activity: Activity, warnings: tuple[str, ...]
    ) -> Conversation:
        """Nobody speaks on the other channel, so this one has a single speaker or both parties."""
        dead, live = ("right", "left") if channel == 0 else ("left", "right")
        warning = f"nobody speaks on the {dead} channel"
        found = self._mono(samples, channel, activity, "stereo", (*warnings, warning))
        if len(found.speakers) < 2:
            return found
        warning = f"{warning}: the {live} channel is taken as a mono recording"
        return self._conversation("mono", samples, found.speakers, found.turns, (*warnings, warning))

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
        speech = confirm_with_silero(samples, speech_regions(activity.speech))
        return diarize(samples, activity, speech, self._speaker_network, self._settings.speakers)

    def _activity(self, channel: Samples) -> Activity:
        return speech_activity(channel, self._segmentation)

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
        return Conversation(layout, guess, ordered, warnings, samples)


def load_finder(settings: SpeakerSettings, device: str) -> Callable[[Samples], Conversation]:
    """Loads the models that find speakers, on ``device`` ("cpu", "cuda:0", "mps")."""
    return Finder(settings, device)


def _sanitise(samples: Samples) -> Samples:
    """Samples as [1 or 2, n] float32 without NaN and infinity."""
    samples = np.atleast_2d(np.asarray(samples, dtype=np.float32))[:2]
    if samples.size and not np.isfinite(samples.sum(dtype=np.float64)):
        samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -8, 8)
    return samples
