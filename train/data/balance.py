"""Classes of one size: augmented copies for the small ones, a random choice of the large ones."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from pydantic import Field

from callmood.arrays import Floats
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import write_whole
from callmood.training.data import augment
from callmood.training.data.examples import Example
from callmood.training.processes import mapped
from callmood.training.progress import Remark
from callmood.training.recipe import Table
from callmood.wording import counted

Change = Literal["noise", "stretch", "pitch", "gain"]

_VERSION: Final = 1
"""To be raised when a change of this module changes the copies: cached ones are then stale."""


class BalanceTable(Table):
    """How the training part is balanced. The paper names the changes, but not their sizes."""

    per_class: Annotated[int, Field(ge=1)] | Literal["largest", "as it is"] = "largest"
    """Clips of each class: a number, as many as the largest class has, or no balancing."""
    cut: bool = False
    """Larger classes are cut at random to ``per_class``."""
    changes: Annotated[tuple[Change, ...], Field(min_length=1)] = ("noise", "stretch", "pitch", "gain")
    """At least one of them, drawn at random, is made to each copy."""
    snr_db: tuple[float, float] = (10.0, 40.0)
    stretch: tuple[float, float] = (0.85, 1.15)
    """Rates: above 1 is faster."""
    semitones: tuple[float, float] = (-3.0, 3.0)
    gain_db: tuple[float, float] = (-12.0, 6.0)
    telephone: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the copies that go through a telephone line, drawn at random; never that of the test."""


class _Copy(NamedTuple):
    source: Path
    target: Path
    table: BalanceTable
    seed: int


def balance(
    examples: Sequence[Example], table: BalanceTable, seed: int, cache: Path, report: Remark
) -> list[Example]:
    """``examples`` of the training part and augmented copies, every class of the size that ``table`` asks for.

    The same seed gives the same, however many processes work; copies are kept in ``cache``.
    """
    if table.per_class == "as it is" or not examples:
        return list(examples)
    classes = [
        [example for example in examples if example.label == label]
        for label in sorted({example.label for example in examples})
    ]
    size = max(map(len, classes)) if table.per_class == "largest" else table.per_class
    balanced: list[Example] = []
    copies: list[_Copy] = []
    for members in classes:
        order = np.random.default_rng([seed, members[0].label]).permutation(len(members))
        if table.cut:
            members = [members[index] for index in sorted(order[:size])]
        balanced += members
        for number in range(size - len(members)):
            round_, index = divmod(number, len(order))
            source = members[order[index]]
            copy = _copy(source.sound, table, seed, round_, cache)
            copies.append(copy)
            balanced.append(replace(source, sound=copy.target, augmented=True))
    missing = [copy for copy in copies if not copy.target.is_file()]
    for _ in mapped(_write, missing, "augmenting"):
        pass
    report(
        f"{counted(len(examples), 'clip')} to train on, balanced to {len(balanced):,} "
        f"with {counted(len(copies), 'copy', 'copies')}"
    )
    return balanced


def _copy(source: Path, table: BalanceTable, seed: int, number: int, cache: Path) -> _Copy:
    """A prepared sound is named by its contents, so that a copy's name identifies all that it is made from."""
    changes = table.model_dump_json(exclude={"per_class", "cut"})
    facts = f"{_VERSION}|{source.stem}|{changes}|{seed}|{number}"
    key = hashlib.sha256(facts.encode()).hexdigest()[:32]
    return _Copy(source, cache / "copies" / key[:2] / f"{key}.npy", table, int(key[:8], 16))


def _write(copy: _Copy) -> None:
    samples = np.load(copy.source).astype(np.float32) / np.float32(32_767)
    changed = augmented(samples, copy.table, copy.seed)
    pcm = np.round(np.clip(changed, -1.0, 1.0) * 32_767).astype(np.int16)
    write_whole(copy.target, lambda file: np.save(file, pcm))


def augmented(samples: Floats, table: BalanceTable, seed: int) -> Floats:
    """A changed copy of ``samples`` [n] at 16 kHz, as ``seed`` draws it; a stretched one has another length."""
    from audiomentations import AddColorNoise, Gain, PitchShift, SomeOf, TimeStretch

    known: dict[Change, Callable[[], Any]] = {
        "noise": lambda: AddColorNoise(*table.snr_db, p=1.0),
        "stretch": lambda: TimeStretch(*table.stretch, leave_length_unchanged=False, p=1.0),
        "pitch": lambda: PitchShift(*table.semitones, p=1.0),
        "gain": lambda: Gain(*table.gain_db, p=1.0),
    }
    # audiomentations draws from Python's and NumPy's own generators
    random.seed(seed)
    np.random.seed(seed)
    change = SomeOf((1, None), [known[name]() for name in table.changes])
    changed = np.asarray(change(samples, sample_rate=SAMPLE_RATE), dtype=np.float32)
    if random.random() < table.telephone:
        changed = augment.line(random.Random(seed), [changed])(changed)
    return changed
