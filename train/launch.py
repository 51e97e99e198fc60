"""Several processes for one run: the same command again, once for each, under torchrun.

A process that fails prints nothing. It leaves a record of its failure to the process that launched it, which reports
one failure only: the cause, and not what it led to in the other processes.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from callmood.errors import CallmoodError

_RECORD: Final = "TORCHELASTIC_ERROR_FILE"
"""The variable in which torchrun passes a process the file for the record of its failure."""


def is_main() -> bool:
    """Whether this process is the one that prints and writes: the only one, or the first of all machines."""
    return int(os.environ.get("RANK", "0")) == 0


def is_launched() -> bool:
    """Whether this process is one of several that torchrun, or a launcher like it, has started."""
    return "WORLD_SIZE" in os.environ


def relaunched(argv: Sequence[str], processes: int, device: str) -> int:
    """Run ``callmood`` with the arguments ``argv`` in ``processes`` processes of this machine; the exit status.

    ``device``: "cpu", or else every process has a GPU of its own. Not to be called where ``is_launched()``.
    Raises what the first of the processes to fail has recorded (see ``failures_recorded``), CallmoodError for one that
    was killed, and KeyboardInterrupt where all were stopped.
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
    # torchrun's own table of failures is not for people
    for name in ("torch.distributed.elastic", "torch.distributed.elastic.agent.server.api"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    options = ["--standalone", "--nproc-per-node", str(processes), "-m", "callmood", *argv]
    try:
        torchrun.run(torchrun.parse_args(options))
        return 0
    except ChildFailedError as error:
        failures = list(error.failures.values())
    except SignalException:
        raise KeyboardInterrupt from None
    return _raise_cause(failures)


@contextmanager
def failures_recorded() -> Iterator[None]:
    """In a process that torchrun started, leave what is raised inside to the launching process, and exit.

    The record is written before the process ends, and so before another one can notice that it is gone. In any other
    process this does nothing.
    """
    file = os.environ.get(_RECORD)
    if file is None:
        yield
        return
    try:
        yield
    except CallmoodError as error:
        _record(Path(file), str(error), kind="sentence", exit_code=error.exit_code)
        _exit(error.exit_code)
    except Exception as error:
        facts = {"errno": error.errno, "path": error.filename} if isinstance(error, OSError) else {}
        _record(Path(file), traceback.format_exc(), kind="traceback", **facts)
        _exit(1)


@contextmanager
def output_to_standard_error() -> Iterator[None]:
    """What libraries print inside does not get into the standard output."""
    sys.stdout.flush()
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(output, 1)
        os.close(output)


def _record(file: Path, message: str, **facts: Any) -> None:
    now = time.time()
    text = json.dumps({"message": message, "timestamp": int(now), "time": now, **facts})
    part = Path(f"{file}.part")  # torchrun can't read half a record
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def _exit(code: int) -> NoReturn:
    """End without the interpreter's finalisation, in which the threads of a process group may abort the process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _raise_cause(failures: Sequence[Any]) -> int:
    """Raise the cause among torchrun's ``failures``; the exit status of one that left no record.

    A sentence is a cause. A traceback may be one, or the consequence of another process that was killed.
    """
    records = _records(failures)
    for record in records:
        if record["kind"] == "sentence":
            error = CallmoodError(record["message"])
            error.exit_code = record["exit_code"]
            raise error
    killed = [failure for failure in failures if failure.exitcode < 0]
    if killed:
        raise CallmoodError(
            f"A process of the training was ended by {killed[0].signal_name()}, most likely for lack of memory. "
            "Start the same command again with --resume."
        )
    if records:
        _raise_again(records[0])
    return int(failures[0].exitcode)


def _records(failures: Sequence[Any]) -> list[Mapping[str, Any]]:
    """What the processes have recorded, the earliest first.

    Each has a folder beside those of the others. All are looked at, because torchrun asks one process after the other
    whether it has ended, and may find the consequence before the cause.
    """
    folders = {Path(failure.error_file).parent.parent for failure in failures}
    found = [
        json.loads(file.read_text("utf-8")) for folder in folders for file in folder.glob("*/error.json")
    ]
    return sorted((record for record in found if "kind" in record), key=lambda record: record["time"])


def _raise_again(record: Mapping[str, Any]) -> None:
    if record.get("errno") is not None:
        raise OSError(record["errno"], os.strerror(record["errno"]), record["path"])
    raise RuntimeError(f"A process of the training failed:\n{record['message']}")


def _require_gpus(wanted: int) -> None:
    import torch

    found = torch.cuda.device_count()
    if wanted > found:
        raise CallmoodError(
            f"{wanted} GPUs were requested, but CUDA finds {found}. Request fewer, or use "
            f"--device cpu --processes {wanted}."
        )
