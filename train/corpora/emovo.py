"""EMOVO: six Italian actors, 7 emotions, 14 sentences, some without meaning; ``m1/rab-m1-b1.wav``.

A name's parts: the Italian beginning of the emotion, speaker, sentence. For research.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

_NAME = re.compile(r"([a-z]{3})-([fm])(\d)-\w+")


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``."""
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        emotion, gender, number = name.groups()
        yield Clip(
            corpus="emovo",
            path=path,
            speaker=f"emovo-{gender}{number}",
            native=emotion,
            gender="female" if gender == "f" else "male",
        )
