"""The networks of a scan on a CPU: ONNX graphs, run by ONNX Runtime.

It takes half of torch's time for them, and a tenth of its time and memory to import. The graphs in ``graphs/`` hold no
weights (see ``export``): they come from the packages' files, and from bundles that changed some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats
from callmood.model.networks import weights

FOLDER: Final = Path(__file__).with_name("graphs")

Name = Literal["campplus", "minilm", "segmentation", "whisper_encoder"]

_WEIGHTS: Final[Mapping[Name, Callable[[], Mapping[str, Floats]]]] = {
    "campplus": weights.campplus,
    "minilm": weights.minilm,
    "segmentation": weights.segmentation,
    "whisper_encoder": weights.tiny_en,
}
_NOT_USED: Final = ("layer_norm.weight", "layer_norm.bias")
"""Of Whisper's encoder: what is pooled comes before its last normalisation."""


class Graph:
    """A network, ready to run. A call takes one thread; several threads may call at once."""

    def __init__(self, name: Name, tensors: Mapping[str, Floats]) -> None:
        """``tensors`` are those of the torch module that the graph was made of, by the same names."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # it would keep the memory of the longest clip for ever
        used = {name: value for name, value in tensors.items() if name not in _NOT_USED}
        values = [np.ascontiguousarray(value, np.float32) for value in used.values()]
        options.add_external_initializers(
            list(used), [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in values]
        )
        self._session = onnxruntime.InferenceSession(
            (FOLDER / f"{name}.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, **inputs: npt.NDArray[Any]) -> list[Floats]:
        """The network's outputs for its inputs."""
        outputs: list[Floats] = self._session.run(None, inputs)
        return outputs


def load_graph(name: Name, changes: Mapping[str, Floats] | None = None) -> Graph:
    """The graph with its published weights, or with a bundle's ``changes`` to them.

    Without changes it is the same one, however often it is loaded. Raises CallmoodError for changes that don't fit.
    """
    if not changes:
        return _published(name)
    published = _WEIGHTS[name]()
    weights.require_fit(changes, {name: value.shape for name, value in published.items()})
    return Graph(name, {**published, **changes})


@cache
def _published(name: Name) -> Graph:
    return Graph(name, _WEIGHTS[name]())
