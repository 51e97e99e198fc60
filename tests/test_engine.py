"""Workers come and go; every recording ends in one outcome."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pytest
from sounds import CALLS

from callmood.call import Failure, Outcome, Recording
from callmood.engine.local import Event, run_jobs, worker_slots
from callmood.engine.memory import memory_gb
from callmood.engine.pause import Pause
from callmood.engine.worker import Worker, work
from callmood.errors import CallmoodError
from callmood.pipeline.pipeline import Job, Work
from callmood.settings import EngineSettings, Settings
from callmood.threads import count_cores, own_threads


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


each = chain.from_iterable


def cannot_load(*_: object) -> Work:
    raise CallmoodError("There is no model.")


def reasons(*names: str, workers: int = 2) -> dict[str, str]:
    outcomes = list(each(run_jobs(settings(workers), jobs(*names), load)))
    assert len(outcomes) == len(names)
    return {outcome.recording.id: outcome.reason for outcome in outcomes if isinstance(outcome, Failure)}


def test_every_job_has_one_outcome() -> None:
    names = [f"call {number}" for number in range(23)]
    assert reasons(*names) == dict.fromkeys(names, "no speech")


def test_a_worker_whose_parent_was_killed_ends_without_an_error() -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    here.close()
    worker = context.Process(target=work, args=(there, load, settings(), "cpu", 1))
    worker.start()
    worker.join()
    assert worker.exitcode == 0


def test_a_signal_while_workers_are_stopped_leaves_none_and_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop, stopped = Worker.stop, []

    def interrupted(worker: Worker) -> None:
        signal.raise_signal(signal.SIGINT)
        stop(worker)
        stopped.append(worker)

    monkeypatch.setattr(Worker, "stop", interrupted)
    outcomes = run_jobs(settings(), jobs("a", "b"), load)
    next(outcomes)
    with pytest.raises(KeyboardInterrupt):
        outcomes.close()
    assert len(stopped) == 2 and not multiprocessing.active_children()


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


def environment(jobs: Sequence[Job]) -> Iterator[Outcome]:
    said = " ".join(os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"))
    return (Failure(job.recording.path, said, "Nothing.", job.recording) for job in jobs)


def load_environment(*_: object) -> Work:
    return environment


def test_threads_of_one_operation_never_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    ((outcome,),) = run_jobs(settings(workers=1), jobs("a"), load_environment)
    assert isinstance(outcome, Failure) and outcome.reason == "1 PASSIVE"
    assert os.environ["OMP_NUM_THREADS"] == "8"


def threads_of_its_own(*_: object) -> Work:
    raise CallmoodError(f"{own_threads()} threads")


def test_a_worker_computes_on_no_more_threads_than_it_was_given() -> None:
    assert own_threads() == count_cores()
    with pytest.raises(CallmoodError, match=f"^{max(1, count_cores() // 3)} threads$"):
        list(run_jobs(settings(3), jobs("a", "b", "c"), threads_of_its_own))


def waits_for_all_cores(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Ends a long recording only when it may take all threads."""
    for job in jobs:
        until = time.monotonic() + (60 if job.recording.id == "long" else 0)
        while own_threads() < 4 and time.monotonic() < until:
            time.sleep(0.01)
        yield Failure(job.recording.path, f"{own_threads()} threads", "Nothing.", job.recording)


def load_waiting(*_: object) -> Work:
    return waits_for_all_cores


def test_the_last_recording_takes_the_threads_of_workers_that_have_nothing_to_do() -> None:
    slots = [("cpu", 2), ("cpu", 2)]
    outcomes = each(run_jobs(settings(), jobs("long", "a", "b"), load_waiting, slots=slots))
    found = {one.recording.id: one.reason for one in outcomes if isinstance(one, Failure) and one.recording}
    assert found["long"] == "4 threads"
    assert "2 threads" in (found["a"], found["b"])


def test_workers_tell_that_their_models_are_loaded_and_what_they_have_done() -> None:
    events: list[Event] = []
    list(run_jobs(settings(workers=1), jobs("a", "b", "c"), load, events.append))
    assert [event.job and event.job.recording.id for event in events] == [None, "c", "b", "a"]
    assert {event.worker for event in events} == {0}


def leaves_a_trace(jobs: Sequence[Job]) -> Iterator[Outcome]:
    for job in jobs:
        job.recording.path.touch()
        yield Failure(job.recording.path, "no speech", "Nothing.", job.recording)


def load_traces(*_: object) -> Work:
    return leaves_a_trace


