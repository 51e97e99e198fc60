"""A scan, as the library and the command run it: find recordings, update the database, plan, run the jobs, store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias

from typing_extensions import Unpack

from callmood import store
from callmood.batch.agent_voices import compare_agents
from callmood.batch.begun import RunJobs, run_after_kills
from callmood.batch.estimate import Estimate
from callmood.batch.from_vectors import run_from_vectors
from callmood.batch.plan import (
    Again,
    Outdated,
    Plan,
    Watched,
    bring_up_to_date,
    checked_model_id,
    find_recordings,
    gone,
    make_plan,
    with_segments,
)
from callmood.batch.summary import Summary
from callmood.call import Call, Failure, Outcome, Rescored
from callmood.engine import cluster, local
from callmood.engine.feed import is_fed, run_fed_jobs
from callmood.engine.local import Event, require_startable
from callmood.engine.worker import Load
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline.pipeline import Job, load_rescore, load_scan
from callmood.pipeline.transcribe.recogniser import model_name
from callmood.remote import checked_path
from callmood.search.categorize import categorize
from callmood.search.vectors import fill_in
from callmood.settings import ScanOptions, Settings, load_settings
from callmood.signals import deferred
from callmood.store import Connection
from callmood.store.corrections import count_corrected
from callmood.wording import counted, printable

PACKAGES: Final = (
    "callmood",
    "whisperx",
    "ctranslate2",
    "onnxruntime",
    "torch",
    "transformers",
    "pyannote-audio",
    "av",
)
"""Whose versions are stored with a scan."""

_NOTHING: Final = Outdated((), ())

_LOGGER: Final = logging.getLogger("callmood.batch")

Paths: TypeAlias = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan has come."""

    summary: Summary
    """The counts so far; the same object throughout a scan."""
    outcome: Outcome | None = None
    """What was just stored; None when the work begins."""
    estimate: Estimate = field(default_factory=lambda: Estimate(()), repr=False)
    """How long the rest will take; the same object throughout a scan."""


def scan(
    paths: Paths,
    *,
    retry_failed: bool = False,
    include_forgotten: bool = False,
    rescore: bool = False,
    retranscribe: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Unpack[ScanOptions],
) -> Summary:
    """Scan recordings into a database, as ``callmood scan`` does; what is stored already is skipped.

    ``paths`` are recordings, and folders to search for them, also in a bucket (``s3://bucket/calls``). ``options`` are
    those of the command (``db="calls.duckdb"``, ``asr="tiny.en"``, ``roles="customer"`` ...); what is not given comes
    from the environment and ``callmood.toml``. ``progress`` is called when the work begins and after each stored
    outcome.

    The work is done in processes of its own: a script must call this under ``if __name__ == "__main__":``.

    Raises CallmoodError if nothing can be scanned. A single recording that can't be is counted in the summary.

    >>> summary = callmood.scan(calls, db="calls.duckdb")
    >>> summary.done, summary.failed
    (1, 0)
    """
    summary = Summary()
    again = Again(
        failed=retry_failed, forgotten=include_forgotten, rescore=rescore, retranscribe=retranscribe
    )
    with closing(run(_path_list(paths), load_settings(options), again)) as steps:
        for step in steps:
            summary = step.summary
            if progress is not None:
                progress(step)
    return summary


def iter_scan(
    paths: Paths,
    *,
    retry_failed: bool = False,
    include_forgotten: bool = False,
    rescore: bool = False,
    retranscribe: bool = False,
    **options: Unpack[ScanOptions],
) -> Iterator[Outcome]:
    """Scan as ``scan`` does, and yield each outcome once it is stored: a Call, a Failure, or a Rescored call.

    The processes stay alive until the iterator is exhausted or closed. Others can read the database meanwhile. Agents
    are compared with their earlier calls at the end: the scores that count are those in the database.

    >>> for outcome in callmood.iter_scan(calls, db="other.duckdb"):
    ...     print(outcome)
    Call('2026-11-20_09-14-05_anna_5551234.wav', 0:27, stereo, 2 speakers, 6 segments)
    """
    again = Again(
        failed=retry_failed, forgotten=include_forgotten, rescore=rescore, retranscribe=retranscribe
    )
    steps = run(_path_list(paths), load_settings(options), again)
    return (step.outcome for step in steps if step.outcome is not None)


