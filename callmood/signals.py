"""What stops a command: Ctrl-C, SIGTERM, and SIGHUP, which a terminal that is closed sends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final, NoReturn

STOPPING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

EXIT_CODE: Final = 130
"""Of a command that was stopped, by whichever signal."""

_came: list[int] = []


def interrupt_when_stopped() -> None:
    """Let each of these signals raise KeyboardInterrupt; what is ignored, as SIGHUP is under nohup, stays so."""
    _replace_handlers(_interrupt)


def die_when_stopped() -> None:
    """Let each of these signals end the process at once and silently; what is ignored stays so."""
    _replace_handlers(signal.SIG_DFL)


def ignore_from_now_on() -> None:
    """Ignore these signals: the process is about to end."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def end_as_asked() -> None:
    """Ignore these signals from now on, and let the process end with an exit code of its own: it was to be stopped."""
    ignore_from_now_on()
    _came.clear()


def was_stopped() -> bool:
    """Whether one of the signals came since ``interrupt_when_stopped``.

    What is raised then comes of it, even where a library made another exception of the KeyboardInterrupt.
    """
    return bool(_came)


@contextmanager
def deferred() -> Iterator[None]:
    """In the main thread, handle these signals at the end of the block; elsewhere none is ever handled.

    DuckDB would handle them inside a query, and raise a RuntimeError for what the handler raises.
    """
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                stack.enter_context(_deferred(number))
        yield


@contextmanager
def _deferred(number: signal.Signals) -> Iterator[None]:
    handler = signal.getsignal(number)
    if not callable(handler):  # ignored, deadly, or not Python's
        yield
        return
    came: list[int] = []
    try:
        signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        signal.signal(number, handler)
        if came:
            handler(number, None)


def _replace_handlers(handler: object) -> None:
    for number in STOPPING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, handler)  # type: ignore[arg-type]


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _came.append(number)
    raise KeyboardInterrupt
