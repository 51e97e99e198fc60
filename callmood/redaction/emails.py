"""E-mail addresses, written and spoken: "john dot doe at gmail dot com", "j o h n at hotmail"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from callmood.first_names import is_first_name
from callmood.redaction.cues import EMAIL, Cues
from callmood.redaction.digits import is_digit_word
from callmood.redaction.domains import (
    ASIDE,
    DOTS,
    ENDS,
    HESITATIONS,
    NOT_NAMES,
    WITHIN_NAMES,
    domain_after,
    domain_end,
    has_ending,
    provider_end,
)
from callmood.redaction.tokens import Found, Token, words

_HEARD_AS_AT: Final = frozenset({"at", "add", "and", "that"})
"""What a recogniser writes for "at"; the others only before a mail provider."""
_JOINS: Final = DOTS | words(
    "underscore underscores dash hyphen minus plus score point bar under_score slash"
)
_REMARKED: Final = words("all no with then and")
"""With what a remark on a name begins: "pat benatar, all lower case"."""
_MAILBOXES: Final = words("contact support help team me us him her")
"""What may be all of an address before "at", though it seldom is a name."""
_BEFORE_AT: Final = words("and it's that's that is it then so right correct sign symbol the")
"""What is said between a name and "at"."""
_SPELLING: Final = words("that's that is it's spelled spelt so it spell")
"""What is said between a name and its letters."""
_SENDING: Final = words(
    "send sent resend forward forwarded write wrote mail mailed email emailed copy reply went goes go"
)
_WHOSE: Final = [[one, "is"] for one in ("mine", "his", "hers", "ours", "theirs", "yours")]
_ARTICLES: Final = words("the a an my your our their some any")
_GIVEN_AFTER: Final = words("is it's that's to use try")
"""What an address is given after."""
_MOST_WORDS: Final = 6
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
            is_told = _is_about_mail(cues, at) or (start > 0 and at - start < _NEAR)
            found = _without_at(tokens, cues, at, start) if is_told else None
        if found is not None:
            yield found
            start = found.last + 1


def _written(tokens: Sequence[Token], right: int, start: int) -> Found | None:
    """The address whose @ stands before a token."""
    if tokens[right].is_first or right == start:
        return None
    first = right - 1
    if tokens[right].before == "@":
        while first > start and _is_tight(tokens[first]):
            first -= 1
    else:  # john dot doe @ gmail dot com
        first = min(first, _local(tokens, right, start))
    last = domain_end(tokens, right)
    if last is None and tokens[right].before != "@":
        return None
    return Found(first, right if last is None else last, EMAIL)


def _cut_off(tokens: Sequence[Token], at: int, start: int) -> Found:
    """The address whose @ ends the text before a token."""
    first = at - 1
    while first > start and _is_tight(tokens[first]):
        first -= 1
    last = domain_after(tokens, at)
    return Found(first, at - 1 if last is None else last, EMAIL)


def _spoken(tokens: Sequence[Token], cues: Cues, at: int, start: int) -> Found | None:
    """The address around a spoken "at"."""
    domain = _past_at(tokens, at)
    is_mail = _is_about_mail(cues, at)
    end, first = _core(tokens, at, start)
    is_composed = _is_composed(tokens, first, end)
    last = domain_end(tokens, domain, any_end=is_mail or is_composed)
    if last is None and tokens[at].text == "at" and is_composed:
        last = domain_after(tokens, domain)
    is_provider = provider_end(tokens, domain) is not None
    if last is None or (tokens[at].text != "at" and not (is_provider and has_ending(tokens, domain))):
        return None
    if first == end and end > start and tokens[end - 1].text in _MAILBOXES:
        return Found(end - 1, last, EMAIL) if is_mail or _is_given(tokens, end - 1) else None
    if first == end:  # no name before it: "look at gmail dot com"
        return None
    told = (
        is_provider
        or is_composed
        or any(cue.kind == EMAIL for cue in cues.before(at))
        or (tokens[first].is_first and _ends_text(tokens, last))
        or _is_sent_to(tokens, first)
        or [token.text for token in tokens[max(0, first - 2) : first]] in _WHOSE
    )
    if not told and not _is_named(tokens[end - 1]) and (end - first > 1 or _is_a_thing(tokens, first)):
        return None
    is_bare = is_provider and not has_ending(tokens, domain) and not (is_composed or is_mail)
    if is_bare and not tokens[last].after.strip() and not _ends_text(tokens, last):
        return None  # "my phone at Gmail headquarters"
    return Found(_with_name(tokens, _local(tokens, end, start), start), last, EMAIL)


def _core(tokens: Sequence[Token], at: int, start: int) -> tuple[int, int]:
    """The end of what stands before a spoken "at", and the first token of it that surely is of an address.

    Something may be said between: "at" of another speaker's question, "jane dot doe, and that's at", an echo.
    """
    first = _local(tokens, at, start, is_sure=False)
    if first < at:
        return at, first
    end = at
    while end > start and at - end < ASIDE and tokens[end - 1].text in _BEFORE_AT:
        end -= 1
    first = _local(tokens, end, start, is_sure=False)
    if end < at and first < end and (tokens[at - 1].text == "the" or _is_composed(tokens, first, end)):
        return end, first
    if tokens[at].is_first and at > start:  # the other one says it again
        echo = at - 1
        while echo > start and not tokens[echo].is_first:
            echo -= 1
        first = _local(tokens, echo, start, is_sure=False)
        if at - echo <= ASIDE and first < echo and tokens[first].is_first:
            return echo, first
    return at, at


def _is_given(tokens: Sequence[Token], first: int) -> bool:
    return tokens[first].is_first or tokens[first - 1].text in _GIVEN_AFTER


def _is_a_thing(tokens: Sequence[Token], first: int) -> bool:
    """Whether an article is before a word: "the hours at"."""
    return not tokens[first].is_first and tokens[first - 1].text in _ARTICLES


def _is_sent_to(tokens: Sequence[Token], first: int) -> bool:
    """Whether mail is sent to what begins at a token: "forward that to"."""
    before = [token.text for token in tokens[max(0, first - ASIDE) : first]]
    return before[-1:] == ["to"] and not _SENDING.isdisjoint(before)


def _with_name(tokens: Sequence[Token], first: int, start: int) -> int:
    """Where the name begins that letters from ``first`` on spell: "D Marino, that's D M A R I N O"."""
    letters = ""
    for token in tokens[first:]:
        if len(token.text) != 1:
            break
        letters += token.text
    name = first
    while name > start and first - name < ASIDE and tokens[name - 1].text in _SPELLING:
        name -= 1
    begins = name
    while begins > start and len(letters) > 2 and tokens[begins - 1].text in letters:
        begins -= 1
    return begins if begins < name else first


def _past_at(tokens: Sequence[Token], at: int) -> int:
    """The token after a spoken "at", which may be said as "at sign" or, in India, as "at the rate of"."""
    after = [token.text for token in tokens[at + 1 : at + 4]]
    if after[:1] in (["sign"], ["symbol"]):
        return at + 2
    if after[:2] == ["the", "rate"]:
        return at + (4 if after[2:] == ["of"] else 3)
    return at + 1


def _is_about_mail(cues: Cues, at: int) -> bool:
    return any(cue.kind == EMAIL for cue in cues.before(at, _NEAR))


def _without_at(tokens: Sequence[Token], cues: Cues, at: int, start: int) -> Found | None:
    """An address of which no "at" was written, or a part of one that was asked for: "jenna gmail dot com"."""
    if provider_end(tokens, at) is not None and has_ending(tokens, at):
        is_asked_for = tokens[at].is_first and any(
            cue.kind == EMAIL and tokens[cue.at].segment < tokens[at].segment
            for cue in cues.before(at, _NEAR)
        )
        of_text = at
        while of_text > start and not tokens[of_text].is_first:
            of_text -= 1
        first = _local(tokens, at, of_text)
        last = domain_end(tokens, at)
        return Found(first, last, EMAIL) if last is not None and (first < at or is_asked_for) else None
    if tokens[at].text not in NOT_NAMES:
        last = at
        while last + 2 < len(tokens) and tokens[last + 1].text in ("dot", "underscore"):
            last += 2
        if tokens[last].text in ENDS:
            return None
        goes_on = last + 1 < len(tokens) and tokens[last + 1].text in ("at", "add")
        return Found(at, last, EMAIL) if last > at and _ends_text(tokens, last) and not goes_on else None
    return None


def _ends_text(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 == len(tokens) or tokens[at + 1].is_first or tokens[at + 1].text == "please"


def _is_composed(tokens: Sequence[Token], first: int, at: int) -> bool:
    return any(
        token.text in _JOINS or token.is_number or is_digit_word(token.text) or len(token.text) == 1
        for token in tokens[first:at]
    ) or any(token.before in (".", "_", "-") for token in tokens[first + 1 : at])


def _is_named(token: Token) -> bool:
    """Whether a word is a person's name, or written like one within a sentence."""
    capital = token.written[0].isupper() and not token.is_first and token.text not in NOT_NAMES
    return capital or is_first_name(token.text)


