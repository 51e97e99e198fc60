"""Makes the ONNX graphs beside this file from the networks as torch has them.

A graph holds the operations only: its weights are named as torch names them, and ``graphs`` puts them in when it is
loaded. So one graph serves the published weights and those of every bundle that was tuned from them. Run it, in an
environment with the package onnx, when a network has changed:

    python -m callmood.model.networks.export
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callmood.model import pooling
from callmood.model.networks.campplus import CamPlusPlus, load_embedding
from callmood.model.networks.graphs import FOLDER, Name
from callmood.model.networks.segmentation import Segmentation, load_segmentation
from callmood.model.networks.whisper import tiny_en, whisper_layer

_OPSET = 17


class _CamPlusPlus(nn.Module):
    """Log mel features [batch, frames, bins] -> ``pooled`` [batch, 4032]."""

    def __init__(self, network: CamPlusPlus) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        return self.network.pooled(features)


class _WhisperEncoder(nn.Module):
    """Log mel features [1, 80, frames] of a whole clip -> means and deviations over time, each [layers + 1, width]."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.network = encoder

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        encoder = self.network
        x = F.gelu(encoder.conv2(F.gelu(encoder.conv1(mel)))).transpose(1, 2)
        x = x + encoder.embed_positions.weight[: x.shape[1]]
        hidden = [x]
        for layer in encoder.layers:
            x = whisper_layer(layer, x, None)
            hidden.append(x)
        states = torch.cat(hidden)
        means = states.mean(dim=1)
        return means, ((states - means[:, None]).square().mean(dim=1) + pooling.EPSILON).sqrt()


class _Bert(nn.Module):
    """Token ids [1, tokens] -> hidden states [1, tokens, width]."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.network = encoder

    def forward(self, ids: Tensor) -> Tensor:
        hidden: Tensor = self.network(input_ids=ids).last_hidden_state
        return hidden


class _Segmentation(nn.Module):
    """Sound [batch, samples] -> class probabilities [batch, frames, 7]."""

    def __init__(self, network: Segmentation) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        classes: Tensor = self.network(samples)
        return classes


def main() -> None:
    """Writes all graphs."""
    from callmood.model.encode import MINILM, load_text_encoder

    minilm = load_text_encoder(MINILM, attn_implementation="eager")[0]
    FOLDER.mkdir(exist_ok=True)
    _export("campplus", _CamPlusPlus(load_embedding("cpu")), {"features": torch.randn(2, 250, 80)}, (0, 1))
    _export("minilm", _Bert(minilm), {"ids": torch.ones(1, 9, dtype=torch.long)}, (1,))
    _export(
        "segmentation", _Segmentation(load_segmentation("cpu")), {"samples": torch.randn(2, 80_000)}, (0, 1)
    )
    _export("whisper_encoder", _WhisperEncoder(tiny_en()), {"mel": torch.randn(1, 80, 400)}, (2,))


def _export(name: Name, network: nn.Module, inputs: dict[str, Tensor], dynamic: tuple[int, ...]) -> None:
    """Writes the graph of ``network``, whose inputs may have any size along the ``dynamic`` axes."""
    import onnx

    for value in network.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.5, 1.5)  # those that are equal would become one
    path = FOLDER / f"{name}.onnx"
    torch.onnx.export(
        network.eval(),
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        dynamic_axes={name: list(dynamic) for name in inputs},
        opset_version=_OPSET,
        do_constant_folding=False,  # the weights must stay as torch has them
        training=torch.onnx.TrainingMode.PRESERVE,  # EVAL folds normalisation into the convolutions
        dynamo=False,
    )
    model = onnx.load(path)
    _strip(model.graph, list(inputs))
    path.write_bytes(model.SerializeToString(deterministic=True))


def _strip(graph: Any, inputs: Sequence[str]) -> None:
    """Leaves the names of the weights, without "network.", in place of the weights; numbers all other values."""
    names = {name: name for name in inputs}
    for weight in graph.initializer:
        names[weight.name] = weight.name.removeprefix("network.")
        weight.CopyFrom(_without_value(names[weight.name], weight.dims))
    for node in graph.node:
        node.name = ""
        for values in (node.input, node.output):
            values[:] = [value and names.setdefault(value, str(len(names))) for value in values]
    for value in graph.output:
        value.name = names[value.name]
    del graph.value_info[:]


def _without_value(name: str, shape: Sequence[int]) -> Any:
    """A weight whose numbers are elsewhere."""
    from onnx import TensorProto

    return TensorProto(
        name=name,
        dims=shape,
        data_type=TensorProto.FLOAT,
        data_location=TensorProto.EXTERNAL,
        external_data=[{"key": "location", "value": "weights"}],
    )


if __name__ == "__main__":
    main()
