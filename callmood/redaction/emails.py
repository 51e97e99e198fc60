"""E-mail addresses, written and spoken: "john dot doe at gmail dot com", "j o h n at hotmail"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from callmood.first_names import is_first_name
from callmood.redaction.cues import EMAIL, ORDINARY, Cues
from callmood.redaction.digits import is_digit_word
from callmood.redaction.domains import (
    ASIDE,
    ENDS,
    NOT_NAMES,
    Domain,
    domain_after,
    domain_at,
    domain_end,
    past_hesitations,
    provider_end,
)
from callmood.redaction.mailboxes import (
    JOINS,
    begin_of,
    core_of,
    ends_sentence,
    is_a_thing,
    is_composed,
    is_given,
    is_joined,
    is_named,
    is_sentence,
    is_tight,
    phrase_before,
    with_name,
)
from callmood.redaction.said_again import spelt_after, taken_back_after, taken_back_before
from callmood.redaction.tokens import Found, Token, words

_HEARD_AS_AT: Final = words("at add ad and that et")
"""What a recogniser writes for "at"; the others only before a mail provider."""
_SIGNS: Final = words("dot underscore")
"""What stands between the words of an address of which no "at" was written."""
_MAILBOXES: Final = words("contact support help team me us him her")
"""What may be all of an address before "at", though it seldom is a name."""
_SENDING: Final = words(
    "send sent resend forward forwarded write wrote mail mailed email emailed copy reply went goes go"
)
_WHOSE: Final = [[one, "is"] for one in ("mine", "his", "hers", "ours", "theirs", "yours")]
_SAID_OF_SITES: Final = words(
    """
    free cheap cheaper cheapest better best lower less more sold listed posted shown new out half off price prices rate
    rates deal deals item items ticket tickets hours review reviews house houses coupon coupons jobs chat advertise
    twice once again
    """
)
"""What is said of a site before "at"."""
_SAID_OF_PROVIDERS: Final = words("just not plain only regular old new")
"""What is said before "gmail dot com" and is no name."""
_NEAR: Final = 12
"""Tokens within which a word about e-mail tells what follows."""


def find_emails(tokens: Sequence[Token], cues: Cues) -> Iterator[Found]:
    """The e-mail addresses among the tokens."""
    start = 0
    for at, token in enumerate(tokens):
        if at < start:
            continue
        found = None
        if "@" in token.before:
            found = _written(tokens, at, start)
        elif at > start and token.is_first and tokens[at - 1].after.strip() == "@":
            found = _cut_off(tokens, at, start)
        if found is None and token.text in _HEARD_AS_AT:
            found = _spoken(tokens, cues, at, start)
        if found is None:
            found = _without_at(tokens, cues, at, start)
        if found is not None:
            first = taken_back_before(tokens, found.first, start)
            last = taken_back_after(tokens, spelt_after(tokens, first, found.last))
            yield Found(first, last, EMAIL)
            start = last + 1


def _written(tokens: Sequence[Token], right: int, start: int) -> Found | None:
    """The address whose @ stands before a token."""
    if tokens[right].is_first or right == start:
        return None
    first = right - 1
    if tokens[right].before == "@":
        while first > start and is_tight(tokens[first]):
            first -= 1
    else:  # john dot doe @ gmail dot com
        first = min(first, begin_of(tokens, right, start))
    last = domain_end(tokens, right)
    if last is None and tokens[right].before != "@":
        return None
    last = right if last is None else last
    while tokens[right].before == "@" and last + 1 < len(tokens) and is_tight(tokens[last + 1]):
        last += 1
    return Found(first, last, EMAIL)


def _cut_off(tokens: Sequence[Token], at: int, start: int) -> Found:
    """The address whose @ ends the text before a token."""
    first = at - 1
    while first > start and is_tight(tokens[first]):
        first -= 1
    last = domain_after(tokens, at)
    return Found(first, at - 1 if last is None else last, EMAIL)


def _spoken(tokens: Sequence[Token], cues: Cues, at: int, start: int) -> Found | None:
    """The address around a spoken "at"."""
    is_mail = _is_about_mail(cues, at)
    end, first = core_of(tokens, at, start)
    has_signs = is_composed(tokens, first, end)
    domain = _domain(tokens, _past_at(tokens, at), first, end, any_end=is_mail or has_signs)
    if domain is None or (tokens[at].text != "at" and (domain.is_bare or not domain.is_provider)):
        return None
    if not domain.is_provider and _is_before_at(tokens, domain.last):
        return None  # "email me at jo dot lee at ..."
    if first == end:  # no name before it: "look at gmail dot com"
        if end > start and tokens[end - 1].text in _MAILBOXES and (is_mail or is_given(tokens, end - 1)):
            return Found(end - 1, domain.last, EMAIL)
        first = _phrase(tokens, end, start, domain)
        return Found(first, domain.last, EMAIL) if first < end else None
    if not _is_told(tokens, cues, domain, first, end):
        return None
    is_open = domain.is_bare and not (has_signs or is_mail)
    if is_open and not tokens[domain.last].after.strip() and not _ends_text(tokens, domain.last):
        return None  # "my phone at Gmail headquarters"
    first = with_name(tokens, begin_of(tokens, end, start), start)
    first = min(first, _phrase(tokens, end, start, domain))
    if first > start and tokens[first - 1].text in _MAILBOXES and is_given(tokens, first - 1):
        first -= 1  # "it's help desk at"
    return Found(first, domain.last, EMAIL)


def _domain(tokens: Sequence[Token], begin: int, first: int, end: int, *, any_end: bool) -> Domain | None:
    """The domain from ``begin`` on, after a name from ``first`` to ``end``."""
    if (domain := domain_at(tokens, begin, any_end=any_end)) is not None or first == end:
        return domain
    if is_first_name(tokens[first].text):
        domain = domain_at(tokens, begin, any_end=True)
        return domain if domain is not None and is_sentence(tokens, first, domain.last) else None
    last = domain_after(tokens, begin) if is_composed(tokens, first, end) else None
    return None if last is None else Domain(last, is_mailer=False, is_provider=False, is_bare=False)


def _phrase(tokens: Sequence[Token], end: int, start: int, domain: Domain) -> int:
    """The first token of a phrase before token ``end`` that is given as a name, whatever its words; ``end`` if none."""
    first = phrase_before(tokens, end, start)
    is_phrase = first < end and (
        is_sentence(tokens, first, domain.last)
        or (is_given(tokens, first) and bool(tokens[domain.last].after.strip()))
        or is_first_name(tokens[first].text)
    )
    return first if is_phrase and domain.is_mailer and not domain.is_bare else end


def _is_told(tokens: Sequence[Token], cues: Cues, domain: Domain, first: int, end: int) -> bool:
    """Whether something tells that "harris at brightwater dot com" is an address, and no site that is spoken about."""
    if domain.is_mailer or any(cue.kind == EMAIL for cue in cues.before(end)):
        return True
    if _is_counted(tokens, first, end, domain):
        return False
    if is_joined(tokens, first, end):
        return True
    if not _SAID_OF_SITES.isdisjoint(token.text for token in tokens[first:end]):
        return False
    is_added = any("," in token.before for token in tokens[first + 1 : end])
    if is_added and ends_sentence(tokens, domain.last):  # "copy my assistant, jo lee at brightwater dot com"
        return True
    word = tokens[end - 1]
    if is_a_thing(tokens, first) or (word.text.endswith("ed") and not is_named(word)):
        return False
    if is_composed(tokens, first + 1, end):
        return not any(cue.kind == ORDINARY for cue in cues.before(end, 4))
    return (
        domain.is_provider
        or is_named(tokens[end - 1])
        or is_first_name(tokens[first].text)
        or is_sentence(tokens, first, domain.last)
        or _is_sent_to(tokens, first)
        or is_given(tokens, first)
        or [token.text for token in tokens[max(0, first - 2) : first]] in _WHOSE
        or _echoes(tokens[first:end], tokens[end + 1 : domain.last + 1])
        or end - first == 1
    )


def _is_counted(tokens: Sequence[Token], first: int, end: int, domain: Domain) -> bool:
    """Whether what stands before "at" is a number of things, or one of them: "three orders at target dot com"."""
    if is_given(tokens, first) or is_sentence(tokens, first, domain.last):
        return False
    word = tokens[end - 1]
    if word.text in ("one", "ones"):
        return end - first == 1
    is_plural = word.text.endswith("s") and not word.text.endswith("ss") and not is_first_name(word.text)
    before = [token for token in tokens[max(0, first - 1) : end - 1] if not token.is_number]
    numbers = end - 1 - max(0, first - 1) - len(before) + sum(is_digit_word(token.text) for token in before)
    is_plain = not any(token.text in JOINS or len(token.text) == 1 for token in before)
    return is_plural and numbers == 1 and is_plain and not any(map(is_tight, tokens[first + 1 : end]))


def _echoes(name: Sequence[Token], domain: Sequence[Token]) -> bool:
    """Whether a word of the name is in the domain, too: "mike at mikes auto body dot com"."""
    return any(len(word.text) > 3 and part.text.startswith(word.text) for word in name for part in domain)


def _is_sent_to(tokens: Sequence[Token], first: int) -> bool:
    """Whether mail is sent to what begins at a token: "forward that to"."""
    before = [token.text for token in tokens[max(0, first - ASIDE) : first]]
    return before[-1:] == ["to"] and not _SENDING.isdisjoint(before)


def _past_at(tokens: Sequence[Token], at: int) -> int:
    """The token after a spoken "at", which may be said as "at sign" or, in India, as "at the rate of"."""
    after = [token.text for token in tokens[at + 1 : at + 4]]
    past = at + 1
    if after[:1] in (["sign"], ["symbol"]):
        past = at + 2
        while past < len(tokens) and tokens[past].text in ("and", "then", "it's", "is"):
            past += 1
    elif after[:2] == ["the", "rate"]:
        past = at + (4 if after[2:] == ["of"] else 3)
    elif after[:1] == ["then"]:
        past = at + 2
    return past_hesitations(tokens, past)


def _is_about_mail(cues: Cues, at: int) -> bool:
    return any(cue.kind == EMAIL for cue in cues.before(at, _NEAR))


def _without_at(tokens: Sequence[Token], cues: Cues, at: int, start: int) -> Found | None:
    """An address of which no "at" was written, or a part of one that was asked for: "jenna gmail dot com"."""
    domain = None if provider_end(tokens, at) is None else domain_at(tokens, at)
    is_begun = at + 2 < len(tokens) and tokens[at + 1].text in _SIGNS
    if not is_begun and (domain is None or not domain.is_provider):
        return None
    is_told = _is_about_mail(cues, at) or (start > 0 and at - start < _NEAR)
    if domain is not None and domain.is_provider:
        of_text = at
        while of_text > start and not tokens[of_text].is_first:
            of_text -= 1
        end, first = core_of(tokens, at, of_text)
        has_signs = first < end and is_joined(tokens, first, end)
        if domain.is_bare:
            is_apart = end < at or "," in tokens[at].before
            is_one = is_apart and (
                (has_signs and (tokens[domain.last].after.strip() or _ends_text(tokens, domain.last)))
                or (is_composed(tokens, first, end) and is_sentence(tokens, first, domain.last))
            )
            return Found(begin_of(tokens, end, of_text), domain.last, EMAIL) if is_one else None
        is_asked_for = tokens[at].is_first and any(
            cue.kind == EMAIL and tokens[cue.at].segment < tokens[at].segment
            for cue in cues.before(at, _NEAR)
        )
        is_name = first < end and (
            is_composed(tokens, first, end)
            or is_first_name(tokens[first].text)
            or (end == at == first + 1 and tokens[first].text not in _SAID_OF_PROVIDERS)
        )
        if domain.is_mailer and is_name and is_sentence(tokens, first, domain.last):
            is_told = True
        first = begin_of(tokens, end, of_text)
        return Found(first, domain.last, EMAIL) if is_told and (first < at or is_asked_for) else None
    if is_told and tokens[at].text not in NOT_NAMES:
        last = at
        while last + 2 < len(tokens) and tokens[last + 1].text in _SIGNS:
            last += 2
        if tokens[last].text in ENDS:
            return None
        goes_on = last + 1 < len(tokens) and tokens[last + 1].text in ("at", "add")
        return Found(at, last, EMAIL) if last > at and _ends_text(tokens, last) and not goes_on else None
    return None


def _is_before_at(tokens: Sequence[Token], last: int) -> bool:
    following = tokens[last + 1 : last + 2]
    return any(token.text == "at" or "@" in token.before for token in following)


def _ends_text(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 == len(tokens) or tokens[at + 1].is_first or tokens[at + 1].text == "please"
