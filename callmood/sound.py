"""Sound as all stages and training hear it."""

from typing import Final, TypeAlias

from callmood.arrays import Floats

SAMPLE_RATE: Final = 16_000
"""Samples a second, in Hz: what decoding gives and every model takes."""

Samples: TypeAlias = Floats
"""float32, -1 to 1 at ``SAMPLE_RATE``: [n], or [channels, n]."""
