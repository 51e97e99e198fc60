"""The sample rate and sample format that every stage and training use."""

from typing import Final, TypeAlias

from callmood.arrays import Floats

SAMPLE_RATE: Final = 16_000
"""In Hz: what decoding produces and every model expects."""

Samples: TypeAlias = Floats
"""float32, -1 to 1 at ``SAMPLE_RATE``: [n], or [channels, n]."""
