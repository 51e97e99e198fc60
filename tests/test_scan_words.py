"""What `callmood scan` says of numbers of recordings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from callmood.batch.run import Tally
from callmood.cli.app import app


def said(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int) -> str:
    """All output of a scan with ``number`` of everything."""
    monkeypatch.chdir(folder)
    tally = Tally(total=number, bytes_total=0, skipped=number, failed_earlier=0, copies=number)
    tally.done = tally.segments = tally.scored_otherwise = tally.transcribed_otherwise = number

    @contextmanager
    def open_plan(*_: object, **__: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(tally=tally, unreadable=[])

    monkeypatch.setattr("callmood.batch.run.open_plan", open_plan)
    monkeypatch.setattr("callmood.batch.run.carry_out", lambda plan: [])
    return CliRunner().invoke(app, ["scan", "calls"]).output


def test_one_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = said(monkeypatch, tmp_path, 1)
    for words in (
        "1 recording to scan;",
        "1 is stored already;",
        "1 of them was scored",
        "1 of them was transcribed",
        "1 is a copy of another.",
        "1 recording scanned (",
        "1 segment)",
    ):
        assert words in told


def test_two_are_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = said(monkeypatch, tmp_path, 2)
    for words in (
        "2 recordings to scan;",
        "2 are stored already;",
        "2 of them were scored",
        "2 of them were transcribed",
        "2 are copies of others.",
        "2 recordings scanned (",
        "2 segments)",
    ):
        assert words in told
