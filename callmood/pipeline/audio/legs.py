"""The sound of a recording whose two sides are in two files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from callmood.pipeline.audio.decode import Audio, decode
from callmood.pipeline.audio.files import UnreadableRecording
from callmood.pipeline.audio.room import new_samples
from callmood.settings import MAX_HOURS
from callmood.sound import SAMPLE_RATE
from callmood.wording import printable

_SLACK_S: Final = 1.0
"""A side that ends this much before the other has lost something."""


def decode_sides(left: Path, right: Path, max_hours: float = MAX_HOURS) -> Audio:
    """The sound of two mono files as two channels; the shorter is followed by silence.

    If only one can be read, that one is what is left, with a warning. Raises UnreadableRecording if none can.
    """
    sides: list[Audio] = []
    lost: list[UnreadableRecording] = []
    for path in (left, right):
        try:
            sides.append(decode(path, max_hours))
        except UnreadableRecording as error:
            lost.append(error)
    if not sides:
        raise lost[0]
    if lost:
        warning = f"one side of the call is missing: {str(lost[0]).removesuffix('.')}"
        return replace(sides[0], warnings=(*sides[0].warnings, warning))
    length = max(side.samples.shape[1] for side in sides)
    samples = new_samples(2, length)
    for channel, side in zip(samples, sides, strict=True):
        channel[: side.samples.shape[1]] = side.samples[0]
        channel[side.samples.shape[1] :] = 0
    return replace(
        sides[0],
        samples=samples,
        channels=2,
        duration_s=length / SAMPLE_RATE,
        warnings=tuple(_warnings((left, right), sides)),
    )


def _warnings(paths: tuple[Path, Path], sides: list[Audio]) -> Iterator[str]:
    names = [printable(path.name) for path in paths]
    yield f"two files are the sides of this call: {names[0]} on the left, {names[1]} on the right"
    for name, side in zip(names, sides, strict=True):
        yield from (f"{name}: {warning}" for warning in side.warnings)
    shorter, longer = sorted(side.duration_s for side in sides)
    if longer - shorter > _SLACK_S:
        short = names[0] if sides[0].duration_s == shorter else names[1]
        yield f"{short} ends {longer - shorter:.1f} s before the other side"
