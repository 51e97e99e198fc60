"""callmood's command line where only a scan's models are others (``models``).

Search, database, processes, decoding, roles, storing and the command line are the program's own. Run as a script with
the arguments of ``callmood``. FAULTS_READY names a file that appears once the program handles signals.
"""

import os
import sys
from pathlib import Path
from types import ModuleType

from callmood import __main__, signals


def run() -> None:
    """In place of ``callmood.cli.app.main``, whose imports are part of what is tested."""
    del sys.modules["callmood.cli.app"]
    if sys.argv[1:2] == ["scan"]:
        from callmood.pipeline import pipeline
        from fault_kinds import models

        pipeline.load_scan = models.load
    from callmood.cli.app import main

    main()


def ready(install: object) -> None:
    install()  # type: ignore[operator]
    if "FAULTS_READY" in os.environ:
        Path(os.environ["FAULTS_READY"]).touch()


if __name__ == "__main__":
    install = signals.interrupt_when_stopped
    signals.interrupt_when_stopped = lambda: ready(install)
    sys.modules["callmood.cli.app"] = stand_in = ModuleType("callmood.cli.app")
    stand_in.main = run  # type: ignore[attr-defined]
    __main__.main()
