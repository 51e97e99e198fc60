"""Batch analytics of call recordings: who spoke when, what was said, in what mood.

The functions of the library are those that the commands call::

    import callmood

    summary = callmood.scan("calls/", db="callmood.duckdb")
    call = callmood.analyze("call.wav")
    with callmood.open("callmood.duckdb") as db:
        print(db.report(by="agent").rows)

Nothing is printed: progress comes through callbacks and by iterating, warnings through the logger ``callmood``, errors
are ``CallmoodError``. A script that scans or trains must do it under ``if __name__ == "__main__":``, as the work is
done in processes of its own. ``help(callmood.ScanOptions)`` lists the options of a scan.

How the packages build on each other, from the ground up:

- ``call`` (the nouns), ``labels``, ``arrays``, ``sound``, ``errors``, ``network``, ``wording``, ``writing``,
  ``hashing``, ``signals``, ``settings``, ``redaction``, ``bundled_weights``: what all others may use
- ``model``: the emotion model and the networks
- ``store``: the DuckDB file. ``pipeline``: recordings in, calls out, a folder for each stage
- ``engine``: runs the pipeline in processes. ``reports``: questions to the database and their answers. ``search``: what
  was said, by its meaning
- ``batch`` (scan, forget, archive, redact), ``analysis`` (analyze), ``database`` (open), ``questions`` (find,
  categorize, topics), ``review``: the library; ``training`` (train); ``doctor``
- ``cli``: one module a command, which parses, calls one function of these packages, and prints
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from callmood import network

if TYPE_CHECKING:
    __version__: str
    from callmood.analysis import analyze
    from callmood.batch.archive import Archived, archive
    from callmood.batch.forget import Forgotten, forget
    from callmood.batch.redact import redact
    from callmood.batch.run import Progress, iter_scan, scan
    from callmood.batch.summary import Summary
    from callmood.call import (
        Call,
        CallFacts,
        EmotionScores,
        Failure,
        Recording,
        Rescored,
        Segment,
        Speaker,
        Turn,
        VoiceBaseline,
        Word,
    )
    from callmood.database import Database, correct, corrections, open, rebuild, undo_corrections
    from callmood.errors import BusyError, CallmoodError, UsageError
    from callmood.labels import LABELS
    from callmood.questions import Categorized, categorize, find, topics
    from callmood.reports.ask import Report
    from callmood.search.find import Found, Hit
    from callmood.settings import ScanOptions
    from callmood.training.run import Trained, train

logging.getLogger(__name__).addHandler(
    logging.NullHandler()
)  # whoever wants to read it adds a handler of their own

network.switch_off_telemetry()

_HOMES = {
    "callmood.analysis": ("analyze",),
    "callmood.batch.archive": ("Archived", "archive"),
    "callmood.batch.forget": ("Forgotten", "forget"),
    "callmood.batch.redact": ("redact",),
    "callmood.batch.run": ("Progress", "iter_scan", "scan"),
    "callmood.batch.summary": ("Summary",),
    "callmood.call": (
        "Call",
        "CallFacts",
        "EmotionScores",
        "Failure",
        "Recording",
        "Rescored",
        "Segment",
        "Speaker",
        "Turn",
        "VoiceBaseline",
        "Word",
    ),
    "callmood.settings": ("ScanOptions",),
    "callmood.database": ("Database", "correct", "corrections", "open", "rebuild", "undo_corrections"),
    "callmood.errors": ("BusyError", "CallmoodError", "UsageError"),
    "callmood.labels": ("LABELS",),
    "callmood.questions": ("Categorized", "categorize", "find", "topics"),
    "callmood.reports.ask": ("Report",),
    "callmood.search.find": ("Found", "Hit"),
    "callmood.training.run": ("Trained", "train"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "LABELS",
    "Archived",
    "BusyError",
    "Call",
    "CallFacts",
    "CallmoodError",
    "Categorized",
    "Database",
    "EmotionScores",
    "Failure",
    "Forgotten",
    "Found",
    "Hit",
    "Progress",
    "Recording",
    "Report",
    "Rescored",
    "ScanOptions",
    "Segment",
    "Speaker",
    "Summary",
    "Trained",
    "Turn",
    "UsageError",
    "VoiceBaseline",
    "Word",
    "__version__",
    "analyze",
    "archive",
    "categorize",
    "correct",
    "corrections",
    "find",
    "forget",
    "iter_scan",
    "open",
    "rebuild",
    "redact",
    "scan",
    "topics",
    "train",
    "undo_corrections",
]


def __getattr__(name: str) -> Any:
    # PEP 562: `import callmood` costs nothing; numpy, polars and torch come with the first function that needs them
    if name == "__version__":
        from importlib.metadata import version

        return version("callmood")
    if name not in _HOME:
        raise AttributeError(f"module 'callmood' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
