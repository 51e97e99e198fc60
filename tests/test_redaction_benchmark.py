"""The made test of redaction: what is in it, and that it is passed."""

import random
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("tune", "judge", "last")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import redaction

    return redaction


def test_no_sentence_is_in_two_parts(benchmark: Any) -> None:
    groups = benchmark.tomllib.loads(benchmark.SENTENCES.read_text("utf-8"))["groups"]
    said = [sentence for group in groups for sentence in group["sentences"] if sentence != "{}"]
    assert len(said) == len(set(said))


def test_no_way_of_saying_is_in_two_parts(benchmark: Any) -> None:
    ways = [way for part in PARTS for way in benchmark.DIGITS[part]]
    assert len(ways) == len(set(ways))


@pytest.mark.parametrize("part", ["judge", "last"])
def test_nineteen_of_twenty_secrets_are_found_and_nothing_ordinary(benchmark: Any, part: str) -> None:
    made = list(benchmark.cases(part, random.Random(benchmark.SEED)))
    assert len(made) >= 300
    for kind in ("card number", "social security number", "e-mail address"):
        of_kind = [case for case in made if case.kind == kind]
        assert sum(not benchmark.left(case) for case in of_kind) >= 0.95 * len(of_kind), kind
    ordinary = [case.texts for case in made if case.kind == benchmark.ORDINARY]
    kept = [[one.text for one in benchmark.redact_texts(texts)] for texts in ordinary]
    assert kept == [list(texts) for texts in ordinary]


@pytest.mark.parametrize("part", ["emails", "more emails", "other hand", "other hand, later"])
def test_nineteen_of_twenty_addresses_are_found_that_were_written_one_by_one(
    benchmark: Any, part: str
) -> None:
    made = list(benchmark.cases(part, random.Random(benchmark.SEED)))
    secrets = [case for case in made if case.kind != benchmark.ORDINARY]
    assert len(secrets) >= 100
    assert sum(not benchmark.left(case) for case in secrets) >= 0.95 * len(secrets)
    ordinary = [case.texts for case in made if case.kind == benchmark.ORDINARY]
    lost = [
        texts for texts in ordinary if any("[e-mail" in one.text for one in benchmark.redact_texts(texts))
    ]
    assert len(lost) <= 1
