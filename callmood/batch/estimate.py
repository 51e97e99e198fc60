"""How long a scan will still take, from how fast each worker has been so far."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callmood.engine.local import Event
from callmood.pipeline.pipeline import Job

_FEW: Final = 20
"""With at most so many recordings left for each worker, it matters who gets which."""


_ALIKE_S: Final = 120.0
"""A worker's own pace is trusted as much as that of all once it has worked for so long."""


@dataclass(slots=True)
class _Pace:
    """A worker's work so far; times in seconds of any clock."""

    since: float
    """When its models were loaded."""
    until: float
    """When it had finished what it has finished."""
    audio_s: float = 0.0
    pending: Sequence[Job] = ()

    @property
    def worked_s(self) -> float:
        return self.until - self.since


class Estimate:
    """Learns from each thing that a worker does.

    Each worker's pace is measured up to its last finished recording, so that what is half done counts neither as work
    nor as idle time. How long files are by their size is learned for each kind of file.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._left = {job.recording.id: job for job in jobs}
        self._left_s: defaultdict[str, float] = defaultdict(float)
        """Expected sound of what is not finished, by the kind of file."""
        for job in jobs:
            self._left_s[_kind(job)] += job.expected_s
        self._expected_s: defaultdict[str, float] = defaultdict(float)
        self._heard_s: defaultdict[str, float] = defaultdict(float)
        self._paces: dict[int, _Pace] = {}

    @property
    def is_loading(self) -> bool:
        """Whether no worker has its models yet."""
        return not self._paces

    def learn(self, event: Event, at: float) -> None:
        """``at``: the time, in seconds of any clock."""
        pace = self._paces.setdefault(event.worker, _Pace(at, at))
        pace.pending = event.pending
        if event.job is None:
            return
        pace.until = at
        pace.audio_s += event.audio_s
        kind = _kind(event.job)
        if self._left.pop(event.job.recording.id, None) is not None:
            self._left_s[kind] -= event.job.expected_s
        if event.audio_s:
            self._expected_s[kind] += event.job.expected_s
            self._heard_s[kind] += event.audio_s

    def remaining_s(self, at: float) -> float | None:
        """Seconds that the rest will take; None before the first call is finished."""
        paces = self._paces.values()
        worked_s = sum(pace.worked_s for pace in paces if pace.audio_s)
        if not worked_s:
            return None
        usual = sum(pace.audio_s for pace in paces) / worked_s
        # workers are much alike, and a few recordings don't tell how fast one of them is
        rates = [
            (pace.audio_s + usual * _ALIKE_S) / (pace.worked_s * bool(pace.audio_s) + _ALIKE_S)
            for pace in paces
        ]
        pending_s = [sum(map(self._length_s, pace.pending)) for pace in paces]
        begun_s = [
            min(rate * (at - pace.until), mine_s)
            for pace, rate, mine_s in zip(paces, rates, pending_s, strict=True)
        ]
        free = [
            ((mine - begun) / rate, rate) for mine, begun, rate in zip(pending_s, begun_s, rates, strict=True)
        ]
        if len(self._left) <= _FEW * len(rates):
            return self._last_end(free)
        left_s = sum(expected_s * self._factor(kind) for kind, expected_s in self._left_s.items())
        return max((left_s - sum(begun_s)) / sum(rates), *(end_s for end_s, _ in free))

    def _last_end(self, free: list[tuple[float, float]]) -> float:
        """When the last recording ends. ``free``: when each worker is, and its rate."""
        taken = {job.recording.id for pace in self._paces.values() for job in pace.pending}
        rest = sorted(
            (self._length_s(job) for name, job in self._left.items() if name not in taken), reverse=True
        )
        heapq.heapify(free)
        for length_s in rest:
            start_s, rate = free[0]
            heapq.heapreplace(free, (start_s + length_s / rate, rate))
        return max(end_s for end_s, _ in free)

    def _length_s(self, job: Job) -> float:
        return job.expected_s * self._factor(_kind(job))

    def _factor(self, kind: str) -> float:
        """How many times longer files of a kind are than expected; of a kind not heard yet, than all."""
        kinds = [kind] if kind in self._expected_s else list(self._expected_s)
        expected_s = sum(self._expected_s[one] for one in kinds)
        return sum(self._heard_s[one] for one in kinds) / expected_s if expected_s else 1.0


def _kind(job: Job) -> str:
    return job.recording.path.suffix.lower()
