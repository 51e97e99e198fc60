"""Scans of a folder whose files change, with calls of our own making in place of what models would hear."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factory import make_call

from callmood import store
from callmood.batch import run as batch
from callmood.batch.plan import Again
from callmood.batch.run import Progress
from callmood.batch.summary import Summary
from callmood.call import CHANGED, Failure, Outcome
from callmood.hashing import joined_id, sha256_of
from callmood.pipeline.pipeline import Job
from callmood.settings import DiscoverSettings, EngineSettings, Settings


class Scans:
    """A folder and its database."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = folder / "calls"
        self.calls.mkdir()
        self.db = folder / "callmood.duckdb"
        self.outcomes: list[Outcome] = []
        self.before_each: Callable[[], None] = lambda: None
        """What happens to the files once they are found."""
        self.are_together = False
        """Whether all outcomes come at once."""
        monkeypatch.setattr(batch.local, "run_jobs", self._run_batches)

    def write(self, name: str, content: str) -> Path:
        path = self.calls / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode())
        return path

    def scan(self, *paths: Path, discover: dict[str, Any] | None = None, **again: bool) -> Summary:
        settings = Settings(
            db=self.db,
            discover=DiscoverSettings(**({"quiet_for": 0} | (discover or {}))),
            engine=EngineSettings(device="cpu"),
        )
        steps = list(batch.run(paths or [self.calls], settings, Again(**again)))
        assert all(isinstance(step, Progress) for step in steps)
        self.outcomes = [step.outcome for step in steps if step.outcome is not None]
        return steps[-1].summary

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with store.open_db(self.db, read_only=True) as con:
            return store.rows(con, sql)

    def stored(self) -> list[tuple[str, str]]:
        """Name and text of each call."""
        return self.rows(
            "SELECT file_name(path), text FROM recording JOIN segment ON id = recording_id ORDER BY ALL"
        )

    def _run_batches(self, *given: Any) -> Iterator[list[Outcome]]:
        outcomes = self._run_jobs(*given)
        yield from [list(outcomes)] if self.are_together else ([one] for one in outcomes)

    def _run_jobs(self, settings: Settings, jobs: Sequence[Job], *_: object) -> Iterator[Outcome]:
        """A call says what its file holds; a file that holds "damaged" fails."""
        self.before_each()
        for job in jobs:
            recording = job.recording
            files = recording.files
            if (
                not all(path.exists() for path in files)
                or joined_id(list(map(sha256_of, files))) != recording.id
            ):
                yield Failure(recording.path, CHANGED, f"{recording.path.name} changed", recording)
                continue
            content = recording.path.read_bytes().decode(errors="replace")
            if content == "damaged":
                yield Failure(recording.path, "damaged", f"{recording.path.name} is damaged", recording)
            else:
                call = make_call([(0, 0.0, 2.0, content)])
                yield replace(call, recording=recording)
