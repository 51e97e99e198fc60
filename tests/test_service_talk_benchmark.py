"""The made test of service talk: what is in it, and how answers are counted."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callmood.training.corpora.service_talk import read_service_talk
from callmood.training.recipe import RECIPES

ROOT = Path(__file__).parent.parent


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import service_talk

    return service_talk


def test_every_sentence_occurs_once_under_a_known_label(benchmark: Any) -> None:
    sentences = benchmark.read(benchmark.SENTENCES)
    assert max(Counter(one.text.lower() for one in sentences).values()) == 1
    assert {one.label for one in sentences} == set(benchmark.EKMAN_LABELS)


def test_no_sentence_is_one_of_the_training_data(benchmark: Any) -> None:
    lines = read_service_talk(RECIPES / "service_talk.toml")
    trained_on = " / ".join(words_of(text) for line in lines for text in line.sentences)
    sentences = benchmark.read(benchmark.SENTENCES)
    long_enough = [words for one in sentences if len((words := words_of(one.text)).split()) > 3]
    assert not [words for words in long_enough if f" {words} " in f" {trained_on} "]


def words_of(text: str) -> str:
    """The words of a text without punctuation and case."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def test_nobody_is_both_upset_and_neutral_or_joyful(benchmark: Any) -> None:
    sentences = benchmark.read(benchmark.SENTENCES)
    assert not [one.text for one in sentences if one.upset and one.label in ("neutral", "joy")]


def test_every_kind_has_enough_sentences_for_a_rate(benchmark: Any) -> None:
    kinds = Counter(one.kind for one in benchmark.read(benchmark.SENTENCES))
    assert len(kinds) == 17 and min(kinds.values()) >= 30


def test_rates_are_counted_among_those_they_are_about(benchmark: Any) -> None:
    sentences = [
        benchmark.Sentence("one moment", "agent", "business", "neutral", False),
        benchmark.Sentence("so sorry", "agent", "apology", "neutral", False),
        benchmark.Sentence("go away", "customer", "anger", "anger", True),
        benchmark.Sentence("oh great", "customer", "sarcasm", "anger", True),
        benchmark.Sentence("nobody rang", "customer", "complaint", "anger", True),
        benchmark.Sentence("help", "customer", "distress", "fear", True),
    ]
    rates = benchmark.counted(sentences, ["neutral", "sadness", "anger", "joy", "neutral", "uncertain"])
    assert rates == {
        "right": 2 / 6,
        "false_alarms": 1 / 2,
        "heard": 1 / 4,
        "missed": 1 / 4,
        "unsure": 1 / 6,
    }


def test_a_rate_of_nothing_is_none(benchmark: Any) -> None:
    rates = benchmark.counted([benchmark.Sentence("hurray", "customer", "joy", "joy", False)], ["joy"])
    assert rates["right"] == 1 and rates["false_alarms"] is None and rates["heard"] is None


def test_macro_f1_counts_labels_that_were_never_given(benchmark: Any) -> None:
    sentences = [benchmark.Sentence(label, "customer", "any", label, False) for label in ("joy", "anger")]
    assert benchmark.macro_f1(sentences, ["joy", "uncertain"]) == pytest.approx(1 / 7)
