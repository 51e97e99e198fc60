"""What an actor of a Ray cluster does: it loads the models once and works on call after call.

Nothing heavy is imported here, so that the environment is set before it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from callmood.engine.threads import ENVIRONMENT

if TYPE_CHECKING:
    from callmood.call import Outcome
    from callmood.engine.worker import Load, LoadError
    from callmood.pipeline.pipeline import Job, Work
    from callmood.settings import Settings


class Analyst:
    """Ray makes an actor of it."""

    def __init__(self) -> None:
        os.environ.update(ENVIRONMENT)
        self._work: Work | None = None

    def load(self, load: Load, settings: Settings, device: str, threads: int) -> LoadError | str:
        """Loads the models; returns callmood's version on this machine."""
        from importlib.metadata import version

        from callmood.engine.worker import LoadError, load_work
        from callmood.network import stay_offline, switch_off_telemetry
        from callmood.threads import limit_threads

        switch_off_telemetry()
        stay_offline()
        limit_threads(threads)
        work = load_work(load, settings, device)
        if isinstance(work, LoadError):
            return work
        self._work = work
        return version("callmood")

    def work(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yields one outcome for each job, as soon as it is known."""
        assert self._work is not None
        for outcome in self._work(jobs):  # noqa: UP028
            yield outcome  # ray sends values into a generator, and `yield from` would pass them on to a list's iterator
