"""What a scan repeats for stored recordings, and what it skips: plans over a folder that was scanned before."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from time import time_ns
from typing import Any

import pytest
from factory import make_call

from callmood import store
from callmood.batch.plan import (
    Again,
    Plan,
    Watched,
    bring_up_to_date,
    checked_model_id,
    find_recordings,
    make_plan,
)
from callmood.bundled_weights import WHISPER_BASE
from callmood.call import Recording, Rescored
from callmood.errors import UsageError
from callmood.pipeline.intake import discover
from callmood.pipeline.pipeline import RescoreJob
from callmood.pipeline.transcribe import recogniser
from callmood.pipeline.transcribe.recogniser import model_name
from callmood.settings import EngineSettings, Settings, TranscribeSettings
from callmood.store import connection, read

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

    def plan(self, *paths: Path, asr: str = "tiny.en", language: str | None = None, **flags: bool) -> Plan:
        """The plan of a scan; its connection is closed."""
        self.read.clear()
        settings = Settings(
            db=self.db,
            engine=EngineSettings(device="cpu"),
            transcribe=TranscribeSettings(asr=asr, language=language),
        )
        again = Again(**flags)
        model_id = checked_model_id(settings, again)
        discovery = find_recordings(paths or [self.path], settings, Watched())
        with store.open_db(self.db) as con:
            bring_up_to_date(con, paths or [self.path], discovery, Watched())
            return make_plan(con, discovery, settings, model_id, again, Watched())

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

    class Growing:
        """A file whose last block is followed by more, as long ago as the rest."""

        def __init__(self, file: Any) -> None:
            self.file = file
            self.fileno = file.fileno

        def read(self, size: int) -> bytes:
            block: bytes = self.file.read(size)
            if not block:
                folder.write("two.wav", b"two, and more")
            return block

    @contextmanager
    def growing(path: Path) -> Iterator[Any]:
        with opened(path) as file:
            yield Growing(file)

    monkeypatch.setattr(discover, "opened", growing)
    for _ in range(2):
        folder.plan(folder.path / "two.wav")
        assert folder.read == ["two.wav"]
        folder.write("two.wav", b"two.wav")


def test_a_file_is_the_same_however_its_folder_is_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.path / "in").mkdir()
    monkeypatch.chdir(folder.path / "in")
    folder.write("empty.wav", b"")
    folder.plan(Path(".."))
    folder.plan()
    assert folder.read == ["empty.wav"]
    assert len(folder.rows(UNREADABLE)) == 1


def test_a_link_is_followed_before_what_lies_above_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.path / "deep" / "inner").mkdir(parents=True)
    folder.write("deep/three.wav", b"three")
    (folder.path.parent / "link").symlink_to(folder.path / "deep" / "inner")
    (job,) = folder.plan(folder.path.parent / "link" / "..").jobs
    assert job.recording.path.name == "three.wav"


def test_a_file_whose_name_is_not_unicode_is_read_again(folder: Folder) -> None:
    try:
        folder.write("call \udcff.wav", b"three")
    except OSError:
        pytest.skip("file names must be Unicode here")
    for _ in range(2):
        assert len(folder.plan().jobs) == 3
        assert "call \udcff.wav" in folder.read


def scanned(folder: Folder, asr: str) -> None:
    """The folder's recordings as a scan with that recogniser stores them."""
    jobs = folder.plan(asr=asr, retranscribe=True).jobs
    with store.open_db(folder.db) as con:
        scan_id = store.start_scan(con, {}, {}, {"asr": asr})
        calls = [replace(make_call(), recording=job.recording) for job in jobs]
        store.write_calls(con, scan_id, "m1", calls)


def test_calls_of_another_recogniser_are_counted_and_stay(folder: Folder) -> None:
    scanned(folder, "tiny.en")
    assert folder.plan().summary.stale_transcripts == 0
    plan = folder.plan(asr=model(folder))
    assert (len(plan.jobs), plan.summary.skipped, plan.summary.stale_transcripts) == (0, 2, 2)
    assert plan.summary.as_dict()["stale_transcripts"] == 2


def test_calls_of_another_recogniser_are_transcribed_again_on_demand(folder: Folder) -> None:
    scanned(folder, "tiny.en")
    folder.write("three.wav", b"three")
    assert len(folder.plan(retranscribe=True).jobs) == 1
    plan = folder.plan(asr=model(folder), retranscribe=True)
    assert (len(plan.jobs), plan.summary.stale_transcripts) == (3, 0)
    assert not any(isinstance(job, RescoreJob) for job in plan.jobs)
    scanned(folder, model(folder))
    assert folder.plan(asr=model(folder)).summary.stale_transcripts == 0
    assert folder.plan().summary.stale_transcripts == 3


