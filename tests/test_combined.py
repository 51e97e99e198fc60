"""From clips of several corpora to the parts of a split; the corpus card."""

from pathlib import Path

import numpy as np
import pytest
from sounds import write_audio

from callmood.errors import CallmoodError
from callmood.sound import SAMPLE_RATE
from callmood.training import recipe
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.ravdess import EMOTIONS
from callmood.training.corpora.registry import read_clips
from callmood.training.data import combined, transcripts
from callmood.training.data.examples import Parts
from callmood.training.measure import corpus_card

PLAIN = {"family": "classical", "prepare": {"denoise": False, "trim": False, "shortest_s": 0}}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    """Five actors of five folds of RAVDESS and one actress of TESS, a short tone a clip."""
    folder = tmp_path_factory.mktemp("corpora")
    names = [
        f"ravdess/03-01-{emotion}-01-01-01-{actor}.wav"
        for actor in ("01", "04", "08", "03", "02")
        for emotion in EMOTIONS
    ]
    names += [f"tess/YAF_{word}_{emotion}.wav" for word in ("back", "bite") for emotion in ("angry", "ps")]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(exist_ok=True)
        at = np.arange(round(0.6 * SAMPLE_RATE)) / SAMPLE_RATE
        write_audio(
            folder / name, 0.2 * np.sin(2 * np.pi * (150 + 10 * number) * at)[None].astype(np.float32)
        )
    return [("ravdess", folder / "ravdess"), ("tess", folder / "tess")]


def parts_of(corpora: list[tuple[str, Path]], split: str, cache: Path, **more: object) -> list[Parts]:
    table = recipe.read(combined.CorpusRecipe, {**PLAIN, **more})
    return list(combined.parts(read_clips(corpora, table.labels), table, split, cache, lambda _: None))


def test_only_the_training_part_is_augmented(corpora: list[tuple[str, Path]], tmp_path: Path) -> None:
    (parts,) = parts_of(corpora, "speaker", tmp_path, balance={"per_class": 6})
    assert parts.labels == ("angry", "calm", "disgust", "fearful", "happy", "sad", "surprised")
    assert any(example.augmented for example in parts.train)
    assert not any(example.augmented for example in [*parts.validation, *parts.test])
    train = {example.clip.speaker for example in parts.train}
    assert not train & {example.clip.speaker for example in [*parts.validation, *parts.test]}
    counts = np.bincount([example.label for example in parts.train])
    assert counts.tolist() == [6] * 7


def test_examples_carry_their_label_s_place(corpora: list[tuple[str, Path]], tmp_path: Path) -> None:
    for parts in parts_of(corpora, "folds", tmp_path, labels="calls-merged"):
        for example in [*parts.train, *parts.validation, *parts.test]:
            assert parts.labels[example.label] == example.clip.label
            assert example.samples().dtype == np.float32 and np.abs(example.samples()).max() <= 1


def test_labels_that_only_the_left_out_corpus_has_are_reported(
    corpora: list[tuple[str, Path]], tmp_path: Path
) -> None:
    remarks: list[str] = []
    table = recipe.read(combined.CorpusRecipe, PLAIN)
    some = read_clips([corpora[0]], "paper") + [
        Clip("tess", clip.path, f"tess-{place % 4}", clip.label)
        for place, clip in enumerate(read_clips([corpora[1]], "paper") * 4)
    ]
    table = table.model_copy(update={"prepare": table.prepare.model_copy(update={"distinct": False})})
    found = {parts.name: parts for parts in combined.parts(some, table, "corpus", tmp_path, remarks.append)}
    assert {example.clip.label for example in found["without ravdess"].test} == {"angry", "surprised"}
    assert any(
        "without ravdess: tested without 25 clips of labels that no other corpus has" in line
        for line in remarks
    )


def test_missing_texts_are_transcribed_where_the_recipe_says_so(
    corpora: list[tuple[str, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def transcribe(sounds: list[Path], _: object) -> list[tuple[list[Path], list[str]]]:
        counts.append(len(sounds))
        return [(sounds, ["said"] * len(sounds))] if sounds else []

    monkeypatch.setattr(transcripts, "_transcribed", transcribe)
    sound = corpora[0][1] / "03-01-01-01-01-01-01.wav"
    prepared = [(Clip("own", sound, "x"), sound), (Clip("own", sound, "x", text="known"), sound)]
    for _ in range(2):
        found = transcripts.with_texts(prepared, tmp_path, lambda _: None)
        assert [clip.text for clip, _ in found] == ["said", "known"]
    assert counts == [1, 0]


def test_the_recipe_s_corpus_tables_are_checked() -> None:
    with pytest.raises(CallmoodError, match=r"no prepare\.denoize \(did you mean denoise\?\)"):
        recipe.read(combined.CorpusRecipe, {"family": "classical", "prepare": {"denoize": True}})
    with pytest.raises(CallmoodError, match=r"labels is wrong: .*calls-merged"):
        recipe.read(combined.CorpusRecipe, {"family": "classical", "labels": "all"})


def test_the_corpus_card_explains_every_difference(corpora: list[tuple[str, Path]], tmp_path: Path) -> None:
    table = recipe.read(combined.CorpusRecipe, {**PLAIN, "labels": "calls"})
    found = corpus_card.counts(corpora, table, tmp_path, lambda _: None)
    assert all(count.clips - count.paper == sum(count.why.values()) for count in found)
    assert sum(count.paper for count in found) == 13_236 and sum(count.clips for count in found) == 44
    lines = corpus_card.differences(found)
    assert any(line.startswith("savee: -360 clips of a corpus that is not given") for line in lines)
    assert "ravdess: +5 clips that the paper's labels leave out or name differently (+5 neutral)." in lines
    assert "5/192" in list(corpus_card.table_of(found).columns[3].cells)


@pytest.mark.parametrize(
    ("clips", "sentence"),
    [(1, "savee: +1 clip of another kind (+1 sad)."), (-2, "savee: -2 clips of another kind (-2 sad).")],
)
def test_a_difference_of_one_is_one_clip(clips: int, sentence: str) -> None:
    count = corpus_card.Count("savee", "sad", 60 + clips, 60, {"of another kind": clips})
    assert corpus_card.differences([count]) == [sentence]
