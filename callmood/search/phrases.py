"""Phrases as people write them, turned into patterns of RE2 for text without capitals and accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_LETTER: Final = r"[\pL\pN']"
_BETWEEN: Final = r"[^\pL\pN']+"
_WORDS_BETWEEN: Final = 4
"""How many words a lone * stands for at most."""


class PhrasePatterns(NamedTuple):
    """Patterns of RE2 that find phrases; None: not needed. A text holds one of the phrases if either matches."""

    in_words: str | None
    """For the words of a text, each between spaces, as ``segment_context.words``."""
    in_text: str | None
    """For the text as it is, without capitals and accents."""


def phrase_pattern(phrases: Iterable[str]) -> str:
    """A pattern for whole words in a row. ``*`` in a word stands for any letters, alone for up to four words."""
    listed = "|".join(_in_text(words_of(phrase)) for phrase in phrases)
    return rf"(?:^|[^\pL\pN'])(?:{listed})(?:$|[^\pL\pN'])"


def phrase_patterns(phrases: Iterable[str]) -> PhrasePatterns:
    """What ``phrase_pattern`` finds, for many phrases.

    That takes RE2 milliseconds a word to compile, because the class of all letters is large. Where the words of the
    texts are divided already there is no need of it.
    """
    in_words: list[str] = []
    in_text: list[str] = []
    for phrase in phrases:
        words = words_of(phrase)
        if _is_found_in_words(words):
            in_words.append(_in_words(words))
        else:
            in_text.append(phrase)
    return PhrasePatterns(
        f" (?:{'|'.join(in_words)})" if in_words else None,
        phrase_pattern(in_text) if in_text else None,
    )


def words_of(phrase: str) -> list[str]:
    """The words of a phrase, as patterns are made of them.

    A lone * at its beginning or end is left out: it stands for no word too, so that it changes nothing.
    """
    words = re.findall(r"'?[\w*][\w*']*", plain(phrase))
    named = [at for at, word in enumerate(words) if word != "*"]
    return words[named[0] : named[-1] + 1] if named else []


def plain(text: str) -> str:
    """``text`` without capitals and accents, as ``segment_context.plain``."""
    letters = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    # DuckDB's strip_accents takes out all marks, the vowels of Indic scripts among them
    return unicodedata.normalize("NFC", "".join(c for c in letters if unicodedata.category(c)[0] != "M"))


def _is_found_in_words(words: Sequence[str]) -> bool:
    """Whether it makes no difference what stands between the words of a text.

    It does for an underscore, and for a word of several stars alone.
    """
    return not any("_" in word or (word != "*" and not word.strip("*")) for word in words)


def _in_words(words: Sequence[str]) -> str:
    """A phrase from its first letter to the space behind it."""
    return "".join(
        f"(?:[^ ]+ ){{0,{_WORDS_BETWEEN}}}"
        if word == "*"
        else "".join("[^ ]*" if c == "*" else re.escape(c) for c in word) + " "
        for word in words
    )


def _in_text(words: Sequence[str]) -> str:
    parts: list[str] = []
    for word in words:
        if word == "*":
            parts.append(rf"(?:{_LETTER}+{_BETWEEN}){{0,{_WORDS_BETWEEN}}}")
        else:
            letters = "".join(rf"{_LETTER}*" if c == "*" else re.escape(c) for c in word)
            parts.append(letters + _BETWEEN)
    return "".join(parts).removesuffix(_BETWEEN)
