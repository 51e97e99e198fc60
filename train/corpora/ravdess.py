"""RAVDESS: 24 actors, 8 emotions, 2 sentences; ``Actor_01/03-01-05-02-01-01-01.wav``.

A name's seven numbers: modality, channel (01 speech, 02 song), emotion, intensity, statement,
repetition, actor (odd: male). Licence CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}


def clips(folder: Path) -> Iterator[Clip]:
    """The spoken clips under ``folder``, which may hold just some of the actors."""
    for path in audio_files(folder):
        parts = path.stem.split("-")
        if len(parts) != 7 or parts[1] != "01":
            continue
        yield Clip(
            corpus="ravdess",
            path=path,
            speaker=f"ravdess-{parts[6]}",
            native=EMOTIONS.get(parts[2], parts[2]),
            intensity="strong" if parts[3] == "02" else "normal",
            text=STATEMENTS.get(parts[4]),
            gender="male" if parts[6] in _MEN else "female",
        )


_MEN = {f"{actor:02}" for actor in range(1, 24, 2)}
