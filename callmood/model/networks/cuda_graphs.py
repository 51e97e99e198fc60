"""Networks of many small operations on a GPU, started at once: it takes longer to start a thousand than to do them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import torch

Run: TypeAlias = "Callable[..., torch.Tensor]"

_ONE_RECORDS: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Recording:
    graph: Any
    inputs: tuple[torch.Tensor, ...]
    output: torch.Tensor


def graphed(run: Run) -> Run:
    """``run``, a function of tensors on a GPU, as one that starts all its operations at once and answers on the CPU.

    They are recorded as a CUDA graph (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs) when the
    inputs have the same shapes for the second time, so these should be few. ``run`` may read no tensor back, and
    what it does may depend on nothing but the shapes. Several threads may call at once; one of them is computed for.
    """
    import torch

    recordings: dict[tuple[torch.Size, ...], _Recording | None] = {}
    lock = threading.Lock()
    memory = torch.cuda.graph_pool_handle()  # type: ignore[no-untyped-call]

    def replay(*inputs: torch.Tensor) -> torch.Tensor:
        shapes = tuple(one.shape for one in inputs)
        with lock:
            if shapes not in recordings:
                recordings[shapes] = None
                return run(*inputs).cpu()
            recording = recordings[shapes] or _record(run, inputs, memory)
            recordings[shapes] = recording
            for place, given in zip(recording.inputs, inputs, strict=True):
                place.copy_(given)
            recording.graph.replay()
            return recording.output.cpu()  # before another thread writes to the same places

    return replay


def _record(run: Run, inputs: tuple[torch.Tensor, ...], memory: Any) -> _Recording:
    import torch

    device = inputs[0].device
    places = tuple(one.clone() for one in inputs)
    graph = torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    with _ONE_RECORDS, torch.cuda.device(device):
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, memory, stream, capture_error_mode="thread_local"):
            output = run(*places)
    return _Recording(graph, places, output)
