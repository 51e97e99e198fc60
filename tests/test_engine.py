"""Workers come and go; every recording ends in one outcome."""

import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from callmood.call import Recording
from callmood.engine.local import Broken, run_jobs
from callmood.errors import CallmoodError
from callmood.pipeline.pipeline import Failure, Job
from callmood.settings import EngineSettings, Settings


def jobs(*names: str) -> list[Job]:
    return [Job(Recording(id=name, path=Path(name), size_bytes=len(name))) for name in names]


def settings(workers: int = 2) -> Settings:
    return Settings(engine=EngineSettings(device="cpu", workers=workers))


def answer(connection: Connection, *_: object) -> None:
    """A worker that hears nothing in any recording, and dies of those named "deadly"."""
    try:
        while True:
            for job in connection.recv():
                if job.recording.id.startswith("deadly"):
                    os._exit(9)
                connection.send(Failure(job.recording, "heard nothing", "Nothing."))
    except EOFError:
        return


def cannot_load(connection: Connection, *_: object) -> None:
    connection.send(Broken("There is no model."))


def reasons(*names: str, workers: int = 2) -> dict[str, str]:
    outcomes = list(run_jobs(settings(workers), jobs(*names), work=answer))
    assert len(outcomes) == len(names)
    return {outcome.recording.id: outcome.reason for outcome in outcomes if isinstance(outcome, Failure)}


def test_every_job_has_one_outcome() -> None:
    names = [f"call {number}" for number in range(23)]
    assert reasons(*names) == dict.fromkeys(names, "heard nothing")


def test_a_recording_that_kills_its_worker_fails_alone() -> None:
    names = ["a", "b", "deadly", "c", "d", "e"]
    found = reasons(*names, workers=1)
    assert found.pop("deadly") == "worker died"
    assert found == dict.fromkeys("abcde", "heard nothing")


def test_all_workers_may_die() -> None:
    names = ["deadly 1", "deadly 2", "deadly 3", "fine"]
    found = reasons(*names)
    assert found.pop("fine") == "heard nothing"
    assert set(found.values()) == {"worker died"}


def test_models_that_cannot_be_loaded_end_the_scan_in_a_sentence() -> None:
    with pytest.raises(CallmoodError, match=r"^There is no model\.$"):
        list(run_jobs(settings(), jobs("a", "b", "c"), work=cannot_load))


def test_no_jobs_start_no_worker() -> None:
    assert list(run_jobs(settings(), [], work=cannot_load)) == []
