"""The words and numbers of a call, in the order in which they are said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*")

_MAILER: Final = re.compile("gmail|hotmail|yahoo|outlook|icloud|protonmail", re.I)
_RUN_TOGETHER: Final = re.compile(rf"(.*?)(at)?({_MAILER.pattern})(dot)?(com)?", re.I)
"""What a recogniser writes as one word: "leeatgmail.com", "hotmailcom"."""

_MOST_OF_ASIDE: Final = 5


def words(text: str) -> frozenset[str]:
    """A set of words from a text with spaces between."""
    return frozenset(text.split())


def phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """Phrases, each as its words, from a text with commas between."""
    return tuple(tuple(phrase.split()) for phrase in text.split(","))


def lengths_by_first(listed: Iterable[tuple[str, ...]]) -> dict[str, list[int]]:
    """How long the phrases are that begin with a word, the longest first."""
    found: dict[str, set[int]] = {}
    for phrase in listed:
        found.setdefault(phrase[0], set()).add(len(phrase))
    return {first: sorted(lengths, reverse=True) for first, lengths in found.items()}


_ASIDE: Final = words(
    """
    uh um er erm eh ah em hm hmm mm mmm mhm huh yeah yes yep yup ya okay ok kay right sure alright all go ahead got it
    gotcha perfect great thank thanks you please continue i see and then next good fine
    """
)


class Found(NamedTuple):
    """What a finder found: tokens ``first`` to ``last``, both included."""

    first: int
    last: int
    kind: str


class Token(NamedTuple):
    """A word, or a number in digits."""

    text: str
    """In lower case, with straight apostrophes; digits as 0 to 9."""
    written: str
    """As it stands in the text."""
    segment: int
    """Index of its text."""
    start: int
    """Characters from the start of its text."""
    end: int
    before: str
    """What stands between it and the token before it in the same text."""
    after: str
    """What stands between it and the next token of the same text, or the end."""
    is_number: bool

    @property
    def is_first(self) -> bool:
        """Whether it begins its text."""
        return self.start == len(self.before)


def tokens_of(texts: Sequence[str]) -> list[Token]:
    """The tokens of texts that follow each other, without those in which somebody only says that they listen."""
    of_texts = (_tokens(number, text) for number, text in enumerate(texts))
    return [token for of_text in of_texts if not _is_aside(of_text) for token in of_text]


def _is_aside(tokens: Sequence[Token]) -> bool:
    return len(tokens) <= _MOST_OF_ASIDE and all(token.text in _ASIDE for token in tokens)


def _tokens(number: int, text: str) -> list[Token]:
    places = [match.span() for match in _TOKEN.finditer(text)]
    if _MAILER.search(text):
        places = [part for place in places for part in _parts(text, *place)]
    following = [*(start for start, _ in places[1:]), len(text)]
    tokens: list[Token] = []
    ended = 0
    for (start, end), begins in zip(places, following, strict=False):
        written = text[start:end]
        is_number = written.isdecimal()
        plain = _digits(written) if is_number else written.lower().replace("’", "'")
        tokens.append(
            Token(plain, written, number, start, end, text[ended:start], text[end:begins], is_number)
        )
        ended = end
    return tokens


def _parts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the words of a token begin and end: of "leeatgmail" there are three."""
    parts = _RUN_TOGETHER.fullmatch(text, start, end)
    if parts is None:
        return [(start, end)]
    return [parts.span(group) for group in range(1, 6) if parts.group(group)]


def _digits(written: str) -> str:
    return written if written.isascii() else "".join(str(int(digit)) for digit in written)
