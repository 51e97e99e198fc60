"""What stands before "at" in an e-mail address: "john dot doe", "j s four two", "pete the plumber"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from callmood.first_names import is_first_name
from callmood.redaction.digits import is_digit_word
from callmood.redaction.domains import ASIDE, DOTS, HESITATIONS, NOT_NAMES, WITHIN_NAMES
from callmood.redaction.tokens import Token, words

JOINS: Final = DOTS | words(
    "underscore underscores dash hyphen minus plus score point bar under_score slash apostrophe"
)
_REMARKED: Final = words("all no with then and the")
"""With what a remark on a name begins: "pat benatar, all lower case"."""
_BEFORE_AT: Final = words(
    """
    and it's that's that is it then so right correct sign symbol the a after followed by comes next just uh um okay yes
    """
)
"""What is said between a name and "at"."""
_SPELLING: Final = words("that's that is it's spelled spelt so it spell")
"""What is said between a name and its letters."""
_ARTICLES: Final = words("the a an my your our their some any this")
_GIVEN_AFTER: Final = words("is it's its that's to use try be under put enter type say says")
"""What an address is given after."""
_OPENERS: Final = (
    HESITATIONS | _GIVEN_AFTER | words("yes yeah yep sure okay ok so well no and or then right alright")
)
_VISITING: Final = words(
    """
    look looking looked log login in up sign signed go went going is was were are here there it that this them available
    shop check checked work works working online website site page account i we they he she
    """
)
"""What is said before "at" and a site, and ends no name."""
_LINKS: Final = words("and then the word letter number with by followed")
"""What is said between the parts of a name."""
_LISTENING: Final = words("right okay ok yes yeah")
_SITE_ENDS: Final = words("com net org edu gov")
_MOST_WORDS: Final = 6


def core_of(tokens: Sequence[Token], at: int, start: int) -> tuple[int, int]:
    """The end of what stands before a spoken "at", and the first token of it that surely is of an address.

    Something may be said between: "at" of another speaker's question, "jane dot doe, and that's at", an echo.
    """
    first = begin_of(tokens, at, start, is_sure=False)
    if first < at:
        return (at, at) if at - 1 > start and is_site_end(tokens, at - 1) else (at, first)
    end = at
    while end > start and at - end < ASIDE and tokens[end - 1].text in _BEFORE_AT:
        end -= 1
    first = begin_of(tokens, end, start, is_sure=False)
    is_site = end - 2 >= start and is_site_end(tokens, end - 1)
    is_name = first < end and (
        is_composed(tokens, first, end) or is_named(tokens[end - 1]) or is_first_name(tokens[first].text)
    )
    is_name = is_name or (first < end and tokens[at - 1].text == "then" and is_given(tokens, first))
    if end < at and first < end and not is_site and (tokens[at - 1].text == "the" or is_name):
        return end, first
    if tokens[at].is_first and at > start:  # the other one says it again
        echo = at - 1
        while echo > start and not tokens[echo].is_first:
            echo -= 1
        first = begin_of(tokens, echo, start, is_sure=False)
        if at - echo <= ASIDE and first < echo and tokens[first].is_first:
            return echo, first
    return at, at


def is_site_end(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token ends the name of a site: "expedia.com"."""
    return tokens[at].text in _SITE_ENDS and (tokens[at - 1].text in DOTS or tokens[at].before == ".")


def phrase_before(tokens: Sequence[Token], end: int, start: int) -> int:
    """The first token of what a sentence gives as a name that ends before token ``end``, whatever its words.

    It is all of the sentence, or what follows "it's": "see you later" of "it's see you later at gmail dot com". ``end``
    where there is none.
    """
    if end == start or tokens[end - 1].text in _VISITING:
        return end
    first = end
    while first > start and sum(len(token.text) > 1 for token in tokens[first:end]) < _MOST_WORDS:
        if tokens[first - 1].text in _GIVEN_AFTER or _breaks(tokens, first) or tokens[first].is_first:
            break
        first -= 1
    is_given = first > start and tokens[first - 1].text in _GIVEN_AFTER
    if first == end or tokens[first].text in NOT_NAMES - WITHIN_NAMES or tokens[first].text in _VISITING:
        return end
    return first if is_given or _breaks(tokens, first) or tokens[first].is_first else end


def is_given(tokens: Sequence[Token], first: int) -> bool:
    """Whether a token begins a text or follows "it's" or the like."""
    return tokens[first].is_first or tokens[first - 1].text in _GIVEN_AFTER


