"""Balancing: how many copies, that they are repeatable, and that they are changed."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from callmood.errors import CallmoodError
from callmood.sound import SAMPLE_RATE
from callmood.training import processes, recipe
from callmood.training.corpora.clip import Clip
from callmood.training.data import lines
from callmood.training.data.balance import BalanceTable, augmented, balance
from callmood.training.data.examples import Example


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    """Four clips of class 0, one of class 2."""
    made = []
    for number, label in enumerate((0, 0, 0, 0, 2)):
        sound = tmp_path / f"{number}.npy"
        at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
        np.save(sound, (8_000 * np.sin(2 * np.pi * (200 + 50 * number) * at)).astype(np.int16))
        made.append(Example(Clip("own", Path(f"{number}.wav"), "x"), label, sound))
    return made


def sizes(examples: list[Example]) -> dict[int, int]:
    return dict(Counter(example.label for example in examples))


def silent(_: str) -> None:
    """Reports are of no interest here."""


def test_classes_grow_to_the_largest(examples: list[Example], tmp_path: Path) -> None:
    balanced = balance(examples, BalanceTable(), 1, tmp_path / "cache", silent)
    assert sizes(balanced) == {0: 4, 2: 4}
    copies = [example for example in balanced if example.augmented]
    assert len(copies) == 3 and {example.label for example in copies} == {2}
    sounds = [example.samples() for example in copies]
    assert len({sound.tobytes() for sound in sounds}) == 3
    assert all(len(sound) and np.isfinite(sound).all() for sound in sounds)


def test_large_classes_are_cut_where_it_is_asked_for(examples: list[Example], tmp_path: Path) -> None:
    tables = [BalanceTable(per_class=2, cut=cut) for cut in (False, True)]
    found = [balance(examples, table, 1, tmp_path / "cache", silent) for table in tables]
    assert [sizes(one) for one in found] == [{0: 4, 2: 2}, {0: 2, 2: 2}]


def test_nothing_is_done_where_nothing_is_asked_for(examples: list[Example], tmp_path: Path) -> None:
    assert balance(examples, BalanceTable(per_class="as it is"), 1, tmp_path / "cache", silent) == examples
    assert not (tmp_path / "cache").exists()


def test_copies_are_kept_and_drawn_by_the_seed(examples: list[Example], tmp_path: Path) -> None:
    table = BalanceTable(per_class=6)
    first = balance(examples, table, 1, tmp_path / "one", silent)
    again = balance(examples, table, 1, tmp_path / "two", silent)
    other = balance(examples, table, 2, tmp_path / "one", silent)
    assert [x.samples().tobytes() for x in first] == [x.samples().tobytes() for x in again]
    assert {x.sound for x in first if x.augmented}.isdisjoint(x.sound for x in other if x.augmented)
    before = {x.sound: x.sound.stat().st_mtime_ns for x in first}
    balance(examples, table, 1, tmp_path / "one", silent)
    assert before == {x.sound: x.sound.stat().st_mtime_ns for x in first}


def test_any_number_of_processes_makes_the_same_copies(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = BalanceTable(per_class=6, telephone=1.0)
    alone = balance(examples, table, 1, tmp_path / "one", silent)
    monkeypatch.setattr(processes, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = balance(examples, table, 1, tmp_path / "two", silent)
    assert [x.samples().tobytes() for x in alone] == [x.samples().tobytes() for x in together]


@pytest.mark.parametrize("change", ["noise", "stretch", "pitch", "gain"])
def test_every_change_changes_the_sound(change: str, examples: list[Example]) -> None:
    sound = examples[0].samples()
    changed = augmented(sound, recipe.read(BalanceTable, {"changes": [change]}), 3)
    assert changed.dtype == np.float32
    assert len(changed) != len(sound) or np.abs(changed - sound).max() > 1e-3


def test_copies_may_go_through_a_telephone_line_but_not_the_test_s(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "telephone", None)
    noise = 0.1 * np.random.default_rng(1).normal(size=SAMPLE_RATE).astype(np.float32)
    table = BalanceTable(changes=("gain",), telephone=1.0)
    power = np.mean([np.abs(np.fft.rfft(augmented(noise, table, seed))) ** 2 for seed in range(4)], axis=0)
    assert len(power) == SAMPLE_RATE // 2 + 1
    assert power[7_500:].mean() < 0.1 * power[500:2_000].mean()


@pytest.mark.parametrize(
    "wrong",
    [{"per_class": 0}, {"per_class": "all"}, {"changes": []}, {"changes": ["echo"]}, {"telephone": 2}],
)
def test_wrong_settings_get_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(CallmoodError, match="is wrong"):
        recipe.read(BalanceTable, json.loads(json.dumps(wrong)))
