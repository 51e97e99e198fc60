"""One call without a database."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from typing_extensions import Unpack

from callmood.call import Call, Failure
from callmood.engine.local import devices_of
from callmood.errors import CallmoodError
from callmood.pipeline.intake.discover import discover
from callmood.pipeline.pipeline import Job, Work, load_scan
from callmood.remote import checked_path
from callmood.settings import ScanOptions, Settings, load_settings
from callmood.wording import printable

_LOGGER = logging.getLogger("callmood.analysis")


def analyze(path: str | Path, **options: Unpack[ScanOptions]) -> Call:
    """The speakers, segments, words and moods of one recording; nothing is stored.

    ``options`` are those of ``callmood.scan``. The models stay loaded for the next call with the same options. A scan
    also compares an agent with earlier calls, so that its scores may differ a little.

    Raises CallmoodError if the recording can't be analyzed.

    >>> call = callmood.analyze(calls / "anna" / "2026-11-20_09-14-05_anna_5551234.wav")
    >>> call
    Call('2026-11-20_09-14-05_anna_5551234.wav', 0:27, stereo, 2 speakers, 6 segments)
    >>> call.recording.facts.agent, call.speakers[0].role
    ('anna', 'agent')
    >>> call.segments[1]
    Segment(0:04-0:11, speaker 1, 'This is outrageous, you have charged me twice and nobody an…')
    >>> call.scores[1]
    EmotionScores(angry 67 %)
    """
    settings = load_settings(options)
    file = checked_path(path)
    if file.is_dir():
        raise CallmoodError(f"{path} is a folder. Use callmood.scan for folders.")
    at_once = settings.discover.model_copy(update={"quiet_for": 0})
    found = discover([file], at_once)
    for failure in found.failures:
        raise CallmoodError(failure.error)
    if found.waiting:
        raise CallmoodError(f"{path} is still being written. Try again when it is whole.")
    for warning in found.warnings:
        _LOGGER.warning("%s", printable(warning))
    work = _loaded(settings, devices_of(settings)[0])
    (outcome,) = work([Job(found.recordings[0])])
    if isinstance(outcome, Failure):
        raise CallmoodError(outcome.error)
    assert isinstance(outcome, Call)
    return outcome


@lru_cache(maxsize=1)
def _loaded(settings: Settings, device: str) -> Work:
    return load_scan(settings, device)
