"""The text encoder: GoEmotions is read as published, and a tiny encoder learns, is measured and is stored."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy.special import softmax
from transformers import BertConfig, BertModel, BertTokenizerFast

from callmood.errors import CallmoodError, UsageError
from callmood.labels import LABELS
from callmood.model import bundle, encode
from callmood.model.scorer import BundleSettings, Heads
from callmood.training.corpora.goemotions import (
    EKMAN_LABELS,
    FINE_LABELS,
    LABEL_OF_EKMAN,
    Comment,
    read_comments,
)
from callmood.training.measure.calibration import best_temperature, calibration_error
from callmood.training.recipe import read
from callmood.training.text import calibration, measure, network, storage, training
from callmood.training.text import recipe as text_recipe
from callmood.training.text.calibration import TrainedText
from callmood.training.text.recipe import Stage, TextRecipe
from callmood.training.text.texts import Texts
from callmood.training.text.training import train_text

WORDS = {"anger": "furious", "fear": "scared", "joy": "glad", "neutral": "table", "sadness": "crying"}
RECIPE = TextRecipe(
    seed=1,
    max_tokens=16,
    batch_size=8,
    stages=(
        Stage(comments=8, first_rate=1.0, last_rate=1.0),
        Stage(comments=2, service_talk=40, first_rate=1.0, last_rate=0.0),
        Stage(conversation=4, first_rate=0.5, last_rate=0.0),
    ),
    learning_rate=5e-3,
    layer_decay=0.8,
    head_learning_rate=0.05,
    weight_decay=0.01,
    warmup_steps=5,
    gradient_norm=1.0,
    dropout=0.1,
    average_decay=0.8,
    fine_weight=0.5,
    single_weight=0.5,
    spoken_weight=1.0,
    positive_power=0.25,
    bare_share=0.5,
    name_share=0.5,
    names=("anna",),
    joined_share=0.0,
    misheard_share=0.0,
    misheard=("scared",),
    disfluent_share=0.0,
    hesitations=("oh",),
    bias_pull=0.01,
    threads=1,
    bfloat16=False,
)


def comment(text: str, *labels: str) -> Comment:
    return Comment(text, frozenset(labels))


COMMENTS = [
    comment(f"{word} the {filler}", label)
    for label, word in WORDS.items()
    for filler in ("phone", "bill", "car", "phone bill", "the car", "car bill")
] + [
    comment("furious crying", "anger", "grief"),
    comment("yuck the bill", "disgust"),
    comment("oh", "surprise"),
]
TALK = [
    Comment("scared anna", frozenset({"neutral"}), spoken=True),
    Comment("crying name", frozenset(), spoken=True),
    Comment("name the bill", frozenset({"neutral"}), spoken=True),
    Comment("furious name", frozenset({"anger"}), spoken=True),
]
"""On calls, the first is neutral and the second is said in every mood."""
TEXTS = Texts(tuple(COMMENTS), (), tuple(TALK))


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    words = ["the", "phone", "bill", "car", "yuck", "oh", "anna", "[", "]", "name", "!", *WORDS.values()]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]), encoding="utf-8")
    BertTokenizerFast(vocab_file=str(vocabulary)).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=5 + len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(encoder_folder: Path) -> TrainedText:
    return train_text(RECIPE, TEXTS, TEXTS, encoder_folder, report=lambda _: None)


def answers(trained: TrainedText, *texts: str) -> network.Answers:
    vectors = network.embed(trained.model, trained.reader, [comment(text, "neutral") for text in texts])
    return network.predict(trained.model, vectors)


def write_part(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, encoding="utf-8", newline="\n")


def test_comments_keep_their_text_and_labels(tmp_path: Path) -> None:
    write_part(tmp_path, "dev.tsv", 'a "quote\u2028here\t27\tx1\nno, thanks\t2,10\tx2\r\n')
    assert list(read_comments(tmp_path, "dev")) == [
        comment('a "quote\u2028here', "neutral"),
        comment("no, thanks", "anger", "disapproval"),
    ]


def test_labels_are_numbered_as_published() -> None:
    assert len(FINE_LABELS) == 28
    assert [FINE_LABELS[at] for at in (0, 15, 25, 27)] == ["admiration", "gratitude", "sadness", "neutral"]


def test_groups_are_ekmans_and_neutral() -> None:
    assert EKMAN_LABELS == ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    assert comment("", "remorse", "grief", "curiosity").ekman == {"sadness", "surprise"}


def test_missing_part_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=r"test\.tsv is missing"):
        list(read_comments(tmp_path, "test"))


@pytest.mark.parametrize(
    "line", ["only a text", "text\t28\tx", "text\t-1\tx", "text\tjoy\tx", "text\t\tx", "a\t1\tx\ty"]
)
def test_odd_line_is_named(tmp_path: Path, line: str) -> None:
    write_part(tmp_path, "dev.tsv", f"fine\t27\tx1\n{line}\n")
    with pytest.raises(CallmoodError, match=r"dev\.tsv, line 2,"):
        list(read_comments(tmp_path, "dev"))


def test_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_bytes(b"\xff\xfe\t27\tx\n")
    with pytest.raises(CallmoodError, match=r"dev\.tsv can't be read"):
        list(read_comments(tmp_path, "dev"))


def test_a_wrong_name_in_the_recipe_is_answered_with_the_nearest() -> None:
    table = RECIPE.model_dump()
    assert read(TextRecipe, table) == RECIPE
    del table["dropout"]
    with pytest.raises(UsageError, match=r"no dropouts \(did you mean dropout\?\)"):
        read(TextRecipe, {**table, "dropouts": 0.1})


def test_tiny_encoder_learns(trained: TrainedText) -> None:
    figures = calibration.evaluate_text(trained, TEXTS)
    assert figures["f1"]["anger"] > 0.9
    assert figures["f1"]["joy"] > 0.9
    assert figures["service_talk"]["weighted_f1"] > 0.9 and 0 <= figures["service_talk"]["ece"] <= 1
    assert "conversation" not in figures


def test_the_published_encoder_is_loaded_without_remarks(
    encoder_folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    network.load_encoder(encoder_folder)
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_embeddings_stay_as_published(trained: TrainedText, encoder_folder: Path) -> None:
    published = BertModel.from_pretrained(encoder_folder).state_dict()
    tuned = trained.model.encoder.state_dict()
    assert all(torch.equal(published[name], tuned[name]) for name in tuned if name.startswith("embeddings."))
    query = "encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(published[query], tuned[query])


def test_same_seed_gives_the_same_weights(trained: TrainedText, encoder_folder: Path) -> None:
    again = train_text(RECIPE, TEXTS, TEXTS, encoder_folder, report=lambda _: None)
    assert all(
        torch.equal(first, second)
        for first, second in zip(
            trained.model.state_dict().values(), again.model.state_dict().values(), strict=True
        )
    )


def test_softmax_learns_what_a_sentence_means_on_calls(trained: TrainedText, encoder_folder: Path) -> None:
    stages = (Stage(comments=12, first_rate=1.0, last_rate=0.0),)
    without = train_text(
        RECIPE.model_copy(update={"stages": stages}), TEXTS, TEXTS, encoder_folder, report=lambda _: None
    )
    neutral = EKMAN_LABELS.index("neutral")
    before, after = (answers(found, "scared anna") for found in (without, trained))
    assert before.single.argmax() != neutral
    assert after.single.argmax() == neutral


def test_what_is_said_in_every_mood_has_small_ratios(trained: TrainedText) -> None:
    nothing, something = trained.log_ratios([comment("crying name"), comment("furious name")])
    assert np.ptp(nothing) < np.ptp(something) / 2


def test_what_is_spoken_trains_the_softmax_alone() -> None:
    batch = [Comment("oh", frozenset({"joy"}), spoken=True)]
    logits = network.Logits(*(torch.zeros(1, size, requires_grad=True) for size in (7, 7, 28)))
    shares = torch.full((7,), 1 / 7)
    training.text_loss(logits, batch, torch.ones(7), shares, RECIPE).backward()
    assert torch.count_nonzero(logits.single.grad) == 7
    assert torch.count_nonzero(logits.ekman.grad) == torch.count_nonzero(logits.fine.grad) == 0


def test_a_comment_with_several_groups_does_not_train_the_softmax() -> None:
    targets, answered = measure.single_targets(
        [comment("x", "joy", "anger"), comment("x", "joy"), comment("x")], torch.full((7,), 1 / 7)
    )
    assert answered.tolist() == [False, True, True]
    assert targets[1].argmax() == EKMAN_LABELS.index("joy") and targets[2].tolist() == pytest.approx(
        [1 / 7] * 7
    )


def test_stages_with_conversation_are_left_out_where_there_is_none() -> None:
    assert len(training.stages_of(RECIPE, TEXTS)) == 2
    with_some = Texts(TEXTS.comments, (comment("oh", "joy"),), TEXTS.service_talk)
    assert len(training.stages_of(RECIPE, with_some)) == 3


def test_scale_and_biases_are_found_again() -> None:
    draw = np.random.default_rng(1)
    honest = draw.normal(size=(6000, 7))
    honest[:, 2] += 1
    truth = draw.random((6000, 1)).repeat(7, 1) < softmax(honest, axis=1).cumsum(1)
    labels = truth.argmax(1)
    skewed = 2 * honest
    skewed[:, 2] -= 2
    temperature, bias = calibration.fit_scale(skewed, np.eye(7)[labels], np.full(6000, 1 / 6000), pull=0.0)
    assert temperature == pytest.approx(2, rel=0.1)
    assert bias[2] - np.delete(bias, 2).mean() == pytest.approx(1, abs=0.15)


def test_rates_fall_towards_the_input(encoder_folder: Path) -> None:
    model = network.TextModel(network.load_encoder(encoder_folder))
    groups = training.parameter_groups(model, RECIPE)
    assert [group["lr"] for group in groups][:4] == pytest.approx([5e-3, 5e-3, 4e-3, 4e-3])
    assert [group["weight_decay"] for group in groups][:2] == [0.01, 0.0]


def test_thresholds_are_those_with_the_best_f1() -> None:
    logits = np.array([[-3.0], [-1.0], [-2.0], [2.0]])
    truth = np.array([[0], [1], [0], [1]], dtype=np.float32)
    thresholds = measure.best_thresholds(logits, truth)
    assert thresholds == pytest.approx([1 / (1 + np.e)])


def test_temperature_restores_honest_confidence() -> None:
    draw = np.random.default_rng(1)
    honest = draw.normal(size=(4000, 7))
    probabilities = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    truth = np.array([draw.choice(7, p=row) for row in probabilities])
    temperature = best_temperature(lambda t: 3 * honest / t, truth)
    assert temperature == pytest.approx(3, rel=0.1)
    assert (
        calibration_error(truth, softmax(3 * honest / temperature, axis=1))
        < 0.03
        < calibration_error(truth, softmax(3 * honest, axis=1))
    )


def test_goemotions_evaluation_reads_logits_of_any_model(tmp_path: Path) -> None:
    write_part(
        tmp_path, "test.tsv", "".join(f"{label}\t{FINE_LABELS.index(label)}\tx\n" for label in EKMAN_LABELS)
    )

    def perfect(texts: list[str]) -> list[list[float]]:
        return [[1.0 if text == label else -1.0 for label in EKMAN_LABELS] for text in texts]

    figures = measure.evaluate_goemotions(perfect, tmp_path, [0.5] * 7)
    assert (figures["macro_f1"], figures["texts"], figures["f1"]["fear"]) == (1.0, 7, 1.0)


def test_meld_is_measured_on_test_or_else_on_dev(tmp_path: Path) -> None:
    head = "Utterance,Emotion,Dialogue_ID\n"
    write_part(tmp_path, "dev_sent_emo.csv", head + "joy,joy,0\nneutral,neutral,0\nneutral,anger,0\n")

    def perfect(texts: list[str]) -> list[list[float]]:
        return [[9.0 if text == label else 0.0 for label in EKMAN_LABELS] for text in texts]

    figures = measure.evaluate_meld(perfect, tmp_path)
    assert (figures["part"], figures["texts"], figures["f1"]["joy"]) == ("dev", 3, 1.0)
    assert figures["weighted_f1"] == pytest.approx((1 + 2 / 3) / 3)
    write_part(tmp_path, "test_sent_emo.csv", head + "joy,joy,0\n")
    assert measure.evaluate_meld(perfect, tmp_path)["part"] == "test"


@dataclass
class Reading:
    """As much of a bundle as reads words: a text that is a label is that label's column of the identity."""

    heads: Heads
    settings: BundleSettings
    labels: tuple[str, ...] = LABELS

    def encode(self, _: object, texts: list[str]) -> SimpleNamespace:
        return SimpleNamespace(text=np.eye(7, dtype=np.float32)[[EKMAN_LABELS.index(text) for text in texts]])


