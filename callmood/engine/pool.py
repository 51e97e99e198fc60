"""Work that waits for a device, put together into large batches from whoever asked for it."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Answer: TypeAlias = Callable[[list[Any] | Exception], None]
"""Takes the results of a request, in order, or the error of the first item that failed."""


@dataclass(slots=True)
class Service:
    """What a device can do to items of one kind, many at once."""

    run: Callable[[list[Any]], Any]
    """The results, in order."""
    size: Callable[[Any], float]
    """Of an item, padding included: seconds of sound."""
    room: float
    """The size of a full batch; halved when memory runs out."""


@dataclass(slots=True)
class Use:
    """What a service has done so far."""

    batches: int = 0
    items: int = 0
    size: float = 0.0
    room: float = 0.0
    """Of all its batches, had they been full."""
    busy_s: float = 0.0
    """Of all its batches together, also of those that run beside others."""


@dataclass(slots=True)
class Occupancy:
    """How busy a device was, from its first batch to its last."""

    uses: dict[str, Use] = field(default_factory=dict)
    busy_s: float = 0.0
    """While it worked, on one batch or on several at once."""
    idle_s: float = 0.0
    """While nothing waited for it."""

    @property
    def busy_share(self) -> float:
        """0 to 1."""
        return self.busy_s / max(self.busy_s + self.idle_s, 1e-9)


@dataclass(slots=True)
class _Request:
    results: list[Any]
    left: int
    answer: Answer


@dataclass(slots=True)
class _Item:
    content: Any
    request: _Request
    place: int


class Pool:
    """Requests from many processes, taken apart into items that a device works on in batches.

    The fullest kind comes first, so that rare items, such as second looks, collect while others are worked on; and a
    device with nothing else to do takes what there is. While a batch of a kind is worked on, what waits of that kind
    collects until it is a full batch: a small one takes a device nearly as long.
    """

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services
        self._waiting: dict[str, deque[_Item]] = {name: deque() for name in services}
        self._sizes = dict.fromkeys(services, 0.0)
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()
        self._since = 0.0
        self.occupancy = Occupancy({name: Use() for name in services})

    def put(self, name: str, items: Sequence[Any], answer: Answer) -> None:
        """Has ``items`` done by a service; ``answer`` is called in a thread that runs batches."""
        if not items:
            answer([])
            return
        request = _Request([None] * len(items), len(items), answer)
        with self._changed:
            self._waiting[name].extend(_Item(item, request, place) for place, item in enumerate(items))
            self._sizes[name] += sum(map(self._services[name].size, items))
            self._changed.notify_all()  # it may be more than one batch

    def run_batch(self) -> None:
        """Waits until there is work, and does a batch of it. Raises what a broken device raises.

        Several threads may run batches at once: a device has room beside most of them.
        """
        with self._changed:
            name = self._changed.wait_for(self._next)
            batch = self._take(name)
            began = self._count(name, +1)
        service = self._services[name]
        room = service.room
        results = _results(service, [item.content for item in batch])
        with self._changed:
            use = self.occupancy.uses[name]
            use.busy_s += self._count(name, -1) - began
            use.room += max(room, 1e-9)
            use.batches += 1
            use.items += len(batch)
            use.size += sum(service.size(item.content) for item in batch)
            done = [
                item.request for item, result in zip(batch, results, strict=True) if _is_last(item, result)
            ]
            self._changed.notify_all()  # what waited for this batch
        for request in done:
            _answer(request)

    def _next(self) -> str:
        """The service of the next batch; "" if there is nothing to do now."""
        ready = {
            name: service
            for name, service in self._services.items()
            if self._waiting[name] and (not self._running[name] or self._sizes[name] >= service.room)
        }
        return fullest(ready, self._sizes) if ready else ""

    def _count(self, name: str, step: int) -> float:
        """One batch of a service more is running, or one less; returns the time."""
        now = time.perf_counter()
        if self._running.total():
            self.occupancy.busy_s += now - self._since
        elif self.occupancy.busy_s:  # it is not idle before the first recording is read
            self.occupancy.idle_s += now - self._since
        self._since = now
        self._running[name] += step
        return now

    def _take(self, name: str) -> list[_Item]:
        service, waiting = self._services[name], self._waiting[name]
        batch = [waiting.popleft()]
        size = service.size(batch[0].content)
        while waiting and size + service.size(waiting[0].content) <= service.room:
            batch.append(waiting.popleft())
            size += service.size(batch[-1].content)
        self._sizes[name] = self._sizes[name] - size if waiting else 0.0
        return batch


def fullest(services: Mapping[str, Service], sizes: Mapping[str, float]) -> str:
    """The service whose waiting items, of ``sizes`` in total, come closest to a full batch, or exceed it most."""
    return max(services, key=lambda name: sizes[name] / services[name].room)


def _results(service: Service, items: list[Any]) -> list[Any]:
    """What a service makes of ``items``; an exception in place of one that fails, however small the batch."""
    try:
        return list(service.run(items))
    except Exception as error:
        said = str(error).lower()
        if "out of memory" in said:
            service.room = max(service.room / 2, 1.0)
        elif "cuda" in said:
            raise  # nothing works on a device after that
        if len(items) == 1:
            return [error]
    half = len(items) // 2
    return [*_results(service, items[:half]), *_results(service, items[half:])]


def _is_last(item: _Item, result: Any) -> bool:
    """Notes the result; whether it is the last of its request."""
    item.request.results[item.place] = result
    item.request.left -= 1
    return not item.request.left


def _answer(request: _Request) -> None:
    failed = next((one for one in request.results if isinstance(one, Exception)), None)
    request.answer(request.results if failed is None else failed)
