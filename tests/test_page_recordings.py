"""Which recordings a page plays, and what is said of those that it can't."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factory import make_call, with_files
from sounds import STEREO_CALL

from callmood.reports.ask import Question
from callmood.reports.page.recordings import loss_of
from callmood.reports.page.write import Written, write_page
from callmood.store import Connection, write_call


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    return Path(shutil.copy(STEREO_CALL, folder))


def deleted(file: Path) -> None:
    file.unlink()


def moved_with_its_folder(file: Path) -> None:
    file.unlink()
    file.parent.rename(file.parent.with_name("elsewhere"))
    file.parent.write_text("a file in the folder's place")


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def of_the_same_length(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    ("happens", "loss"),
    [
        (deleted, "gone"),
        (moved_with_its_folder, "gone"),
        (cut_off, "changed"),
        (emptied, "changed"),
        (of_the_same_length, "changed"),
        (a_folder, "changed"),
        (a_pipe, "changed"),
    ],
)
@pytest.mark.parametrize("audio", ["link", "embed"])
def test_a_recording_that_is_not_what_was_scanned_is_not_played(
    db: Connection, recording: Path, tmp_path: Path, happens: Callable[[Path], None], loss: Any, audio: Any
) -> None:
    write_call(db, 1, None, with_files(make_call(), recording))
    happens(recording)
    written = page(db, tmp_path / "r.html", audio)
    assert written.unheard == {loss: 1}


def test_a_recording_that_is_there_is_played(db: Connection, recording: Path, tmp_path: Path) -> None:
    write_call(db, 1, None, with_files(make_call(), recording))
    assert page(db, tmp_path / "r.html", "link").unheard == {}
    assert page(db, tmp_path / "r.html", "embed").unheard == {}
    assert recording.as_uri() not in (tmp_path / "r.html").read_text(encoding="utf-8")


def page(db: Connection, path: Path, audio: Any) -> Written:
    return write_page(db, Question(), path, model="embedded", audio=audio)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_recording_that_may_not_be_read_is_not_readable(recording: Path) -> None:
    call = with_files(make_call(), recording).recording
    recording.chmod(0)
    assert loss_of(call.id, [str(recording)], call.size_bytes, {}) == "unreadable"


def test_a_recording_whose_disk_fails_is_not_readable(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = with_files(make_call(), recording).recording

    def fails(*_: Any) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("callmood.reports.page.recordings.hash_stream", fails)
    assert loss_of(call.id, [str(recording)], call.size_bytes, {}) == "unreadable"


def test_a_call_in_two_files_needs_both(recording: Path) -> None:
    other = Path(shutil.copy(STEREO_CALL, recording.with_name("other.wav")))
    call = with_files(make_call(), recording, other).recording
    files = [str(recording), str(other)]
    assert loss_of(call.id, files, call.size_bytes, {}) is None
    other.unlink()
    assert loss_of(call.id, files, call.size_bytes, {}) == "gone"


def test_a_file_that_is_as_it_was_when_it_was_read_last_is_not_read_again(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = with_files(make_call(), recording).recording
    status = recording.stat()
    known = {str(recording): (status.st_size, status.st_mtime_ns, call.id)}
    monkeypatch.setattr("callmood.reports.page.recordings.hash_stream", None)
    assert loss_of(call.id, [str(recording)], call.size_bytes, known) is None


def test_calls_beyond_the_hours_of_sound_are_counted_and_lost_ones_take_none_of_them(
    db: Connection, recording: Path, tmp_path: Path
) -> None:
    gone = make_call(name="gone.wav", duration_s=20 * 3600)
    write_call(db, 1, None, gone)
    for number, hours in enumerate((4, 4)):
        file = tmp_path / f"{number}.wav"
        file.write_bytes(recording.read_bytes() + bytes([number]))
        write_call(db, 1, None, with_files(make_call(duration_s=3600 * hours), file))
    assert page(db, tmp_path / "r.html", "embed").unheard == {"gone": 1, "left out": 1}
    assert page(db, tmp_path / "r.html", "link").unheard == {"gone": 1}
