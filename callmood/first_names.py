"""First names of people, to tell a name from another word."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("first_names.txt")


def is_first_name(word: str) -> bool:
    """Whether a word is a first name of some country, in any case, with accents or without.

    >>> is_first_name("José"), is_first_name("jose"), is_first_name("desk")
    (True, True, False)
    """
    return _plain(word) in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(map(_plain, _FILE.read_text(encoding="utf-8").split()))


def _plain(name: str) -> str:
    """A name without case and accents, because names are often written without them."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
