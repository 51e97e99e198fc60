"""CREMA-D: 91 actors, 6 emotions, 12 sentences; ``AudioWAV/1001_DFA_ANG_XX.wav``.

A name's four parts: actor, sentence, emotion, level (XX unspecified, LO, MD, HI). Beside AudioWAV the corpus has
VideoDemographics.csv and processedResults/summaryTable.csv, which are read where they are. Licence ODbL 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from callmood.pipeline.intake.tables import records
from callmood.training.corpora.clip import Clip, audio_files

SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})")


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``: the corpus, or its AudioWAV."""
    genders = _genders(folder)
    votes = _votes(folder)
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        actor, sentence, emotion, level = name.groups()
        yield Clip(
            corpus="cremad",
            path=path,
            speaker=f"cremad-{actor}",
            native=emotion,
            intensity="strong" if level == "HI" else "normal",
            text=SENTENCES.get(sentence),
            gender=genders.get(actor),
            agreement=_agreement(emotion, votes.get(path.stem)),
        )


def _agreement(emotion: str, winners: str | None) -> float | None:
    """The share of the winning vote; the corpus's table of single votes is not read."""
    if winners is None:
        return None
    initials = winners.split(":")
    return 1 / len(initials) if emotion[0] in initials else 0.0


def _genders(folder: Path) -> Mapping[str, str]:
    return {row["ActorID"]: row["Sex"].lower() for row in _table(folder, "VideoDemographics.csv")}


def _votes(folder: Path) -> Mapping[str, str]:
    """File name: initials of the emotions that most raters chose for the voice alone, joined by colons."""
    return {row["FileName"]: row["VoiceVote"] for row in _table(folder, "processedResults/summaryTable.csv")}


def _table(folder: Path, name: str) -> list[dict[str, str]]:
    for parent in (folder, folder.parent):
        if (parent / name).is_file():
            return records(parent / name)
    return []
