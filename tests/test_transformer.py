"""The transformer systems: what is trained is what a bundle scores, with one side or both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    HubertConfig,
    HubertModel,
    MPNetConfig,
    MPNetModel,
    MPNetTokenizerFast,
)

from callmood.bundled_weights import TINY_EN
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model import bundle, encode
from callmood.model.loudness import prepared
from callmood.model.scorer import softmax
from callmood.training import recipe
from callmood.training.corpora.clip import Clip
from callmood.training.data.examples import Example, Parts
from callmood.training.fit import joint
from callmood.training.systems import transformer
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace

TRAINED = ("angry", "happy", "sad")
TEXTS = {"angry": "this is a shame", "happy": "thank you so much", "sad": "we lost it all"}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return tiny_encoders(tmp_path_factory.mktemp("encoders"))


def tiny_encoders(place: Path) -> tuple[str, str]:
    """Folders of a tiny HuBERT and a tiny BERT, in the hub's format."""
    torch.manual_seed(1)
    HubertModel(
        HubertConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            conv_dim=(8, 8),
            conv_stride=(20, 16),
            conv_kernel=(40, 16),
            num_conv_pos_embeddings=8,
            num_conv_pos_embedding_groups=2,
            apply_spec_augment=False,
        )
    ).save_pretrained(place / "hubert")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *sorted({w for t in TEXTS.values() for w in t.split()}),
    ]
    (place / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(place / "vocab.txt")).save_pretrained(place / "bert")
    BertModel(
        BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
        )
    ).save_pretrained(place / "bert")
    return str(place / "hubert"), str(place / "bert")


def parts(place: Path, each: int = 4) -> Parts:
    """Clips whose pitch tells the label, and whose words do."""
    rng = np.random.default_rng(1)

    def example(label: int, number: int) -> Example:
        time = np.arange(16_000 + 500 * number) / 16_000
        sound = 0.3 * np.sin(2 * np.pi * 200 * (label + 1) * time) + rng.normal(0, 0.01, len(time))
        path = place / f"{label}-{number}.npy"
        np.save(path, np.asarray(32_767 * sound, np.int16))
        name = TRAINED[label]
        return Example(Clip("x", path, "x-1", name, text=TEXTS[name]), label, path)

    rows = [example(label, number) for number in range(each) for label in range(3)]
    return Parts("paper", TRAINED, rows, rows[:6], rows[3:9])


def settings(encoders: tuple[str, str], name: str = "hubert_bert", **changes: Any) -> transformer.Recipe:
    table = recipe.load(name)
    if "audio" in table and name.startswith("hubert"):
        table["audio"]["encoder"] = encoders[0]
    if "text" in table and name.endswith("bert"):
        table["text"]["encoder"] = encoders[1]
    table["training"] |= {"epochs": 3, "warmup_steps": 0, "learning_rate": 5e-3, "patience": 0}
    for dotted, value in changes.items():
        place, _, key = dotted.rpartition("__")
        (table.setdefault(place, {}) if place else table)[key] = value
    return recipe.read(transformer.Recipe, table)


def trained(out: Path, wanted: transformer.Recipe, given: Parts) -> Outcome:
    out.mkdir()
    return transformer.run(wanted, given, Workspace(out, "cpu", report=lambda line: None))


@pytest.mark.parametrize("name", ["hubert", "bert", "hubert_bert"])
def test_the_paper_s_systems_learn_and_leave_a_bundle_of_their_own(
    tmp_path: Path, encoders: tuple[str, str], name: str
) -> None:
    given = parts(tmp_path)
    found = trained(tmp_path / "out", settings(encoders, name), given)
    assert found.history[-1]["loss"] < found.history[0]["loss"]
    assert found.probabilities.shape == (6, 3)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    scorer = bundle.load(tmp_path / "out", "cpu")
    assert (scorer.settings.audio is not None) == (name != "bert")
    assert (scorer.settings.text is not None) == (name != "hubert")


