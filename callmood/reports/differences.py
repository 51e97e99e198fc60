"""How sure a difference of two figures is."""

from collections.abc import Mapping
from math import hypot
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """How much larger one figure is than another, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def share_difference(
    row: Mapping[str, Any], other: Mapping[str, Any], name: str, of: str = ""
) -> Difference | None:
    """The difference of two shares with Wilson intervals, by Newcombe's hybrid score interval; None if one has none.

    ``name``: the share, whose interval is NAME_low to NAME_high. ``of``: the name of the other's, if it is another.

    >>> share_difference(dict(x=0.5, x_low=0.4, x_high=0.6), dict(x=0.2, x_low=0.1, x_high=0.3), "x")
    Difference(value=0.3, low=0.158..., high=0.441...)
    """
    of = of or name
    p, low, high = (row[name + end] for end in ("", "_low", "_high"))
    q, other_low, other_high = (other[of + end] for end in ("", "_low", "_high"))
    if low is None or other_low is None:
        return None
    return Difference(p - q, p - q - hypot(p - low, other_high - q), p - q + hypot(high - p, q - other_low))


def mean_difference(row: Mapping[str, Any], other: Mapping[str, Any], name: str) -> Difference | None:
    """The difference of two means with margins (NAME_margin); None if one has none."""
    margins = row[f"{name}_margin"], other[f"{name}_margin"]
    if None in margins:
        return None
    value, margin = row[name] - other[name], hypot(*margins)
    return Difference(value, value - margin, value + margin)
