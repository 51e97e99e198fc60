"""What a text model is trained and measured on: comments from the web, conversation, and service talk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callmood.errors import UsageError
from callmood.training.corpora.goemotions import Comment, read_comments
from callmood.training.corpora.meld import Utterance, read_utterances
from callmood.training.corpora.service_talk import NOTHING, read_service_talk
from callmood.training.recipe import RECIPES
from callmood.wording import did_you_mean

TEXT_CORPORA: Final = ("goemotions", "meld")
SERVICE_TALK: Final = RECIPES / "service_talk.toml"
_WORD: Final = re.compile(r"[\w']+")
_DEV_EVERY: Final = 10
"""One of so many dialogues of MELD's training part is held out: its dev part chooses nothing."""


@dataclass(frozen=True)
class Texts:
    """Texts of each kind; of conversation there may be none."""

    comments: tuple[Comment, ...]
    conversation: tuple[Comment, ...]
    service_talk: tuple[Comment, ...]


def read_texts(folders: Mapping[str, Path]) -> tuple[Texts, Texts]:
    """What is trained on and what thresholds and the like are chosen on, of GoEmotions and, if it is given, MELD.

    What says nothing on calls is left out of both corpora, where "okay" has the mood of its scene.
    ``folders``: of TEXT_CORPORA. Raises UsageError where GoEmotions is not among them, CallmoodError for a folder that
    does not hold its corpus.
    """
    for name in folders:
        require_text_corpus(name)
    if "goemotions" not in folders:
        raise UsageError("A text encoder is tuned on GoEmotions: give --text goemotions=FOLDER, too.")
    lines = read_service_talk(SERVICE_TALK)
    empty = {_bare(sentence) for line in lines if line.group == NOTHING for sentence in line.sentences}
    comments = {part: tuple(read_comments(folders["goemotions"], part)) for part in ("train", "dev")}
    comments["train"] = tuple(comment for comment in comments["train"] if _bare(comment.text) not in empty)
    utterances = list(read_utterances(folders["meld"], "train")) if "meld" in folders else []
    utterances = [said for said in utterances if _bare(said.text) not in empty]
    train, dev = (
        Texts(
            comments["dev" if held_out else "train"],
            tuple(said.comment for said in utterances if _is_held_out(said) == held_out),
            tuple(comment for line in lines if line.dev == held_out for comment in line.comments),
        )
        for held_out in (False, True)
    )
    return train, dev


def text_folders(named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """The folders by the names of their corpora. Raises UsageError for an unknown corpus and for one given twice."""
    folders: dict[str, Path] = {}
    for name, folder in named:
        require_text_corpus(name)
        if name in folders:
            raise UsageError(f"--text {name} is given twice. Give each corpus of texts once.")
        folders[name] = folder
    return folders


def require_text_corpus(name: str) -> None:
    """Raise UsageError where ``name`` is not a corpus of texts."""
    if name not in TEXT_CORPORA:
        raise UsageError(
            f"There is no corpus of texts {name}{did_you_mean(name, TEXT_CORPORA)}. Known: {', '.join(TEXT_CORPORA)}."
        )


def _bare(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _is_held_out(said: Utterance) -> bool:
    return said.dialogue % _DEV_EVERY == _DEV_EVERY - 1
