"""Several processes for one run: the same command again, once for each, under torchrun."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
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
    Raises CallmoodError, with the exit code of its kind, for what the first process to fail has told, and for one that
    was killed.
    """
    if device != "cpu":
        _require_gpus(processes)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    os.environ.setdefault(
        "TORCH_CPP_LOG_LEVEL", "ERROR"
    )  # DistributedDataParallel warns of unused parameters
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    torchrun: Any = importlib.import_module("torch.distributed.run")
    # its own table of what failed where is no sentence
    for name in ("torch.distributed.elastic", "torch.distributed.elastic.agent.server.api"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    options = ["--standalone", "--nproc-per-node", str(processes), "-m", "callmood", *argv]
    try:
        torchrun.run(torchrun.parse_args(options))
    except ChildFailedError as error:
        failures = sorted(error.failures.values(), key=lambda failure: failure.timestamp)
        for failure in failures:
            if "timestamp" in failure.error_file_data:
                told = CallmoodError(failure.message)
                told.exit_code = failure.exitcode
                raise told from None
        if failures[0].exitcode < 0:
            raise CallmoodError(
                f"A process of the training was ended by {failures[0].signal_name()}, most likely for "
                "want of memory; start the same command again with --resume."
            ) from None
        return failures[0].exitcode
    except SignalException as stopped:
        return 128 + stopped.sigval
    return 0


def tell(sentence: str) -> bool:
    """Leave ``sentence``, on why this process fails, to the torchrun that started it, if one did: it says it once.

    Printed by every process itself, the sentences would run into each other.
    """
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file is None:
        return False
    part = Path(f"{file}.part")  # half a sentence would be worse to torchrun than none
    part.write_text(json.dumps({"message": sentence, "timestamp": int(time.time())}), encoding="utf-8")
    part.replace(file)
    return True


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
