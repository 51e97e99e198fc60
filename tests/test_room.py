"""Long recordings: their sound is in a file, and no stage makes copies that grow with them."""

from __future__ import annotations

import errno
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sounds import CALLS

from callmood.errors import CallmoodError
from callmood.pipeline.audio import room
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.audio.room import new_samples
from callmood.pipeline.speakers.foreground import foreground
from callmood.pipeline.speakers.hold import find_holds
from callmood.sound import SAMPLE_RATE, Samples

FORMATS = sorted(path for path in (Path(__file__).parent / "data" / "formats").iterdir() if path.is_file())


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IN_MEMORY_BYTES", 0)


@pytest.mark.parametrize("path", [*sorted(CALLS.glob("*.wav")), *FORMATS], ids=lambda path: path.name)
def test_sound_is_the_same_on_disk_as_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = decode(path)
    monkeypatch.setattr(room, "IN_MEMORY_BYTES", 0)
    on_disk = decode(path)
    np.testing.assert_array_equal(on_disk.samples, in_memory.samples)
    assert on_disk.warnings == in_memory.warnings


def test_a_file_of_sound_can_be_found_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_disk: None
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    samples = new_samples(2, 1000)
    samples[:] = 0.5
    assert list(tmp_path.iterdir()) == []
    assert samples.shape == (2, 1000) and float(samples.min()) == 0.5


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, on_disk: None) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room, "_reserve", full)
    with pytest.raises(
        CallmoodError, match=r"^The sound of a long recording takes 0.0 GB in .*: no space left\. Free"
    ):
        new_samples(1, 1000)


def test_a_file_has_its_whole_length_also_where_the_system_can_not_reserve_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with (tmp_path / "room").open("wb") as file:
        room._reserve(file.fileno(), 3_000_001)
    assert (tmp_path / "room").stat().st_size == 3_000_001


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def noise(minutes: int) -> Samples:
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.01, (2, minutes * 60 * SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize("stage", [foreground, lambda samples: find_holds(samples, ())])
def test_memory_does_not_grow_with_the_length_of_a_recording(
    stage: Callable[[Samples], object], on_disk: None
) -> None:
    short, long = noise(10), noise(20)
    stage(noise(1))  # what it imports stays
    assert peak_bytes(lambda: stage(long)) < 1.1 * peak_bytes(lambda: stage(short))
