"""Splits: who trains, who validates, who tests, and when clips are too few."""

import json
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from callmood.errors import CallmoodError
from callmood.training.corpora.clip import Clip
from callmood.training.data.split import (
    FOLDS,
    RAVDESS_FOLDS,
    SPLITS,
    Rows,
    ravdess_folds,
    splits,
    unseen_folds,
)

LISTS = Path(__file__).parents[2] / "shared" / "text" / "EmoBox_splits"


def clips(corpus: str, speakers: list[str], labels: str = "angry calm sad", each: int = 4) -> list[Clip]:
    return [
        Clip(corpus, Path(f"{number}.wav"), f"{corpus}-{speaker}", label)
        for speaker, label, number in product(speakers, labels.split(), range(each))
    ]


RAVDESS = clips("ravdess", [f"{actor:02}" for actor in range(1, 25)])
TESS = clips("tess", ["old", "young"], "angry sad", 10)
ALL = RAVDESS + TESS


def speakers(part: list[int], corpus: str = "ravdess") -> set[str]:
    return {ALL[row].speaker for row in part if ALL[row].corpus == corpus}


@pytest.mark.parametrize("kind", SPLITS)
def test_no_clip_is_in_two_parts_and_the_seed_decides(kind: str) -> None:
    found = list(splits(ALL, kind, 1))
    assert found == list(splits(ALL, kind, 1))
    for rows in found:
        together = [*rows.train, *rows.validation, *rows.test]
        assert len(set(together)) == len(together)
        assert rows.train and rows.validation and rows.test
    if kind in ("paper", "speaker"):
        assert found != list(splits(ALL, kind, 2))


def test_the_paper_s_split_takes_a_fifth_of_every_class_twice() -> None:
    (rows,) = splits(ALL, "paper", 1)
    assert [len(rows.train), len(rows.validation), len(rows.test)] == [209, 53, 66]
    whole = Counter(clip.label for clip in ALL)
    for label, count in Counter(ALL[row].label for row in rows.test).items():
        assert count == pytest.approx(whole[label] / 5, abs=1)


