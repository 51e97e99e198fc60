"""The record that every corpus yields."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled utterance."""

    corpus: str
    path: Path
    speaker: str
    """Unique across corpora: "ravdess-01"."""
    label: str = ""
    """One of callmood.labels.LABELS; "" as a reader yields it, before a label set is chosen."""
    intensity: str = "normal"
    """"normal" or "strong", where the corpus has it."""
    text: str | None = None
    """What is said, where the corpus has it."""
    native: str = ""
    """The label as the corpus writes it."""
    gender: str | None = None
    """"female" or "male", where the corpus has it."""
    agreement: float | None = None
    """The share of raters who chose the label, 0 to 1, where the corpus has it; of CREMA-D, 1 / winners of the vote."""
    channel: int | None = None
    """Of the file, counted from 0; None is all of them mixed."""
    start_s: float = 0.0
    end_s: float | None = None
    """The part of the file; None is its end."""


def corpus_of(speaker: str) -> str:
    """The corpus of a ``Clip.speaker``, which begins with its name."""
    return speaker.partition("-")[0]


AUDIO_ENDINGS = frozenset({".wav", ".ogg", ".opus", ".flac", ".mp3", ".m4a", ".aac"})


def audio_files(folder: Path) -> list[Path]:
    """All audio files under ``folder``, linked folders included, in the order of their names."""
    found = (Path(parent) / name for parent, _, names in os.walk(folder, followlinks=True) for name in names)
    return sorted(
        path
        for path in found
        # a Mac leaves "._NAME" beside each file that it copies
        if path.suffix.lower() in AUDIO_ENDINGS and not path.name.startswith(".") and path.is_file()
    )
