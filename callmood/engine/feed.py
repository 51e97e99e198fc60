"""Runs jobs with the models on GPUs: one process a GPU, and processes on the cores that feed them."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from callmood.call import Outcome
from callmood.engine.device import OCCUPANCY, STREAMS, serve
from callmood.engine.feeder import Remote, load_feeder
from callmood.engine.local import Event, run_jobs, why_not_started
from callmood.engine.parent import without_interrupts
from callmood.engine.pool import Occupancy
from callmood.engine.worker import one_thread_an_operation
from callmood.errors import CallmoodError
from callmood.pipeline.pipeline import Job
from callmood.settings import Settings
from callmood.signals import deferred
from callmood.threads import count_cores


def is_fed(settings: Settings) -> bool:
    """Whether GPUs are fed: where their number is given, as long as it is new.

    Feeders have no part of a pyannote pipeline's, and align no words: then each GPU has a worker of its own.
    """
    embedded = settings.speakers.diarizer == "embedded"
    return settings.engine.gpus is not None and embedded and not settings.transcribe.aligns


def run_fed_jobs(
    settings: Settings,
    jobs: Sequence[Job],
    devices: Sequence[str],
    watch: Callable[[Event], None] | None = None,
    report: Callable[[Occupancy], None] | None = None,
) -> Generator[list[Outcome], None, None]:
    """As ``run_jobs``, with the models in one process for each of ``devices`` ("cuda:0", "cpu").

    ``report`` is told at the end how busy each device was. A feeder that dies is replaced, as any worker is. Raises
    CallmoodError if a device's process can't be started, or ends.
    """
    if not jobs:
        return
    key = secrets.token_bytes(32)
    with ExitStack() as stack:
        addresses = [stack.enter_context(_serving(settings, device, key)) for device in devices]
        feeders = settings.engine.workers or max(1, count_cores() - STREAMS * len(devices))
        slots = [(addresses[number % len(addresses)], 1) for number in range(min(feeders, len(jobs)))]
        with closing(run_jobs(settings, jobs, partial(load_feeder, key), watch, slots)) as outcomes:
            yield from outcomes
        if report is not None:
            for address in addresses:
                (occupancy,) = Remote(address, key, at_end=lambda: None).ask(OCCUPANCY, [None])
                report(occupancy)


@contextmanager
def _serving(settings: Settings, device: str, key: bytes) -> Iterator[Any]:
    """The address of a process that holds the models on ``device``; it ends with the block."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    folder = tempfile.TemporaryDirectory(prefix="callmood-", ignore_cleanup_errors=True)
    # the process would make a folder of its own and, as it is killed at the end, leave it behind
    socket = str(Path(folder.name, "socket")) if os.name == "posix" else None
    process = context.Process(target=serve, args=(there, socket, key, settings, device), daemon=True)
    with without_interrupts(), one_thread_an_operation():
        process.start()
    there.close()
    try:
        try:
            address = here.recv()
        except EOFError:
            raise CallmoodError(why_not_started(process)) from None
        if isinstance(address, CallmoodError):
            raise address
        try:
            yield address
        except CallmoodError:
            if here.poll():  # the cause of what its feeders say
                with suppress(EOFError):
                    raise here.recv() from None
            raise
    finally:
        with deferred():
            process.kill()
            process.join(timeout=5)
            folder.cleanup()
