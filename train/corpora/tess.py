"""TESS: two actresses, 7 emotions, 200 words in "Say the word _"; ``YAF_angry/YAF_back_angry.wav``.

Licence CC BY-NC-ND 4.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from callmood.errors import CallmoodError
from callmood.train.corpora.clip import Clip, audio_files

EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``."""
    found = False
    for path in audio_files(folder):
        parts = path.stem.split("_")
        # The original has one actress as OAF and, in a single name, OA.
        if len(parts) != 3 or parts[0] not in {"OAF", "OA", "YAF"} or parts[2].lower() not in EMOTIONS:
            continue
        found = True
        yield Clip(
            corpus="tess",
            path=path,
            speaker=f"tess-{'young' if parts[0] == 'YAF' else 'old'}",
            label=EMOTIONS[parts[2].lower()],
            text=f"Say the word {parts[1]}",
        )
    if not found:
        raise CallmoodError(f"{folder} holds no TESS clips (YAF_angry/YAF_back_angry.wav and the like).")
