"""How much memory this machine has, and how much a worker takes of it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

WORKER_MEMORY_GB: Final = 1.3
"""The most that was measured of a worker on a processor, with the models that come with callmood: 0.6 to 1.3."""

_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of a container."""


def memory_gb() -> float | None:
    """What this machine has, or this container may use; None if that is not known."""
    found = []
    with suppress(ValueError, AttributeError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit in _LIMITS:
        with suppress(ValueError, OSError):  # "max"
            found.append(int(limit.read_text()))
    return min(found) / 1e9 if found else None


def workers_in_memory() -> int | None:
    """How many workers there is memory for, one at least; None if that is not known."""
    have_gb = memory_gb()
    return None if have_gb is None else max(1, int(have_gb / WORKER_MEMORY_GB))