def is_sentence(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether nothing else is said in the sentence of these tokens but "yes, it's"."""
    while first > 0 and not (tokens[first].is_first or _breaks(tokens, first)):
        if tokens[first - 1].text not in _OPENERS:
            return False
        first -= 1
    return ends_sentence(tokens, last)


def ends_sentence(tokens: Sequence[Token], last: int) -> bool:
    """Whether a sentence or a text ends with a token."""
    return last + 1 == len(tokens) or tokens[last + 1].is_first or _breaks(tokens, last + 1)


def is_a_thing(tokens: Sequence[Token], first: int) -> bool:
    """Whether an article is before a word: "the hours at", "our help center at"."""
    before = first - 1
    if before > 0 and not tokens[first].is_first and tokens[before].text in NOT_NAMES - WITHIN_NAMES:
        before -= 1
    return not tokens[before + 1].is_first and tokens[before].text in _ARTICLES


def with_name(tokens: Sequence[Token], first: int, start: int) -> int:
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
    for index in range(name - 1, max(start, name - ASIDE) - 1, -1):
        if len(letters) > 2 and tokens[index].text in letters:
            begins = index
        if tokens[index].text in NOT_NAMES or _breaks(tokens, index):
            break
    return begins if begins < name else first


def is_composed(tokens: Sequence[Token], first: int, at: int) -> bool:
    """Whether letters, digits or signs are among these tokens."""
    return any(token.is_number or is_digit_word(token.text) for token in tokens[first:at]) or is_joined(
        tokens, first, at
    )


def is_joined(tokens: Sequence[Token], first: int, at: int) -> bool:
    """Whether letters or signs are among these tokens."""
    return any(token.text in JOINS or len(token.text) == 1 for token in tokens[first:at]) or any(
        token.before in (".", "_", "-") for token in tokens[first + 1 : at]
    )


def is_named(token: Token) -> bool:
    """Whether a word is a person's name, or written like one within a sentence."""
    capital = token.written[0].isupper() and not token.is_first and token.text not in NOT_NAMES
    return capital or is_first_name(token.text)


def begin_of(tokens: Sequence[Token], at: int, start: int, *, is_sure: bool = True) -> int:
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
        if text in _LISTENING and index > start and tokens[index - 1].text in JOINS:
            index -= 1  # "anna underscore, right, lee"
            continue
        is_between = start < index and first < at and text == "that's"
        is_spelt = is_between and _is_spelt(tokens, index - 1, index) and _is_spelt(tokens, first, first)
        if is_spelt or (is_sure and is_between and _is_spelling(tokens, index - 1, start)):
            index -= 1  # "zero one, that's zero one"
            continue
        if _is_spelling(tokens, index, start):
            index -= 2 + (tokens[index - 1].text == "in")
        elif not _is_joined(tokens, index, first, at) and not _is_spelt(tokens, index, first):
            if words >= _MOST_WORDS or (
                text in NOT_NAMES and not (is_sure and _is_within(tokens, index, start))
            ):
                break
            words += text not in _LINKS
        first = index
        if _breaks(tokens, index):
            break
        index -= 1
    while first < at and tokens[first].text in JOINS:
        first += 1
    return first


def _is_within(tokens: Sequence[Token], index: int, start: int) -> bool:
    """Whether a word that seldom is of a name is: after one of the same sentence that may be, or at its beginning."""
    while index >= start and tokens[index].text in WITHIN_NAMES:
        if tokens[index].is_first or _breaks(tokens, index):
            return True
        if "," in tokens[index].before and tokens[index].text not in _REMARKED:
            return False
        index -= 1
        if index >= start and tokens[index].text not in NOT_NAMES:
            return True
    return index > start and tokens[index].text == "that's" and _is_spelling(tokens, index - 1, start)


def _is_joined(tokens: Sequence[Token], index: int, first: int, at: int) -> bool:
    """Whether a token is a "dot" or the like, or right before one or a sign that joins."""
    if tokens[index].text in JOINS:
        return True
    return first < at and (tokens[first].text in JOINS or is_tight(tokens[first]))


def _breaks(tokens: Sequence[Token], index: int) -> bool:
    """Whether a stop is before a token, other than that of an initial or a pause: "C. Johnson", "anna... at"."""
    before = tokens[index].before
    is_initial = index > 0 and len(tokens[index - 1].text) == 1 and before.strip() == "."
    is_pause = before.strip() in ("...", "…")
    is_said = JOINS.isdisjoint(
        token.text for token in tokens[max(0, index - 1) : index + 1]
    )  # "Anna. Dot. Lee."
    return (
        bool(set(before) & set(".?!;:")) and before.endswith(" ") and is_said and not (is_initial or is_pause)
    )


def is_tight(token: Token) -> bool:
    """Whether a token follows another without a space: "dog" and "44" of "big.dog44"."""
    return not (token.is_first or token.before.endswith(" ") or token.before.strip() in tuple("\"'(<,;:"))


def _is_spelt(tokens: Sequence[Token], index: int, first: int) -> bool:
    """Whether a token is a letter or a digit. "a" and "i" are letters beside others."""
    text = tokens[index].text
    if text in ("a", "i"):
        beside = [tokens[at].text for at in (index - 1, first) if 0 <= at < len(tokens)]
        is_initial = tokens[index].written.isupper() and tokens[index].after.startswith(".")
        return is_initial or any(len(other) == 1 or other == "double" for other in beside)
    return len(text) == 1 or tokens[index].is_number or is_digit_word(text)


def _is_spelling(tokens: Sequence[Token], index: int, start: int) -> bool:
    """Whether a token is the word of "s as in sam" or "s for sam"."""
    before = [token.text for token in tokens[max(start, index - 3) : index]]
    if before[1:] == ["as", "in"]:
        return True
    is_for = before[-1:] in (["for"], ["like"]) and len(before) > 1 and len(before[-2]) == 1
    return is_for and tokens[index].text.startswith(before[-2])
