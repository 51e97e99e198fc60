"""A scan from folders to the database: what there is to do, doing it, and counting it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import callmood
from callmood import store
from callmood.call import Recording
from callmood.engine.local import find_devices, run_jobs
from callmood.errors import UsageError
from callmood.model.bundle import Baseline, content_id, find_bundle
from callmood.pipeline.intake.discover import Discovery, FileHash, Unreadable, discover, place
from callmood.pipeline.pipeline import Failure, Job, Outcome
from callmood.pipeline.transcribe.recogniser import model_folder, model_name
from callmood.settings import Settings
from callmood.store import Connection, Known

PACKAGES = ("whisperx", "ctranslate2", "torch", "transformers", "pyannote-audio", "av")


@dataclass
class Tally:
    """What a scan has come to so far."""

    total: int
    """Recordings to work on."""
    bytes_total: int
    skipped: int
    """Stored already."""
    failed_earlier: int
    """Failed in an earlier scan and not tried again."""
    copies: int
    """Files with the same content as another."""
    scored_otherwise: int = 0
    """Of the skipped, those that another emotion model scored, or for other roles."""
    transcribed_otherwise: int = 0
    """Of the skipped, those that another recogniser transcribed."""
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    segments: int = 0
    audio_s: float = 0.0
    bytes_seen: int = 0
    failures: dict[str, list[str]] = field(default_factory=dict)
    """Sentences by reason."""
    warnings: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(len(errors) for errors in self.failures.values())

    @property
    def seen(self) -> int:
        return self.done + self.failed

    @property
    def wall_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def rtfx(self) -> float:
        """Seconds of audio a second of wall time, the loading of the models counted in."""
        return self.audio_s / max(self.wall_s, 1e-9)

    def add(self, outcome: Outcome) -> None:
        self.bytes_seen += outcome.recording.size_bytes
        if isinstance(outcome, Failure):
            self.add_failure(outcome.reason, outcome.error)
            return
        self.done += 1
        self.segments += len(outcome.segments)
        self.audio_s += outcome.duration_s
        self.warnings += [f"{outcome.recording.path.name}: {warning}" for warning in outcome.warnings]

    def add_failure(self, reason: str, error: str) -> None:
        self.failures.setdefault(reason, []).append(error)

    def as_dict(self) -> dict[str, object]:
        """For machines."""
        return {
            "done": self.done,
            "failed": self.failed,
            "failures": {reason: len(errors) for reason, errors in self.failures.items()},
            "skipped": self.skipped,
            "scored_otherwise": self.scored_otherwise,
            "transcribed_otherwise": self.transcribed_otherwise,
            "failed_earlier": self.failed_earlier,
            "copies": self.copies,
            "segments": self.segments,
            "audio_s": round(self.audio_s, 2),
            "wall_s": round(self.wall_s, 2),
            "rtfx": round(self.rtfx, 2),
            "warnings": self.warnings,
        }


@dataclass(frozen=True)
class Plan:
    """What a scan has to do, over an open database."""

    con: Connection
    settings: Settings
    model_id: str
    jobs: tuple[Job, ...]
    rescore: bool
    tally: Tally
    unreadable: tuple[Unreadable, ...] = ()
    """Files that no recording could be made of."""


@contextmanager
def open_plan(
    paths: Sequence[Path],
    settings: Settings,
    *,
    retry_failed: bool = False,
    rescore: bool = False,
    retranscribe: bool = False,
) -> Iterator[Plan]:
    """Walks the paths and compares them with the database, which stays open within.

    A known recording's path and call facts are brought up to date. With ``rescore`` the jobs are the stored calls
    that another model has scored, or for other roles; without, the recordings that are new, with
    ``retry_failed`` those that failed, and with ``retranscribe`` the stored calls that another recogniser
    transcribed.
    Raises CallmoodError where there is nothing to scan or the database can't be used.
    """
    if rescore and retranscribe:
        raise UsageError("Give --rescore or --retranscribe: what is transcribed again is scored again too.")
    # what would fail in every worker fails here, before a database is made
    find_devices(settings.engine.device)
    model_folder(settings.transcribe.asr)
    model_id = content_id(find_bundle(settings.score.model))
    found = discover(paths, settings.discover, _hashes(settings.db))
    with store.open_db(settings.db) as con:
        store.write_hashes(con, found.hashes)
        store.write_unreadable(
            con,
            (place(path) for path in paths),
            ((one.path, one.reason, one.error) for one in found.failures),
        )
        known = store.known(con)
        otherwise = store.transcribed_otherwise(con, model_name(settings.transcribe.asr))
        told = settings.discover
        store.update_facts(
            con,
            (recording for recording in found.recordings if recording.id in known),
            sure=told.metadata is not None or told.name_pattern is not None,
        )
        if rescore:
            wanted = {one for one in known if _scored_otherwise(known[one], model_id, settings.score.roles)}
        else:
            wanted = {one.id for one in found.recordings} - known.keys()
            if retry_failed:
                wanted |= {one for one in known if known[one].state == "failed"}
            if retranscribe:
                wanted |= otherwise
        jobs = _jobs(con, [one for one in found.recordings if one.id in wanted], model_id, rescore)
        tally = _tally(found, known, jobs, model_id, settings.score.roles, otherwise)
        yield Plan(con, settings, model_id, jobs, rescore, tally, found.failures)


def _hashes(db: Path) -> dict[str, FileHash]:
    """What files held in earlier scans, by path. The database is free again while the folders are searched."""
    if not store.may_exist(db):
        return {}
    with store.open_db(db, read_only=True) as con:
        return {path: FileHash(*hashed) for path, hashed in store.hashes(con).items()}


def _jobs(con: Connection, wanted: Sequence[Recording], model_id: str, rescore: bool) -> tuple[Job, ...]:
    """Calls are scored against what this model has heard of their agents in the calls it scored before.

    The facts of a known recording are those that are stored: this scan may be told less than an earlier one.
    """
    stored = store.facts(con, [recording.id for recording in wanted])
    of_all_calls = store.agent_baselines(con, model_id)
    jobs = []
    for recording in wanted:
        voices = of_all_calls
        if recording.id in stored:
            recording = replace(stored[recording.id], path=recording.path)
            voices = store.agent_baselines(con, model_id, exclude=recording.id)
        voice = _baseline(voices.get(recording.agent or ""))
        jobs.append(Job(recording, voice, store.stored_segments(con, recording.id) if rescore else None))
    return tuple(jobs)


def _scored_otherwise(known: Known, model_id: str, roles: str) -> bool:
    return known.state == "done" and (known.model_id, known.roles) != (model_id, roles)


def _baseline(voice: tuple[NDArray[np.float32], int] | None) -> Baseline | None:
    return Baseline(*voice) if voice else None


def _tally(
    found: Discovery,
    known: dict[str, Known],
    jobs: Sequence[Job],
    model_id: str,
    roles: str,
    transcribed_otherwise: set[str],
) -> Tally:
    at_work = {job.recording.id for job in jobs}
    idle = {
        recording.id: known[recording.id]
        for recording in found.recordings
        if recording.id not in at_work and recording.id in known
    }
    tally = Tally(
        total=len(jobs),
        bytes_total=sum(job.recording.size_bytes for job in jobs),
        skipped=sum(one.state == "done" for one in idle.values()),
        failed_earlier=sum(one.state == "failed" for one in idle.values()),
        copies=found.copies,
        scored_otherwise=sum(_scored_otherwise(one, model_id, roles) for one in idle.values()),
        transcribed_otherwise=len(transcribed_otherwise & idle.keys()),
    )
    for unreadable in found.failures:
        tally.add_failure(unreadable.reason, unreadable.error)
    tally.warnings += found.warnings
    return tally


def carry_out(plan: Plan) -> Iterator[Outcome]:
    """Does the jobs; yields each outcome once it is stored and counted."""
    if not plan.jobs:
        return
    con, settings = plan.con, plan.settings
    scan_id = store.start_scan(
        con,
        settings.model_dump(mode="json"),
        {"callmood": callmood.__version__} | {name: version(name) for name in PACKAGES},
        {
            "emotion": plan.model_id,
            "asr": model_name(settings.transcribe.asr),
            "diarizer": settings.speakers.diarizer,
        },
    )
    plan.tally.started = time.monotonic()
    for outcome in run_jobs(settings, plan.jobs, rescore=plan.rescore):
        if isinstance(outcome, Failure):
            if not plan.rescore:
                store.write_failure(con, scan_id, outcome.recording, outcome.reason, outcome.error)
        elif plan.rescore:
            store.rescore_call(
                con, scan_id, plan.model_id, outcome.recording.id, outcome.scores, outcome.baselines
            )
        else:
            store.write_call(con, scan_id, plan.model_id, outcome)
        plan.tally.add(outcome)
        yield outcome
    store.finish_scan(con, scan_id)
