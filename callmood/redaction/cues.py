"""What is said about a number: "my account number is", "call me at", "the order number"."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callmood.redaction.tokens import Token, lengths_by_first, phrases

ORDINARY: Final = "ordinary"
"""The kind of numbers that are no secrets: of orders, flights, pages."""
BIRTH: Final = "date of birth"
POSTCODE: Final = "postcode"
EMAIL: Final = "e-mail address"
ADDRESS: Final = "address"
NUMBER: Final = "number"
"""A number of which nothing else is said."""

_NUMBERS: Final = {
    "card number": (
        "card number, number of the card, number of my card, "
        "card no, cards number, number on the card, number on your card, number on my card, long number, "
        "sixteen digits, 16 digits, sixteen digit, 16 digit, card ending, card ends"
    ),
    "social security number": (
        "social security, social security number, social, ssn, last four of your social, last four of my social"
    ),
    "account number": (
        "account number, count number, number of the account, number of my account, number of your account, "
        "account no, account id, acct, acct number, routing number, routing, sort code, iban, "
        "policy number, member number, member id, membership number, customer number, customer id, license number, "
        "licence number, license, licence, passport number, passport, national insurance, national insurance number, "
        "tax id, taxpayer, medical record, patient id, patient number, insurance number, loan number, meter number, "
        "account ending, account ends, medicare, medicaid, subscriber id, group number"
    ),
    "security code": (
        "cvv, cvc, cvv2, cvc2, security code, security number, pin, pin number, pin code, passcode, verification code, "
        "access code, digits on the back, numbers on the back, number on the back, three digit, three digits, "
        "one time code, one time password, password"
    ),
    POSTCODE: "zip, zip code, postcode, post code, postal code",
    BIRTH: "date of birth, birth date, birthdate, birthday, dob, born, birth",
    "phone number": (
        "phone number, phone, telephone, cell, cellphone, cell number, mobile, mobile number, call me, reach me, reach "
        "you, call you, callback, call back, contact number, fax, fax number, text me, best number, area code, whatsapp"
    ),
}
"""What stands for the number itself: enough to take a short one for one of the kind."""

_ABOUT: Final = {
    "card number": "card, visa, mastercard, amex, american express, debit",
    "account number": "account, bank",
    "phone number": "daytime number, home number, work number, office number, good number, landline, work "
    "line, calling from, daytime",
    NUMBER: "my number, your number, his number, her number, the number, which number, what number, number is",
}
"""What such numbers are talked about with; it names a long number, and a short one only with a word of ``_DIGITS``."""

_DIGITS: Final = (
    "last four, last 4, ending in, ends in, ending with, ends with, digits, first six, the number is"
)

_ORDINARY: Final = (
    "order, order number, reference, reference number, ticket, ticket number, case, case number, confirmation, "
    "confirmation number, tracking, tracking number, invoice, invoice number, serial, serial number, model, "
    "model number, part number, item, item number, product number, flight, room, version, extension, page, channel, "
    "gate, bus, route, highway, score, counting, testing, count to, error, error code, code name"
)
_NONE: Final = (
    "social media, social worker, social life, social network, gift card, business card, sim card, post card, "
    "web address, website address, ip address, memory card, graphics card, phone call, on the phone, license plate, "
    "of the cell, bank holiday"
)

_LONG_AGO: Final = 40
"""Tokens after which a cue is forgotten: a question, an "I have it here somewhere", and the answer."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Something said about numbers."""

    at: int
    """Index of its last token."""
    kind: str
    names_it: bool
    """Whether it stands for the number itself, so that a short number may be meant."""


def _phrases() -> dict[tuple[str, ...], tuple[str, bool] | None]:
    listed_by_meaning: list[tuple[str, tuple[str, bool] | None]] = [
        *((listed, (kind, True)) for kind, listed in _NUMBERS.items()),
        *((listed, (kind, False)) for kind, listed in _ABOUT.items()),
        (_DIGITS, ("", True)),
        (_ORDINARY, (ORDINARY, True)),
        (_NONE, None),
        (
            "email, e mail, mail, gmail, emails, email address, e mail address, at sign, before the at, after the at",
            (EMAIL, False),
        ),
        (
            "address, live at, living at, live on, deliver to, delivered to, ship to, shipped to",
            (ADDRESS, False),
        ),
    ]
    return {phrase: meaning for listed, meaning in listed_by_meaning for phrase in phrases(listed)}


_PHRASES: Final = _phrases()
_LENGTHS: Final = lengths_by_first(_PHRASES)


class Cues:
    """The cues of a call, in order."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._cues = list(_cues(tokens))
        self._at = [cue.at for cue in self._cues]

    def before(self, token: int, within: int = _LONG_AGO) -> Iterator[Cue]:
        """The cues before a token that are not forgotten, the nearest first."""
        for cue in reversed(self._cues[: bisect_left(self._at, token)]):
            if token - cue.at > within:
                return
            yield cue

    def after(self, token: int, within: int = 8) -> Iterator[Cue]:
        """The cues shortly after a token, the nearest first: "is my account number"."""
        for cue in self._cues[bisect_left(self._at, token + 1) :]:
            if cue.at - token > within:
                return
            yield cue


def _cues(tokens: Sequence[Token]) -> Iterator[Cue]:
    said = [token.text.removesuffix("'s") for token in tokens]
    past = 0
    for at, word in enumerate(said):
        if at < past or word not in _LENGTHS:
            continue
        for length in _LENGTHS[word]:
            phrase = tuple(said[at : at + length])
            if len(phrase) == length and phrase in _PHRASES:
                meaning = _PHRASES[phrase]
                if meaning is not None:
                    yield Cue(at + length - 1, *meaning)
                if meaning is None or meaning[0] != NUMBER:  # "the number of the account"
                    past = at + length
                break
