"""SAVEE: four men, 7 emotions, 15 sentences each (30 for neutral); ``ALL/DC_a01.wav`` or ``DC/a01.wav``.

A letter or two name the emotion: a, d, f, h, n, sa, su. The sentences are published with the corpus, but not as a
file of it that could be read, so the clips have no text. Free for research only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

SPEAKERS = ("DC", "JE", "JK", "KL")
_NAME = re.compile(rf"({'|'.join(SPEAKERS)})[_/]([a-z]+)\d+")


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``."""
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem) or _NAME.fullmatch(f"{path.parent.name}/{path.stem}")
        if name is None:
            continue
        yield Clip(corpus="savee", path=path, speaker=f"savee-{name[1]}", native=name[2], gender="male")
