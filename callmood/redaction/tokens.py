"""The words and numbers of a call, in the order in which they are said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*")

_RUN_TOGETHER: Final = re.compile(
    r"(.*?)(at)?(gmail|hotmail|yahoo|outlook|icloud|protonmail)(dot)?(com)?", re.I
)
"""What a recogniser writes as one word: "leeatgmail.com", "hotmailcom"."""

_MOST_OF_ASIDE: Final = 5


def words(text: str) -> frozenset[str]:
    """A set of words from a text with spaces between."""
    return frozenset(text.split())


def phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """Phrases, each as its words, from a text with commas between."""
    return tuple(tuple(phrase.split()) for phrase in text.split(","))


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


@dataclass(frozen=True, slots=True)
class Token:
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

    @property
    def is_number(self) -> bool:
        return self.text.isdecimal()

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
    places = [place for match in _TOKEN.finditer(text) for place in _parts(match)]
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(text)]
    return [
        Token(
            _plain(text[start:end]),
            text[start:end],
            number,
            start,
            end,
            before=text[ends[index] : start],
            after=text[end : starts[index + 1]],
        )
        for index, (start, end) in enumerate(places)
    ]


def _parts(match: re.Match[str]) -> list[tuple[int, int]]:
    """Where the words of a match begin and end: of "leeatgmail" there are three."""
    parts = _RUN_TOGETHER.fullmatch(match.group())
    if parts is None:
        return [match.span()]
    spans = [parts.span(group) for group in range(1, 6) if parts.group(group)]
    return [(match.start() + start, match.start() + end) for start, end in spans]


def _plain(written: str) -> str:
    if written.isdecimal():
        return "".join(str(int(digit)) for digit in written)
    return written.lower().replace("’", "'")
