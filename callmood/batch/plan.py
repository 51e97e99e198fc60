"""What a scan has to do: the recordings it found, compared with what the database holds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final, TypeVar

from callmood import store
from callmood.batch.from_vectors import Sorted, sort_out
from callmood.batch.summary import Rescoring, Summary
from callmood.call import CallFacts, Failure, Recording, RoleChoice
from callmood.engine.local import devices_of
from callmood.errors import UsageError
from callmood.model.bundle import content_id, find_bundle
from callmood.pipeline.audio.containers import expected_duration
from callmood.pipeline.intake.discover import Discovery, absolute_path, discover
from callmood.pipeline.intake.packed import FileHash, FileHashes
from callmood.pipeline.pipeline import Job, RescoreJob
from callmood.pipeline.transcribe.recogniser import check_models, model_name
from callmood.remote import as_path
from callmood.settings import Settings
from callmood.store import Connection, Known
from callmood.store.columns import valid_unicode
from callmood.store.redact import calls_as_said
from callmood.wording import counted

T = TypeVar("T")

_PART: Final = 2_000
"""Rows written at once."""


@dataclass(frozen=True, slots=True)
class Again:
    """What a scan repeats for stored recordings."""

    failed: bool = False
    """Retry recordings that failed, and tell again which files can't be read."""
    forgotten: bool = False
    """Scan recordings that were forgotten."""
    rescore: bool = False
    """Score calls again that were scored by another emotion model, for other roles or by an older callmood, and do
    nothing else."""
    retranscribe: bool = False
    """Transcribe calls again that were transcribed by another recogniser."""


@dataclass(slots=True)
class Watched:
    """What a watch knows when it scans again, and the database does not say."""

    hashes: FileHashes = field(default_factory=FileHashes)
    """Of the files that it has read, by path: the database keeps none of files that are forgotten or too old."""
    unsettled: Collection[Path] = ()
    """Absolute paths of files that are still being written."""
    since: datetime | None = None
    """Calls that are known to have started before that are not scanned."""

    def is_too_old(self, recording: Recording) -> bool:
        """Whether it is known to have started before ``since``."""
        started_at = recording.facts.started_at
        return self.since is not None and started_at is not None and started_at < self.since


@dataclass(frozen=True, slots=True)
class Outdated:
    """Stored recordings whose file has new content."""

    ids: tuple[str, ...]
    calls: tuple[str, ...]
    """The paths of those that are calls; the others failed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scan has to do."""

    model_id: str
    """Of the emotion model."""
    jobs: tuple[Job, ...]
    """What takes sound."""
    from_vectors: tuple[RescoreJob, ...]
    """What stored vectors are enough for."""
    failures: tuple[Failure, ...]
    """Files and folders that can't be read, without those that an earlier scan has told."""
    superseded: tuple[str, ...]
    """Ids of stored recordings to delete, because their file has new content that is stored already."""
    outdated: Mapping[str, Outdated]
    """Stored recordings to replace, by the id of the recording that their file holds now."""
    summary: Summary
    """The counts before any job is done."""


def checked_model_id(settings: Settings, again: Again) -> str:
    """The emotion model's id. Raises CallmoodError early for what would fail in every worker."""
    if again.rescore and again.retranscribe:
        raise UsageError(
            "Give either --rescore or --retranscribe. Calls that are transcribed again are scored again too."
        )
    if settings.engine.kind == "local":
        devices_of(settings)
    elif settings.engine.gpus is not None:
        raise UsageError(
            "Give either --gpus or --engine ray. In a cluster workers take the GPUs that its machines have."
        )
    check_models(settings.transcribe)
    return content_id(find_bundle(settings.score.model))


def find_recordings(paths: Sequence[Path], settings: Settings, watched: Watched) -> Discovery:
    """The recordings in ``paths``, compared with what the database knows of the files, which is then closed again."""
    hashes = FileHashes(watched.hashes)
    unreadable: set[tuple[str, str, tuple[int, int] | None]] = set()
    if store.may_exist(settings.db):
        with store.reading(settings.db, wait_s=settings.wait) as con:
            for path, hashed in store.hashes(con):
                hashes[path] = FileHash(*hashed)
            unreadable = store.unreadable(con)
    found = discover(paths, settings.discover, hashes, watched.unsettled)
    watched.hashes.update(found.hashes)
    states = _states(found.failures)
    return replace(
        found,
        failed_earlier=frozenset(
            one.path
            for one in found.failures
            if (valid_unicode(str(one.path)), one.reason, states.get(one.path)) in unreadable
        ),
    )


