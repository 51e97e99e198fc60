"""Small models in place of a scan's own: functions of the sound, without torch.

FAULTS_DELAY_S is how long a recording takes, FAULTS_LOAD_S how long the models take to load.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from callmood.arrays import Floats
from callmood.call import Segment, Speaker, Turn, Word
from callmood.labels import LABELS
from callmood.model.scorer import BundleSettings, Encoded, Heads, Scorer
from callmood.pipeline import pipeline
from callmood.pipeline.pipeline import Stages, Work
from callmood.pipeline.speakers.finder import Conversation
from callmood.pipeline.transcribe.transcriber import Transcript
from callmood.settings import Settings
from callmood.sound import SAMPLE_RATE

TURN_S = 1.0
WORDS = ("good", "morning", "thank", "you", "for", "calling", "my", "order", "is", "late", "again", "fine")


def find_speakers(samples: Floats) -> Conversation:
    """Two speakers who take turns of a second."""
    stereo = len(samples) > 1
    speakers = (Speaker(0, 0, "agent", "set"), Speaker(1, int(stereo), "customer", "set"))
    seconds = int(samples.shape[1] / SAMPLE_RATE / TURN_S)
    turns = tuple(Turn(i % 2, i * TURN_S, (i + 1) * TURN_S) for i in range(seconds))
    return Conversation("stereo" if stereo else "mono", speakers, turns, (), samples)


class Transcriber:
    """A transcriber whose words follow from the sound."""

    def transcribe(
        self, calls: Sequence[tuple[Floats, Sequence[Turn], Sequence[Speaker]]], *_: object
    ) -> list[Transcript]:
        time.sleep(float(os.environ.get("FAULTS_DELAY_S", "0.05")) * len(calls))
        return [
            Transcript(tuple(_segment(samples, turn, speakers[turn.speaker]) for turn in turns), {})
            for samples, turns, speakers in calls
        ]


def _segment(samples: Floats, turn: Turn, speaker: Speaker) -> Segment:
    part = samples[speaker.channel, int(turn.start_s * SAMPLE_RATE) : int(turn.end_s * SAMPLE_RATE)]
    first = int(np.abs(part).sum() * 1000)
    step = (turn.end_s - turn.start_s) / 3
    words = tuple(
        Word(WORDS[(first + i) % len(WORDS)], turn.start_s + i * step, turn.start_s + (i + 1) * step, 0.5)
        for i in range(3)
    )
    text = " ".join(word.text for word in words)
    return Segment(speaker.index, speaker.channel, turn.start_s, turn.end_s, text, words)


@dataclass(frozen=True, slots=True)
class SmallScorer(Scorer):
    """The program's own arithmetic on vectors that are the loudness of eight parts of a clip."""

    def encode(self, clips: Sequence[Floats | None], texts: Sequence[str | None]) -> Encoded:
        audio = np.array(
            [[np.abs(part).mean() for part in np.array_split(clip, 8)] for clip in clips if clip is not None],
            np.float32,
        )
        yes = np.ones(len(clips), bool)
        return Encoded(audio, np.zeros((len(clips), 0), np.float32), yes, ~yes)


def scorer() -> Scorer:
    weights = np.random.default_rng(8).normal(size=(2, len(LABELS), 8)).astype(np.float32)
    bias = np.zeros(len(LABELS), np.float32)
    return SmallScorer(
        id="small",
        settings=BundleSettings(labels=LABELS, audio=None, text=None, prior_count=5.0),
        heads=Heads(raw=(weights[0], bias), relative=(weights[1], bias)),
    )


def load(settings: Settings, device: str) -> Work:
    """In place of ``callmood.pipeline.pipeline.load_scan``."""
    time.sleep(float(os.environ.get("FAULTS_LOAD_S", "0")))
    pipeline.BATCH_AUDIO_S = 0.0  # each call ends by itself, so that storing is spread over the scan
    return partial(pipeline.scan, Stages(find_speakers, Transcriber(), scorer(), settings))  # type: ignore[arg-type]