def run(
    paths: Sequence[Path], settings: Settings, again: Again, watched: Watched | None = None
) -> Generator[Progress, None, None]:
    """The scan itself, which may be a round of a watch.

    Raises CallmoodError if nothing can be scanned, BusyError if others use the database.
    """
    watched = watched or Watched()
    require_startable()
    model_id = checked_model_id(settings, again)
    with store.one_scan(settings.db, settings.wait), _kept_if_filled(settings.db):
        discovery = find_recordings(paths, settings, watched)
        with _writing(settings) as con:
            bring_up_to_date(con, paths, discovery, watched)
            plan = make_plan(con, discovery, settings, model_id, again, watched)
            if lost := count_corrected(con, plan.superseded).total():
                plan.summary.notes.append(
                    f"{counted(lost, 'corrected segment')} went with what files held before."
                )
            store.delete_recordings(con, plan.superseded)
            plan.summary.gone = gone(con, paths, discovery)
            scan_id = _start(con, plan, settings)
        summary, estimate = plan.summary, Estimate(plan.jobs or plan.from_vectors)
        for warning in discovery.warnings:
            _LOGGER.warning("%s", printable(warning))
        yield Progress(summary, None, estimate)
        for failure in plan.failures:
            _count(summary, failure)
            yield Progress(summary, failure, estimate)
        with closing(_run_and_store(scan_id, plan, settings, again, estimate)) as outcomes:
            for outcome in outcomes:
                yield Progress(summary, outcome, estimate)
        compare_agents(partial(_writing, settings), settings.score.model, model_id)
        fill_in(settings.db, settings.wait)
        categorize(settings.db, settings.wait)
        summary.finished = time.monotonic()


def _writing(settings: Settings) -> AbstractContextManager[Connection]:
    """The database, open for a transaction or two: others read it in between."""
    return store.writing(settings.db, wait_s=settings.wait)


@contextmanager
def _kept_if_filled(db: Path) -> Iterator[None]:
    """Removes a database that this scan created, if the scan failed before it stored anything."""
    is_new = not store.may_exist(db)
    try:
        yield
    except CallmoodError:
        if is_new:
            store.remove_if_empty(db)
        raise


def _count(summary: Summary, outcome: Outcome) -> None:
    summary.add(outcome)
    if isinstance(outcome, Failure):
        _LOGGER.warning("%s", printable(outcome.error))
        return
    for warning in outcome.warnings:
        _LOGGER.warning("%s", printable(f"{outcome.recording.path.name}: {warning}"))


def _start(con: Connection, plan: Plan, settings: Settings) -> int | None:
    """The id of the scan in the database; None if there is nothing to do."""
    if not (plan.jobs or plan.from_vectors):
        return None
    return store.start_scan(
        con,
        settings.model_dump(mode="json"),
        {name: version(name) for name in PACKAGES},
        {
            "emotion": plan.model_id,
            "asr": model_name(settings.transcribe),
            "diarizer": settings.speakers.diarizer,
        },
    )


def _run_and_store(
    scan_id: int | None, plan: Plan, settings: Settings, again: Again, estimate: Estimate
) -> Generator[Outcome, None, None]:
    """Runs the jobs and yields each outcome once it is stored and counted."""
    plan.summary.started = time.monotonic()
    if scan_id is None:
        return

    def watch(event: Event) -> None:
        estimate.learn(event, time.monotonic())

    with closing(_all_outcomes(settings, plan, again, watch)) as batches:
        for batch in batches:
            # what is stored is counted, also where the scan is stopped
            with _writing(settings) as con, deferred():
                _store(con, scan_id, plan, batch, again)
                for outcome in batch:
                    _count(plan.summary, outcome)
            yield from batch
    with _writing(settings) as con:
        store.finish_scan(con, scan_id)


