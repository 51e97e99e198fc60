"""Stored calls scored again from stored vectors, in this process, which stores the scores anyway."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from callmood import store
from callmood.call import Outcome
from callmood.engine.ledger import settle
from callmood.engine.local import Event, find_devices
from callmood.model.bundle import EncoderIds, encoder_ids
from callmood.pipeline.from_vectors import load_from_vectors
from callmood.pipeline.pipeline import Job, RescoreJob
from callmood.settings import Settings
from callmood.store import Connection
from callmood.store.encoded import AUDIO, TEXT, kept_of_calls, vectors_of_calls

_CALLS_AT_ONCE: Final = 64
_SOUND_AT_ONCE_S: Final = 2 * 3600.0
"""Calls that are worked on together are so long in total, or one: some 2,000 segments, whose vectors take 100 MB."""


class Sorted(NamedTuple):
    """Calls to score again."""

    from_vectors: list[RescoreJob]
    """Those whose vectors are stored, in the order in which they are."""
    from_sound: list[Job]
    without_vectors: int
    """Those of ``from_sound`` whose segments don't all have vectors; the others' are by other encoders."""


def sort_out(con: Connection, settings: Settings, jobs: Sequence[Job]) -> Sorted:
    """Which of ``jobs`` the model can do with what is stored."""
    if not jobs:
        return Sorted([], [], 0)
    left = {job.recording.id: job for job in jobs}
    ready, without = [], 0
    for call in kept_of_calls(con, encoder_ids(settings.score.model).audio, settings.score.roles):
        if call.recording_id not in left:
            continue
        if call.usable == call.segments:
            job = left.pop(call.recording_id)
            ready.append(RescoreJob(job.recording, expected_s=call.duration_s))
        else:
            without += call.encoded < call.segments
    return Sorted(ready, list(left.values()), without)


def run_from_vectors(
    settings: Settings, jobs: Sequence[RescoreJob], watch: Callable[[Event], None]
) -> Generator[list[Outcome], None, None]:
    """Yields one outcome for each job, some together. Raises CallmoodError if the model can't be loaded."""
    if not jobs:
        return
    encoders = encoder_ids(settings.score.model)
    work = load_from_vectors(settings, encoders, find_devices(settings.engine.device)[0])
    watch(Event(0, None, ()))
    for part in _parts(jobs):
        outcomes = list(work(_with_vectors(settings, encoders, part)))
        yield outcomes
        by_id: dict[str, Job] = {job.recording.id: job for job in part}
        for outcome in outcomes:
            if outcome.recording is not None:
                job, heard_s = settle(by_id, outcome)
                watch(Event(0, job, (), heard_s))


def _parts(jobs: Sequence[RescoreJob]) -> Iterator[list[RescoreJob]]:
    part: list[RescoreJob] = []
    sound_s = 0.0
    for job in jobs:
        if part and (len(part) == _CALLS_AT_ONCE or sound_s + job.expected_s > _SOUND_AT_ONCE_S):
            yield part
            part, sound_s = [], 0.0
        part.append(job)
        sound_s += job.expected_s
    if part:
        yield part


def _with_vectors(settings: Settings, encoders: EncoderIds, jobs: Sequence[RescoreJob]) -> list[RescoreJob]:
    ids = [job.recording.id for job in jobs]
    with store.reading(settings.db, wait_s=settings.wait) as con:
        parts = store.segments_of_calls(con, ids)
        audio = vectors_of_calls(con, AUDIO, encoders.audio, ids)
        text = vectors_of_calls(con, TEXT, encoders.text, ids)
    return [
        replace(
            job,
            speakers=parts[one][0],
            segments=parts[one][1],
            audio_vectors=audio.get(one, {}),
            text_vectors=text.get(one, {}),
        )
        for one, job in zip(ids, jobs, strict=True)
    ]
