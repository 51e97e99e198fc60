"""A recording that kills the whole scan, as in a container without memory, is done alone by the next and set aside."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from changes import Scans

from callmood.batch import run as batch
from callmood.batch.begun import Begun
from callmood.call import Failure, Outcome, Recording
from callmood.engine.local import Event
from callmood.pipeline.pipeline import Job


def job(name: str) -> Job:
    return Job(Recording(name, Path(name), 1))


def killed(db: Path, jobs: Sequence[Job], *in_hand: Job) -> None:
    """A scan of ``jobs`` that was killed with these in hand."""
    begun = Begun(db, jobs)
    context = begun.noted()
    context.__enter__()
    begun.learn(Event(0, None, tuple(in_hand)))
    noted = (db.parent / f".{db.name}.begun").read_bytes()
    context.__exit__(None, None, None)
    (db.parent / f".{db.name}.begun").write_bytes(noted)


def test_what_was_in_hand_is_known_after_a_kill_and_not_after_an_end(db_path: Path) -> None:
    a, b = job("a"), job("b")
    with Begun(db_path, [a, b]).noted([a]):
        pass
    assert not Begun(db_path, [a, b]).kills(a) and not list(db_path.parent.iterdir())
    killed(db_path, [a, b], a)
    assert [Begun(db_path, [a, b]).kills(one) for one in (a, b)] == [1, 0]
    killed(db_path, [a, b], a, b)
    assert [Begun(db_path, [a, b]).kills(one) for one in (a, b)] == [2, 1]


def test_kills_are_kept_while_others_are_done_and_end_with_an_outcome(db_path: Path) -> None:
    a, b = job("a"), job("b")
    killed(db_path, [a, b], a)
    with Begun(db_path, [a, b]).noted([b]):
        pass
    begun = Begun(db_path, [a, b])
    assert begun.kills(a) == 1
    with begun.noted([a]):
        begun.learn(Event(0, a, ()))
    assert not list(db_path.parent.iterdir())


@pytest.mark.parametrize("content", [b"", b"[]", b'{"kills": 1, "in_hand": 2}', b'{"in_hand": []}'])
def test_a_file_that_is_not_whole_says_nothing(db_path: Path, content: bytes) -> None:
    (db_path.parent / f".{db_path.name}.begun").write_bytes(content)
    assert not Begun(db_path, [job("a")]).kills(job("a"))


KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import pytest
from changes import Scans
from callmood.batch import run as batch
from callmood.engine.local import Event

class Deadly(Scans):
    def _run_jobs(self, settings, jobs, load, watch, *_):
        for number, job in enumerate(jobs):
            watch(Event(0, jobs[number - 1] if number else None, tuple(jobs[number:number + 2])))
            if job.recording.path.name == "deadly.wav":
                os._exit(9)
            yield from super()._run_jobs(settings, [job])
        watch(Event(0, jobs[-1] if jobs else None, ()))

for searching in ("fill_in", "categorize"):
    setattr(batch, searching, lambda *_: None)
with pytest.MonkeyPatch.context() as patch:
    Path.mkdir, make = (lambda self, *a, **k: make(self, exist_ok=True, parents=True)), Path.mkdir
    scans = Deadly(Path({folder!r}), patch)
    summary = scans.scan()
    print(summary.done, summary.failures)
"""


def test_a_recording_that_kills_a_scan_twice_is_set_aside_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = Scans(tmp_path, monkeypatch)
    for name in ("a", "b", "c", "deadly", "e"):
        scans.write(f"{name}.wav", name)

    def scan() -> tuple[int, str]:
        program = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ)
        return done.returncode, done.stdout + done.stderr

    assert scan()[0] == 9
    assert scan()[0] == 9
    code, said = scan()
    assert code == 0 and said.startswith("1 {'worker died': ["), said
    assert [name for name, _ in scans.stored()] == ["a.wav", "b.wav", "c.wav", "e.wav"]
    assert not (tmp_path / ".callmood.duckdb.begun").exists()


def test_what_was_in_hand_comes_last_and_with_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = Scans(tmp_path, monkeypatch)
    for name in ("a", "b", "c"):
        scans.write(f"{name}.wav", name)
    chunks: list[list[str]] = []
    run = scans._run_jobs

    def recording(settings: object, jobs: Sequence[Job], *rest: object) -> Iterator[Outcome]:
        chunks.append([one.recording.path.name for one in jobs])
        return run(settings, jobs, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(scans, "_run_jobs", recording)
    monkeypatch.setattr(batch, "fill_in", lambda *_: None)
    monkeypatch.setattr(batch, "categorize", lambda *_: None)
    monkeypatch.setattr(Begun, "kills", lambda _, one: int(one.recording.path.name in ("a.wav", "b.wav")))
    scans.scan()
    assert chunks == [["c.wav"], ["a.wav"], ["b.wav"]]
    assert not any(isinstance(one, Failure) for one in scans.outcomes)
