"""Runs jobs on the machines of a Ray cluster, in actors that load their models once.

This process hands out the jobs, takes the outcomes and is the only one that stores them: a call is small beside the
seconds of work that it took, one transaction after the other needs no server, and what is stored is whole whichever
machine dies. Each actor has a few calls in flight, so that it never waits for this process, and no more, so that
little is repeated when it dies.
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from callmood.call import Failure, Outcome
from callmood.engine.actor import Analyst
from callmood.engine.ledger import RECYCLE_AFTER_S, Ledger, settle
from callmood.engine.local import Event
from callmood.engine.pause import MOST_TOGETHER, Pause
from callmood.engine.worker import Load, LoadError
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline.pipeline import Job
from callmood.settings import EngineSettings, Settings
from callmood.signals import deferred

IN_FLIGHT: Final = 2
"""Calls of an actor: one that it works on, and one that waits there."""
STARTS: Final = 3
"""Starts that may fail on a machine before no more actors are started there."""
_LOOK_AROUND_S: Final = 5.0
"""Between looks at which machines there are."""
_NO_MACHINE_S: Final = 600.0
"""For which no actor may run before the scan ends."""
_ANSWER_S: Final = 2.0
"""In which a machine has to answer that is in doubt."""
_CONNECT_S: Final = 10.0
_FETCH_S: Final = 120.0
"""To fetch an outcome that is there."""

_LOGGER: Final = logging.getLogger("callmood.engine")


def run_jobs(
    settings: Settings, jobs: Sequence[Job], load: Load, watch: Callable[[Event], None] | None = None
) -> Generator[list[Outcome], None, None]:
    """Yields one outcome for each job, in order of completion, as ``callmood.engine.local.run_jobs`` does.

    The cluster is the one at RAY_ADDRESS, or the one that this machine belongs to. Machines may join and leave: what
    they had in flight is repeated elsewhere. A recording that an actor died of is retried alone, and a failure when
    another dies of it.

    Raises CallmoodError if there is no cluster, if no actor can be started, or if none is left for ten minutes.
    """
    if not jobs:
        return
    ledger = Ledger(jobs)
    tell = watch or (lambda _: None)
    outcomes: list[Outcome] = []
    pause = Pause()
    with _cluster() as ray:
        pool = _Pool(ray, settings.engine)
        try:
            while len(ledger) or pool.is_busy or outcomes:
                pool.grow(len(ledger), settings, load)
                ready = pool.ready(pause.left_s() if outcomes else _LOOK_AROUND_S)
                if outcomes and (not ready or len(outcomes) >= MOST_TOGETHER):
                    with pause.after():
                        yield outcomes
                    outcomes = []
                for actor in ready:
                    outcomes += _heard_of(pool, actor, ledger, tell)
        finally:
            with deferred():  # a second Ctrl-C leaves no actor behind
                pool.stop()


def _heard_of(pool: _Pool, actor: _Actor, ledger: Ledger, tell: Callable[[Event], None]) -> Iterator[Outcome]:
    """Takes what an actor has sent, or notices that it died, and hands it its next jobs."""
    try:
        if actor.loading is None:
            yield from _outcome(pool.ray, actor, tell)
        elif pool.started(actor):
            tell(Event(actor.number, None, ()))
    except pool.ray.exceptions.RayError as error:
        if actor.loading is not None:
            pool.failed_to_start(actor, _why_not_started(pool.ray, error))
        _LOGGER.info("A worker on %s ended (%s).", actor.host, type(error).__name__)
        yield from _bury(pool, actor, ledger)
        return
    if actor.loading is None and actor.audio_s < RECYCLE_AFTER_S:
        while len(actor.calls) < IN_FLIGHT and (chunk := ledger.take(len(pool.actors))):
            outcomes = actor.handle.work.options(num_returns="streaming").remote(chunk)
            actor.calls.append(_InFlight(outcomes, {job.recording.id: job for job in chunk}))
    if actor.loading is None and not actor.calls:
        pool.remove(actor)  # a fresh one takes its place if there is more to do


def _outcome(ray: ModuleType, actor: _Actor, tell: Callable[[Event], None]) -> Iterator[Outcome]:
    """The next outcome of the actor's first call; none at the call's end. Raises RayError if the actor died."""
    call = actor.calls[0]
    try:
        outcome: Outcome = ray.get(next(call.outcomes), timeout=_FETCH_S)
    except StopIteration:
        if call.pending:
            raise ray.exceptions.ActorDiedError from None
        actor.calls.popleft()
        return
    job, audio_s = settle(call.pending, outcome)
    actor.audio_s += audio_s
    pending = tuple(job for one in actor.calls for job in one.pending.values())
    tell(Event(actor.number, job, pending, audio_s))
    yield outcome


def _bury(pool: _Pool, actor: _Actor, ledger: Ledger) -> Iterator[Failure]:
    """Lets the jobs of a dead actor wait again; yields failures for those that too many died of."""
    pool.remove(actor)
    begun, *others = actor.calls or [_InFlight(None, {})]
    for call in others:
        ledger.give_back(call.pending.values())
    lost_machine = pool.is_lost(actor.node)
    for job in ledger.died(begun.pending.values(), with_machine=lost_machine):
        recording = job.recording
        what = "Three machines were lost" if lost_machine else "Two processes ended"
        yield Failure(
            recording.path,
            "worker died",
            f"{what} while they worked on {recording.path}, the last on nothing else, most likely because memory ran "
            "out. Scan it with --retry-failed on a machine with more memory.",
            recording,
        )


def _why_not_started(ray: ModuleType, error: Exception) -> str:
    if isinstance(error, ray.exceptions.RayTaskError):  # such as a package that is missing there
        return str(error).strip().splitlines()[-1]
    return "its process ended while it started, most likely because memory ran out"


@dataclass
class _InFlight:
    """A call of an actor."""

    outcomes: Any
    pending: dict[str, Job]
    """The jobs without an outcome, by the id of their recording."""


@dataclass
class _Actor:
    number: int
    handle: Any
    node: str
    host: str
    loading: Any
    """The answer that its models are loaded; None once it came."""
    calls: deque[_InFlight] = field(default_factory=deque)
    audio_s: float = 0.0


@dataclass(frozen=True)
class _Size:
    """What an actor takes of its machine."""

    cpus: int
    gpus: float

    def times_on(self, resources: dict[str, float]) -> int:
        """How many actors a machine has room for."""
        of_cpus = int(resources.get("CPU", 0) / self.cpus)
        return min(of_cpus, int(resources.get("GPU", 0) / self.gpus)) if self.gpus else of_cpus


class _Pool:
    """The actors, as many as the machines have room for."""

    def __init__(self, ray: ModuleType, settings: EngineSettings) -> None:
        self.ray = ray
        self.actors: list[_Actor] = []
        self._most = settings.workers
        self._remote = ray.remote(Analyst)
        self._failed: Counter[str] = Counter()
        self._why = ""
        self._doubtful: set[str] = set()
        """Machines on which an actor died, and which did not answer then."""
        self._looked_at = self._alive_at = time.monotonic()
        self._size = _size(settings, list(self.machines().values()))

    @property
    def is_busy(self) -> bool:
        return any(actor.calls for actor in self.actors)

    def machines(self) -> dict[str, dict[str, Any]]:
        """The living machines by their id, as ray describes them."""
        alive = {one["NodeID"]: one for one in self.ray.nodes() if one["Alive"]}
        self._doubtful = {node for node in self._doubtful if node in alive and not _answers(alive[node])}
        return {node: one for node, one in alive.items() if node not in self._doubtful}

    def is_lost(self, node: str) -> bool:
        """Whether a machine is gone on which an actor died. Ray itself may take half a minute to say so."""
        self._doubtful.add(node)
        return node not in self.machines()

    def grow(self, jobs: int, settings: Settings, load: Load) -> None:
        """Starts actors where there is room, for that many waiting jobs.

        Raises CallmoodError if no actor can be started, or has run for too long.
        """
        now = time.monotonic()
        if any(actor.loading is None for actor in self.actors):
            self._alive_at = now
        missing = jobs - sum(actor.loading is not None or not actor.calls for actor in self.actors)
        if missing <= 0 or (self.actors and now - self._looked_at < _LOOK_AROUND_S):
            return
        self._looked_at = now
        machines = self.machines()
        usable = {node: one for node, one in machines.items() if self._failed[node] < STARTS}
        if machines and not usable and not self.actors:
            raise CallmoodError(f"The workers of the scan could not start: {self._why}.")
        if now - self._alive_at > _NO_MACHINE_S:
            raise CallmoodError(
                "No machine of the Ray cluster has had room for a worker for ten minutes. "
                "See `ray status`, and scan again: what is stored is skipped."
            )
        for node in self._room(usable)[:missing]:
            self._start(node, usable[node]["NodeManagerHostname"], settings, load)
        if not self.actors:
            time.sleep(1)

    def _room(self, machines: dict[str, dict[str, Any]]) -> list[str]:
        """The machines with room for another actor, one mention for each, those with the fewest actors first."""
        here = Counter(actor.node for actor in self.actors)
        free = [
            (number, node)
            for node, one in machines.items()
            for number in range(here[node], self._size.times_on(one["Resources"]))
        ]
        most = len(free) if self._most is None else max(0, self._most - len(self.actors))
        return [node for _, node in sorted(free)[:most]]

    def _start(self, node: str, host: str, settings: Settings, load: Load) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        handle = self._remote.options(
            num_cpus=self._size.cpus,
            num_gpus=self._size.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        ).remote()
        device = "cuda:0" if self._size.gpus else "cpu"  # ray shows an actor its own GPUs only
        loading = handle.load.remote(load, settings, device, self._size.cpus)
        taken = {actor.number for actor in self.actors}
        number = next(number for number in itertools.count() if number not in taken)
        self.actors.append(_Actor(number, handle, node, host, loading))

    def ready(self, timeout_s: float) -> list[_Actor]:
        """The actors that have sent something or died; none if nothing happens for ``timeout_s`` seconds."""
        by_answer = {}
        for actor in self.actors:
            if actor.loading is not None:
                by_answer[actor.loading] = actor
            elif actor.calls:
                by_answer[actor.calls[0].outcomes] = actor
        if not by_answer:
            return []
        answers, _ = self.ray.wait(list(by_answer), num_returns=1, timeout=timeout_s)
        return [by_answer[answer] for answer in answers]

    def started(self, actor: _Actor) -> bool:
        """Takes an actor's answer, and whether it is that its models are loaded. Raises RayError if it died."""
        from importlib.metadata import version

        answer = self.ray.get(actor.loading, timeout=_FETCH_S)
        if isinstance(answer, LoadError):
            self.failed_to_start(actor, answer.message.rstrip("."), for_good=True)
        elif answer != version("callmood"):
            why = f"callmood is {answer} there and {version('callmood')} here"
            self.failed_to_start(actor, why, for_good=True)
        else:
            actor.loading = None
            self._failed[actor.node] = 0
            return True
        self.remove(actor)
        return False

    def failed_to_start(self, actor: _Actor, why: str, *, for_good: bool = False) -> None:
        told = self._failed[actor.node] >= STARTS
        self._failed[actor.node] += STARTS if for_good else 1
        self._why = f"on {actor.host}, {why}"
        if self._failed[actor.node] >= STARTS and not told:
            _LOGGER.warning("No worker can be started %s. Other machines go on.", self._why)

    def remove(self, actor: _Actor) -> None:
        self.ray.kill(actor.handle)
        if actor in self.actors:
            self.actors.remove(actor)
        self._looked_at = 0.0  # there is room now

    def stop(self) -> None:
        for actor in [*self.actors]:
            self.remove(actor)


