"""International bank account numbers, which hold letters and check themselves: "GB29 NWBK 6016 1331 9268 19"."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from callmood.redaction.numbers import ACCOUNT
from callmood.redaction.tokens import Found, Token

_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b")


def find_ibans(tokens: Sequence[Token], texts: Sequence[str]) -> Iterator[Found]:
    """The account numbers whose check digits are right."""
    for segment, text in enumerate(texts):
        for match in _IBAN.finditer(text):
            if passes_mod_97(re.sub(r"[ -]", "", match.group())):
                first = bisect_left(tokens, (segment, match.start()), key=_place)
                last = bisect_right(tokens, (segment, match.end() - 1), key=_place) - 1
                yield Found(first, last, ACCOUNT)


def _place(token: Token) -> tuple[int, int]:
    return token.segment, token.start


def passes_mod_97(iban: str) -> bool:
    """Whether the check digits of an account number are right.

    >>> passes_mod_97("GB29NWBK60161331926819"), passes_mod_97("GB28NWBK60161331926819")
    (True, False)
    """
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
