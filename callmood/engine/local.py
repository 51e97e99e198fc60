"""Runs jobs on this machine: one process per core or GPU, each of which loads its models once."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TypeAlias

from callmood.call import Call, Failure, Outcome, Rescored
from callmood.engine.parent import end_with_parent, without_interrupts
from callmood.errors import CallmoodError
from callmood.network import stay_offline
from callmood.pipeline.pipeline import Job, Work
from callmood.settings import Settings
from callmood.signals import deferred

MAX_CHUNK = 8
"""Recordings handed to a worker at once: enough to fill its batches, few enough to lose little when it dies."""

RECYCLE_AFTER_S = 12 * 3600.0
"""Audio after which a worker is replaced by a fresh one: the memory of long-lived ASR processes grows slowly."""

Load: TypeAlias = Callable[[Settings, str, int], Work]
"""Loads the models on a device for a number of threads; returns the function that turns jobs into outcomes."""


def run_jobs(settings: Settings, jobs: Sequence[Job], load: Load) -> Generator[Outcome, None, None]:
    """Yields one outcome for each job, in order of completion; each process calls ``load`` once.

    A worker that dies (out of memory, a crash in native code) does not end the scan: its unfinished recordings are
    retried once, one at a time, and only one that kills a worker again becomes a failure.
    Raises CallmoodError if the processes can't be started or the models can't be loaded.
    """
    slots = worker_slots(settings, len(jobs))
    todo = deque(sorted(jobs, key=lambda job: -job.recording.size_bytes))
    retry: deque[Job] = deque()
    retried: set[str] = set()
    any_started, stillborn = False, 0
    start = partial(_start, load, settings)
    workers: list[_Worker] = []
    try:
        for device, threads in slots:
            workers.append(start(device, threads))
        for worker in workers:
            _send_chunk(worker, todo, retry, len(workers))
        while any(worker.pending for worker in workers):
            for worker in _ready_workers(workers):
                message = _receive(worker)
                if isinstance(message, Call | Rescored):
                    worker.pending.pop(message.recording.id, None)
                    worker.audio_s += message.duration_s
                    yield message
                elif isinstance(message, Failure):
                    if message.recording is not None:
                        worker.pending.pop(message.recording.id, None)
                    yield message
                elif isinstance(message, LoadError):
                    raise CallmoodError(message.message)
                elif isinstance(message, Started):
                    worker.started = any_started = True
                elif worker.started or any_started:
                    yield from _requeue(worker, retry, retried)
                else:
                    stillborn += 1
                    if stillborn > len(workers):
                        raise CallmoodError(_why_not_started(worker))
                    todo.extendleft(reversed(worker.pending.values()))
                    worker.pending = {}
                if not worker.pending:
                    if message is None or worker.audio_s >= RECYCLE_AFTER_S:
                        _stop(worker)
                        if not todo and not retry:
                            continue
                        workers[workers.index(worker)] = worker = start(worker.device, worker.threads)
                    _send_chunk(worker, todo, retry, len(workers))
    finally:
        with deferred():  # a second Ctrl-C leaves no worker behind
            for worker in workers:
                worker.process.kill()
            for worker in workers:
                _stop(worker)


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


def _why_not_started(worker: _Worker) -> str:
    worker.process.join(timeout=5)
    if worker.process.exitcode == 1:
        return (
            "The processes of the scan could not start. In a script, call callmood under "
            'if __name__ == "__main__": because each process runs the script again.'
        )
    return (
        f"The processes of the scan could not start: one ended with code {worker.process.exitcode}, most likely "
        "because memory ran out. Try again with --workers 1."
    )


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    device: str
    threads: int
    pending: dict[str, Job] = field(default_factory=dict)
    audio_s: float = 0.0
    started: bool = False


@dataclass(frozen=True)
class Started:
    """A worker's first message: the process itself came up."""


@dataclass(frozen=True)
class LoadError:
    """The models could not be loaded."""

    message: str


