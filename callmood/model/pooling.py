"""From hidden states over time to one vector per clip or text. Masks are true inside, false in the padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch


EPSILON: Final = 1e-6
"""Added to variances, whose root has no slope at 0."""


def mean(hidden: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
    """Mean over time of every layer, side by side: layers of [n, time, width] -> float32 [n, layers * width]."""
    import torch

    weight = _mean_weights(mask)
    return torch.cat([(states.float() * weight).sum(1) for states in hidden], dim=1)


def mean_std(hidden: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
    """Mean and standard deviation over time of every layer, side by side: all means, then all deviations.

    Layers of [n, time, width] -> float32 [n, 2 * layers * width].
    """
    import torch

    weight = _mean_weights(mask)
    means, deviations = [], []
    for states in hidden:
        states = states.float()
        centre = (states * weight).sum(1)
        means.append(centre)
        deviations.append((((states - centre[:, None]).square() * weight).sum(1) + EPSILON).sqrt())
    return torch.cat(means + deviations, dim=1)


def token_mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over a text's tokens: [n, tokens, width] -> float32 [n, width]."""
    return (hidden.float() * _mean_weights(mask)).sum(1)


def token_mean_max(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over a text's tokens: [n, tokens, width] -> float32 [n, 2 * width]."""
    import torch

    highest = hidden.float().masked_fill(~mask[..., None], -torch.inf).amax(1)
    return torch.cat([token_mean(hidden, mask), highest], dim=1)


def _mean_weights(mask: torch.Tensor) -> torch.Tensor:
    """[n, time, 1]: equal inside the mask, 0 outside; sums to 1."""
    weight = mask.float()
    return (weight / weight.sum(1, keepdim=True).clamp(min=1.0))[..., None]


AUDIO: Final[Mapping[str, Callable[[Sequence[torch.Tensor], torch.Tensor], torch.Tensor]]] = {
    "mean": mean,
    "mean-std": mean_std,
}
TEXT: Final[Mapping[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]] = {
    "mean": token_mean,
    "mean-max": token_mean_max,
}
