"""Training and evaluating: augmented copies, heads, metrics, and a whole run on a tiny corpus."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from sounds import write_audio
from typer.testing import CliRunner

from callmood.cli import evaluate as cli_evaluate
from callmood.cli import train as cli_train
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model import load
from callmood.model.scorer import BundleSettings, Heads
from callmood.sound import SAMPLE_RATE
from callmood.training import embedded_run, recipe
from callmood.training.corpora import ravdess
from callmood.training.corpora.clip import Clip
from callmood.training.data import augment, lines
from callmood.training.fit import heads
from callmood.training.measure import card
from callmood.training.measure.baselines import draw_baseline
from callmood.training.measure.calibration import best_temperature, lowest_threshold
from callmood.training.measure.metrics import compute_metrics
from callmood.training.systems.embedded_recipe import FusionTable, Recipe
from callmood.training.text.storage import StoredText
from callmood.training.workspace import Workspace

CLI = typer.Typer()
CLI.command()(cli_train.train)
CLI.command()(cli_evaluate.evaluate)


def tone(pitch_hz: float, seconds: float = 0.7) -> np.ndarray:
    at = np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    rng = np.random.default_rng(int(pitch_hz))
    return (0.2 * np.sin(2 * np.pi * pitch_hz * at) + 0.01 * rng.normal(size=len(at))).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RAVDESS's layout: three actors of three folds, every emotion twice, as a tone of its own pitch."""
    folder = tmp_path_factory.mktemp("ravdess")
    for actor in ("01", "04", "08"):
        (folder / f"Actor_{actor}").mkdir()
        for emotion in ravdess.EMOTIONS:
            for repetition in ("01", "02"):
                sound = tone(200 + 150 * int(emotion) + 3 * int(actor) + int(repetition))
                name = f"03-01-{emotion}-01-01-{repetition}-{actor}.wav"
                write_audio(folder / f"Actor_{actor}" / name, sound[None])
    return folder


def share_of_band(sound: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    at = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return float(power[(at >= low) & (at <= high)].sum() / power.sum())


def test_the_telephone_of_the_test_is_narrow() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    narrow = lines.telephone(noise)
    assert len(narrow) == len(noise)
    assert share_of_band(noise, 300, 3400) < 0.5 and share_of_band(narrow, 250, 3600) > 0.97


@pytest.mark.parametrize("codec", augment.CODECS, ids=lambda codec: f"{codec.name}-{codec.rate}")
def test_every_codec_gives_back_what_it_was_given(codec: augment.Codec) -> None:
    sound = augment.resample(tone(440, 1.0), SAMPLE_RATE, codec.rate)
    decoded = augment.coded(sound, codec.rate, codec.name, codec.bit_rates[-1], codec.container)
    assert decoded.shape == sound.shape and decoded.dtype == np.float32
    spectra = [np.abs(np.fft.rfft(x)) for x in (sound, decoded)]
    assert np.corrcoef(*spectra)[0, 1] > 0.8


@pytest.mark.parametrize(
    "steps", [["line"], ["room", "line"], ["voice"], ["babble"], ["voice", "room", "babble", "line"]]
)
def test_copies_are_drawn_by_their_seed(steps: list[str]) -> None:
    clip, other = tone(300), tone(500)
    first, again, third = (augment.augmentation(steps, seed, [clip]) for seed in (5, 5, 6))
    assert (np.isfinite(first(clip)).all() and len(first(other)) == len(third(other))) or "voice" in steps
    if "room" not in steps:  # a room's noise is new each time, and so is what others say
        random.seed(5)
        np.random.seed(5)
        changed = first(other)
        np.random.seed(5)
        np.testing.assert_allclose(changed, again(other), atol=1e-5)
    assert len(first(clip)) > 0


def test_others_talk_in_the_background_at_other_pitches() -> None:
    speech, behind = tone(300, 1.0), tone(1000, 1.0)
    for seed in range(5):
        noise = augment.augmentation(["babble"], seed, [behind])(speech) - speech
        level = 10 * np.log10(np.square(speech).mean() / np.square(noise).mean())
        assert 5 <= level <= 25
        assert share_of_band(noise, 720, 1280) > 0.9 and share_of_band(noise, 970, 1030) < 0.2


def test_heads_tell_classes_apart_however_rare() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], [100, 100, 6])
    vectors = rng.normal(size=(206, 12)).astype(np.float32) + 2.5 * np.eye(3, 12)[labels].astype(np.float32)
    settings = heads.HeadSettings(
        logistic_c=0.1,
        iterations=30,
        discriminant_ridge=0.1,
        discriminant_share=0.5,
        blocks=(heads.Block(width=4, share=0.7), heads.Block(width=8, share=0.3, layer_weights=(1, 0.5))),
    )
    weight, bias = heads.fit(vectors, labels, 4, settings)
    best = (vectors @ weight.T + bias).argmax(axis=1)
    assert weight.shape == (4, 12) and all((best[labels == c] == c).mean() > 0.7 for c in range(3))
    assert not (best == 3).any()
    with pytest.raises(CallmoodError, match="width"):
        heads.fit(vectors[:, :8], labels, 4, settings)


