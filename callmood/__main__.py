"""The command ``callmood``, also as ``python -m callmood``, and how it ends when it is stopped."""

import os
import sys
from contextlib import suppress

from callmood import signals


def main() -> None:
    """Run the command line. SIGINT, SIGTERM and SIGHUP end it at any moment with one sentence and exit code 130."""
    if "WORLD_SIZE" in os.environ:  # one of several processes: the one that launched them speaks
        signals.die_when_stopped()
    else:
        signals.interrupt_when_stopped()
    try:
        from callmood.cli.app import main as run  # takes a moment in which Ctrl-C may come too

        run()
    except BaseException as error:
        signals.ignore_from_now_on()
        interruption = _interruption(error)
        if interruption is None and not signals.was_stopped():
            raise
        _end(str(interruption or "") or "Stopped.")
    finally:
        signals.ignore_from_now_on()


def _interruption(error: BaseException | None) -> KeyboardInterrupt | None:
    """The KeyboardInterrupt from which ``error`` came; its text, where it has one, says how far the work has come."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _end(sentence: str) -> None:
    """Say it and exit, also where nobody reads any more."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(signals.EXIT_CODE)


if __name__ == "__main__":
    main()
