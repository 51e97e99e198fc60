"""Turns -> spans of up to 15 s to transcribe: what one speaker says before another comes in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from callmood.call import Speaker, Turn
from callmood.sound import SAMPLE_RATE, Samples

MIN_SEGMENT_S: Final = 1.0
"""A shorter run of turns looks further for a neighbour to join, and a cut leaves at least this much."""
MAX_SEGMENT_S: Final = 15.0
MAX_PAUSE_S: Final = 0.8
"""A pause of up to this length does not end a span."""
MAX_PAUSE_BESIDE_A_WORD_S: Final = 2.0
"""The same beside a word or two ("yes", "okay"), which are hard to transcribe alone."""
MIN_WORD_S: Final = 0.1
"""A run of turns shorter than this holds no word."""

_EARLIEST_CUT_S: Final = 6.0
_LULL_S: Final = 0.2
_STEP_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class SegmentSpan:
    """What one speaker says on one channel; seconds from the start of the recording."""

    speaker: int
    channel: int
    start_s: float
    end_s: float
    turns: tuple[Turn, ...]
    """When the speaker is heard in it."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def segment_turns(
    samples: Samples, turns: Sequence[Turn], speakers: Sequence[Speaker]
) -> tuple[list[SegmentSpan], int]:
    """Joins and cuts the turns of one call, in order of start; counts the turns too short for a word.

    ``samples`` is [channels, n] at 16 kHz. No span is longer than 15 s.
    """
    duration_s = samples.shape[1] / SAMPLE_RATE
    channels = {speaker.index: speaker.channel for speaker in speakers}
    inside = list(_within(turns, 0.0, duration_s))
    spans: list[SegmentSpan] = []
    too_short = 0
    for speaker, channel in channels.items():
        own = sorted((turn for turn in inside if turn.speaker == speaker), key=lambda turn: turn.start_s)
        others = [turn for turn in inside if turn.speaker != speaker]
        for run in _turn_runs(own, others):
            if run[-1].end_s - run[0].start_s < MIN_WORD_S:
                too_short += len(run)
                continue
            spans += [
                SegmentSpan(speaker, channel, start, end, tuple(_within(run, start, end)))
                for start, end in _split(run, samples[channel])
            ]
    return sorted(spans, key=lambda span: (span.start_s, span.speaker)), too_short


def _within(turns: Sequence[Turn], start_s: float, end_s: float) -> Iterator[Turn]:
    """What lies between two moments of each turn."""
    for turn in turns:
        inside = replace(turn, start_s=max(turn.start_s, start_s), end_s=min(turn.end_s, end_s))
        if inside.end_s > inside.start_s:
            yield inside


def _turn_runs(own: Sequence[Turn], others: Sequence[Turn]) -> Iterator[list[Turn]]:
    """One speaker's turns, in runs without a long pause or another speaker between."""
    run: list[Turn] = []
    for turn in own:
        if run and not _continues(run, turn, others):
            yield run
            run = []
        if run and turn.end_s <= run[-1].end_s:
            continue
        run.append(turn)
    if run:
        yield run


def _continues(run: Sequence[Turn], turn: Turn, others: Sequence[Turn]) -> bool:
    stop_s, start_s = run[-1].end_s, turn.start_s
    is_short = min(stop_s - run[0].start_s, turn.end_s - start_s) < MIN_SEGMENT_S
    if start_s - stop_s > (MAX_PAUSE_BESIDE_A_WORD_S if is_short else MAX_PAUSE_S):
        return False
    return not any(other.start_s < start_s and other.end_s > stop_s for other in others)


def _split(run: Sequence[Turn], channel: Samples) -> Iterator[tuple[float, float]]:
    """Start and end of spans of at most 15 s, cut where the channel (float32 [n]) is quietest."""
    start_s, end_s = run[0].start_s, run[-1].end_s
    while end_s - start_s > MAX_SEGMENT_S:
        cut_s = _quietest_moment(
            channel, start_s + _EARLIEST_CUT_S, min(start_s + MAX_SEGMENT_S, end_s - MIN_SEGMENT_S)
        )
        yield start_s, min(cut_s, max(turn.end_s for turn in run if turn.start_s < cut_s))
        start_s = max(cut_s, min(turn.start_s for turn in run if turn.end_s > cut_s))
    yield start_s, end_s


def _quietest_moment(channel: Samples, from_s: float, to_s: float) -> float:
    """The middle of the quietest lull, in seconds."""
    lull, step = round(_LULL_S * SAMPLE_RATE), round(_STEP_S * SAMPLE_RATE)
    part = channel[round(from_s * SAMPLE_RATE) : round(to_s * SAMPLE_RATE)].astype(np.float64)
    if len(part) <= lull:
        return to_s
    energy = np.concatenate(([0.0], np.cumsum(part**2)))
    lulls = (energy[lull:] - energy[:-lull])[::step]
    return from_s + (int(np.argmin(lulls)) * step + lull / 2) / SAMPLE_RATE