def bring_up_to_date(con: Connection, paths: Sequence[Path], discovery: Discovery, watched: Watched) -> None:
    """Store file hashes, the files that can't be read, and the new paths and facts of known recordings."""
    # nothing of them is stored but the hash, not even a path
    unnamed = store.forgotten(con) | {one.id for one in discovery.recordings if watched.is_too_old(one)}
    of_calls = (
        {path: content for path, content in discovery.contents if path in discovery.hashes} if unnamed else {}
    )
    for hashes in _parts(discovery.hashes.items()):
        store.write_hashes(
            con, {path: one for path, one in hashes if of_calls.get(path, one.content) not in unnamed}
        )
    searched = [absolute_path(path) for path in paths]
    store.write_unreadable(con, searched, discovery.failures, _states(discovery.failures))
    for recordings in _parts(discovery.recordings):
        for sure in (True, False):
            if those := [one for one in recordings if (one.id in discovery.sure) is sure]:
                store.update_facts(con, those, sure=sure)


def _parts(items: Iterable[T]) -> Iterator[list[T]]:
    """``items`` in lists that are small in memory whatever the database makes of them."""
    left = iter(items)
    while part := list(islice(left, _PART)):
        yield part


def make_plan(
    con: Connection,
    discovery: Discovery,
    settings: Settings,
    model_id: str,
    again: Again,
    watched: Watched,
) -> Plan:
    """Compare what was found with what is stored.

    The jobs are the new recordings, and the stored ones to do ``again``.
    """
    known = store.known(con)
    forgotten = store.forgotten(con)
    archived = store.archived(con)
    roles = settings.score.roles
    asr = model_name(settings.transcribe)

    def is_wanted(recording_id: str) -> bool:
        stored = known.get(recording_id)
        if again.rescore:
            return stored is not None and _has_stale_scores(stored, model_id, roles)
        if stored is not None:
            return (again.failed and stored.state == "failed") or (
                again.retranscribe and _has_stale_transcript(stored, asr)
            )
        return recording_id not in archived and (again.forgotten or recording_id not in forgotten)

    recordings: list[Recording] = []
    idle: Counter[Known] = Counter()
    left: Counter[str] = Counter()
    for one in discovery.recordings:
        wanted = is_wanted(one.id)
        if wanted and not watched.is_too_old(one):
            recordings.append(one)
        elif one.id in known:
            idle[known[one.id]] += 1
        left["forgotten"] += one.id in forgotten and not wanted
        left["archived"] += one.id in archived and one.id not in known
    found = _jobs(con, recordings, again.rescore)
    ready, from_sound, without = sort_out(con, settings, found) if again.rescore else Sorted([], found, 0)
    jobs = tuple(map(_with_length, from_sound))
    summary = _summary(discovery, (*ready, *jobs))
    summary.skipped = sum(count for one, count in idle.items() if one.state == "done")
    summary.failed_earlier = sum(count for one, count in idle.items() if one.state == "failed")
    summary.stale_scores = sum(
        count for one, count in idle.items() if _has_stale_scores(one, model_id, roles)
    )
    summary.stale_transcripts = sum(count for one, count in idle.items() if _has_stale_transcript(one, asr))
    summary.forgotten, summary.archived = left["forgotten"], left["archived"]
    if again.rescore:
        summary.rescored = Rescoring(len(ready), without, len(jobs) - without)
    failures = tuple(
        one for one in discovery.failures if again.failed or one.path not in discovery.failed_earlier
    )
    summary.failed_earlier += len(discovery.failures) - len(failures)
    done = {one for one in known if known[one].state == "done"}
    outdated = _outdated(con, discovery, done)
    superseded = [outdated.pop(content) for content in outdated.keys() & done]
    summary.replaced += [path for old in superseded for path in old.calls]
    if settings.transcribe.redact and (as_said := calls_as_said(con)):
        summary.notes.append(
            f"{counted(len(as_said), 'call is', 'calls are')} stored as said: callmood redact takes out what is secret."
        )
    return Plan(
        model_id,
        jobs,
        tuple(ready),
        failures,
        superseded=tuple(one for old in superseded for one in old.ids),
        outdated={} if again.rescore else outdated,
        summary=summary,
    )


def _outdated(con: Connection, discovery: Discovery, done: Collection[str]) -> dict[str, Outdated]:
    """The recordings that the files' contents replace, by the id of each content.

    Recorders that reuse names write another call to the same path: where call id or start tell that it is, both stay.
    So does a call that was seen in another file too, as long as that is there: a link such as "today" leads to other
    calls every day.
    """
    replaced = store.outdated(con, discovery.contents)
    facts = {one.id: one.facts for one in discovery.recordings if one.id in replaced} if replaced else {}
    elsewhere = _elsewhere(
        con, {one.id: one for stored in replaced.values() for one in stored}, discovery.contents
    )
    store.update_facts(con, elsewhere.values(), sure=False)
    outdated = {}
    for content, stored in replaced.items():
        old = [
            one
            for one in stored
            if one.id not in elsewhere and not _differs(one.facts, facts.get(content, CallFacts()))
        ]
        if old:
            calls = tuple(str(one.path) for one in old if one.id in done)
            outdated[content] = Outdated(tuple(one.id for one in old), calls)
    return outdated