def test_logistic_regression_is_scikit_learn_s() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 90)
    vectors = (rng.normal(size=(90, 5)) + np.eye(3, 5)[labels]).astype(np.float32)
    settings = heads.HeadSettings(
        logistic_c=0.1,
        iterations=200,
        discriminant_ridge=1.0,
        discriminant_share=0.0,
        blocks=(heads.Block(width=5, share=1.0),),
    )
    truth = torch.from_numpy(labels)
    weight, _ = heads.logistic(torch.from_numpy(vectors), truth, heads.balanced(truth, 3)[truth], 3, settings)
    wanted = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500).fit(vectors, labels).coef_
    centred = weight.numpy() - weight.numpy().mean(axis=0)
    np.testing.assert_allclose(centred, wanted - wanted.mean(axis=0), atol=0.03)


def test_baselines_are_of_the_same_speaker_without_the_clip() -> None:
    labels = np.array([LABELS.index("calm")] * 10 + [LABELS.index("sad")] * 10)
    speakers = np.array(["a"] * 5 + ["b"] * 5 + ["a"] * 5 + ["b"] * 5)
    rows = draw_baseline(labels, speakers, 0, np.random.default_rng(1), 3, 2)
    assert 0 not in rows and set(speakers[rows]) == {"a"} and len(set(rows.tolist())) == 5
    assert (labels[rows] == LABELS.index("calm")).sum() == 3
    everything = draw_baseline(labels, speakers, 0, np.random.default_rng(1), 30, 30)
    assert len(everything) == 9


def test_metrics_count_every_label_the_same() -> None:
    labels = np.array([0, 0, 0, 1])
    probabilities = np.eye(8, dtype=np.float32)[[0, 0, 2, 1]]
    found = compute_metrics(labels, probabilities[None], np.array(["a", "a", "b", "b"]))
    assert found.ua == pytest.approx(100 * (2 / 3 + 1) / 2) and found.wa == pytest.approx(75)
    assert found.ece == pytest.approx(25) and found.speakers == 2 and found.confusion[0][2] == 1
    with pytest.raises(CallmoodError, match="no clips"):
        compute_metrics(labels[:0], probabilities[None, :0], np.array([]))


def test_temperature_and_threshold_follow_the_errors() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 8, 4000)
    logits = 2 * np.eye(8)[labels] + rng.gumbel(size=(4000, 8))
    best = best_temperature(lambda t: 10 * logits / t, labels)
    assert 5 < best < 20
    probabilities = np.full((10, 8), 0.01)
    probabilities[:, 0] = np.linspace(0.3, 0.9, 10)
    truth = np.where(probabilities[:, 0] > 0.5, 0, 1)
    assert 0.4 <= lowest_threshold(probabilities, truth, 0.95) <= 0.6


TINY = """
family = "embedded"
seed = 1
most_alike = 20
[audio]
encoders = ["{encoder}"]
layers = "all"
pooling = "mean-std"
[copies]
steps = [[], ["line"]]
calibration = [0, 1]
[heads]
logistic_c = 0.01
iterations = 10
discriminant_ridge = 1.0
discriminant_share = 0.5
[[heads.blocks]]
width = 96
share = 1.0
[baseline]
usual_clips = 2
other_clips = 2
prior_count = 2.0
[decision]
precision = 0.5
[fusion]
voice_weight = 0.5
text_weight = 1.0
threshold = 0.4
threshold_without_words = 0.7
[fusion.class_priors]
angry = 0.1
calm = 0.2
disgust = 0.1
fearful = 0.1
happy = 0.1
neutral = 0.2
sad = 0.1
surprised = 0.1
"""


def read(file: Path | str) -> Recipe:
    return recipe.read(Recipe, recipe.load(str(file)))


