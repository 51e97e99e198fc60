"""Files that a user asked for: whole or not at all, for their owner only."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from callmood.writing import write_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes, pipes and links of POSIX")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    write_whole(tmp_path / "report.csv", b"a")
    assert mode_of(tmp_path / "report.csv") == 0o600


def test_an_earlier_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_bytes(b"old")
    (tmp_path / "report.csv").chmod(0o664)
    write_whole(tmp_path / "report.csv", b"new")
    assert (tmp_path / "report.csv").read_bytes() == b"new" and mode_of(tmp_path / "report.csv") == 0o664


def test_an_earlier_file_outlives_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "report.csv").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "report.csv", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("report.csv", b"old")]


def test_a_link_keeps_pointing_to_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "today.csv").write_bytes(b"old")
    (tmp_path / "latest.csv").symlink_to("today.csv")
    write_whole(tmp_path / "latest.csv", b"new")
    assert (tmp_path / "latest.csv").is_symlink() and (tmp_path / "today.csv").read_bytes() == b"new"


def test_a_named_pipe_stays_one(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"new")
    reader.join()
    assert read == [b"new"] and pipe.is_fifo()


WRITE = "import sys, pathlib; from callmood.writing import write_whole; write_whole(pathlib.Path(sys.argv[1]), b'new')"


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_can_be_named(tmp_path: Path, name: str) -> None:
    piped = subprocess.run([sys.executable, "-c", WRITE, name], stdout=subprocess.PIPE, check=True)
    with (tmp_path / "out").open("wb") as file:
        subprocess.run([sys.executable, "-c", WRITE, name], stdout=file, check=True)
        kept = os.fstat(file.fileno()).st_ino == (tmp_path / "out").stat().st_ino
    assert piped.stdout == b"new" and (tmp_path / "out").read_bytes() == b"new" and kept


def test_a_device_stays_one() -> None:
    write_whole(Path(os.devnull), b"new")
    assert Path(os.devnull).is_char_device()
