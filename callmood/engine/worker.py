"""A process that loads the models once and works on chunk after chunk of jobs, and the parent's end of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import TypeAlias

from callmood.call import Outcome
from callmood.engine.ledger import settle
from callmood.engine.parent import end_with_parent, without_interrupts
from callmood.engine.threads import ENVIRONMENT
from callmood.errors import CallmoodError
from callmood.network import stay_offline
from callmood.pipeline.pipeline import Job, Work
from callmood.settings import Settings
from callmood.threads import limit_threads

Load: TypeAlias = Callable[[Settings, str], Work]
"""Loads the models on a device; returns the function that turns jobs into outcomes.

Its threads (see ``limit_threads``) work on different sound at the same time. A single operation is never divided.
"""


@dataclass(frozen=True)
class Started:
    """A worker's first message: the process itself came up."""


@dataclass(frozen=True)
class Loaded:
    """The models are in memory."""


@dataclass(frozen=True)
class LoadError:
    """The models could not be loaded."""

    message: str


@dataclass(frozen=True)
class Share:
    """What a worker is told: to take so many threads from now on."""

    threads: int


Message: TypeAlias = Outcome | Started | Loaded | LoadError


@dataclass
class Worker:
    """A worker process, as its parent sees it."""

    number: int
    process: BaseProcess
    connection: Connection
    device: str
    threads: int
    """On which it works now."""
    pending: dict[str, Job] = field(default_factory=dict)
    """What it was sent and has not answered, by the recording's id."""
    last_chunk: int = 0
    """The number of jobs sent last."""
    is_retrying: bool = False
    """Whether it works alone on a job that another worker left when it died."""
    audio_s: float = 0.0
    """The sound of the calls that it has finished."""
    started: bool = False

    def finished(self, outcome: Outcome) -> tuple[Job, float]:
        """Notes that a job is done; returns what ``settle`` does."""
        job, audio_s = settle(self.pending, outcome)
        self.audio_s += audio_s
        return job, audio_s

    def send(self, chunk: Sequence[Job]) -> None:
        """Sends jobs, also while it works on others. It never keeps the sender waiting."""
        self.pending |= {job.recording.id: job for job in chunk}
        self.last_chunk = len(chunk)
        with suppress(OSError):  # it has died, which is noticed when its answer is read
            self.connection.send(chunk)

    def take(self, threads: int) -> None:
        """Has it work on so many threads, also on what it has begun."""
        if threads != self.threads:
            self.threads = threads
            with suppress(OSError):
                self.connection.send(Share(threads))

    def receive(self) -> Message | None:
        """Its next message; None when it has died."""
        try:
            message: Message = self.connection.recv()
        except (EOFError, OSError):  # OSError: it died in the middle of a message
            return None
        return message

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.connection.close()
        self.process.kill()  # unlike SIGTERM it ends a process that is suspended too
        self.process.join(timeout=5)


def start_worker(number: int, load: Load, settings: Settings, device: str, threads: int) -> Worker:
    """Starts a process that loads the models. Raises CallmoodError if it can't be started."""
    # spawn: a forked child would inherit DuckDB's and torch's threads in an unknown state
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there, load, settings, device, threads), daemon=True)
    try:
        with without_interrupts(), one_thread_an_operation():
            process.start()
    except OSError as error:  # the limit of processes or of memory
        raise CallmoodError(
            f"The processes of the scan could not start: {error.strerror or error}. Try again with --workers 1."
        ) from None
    there.close()
    return Worker(number, process, here, device, threads)


@contextmanager
def one_thread_an_operation() -> Iterator[None]:
    """Processes that are started inside have it in their environment, which NumPy reads when it is imported."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def work(connection: Connection, load: Load, settings: Settings, device: str, threads: int) -> None:
    """A worker process: loads the models, then works on chunk after chunk until the parent closes the connection.

    Threads of its own read chunks and send outcomes, so that neither process ever waits for the other: the next chunk
    is there when one is done, whatever the parent is storing.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be kept out, see without_interrupts
    stay_offline()
    limit_threads(threads)
    chunks: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
    answers: SimpleQueue[Message | None] = SimpleQueue()
    threading.Thread(target=_read, args=(connection, chunks), daemon=True).start()
    sender = threading.Thread(target=_send, args=(connection, answers), daemon=True)
    sender.start()
    answers.put(Started())
    loaded = load_work(load, settings, device)
    if isinstance(loaded, LoadError):
        answers.put(loaded)
    else:
        answers.put(Loaded())
        while (chunk := chunks.get()) is not None:
            for outcome in loaded(chunk):
                answers.put(outcome)
    answers.put(None)
    sender.join()


def _read(connection: Connection, chunks: SimpleQueue[Sequence[Job] | None]) -> None:
    with suppress(EOFError, OSError):  # the parent is gone, or closed the connection
        while True:
            message: Share | Sequence[Job] = connection.recv()
            if isinstance(message, Share):
                limit_threads(message.threads)
            else:
                chunks.put(message)
    chunks.put(None)


def _send(connection: Connection, answers: SimpleQueue[Message | None]) -> None:
    with suppress(OSError):
        while (message := answers.get()) is not None:
            connection.send(message)


def load_work(load: Load, settings: Settings, device: str) -> Work | LoadError:
    """What ``load`` returns, or why the models could not be loaded, in a sentence."""
    try:
        return load(settings, device)
    except CallmoodError as error:
        return LoadError(str(error))
    except Exception as error:
        last = traceback.format_exception_only(error)[-1].strip()
        return LoadError(
            f"The models could not be loaded: {last}. Run `callmood doctor` to see what is missing."
        )
