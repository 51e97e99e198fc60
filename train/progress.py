"""What a long run says while it works: remarks to whoever listens, progress bars where a command wants them.

A remark is a line of text without a full stop. It goes to the callback of whoever called the library, or else to the
logger ``callmood.training``. Nothing is drawn unless ``bars`` is entered, which the commands do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

Remark = Callable[[str], None]
"""Where remarks go."""

Item = TypeVar("Item")

LOGGER: Final = logging.getLogger("callmood.training")

_bars: Final[ContextVar[bool]] = ContextVar("bars", default=False)


def log(remark: str) -> None:
    """The report of a caller who gives none."""
    LOGGER.info(remark)


@contextmanager
def bars(wanted: bool = True) -> Iterator[None]:
    """Progress bars on the standard error stream, for what is done inside."""
    before = _bars.set(wanted)
    try:
        yield
    finally:
        _bars.reset(before)


def are_on() -> bool:
    """Whether progress bars are drawn."""
    return _bars.get()


def tracked(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """``items``, with a progress bar called ``what`` where bars are on; ``total`` for those without a length."""
    if not are_on():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=what, total=total, console=Console(stderr=True))