def test_an_mpnet_can_stand_in_bert_s_place(tmp_path: Path, encoders: tuple[str, str]) -> None:
    given, folder = parts(tmp_path), tmp_path / "mpnet"
    folder.mkdir()
    words = sorted({word for text in TEXTS.values() for word in text.split()})
    (folder / "vocab.txt").write_text("\n".join(["<s>", "<pad>", "</s>", "[UNK]", "<mask>", *words]), "utf-8")
    MPNetTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    MPNetModel(MPNetConfig(vocab_size=5 + len(words), **sizes)).save_pretrained(folder)
    found = trained(tmp_path / "out", settings(encoders, "mpnet", text__encoder=str(folder)), given)
    scorer = bundle.load(tmp_path / "out", "cpu")
    module = bundle.load_text_module(tmp_path / "out")
    assert module is not None and type(module[0]).__name__ == "MPNetModel"
    again = transformer.score(scorer, given.test, TRAINED)
    np.testing.assert_allclose(again, found.probabilities, atol=1e-5)
    assert found.history[-1]["loss"] < found.history[0]["loss"]


def test_clips_without_a_text_count_and_are_named_where_nothing_else_is_read(
    tmp_path: Path, encoders: tuple[str, str]
) -> None:
    given = parts(tmp_path)
    first, second, *others = given.test
    mute = [
        replace(first, clip=replace(first.clip, text="")),
        replace(second, clip=replace(second.clip, text=None)),
    ]
    given = replace(given, test=[*mute, *others])
    lines: list[str] = []
    (tmp_path / "out").mkdir()
    workspace = Workspace(tmp_path / "out", "cpu", report=lines.append)
    found = transformer.run(settings(encoders, "bert"), given, workspace)
    assert found.notes["test_clips_without_text"] == 2
    assert any("2 of 6 clips to test have no text" in line for line in lines)
    np.testing.assert_array_equal(found.probabilities[:2], found.probabilities[0, 0])


def test_a_bundle_gives_the_logits_of_the_network(tmp_path: Path, encoders: tuple[str, str]) -> None:
    wanted = settings(encoders, audio__layers="weighted", audio__pooling="mean-std", text__pooling="mean-max")
    given = parts(tmp_path)
    built = transformer.build(wanted, 3)
    assert built.joint.voice is not None and built.joint.voice.layer_weights is not None
    with torch.no_grad():
        built.joint.voice.layer_weights.copy_(torch.tensor([0.0, 1.0, -1.0]))
    sounds = [prepared(example.samples()) for example in given.train]
    joint.standardise(built.joint.voice, sounds, batch=5)
    transformer.save(tmp_path / "out", built, wanted, given, 2.0, 0.4)
    rows = joint.Utterances(given.test, 15.0)
    tokenize = transformer.tokenizer_of(built, wanted)
    inputs = joint.collate([rows[row] for row in range(len(rows))], tokenize, sound=True)
    del inputs["labels"], inputs["weights"]
    with torch.no_grad():
        logits = built.joint.eval()(**inputs).numpy()
    scored = transformer.score(bundle.load(tmp_path / "out", "cpu"), given.test, TRAINED)
    np.testing.assert_allclose(scored, softmax(logits / 2), atol=1e-4)


def test_a_label_that_was_not_trained_is_never_given(tmp_path: Path, encoders: tuple[str, str]) -> None:
    wanted, given = settings(encoders), parts(tmp_path)
    transformer.save(tmp_path / "out", transformer.build(wanted, 3), wanted, given, 1.0, 0.4)
    scorer = bundle.load(tmp_path / "out", "cpu")
    sound = given.test[0].samples()
    probabilities = scorer.classify(scorer.encode([sound, sound, None], ["we lost", None, "we lost"]))
    untrained = [number for number, label in enumerate(LABELS) if label not in TRAINED]
    assert not probabilities[:, untrained].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_identity_of_a_bundle_covers_its_encoders(tmp_path: Path, encoders: tuple[str, str]) -> None:
    wanted, given = settings(encoders), parts(tmp_path)
    transformer.save(tmp_path / "out", transformer.build(wanted, 3), wanted, given, 1.0, 0.4)
    before = bundle.content_id(tmp_path / "out")
    weights = tmp_path / "out" / "audio_encoder" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert bundle.content_id(tmp_path / "out") != before


def test_a_joint_training_starts_from_the_bundle_of_an_earlier_one(
    tmp_path: Path, encoders: tuple[str, str]
) -> None:
    given = parts(tmp_path)
    trained(tmp_path / "first", settings(encoders, "hubert"), given)
    built = transformer.build(settings(encoders, audio__encoder=str(tmp_path / "first")), 3)
    assert built.joint.voice is not None
    earlier = bundle.load_audio_modules(tmp_path / "first")[0].state_dict()
    for name, value in built.joint.voice.encoder.state_dict().items():
        assert torch.equal(value, earlier[name])


