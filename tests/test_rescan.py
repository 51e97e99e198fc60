"""What a scan does again of what is stored, and what not: `open_plan` over a folder that was scanned before."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from callmood import store
from callmood.call import Recording
from callmood.engine.run import Plan, open_plan
from callmood.scan import discover
from callmood.settings import EngineSettings, Settings, TranscribeSettings

LONG_AGO_NS = 1_700_000_000 * 10**9


class Folder:
    """A folder of two recordings, and its database."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path / "calls"
        self.path.mkdir()
        self.db = path / "callmood.duckdb"
        self.read: list[str] = []
        """Names of the files that were opened, in order."""
        really_opened = discover.opened

        @contextmanager
        def opened(path: Path) -> Iterator[Any]:
            self.read.append(path.name)
            with really_opened(path) as file:
                yield file

        monkeypatch.setattr(discover, "opened", opened)
        for name in ("one.wav", "two.wav"):
            self.write(name, name.encode())

    def write(self, name: str, content: bytes, mtime_ns: int | None = LONG_AGO_NS) -> None:
        (self.path / name).write_bytes(content)
        if mtime_ns is not None:
            os.utime(self.path / name, ns=(mtime_ns, mtime_ns))

    def plan(self, *paths: Path, asr: str = "tiny.en", **flags: bool) -> Plan:
        """The plan of a scan; its connection is closed."""
        self.read.clear()
        settings = Settings(
            db=self.db, engine=EngineSettings(device="cpu"), transcribe=TranscribeSettings(asr=asr)
        )
        with open_plan(paths or [self.path], settings, **flags) as plan:
            return plan

    def recordings(self) -> list[Recording]:
        return [job.recording for job in self.plan().jobs]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with store.open_db(self.db, read_only=True) as con:
            return store.rows(con, sql)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    return Folder(tmp_path, monkeypatch)


def test_files_that_have_not_changed_are_not_read_again(folder: Folder) -> None:
    first = folder.recordings()
    assert folder.read == ["one.wav", "two.wav"]
    assert folder.recordings() == first
    assert folder.read == []


@pytest.mark.parametrize("change", [{"content": b"longer than before"}, {"mtime_ns": LONG_AGO_NS + 1}])
def test_another_size_or_time_has_a_file_read_again(folder: Folder, change: dict[str, Any]) -> None:
    folder.plan()
    folder.write("two.wav", **{"content": b"two.WAV", "mtime_ns": LONG_AGO_NS} | change)
    (job,) = (job for job in folder.plan().jobs if job.recording.path.name == "two.wav")
    assert folder.read == ["two.wav"]
    assert job.recording.id == folder.rows("SELECT content FROM file_hash WHERE path LIKE '%two.wav'")[0][0]
    folder.plan()
    assert folder.read == []


@pytest.mark.parametrize("ahead_s", [-1, 60])
def test_a_file_written_just_now_or_tomorrow_is_read_again(folder: Folder, ahead_s: int) -> None:
    folder.write("two.wav", b"two", time_ns() + ahead_s * 10**9)
    for _ in range(2):
        folder.plan()
        assert "two.wav" in folder.read


def test_a_file_that_grows_while_it_is_read_is_read_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = discover.opened

    @contextmanager
    def growing(path: Path) -> Iterator[Any]:
        with opened(path) as file:
            yield file
            folder.write("two.wav", b"two, and more")

    monkeypatch.setattr(discover, "opened", growing)
    folder.plan(folder.path / "two.wav")
    folder.plan(folder.path / "two.wav")
    assert folder.read == ["two.wav"]


def test_a_name_that_is_no_text_is_read_again(folder: Folder) -> None:
    try:
        folder.write("call \udcff.wav", b"three")
    except OSError:
        pytest.skip("names are text here")
    for _ in range(2):
        assert len(folder.plan().jobs) == 3
        assert "call \udcff.wav" in folder.read
