"""One call in several files is one call where that is sure, and is said where not."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from changes import Scans
from sounds import Sound, correlation, write_audio

from callmood.call import Recording
from callmood.pipeline.audio.legs import decode_sides
from callmood.pipeline.intake.discover import Discovery, discover
from callmood.settings import DiscoverSettings
from callmood.sound import SAMPLE_RATE

Make = Callable[..., Path]


def noise(seed: int, seconds: float = 3.0, channels: int = 1) -> Sound:
    """Bursts of noise, which differ from seed to seed."""
    chance = np.random.default_rng(seed)
    length = round(seconds * SAMPLE_RATE)
    bursts = np.repeat(chance.integers(0, 2, 1 + length // 1600), 1600)[:length]
    return (0.1 * bursts * chance.standard_normal((channels, length))).astype(np.float32)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a recording below the scanned folder."""

    def write(name: str, sound: Sound) -> Path:
        path = tmp_path / "calls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_audio(path, sound, "libmp3lame" if path.suffix == ".mp3" else "pcm_s16le")

    return write


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., Discovery]:
    return lambda **settings: discover([tmp_path / "calls"], DiscoverSettings.model_validate(settings))


@pytest.fixture
def scans(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Scans:
    return Scans(tmp_path_factory.mktemp("scans"), monkeypatch)


def only(found: Discovery) -> Recording:
    (recording,) = found.recordings
    return recording


@pytest.mark.parametrize(
    ("first", "second"),
    [("x-in.wav", "x-out.wav"), ("x_rx.wav", "x_tx.wav"), ("x-LEFT.wav", "x-right.wav"),
     ("x.agent.wav", "x.customer.wav")],
)  # fmt: skip
def test_two_sides_of_a_call_are_one_recording(
    make: Make, find: Callable[..., Discovery], first: str, second: str
) -> None:
    one, other = make(first, noise(1)), make(second, noise(2))
    found = find()
    assert only(found).files == (one, other)
    assert only(found).size_bytes == one.stat().st_size + other.stat().st_size
    assert (found.copies, found.warnings) == (0, ())
    assert only(find()).id == only(found).id


def test_sides_are_the_channels_of_the_call(make: Make) -> None:
    one, other = make("x-in.wav", noise(1, 3.0)), make("x-out.wav", noise(2, 2.5))
    audio = decode_sides(one, other)
    assert (audio.channels, audio.samples.shape, audio.duration_s) == (2, (2, 3 * SAMPLE_RATE), 3.0)
    assert correlation(audio.samples[0], noise(1)[0]) > 0.9
    assert correlation(audio.samples[1], noise(2, 2.5)[0]) > 0.9
    assert audio.warnings == (
        "two files are the sides of this call: x-in.wav on the left, x-out.wav on the right",
    )


def test_a_side_that_ends_early_or_is_missing_is_said(make: Make) -> None:
    one, other = make("x-in.wav", noise(1, 3.0)), make("x-out.wav", noise(2, 1.0))
    assert "x-out.wav ends 2.0 s before the other side" in decode_sides(one, other).warnings
    other.write_bytes(b"")
    audio = decode_sides(one, other)
    assert audio.channels == 1
    assert audio.warnings == ("one side of the call is missing: x-out.wav is empty",)


def test_sides_that_are_not_surely_one_call_stay_apart_and_are_said(
    make: Make, find: Callable[..., Discovery]
) -> None:
    make("x-in.wav", noise(1, 3.0))
    make("x-out.wav", noise(2, 5.0))
    found = find()
    assert len(found.recordings) == 2
    assert found.warnings == (
        "1 pair of files may be one call each, such as x-in.wav and x-out.wav, but differ in length, are not mono, "
        "or are not two sides: they were scanned as calls of their own.",
    )
    make("x-out.wav", noise(2, 3.0, channels=2))
    found = find()
    assert (len(found.recordings), len(found.warnings)) == (2, 1)


def test_a_side_is_part_of_each_call_that_it_is_in(make: Make, find: Callable[..., Discovery]) -> None:
    for at, name in enumerate(("x-out.wav", "y-out.wav")):
        make(name, noise(at))
    for name in ("x-in.wav", "y-in.wav", "copy/z.wav"):
        make(name, np.zeros((1, 3 * SAMPLE_RATE), np.float32))
    found = find()
    assert [[path.name for path in one.files] for one in found.recordings] == [
        ["x-in.wav", "x-out.wav"], ["y-in.wav", "y-out.wav"],
    ]  # fmt: skip
    assert found.copies == 1
    assert {content for _, content in found.contents} == {one.id for one in found.recordings}


def test_the_same_sound_on_both_sides_is_one_file(make: Make, find: Callable[..., Discovery]) -> None:
    make("x-in.wav", noise(1))
    make("x-out.wav", noise(1))
    found = find()
    assert (only(found).other_path, found.copies) == (None, 1)


def test_three_sides_are_not_joined_and_are_said(make: Make, find: Callable[..., Discovery]) -> None:
    for at, name in enumerate(("x_in.wav", "x_rx.wav", "x_tx.wav")):
        make(name, noise(at))
    found = find()
    assert len(found.recordings) == 3 and "x_in.wav and x_rx.wav and x_tx.wav" in found.warnings[0]


def test_lossless_sides_are_taken_before_compressed_ones(make: Make, find: Callable[..., Discovery]) -> None:
    for at, name in enumerate(("x-in.mp3", "x-in.wav", "x-out.mp3", "x-out.wav")):
        make(name, noise(at // 2))
    found = find()
    assert [path.name for path in only(found).files] == ["x-in.wav", "x-out.wav"]
    assert found.copies == 2


def test_a_copy_of_a_call_in_another_format_is_no_call(make: Make, find: Callable[..., Discovery]) -> None:
    make("x/a.wav", noise(1))
    content = make("x/a.mp3", noise(1)).read_bytes()
    make("y/b.mp3", noise(1)).write_bytes(content)
    found = find()
    assert only(found).path.name == "a.wav" and found.copies == 2


def test_other_names_and_folders_are_no_sides(make: Make, find: Callable[..., Discovery]) -> None:
    for at, name in enumerate(("x-in.wav", "y-out.wav", "in/z.wav", "out/z.wav", "begin.wav", "bout.wav")):
        make(name, noise(at))
    assert (len(find().recordings), find().warnings) == (6, ())


def test_mix_beside_the_sides_is_a_copy(make: Make, find: Callable[..., Discovery]) -> None:
    for at, name in enumerate(("x-in.wav", "x-out.wav", "x.wav", "x-all.mp3")):
        make(name, noise(at))
    found = find()
    assert [path.name for path in only(found).files] == ["x-in.wav", "x-out.wav"]
    assert found.copies == 2


def test_same_call_in_two_formats_is_scanned_once(make: Make, find: Callable[..., Discovery]) -> None:
    make("x.mp3", noise(1))
    make("x.wav", noise(1))
    make("y/x.mp3", noise(2))
    found = find()
    assert [recording.path.name for recording in found.recordings] == ["x.wav", "x.mp3"]
    assert (found.copies, found.warnings) == (1, ())


def test_same_name_with_another_length_is_another_call(make: Make, find: Callable[..., Discovery]) -> None:
    make("x.mp3", noise(1, 3.0))
    make("x.wav", noise(1, 6.0))
    found = find()
    assert len(found.recordings) == 2 and "x.wav and x.mp3" in found.warnings[0]


def test_recordings_that_share_a_call_id_are_said(make: Make, find: Callable[..., Discovery]) -> None:
    make("part1_GUID_7.wav", noise(1))
    make("part2_GUID_7.wav", noise(2))
    found = find()
    assert len(found.recordings) == 2
    assert found.warnings == (
        "2 recordings share their call id with another, such as 7: "
        "parts of one call are counted as calls of their own.",
    )


@pytest.mark.parametrize("age_s", [0, 3600], ids=["just written", "written an hour ago"])
def test_side_that_arrives_later_makes_one_call_of_both(scans: Scans, age_s: int) -> None:
    first = scans.calls / "x-in.wav"
    write_audio(first, noise(1))
    os.utime(first, (first.stat().st_atime, first.stat().st_mtime - age_s))
    assert scans.scan().done == 1
    write_audio(scans.calls / "x-out.wav", noise(2))
    assert scans.scan().done == 1
    files = "SELECT file_name(path), file_name(other_path) FROM recording"
    assert scans.rows(files) == [("x-in.wav", "x-out.wav")]
    summary = scans.scan()
    assert (summary.total, summary.skipped, summary.gone, summary.replaced) == (0, 1, [], [])


def test_other_format_that_arrives_later_makes_no_second_call(scans: Scans) -> None:
    write_audio(scans.calls / "x.mp3", noise(1), "libmp3lame")
    scans.scan()
    write_audio(scans.calls / "x.wav", noise(1))
    scans.scan()
    assert scans.rows("SELECT file_name(path) FROM recording") == [("x.wav",)]


@pytest.mark.parametrize("cell", ["x-in.wav", "x-out.wav", "x", "x.wav"])
def test_table_names_a_side_or_the_call(
    make: Make, find: Callable[..., Discovery], tmp_path: Path, cell: str
) -> None:
    make("anna/x-in.wav", noise(1))
    make("anna/x-out.wav", noise(2))
    (tmp_path / "t.csv").write_text(f"file,agent,customer\n{cell},Anna B.,17\n")
    recording = only(find(metadata=tmp_path / "t.csv"))
    assert (recording.facts.agent, recording.facts.customer) == ("Anna B.", "17")
