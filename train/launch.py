"""Several processes for one run: the same command again, once for each, under torchrun."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from callmood.errors import CallmoodError


def is_main() -> bool:
    """Whether this process is the one that prints and writes: the only one, or the first of all machines."""
    return int(os.environ.get("RANK", "0")) == 0


def is_launched() -> bool:
    """Whether this process is one of several that torchrun, or a launcher like it, has started."""
    return "WORLD_SIZE" in os.environ


def relaunched(argv: Sequence[str], processes: int, device: str) -> int:
    """Run ``callmood`` with the arguments ``argv`` in ``processes`` processes of this machine; the exit status.

    ``device``: "cpu", or else every process has a GPU of its own. Not to be called where ``is_launched()``.
    """
    if device != "cpu":
        _require_gpus(processes)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    os.environ.setdefault(
        "TORCH_CPP_LOG_LEVEL", "ERROR"
    )  # DistributedDataParallel warns of unused parameters
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    torchrun: Any = importlib.import_module("torch.distributed.run")
    # the processes say themselves what is wrong
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    options = ["--standalone", "--nproc-per-node", str(processes), "-m", "callmood", *argv]
    try:
        torchrun.run(torchrun.parse_args(options))
    except ChildFailedError as error:
        return error.get_first_failure()[1].exitcode
    return 0


@contextmanager
def output_to_standard_error() -> Iterator[None]:
    """What libraries print meanwhile does not get into the standard output."""
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(output, 1)
        os.close(output)


def _require_gpus(wanted: int) -> None:
    import torch

    found = torch.cuda.device_count()
    if wanted > found:
        raise CallmoodError(
            f"GPUs asked for: {wanted}, found by CUDA: {found}; ask for fewer, or for "
            f"--device cpu --processes {wanted}."
        )
