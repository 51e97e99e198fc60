"""Vectors are computed once for each sound and encoder; conditions are as loud as they say."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sounds import write_audio
from test_model_encoders import tiny_waveform_encoder

from callmood.errors import CallmoodError
from callmood.model import encode as encoders
from callmood.model.encode import AudioSettings
from callmood.sound import SAMPLE_RATE
from callmood.training.corpora.clip import Clip
from callmood.training.data import conditions, vectors
from callmood.training.data.vectors import Transform


def tone(pitch_hz: float, seconds: float = 0.7) -> np.ndarray:
    at = np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    return (0.2 * np.sin(2 * np.pi * pitch_hz * at)).astype(np.float32)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> AudioSettings:
    folder = tmp_path_factory.mktemp("encoder") / "hubert"
    return AudioSettings((tiny_waveform_encoder("Hubert", folder, "layer"),))


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    paths = [write_audio(tmp_path / f"{pitch}.wav", tone(pitch)[None]) for pitch in (200, 300, 400)]
    return [Clip("own", path, "own-anna", "angry") for path in paths]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many clips were encoded, call by call."""
    counts: list[int] = []
    real = encoders.audio_vectors

    def counting(networks: object, settings: AudioSettings, sounds: list[np.ndarray]) -> np.ndarray:
        counts.append(len(sounds))
        return real(networks, settings, sounds)

    monkeypatch.setattr(encoders, "audio_vectors", counting)
    return counts


def encode(
    clips: list[Clip], settings: AudioSettings, cache: Path, *steps: tuple[str, ...]
) -> list[np.ndarray]:
    return vectors.augmented_vectors(clips, steps or ((),), settings, 1, cache, lambda _: None)


def test_a_second_run_computes_nothing(
    clips: list[Clip], settings: AudioSettings, tmp_path: Path, computed: list[int]
) -> None:
    first = encode(clips, settings, tmp_path / "cache", (), ("line",))
    assert sum(computed) == 6 and [part.shape for part in first] == [(3, 96)] * 2
    again = encode(clips, settings, tmp_path / "cache", (), ("line",))
    assert sum(computed) == 6
    np.testing.assert_array_equal(first, again)


def test_a_corpus_may_be_moved_and_grow(
    clips: list[Clip], settings: AudioSettings, tmp_path: Path, computed: list[int]
) -> None:
    encode(clips[:2], settings, tmp_path / "cache")
    (tmp_path / "elsewhere").mkdir()
    moved = [
        replace(clip, path=Path(shutil.copy(clip.path, tmp_path / "elsewhere" / f"new-{clip.path.name}")))
        for clip in clips
    ]
    encode(moved, settings, tmp_path / "cache")
    assert sum(computed) == 3


def test_a_vector_does_not_depend_on_the_clips_beside_it(
    clips: list[Clip], settings: AudioSettings, tmp_path: Path
) -> None:
    (together,) = encode(clips, settings, tmp_path / "one", ("room", "line"))
    (alone,) = encode(clips[2:], settings, tmp_path / "two", ("room", "line"))
    np.testing.assert_allclose(together[2:], alone, atol=1e-5)


def test_copies_are_drawn_for_each_speaker_and_seed() -> None:
    one = vectors.drawn(("line",), 1, 1, "own-anna")
    assert one == vectors.drawn(("line",), 1, 1, "own-anna")
    assert (
        len({one, *(vectors.drawn(("line",), *draw) for draw in ((1, 1, "own-ben"), (2, 1, "own-anna")))})
        == 3
    )
    assert vectors.drawn(("telephone",), 1, 7, "own-anna") == Transform(("telephone",))  # nothing is drawn


def test_babble_is_made_of_the_speakers_own_clips(clips: list[Clip]) -> None:
    assert vectors.drawn(("babble",), 1, 7, "own-anna", clips).background == tuple(clips)
    assert vectors.drawn(("line",), 1, 7, "own-anna", clips).background == ()
    many = [replace(clips[0], start_s=float(start)) for start in range(90)]
    assert len(vectors.drawn(("babble",), 1, 7, "own-anna", many).background) == vectors.BACKGROUND
    speech = tone(500)
    quiet, loud = (
        vectors.change_of(vectors.drawn(("babble",), 1, 7, "own-anna", some))(speech)
        for some in (clips[:1], clips)
    )
    assert quiet.shape == loud.shape == speech.shape and not np.allclose(quiet, loud)


def test_other_weights_are_another_encoder(settings: AudioSettings) -> None:
    before = vectors.encoders_id(settings)
    weights = Path(settings.encoders[0]) / "model.safetensors"
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-1] + b"\0\1")
    try:
        assert vectors.encoders_id(settings) != before
    finally:
        weights.write_bytes(kept)
    assert vectors.encoders_id(settings) == before


def test_a_missing_clip_is_named(clips: list[Clip], settings: AudioSettings, tmp_path: Path) -> None:
    clips[1].path.unlink()
    with pytest.raises(CallmoodError, match=r"300\.wav can't be read"):
        encode(clips, settings, tmp_path / "cache")


def test_a_broken_clip_is_named_and_what_came_before_is_kept(
    clips: list[Clip], settings: AudioSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "CHUNK", 1)
    clips[2].path.write_bytes(b"no sound at all")
    with pytest.raises(CallmoodError, match=r"400\.wav"):
        encode(clips, settings, tmp_path / "cache")
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 2


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
@pytest.mark.parametrize("snr_db", [20, 0])
def test_noise_is_as_loud_as_it_says(kind: str, snr_db: int) -> None:
    vectors.seed_all("a test")
    speech = tone(300, 1.0)
    noisy = conditions.condition(f"{kind} {snr_db}", [tone(700), tone(900)])(speech)
    added = noisy - speech
    assert 10 * np.log10(np.mean(speech**2) / np.mean(added**2)) == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize("name", ["amr 5150", "amr 12200", "opus 8000", "g726 32000"])
def test_codecs_keep_the_length(name: str) -> None:
    speech = tone(300, 1.0)
    coded = conditions.condition(name)(speech)
    assert len(coded) == len(speech) and not np.array_equal(coded, speech)


def test_babble_takes_others() -> None:
    with pytest.raises(CallmoodError, match="other speakers"):
        conditions.condition("babble 5")(tone(300))


@pytest.mark.parametrize(
    ("name", "known"), [("white 10", True), ("white", False), ("whit 10", False), ("", False)]
)
def test_conditions_are_a_name_and_a_number(name: str, known: bool) -> None:
    assert conditions.is_condition(name) is known
