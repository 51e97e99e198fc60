"""Parameter groups for an optimizer: which parameters learn how fast, and which are decayed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from torch import nn


def layered(
    parts: Iterable[Iterable[nn.Parameter]], rate: float, layer_decay: float, weight_decay: float
) -> list[dict[str, Any]]:
    """``parts`` from the top down: the first learns at ``rate``, each other at ``layer_decay`` times the one above."""
    rates = (rate * layer_decay**depth for depth in count())
    pairs = zip(parts, rates, strict=False)
    return [group for part, rate in pairs for group in at_rate(part, rate, weight_decay)]


def at_rate(parameters: Iterable[nn.Parameter], rate: float, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices, which are decayed, and vectors (biases, norms), which are not.

    Parameters that need no gradient are left out.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    kinds = [
        ([parameter for parameter in trained if parameter.ndim > 1], weight_decay),
        ([parameter for parameter in trained if parameter.ndim <= 1], 0.0),
    ]
    return [{"params": found, "lr": rate, "weight_decay": decay} for found, decay in kinds if found]