def _local(tokens: Sequence[Token], at: int, start: int, *, is_sure: bool = True) -> int:
    """The first token of the part that ends before token ``at``; ``at`` if there is none.

    What is joined belongs to it ("john dot doe"), letters and digits do ("j s four two", "s as in sam"), and the words
    before, up to one that can't. ``is_sure``: that it is an address, so that "pete the plumber" is all of a name.
    """
    first, words, index = at, 0, at - 1
    while index >= start:
        text = tokens[index].text
        if text in HESITATIONS or (text in ("and", "then") and first < at and len(tokens[first].text) == 1):
            index -= 1  # "anna and then s m i t h"
            continue
        if _is_spelling(tokens, index, start):
            index -= 3
        elif not _is_joined(tokens, index, first, at) and not _is_spelt(tokens, index, first):
            if words >= _MOST_WORDS or (
                text in NOT_NAMES and not (is_sure and _is_within(tokens, index, start))
            ):
                break
            words += 1
        first = index
        if _begins_sentence(tokens, index):
            break
        index -= 1
    while first < at and tokens[first].text in _JOINS:
        first += 1
    return first


def _is_within(tokens: Sequence[Token], index: int, start: int) -> bool:
    """Whether a word that seldom is of a name is: after one of the same sentence that may be, or at its beginning."""
    while index >= start and tokens[index].text in WITHIN_NAMES:
        if tokens[index].is_first or _begins_sentence(tokens, index):
            return True
        if "," in tokens[index].before and tokens[index].text not in _REMARKED:
            return False
        index -= 1
        if index >= start and tokens[index].text not in NOT_NAMES:
            return True
    return False


