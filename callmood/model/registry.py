"""The model registry: which bundles there are, and what each says about itself in ``about.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callmood.errors import CallmoodError
from callmood.model.bundle import INCLUDED, SETTINGS_FILE, find_bundle, settings_of

CARD_FILE: Final = "CARD.md"
ABOUT_FILE: Final = "about.json"
"""Beside a bundle's other files: "corpora" (clips by corpus and label), "speakers" (names), "figures" (percent)."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One bundle in the list of models."""

    name: str
    """"embedded", "open", or its folder: what ``callmood scan --model`` takes."""
    labels: tuple[str, ...]
    """Empty if its settings can't be read."""
    corpora: tuple[str, ...]
    """The corpora it was trained on; empty if it does not say."""
    ua: float | None
    """Unweighted accuracy in percent, from its own test."""
    size_bytes: int
    in_use: bool


def list_models(folder: Path, used: str) -> list[ModelEntry]:
    """The bundles that come with callmood, and those in ``folder`` and ``folder/models``; ``used`` is marked."""
    names = [
        *INCLUDED,
        *(str(found) for parent in (folder, folder / "models") for found in _bundle_folders(parent)),
    ]
    marks = [_is_same_model(name, used) for name in names]
    if not any(marks) and (Path(used) / SETTINGS_FILE).is_file():
        names, marks = [*names, used], [*marks, True]
    return [_entry(name, mark) for name, mark in zip(names, marks, strict=True)]


def about(model: str) -> dict[str, Any]:
    """What a bundle says about itself; empty if it has no ``about.json``."""
    file = find_bundle(model) / ABOUT_FILE
    if not file.is_file():
        return {}
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise CallmoodError(f"{file} can't be read ({error}). Train the model again.") from None


def training_speakers(model: str) -> set[str]:
    """The speakers that a bundle was trained on, as the corpora's readers name them."""
    return set(about(model).get("speakers", ()))


def card(model: str) -> str:
    """The card of a bundle, as Markdown."""
    file = find_bundle(model) / CARD_FILE
    if not file.is_file():
        raise CallmoodError(f"{file} is missing: this model has no card.")
    return file.read_text(encoding="utf-8")


def _bundle_folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(file.parent for file in folder.glob(f"*/{SETTINGS_FILE}"))


def _entry(name: str, in_use: bool) -> ModelEntry:
    folder = INCLUDED.get(name) or Path(name)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    try:
        labels, described = settings_of(folder).labels, about(name)
    except CallmoodError:
        labels, described = (), {}
    corpora, figures = described.get("corpora", ()), described.get("figures", {})
    return ModelEntry(name, labels, tuple(corpora), figures.get("ua"), size, in_use)


def _is_same_model(name: str, used: str) -> bool:
    if name in INCLUDED or used in INCLUDED:
        return name == used
    return Path(name).resolve() == Path(used).resolve()
