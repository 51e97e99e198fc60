"""Bundles: what is saved is what is loaded; the classifier with and without a baseline, sound or words."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from callmood.call import VoiceBaseline
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model import Encoded, Scorer, bundle, encode, load
from callmood.model.course import CourseSettings
from callmood.model.encode import AudioSettings, TextSettings
from callmood.model.scorer import BundleSettings, Heads, ScoredVoices, limited, softmax

WIDTH, TEXT_WIDTH = 6, 4


def scorer(shrink: float = 2.0, with_text: bool = True) -> Scorer:
    rng = np.random.default_rng(1)

    def term(width: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(8, width)).astype(np.float32), rng.normal(size=8).astype(np.float32)

    settings = BundleSettings(
        LABELS, AudioSettings(), TextSettings(), prior_count=shrink, temperature_raw=2.0, text_weight=0.5
    )
    heads = Heads(term(WIDTH), term(WIDTH), term(TEXT_WIDTH) if with_text else None)
    return Scorer("x", settings, heads)


def encoded(n: int = 5) -> Encoded:
    rng = np.random.default_rng(2)
    yes = np.ones(n, bool)
    return Encoded(
        rng.normal(size=(n, WIDTH)).astype(np.float32),
        rng.normal(size=(n, TEXT_WIDTH)).astype(np.float32),
        yes,
        yes,
    )


def test_rows_are_probabilities() -> None:
    probabilities = scorer().classify(encoded(), VoiceBaseline((1.0,) * 8, 7))
    assert probabilities.shape == (5, 8) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_no_baseline_is_the_raw_head_and_many_clips_the_relative_one() -> None:
    model, clips = scorer(), encoded()
    silent = replace(clips, has_text=np.zeros(5, bool))
    raw, relative = model.heads.raw, model.heads.relative
    assert raw is not None and relative is not None
    plain = softmax((clips.audio @ raw[0].T + raw[1]) / 2.0)
    np.testing.assert_allclose(model.classify(silent), plain, atol=1e-5)
    usual = model.baseline(silent.take([0, 1]))
    np.testing.assert_allclose(model.classify(silent, replace(usual, count=0)), plain, atol=1e-5)
    mean = clips.audio[:2].mean(axis=0)
    sure = softmax((clips.audio - mean) @ relative[0].T + relative[1])
    np.testing.assert_allclose(model.classify(silent, replace(usual, count=10**7)), sure, atol=1e-4)


def test_each_segment_against_all_the_others() -> None:
    model, clips = scorer(), encoded()
    together = model.classify_against_rest(clips)
    for row in range(len(clips)):
        others = model.baseline(clips.take([i for i in range(5) if i != row]))
        alone = model.classify(clips.take([row]), others)[0]
        np.testing.assert_allclose(together[row], alone, atol=1e-5)


@pytest.mark.parametrize("with_text", [True, False])
def test_what_is_stored_of_segments_is_enough_to_compare_them_with_another_baseline(with_text: bool) -> None:
    model, clips = scorer(with_text=with_text), encoded()
    model = replace(model, settings=replace(model.settings, voice_weight=0.4))
    clips = replace(clips, has_text=np.array([True, False, True, True, False]))
    stored = ScoredVoices(
        model.classify(clips), model.raw_logits(clips), model.relative_logits(clips), clips.has_text
    )
    for usual in (VoiceBaseline((-0.2,) * 8, 4), VoiceBaseline((0.0,) * 8, 0)):
        totals = np.full((5, 8), usual.count * usual.mean[0])
        again = model.classify_stored(stored, totals, np.full(5, usual.count))
        np.testing.assert_allclose(again, model.classify(clips, usual), atol=1e-5)
        voice, words = model.sides_stored(stored, totals, np.full(5, usual.count))
        np.testing.assert_allclose(softmax(voice + words + np.log(model.priors)), again, atol=1e-5)


def test_the_sides_of_a_segment_are_the_same_from_its_sound_and_as_stored() -> None:
    shares = (0.05, 0.3, 0.02, 0.03, 0.15, 0.35, 0.05, 0.05)
    model, clips = scorer(), encoded()
    model = replace(model, settings=replace(model.settings, voice_weight=0.4, class_priors=shares))
    clips = replace(clips, has_text=np.array([True, False, True, True, False]))
    stored = ScoredVoices(
        model.classify(clips), model.raw_logits(clips), model.relative_logits(clips), clips.has_text
    )
    logits = model.relative_logits(clips)
    sides = model.sides_against_rest(clips)
    again = model.sides_stored(stored, logits.sum(axis=0, dtype=np.float64) - logits, np.full(5, 4))
    for given, found in zip(sides, again, strict=True):
        np.testing.assert_allclose(
            found - found.mean(axis=1, keepdims=True), given - given.mean(axis=1, keepdims=True), atol=1e-4
        )
    together = softmax(sides.voice + sides.words + np.log(model.priors))
    np.testing.assert_allclose(together, model.classify_against_rest(clips), atol=1e-5)
    assert not sides.words[~clips.has_text].any()


def test_a_single_segment_without_a_baseline_is_raw() -> None:
    model, clips = scorer(), encoded(1)
    np.testing.assert_allclose(model.classify_against_rest(clips), model.classify(clips), atol=1e-6)


def test_a_missing_side_has_no_effect() -> None:
    model, clips = scorer(), encoded()
    no, yes = np.zeros(5, bool), np.ones(5, bool)
    neither = model.classify(replace(clips, has_audio=no, has_text=no))
    np.testing.assert_allclose(neither, 1 / 8, atol=1e-6)
    words = model.classify(replace(clips, has_audio=no))
    text = model.heads.text
    assert text is not None
    np.testing.assert_allclose(words, softmax(0.5 * (clips.text @ text[0].T + text[1])), atol=1e-5)
    sound = model.classify(replace(clips, has_text=no))
    np.testing.assert_allclose(sound, scorer(with_text=False).classify(clips), atol=1e-5)
    assert model.baseline(replace(clips, has_audio=no)).count == 0
    assert yes.all()


def test_with_words_the_voice_counts_less_and_calls_are_mostly_calm() -> None:
    shares = (0.05, 0.3, 0.02, 0.03, 0.15, 0.35, 0.05, 0.05)
    model, clips = scorer(), encoded()
    assert model.heads.raw is not None and model.heads.text is not None
    weighed = replace(model, settings=replace(model.settings, voice_weight=0.4, class_priors=shares))
    voice = (clips.audio @ model.heads.raw[0].T + model.heads.raw[1]) / 2.0
    words = 0.5 * (clips.text @ model.heads.text[0].T + model.heads.text[1])
    np.testing.assert_allclose(
        weighed.classify(clips), softmax(0.4 * voice + words + np.log(shares)), atol=1e-5
    )
    mute = replace(clips, has_text=np.zeros(5, bool))
    np.testing.assert_allclose(weighed.classify(mute), softmax(voice + np.log(shares)), atol=1e-5)


def test_an_even_voice_says_little_against_a_mood() -> None:
    neutral, angry = LABELS.index("neutral"), LABELS.index("angry")
    even = np.zeros((1, 8), np.float32)
    even[0, [neutral, LABELS.index("calm")]] = 9.0
    found = limited(even, 0.0, 0.2)
    assert found[0, angry] - found[0, neutral] == pytest.approx(np.log(0.2), abs=1e-3)
    loud = np.zeros((1, 8), np.float32)
    loud[0, angry] = 5.0
    found = limited(loud, 0.0, 0.2)
    assert found[0, angry] - found[0, neutral] == pytest.approx(5 + np.log(0.8), abs=0.01)


def test_agents_have_class_priors_of_their_own() -> None:
    of_calls, of_agents = (0.3, *(0.1,) * 7), (0.03, 0.37, *(0.1,) * 6)
    settings = replace(scorer().settings, class_priors=of_calls, agent_priors=of_agents)
    model, clips = replace(scorer(), settings=settings), encoded()
    odds = model.classify(clips) / model.of_role("agent").classify(clips)
    np.testing.assert_allclose(odds[:, 0] / odds[:, 7], 10, rtol=1e-4)
    for role in ("customer", "unknown"):
        np.testing.assert_array_equal(model.of_role(role).classify(clips), model.classify(clips))
    np.testing.assert_array_equal(scorer().of_role("agent").classify(clips), scorer().classify(clips))


def test_a_baseline_of_one_mood_is_not_trusted() -> None:
    settings = replace(scorer().settings, one_mood=(-3.0, 2.0))
    model, clips = replace(scorer(), settings=settings), encoded()
    angry, even = (np.zeros((4, 8), np.float32) for _ in range(2))
    angry[:, LABELS.index("angry")] = 6.0
    even[:, LABELS.index("neutral")] = 6.0
    yes = np.ones(4, bool)
    assert model.one_mood(angry, yes) > 0.99
    assert model.one_mood(even, yes) < 0.01
    assert model.one_mood(angry, ~yes) == 0.0
    assert scorer().one_mood(angry, yes) == 0.0
    usual = VoiceBaseline((1.0,) * 8, 7)
    np.testing.assert_allclose(
        model.classify(clips, replace(usual, one_mood=1.0)), model.classify(clips), atol=1e-6
    )


def test_the_score_without_a_baseline_has_its_share_beside_the_comparison() -> None:
    model, clips = scorer(), encoded()
    usual = VoiceBaseline((0.0,) * 8, 10**7)
    alone = np.log(model.classify(replace(clips, has_text=np.zeros(5, bool)), usual))
    both = replace(model, settings=replace(model.settings, raw_share=0.7))
    found = np.log(both.classify(replace(clips, has_text=np.zeros(5, bool)), usual))
    added = found - alone - 0.7 * model.raw_logits(clips)
    np.testing.assert_allclose(added - added.mean(axis=1, keepdims=True), 0, atol=1e-3)


def test_a_single_segment_says_no_more_than_its_side_is_reliable() -> None:
    logits = np.array([[50.0] + [0.0] * 7], np.float32)
    limit = limited(logits, 0.08, 0.0)
    assert limit[0, 0] - limit[0, 1] == pytest.approx(np.log(0.93 / 0.01), abs=1e-3)
    weak = np.array([[0.1] + [0.0] * 7], np.float32)
    np.testing.assert_allclose(softmax(limited(weak, 0.01, 0.0)), softmax(weak), atol=2e-3)


def test_calm_and_neutral_count_together() -> None:
    model = replace(scorer(), settings=replace(scorer().settings, threshold=0.7, threshold_with_words=0.5))
    even = np.array([0.1, 0.4, 0, 0, 0.15, 0.35, 0, 0], np.float32)
    angry = np.array([0.45, 0.2, 0, 0, 0.15, 0.2, 0, 0], np.float32)
    assert model.is_sure(even, has_words=False)
    assert not model.is_sure(angry, has_words=True)
    assert model.is_sure(angry + np.float32(0.06), has_words=True)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    audio = encode.load_audio_encoder(encode.TINY_EN)
    text, _ = encode.load_text_encoder(encode.MINILM)
    changed_sound = {"0.layers.3.fc2.bias": audio.state_dict()["layers.3.fc2.bias"] + 1}
    changed_words = {"encoder.layer.5.output.dense.bias": torch.ones(384)}
    rng = np.random.default_rng(3)
    heads = Heads(
        *((rng.normal(size=(8, w)).astype(np.float32), np.zeros(8, np.float32)) for w in (3840, 3840, 768))
    )
    settings = BundleSettings(
        LABELS,
        AudioSettings(),
        TextSettings(),
        prior_count=3.0,
        threshold=0.4,
        course=CourseSettings(upset_begins=0.07),
    )
    bundle.save(tmp_path, settings, heads, changed_sound, changed_words)
    model = load(tmp_path, "cpu")
    assert model.settings == settings and model.labels == LABELS
    (module,) = bundle.load_audio_modules(tmp_path)
    found = module.state_dict()["layers.3.fc2.bias"]
    torch.testing.assert_close(found, changed_sound["0.layers.3.fc2.bias"], atol=2e-3, rtol=1e-3)
    same = module.state_dict()["layers.2.fc2.bias"]
    torch.testing.assert_close(same, audio.state_dict()["layers.2.fc2.bias"])
    assert model.id == load(tmp_path, "cpu").id
    words = bundle.load_text_module(tmp_path)
    assert words is not None and text.state_dict().keys() == words[0].state_dict().keys()

    sound = rng.normal(0, 0.1, 16_000).astype(np.float32)
    mixed = model.encode([sound, None, sound, None], ["fine", "fine", None, " "])
    assert mixed.has_audio.tolist() == [True, False, True, False]
    assert mixed.has_text.tolist() == [True, True, False, False]
    assert not mixed.audio[1].any() and not mixed.text[2].any()
    np.testing.assert_allclose(mixed.audio[0], mixed.audio[2], atol=1e-3)
    np.testing.assert_allclose(model.classify(mixed).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        ({"0.layers.9.fc2.bias": torch.ones(384)}, {}),
        ({"0.layers.3.fc2.bias": torch.ones(8)}, {}),
        ({}, {"encoder.layer.5.output.dense.bias": torch.ones(8)}),
    ],
)
def test_weights_that_do_not_fit_their_encoder_are_refused(
    tmp_path: Path, sound: dict[str, torch.Tensor], words: dict[str, torch.Tensor]
) -> None:
    bundle.save(tmp_path, scorer().settings, Heads(), sound, words)
    with pytest.raises(CallmoodError, match="do not fit its encoder, which has no"):
        load(tmp_path, "cpu")


def test_the_embedded_bundle_loads_and_is_small_enough() -> None:
    files = [path for path in bundle.INCLUDED["embedded"].iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"bundle.json", "weights.safetensors", "CARD.md"}
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    card = (bundle.INCLUDED["embedded"] / "CARD.md").read_text(encoding="utf-8")
    assert "RAVDESS" in card and "no commercial use" in card.replace("\n", " ")
    model = load("embedded", "cpu")
    assert model.labels == LABELS and 0 < model.settings.threshold < 1
    sound = np.random.default_rng(4).normal(0, 0.1, 16_000).astype(np.float32)
    probabilities = model.classify(model.encode([sound], [None]))
    assert probabilities.shape == (1, 8)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 99}, "format"),
        ({"surprise": 1}, "surprise"),
        ({"audio": {"encoders": ["tiny.en"], "ears": 2}}, "ears"),
        ({"course": {"upset_ends": 0.5}}, "upset_ends"),
    ],
)
def test_bundles_that_cannot_be_read_are_refused(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    table = json.loads((bundle.INCLUDED["embedded"] / "bundle.json").read_text(encoding="utf-8"))
    (tmp_path / "bundle.json").write_text(json.dumps(table | change), encoding="utf-8")
    (tmp_path / "weights.safetensors").write_bytes(os.urandom(8))
    with pytest.raises(CallmoodError, match=sentence):
        load(tmp_path)


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="is not an emotion model"):
        load(tmp_path)


def test_a_bundle_from_before_there_were_moods_over_time_has_the_default_ones(tmp_path: Path) -> None:
    table = json.loads((bundle.INCLUDED["embedded"] / "bundle.json").read_text(encoding="utf-8"))
    table.pop("course", None)
    (tmp_path / "bundle.json").write_text(json.dumps(table), encoding="utf-8")
    assert bundle.settings_of(tmp_path).course == CourseSettings()