def _is_joined(tokens: Sequence[Token], index: int, first: int, at: int) -> bool:
    """Whether a token is a "dot" or the like, or right before one or a sign that joins."""
    if tokens[index].text in _JOINS:
        return True
    return first < at and (tokens[first].text in _JOINS or _is_tight(tokens[first]))


def _begins_sentence(tokens: Sequence[Token], index: int) -> bool:
    """Whether a stop is before a token, other than that of an initial or a pause: "C. Johnson", "anna... at"."""
    before = tokens[index].before
    is_initial = index > 0 and len(tokens[index - 1].text) == 1 and before.strip() == "."
    is_pause = before.strip() in ("...", "…")
    return bool(set(before) & set(".?!;:")) and before.endswith(" ") and not (is_initial or is_pause)


def _is_tight(token: Token) -> bool:
    return not token.is_first and bool(token.before.strip("\"'(<")) and not token.before.endswith(" ")


def _is_spelt(tokens: Sequence[Token], index: int, first: int) -> bool:
    """Whether a token is a letter or a digit. "a" and "i" are letters beside others."""
    text = tokens[index].text
    if text in ("a", "i"):
        beside = [tokens[at].text for at in (index - 1, first) if 0 <= at < len(tokens)]
        is_initial = tokens[index].written.isupper() and tokens[index].after.startswith(".")
        return is_initial or any(len(other) == 1 or other == "double" for other in beside)
    return len(text) == 1 or tokens[index].is_number or is_digit_word(text)


def _is_spelling(tokens: Sequence[Token], index: int, start: int) -> bool:
    """Whether a token is the word of "s as in sam"."""
    return index - 3 >= start and [token.text for token in tokens[index - 2 : index]] == ["as", "in"]
