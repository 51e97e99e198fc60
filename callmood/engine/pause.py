"""When outcomes are given to be stored: some together where they come fast."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MOST_TOGETHER: Final = 256
"""Outcomes that are given together: up to two seconds of storing, which a scan that is stopped waits for."""
_TIMES_STORING: Final = 9
"""A pause takes so many times as long as what was stored before it: storing one call costs hardly less than ten."""
_MOST_S: Final = 5.0
"""That a finished call waits for, and that a scan which is killed loses beside what it works on."""


class Pause:
    """The time after outcomes were stored in which others wait to be stored together."""

    def __init__(self) -> None:
        self._over_at = -math.inf

    @contextmanager
    def after(self) -> Iterator[None]:
        """The pause after the block, in which outcomes are stored."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        self._over_at = ended + min(_TIMES_STORING * (ended - began), _MOST_S)

    def left_s(self) -> float:
        """How long it goes on."""
        return max(0.0, self._over_at - time.monotonic())
