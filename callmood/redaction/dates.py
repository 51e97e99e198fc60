"""Dates of birth: any date where a birth is spoken of, and full dates of a year long ago."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from callmood.redaction.cues import BIRTH, Cues
from callmood.redaction.tokens import Found, Token, words

_MONTHS: Final = words(
    """
    january february march april may june july august september october november december jan feb mar apr jun
    jul aug sep sept oct nov dec
    """
)
_ORDINALS: Final = words(
    """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth
    """
)
_NUMBERS: Final = words(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen oh
    """
)
_TENS: Final = words("twenty thirty forty fifty sixty seventy eighty ninety")
_BEGIN: Final = _MONTHS | _ORDINALS | _NUMBERS | {"twenty", "thirty"}
"""What a date begins with, unless it is a number in digits."""
_BETWEEN: Final = words("the of in uh um on")
_LONG_AGO: Final = range(1900, 2010)
"""Years in which callers were born, and of which little else is said with day and month."""
_FROM_BIRTH: Final = 25
"""Tokens from "date of birth" to the answer."""
_NUMERIC: Final = re.compile(r"[/.-]")


def find_dates(tokens: Sequence[Token], cues: Cues) -> Iterator[Found]:
    """The dates of birth among the tokens."""
    past = 0
    for at, token in enumerate(tokens):
        if at < past or not (token.is_number or token.text in _BEGIN):
            continue
        dated = _date(tokens, at)
        if dated is None:
            continue
        last, year = dated
        near = [*cues.before(at, _FROM_BIRTH), *cues.after(last, 6)]
        if any(cue.kind == BIRTH for cue in near) or (year is not None and year in _LONG_AGO):
            yield Found(at, last, BIRTH)
        past = last + 1


def _date(tokens: Sequence[Token], at: int) -> tuple[int, int | None] | None:
    """The last token of the date that begins at a token, and its year if it is said."""
    numeric = _numeric(tokens, at)
    if numeric is not None:
        return numeric
    if tokens[at].text in _MONTHS:
        day = _day(tokens, _past(tokens, at + 1))
        if day is not None:
            return _with_year(tokens, day)
        year = _year(tokens, _past(tokens, at + 1))
        return None if year is None else (year[0], None)
    day = _day(tokens, at)
    if day is not None:
        month = _past(tokens, day + 1)
        if month < len(tokens) and tokens[month].text in _MONTHS:
            return _with_year(tokens, month)
    return None


def _with_year(tokens: Sequence[Token], last: int) -> tuple[int, int | None]:
    year = _year(tokens, _past(tokens, last + 1))
    return (last, None) if year is None else year


def _past(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].text in _BETWEEN:
        at += 1
    return at


def _numeric(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """3/14/1985, 14.3.85, 1985-03-14."""
    parts = tokens[at : at + 3]
    if len(parts) < 3 or not all(part.is_number for part in parts):
        return None
    signs = {part.before for part in parts[1:]}
    if len(signs) != 1 or not _NUMERIC.fullmatch(signs.pop()):
        return None
    one, two, three = (part.text for part in parts)
    if len(one) == 4 and len(two) <= 2 and len(three) <= 2:
        year, rest = int(one), (int(two), int(three))
    elif len(one) <= 2 and len(two) <= 2 and len(three) in (2, 4):
        year, rest = int(three), (int(one), int(two))
        if len(three) == 2:
            year += 1900 if year > 29 else 2000
    else:
        return None
    return (at + 2, year) if 1 <= min(rest) <= 12 and max(rest) <= 31 else None


def _day(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of the day of a month that begins at a token: "3rd", "thirty first", "5"."""
    if at >= len(tokens):
        return None
    text = tokens[at].text
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if tokens[at].is_number and len(text) <= 2 and 1 <= int(text) <= 31:
        return at + 1 if following in ("st", "nd", "rd", "th") and tokens[at + 1].before == "" else at
    if text in ("twenty", "thirty") and (following in _ORDINALS or following in _NUMBERS):
        return at + 1
    return at if text in _ORDINALS or text in _NUMBERS or text in ("twenty", "thirty") else None


def _year(tokens: Sequence[Token], at: int) -> tuple[int, int | None] | None:
    """The last token of the year that begins at a token, and the year where it has four digits or its century."""
    words = [token.text for token in tokens[at : at + 5]]
    if not words:
        return None
    if words[0].isdecimal() and len(words[0]) in (2, 4):
        year = int(words[0])
        if len(words[0]) == 4:
            return (at, year) if 1900 <= year < 2030 else None
        return at, 1900 + year if year > 29 else 2000 + year
    if words[0] == "nineteen" and len(words) > 1 and words[1].isdecimal() and len(words[1]) == 2:
        return at + 1, 1900 + int(words[1])
    if words[0] in ("nineteen", "twenty") and len(words) > 1 and (words[1] in _TENS or words[1] in _NUMBERS):
        length = 3 if len(words) > 2 and words[1] in (*_TENS, "oh") and words[2] in _NUMBERS else 2
        return at + length - 1, 1900 if words[0] == "nineteen" else None
    if words[:2] == ["two", "thousand"]:
        length = 2
        if words[2:3] == ["and"]:
            length += 1
        if words[length : length + 1] and words[length] in _NUMBERS:
            return at + length, 2000
        return at + 1, 2000
    if words[0] in _TENS:
        return at + (1 if len(words) > 1 and words[1] in _NUMBERS else 0), 1900
    return None