def test_a_worker_goes_on_while_nobody_takes_its_outcomes(tmp_path: Path) -> None:
    wanted = jobs(*(str(tmp_path / f"call {number}") for number in range(3)))
    outcomes = each(run_jobs(settings(workers=1), wanted, load_traces))
    next(outcomes)
    deadline = time.monotonic() + 30
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) >= 2
    assert len(list(outcomes)) == 2


def first_at_once(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Has an outcome of "0"; of the others when the file is there that they all are."""
    for job in jobs:
        deadline = time.monotonic() + 60
        while job.recording.id != "0" and not job.recording.path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield Failure(job.recording.path, "no speech", "Nothing.", job.recording)


def load_first_at_once(*_: object) -> Work:
    return first_at_once


def test_outcomes_that_come_fast_are_given_together_but_the_first_at_once(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    # the shortest is the first
    todo = [Job(Recording(id=str(number), path=stored, size_bytes=1 + number)) for number in range(20)]
    given = []
    for batch in run_jobs(settings(workers=1), todo, load_first_at_once):
        given.append(len(batch))
        stored.touch()
        time.sleep(0.3)  # storing it
    assert given[0] == 1
    assert sum(given) == 20
    assert len(given) <= 4


def test_a_pause_ends_whatever_the_one_who_stores_does_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("callmood.engine.pause.time.monotonic", lambda: now[0])
    pause = Pause()
    assert pause.left_s() == 0
    with pause.after():
        now[0] += 0.2
    assert pause.left_s() == pytest.approx(1.8)
    with pause.after():
        now[0] += 3600
    assert pause.left_s() == 5
    now[0] += 6
    assert pause.left_s() == 0


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
    assert not (tmp_path / "calls.duckdb").exists()


def dying_at_birth(folder: Path, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the next ``times`` Python processes die before they are up, through a ``sitecustomize.py`` in ``folder``."""
    for number in range(times):
        (folder / f"die {number}").touch()
    (folder / "sitecustomize.py").write_text(DYING.format(folder=str(folder)))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


def test_a_worker_that_dies_while_it_starts_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying_at_birth(tmp_path, 1, monkeypatch)
    names = ["a", "b", "c"]
    assert reasons(*names) == dict.fromkeys(names, "no speech")


def test_workers_that_all_die_while_they_start_end_the_scan_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying_at_birth(tmp_path, 20, monkeypatch)
    with pytest.raises(CallmoodError, match="could not start: one ended with code 9"):
        reasons("a", "b")


DYING = """
import os, sys
from pathlib import Path
if any("spawn_main" in word for word in sys.argv + sys.orig_argv):
    for file in sorted(Path({folder!r}).glob("die *")):
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        os._exit(9)
"""


@pytest.mark.parametrize("where", ["pool", "stdin"])
def test_where_no_process_can_be_started_it_is_said_at_once(tmp_path: Path, where: str) -> None:
    call = f"callmood.scan({str(CALLS / 'anna')!r}, db={str(tmp_path / 'calls.duckdb')!r})"
    pool = f"""
import multiprocessing, callmood
def work(_):
    try:
        {call}
    except callmood.CallmoodError as error:
        return str(error)
if __name__ == "__main__":
    with multiprocessing.Pool(1) as pool:
        print(pool.map(work, [1])[0])
"""
    stdin = f"""
import callmood
if __name__ == "__main__":
    try:
        {call}
    except callmood.CallmoodError as error:
        print(error)
"""
    (tmp_path / "script.py").write_text(pool)
    command = [sys.executable, str(tmp_path / "script.py") if where == "pool" else "-"]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True)
    assert {"pool": "multiprocessing.Pool must not", "stdin": "Save it to a file"}[where] in done.stdout
    assert not (tmp_path / "calls.duckdb").exists()


@pytest.mark.parametrize(("memory_gb", "workers"), [(None, 8), (64.0, 8), (4.0, 3), (0.5, 1)])
def test_there_are_as_many_workers_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, memory_gb: float | None, workers: int
) -> None:
    monkeypatch.setattr("callmood.engine.memory.memory_gb", lambda: memory_gb)
    monkeypatch.setattr("callmood.engine.local.count_cores", lambda: 8)
    slots = worker_slots(Settings(engine=EngineSettings(device="cpu")), 100)
    assert [device for device, _ in slots] == ["cpu"] * workers
    wanted = Settings(engine=EngineSettings(device="cpu", workers=5))
    assert len(worker_slots(wanted, 100)) == 5


def test_a_container_has_the_memory_that_it_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000000\n")
    monkeypatch.setattr("callmood.engine.memory._LIMITS", (tmp_path / "memory.max", tmp_path / "none"))
    assert memory_gb() == 1.0
    (tmp_path / "memory.max").write_text("max\n")
    assert (memory_gb() or 2) > 1.0
