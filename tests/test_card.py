"""A bundle's card and what it says of itself."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callmood.labels import LABELS
from callmood.model.bundle import INCLUDED, settings_of
from callmood.training.corpora.clip import Clip
from callmood.training.measure import card
from callmood.training.measure.metrics import Metrics, metrics_of_clips

SETTINGS = settings_of(INCLUDED["embedded"])
RECIPE = {
    "family": "embedded",
    "seed": 7,
    "heads": {"logistic_c": 0.0015, "blocks": ({"width": 3},), "none": None},
}


def clip(label: str, speaker: str, corpus: str = "tess", gender: str = "female") -> Clip:
    return Clip(corpus, Path("x"), speaker, label, gender=gender)


TRAINED_ON = [
    clip("angry", "tess-old"),
    clip("sad", "tess-young"),
    clip("sad", "ravdess-01", "ravdess", "male"),
]


def found() -> Metrics:
    said = np.eye(8, dtype=np.float32)[[LABELS.index(label) for label in ("angry", "angry", "sad")]]
    return metrics_of_clips(TRAINED_ON, said)


@pytest.mark.parametrize(
    ("corpus", "licence"),
    [
        ("ravdess", "CC BY-NC-SA 4.0"),
        ("tess", "CC BY-NC-ND 4.0"),
        ("cremad", "ODbL 1.0"),
        ("savee", "upon registration"),
        ("iemocap", "by signature"),
        ("own", "one's own"),
    ],
)
def test_each_corpus_has_its_licence(corpus: str, licence: str) -> None:
    assert licence in card.text([clip("sad", "s", corpus)], {}, SETTINGS)


@pytest.mark.parametrize(("corpora", "forbidden"), [(("own", "cremad"), False), (("own", "tess"), True)])
def test_one_corpus_that_forbids_commercial_use_binds_the_weights(
    corpora: tuple[str, ...], forbidden: bool
) -> None:
    text = card.text([clip("sad", "s", corpus) for corpus in corpora], {}, SETTINGS)
    assert ("trains its own bundle" in text) is forbidden


def test_a_card_names_the_sides_that_there_are() -> None:
    assert "in the sound's vector and the words' side by side" in card.text(TRAINED_ON, {}, SETTINGS)
    assert "linear, in the sound's vector;" in card.text(TRAINED_ON, {}, replace(SETTINGS, text=None))


def test_a_corpus_that_nobody_knows_binds_the_weights() -> None:
    assert "licence unknown" in card.text([clip("sad", "s", "found")], {}, SETTINGS)


def test_clips_are_counted_by_corpus_and_class() -> None:
    text = card.text(TRAINED_ON, {}, SETTINGS)
    assert "| clips | angry | sad | all | speakers |" in text and "| tess | 1 | 1 | 2 | 2 |" in text


def test_labels_that_were_not_trained_are_named() -> None:
    rest = "calm, disgust, fearful, happy, neutral, surprised"
    assert f"Not trained: {rest}." in card.text(TRAINED_ON, {}, SETTINGS)
    assert "Not trained" not in card.text([clip(label, "s") for label in LABELS], {}, SETTINGS)


def test_what_was_not_measured_is_left_out() -> None:
    assert "## Metrics" not in card.text(TRAINED_ON, {}, SETTINGS)


def test_the_first_test_is_given_in_full_and_the_others_in_a_row() -> None:
    text = card.text(TRAINED_ON, {}, SETTINGS, tests={"clean": found(), "telephone": found()})
    for words in (
        "| clean | 75.0 |",
        "| telephone | 75.0 |",
        "“clean” (3 clips, 3 speakers)",
        "| sad | 50.0 |",
        "| ravdess |",
        "| male |",
        "ECE",
    ):
        assert words in text
    assert text.count("| label | recall |") == 1


def test_means_over_folds_have_their_spread() -> None:
    row = {
        "ua": 80.0,
        "ua_std": 4.0,
        "wa": 79.0,
        "wa_std": 3.0,
        "ece": 5.0,
        "ece_std": 1.0,
        "ece_pooled": 2.0,
    }
    assert "| clean | ours | 80.0 ± 4.0 |" in card.text(TRAINED_ON, {"clean": {"ours": row}}, SETTINGS)


def test_every_number_of_the_recipe_is_there_as_toml() -> None:
    text = card.text(TRAINED_ON, {}, SETTINGS, RECIPE, name="mine")
    assert "`mine`, seed 7" in text and "logistic_c = 0.0015" in text and "width = 3" in text
    assert "none" not in text.partition("```toml")[2].partition("```")[0]


def test_versions_are_there() -> None:
    import torch

    assert f"torch {torch.__version__.partition('+')[0]}" in card.text(TRAINED_ON, {}, SETTINGS)


def test_corpora_of_texts_are_named_where_words_were_tuned_on_them() -> None:
    mixed_in = {"text_corpus": {"folder": "comments", "share": 0.2, "weight": 0.5}}
    both = card.text(TRAINED_ON, {}, SETTINGS, texts=["goemotions", "meld"])
    assert "GoEmotions" in both and "MELD" in both
    assert "GoEmotions" not in card.text(TRAINED_ON, {}, SETTINGS, {"text_corpus": None})
    assert "GoEmotions" in card.text(TRAINED_ON, {}, SETTINGS, mixed_in)


def test_texts_for_research_forbid_commercial_use_of_weights_trained_on_free_voices() -> None:
    free = [replace(clip, corpus="own") for clip in TRAINED_ON]
    assert "None of the corpora above forbids" in card.text(free, {}, SETTINGS, texts=["goemotions"])
    assert "None of the corpora above forbids" not in card.text(
        free, {}, SETTINGS, texts=["goemotions", "meld"]
    )


def test_a_bundle_says_what_it_was_trained_on(tmp_path: Path) -> None:
    card.describe(tmp_path, SETTINGS, TRAINED_ON, RECIPE, {"clean": found()}, name="mine")
    about = json.loads((tmp_path / "about.json").read_text(encoding="utf-8"))
    assert about["corpora"]["tess"] == {"angry": 1, "sad": 1}
    assert about["speakers"] == ["ravdess-01", "tess-old", "tess-young"]
    assert about["recipe"] == "mine" and about["seed"] == 7 and about["figures"]["ua"] == 75
    assert (tmp_path / "CARD.md").read_text(encoding="utf-8").startswith("# ")


def test_the_encoders_licences_are_named() -> None:
    text = card.text(TRAINED_ON, {}, SETTINGS)
    assert (
        "Whisper tiny.en (MIT)" in text
        and "CAM++ of 3D-Speaker (Apache-2.0)" in text
        and "all-MiniLM-L6-v2" in text
    )
