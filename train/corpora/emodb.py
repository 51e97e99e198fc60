"""EMO-DB: ten German actors, 7 emotions, ten sentences; ``wav/03a01Fa.wav``.

A name's parts: speaker, sentence, the German initial of the emotion, version. Free for research.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""Wut, Langeweile, Ekel, Angst, Freude, Trauer, neutral."""

SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_MEN = frozenset({"03", "10", "11", "12", "15"})
_NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])[a-z]?")


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``."""
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        speaker, sentence, emotion = name.groups()
        yield Clip(
            corpus="emodb",
            path=path,
            speaker=f"emodb-{speaker}",
            native=EMOTIONS.get(emotion, emotion),
            text=SENTENCES.get(sentence),
            gender="male" if speaker in _MEN else "female",
        )
