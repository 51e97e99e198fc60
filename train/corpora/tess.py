"""TESS: two actresses, 7 emotions, 200 words in "Say the word _"; ``YAF_angry/YAF_back_angry.wav``.

The files name pleasant surprise "ps". Licence CC BY-NC-ND 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

# the original has one actress as OAF and, in a single name, OA
_NAME = re.compile(r"(OAF|OA|YAF)_([a-z]+)_([a-z]+)", re.IGNORECASE)


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``."""
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        yield Clip(
            corpus="tess",
            path=path,
            speaker=f"tess-{'young' if name[1].upper() == 'YAF' else 'old'}",
            native=name[3].lower(),
            text=f"Say the word {name[2]}",
            gender="female",
        )