def _all_outcomes(
    settings: Settings, plan: Plan, again: Again, watch: Callable[[Event], None]
) -> Generator[list[Outcome], None, None]:
    """The outcomes of a plan, those together that come together."""
    # how long decoding takes can't be learned from what needs none
    learn = (lambda _: None) if plan.jobs else watch
    with closing(run_from_vectors(settings, plan.from_vectors, learn)) as outcomes:
        yield from outcomes
    run_jobs: RunJobs = partial(_outcomes, load=load_rescore if again.rescore else load_scan)
    if not again.rescore and settings.engine.kind != "ray":
        run_jobs = partial(run_after_kills, run_jobs)
    with closing(run_jobs(settings, plan.jobs, watch=watch)) as outcomes:
        yield from outcomes


def _outcomes(
    settings: Settings, jobs: Sequence[Job], load: Load, watch: Callable[[Event], None]
) -> Generator[list[Outcome], None, None]:
    """The outcomes of ``jobs``, from wherever the settings have them run."""
    rescore = load is load_rescore
    if settings.engine.kind == "ray":
        jobs = with_segments(settings, jobs) if rescore else jobs
        return cluster.run_jobs(settings, jobs, load, watch)
    if not rescore and is_fed(settings):
        return run_fed_jobs(settings, jobs, local.devices_of(settings), watch)
    return local.run_jobs(
        settings, jobs, load, watch, None, partial(with_segments, settings) if rescore else None
    )


def _store(con: Connection, scan_id: int, plan: Plan, outcomes: Sequence[Outcome], again: Again) -> None:
    """Stores outcomes in place of the calls that their files held before, if those have another content now."""
    if calls := [one for one in outcomes if isinstance(one, Call)]:
        _store_calls(con, scan_id, plan, calls)
    if rescored := [one for one in outcomes if isinstance(one, Rescored)]:
        store.rescore_calls(con, scan_id, plan.model_id, rescored)
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            _store_failure(con, scan_id, plan, outcome, again)


def _store_calls(con: Connection, scan_id: int, plan: Plan, calls: Sequence[Call]) -> None:
    outdated = [plan.outdated.get(call.recording.id, _NOTHING) for call in calls]
    replaced = [one for old in outdated for one in old.ids]
    corrected = count_corrected(con, [*replaced, *(call.recording.id for call in calls)])
    store.write_calls(con, scan_id, plan.model_id, calls, replaced)
    # only where there are some, because all segments are read for it
    stale = count_corrected(con, corrected, stale=True) if corrected else corrected
    for call, old in zip(calls, outdated, strict=True):
        plan.summary.replaced += old.calls
        lost = sum(corrected[one] for one in old.ids)
        plan.summary.notes += _told_of_corrections(call.recording.path.name, lost, stale[call.recording.id])


def _store_failure(con: Connection, scan_id: int, plan: Plan, failure: Failure, again: Again) -> None:
    if failure.is_passing:
        store.delete_hashes(con, failure.recording.files if failure.recording else (failure.path,))
    elif not again.rescore:
        store.write_failure(con, scan_id, failure)
        old = plan.outdated.get(failure.recording.id, _NOTHING) if failure.recording else _NOTHING
        plan.summary.notes += [
            f"{Path(path).name}: the new content can't be scanned, so the earlier call stays."
            for path in old.calls
        ]


def _told_of_corrections(name: str, lost: int, stale: int) -> Iterator[str]:
    """What becomes of the corrections and reviews of a call that is stored anew."""
    if lost:
        yield f"{name}: {counted(lost, 'corrected segment')} went with its earlier content."
    if stale:
        yield (
            f"{name}: {counted(stale, 'corrected segment is', 'corrected segments are')} none any more, because the "
            "call was cut otherwise; callmood corrections lists them."
        )


def _path_list(paths: Paths) -> list[Path]:
    if not isinstance(paths, str | Path) and not paths:
        raise UsageError("Give a recording or a folder to scan.")
    return [checked_path(paths)] if isinstance(paths, str | Path) else [checked_path(path) for path in paths]
