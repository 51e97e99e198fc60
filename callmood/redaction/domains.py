"""The domains of e-mail addresses, written and spoken: "gmail dot com", "mail.example.co.uk", "g mail"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from callmood.redaction.digits import is_digit_word
from callmood.redaction.tokens import Token, phrases, words

DOTS: Final = frozenset({"dot", "period", "dots", "doc", "dought"})
ENDS: Final = words(
    """
    com org net edu gov co uk de io info biz us ca me fr es it eu au nz ie in nl ch at be pt br mx jp tv app
    dev ai mil int name pro
    """
)
_NAMED_ENDS: Final = words(
    """
    academy accountants agency art attorney auto band bank bar beauty bike blog boutique builders business cafe camp
    care cars catering center charity church city cleaning clinic cloud club coach coffee community company
    construction consulting contractors cool dance dental dentist design digital directory doctor dog education email
    energy engineering enterprises equipment estate events expert family farm fashion finance fish fitness flowers
    foundation fun fund furniture gallery games garden gifts global green group guide guru health help homes hospital
    host hotel house inc industries institute insurance jewelry kitchen land law lawyer legal life limited link live
    llc loans ltd management marketing media medical money museum music network news ninja online partners party
    photo photography photos pizza place plumbing plus press productions properties pub realty rentals repair report
    rest restaurant review rocks sale salon school services shoes shop site social software solar solutions space
    store studio supply support surgery systems tax team tech technology tips tools top tours town toys training
    travel university vet video vision website wiki win wine work works world xyz yoga zone
    """
)
"""Endings that are words: only after a spoken "dot"."""
_HEARD_AS_COM: Final = words("calm cam come comb con kom con")
_JOINED_ENDS: Final = frozenset(f"dot{end}" for end in ENDS)
_PROVIDERS: Final = frozenset(
    phrases(
        """
        gmail, g mail, gee mail, g male, jemail, googlemail, google mail, yahoo, yahu, hotmail, hot mail,
        outlook, out look, icloud, i cloud, eye cloud, aol, a o l, protonmail, proton mail, comcast, verizon,
        live, msn, ymail, me, mac, gmx, fastmail, web, btinternet, mail, att, sbcglobal, cox, zoho, yandex, qq,
        proton, bellsouth, earthlink, charter, rocketmail
        """
    )
)
_WITHOUT_END: Final = frozenset(
    phrases(
        "gmail,g mail,googlemail,google mail,yahoo,hotmail,hot mail,outlook,icloud,i cloud,aol,protonmail,proton mail"
    )
)
"""Providers that are named without an ending: "at gmail". Others are companies that people speak about, too."""
HESITATIONS: Final = words("uh um er erm eh ah em hm hmm mm mmm")
WITHIN_NAMES: Final = words(
    """
    me on with in the a an my your our his her their us you him them we they i he she and or then no not of for by
    this what who just only up down out over off all
    """
)
"""Words that stand in a name of several words, such as "pete the plumber", but don't begin one."""
NOT_NAMES: Final = WITHIN_NAMES | words(
    """
    is it it's its that's that be email emails mail address addresses to under as so okay ok yes yeah sure well
    right uh um reach contact send sent write wrote look looking looked shop shopping store buy bought order
    ordered work works worked working find found visit visiting go going went available online website site
    page here there are was were at from use using used have has had got get try tried
    which where login log via please would spelled spelt spell called named back
    support help everything something anything nothing people person someone team account sign
    signed check checked information info's arrive see seen saw stop stopped stay stayed start started
    available everyone everybody meet met
    """
)
ASIDE: Final = 6
"""Tokens of something else that is said between "at" and the domain."""


def domain_end(tokens: Sequence[Token], at: int, *, any_end: bool = False) -> int | None:
    """The last token of a domain that begins at a token: "gmail dot com", "mail.example.co.uk", "g mail".

    ``any_end``: with any word after a spoken "dot".
    """
    if at >= len(tokens):
        return None
    provider = provider_end(tokens, at)
    name_ends = [provider] if provider is not None else [at, at + 1, at + 2, at + 3]
    for name_end in name_ends:
        last = _ending(tokens, name_end, is_provider=provider is not None, any_end=any_end)
        if last is not None and last > name_end:
            return last
    if provider is not None and tuple(token.text for token in tokens[at : provider + 1]) in _WITHOUT_END:
        return provider
    return None


def domain_after(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of a domain that begins soon, after something else was said: "at, let me see, gmail dot com"."""
    for begin in range(at, min(at + ASIDE, len(tokens))):
        if tokens[begin].text not in NOT_NAMES and (last := domain_end(tokens, begin)) is not None:
            return last
    return None


def provider_end(tokens: Sequence[Token], at: int) -> int | None:
    """The last token of a mail provider's name that begins at a token."""
    for length in (3, 2, 1):
        if tuple(token.text for token in tokens[at : at + length]) in _PROVIDERS and at + length <= len(
            tokens
        ):
            return at + length - 1
    return None


def has_ending(tokens: Sequence[Token], domain: int) -> bool:
    provider = provider_end(tokens, domain)
    return provider is not None and _ending(tokens, provider, is_provider=True) is not None


def _ending(
    tokens: Sequence[Token], name_end: int, *, is_provider: bool, any_end: bool = False
) -> int | None:
    """The last token of ".com" or "dot co dot uk" after a name."""
    last = None
    at = name_end + 1
    while at < len(tokens):
        at = _past_hesitations(tokens, at)
        is_spoken = at < len(tokens) and tokens[at].text in DOTS
        if is_spoken:
            label = _past_hesitations(tokens, at + 1)
        elif at < len(tokens) and (
            tokens[at].text in _JOINED_ENDS
            or (is_provider and at == name_end + 1 and tokens[at].text == "com")
        ):
            return at
        elif at < len(tokens) and tokens[at].before.strip() == "." and not tokens[at].is_first:
            label = at
            if tokens[at].before.endswith(" ") and tokens[at].written not in ENDS:  # gmail. com
                break
        else:
            break
        if label >= len(tokens):
            break
        text = tokens[label].text
        spelt = _spelt_end(tokens, label)
        if spelt is not None:
            last = label = spelt
        elif (
            text in ENDS or (is_provider and text in _HEARD_AS_COM) or (is_spoken and _is_end(text, any_end))
        ):
            last = label
        elif last is not None or tokens[label].text in NOT_NAMES:
            break
        at = label + 1
    return last


def _is_end(text: str, any_end: bool) -> bool:
    """Whether a word after a spoken "dot" ends a domain: all countries have two letters."""
    is_word = text.isalpha() and not is_digit_word(text)
    return is_word and (len(text) == 2 or text in _NAMED_ENDS or (any_end and text not in NOT_NAMES))


def _spelt_end(tokens: Sequence[Token], at: int) -> int | None:
    """The last letter of an ending that is spelt: "dot c o m"."""
    letters = ""
    for index in range(at, min(at + 3, len(tokens))):
        if len(tokens[index].text) != 1:
            break
        letters += tokens[index].text
        if len(letters) > 1 and letters in ENDS and (letters != "co" or tokens[at + 2 : at + 3] == []):
            return index
    return None


def _past_hesitations(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].text in HESITATIONS:
        at += 1
    return at
