"""Postal addresses: "twelve Elm Street, apartment 4, Springfield, Illinois 62704", "SW1A 1AA", "Hauptstraße 12"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from callmood.redaction.cues import ADDRESS, Cues
from callmood.redaction.digits import is_digit_word
from callmood.redaction.tokens import Found, Token, phrases, words

_STREETS: Final = words(
    """
    street st avenue ave av road rd boulevard blvd drive dr lane ln court ct way place pl terrace highway hwy
    circle cir square sq parkway pkwy trail crescent close row mews alley
    """
)
_ABBREVIATED: Final = words("st ave av rd blvd dr ln ct pl hwy cir sq pkwy")
_CLEAR: Final = words("street avenue road boulevard lane terrace crescent parkway")
"""What is no other word, so that it makes an address without a number."""
_FROM_ADDRESS: Final = 25
"""Tokens from "what is your address" to the street."""
_GERMAN_ENDS: Final = ("straße", "strasse", "str", "weg", "platz", "allee", "gasse", "damm", "ufer")
_GERMAN: Final = re.compile(rf"\w{{2,}}({'|'.join(_GERMAN_ENDS)})$")
_ROMANCE: Final = words("rue calle avenida via viale piazza")
"""What stands before the name of a street, and is no other word."""
_UNITS: Final = words("apartment apt unit suite flat floor number box po")
_NOT_A_NAME: Final = words(
    """
    the a an of in on at to down up from off across along by this that one your my our their his her its same
    other any each every no more way ways minutes minute hours hour days day weeks week months month years
    year times time people blocks block miles mile feet dollars bucks cents percent and or but is are was
    were have has had go goes with for per another wrong right left only best either long different hard easy
    possible whole half lot it i you we they he she them us me so then just like
    """
)
_STATES: Final = frozenset(
    phrases(
        """
        alabama, alaska, arizona, arkansas, california, colorado, connecticut, delaware, florida, georgia,
        hawaii, idaho, illinois, indiana, iowa, kansas, kentucky, louisiana, maine, maryland, massachusetts,
        michigan, minnesota, mississippi, missouri, montana, nebraska, nevada, new hampshire, new jersey, new
        mexico, new york, north carolina, north dakota, ohio, oklahoma, oregon, pennsylvania, rhode island, south
        carolina, south dakota, tennessee, texas, utah, vermont, virginia, washington, west virginia, wisconsin,
        wyoming, district of columbia, ontario, quebec, alberta, british columbia, manitoba, nova scotia, new
        south wales, queensland, victoria
        """
    )
)
_BEGIN_STATES: Final = frozenset(state[0] for state in _STATES)
_BEGIN: Final = _BEGIN_STATES | _ROMANCE | {"hundred", "oh"}
_CODES: Final = words(
    """
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH
    OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC ON QC BC AB
    """
)
_OUTWARD: Final = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?")
_INWARD: Final = re.compile(r"\d[A-Z]{2}")
_MOST_NAME_WORDS: Final = 3
_MOST_CITY_WORDS: Final = 4


def find_addresses(tokens: Sequence[Token], texts: Sequence[str], cues: Cues) -> Iterator[Found]:
    """The postal addresses among the tokens of ``texts``, and where their streets are named again."""
    past = 0
    streets: set[tuple[str, str]] = set()
    for at, token in enumerate(tokens):
        if at < past or not (_begins(token) or (at + 1 < len(tokens) and tokens[at + 1].text in _CLEAR)):
            continue
        street = _street(tokens, at) or _other_street(tokens, at) or _asked_for(tokens, at, cues)
        last = _british_postcode(tokens, texts, at) if street is None else _with_place(tokens, street)
        if last is None:
            last = _state_and_zip(tokens, at)
        if street is not None:
            streets.add((tokens[street - 1].text, tokens[street].text))
        if last is not None:
            yield Found(at, last, ADDRESS)
            past = last + 1
    for at, (one, other) in enumerate(pairwise(tokens) if streets else ()):
        if (one.text, other.text) in streets and one.segment == other.segment:
            yield Found(at, at + 1, ADDRESS)


def _begins(token: Token) -> bool:
    """Whether an address may begin with a token, unless it is one that was asked for."""
    text = token.text
    return (
        token.is_number
        or text in _BEGIN
        or (len(text) <= 2 and token.written.isupper())
        or text.endswith(_GERMAN_ENDS)
        or is_digit_word(text)
    )


def _asked_for(tokens: Sequence[Token], at: int, cues: Cues) -> int | None:
    """The last token of "Station Road", soon after an address was spoken of."""
    if at + 1 >= len(tokens) or tokens[at + 1].text not in _CLEAR or tokens[at + 1].before != " ":
        return None
    if (
        tokens[at].text in _NOT_A_NAME
        or tokens[at].text in ("main", "new", "old", "high")
        or tokens[at].is_number
    ):
        return None
    return at + 1 if any(cue.kind == ADDRESS for cue in cues.before(at, _FROM_ADDRESS)) else None


def _street(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of "12 Elm Street" or "twelve twenty Elm Street"."""
    if not _is_house_number(tokens, at):
        return None
    name = at + 1
    while name < len(tokens) and name - at < 6 and _is_house_number(tokens, name):
        name += 1
    if name < len(tokens) and len(tokens[name].text) == 1 and tokens[name].before == "":  # 221b
        name += 1
    while name < len(tokens) and _is_hesitation(tokens[name]):
        name += 1
    for index in range(name, min(len(tokens), name + _MOST_NAME_WORDS + 1)):
        token = tokens[index]
        if token.segment != tokens[at].segment or "." in token.before.replace("St.", ""):
            return None
        if index > name and token.text in _STREETS:
            written_so = token.text not in _ABBREVIATED or token.written[0].isupper()
            return (
                index
                if written_so and (token.text != "way" or tokens[index - 1].written[0].isupper())
                else None
            )
        if (
            token.text in _NOT_A_NAME
            or (token.text in _STREETS and token.text != "st")
            or ("," in token.before and not _is_hesitation(tokens[index - 1]))
        ):
            return None
    return None