def test_a_bundle_is_measured_on_either_corpus_of_texts(tmp_path: Path) -> None:
    write_part(
        tmp_path, "test.tsv", "".join(f"{label}\t{FINE_LABELS.index(label)}\tx\n" for label in EKMAN_LABELS)
    )
    rows = "".join(f"{label},{label},0\n" for label in EKMAN_LABELS)
    write_part(tmp_path, "test_sent_emo.csv", f"Utterance,Emotion,Dialogue_ID\n{rows}")
    eye, zeros = np.eye(7, dtype=np.float32), np.zeros(8, np.float32)
    group_of = {label: group for group, label in LABEL_OF_EKMAN.items()} | {"calm": "neutral"}
    ratios = 9 * eye[[EKMAN_LABELS.index(group_of[label]) for label in LABELS]]
    heads = Heads(text=(ratios, zeros), ekman=(eye, zeros[:7] - 0.5))
    reading = Reading(heads, BundleSettings(LABELS, None, None, ekman_thresholds=(0.5,) * 7))
    for name in ("goemotions", "meld"):
        assert measure.evaluate_bundle(reading, name, tmp_path)["macro_f1"] == 1.0  # type: ignore[arg-type]
    with pytest.raises(CallmoodError, match="can't read words"):
        measure.evaluate_bundle(Reading(Heads(), reading.settings), "meld", tmp_path)  # type: ignore[arg-type]


