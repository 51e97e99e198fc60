"""Turns -> spans of up to 15 s to transcribe: what one speaker says before another comes in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from callmood.arrays import Doubles
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

ABUTTING_S: Final = 0.2
"""Two speakers' turns on one channel with less than this between them are cut where no word is."""
_CHANGE_S: Final = 0.5
"""How far from a change of speaker the pause between them may be: the windows of diarization are longer."""
_CHANGE_LULL_S: Final = 0.08
_FARTHER_DB: Final = 12.0
"""A pause at the edge of this range has to be this much quieter than the change itself."""
_LOOK_BACK: Final = 4
"""Turns before one, among which is the one that it follows."""
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
    inside = changed_at_pauses(samples, list(_within(turns, 0.0, duration_s)), channels)
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


def changed_at_pauses(samples: Samples, turns: Sequence[Turn], channels: Mapping[int, int]) -> list[Turn]:
    """The turns, where one speaker follows another on the same channel with the change at the nearest pause.

    A change inside a word would leave half of it to each. ``channels`` is each speaker's.
    """
    found = sorted(turns, key=lambda turn: (turn.start_s, turn.end_s))
    for after, turn in enumerate(found):
        for before in range(after - 1, max(-1, after - 1 - _LOOK_BACK), -1):
            other = found[before]
            if (
                other.speaker == turn.speaker
                or channels[other.speaker] != channels[turn.speaker]
                or abs(turn.start_s - other.end_s) >= ABUTTING_S
            ):
                continue
            change_s = (other.end_s + turn.start_s) / 2
            earliest_s = max(change_s - _CHANGE_S, other.start_s + MIN_WORD_S)
            latest_s = min(change_s + _CHANGE_S, turn.end_s - MIN_WORD_S)
            if earliest_s >= latest_s:
                continue
            at_s = _nearest_pause(samples[channels[turn.speaker]], change_s, earliest_s, latest_s)
            found[before], found[after] = replace(other, end_s=at_s), replace(turn, start_s=at_s)
            break
    return sorted(found, key=lambda turn: (turn.start_s, turn.end_s))


def _nearest_pause(channel: Samples, change_s: float, from_s: float, to_s: float) -> float:
    """The middle of a lull between two moments, the quieter and the nearer the better."""
    lulls = _lull_energy(channel, from_s, to_s, _CHANGE_LULL_S)
    if not lulls.size:
        return change_s
    middles = from_s + np.arange(lulls.size) * _STEP_S + _CHANGE_LULL_S / 2
    cost = 10 * np.log10(lulls + 1e-9) + _FARTHER_DB * np.abs(middles - change_s) / _CHANGE_S
    return float(middles[int(np.argmin(cost))])


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
    lulls = _lull_energy(channel, from_s, to_s, _LULL_S)
    return from_s + int(np.argmin(lulls)) * _STEP_S + _LULL_S / 2 if lulls.size else to_s


def _lull_energy(channel: Samples, from_s: float, to_s: float, length_s: float) -> Doubles:
    """The energy of each stretch of this length between two moments, every ``_STEP_S``; empty if none fits."""
    lull, step = round(length_s * SAMPLE_RATE), round(_STEP_S * SAMPLE_RATE)
    part = channel[round(from_s * SAMPLE_RATE) : round(to_s * SAMPLE_RATE)].astype(np.float64)
    if len(part) <= lull:
        return np.zeros(0)
    energy = np.concatenate(([0.0], np.cumsum(part**2)))
    return np.asarray((energy[lull:] - energy[:-lull])[::step], dtype=np.float64)
