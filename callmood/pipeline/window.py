"""The window through which a stretch of speech is decoded and scored.

A "yes" of 0.3 s is hard to transcribe and to score alone, so both look at a second of sound around it. Its own times
stay what they are.
"""

from collections.abc import Sequence
from typing import Final, Protocol

MIN_WINDOW_S: Final = 1.0


class Stretch(Protocol):
    """A part of one channel; seconds from the start of the recording."""

    @property
    def channel(self) -> int: ...

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


def window_of(one: Stretch, stretches: Sequence[Stretch], duration_s: float) -> tuple[float, float]:
    """Start and end of ``one``, widened to 1 s as far as the other ``stretches`` of its channel leave room."""
    missing_s = MIN_WINDOW_S - (one.end_s - one.start_s)
    if missing_s <= 0:
        return one.start_s, one.end_s
    around = [other for other in stretches if other.channel == one.channel and other is not one]
    floor_s = max((other.end_s for other in around if other.end_s <= one.start_s), default=0.0)
    ceiling_s = min((other.start_s for other in around if other.start_s >= one.end_s), default=duration_s)
    before_s, after_s = one.start_s - floor_s, max(0.0, ceiling_s - one.end_s)
    lead_s = min(before_s, max(missing_s / 2, missing_s - after_s))
    return one.start_s - lead_s, one.end_s + min(after_s, missing_s - lead_s)
