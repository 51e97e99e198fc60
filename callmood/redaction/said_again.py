"""What is said of an e-mail address around it: parts that are taken back, and its words spelt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from callmood.first_names import is_first_name
from callmood.redaction.domains import ASIDE, DOTS, HESITATIONS, domain_end, ending_after, past_hesitations
from callmood.redaction.mailboxes import JOINS, begin_of, is_joined
from callmood.redaction.tokens import Token, words

_TAKING_BACK: Final = words("no not sorry wait actually mean rather correction oops scratch pardon")
_WHILE_TAKING_BACK: Final = (
    _TAKING_BACK
    | HESITATIONS
    | words(
        "i i'm it's it is that that's or me let hold on so make rather excuse my mistake hang again say start over"
    )
)
"""What is said between a part of an address and what is said in its place."""


def taken_back_before(tokens: Sequence[Token], first: int, start: int) -> int:
    """Where what is taken back before an address begins: "amy at, no, wait, amy s at gmail dot com"."""
    end = first
    while end > start and tokens[end - 1].text in _WHILE_TAKING_BACK:
        end -= 1
    if _TAKING_BACK.isdisjoint(token.text for token in tokens[end:first]) or end <= start:
        return first
    if tokens[end - 1].text in ("at", *JOINS):
        return begin_of(tokens, end - 1, start)
    begin = begin_of(tokens, end, start)
    is_name = begin < end and (is_joined(tokens, begin, end) or is_first_name(tokens[begin].text))
    return begin if is_name else first


def taken_back_after(tokens: Sequence[Token], last: int) -> int:
    """The last token of what takes the place of a domain: "at gmail dot com, sorry, dot net"."""
    begin = last + 1
    while begin < len(tokens) and tokens[begin].text in _WHILE_TAKING_BACK:
        begin += 1
    if _TAKING_BACK.isdisjoint(token.text for token in tokens[last + 1 : begin]) or begin == len(tokens):
        return last
    if tokens[begin].text == "at":
        begin = past_hesitations(tokens, begin + 1)
    end = (
        ending_after(tokens, begin)
        if begin < len(tokens) and tokens[begin].text in DOTS
        else domain_end(tokens, begin)
    )
    return last if end is None else end


def spelt_after(tokens: Sequence[Token], first: int, last: int) -> int:
    """The last token of what spells a word of an address after it: "lee at gmail dot com, that's L E E"."""
    said = {token.text for token in tokens[first : last + 1]}
    for begin in range(last + 1, min(last + 1 + ASIDE, len(tokens))):
        end = _past_letters(tokens, begin)
        letters = "".join(token.text for token in tokens[begin:end])
        is_begun = any(word.startswith(letters) for word in said) and len(letters) > 2
        if not is_begun and (letters != tokens[last].text or len(letters) < 2):
            continue
        while end + 1 < len(tokens) and tokens[end].text in JOINS and len(tokens[end + 1].text) == 1:
            end = _past_letters(tokens, end + 1)  # "L E E dot S T O N E"
        if end < len(tokens) and letters + tokens[end].text in said:  # "U S bank"
            end += 1
        is_at = end < len(tokens) and tokens[end].text == "at"
        domain = domain_end(tokens, end + 1) if is_at else None
        return end - 1 if domain is None else domain
    return last


def _past_letters(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and len(tokens[at].text) == 1 and not tokens[at].is_number:
        at += 1
    return at