def test_a_whole_run(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_model_encoders import tiny_waveform_encoder

    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))
    encoder = tiny_waveform_encoder("Hubert", tmp_path / "hubert", "layer")
    tiny = tmp_path / "tiny.toml"
    tiny.write_text(TINY.format(encoder=encoder), encoding="utf-8")
    out = tmp_path / "out"
    command = ["train", "--recipe", str(tiny), "--corpus", f"ravdess={corpus}", "--out", str(out), "--json"]
    result = CliRunner().invoke(CLI, command)
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert {"ua", "wa", "ua_wa", "macro_f1", "per_class", "confusion"} <= set(printed)
    figures = printed["figures"]
    assert set(figures) == {
        f"{line}, baseline {kind}" for line in ("clean", "telephone") for kind in ("none", "call")
    }
    assert all(0 <= system["ua"] <= 100 for test in figures.values() for system in test.values())
    assert load(out, "cpu").labels == LABELS
    assert "no commercial use" in (out / "CARD.md").read_text(encoding="utf-8")

    said: list[str] = []
    workspace = Workspace(out, report=said.append)
    again = embedded_run.train_embedded(read(tiny), [("ravdess", corpus)], workspace)
    assert again.summaries == figures and not any("vectors" in line for line in said)  # they were kept

    command = ["evaluate", str(out), "--corpus", f"ravdess={corpus}", "--baseline", "call", "--json"]
    result = CliRunner().invoke(CLI, command)
    assert result.exit_code == 0, result.output
    measured = json.loads(result.stdout)
    assert measured["clips"] == 48 and 0 <= measured["ua"] <= 100 and 0 <= measured["wa"] <= 100
    result = CliRunner().invoke(CLI, [*command[:-1], "--line", "telephone"])
    assert result.exit_code == 0 and "surprised" in result.output


def test_a_broken_clip_is_left_out_and_named(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_model_encoders import tiny_waveform_encoder

    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "cache"))
    encoder = tiny_waveform_encoder("Hubert", tmp_path / "hubert", "layer")
    tiny = tmp_path / "tiny.toml"
    tiny.write_text(TINY.format(encoder=encoder), encoding="utf-8")
    mine, out = tmp_path / "ravdess", tmp_path / "out"
    shutil.copytree(corpus, mine)
    (mine / "Actor_04" / "03-01-05-01-01-01-04.wav").write_bytes(b"RIFFbroken")
    for path in mine.glob("*/03-01-02-*.wav"):  # all of calm
        path.write_bytes(b"")
    command = ["train", "--recipe", str(tiny), "--corpus", f"ravdess={mine}", "--out", str(out), "--json"]
    result = CliRunner().invoke(CLI, command)
    assert result.exit_code == 0, result.output
    assert "left out: 7 clips that can't be read: " in result.stderr
    assert "no clip is left of 1 label: calm" in result.stderr
    assert "41 clips of 3 speakers" in result.stderr
    assert load(out, "cpu").labels == LABELS

    command = ["evaluate", str(out), "--corpus", f"ravdess={mine}", "--baseline", "call", "--json"]
    result = CliRunner().invoke(CLI, command)
    assert result.exit_code == 0 and json.loads(result.stdout)["clips"] == 41, result.output
    assert result.stderr.count("left out: 7 clips") == 1


def test_wrong_recipes_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="no recipe"):
        recipe.load("breakfast")
    bad = tmp_path / "bad.toml"
    bad.write_text("seed = = 1", encoding="utf-8")
    with pytest.raises(CallmoodError, match="can't be read"):
        recipe.load(str(bad))
    with pytest.raises(CallmoodError, match=r"heads\.iterations"):
        recipe.read(
            Recipe,
            {
                **recipe.load("embedded"),
                "heads": {**recipe.load("embedded")["heads"], "iterations": 0},
            },
        )
    assert read("embedded").copies.steps[0] == ()


def test_a_folder_without_a_text_encoder_is_refused_first(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="is not a tuned text encoder"):
        embedded_run.train_embedded(
            read("embedded"), [("ravdess", corpus)], Workspace(tmp_path), text_model=tmp_path
        )


def test_the_card_names_the_licence() -> None:
    clips = [Clip("tess", Path("x"), "tess-old", "angry")]
    settings = load("embedded", "cpu").settings
    written = card.text(clips, {}, settings)
    assert "CC BY-NC-ND 4.0" in written and "no commercial use" in written


def test_a_mood_that_the_voice_does_not_know_is_assumed_to_be_rarer() -> None:
    priors = dict.fromkeys(LABELS, 1 / len(LABELS))
    fusion = FusionTable(
        voice_weight=1.0,
        text_weight=1.0,
        class_priors=priors,
        words_alone=0.1,
        threshold=0.4,
        threshold_without_words=0.7,
    )
    none = (np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
    text = StoredText({}, none, none, (), 64, ())
    settings, _ = embedded_run.with_words(
        BundleSettings(LABELS, None, None), Heads(), text, fusion, set(LABELS) - {"angry"}
    )
    found = dict(zip(LABELS, settings.class_priors, strict=True))
    assert found["angry"] == pytest.approx(found["sad"] / 10, rel=0.01)
    assert sum(found.values()) == pytest.approx(1.0, abs=0.001)