def _is_hesitation(token: Token) -> bool:
    return token.text in ("uh", "um", "er", "erm")


def _is_house_number(tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    if token.is_number:
        return len(token.text) <= 5 and not token.before.rstrip().endswith(("$", "€", "£", ":"))
    return is_digit_word(token.text) or token.text in ("hundred", "oh")


def _other_street(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of "Hauptstraße 12", "12 rue de la Paix" and "Calle Mayor 5"."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if (
        _GERMAN.fullmatch(tokens[at].text)
        and following is not None
        and _follows(tokens, at)
        and following.is_number
    ):
        return at + 1 if len(following.text) <= 4 else None
    if (
        tokens[at].is_number
        and len(tokens[at].text) <= 4
        and following is not None
        and following.text == "rue"
    ):
        last = at + 1
        while (
            last + 1 < len(tokens)
            and last - at < 6
            and _follows(tokens, last)
            and "," not in tokens[last].after
        ):
            if not (
                tokens[last + 1].written[0].isupper()
                or tokens[last + 1].text in ("de", "la", "du", "des", "le", "les", "l")
            ):
                break
            last += 1
        return last if last > at + 1 else None
    if tokens[at].text in _ROMANCE and tokens[at].written[0].isupper():
        for index in range(at + 2, min(at + 6, len(tokens))):
            if tokens[index].segment != tokens[at].segment:
                return None
            if tokens[index].is_number:
                return index if len(tokens[index].text) <= 4 else None
    return None


def _follows(tokens: Sequence[Token], at: int) -> bool:
    """Whether the next token stands in the same sentence."""
    return (
        at + 1 < len(tokens)
        and tokens[at + 1].segment == tokens[at].segment
        and not set(tokens[at].after) & set("?!;")
    )


def _with_place(tokens: Sequence[Token], last: int) -> int:
    """The last token with what follows a street: apartment, city, state, postcode."""
    at = last + 1
    if at < len(tokens) and tokens[at].text in _UNITS and _follows(tokens, last):
        at += 1
        while at < len(tokens) and (
            tokens[at].is_number or is_digit_word(tokens[at].text) or len(tokens[at].text) == 1
        ):
            last = at
            at += 1
    for index in range(last + 1, min(len(tokens), last + 2 + _MOST_CITY_WORDS)):
        if tokens[index].segment > tokens[last].segment + 1:
            break
        state = _state(tokens, index)
        if state is not None:
            return _zip(tokens, state + 1) or state
        five = _zip(tokens, index)
        if five is not None:
            return five
    return last


def _state(tokens: Sequence[Token], at: int) -> int | None:
    for length in (3, 2, 1) if at < len(tokens) and tokens[at].text in _BEGIN_STATES else ():
        if tuple(token.text for token in tokens[at : at + length]) in _STATES and at + length <= len(tokens):
            return at + length - 1
    return at if at < len(tokens) and tokens[at].written in _CODES else None


def _state_and_zip(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of "Illinois 62704"."""
    state = _state(tokens, at)
    return None if state is None else _zip(tokens, state + 1)


def _zip(tokens: Sequence[Token], at: int) -> int | None:
    if (
        at < len(tokens)
        and tokens[at].is_number
        and len(tokens[at].text) == 5
        and not tokens[at].before.endswith("$")
    ):
        more = at + 1 < len(tokens) and tokens[at + 1].before == "-" and len(tokens[at + 1].text) == 4
        return at + 1 if more else at
    digits = at
    while digits < len(tokens) and digits - at < 5 and is_digit_word(tokens[digits].text):
        digits += 1
    return digits - 1 if digits - at == 5 else None


def _british_postcode(tokens: Sequence[Token], texts: Sequence[str], at: int) -> int | None:
    """The last token of "SW1A 1AA"."""
    token = tokens[at]
    if not token.written.isupper() or len(token.written) > 2:
        return None
    end = at
    while end + 1 < len(tokens) and end - at < 6 and tokens[end + 1].segment == token.segment:
        end += 1
        written = texts[token.segment][token.start : tokens[end].end]
        outward, space, inward = written[:-3].rstrip(), written[-4:-3], written[-3:]
        if _OUTWARD.fullmatch(outward) and _INWARD.fullmatch(inward) and (space == " " or space.isalnum()):
            return end
    return None
