"""Several processes for one run: the same command again, once for each, under torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

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
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes))}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "-m", "callmood", *argv]
    return subprocess.run(command, env=threads | os.environ).returncode


def _require_gpus(wanted: int) -> None:
    import torch

    found = torch.cuda.device_count()
    if wanted > found:
        raise CallmoodError(
            f"GPUs asked for: {wanted}, found by CUDA: {found}; ask for fewer, or for "
            f"--device cpu --processes {wanted}."
        )
