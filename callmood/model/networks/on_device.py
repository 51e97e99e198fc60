"""The networks that find speakers, on a CPU as graphs and elsewhere as torch modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from callmood.arrays import Floats

if TYPE_CHECKING:
    from callmood.model.networks.campplus import CamPlusPlus

Network: TypeAlias = Callable[[Floats], Floats]

VECTOR_SIZE = 192
_FRAMES_STEP = 50
"""Features of any lengths are padded to a multiple of it, half a second, so that few shapes occur."""


def speaker_network(device: str) -> Network:
    """CAM++ on "cpu", "cuda:0", "mps": log mel features [n, frames, 80] -> speaker vectors [n, VECTOR_SIZE]."""
    if device == "cpu":
        from callmood.model.networks.graphs import load_graph

        graph = load_graph("campplus")
        return lambda features: graph(features=features)[0][:, -VECTOR_SIZE:]
    from callmood.model.networks.campplus import load_embedding

    return _on_torch(load_embedding(device), device)


def any_speaker_network(device: str) -> Callable[[Sequence[Floats]], Sequence[Floats]]:
    """As ``speaker_network``, of features [frames, 80] of any lengths together."""
    if device == "cpu":
        network = speaker_network(device)
        return lambda items: [network(item[None])[0] for item in items]
    from callmood.model.networks.campplus import load_embedding

    return _on_padded(load_embedding(device), device)


def segmentation_network(device: str) -> Network:
    """segmentation-3.0 on such a device: sound [n, samples] at 16 kHz -> class probabilities [n, frames, 7]."""
    if device == "cpu":
        from callmood.model.networks.graphs import load_graph

        graph = load_graph("segmentation")
        return lambda samples: graph(samples=samples)[0]
    from callmood.model.networks.segmentation import load_segmentation

    return _on_torch(load_segmentation(device), device)


def _power_of_two(count: int) -> int:
    """The smallest one that is not less than ``count``, which is at least 1."""
    return 1 << (count - 1).bit_length()


def _on_padded(network: CamPlusPlus, device: str) -> Callable[[Sequence[Floats]], Sequence[Floats]]:
    import torch

    def of_any(items: Sequence[Floats]) -> Sequence[Floats]:
        frames = -(-max(map(len, items)) // _FRAMES_STEP) * _FRAMES_STEP
        features = torch.zeros(_power_of_two(len(items)), frames, items[0].shape[1])
        counts = torch.full((len(features),), frames)
        for row, item in enumerate(items):
            features[row, : len(item)] = torch.from_numpy(item)
            counts[row] = len(item)
        with torch.inference_mode():
            vectors = network.pooled(features.to(device), counts.to(device))[: len(items), -VECTOR_SIZE:]
        return list(vectors.cpu().numpy())

    return of_any


def _on_torch(module: Any, device: str) -> Network:
    import torch

    def run(inputs: Floats) -> Floats:
        # zeros follow the rows, because a GPU takes long to plan the work on a number of rows that it has not seen
        rows = torch.zeros(_power_of_two(len(inputs)), *inputs.shape[1:], device=device)
        rows[: len(inputs)] = torch.from_numpy(inputs)
        with torch.inference_mode():
            return np.asarray(module(rows)[: len(inputs)].float().cpu().numpy())

    return run