def test_scoring_again_does_not_hide_who_transcribed(folder: Folder) -> None:
    scanned(folder, "tiny.en")
    ((recording_id, count),) = folder.rows(
        "SELECT recording_id, count(*) FROM segment GROUP BY ALL ORDER BY ALL LIMIT 1"
    )
    with store.open_db(folder.db) as con:
        scan_id = store.start_scan(con, {}, {}, {"asr": model(folder)})
        rescored = Rescored(Recording(recording_id, folder.path, 0), 1.0, (None,) * count, {})
        store.rescore_call(con, scan_id, "m2", rescored)
    assert folder.plan(asr=model(folder)).summary.stale_transcripts == 2


@pytest.mark.parametrize("flag", ["retranscribe", "rescore"])
def test_repeated_recordings_keep_facts_that_are_missing_now(folder: Folder, flag: str) -> None:
    (folder.path / "anna").mkdir()
    folder.write("anna/three.wav", b"three")
    scanned(folder, "tiny.en")
    (job,) = folder.plan(folder.path / "anna", asr=model(folder), **{flag: True}).jobs
    assert (job.recording.facts.agent, job.recording.path) == ("anna", folder.path / "anna" / "three.wav")


def test_a_folder_of_a_recogniser_is_the_same_however_it_is_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(model(folder))
    monkeypatch.chdir(path.parent)
    for written in (f"./{path.name}/", str(path)):
        assert model_name(TranscribeSettings(asr=written)) == str(path.resolve())
    assert model_name(TranscribeSettings()) == "tiny.en"


def test_calls_are_transcribed_again_once_the_recogniser_of_their_language_is_there(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(folder, "tiny.en")
    installed = replace(WHISPER_BASE, parts=(("callmood", "py.typed"),), sha256=sha256(b"").hexdigest())
    monkeypatch.setattr(recogniser, "WHISPER_BASE", installed)
    assert len(folder.plan(language="auto", retranscribe=True).jobs) == 2


def test_rescore_and_retranscribe_exclude_each_other(folder: Folder) -> None:
    with pytest.raises(UsageError, match="--rescore or --retranscribe"):
        folder.plan(rescore=True, retranscribe=True)


def test_what_an_older_callmood_stored_was_transcribed_by_the_scan_that_wrote_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda all=connection.migrations: all()[:4])
        with store.open_db(folder.db) as con:
            scan_id = store.start_scan(con, {}, {}, {"asr": "tiny.en"})
            con.execute(
                """
                INSERT INTO recording (id, path, size_bytes, metadata, state, scan_id, stored_at)
                VALUES ('a', '/calls/a.wav', 1, MAP {}, 'done', $scan_id, TIMESTAMP '2026-11-22 09:00:00')
                """,
                {"scan_id": scan_id},
            )
    with store.open_db(folder.db) as con:
        assert store.known(con)["a"].asr == "tiny.en"


def model(folder: Folder) -> str:
    """A folder with the files of another recogniser."""
    path = folder.db.parent / "model"
    path.mkdir(exist_ok=True)
    for name in ("model.bin", "tokenizer.json", "config.json"):
        (path / name).touch()
    return str(path)


UNREADABLE = "SELECT path, reason, error FROM unreadable ORDER BY path"


def test_files_that_cannot_be_read_are_stored_until_they_can(folder: Folder) -> None:
    folder.write("empty.wav", b"")
    for _ in range(2):
        folder.plan()
        assert folder.rows(UNREADABLE) == [
            (str(folder.path / "empty.wav"), "empty file", "empty.wav is empty.")
        ]
    folder.write("empty.wav", b"not any more")
    folder.plan()
    assert folder.rows(UNREADABLE) == []


def test_failures_are_removed_with_their_files_and_kept_where_nobody_searched(folder: Folder) -> None:
    for name in ("a", "a b"):
        (folder.path / name).mkdir()
        folder.write(f"{name}/empty.wav", b"")
    folder.plan()
    for name in ("a", "a b"):
        (folder.path / name / "empty.wav").unlink()
        folder.write(f"{name}/call.wav", b"call")
    folder.plan(folder.path / "a")
    assert folder.rows(UNREADABLE) == [
        (str(folder.path / "a b" / "empty.wav"), "empty file", "empty.wav is empty.")
    ]


def test_files_are_compared_with_the_store_in_parts(
    tmp_path: Path, db: store.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "_PART", 2)
    calls = [make_call(name=f"call {number}", path=tmp_path / f"{number}.wav") for number in range(5)]
    store.write_calls(db, store.start_scan(db, {}, {}, {}), "model", calls, [])
    seen = {call.recording.path: call.recording.id for call in calls[:4]}
    seen[tmp_path / "1.wav"] = "other content"
    seen[tmp_path / "5.wav"] = "new"
    found = store.outdated(db, [(str(path), content) for path, content in seen.items()])
    assert {one: [old.path.name for old in of_one] for one, of_one in found.items()} == {
        "other content": ["1.wav"]
    }
    assert store.unseen_paths(db, [tmp_path], map(str, seen)) == [tmp_path / "4.wav"]
