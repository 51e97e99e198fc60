"""Phrases as people write them, turned into patterns of RE2 for text without capitals and accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_LETTER: Final = r"[\pL\pN']"
_BETWEEN: Final = r"[^\pL\pN']+"
_WORDS_BETWEEN: Final = 4
"""How many words a lone * stands for at most."""


def phrase_pattern(phrases: Iterable[str]) -> str:
    """A pattern for whole words in a row. ``*`` in a word stands for any letters, alone for up to four words."""
    listed = "|".join(_one(phrase) for phrase in phrases)
    return rf"(?:^|[^\pL\pN'])(?:{listed})(?:$|[^\pL\pN'])"


def words_of(phrase: str) -> list[str]:
    """The words of a phrase, as patterns are made of them."""
    return re.findall(r"'?[\w*][\w*']*", plain(phrase))


def plain(text: str) -> str:
    """``text`` without capitals and accents, as ``segment_context.plain``."""
    letters = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return "".join(c for c in letters if not unicodedata.combining(c))


def _one(phrase: str) -> str:
    parts: list[str] = []
    for token in words_of(phrase):
        if token == "*":
            parts.append(rf"(?:{_LETTER}+{_BETWEEN}){{0,{_WORDS_BETWEEN}}}")
        else:
            word = "".join(rf"{_LETTER}*" if c == "*" else re.escape(c) for c in token)
            parts.append(word + _BETWEEN)
    return "".join(parts).removesuffix(_BETWEEN)
