"""Runs jobs on this machine: one process per core or GPU, each of which loads its models once."""

from __future__ import annotations

import ctypes
import multiprocessing
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from callmood.call import Call, Failure, Outcome, Rescored
from callmood.engine.ledger import RECYCLE_AFTER_S
from callmood.engine.memory import workers_in_memory
from callmood.engine.pause import MOST_TOGETHER, Pause
from callmood.engine.todo import Complete, ToDo
from callmood.engine.worker import Load, Loaded, LoadError, Started, Worker, start_worker
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline.pipeline import Job
from callmood.settings import Settings
from callmood.signals import deferred
from callmood.threads import count_cores
from callmood.wording import counted


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a worker has done."""

    worker: int
    """Its number, from 0; one that replaces another has the same."""
    job: Job | None
    """The job that it has finished; None when its models are loaded."""
    pending: tuple[Job, ...]
    """What it still has."""
    audio_s: float = 0.0
    """The sound of the finished call; 0 if it failed."""


def run_jobs(
    settings: Settings,
    jobs: Sequence[Job],
    load: Load,
    watch: Callable[[Event], None] | None = None,
    slots: Sequence[tuple[str, int]] | None = None,
    complete: Complete | None = None,
) -> Generator[list[Outcome], None, None]:
    """Yields one outcome for each job, in order of completion; where they come fast, some together after a pause.

    Each process calls ``load`` once.

    A worker that dies (out of memory, a crash in native code) does not end the scan: its unfinished recordings are
    retried once, one at a time, and only one that kills a worker again becomes a failure. ``watch`` is told what
    workers do; ``slots`` are the device and the number of threads of each, by default those of ``worker_slots``;
    ``complete`` is asked for the jobs that are handed out next.

    Raises CallmoodError if the processes can't be started or the models can't be loaded.
    """
    if not jobs:
        return
    slots = slots or worker_slots(settings, len(jobs))
    todo = ToDo(jobs, len(slots), complete)
    tell = watch or (lambda _: None)
    any_started, stillborn = False, 0
    workers: list[Worker] = []
    outcomes: list[Outcome] = []
    pause = Pause()
    try:
        for number, (device, threads) in enumerate(slots):
            workers.append(start_worker(number, load, settings, device, threads))
        while True:
            for worker in workers:
                todo.feed(worker)
            _share(sum(threads for _, threads in slots), workers)
            ready = _ready_workers(workers, pause.left_s() if outcomes else None)
            if outcomes and (not ready or len(outcomes) >= MOST_TOGETHER):
                with pause.after():
                    yield outcomes
                outcomes = []
                continue
            if not any(worker.pending for worker in workers):
                return
            for worker in ready:
                message = worker.receive()
                if isinstance(message, Call | Rescored | Failure):
                    job, heard_s = worker.finished(message)
                    todo.feed(worker)
                    tell(Event(worker.number, job, tuple(worker.pending.values()), heard_s))
                    outcomes.append(message)
                elif isinstance(message, LoadError):
                    if outcomes:
                        yield outcomes
                    raise CallmoodError(message.message)
                elif isinstance(message, Started):
                    worker.started = any_started = True
                elif isinstance(message, Loaded):
                    tell(Event(worker.number, None, tuple(worker.pending.values())))
                elif worker.started or any_started:
                    outcomes += _buried(worker, todo)
                else:
                    stillborn += 1
                    if stillborn > len(workers):
                        raise CallmoodError(why_not_started(worker.process))
                    todo.put_back(worker)
                if message is None or (worker.audio_s >= RECYCLE_AFTER_S and not worker.pending):
                    worker.stop()
                    workers.remove(worker)
                    if todo:
                        workers.append(start_worker(worker.number, load, settings, *slots[worker.number]))
    finally:
        with deferred():  # a second Ctrl-C leaves no worker behind
            for worker in workers:
                worker.process.kill()
            for worker in workers:
                worker.stop()


def require_startable() -> None:
    """Raises CallmoodError if this process can't start others that would run.

    Ends a process that runs the script again which started it; that one says what is wrong.
    """
    current = multiprocessing.current_process()
    if getattr(current, "_inheriting", False):
        sys.exit(1)
    if current.daemon:
        raise CallmoodError(
            "callmood starts processes of its own, which a process of multiprocessing.Pool must not. "
            "Use concurrent.futures.ProcessPoolExecutor instead."
        )
    if getattr(sys.modules.get("__main__"), "__file__", None) == "<stdin>":
        raise CallmoodError(
            "callmood starts processes that run the script again, which is not in a file. Save it to a file first."
        )


def why_not_started(process: BaseProcess) -> str:
    """One sentence on a process that ended before it could say anything."""
    process.join(timeout=5)
    if process.exitcode == 1:
        return (
            "The processes of the scan could not start. In a script, call callmood under "
            'if __name__ == "__main__": because each process runs the script again.'
        )
    return (
        f"The processes of the scan could not start: one ended with code {process.exitcode}, most likely "
        "because memory ran out. Try again with --workers 1."
    )


def worker_slots(settings: Settings, jobs: int) -> list[tuple[str, int]]:
    """Device and number of threads of each worker, for a number of jobs."""
    cores = count_cores()
    devices = devices_of(settings)
    of_cores = min(cores, workers_in_memory() or cores)
    count = settings.engine.workers or (of_cores if devices == ["cpu"] else len(devices))
    count = max(1, min(count, jobs))
    return [(devices[i % len(devices)], max(1, cores // count)) for i in range(count)]


def devices_of(settings: Settings) -> list[str]:
    """The devices that workers use: as many GPUs as the settings want, or all, or the CPU.

    Raises CallmoodError if there are not enough.
    """
    wanted, device = settings.engine.gpus, settings.engine.device
    if wanted is None:
        return find_devices(device)
    if device not in ("auto", "cuda"):
        raise UsageError(f"Give either --gpus or --device {device}. GPUs are counted where CUDA finds them.")
    gpus = [one for one in find_devices("auto") if one.startswith("cuda")]
    if wanted > len(gpus):
        raise CallmoodError(
            f"{counted(wanted, 'GPU')} requested, but CUDA finds {len(gpus)}. Check `nvidia-smi`."
        )
    return gpus[:wanted]


def find_devices(wanted: str) -> list[str]:
    """The torch devices to use: all GPUs, or the CPU. Raises CallmoodError if the wanted device is missing."""
    if wanted == "cpu" or (wanted == "auto" and not _may_have_gpu()):
        return ["cpu"]
    import torch

    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if wanted in ("auto", "cuda") else []
    if cuda:
        return cuda
    if wanted == "cuda":
        raise CallmoodError("No CUDA device found. Check `nvidia-smi`, or use --device cpu.")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise CallmoodError("No Apple GPU found. Use --device cpu.")
    return ["mps"] if torch.backends.mps.is_available() else ["cpu"]


def _may_have_gpu() -> bool:
    """Whether asking torch is worth the seconds that its import takes."""
    if sys.platform == "darwin":
        return True
    with suppress(OSError):
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        return True
    return False


def _share(threads: int, workers: Sequence[Worker]) -> None:
    """Gives the threads of workers that have nothing to do to the others, so that all cores end the last recordings."""
    busy = [worker for worker in workers if worker.pending]
    for place, worker in enumerate(busy):
        worker.take(max(1, (threads + place) // len(busy)))


def _ready_workers(workers: Sequence[Worker], timeout_s: float | None) -> list[Worker]:
    """The busy workers that have sent something or died; none if nothing happens for ``timeout_s`` seconds."""
    by_connection = {worker.connection: worker for worker in workers if worker.pending}
    if not by_connection:
        return []
    return [by_connection[ready] for ready in wait(list(by_connection), timeout_s)]  # type: ignore[index]


def _buried(worker: Worker, todo: ToDo) -> Iterator[Failure]:
    """Has the unfinished jobs of a dead worker done again; yields failures for those that killed one before."""
    jobs = list(worker.pending.values())
    worker.pending = {}
    worker.process.join(timeout=5)
    for job in jobs:
        if todo.retry(job):
            continue
        recording = job.recording
        yield Failure(
            recording.path,
            "worker died",
            f"The process that worked on {recording.path} ended with code {worker.process.exitcode}, "
            "most likely because memory ran out. Try again with --workers 1.",
            recording,
        )