def _answers(machine: dict[str, Any]) -> bool:
    """Whether Ray's own process on a machine takes connections."""
    try:
        address = (machine["NodeManagerAddress"], machine["NodeManagerPort"])
        socket.create_connection(address, timeout=_ANSWER_S).close()
    except OSError:
        return False
    return True


def _size(settings: EngineSettings, machines: Sequence[dict[str, Any]]) -> _Size:
    """On GPUs if there are any, as on one machine. Raises CallmoodError if no machine has room for an actor."""
    on_cpu = _Size(settings.cpus_per_worker, 0)
    on_gpu = _Size(settings.cpus_per_gpu_worker, settings.gpus_per_worker)
    if settings.device == "mps":
        raise UsageError("Ray knows no Apple GPUs. Use --device cpu.")
    have_gpu = any(on_gpu.times_on(one["Resources"]) for one in machines)
    if settings.device == "cuda" and not have_gpu:
        raise CallmoodError(
            f"No machine of the Ray cluster has a GPU and {on_gpu.cpus} cores for a worker. Use --device cpu."
        )
    size = on_gpu if have_gpu and settings.device != "cpu" else on_cpu
    if not any(size.times_on(one["Resources"]) for one in machines):
        raise CallmoodError(
            f"No machine of the Ray cluster has {size.cpus} cores for a worker. See `ray status`."
        )
    return size


