from pathlib import Path

import numpy as np
import pytest

from callmood.training.corpora.clip import Clip
from callmood.training.data import features as module
from callmood.training.data.examples import Example
from callmood.training.data.features import FeatureTable, features, matrix

TABLE = FeatureTable(window=2048, hop=512, chroma=12, mel_bands=60, mfcc=20, mfcc_bands=128)
MEL, MFCC, CROSSINGS, CENTROID = slice(12, 72), slice(72, 92), 92, 93


def tone(hertz: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000)).astype(np.float32)


def example(folder: Path, name: str, samples: np.ndarray) -> Example:
    sound = folder / f"{name}.npy"
    np.save(sound, np.round(samples * 32_767).astype(np.int16))
    return Example(Clip("own", sound, "own-1", "happy"), 0, sound)


def test_the_papers_features_are_94() -> None:
    assert features(tone(440), TABLE).shape == (94,) == (TABLE.width,)


def test_a_tones_note_leads_the_chroma() -> None:
    assert features(tone(440), TABLE)[:12].argmax() == 9  # A, counted from C


def test_the_centroid_of_a_tone_is_its_frequency() -> None:
    assert features(tone(1000), TABLE)[CENTROID] == pytest.approx(1000, rel=0.05)


def test_a_tone_crosses_zero_twice_a_period() -> None:
    assert features(tone(1000), TABLE)[CROSSINGS] == pytest.approx(2 * 1000 / 16_000, rel=0.1)


def test_ten_times_the_amplitude_is_20_db_more_in_the_loudest_mel_band() -> None:
    louder, softer = features(tone(440, 0.5), TABLE)[MEL], features(tone(440, 0.05), TABLE)[MEL]
    assert louder.max() - softer.max() == pytest.approx(20, abs=0.1)


def test_amplitude_moves_only_the_first_mfcc() -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    difference = features(noise * 3, TABLE)[MFCC] - features(noise, TABLE)[MFCC]
    assert difference[0] > 10
    assert np.abs(difference[1:]).max() < 0.1


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
def test_silence_has_features_too() -> None:
    assert np.isfinite(features(np.zeros(16_000, np.float32), TABLE)).all()


def test_a_matrix_has_a_row_an_example(tmp_path: Path) -> None:
    examples = [example(tmp_path, "low", tone(200)), example(tmp_path, "high", tone(3000))]
    assert matrix(examples, TABLE)[:, CENTROID] == pytest.approx([200, 3000], rel=0.1)


def test_features_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [example(tmp_path, "low", tone(200))]
    first = matrix(examples, TABLE)
    monkeypatch.setattr(module, "features", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(matrix(examples, TABLE), first)


def test_other_settings_are_computed_anew(tmp_path: Path) -> None:
    examples = [example(tmp_path, "low", tone(200))]
    matrix(examples, TABLE)
    assert matrix(examples, TABLE.model_copy(update={"mfcc": 13})).shape == (1, 87)
