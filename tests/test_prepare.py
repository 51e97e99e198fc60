"""Preparation: each step, what is left out and reported, and the cache."""

import errno
from pathlib import Path

import numpy as np
import pytest
from sounds import write_audio

from callmood.errors import CallmoodError
from callmood.sound import SAMPLE_RATE
from callmood.training import cache as caches
from callmood.training import processes
from callmood.training.corpora.clip import Clip
from callmood.training.data import decoding
from callmood.training.data import prepare as preparing
from callmood.training.data.audible import audible
from callmood.training.data.decoding import decode_clip
from callmood.training.data.prepare import (
    PrepareTable,
    denoised,
    preparation,
    prepare,
    trimmed,
)

PLAIN = PrepareTable(denoise=False, trim=False, shortest_s=0, distinct=False)


def tone(seconds: float = 1.2, pitch_hz: float = 300.0) -> np.ndarray:
    at = np.arange(round(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * pitch_hz * at)).astype(np.float32)


def clip(path: Path, *channels: np.ndarray, **facts: object) -> Clip:
    write_audio(path, np.stack(channels))
    return Clip("own", path, "own-ann", "angry", **facts)  # type: ignore[arg-type]


def silent(_: str) -> None:
    """Reports are of no interest here."""


def test_sound_is_decoded_as_a_scan_decodes_it(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.wav", tone())
    ((kept, sound),) = prepare([one], PLAIN, tmp_path / "cache", silent)
    pcm = np.load(sound)
    assert kept == one and pcm.dtype == np.int16
    np.testing.assert_allclose(pcm / 32_767, decode_clip(one), atol=1e-4)


def test_a_clip_may_be_a_stretch_of_one_channel(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    whole = clip(path, tone(2.0), np.zeros(2 * SAMPLE_RATE, np.float32))
    left = Clip("own", path, "x", "sad", channel=0, start_s=0.5, end_s=1.25)
    (_, mixed), (_, cut) = prepare([whole, left], PLAIN, tmp_path / "cache", silent)
    assert len(np.load(cut)) == 0.75 * SAMPLE_RATE
    np.testing.assert_allclose(np.load(cut)[:1000], 2.0 * np.load(mixed)[SAMPLE_RATE // 2 :][:1000], atol=3)


def test_silence_is_cut_off_both_ends_only() -> None:
    gap = np.zeros(SAMPLE_RATE // 2, np.float32)
    sound = np.concatenate([gap, tone(0.4), gap, tone(0.4), gap])
    quiet = 1e-4 * np.random.default_rng(1).normal(size=len(sound))
    pcm = ((sound + quiet) * 32_767).astype(np.int16)
    assert len(trimmed(pcm, 40.0)) == pytest.approx(1.3 * SAMPLE_RATE, abs=0.02 * SAMPLE_RATE)
    assert len(trimmed(np.zeros(SAMPLE_RATE, np.int16), 40.0)) in (0, SAMPLE_RATE)


def test_steady_noise_is_taken_out() -> None:
    noise = 0.02 * np.random.default_rng(1).normal(size=3 * SAMPLE_RATE).astype(np.float32)
    word = np.concatenate(
        [np.zeros(SAMPLE_RATE, np.float32), tone(0.2), np.zeros(round(1.8 * SAMPLE_RATE), np.float32)]
    )
    clean = denoised(word + noise)
    assert clean.shape == word.shape and clean.dtype == np.float32
    assert np.std(clean[: SAMPLE_RATE // 2]) < 0.3 * np.std(noise)
    spoken = slice(SAMPLE_RATE, round(1.2 * SAMPLE_RATE))
    assert np.corrcoef(clean[spoken], word[spoken])[0, 1] > 0.9


def test_what_is_left_out_is_reported_with_its_reason(tmp_path: Path) -> None:
    some = [
        clip(tmp_path / "a.wav", tone()),
        clip(tmp_path / "again.wav", tone()),
        clip(tmp_path / "short.wav", tone(0.9)),
        clip(tmp_path / "shorter.wav", tone(0.3)),
        clip(tmp_path / "silent.wav", np.zeros(2 * SAMPLE_RATE, np.float32)),
    ]
    (tmp_path / "bad.wav").write_bytes(b"RIFFrubbish")
    some.append(Clip("own", tmp_path / "bad.wav", "x", "angry"))
    remarks: list[str] = []
    found = preparation(some, PrepareTable(), tmp_path / "cache", remarks.append)
    assert [kept.path.name for kept, _ in found.kept] == ["a.wav"]
    assert {left.path.stem: why for left, why in found.left_out} == {
        "again": "with the same sound as another",
        "short": "shorter than 1 s",
        "shorter": "shorter than 1 s",
        "silent": "without sound",
        "bad": "that can't be read",
    }
    assert "left out: 2 clips of own shorter than 1 s" in remarks
    assert any("bad.wav" in line for line in remarks)


def test_clips_that_can_t_be_decoded_are_left_out_and_named(tmp_path: Path) -> None:
    good = clip(tmp_path / "a.wav", tone(), start_s=0.5)
    bad = [
        clip(tmp_path / "short.wav", tone(0.3)),
        clip(tmp_path / "mono.wav", tone(), channel=1),
        clip(tmp_path / "late.wav", tone(), start_s=5.0),
        Clip("own", tmp_path / "bad.wav", "own-bob", "sad"),
        Clip("own", tmp_path / "gone.wav", "own-ann", "angry"),
    ]
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    remarks: list[str] = []
    assert audible([*bad, good], tmp_path / "cache", remarks.append) == [good]
    named, label, speaker = remarks
    assert named.startswith("left out: 5 clips that can't be read: ")
    for why in (
        "short.wav (too short)",
        "mono.wav (has no channel 1: it has 1, counted from 0)",
        "late.wav (it ends before 5 s)",
        "bad.wav (not audio)",
        "gone.wav (missing)",
    ):
        assert why in named
    assert (label, speaker) == ("no clip is left of 1 label: sad", "no clip is left of 1 speaker: own-bob")


def test_of_many_bad_files_some_are_named(tmp_path: Path) -> None:
    some = [Clip("own", tmp_path / f"{name}.wav", "own-ann", "angry") for name in range(12)]
    remarks: list[str] = []
    good = clip(tmp_path / "a.wav", tone())
    assert audible([*some, good], tmp_path / "cache", remarks.append) == [good]
    (line,) = remarks
    assert "12 clips" in line and line.count(".wav") == 5 and line.endswith(", and 7 more files")


def test_what_was_decoded_once_is_not_tried_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = clip(tmp_path / "a.wav", tone())
    assert audible([one], tmp_path / "cache", silent) == [one]
    with monkeypatch.context() as patched:
        patched.setattr(decoding, "decode", None)
        assert audible([one], tmp_path / "cache", silent) == [one]
    one.path.write_bytes(b"no sound")
    with pytest.raises(CallmoodError, match=r"No clip of own can be read; the first: .*a\.wav"):
        audible([one], tmp_path / "cache", silent)


def test_a_corpus_of_unreadable_clips_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    with pytest.raises(CallmoodError, match=r"No clip of own can be read; the first: .*bad\.wav"):
        prepare([Clip("own", tmp_path / "bad.wav", "x", "sad")], PLAIN, tmp_path / "cache", silent)


def test_a_channel_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.wav", tone(), channel=1)
    with pytest.raises(CallmoodError, match="has no channel 1: it has 1"):
        prepare([one], PLAIN, tmp_path / "cache", silent)


def test_a_second_run_takes_all_from_the_cache_wherever_the_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = clip(tmp_path / "a.wav", tone())
    ((_, first),) = prepare([one], PLAIN, tmp_path / "cache", silent)
    moved = tmp_path / "elsewhere.wav"
    one.path.rename(moved)
    monkeypatch.setattr(preparing, "decode", None)
    ((_, second),) = prepare([Clip("own", moved, "y", "sad")], PLAIN, tmp_path / "cache", silent)
    assert first == second


def test_other_settings_and_other_content_are_prepared_anew(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.wav", np.concatenate([tone(), np.zeros(SAMPLE_RATE, np.float32)]))
    ((_, first),) = prepare([one], PLAIN, tmp_path / "cache", silent)
    trim = PLAIN.model_copy(update={"trim": True})
    ((_, second),) = prepare([one], trim, tmp_path / "cache", silent)
    clip(one.path, tone(1.3, 500.0))
    ((_, third),) = prepare([one], PLAIN, tmp_path / "cache", silent)
    assert len({first, second, third}) == 3


def test_a_sound_that_was_removed_from_the_cache_is_made_again(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.wav", tone())
    ((_, sound),) = prepare([one], PLAIN, tmp_path / "cache", silent)
    sound.unlink()
    ((_, again),) = prepare([one], PLAIN, tmp_path / "cache", silent)
    assert again == sound and sound.is_file()


def test_a_full_disk_is_one_sentence_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    one = clip(tmp_path / "a.wav", tone())
    with pytest.raises(CallmoodError, match=r"disk that holds .* is full"):
        prepare([one], PLAIN, tmp_path / "cache", silent)
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.wav", tone())
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "sounds.json").write_text('{"half": ')
    assert len(prepare([one], PLAIN, tmp_path / "cache", silent)) == 1


def test_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [clip(tmp_path / f"{pitch}.wav", tone(0.6, pitch)) for pitch in (200, 300, 400, 500)]
    alone = prepare(some, PLAIN, tmp_path / "one", silent)
    monkeypatch.setattr(processes, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = prepare(some, PLAIN, tmp_path / "two", silent)
    assert [sound.name for _, sound in alone] == [sound.name for _, sound in together]


@pytest.mark.parametrize(
    ("variables", "folder"),
    [({"CALLMOOD_CACHE": "/c"}, "/c"), ({"XDG_CACHE_HOME": "/x"}, "/x/callmood"), ({}, "/h/.cache/callmood")],
)
def test_the_cache_is_where_the_system_has_caches(
    variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CALLMOOD_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/h"))
    monkeypatch.setattr("sys.platform", "linux")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert caches.cache_folder() == Path(folder)