@contextmanager
def _cluster() -> Iterator[ModuleType]:
    """Ray, connected to a cluster that runs. Raises CallmoodError if there is none."""
    address = os.environ.get("RAY_ADDRESS", "")
    if address.startswith("ray://"):
        raise UsageError(
            "RAY_ADDRESS names Ray's client port. Run the scan on a machine of the cluster, with RAY_ADDRESS=auto."
        )
    try:
        import ray
    except ImportError:
        raise CallmoodError(
            "--engine ray needs the package ray, on each machine. Install it with `pip install 'callmood[ray]'`."
        ) from None
    if ray.is_initialized():  # by the program that calls the library
        yield ray
        return
    with _own_handlers():
        try:
            host, _, port = address.rpartition(":")
            if host and port.isdecimal():  # ray would wait for more than a minute, then end this process
                socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
            # no log: it would show here what the workers print
            ray.init("auto", configure_logging=False, logging_level=logging.ERROR, log_to_driver=False)
        except (OSError, RuntimeError, ValueError, SystemExit) as error:
            why = "" if isinstance(error, SystemExit) else f" ({str(error).splitlines()[0].rstrip('.')})"
            where = f" at {address}{why}" if host else ""
            raise CallmoodError(
                f"No Ray cluster can be reached{where}. Start one with `ray start --head`, or set RAY_ADDRESS."
            ) from None
    try:
        ray._private.worker._worker_logs_enabled = (
            False  # what ray says of lost machines would stand among our lines
        )
        _warn_of_reports(ray)
        yield ray
    finally:
        with deferred():
            ray.shutdown()


@contextmanager
def _own_handlers() -> Iterator[None]:
    """Ray takes over SIGTERM when it starts; this gives it back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _warn_of_reports(ray: ModuleType) -> None:
    """Says so if the cluster was started to report its use to the makers of Ray."""
    metadata = ray.experimental.internal_kv._internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster")
    if metadata and b"git_commit" in metadata:  # what Ray notes only where it reports
        _LOGGER.warning(
            "This Ray cluster reports its use to the makers of Ray. No call is in it; to stop it, start the cluster "
            "with RAY_USAGE_STATS_ENABLED=0."
        )
