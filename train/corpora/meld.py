"""MELD: the utterances of a comedy series, each with one of Ekman's emotions or neutral (Poria et al., 2019).

The corpus comes in three tables, ``train_sent_emo.csv``, ``dev_sent_emo.csv`` and ``test_sent_emo.csv``, with the
columns Utterance, Emotion and Dialogue_ID among others. Its texts are those of a broadcast: for research and
evaluation.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from callmood.errors import CallmoodError
from callmood.training.corpora.goemotions import EKMAN_LABELS, Comment

MeldPart = Literal["train", "dev", "test"]

SHARES: Final[dict[str, float]] = {
    "anger": 0.111,
    "disgust": 0.027,
    "fear": 0.027,
    "joy": 0.174,
    "neutral": 0.472,
    "sadness": 0.068,
    "surprise": 0.121,
}
"""How often each emotion occurs in the training part."""

_COLUMNS: Final = ("Utterance", "Emotion", "Dialogue_ID")
# As published, signs of Windows-1252 are control characters of Unicode.
_CONTROL: Final = re.compile("[\x80-\x9f]")
_PLAIN: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2014": " - "})


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says, with its emotion, one of EKMAN_LABELS."""

    text: str
    emotion: str
    dialogue: int
    """Its number within the part."""

    @property
    def comment(self) -> Comment:
        """The text with its one label."""
        return Comment(self.text, frozenset({self.emotion}), spoken=True)


def read_utterances(folder: Path, part: MeldPart) -> Iterator[Utterance]:
    """Yield the utterances of one part in the file's order, with plain apostrophes, as a recogniser writes them.

    Raises CallmoodError for a missing or odd file.
    """
    path = table_of(folder, part)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise CallmoodError(f"{path} has no column {missing[0]}: it is not a table of MELD.")
            for row in rows:
                yield _utterance(row, path, rows.line_num)
    except FileNotFoundError:
        raise CallmoodError(
            f"{path} is missing: a MELD folder holds train_sent_emo.csv, dev_sent_emo.csv and test_sent_emo.csv."
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CallmoodError(f"{path} can't be read as a CSV table in UTF-8: {error}.") from error


def table_of(folder: Path, part: MeldPart) -> Path:
    """The file of one part."""
    return folder / f"{part}_sent_emo.csv"


def _utterance(row: dict[str, str], path: Path, line: int) -> Utterance:
    text, emotion, dialogue = (row[column] for column in _COLUMNS)
    if emotion not in EKMAN_LABELS or text is None or not (dialogue or "").isdecimal():
        raise CallmoodError(
            f"{path}, line {line}, is not an utterance with a dialogue's number and one of the emotions "
            f"{', '.join(EKMAN_LABELS)}."
        )
    return Utterance(_plain(text), emotion, int(dialogue))


def _plain(text: str) -> str:
    text = _CONTROL.sub(lambda sign: bytes([ord(sign[0])]).decode("cp1252", errors="replace"), text)
    return " ".join(text.translate(_PLAIN).split())
