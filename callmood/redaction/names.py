"""Names of people: those that are given ("my name is Anna Schmidt") and those that ``recogniser.py`` finds.

They are found wherever they are said again in the call.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from callmood.first_names import is_first_name
from callmood.redaction.recogniser import recogniser
from callmood.redaction.tokens import Found, Token, lengths_by_first, phrases, words

NAME: Final = "name"
_GIVEN: Final = frozenset(
    phrases(
        """
        name is, name's, names, name was, first name, last name, surname, surname is, maiden name, this is,
        spelled, spelt,
        through to, spoke to, spoke with, talked to, ask for, asking for, behalf of, speaking with, speaking to,
        speak with, speak to, talking to, talk to, under the name, under the name of, i'm, i am, mr, mrs, ms,
        miss, mister, missus, doctor, dr, madam, you're speaking with, called, hi, hello, thanks, thank you,
        dear, name
        """
    )
)
_LENGTHS: Final = lengths_by_first(_GIVEN)
_NEEDS_MORE: Final = {
    ("this", "is"): words("speaking calling here from with"),
    ("i'm",): words("calling speaking from"),
    ("i", "am"): words("calling speaking from"),
}
"""Phrases after which a capital is no proof ("this is Visa"), and the words that must follow the name."""
_ONLY_KNOWN: Final = frozenset(
    phrases(
        """
        spelled, spelt,
        through to, spoke to, spoke with, talked to, ask for, asking for, behalf of, hi, hello, thanks, thank you, dear,
        called, speak to, speak with, talk to, talking to, speaking to, speaking with, names, name, first
        name, last name
        """
    )
)
"""Phrases after which only a first name counts, as other words may have a capital."""
_LINKS: Final = words("is was it's its please so yes uh um it that's would be")
_NO_NAMES: Final = words(
    """
    i i'm i'd i'll i've ok okay yes no not just sorry sure the a an and but so well oh uh um hi hello thanks
    thank please calling speaking from with here mr mrs ms miss doctor dr monday tuesday wednesday thursday
    friday saturday sunday january february march april may june july august september october november
    december on in at it it's that what your you my we they he she for to is are was can could would do does
    did how why when where who this there if of english spanish german french italian american british visa
    mastercard paypal amazon google apple microsoft good great fine calling technical customer support
    service sales billing really very still also absolutely
    """
)
_TITLES: Final = words("mr mrs ms dr")
_MOST_WORDS: Final = 3


def find_names(tokens: Sequence[Token], texts: Sequence[str]) -> Iterator[Found]:
    """The names among the tokens of ``texts`` that are given or recognised, and where they are said again."""
    names = [*_given(tokens), *_recognised(tokens, texts)]
    known = {tokens[index].text for one in names for index in range(one.first, one.last + 1)}
    known = {word for word in known if len(word) > 1 and word not in _NO_NAMES}
    yield from names
    for at, token in enumerate(tokens if known else ()):
        if token.text.removesuffix("'s") in known and token.written[0].isupper():
            yield Found(at, at, NAME)


def _recognised(tokens: Sequence[Token], texts: Sequence[str]) -> Iterator[Found]:
    """What the recogniser takes for a person, where a first name is in it: it takes brands and sighs for people."""
    recognise = recogniser()
    if recognise is None:
        return
    starts = [(token.segment, token.start) for token in tokens]
    for segment, people in enumerate(recognise(texts)):
        for start, end in people:
            first = bisect_left(starts, (segment, start))
            last = bisect_left(starts, (segment, end)) - 1
            words = [tokens[index].text.removesuffix("'s") for index in range(first, last + 1)]
            if any(is_first_name(word) and word not in _NO_NAMES for word in words):
                yield Found(first, last, NAME)


def _given(tokens: Sequence[Token]) -> Iterator[Found]:
    past = 0
    for at, token in enumerate(tokens):
        if at < past:
            continue
        if _is_capital(token) and _is_speaking(tokens, at):
            yield Found(at, at, NAME)
        for length in _LENGTHS.get(token.text, ()):
            phrase = tuple(one.text for one in tokens[at : at + length])
            if len(phrase) < length:
                continue
            if phrase in _GIVEN and (phrase != ("miss",) or token.written == "Miss"):
                found = _name(tokens, at + length, phrase)
                if found is not None:
                    yield found
                    past = found.last + 1
                break


def _is_speaking(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token with a capital is the name in "billing department, Anna speaking"."""
    follows = at + 1 < len(tokens) and tokens[at + 1].text == "speaking" and tokens[at + 1].before == " "
    return follows and is_first_name(tokens[at].text)


def _name(tokens: Sequence[Token], at: int, phrase: tuple[str, ...]) -> Found | None:
    """The name that begins at a token, after a phrase that gives one."""
    while at < len(tokens) and tokens[at].text in _LINKS:
        at += 1
    last = _spelt(tokens, at)
    if last is not None:
        return Found(at, last, NAME)
    last = at - 1
    while last + 1 < len(tokens) and last + 1 - at < _MOST_WORDS and _may_be_name(tokens, last + 1, at):
        last += 1
    if last < at:
        return None
    if phrase in _ONLY_KNOWN and not is_first_name(tokens[at].text):
        return None
    needed = _NEEDS_MORE.get(phrase)
    if needed is not None and not is_first_name(tokens[at].text):
        is_meant = last + 1 < len(tokens) and tokens[last + 1].text in needed
        return Found(at, last, NAME) if is_meant else None
    return Found(at, last, NAME)


def _may_be_name(tokens: Sequence[Token], at: int, first: int) -> bool:
    token = tokens[at]
    if not _is_capital(token) or token.text in _NO_NAMES or token.text.removesuffix("'s") in _NO_NAMES:
        return False
    if at == first:
        is_title = tokens[at - 1].text in _TITLES
        return is_title or not set(token.before) & set(".?!;")
    is_initial = len(tokens[at - 1].text) == 1 and token.before.strip() == "."
    goes_on = is_initial or not set(token.before) & set(",.?!;:")
    return token.segment == tokens[first].segment and goes_on


def _spelt(tokens: Sequence[Token], at: int) -> int | None:
    """The last of three or more letters: "S-M-I-T-H"."""
    last = at
    while last < len(tokens) and len(tokens[last].text) == 1 and tokens[last].text.isalpha():
        last += 1
    return last - 1 if last - at >= 3 else None


def _is_capital(token: Token) -> bool:
    return token.written[0].isupper()