def test_of_packaged_encoders_only_the_changes_are_kept(tmp_path: Path, encoders: tuple[str, str]) -> None:
    wanted = settings(encoders, "whisper_minilm", audio__tune=1, text__tune="frozen", training__epochs=1)
    given = parts(tmp_path, each=3)
    trained(tmp_path / "out", wanted, given)
    assert not (tmp_path / "out" / "audio_encoder").exists()
    (tuned,), published = (
        bundle.load_audio_modules(tmp_path / "out"),
        encode.load_audio_encoder(encode.TINY_EN),
    )
    before, after = published.state_dict(), tuned.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("layers.3.") for name in changed)


def test_a_side_is_hidden_in_training_alone_and_never_both(encoders: tuple[str, str]) -> None:
    network_ = transformer.build(
        settings(encoders, modality_dropout__voice=0.5, modality_dropout__words=0.5), 3
    )
    yes = torch.ones(64, dtype=torch.bool)
    audio, text = network_.joint.hide_sides(yes, yes)
    assert torch.equal(audio, ~text) and audio.any() and text.any()
    alone, silent = network_.joint.hide_sides(yes, ~yes)
    assert alone.all() and not silent.any()


def test_frozen_encoders_get_no_gradient_and_no_dropout(encoders: tuple[str, str]) -> None:
    built = transformer.build(settings(encoders, audio__tune="frozen", text__tune=1), 3)
    voice, words = built.joint.train().voice, built.joint.words
    assert voice is not None and words is not None and not voice.encoder.training and words.encoder.training
    assert not any(parameter.requires_grad for parameter in voice.encoder.parameters())
    tuned = {name for name, value in words.encoder.named_parameters() if value.requires_grad}
    assert tuned and all(name.startswith("encoder.layer.1.") for name in tuned)


def test_every_trained_parameter_has_one_rate(encoders: tuple[str, str]) -> None:
    wanted = settings(encoders, audio__layers="weighted")
    built = transformer.build(wanted, 3)
    grouped = [id(value) for group in built.joint.groups(wanted.training) for value in group["params"]]
    assert sorted(grouped) == sorted(id(value) for value in built.joint.parameters() if value.requires_grad)


def test_comments_are_mixed_in_as_rows_without_sound(tmp_path: Path, encoders: tuple[str, str]) -> None:
    lines = ["so angry\t2\ta", "what joy\t17\tb", "both\t2,17\tc", "no feeling\t27\td"]
    (tmp_path / "train.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpus = {"folder": str(tmp_path), "share": 0.5, "weight": 0.3}
    comments = transformer.comments_of(settings(encoders, text_corpus=corpus), TRAINED, clips=12)
    assert sorted(comments) == [("so angry", 0), ("what joy", 1)]
    rows = joint.Utterances(parts(tmp_path).train, 15.0, comments, 0.3)
    last = rows[len(rows) - 1]
    assert (
        last.samples is None
        and last.weight == 0.3
        and len(rows) == len(rows.labels) == len(rows.lengths) == 14
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"audio__encoder": "cam++"}, "can't be tuned"),
        ({"audio__encoder": "nowhere/"}, "neither a folder nor on this machine"),
        ({"modality_dropout__voice": 0.7, "modality_dropout__words": 0.7}, "above 1"),
        ({"audio__tune": "some"}, "tune"),
    ],
)
def test_wrong_settings_get_a_sentence(
    encoders: tuple[str, str], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CallmoodError, match=sentence):
        transformer.build(settings(encoders, **changes), 3)


@pytest.mark.parametrize(
    "name", ["hubert", "bert", "hubert_bert", "whisper", "minilm", "whisper_minilm", "mpnet", "whisper_mpnet"]
)
def test_recipes_are_whole(name: str) -> None:
    assert recipe.read(transformer.Recipe, recipe.load(name)).family == "transformer"


def test_a_whisper_from_a_folder_keeps_its_encoder_alone(tmp_path: Path) -> None:
    encode.load_audio_encoder(encode.TINY_EN).save_pretrained(tmp_path)
    again = encode.load_audio_encoder(str(tmp_path)).state_dict()
    for name, value in encode.load_audio_encoder(encode.TINY_EN).state_dict().items():
        assert torch.equal(value, again[name])
    assert TINY_EN.path().is_file()