def _elsewhere(
    con: Connection, recordings: Mapping[str, Recording], contents: Iterable[tuple[str, str]]
) -> dict[str, Recording]:
    """Those of ``recordings`` whose content an unchanged file still holds, at that file's path, by id.

    A file of ``contents`` holds what is said there, alone or with another: one side of a call, scanned before the other
    side arrived, is no call of its own any more.
    """
    if not recordings:
        return {}
    found: dict[str, Recording] = {}
    stored = dict(store.hashes(con, recordings))
    now = {path: content for path, content in contents if path in stored}
    for path, (size_bytes, mtime_ns, content) in stored.items():
        if content not in found and now.get(path, content) == content:
            with suppress(OSError):
                status = as_path(path).stat()
                if (status.st_size, status.st_mtime_ns) == (size_bytes, mtime_ns):
                    found[content] = replace(recordings[content], path=as_path(path))
    return found


def _differs(one: CallFacts, other: CallFacts) -> bool:
    """Whether two calls can't be the same by what is known of them."""
    return any(
        None not in (a, b) and a != b
        for a, b in ((one.call_id, other.call_id), (one.started_at, other.started_at))
    )


def gone(con: Connection, paths: Sequence[Path], discovery: Discovery) -> list[str]:
    """The paths of stored calls whose files are not in the folders any more that were searched."""
    failed = [failure.path for failure in discovery.failures]
    seen = chain((path for path, _ in discovery.contents), map(str, discovery.waiting), map(str, failed))
    unsearched = tuple(f"{path}{os.sep}" for path in failed)
    unseen = store.unseen_paths(con, [absolute_path(path) for path in paths], seen)
    return [
        str(path) for path in unseen if not str(path).startswith(unsearched) and not os.path.lexists(path)
    ]


def _states(failures: Iterable[Failure]) -> dict[Path, tuple[int, int]]:
    """Size and modification time of files that could not be read, by path.

    Folders have none: that one can't be searched is told each time, because nobody knows what is in it.
    """
    states = {}
    for failure in failures:
        with suppress(OSError):
            status = failure.path.lstat()
            if not failure.path.is_dir():
                states[failure.path] = (status.st_size, status.st_mtime_ns)
    return states


def _jobs(con: Connection, wanted: Sequence[Recording], rescore: bool) -> list[Job]:
    """A known recording keeps its stored facts, because this scan may have less metadata than an earlier one."""
    stored = store.stored_recordings(con, [recording.id for recording in wanted])
    jobs: list[Job] = []
    for found in wanted:
        recording = replace(found, facts=stored[found.id].facts) if found.id in stored else found
        jobs.append(RescoreJob(recording) if rescore else Job(recording))
    return jobs


def with_segments(settings: Settings, jobs: Sequence[Job]) -> list[Job]:
    """Jobs as they are handed out: stored calls with their speakers and segments, which are too many for a plan."""
    with store.reading(settings.db, wait_s=settings.wait) as con:
        stored = store.segments_of_calls(con, [job.recording.id for job in jobs])
    whole: list[Job] = []
    for job in jobs:
        speakers, segments = stored[job.recording.id]
        whole.append(RescoreJob(job.recording, speakers, segments, expected_s=job.expected_s))
    return whole


def _with_length(job: Job) -> Job:
    path, size_bytes = job.recording.path, job.recording.size_bytes // len(job.recording.files)
    return replace(job, expected_s=expected_duration(path, size_bytes))


def _has_stale_scores(known: Known, model_id: str, roles: RoleChoice) -> bool:
    return known.state == "done" and (known.model_id, known.roles, known.has_moods) != (model_id, roles, True)


def _has_stale_transcript(known: Known, asr: str) -> bool:
    return known.state == "done" and known.asr != asr


def _summary(discovery: Discovery, jobs: Sequence[Job]) -> Summary:
    """What is known before the jobs are compared with what is stored."""
    return Summary(
        total=len(jobs),
        bytes_total=sum(job.recording.size_bytes for job in jobs),
        copies=discovery.copies,
        passed_over=dict(discovery.passed_over),
        agents={origin or "unknown": count for origin, count in discovery.agents.items()},
        waiting=[str(path) for path in discovery.waiting],
        notes=list(discovery.warnings),
    )
