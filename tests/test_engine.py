"""Workers come and go; every recording ends in one outcome."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sounds import CALLS

from callmood.call import Failure, Outcome, Recording
from callmood.engine.local import run_jobs
from callmood.errors import CallmoodError
from callmood.pipeline.pipeline import Job, Work
from callmood.settings import EngineSettings, Settings
from callmood.store import open_db, rows


def jobs(*names: str) -> list[Job]:
    return [Job(Recording(id=name, path=Path(name), size_bytes=len(name))) for name in names]


def settings(workers: int = 2) -> Settings:
    return Settings(engine=EngineSettings(device="cpu", workers=workers))


def no_speech(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Fails each recording, and dies of those named "deadly"."""
    for job in jobs:
        if job.recording.id.startswith("deadly"):
            os._exit(9)
        yield Failure(job.recording.path, "no speech", "Nothing.", job.recording)


def load(*_: object) -> Work:
    return no_speech


def cannot_load(*_: object) -> Work:
    raise CallmoodError("There is no model.")


def reasons(*names: str, workers: int = 2) -> dict[str, str]:
    outcomes = list(run_jobs(settings(workers), jobs(*names), load))
    assert len(outcomes) == len(names)
    return {outcome.recording.id: outcome.reason for outcome in outcomes if isinstance(outcome, Failure)}


def test_every_job_has_one_outcome() -> None:
    names = [f"call {number}" for number in range(23)]
    assert reasons(*names) == dict.fromkeys(names, "no speech")


def test_a_recording_that_kills_its_worker_fails_alone() -> None:
    names = ["a", "b", "deadly", "c", "d", "e"]
    found = reasons(*names, workers=1)
    assert found.pop("deadly") == "worker died"
    assert found == dict.fromkeys("abcde", "no speech")


def test_all_workers_may_die() -> None:
    names = ["deadly 1", "deadly 2", "deadly 3", "fine"]
    found = reasons(*names)
    assert found.pop("fine") == "no speech"
    assert set(found.values()) == {"worker died"}


def test_models_that_cannot_be_loaded_end_the_scan_with_an_error() -> None:
    with pytest.raises(CallmoodError, match=r"^There is no model\.$"):
        list(run_jobs(settings(), jobs("a", "b", "c"), cannot_load))


def test_no_jobs_start_no_worker() -> None:
    assert list(run_jobs(settings(), [], cannot_load)) == []


UNGUARDED = """
import callmood
callmood.scan({calls!r}, db={db!r})
"""


def test_a_script_without_the_guard_is_told_so_and_no_recording_fails(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(UNGUARDED.format(calls=str(CALLS / "anna"), db=str(tmp_path / "calls.duckdb")))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "In a script, call callmood under if __name__" in done.stderr.splitlines()[-1]
    with open_db(tmp_path / "calls.duckdb", read_only=True) as con:
        assert rows(con, "SELECT count(*) FROM recording") == [(0,)]
