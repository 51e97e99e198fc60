"""GoEmotions: English comments from Reddit, each with one or several of 28 emotion labels.

The corpus comes in three files, ``train.tsv``, ``dev.tsv`` and ``test.tsv``. A line holds a comment, the
numbers of its labels joined by commas, and the comment's identity, separated by tabs and without quoting.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from callmood.errors import CallmoodError

Part = Literal["train", "dev", "test"]

EKMAN_GROUPS: dict[str, tuple[str, ...]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "joy",
        "amusement",
        "approval",
        "excitement",
        "gratitude",
        "love",
        "optimism",
        "relief",
        "pride",
        "admiration",
        "desire",
        "caring",
    ),
    "neutral": ("neutral",),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
}
"""Ekman's six emotions and neutral, each with the corpus's labels that its authors put there."""

EKMAN_LABELS: tuple[str, ...] = tuple(EKMAN_GROUPS)
"""The seven groups, in the order of every seven-column array made from this corpus."""

EKMAN_OF: dict[str, str] = {label: group for group, labels in EKMAN_GROUPS.items() for label in labels}

LABEL_OF_EKMAN: dict[str, str] = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
"""callmood's label of each group. No corpus of texts has ``calm``: words can't distinguish it from neutral."""

FINE_LABELS: tuple[str, ...] = (*sorted(label for label in EKMAN_OF if label != "neutral"), "neutral")
"""The 28 labels, in the order in which the files number them: by alphabet, neutral last."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A text and its labels of FINE_LABELS: at least one, or none where it says nothing about a mood."""

    text: str
    labels: frozenset[str]
    spoken: bool = False
    """Whether it is said, and its label is one of EKMAN_LABELS; otherwise it is a comment from the web."""

    @property
    def ekman(self) -> frozenset[str]:
        """The labels' groups, of EKMAN_LABELS."""
        return frozenset(EKMAN_OF[label] for label in self.labels)


def read_comments(folder: Path, part: Part) -> Iterator[Comment]:
    """Yield the comments of one part in the file's order; raise CallmoodError for a missing or odd file."""
    path = folder / f"{part}.tsv"
    try:
        # Only "\n" ends a line here: comments hold other characters that Python counts as line ends.
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                yield _comment(line.rstrip("\r\n"), path, number)
    except FileNotFoundError:
        raise CallmoodError(
            f"{path} is missing: a GoEmotions folder holds train.tsv, dev.tsv and test.tsv."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CallmoodError(f"{path} can't be read as UTF-8 text: {error}.") from error


def _comment(line: str, path: Path, number: int) -> Comment:
    fields = line.split("\t")
    try:
        text, numbers, _identity = fields
        labels = frozenset(FINE_LABELS[_natural(label)] for label in numbers.split(","))
    except (ValueError, IndexError):
        raise CallmoodError(
            f"{path}, line {number}, is not a comment, label numbers from 0 to {len(FINE_LABELS) - 1} "
            "joined by commas, and an identity, separated by tabs."
        ) from None
    return Comment(text, labels)


def _natural(text: str) -> int:
    """An index from plain digits: a negative one would count from the end of the labels."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)