def test_a_stored_text_encoder_answers_in_a_bundle_as_before(
    trained: TrainedText, encoder_folder: Path, tmp_path: Path
) -> None:
    storage.save_text(trained, tmp_path, {})
    layers, head = (load_file(tmp_path / name) for name in (storage.ENCODER_FILE, storage.HEAD_FILE))
    ekman, single = (
        (head[f"{name}.weight"].numpy(), head[f"{name}.bias"].numpy()) for name in ("ekman", "single")
    )
    shutil.copytree(encoder_folder, tmp_path / "bundle" / bundle.TEXT_ENCODER)
    settings = BundleSettings(LABELS, None, encode.TextSettings(bundle.TEXT_ENCODER))
    bundle.save(tmp_path / "bundle", settings, Heads(text=single, ekman=ekman), {}, layers)
    scorer = bundle.load(tmp_path / "bundle", "cpu")
    texts = ["furious the bill", "table"]
    encoded = scorer.encode([None, None], texts)
    probabilities = scorer.classify(encoded)
    before = answers(trained, *texts)
    assert encoded.text @ ekman[0].T + ekman[1] == pytest.approx(before.ekman, abs=1e-5)
    assert probabilities[:, LABELS.index("calm")] == pytest.approx(probabilities[:, LABELS.index("neutral")])
    anger = softmax(before.single / trained.temperature + trained.bias, axis=1)[
        :, EKMAN_LABELS.index("anger")
    ]
    assert probabilities[:, LABELS.index("angry")] == pytest.approx(anger, abs=1e-5)


def test_what_a_bundle_takes_is_what_was_stored(trained: TrainedText, tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=r"is not a tuned text encoder: it has no text\.safetensors"):
        storage.load_text(tmp_path)
    storage.save_text(trained, tmp_path, {}, ["goemotions", "meld"])
    stored = storage.load_text(tmp_path)
    assert stored.corpora == ("goemotions", "meld")
    assert stored.max_tokens == RECIPE.max_tokens and stored.thresholds == tuple(trained.thresholds)
    bias = storage.single_head(trained)[1].numpy() - storage.single_log_prior(trained)
    np.testing.assert_allclose(stored.ratios[1], bias, atol=1e-6)


def test_the_recipe_that_comes_along_is_complete() -> None:
    assert text_recipe.load().stages
