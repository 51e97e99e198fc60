"""The networks that find speakers, on a CPU as graphs and elsewhere as torch modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from callmood.arrays import Floats

Network: TypeAlias = Callable[[Floats], Floats]

VECTOR_SIZE = 192


def speaker_network(device: str) -> Network:
    """CAM++ on "cpu", "cuda:0", "mps": log mel features [n, frames, 80] -> speaker vectors [n, VECTOR_SIZE]."""
    if device == "cpu":
        from callmood.model.networks.graphs import load_graph

        graph = load_graph("campplus")
        return lambda features: graph(features=features)[0][:, -VECTOR_SIZE:]
    from callmood.model.networks.campplus import load_embedding

    return _on_torch(load_embedding(device), device)


def segmentation_network(device: str) -> Network:
    """segmentation-3.0 on such a device: sound [n, samples] at 16 kHz -> class probabilities [n, frames, 7]."""
    if device == "cpu":
        from callmood.model.networks.graphs import load_graph

        graph = load_graph("segmentation")
        return lambda samples: graph(samples=samples)[0]
    from callmood.model.networks.segmentation import load_segmentation

    return _on_torch(load_segmentation(device), device)


def power_of_two(count: int) -> int:
    """The smallest one that is not less than ``count``, which is at least 1."""
    return 1 << (count - 1).bit_length()


def _on_torch(module: Any, device: str) -> Network:
    import torch

    def run(inputs: Floats) -> Floats:
        # zeros follow the rows, because a GPU takes long to plan the work on a number of rows that it has not seen
        rows = torch.zeros(power_of_two(len(inputs)), *inputs.shape[1:], device=device)
        rows[: len(inputs)] = torch.from_numpy(inputs)
        with torch.inference_mode():
            return np.asarray(module(rows)[: len(inputs)].float().cpu().numpy())

    return run