def test_speakers_of_the_test_are_nowhere_else() -> None:
    (rows,) = splits(ALL, "speaker", 1)
    parts = [speakers(rows.train), speakers(rows.validation), speakers(rows.test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert len(parts[2]) in (4, 5, 6) and len(parts[1]) in (4, 5, 6)
    assert speakers(rows.train, "tess") == {"tess-old", "tess-young"}


def test_the_next_fold_validates_and_a_fold_without_actors_is_skipped() -> None:
    present = [row for row, clip in enumerate(ALL) if clip.speaker[-2:] not in RAVDESS_FOLDS[6]]
    some = [ALL[row] for row in present]
    found = list(splits(some, "folds", 1))
    assert [rows.name for rows in found] == [f"fold {fold}" for fold in (1, 2, 3, 4, 5)]
    last = found[-1]
    assert {some[row].speaker[-2:] for row in last.test} == set(RAVDESS_FOLDS[5])
    assert {some[row].speaker[-2:] for row in last.validation} == set(RAVDESS_FOLDS[1])
    assert sum(some[row].corpus == "tess" for row in last.train) == len(TESS)


def test_folds_of_several_corpora_run_side_by_side() -> None:
    both = RAVDESS + clips("savee", ["DC", "JE", "JK", "KL"])
    found = list(splits(both, "folds", 1))
    tested = [{both[row].speaker for row in rows.test if both[row].corpus == "savee"} for rows in found]
    assert tested == [{"savee-JE"}, {"savee-KL"}, {"savee-DC"}, {"savee-JK"}, set(), set()]


def test_every_speaker_is_tested_once_unseen_and_corpora_of_two_never_validate() -> None:
    some = (
        ALL
        + clips("savee", ["DC", "JE", "KL"])
        + clips("cremad", [f"{number}" for number in range(1001, 1013)])
    )
    found = list(splits(some, "unseen", 1))
    assert sorted(row for rows in found for row in rows.test) == list(range(len(some)))
    for rows in found:
        parts = [{some[row].speaker for row in part} for part in (rows.train, rows.validation, rows.test)]
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
        assert {some[row].corpus for row in rows.train} == {"ravdess", "tess", "savee", "cremad"}
        assert {some[row].corpus for row in rows.validation} == {"ravdess", "savee", "cremad"}
    tested = [{some[row].speaker for row in rows.test if some[row].corpus == "savee"} for rows in found]
    assert tested == [{"savee-JE"}, {"savee-KL"}, {"savee-DC"}, set(), set(), set()]


def test_speakers_of_corpora_without_published_folds_are_tested_unseen_too() -> None:
    own = clips("own", ["a", "b", "c", "d"])
    found = list(splits(own, "unseen", 1))
    assert [sorted({own[row].speaker for row in rows.test}) for rows in found] == [
        ["own-a"],
        ["own-b"],
        ["own-c"],
        ["own-d"],
    ]
    with pytest.raises(CallmoodError, match="needs a corpus of 3 speakers or more"):
        list(splits(TESS, "unseen", 1))


@pytest.mark.skipif(not LISTS.is_dir(), reason="EmoBox's lists are not beside the repository")
@pytest.mark.parametrize(
    ("corpus", "fold"), [(name, fold) for name in ("ravdess", "savee") for fold in FOLDS[name]]
)
def test_folds_are_emobox_s(corpus: str, fold: int) -> None:
    file = LISTS / corpus / f"fold_{fold}" / f"{corpus}_test_fold_{fold}.jsonl"
    keys = [json.loads(line)["key"] for line in file.read_text(encoding="utf-8").splitlines()]
    speaker = {"ravdess": lambda key: key[-2:], "savee": lambda key: key.split("-")[1]}[corpus]
    assert {speaker(key) for key in keys} == set(FOLDS[corpus][fold])


def test_a_corpus_left_out_is_tested_on_the_labels_that_others_have() -> None:
    found = {rows.name: rows for rows in splits(ALL, "corpus", 1)}
    assert set(found) == {"without ravdess", "without tess"}
    rows: Rows = found["without ravdess"]
    assert {ALL[row].label for row in rows.test} == {"angry", "sad"}
    assert {ALL[row].corpus for row in rows.train + rows.validation} == {"tess"}
    rows = found["without tess"]
    assert {ALL[row].corpus for row in rows.test} == {"tess"}
    assert not speakers(rows.train) & speakers(rows.validation)


@pytest.mark.parametrize(
    ("some", "kind", "sentence"),
    [
        (ALL, "speakers", r"no split speakers \(did you mean speaker\?\)"),
        (ALL + clips("own", ["a"], "happy", 1), "paper", "There is one clip of happy"),
        (ALL + clips("own", ["a"], "happy", 2), "speaker", "There are two clips of happy"),
        (clips("own", ["a"], each=3), "paper", "too few .* at least 15 are needed"),
        (TESS, "speaker", "needs a corpus of 3 speakers or more"),
        (TESS, "folds", "at least three folds"),
        (TESS, "corpus", "there is only tess"),
        ([], "paper", "No clip"),
        ([], "corpus", "No clip"),
        (clips("own", ["a", "b"]) + clips("own", ["c"], "happy"), "speaker", "no clip of happy is left"),
    ],
)
def test_too_few_clips_get_a_sentence(some: list[Clip], kind: str, sentence: str) -> None:
    with pytest.raises(CallmoodError, match=sentence):
        for seed in range(8):  # the last case needs the draw that puts c into the test
            list(splits(some, kind, seed))


def test_ravdess_folds_keep_actors_apart() -> None:
    some = clips("ravdess", [f"{actor:02}" for actor in range(1, 25)], "angry", 1) + TESS[:1]
    folds = list(ravdess_folds(some))
    assert [fold for fold, _, _ in folds] == [1, 2, 3, 4, 5, 6]
    for _, train, test in folds:
        assert not set(train) & set(test) and len(train) == 21 and 24 in train
    assert sorted(row for _, _, test in folds for row in test) == list(range(24))


def test_speakers_of_any_corpus_are_tested_unseen_once() -> None:
    own = [Clip("own", Path(f"{i}.wav"), f"own-{i % 3}", "happy" if i % 2 else "sad") for i in range(18)]
    folds = list(unseen_folds(own, seed=1))
    assert sorted(row for _, _, test in folds for row in test) == list(range(18))
    assert all(
        {own[i].speaker for i in train}.isdisjoint(own[i].speaker for i in test) for _, train, test in folds
    )


def test_actors_of_one_fold_alone_are_tested_as_other_speakers_are() -> None:
    some = clips("ravdess", ["01", "11"], each=2) + TESS
    folds = list(unseen_folds(some, seed=1))
    assert len(folds) > 1
    assert sorted(row for _, _, test in folds for row in test) == list(range(len(some)))


def test_one_speaker_alone_can_not_be_tested_unseen() -> None:
    with pytest.raises(CallmoodError, match="one speaker"):
        list(unseen_folds([Clip("own", Path("a.wav"), "own-a", "sad")] * 2, seed=1))