def count_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_slots(settings: Settings, jobs: int) -> list[tuple[str, int]]:
    """Device and number of threads of each worker, for a number of jobs."""
    cores = count_cores()
    devices = find_devices(settings.engine.device)
    count = settings.engine.workers or (cores if devices == ["cpu"] else len(devices))
    count = max(1, min(count, jobs))
    return [(devices[i % len(devices)], max(1, cores // count)) for i in range(count)]


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


def _start(load: Load, settings: Settings, device: str, threads: int) -> _Worker:
    # spawn: a forked child would inherit DuckDB's and torch's threads in an unknown state
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, load, settings, device, threads), daemon=True)
    try:
        with without_interrupts():
            process.start()
    except OSError as error:  # the limit of processes or of memory
        raise CallmoodError(
            f"The processes of the scan could not start: {error.strerror or error}. Try again with --workers 1."
        ) from None
    there.close()
    return _Worker(process, here, device, threads)


def _work(connection: Connection, load: Load, settings: Settings, device: str, threads: int) -> None:
    """A worker process: loads the models, then works on chunk after chunk until the parent closes the connection."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be kept out, see without_interrupts
    os.environ["OMP_NUM_THREADS"] = str(threads)
    stay_offline()
    with suppress(EOFError, OSError):  # the parent is gone, or closed the connection
        connection.send(Started())
        work = _loaded(load, settings, device, threads)
        if isinstance(work, LoadError):
            connection.send(work)
            return
        while True:
            for outcome in work(connection.recv()):
                connection.send(outcome)


def _loaded(load: Load, settings: Settings, device: str, threads: int) -> Work | LoadError:
    try:
        return load(settings, device, threads)
    except CallmoodError as error:
        return LoadError(str(error))
    except Exception as error:
        last = traceback.format_exception_only(error)[-1].strip()
        return LoadError(
            f"The models could not be loaded: {last}. Run `callmood doctor` to see what is missing."
        )


def _send_chunk(worker: _Worker, todo: deque[Job], retry: deque[Job], workers: int) -> None:
    """Sends an idle worker its next chunk: one job that a dead worker left, else part of its fair share."""
    if retry:
        chunk = [retry.popleft()]
    else:
        # half of a fair share: the last chunks are small, so that all workers end together
        size = min(MAX_CHUNK, max(1, -(-len(todo) // (2 * workers))))
        chunk = [todo.popleft() for _ in range(min(size, len(todo)))]
    if chunk:
        worker.pending = {job.recording.id: job for job in chunk}
        with suppress(OSError):  # it has died, which is noticed when its answer is read
            worker.connection.send(chunk)


def _ready_workers(workers: Sequence[_Worker]) -> list[_Worker]:
    """The busy workers that have sent something or died."""
    by_connection = {worker.connection: worker for worker in workers if worker.pending}
    return [by_connection[ready] for ready in wait(list(by_connection))]  # type: ignore[index]


def _receive(worker: _Worker) -> Outcome | LoadError | Started | None:
    """The worker's next message; None when it has died."""
    try:
        message: Outcome | LoadError | Started = worker.connection.recv()
    except (EOFError, OSError):  # OSError: it died in the middle of a message
        return None
    return message


def _requeue(worker: _Worker, retry: deque[Job], retried: set[str]) -> Iterator[Failure]:
    """Requeues the unfinished jobs of a dead worker, to be retried one at a time; yields failures for retried ones."""
    jobs = list(worker.pending.values())
    worker.pending = {}
    worker.process.join(timeout=5)
    for job in jobs:
        if job.recording.id not in retried:
            retried.add(job.recording.id)
            retry.append(job)
            continue
        recording = job.recording
        yield Failure(
            recording.path,
            "worker died",
            f"The process that worked on {recording.path} ended with code {worker.process.exitcode}, "
            "most likely because memory ran out. Try again with --workers 1.",
            recording,
        )


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.kill()  # unlike SIGTERM it ends a process that is suspended too
    worker.process.join(timeout=5)
