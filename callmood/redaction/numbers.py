"""Which numbers of a call are secrets: of cards, accounts, social security, telephones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Final

from callmood.redaction.cues import ADDRESS, BIRTH, EMAIL, NUMBER, ORDINARY, POSTCODE, Cues
from callmood.redaction.digits import Run, edges, is_common, runs_of
from callmood.redaction.tokens import Found, Token, words

CARD: Final = "card number"
SOCIAL_SECURITY: Final = "social security number"
ACCOUNT: Final = "account number"
PHONE: Final = "phone number"
CODE: Final = "security code"

_LONG: Final = 7
"""Digits from which on a number is redacted whatever it is, unless it is said to be of an order or the like."""
_SHORT: Final = {CARD: 3, SOCIAL_SECURITY: 3, ACCOUNT: 4, CODE: 3, POSTCODE: 5, PHONE: 6, BIRTH: 4}
"""The fewest digits of a number that is asked for or named."""
_CARD_LENGTHS: Final = range(13, 20)
_CARD_STARTS: Final = "23456"
_CARD: Final = 16
_SHAPES: Final = frozenset(
    {
        (3, 2, 4),
        (3, 3, 4),
        (1, 3, 3, 4),
        (3, 4),
        (4, 4, 4, 4),
        (4, 6, 5),
        (5, 6),
        (5, 3, 3),
        (2, 4, 4),
        (3, 4, 4),
    }
)
"""How the digits of such numbers are grouped."""
_USUAL: Final = {CARD: (16, 15), NUMBER: (16,), SOCIAL_SECURITY: (9, 4), PHONE: (10, 11, 7), CODE: (3, 4)}
_NEAR: Final = 14
"""Tokens within which the rest of a number is looked for, beside a part that was found."""
_CLUSTER_GAP: Final = 10
_SINCE: Final = words("since in from until till before after year around by during")


@dataclass(frozen=True, slots=True)
class _Judged:
    run: Run
    kind: str | None
    """None: an ordinary number."""
    is_ordinary: bool = False
    """Whether it is said to be one."""


def find_numbers(tokens: Sequence[Token], cues: Cues, taken: set[int]) -> Iterator[Found]:
    """The secret numbers among the tokens that no other finder has ``taken``."""
    judged = [_judge(tokens, cues, run) for run in runs_of(tokens, taken)]
    judged = _with_neighbours(tokens, _with_clusters(judged))
    for one in judged:
        if one.kind is not None:
            yield from _by_segment(tokens, *_with_edges(tokens, one.run, one.kind), one)


def _by_segment(tokens: Sequence[Token], first: int, last: int, judged: _Judged) -> Iterator[Found]:
    """A find for each segment with digits, so that a "mhm" in between stays."""
    assert judged.kind is not None
    of_number = [first, last, *(at for group in judged.run.groups for at in (group.first, group.last))]
    for segment in sorted({tokens[at].segment for at in of_number}):
        within = [at for at in of_number if tokens[at].segment == segment]
        yield Found(min(within), max(within), judged.kind)


def passes_luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right.

    >>> passes_luhn("4111111111111111"), passes_luhn("4111111111111112")
    (True, False)
    """
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _holds_card(run: Run) -> bool:
    """Whether some of its neighbouring groups make a card number: parts may have been said twice."""
    groups = run.groups
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group.digits
            if len(digits) > _CARD_LENGTHS[-1]:
                break
            whole = len(digits) == len(run.digits) or len(digits) in (15, 16)  # others hold one by chance
            if whole and len(digits) in _CARD_LENGTHS and digits[0] in _CARD_STARTS and passes_luhn(digits):
                return len(set(digits)) > 1
    return False


def _judge(tokens: Sequence[Token], cues: Cues, run: Run) -> _Judged:
    count = len(run.digits)
    if count >= _CARD_LENGTHS[0] and not _is_series(run) and _holds_card(run):
        return _Judged(run, CARD)
    named, names_it, ordinary = _said_of(tokens, cues, run)
    if ordinary:
        return _Judged(run, None, is_ordinary=True)
    if names_it and named in (BIRTH, EMAIL):
        return _Judged(run, named if count >= _SHORT[BIRTH] and named == BIRTH else None)
    if named is not None and names_it and _fits(tokens, run, named):
        return _Judged(run, _kind(tokens, run, named))
    if count >= _LONG and (
        named in (ACCOUNT, CARD, PHONE, SOCIAL_SECURITY, CODE, NUMBER) or _looks_secret(tokens, run)
    ):
        return _Judged(run, _kind(tokens, run, named))
    return _Judged(run, None)


def _said_of(tokens: Sequence[Token], cues: Cues, run: Run) -> tuple[str | None, bool, bool]:
    """The kind that is said of a run, whether its number itself is named, and whether it is an ordinary one."""
    names_it = any_number = False
    for cue in cues.after(run.last):
        if tokens[cue.at].segment != tokens[run.last].segment:
            break  # the next question
        if cue.kind not in ("", NUMBER, ORDINARY, EMAIL, ADDRESS) and cue.names_it and cue.at - run.last <= 5:
            return cue.kind, True, False
    for cue in cues.before(run.first):
        distance = run.first - cue.at
        if cue.kind == ORDINARY:
            if distance <= 8:
                return None, False, True
            continue
        if cue.kind in (EMAIL, ADDRESS):
            continue
        names_it = names_it or cue.names_it
        if cue.kind == NUMBER:
            any_number = any_number or distance <= _NEAR
        elif cue.kind:
            return cue.kind, names_it, False
    return NUMBER if any_number else None, False, False


def _fits(tokens: Sequence[Token], run: Run, kind: str) -> bool:
    """Whether a number may be the one that is named, and not a year or a price nearby."""
    count = len(run.digits)
    if count < _SHORT[kind]:
        return False
    if kind == POSTCODE:
        return count in (5, 9)
    if kind == CODE and count > 8:
        return count >= _LONG
    if count < _LONG:
        if _is_year(tokens, run) or (len(run.groups) == 1 and run.groups[0].is_grouped):
            return False
        if _is_counted_up(run) and count < 4:
            return False
    return True


def _is_year(tokens: Sequence[Token], run: Run) -> bool:
    """Whether a number is a year by what stands before it: "since 2015", but not "ending in 2015"."""
    before = [token.text for token in tokens[max(0, run.first - 2) : run.first]]
    year = len(run.digits) == 4 and 1900 <= int(run.digits) < 2100
    return year and bool(before) and before[-1] in _SINCE and before[0] not in ("ending", "ends", "end")


def _kind(tokens: Sequence[Token], run: Run, named: str | None) -> str:
    count = len(run.digits)
    if count == _CARD and named in (None, PHONE, SOCIAL_SECURITY, CODE, POSTCODE, BIRTH):
        return CARD
    if named not in (None, NUMBER):
        return named
    if (run.first > 0 and tokens[run.first - 1].text == "plus") or tokens[run.first].before.endswith("+"):
        return PHONE
    if run.shape == (3, 2, 4):
        return SOCIAL_SECURITY
    if count in _CARD_LENGTHS:
        return CARD if count in (15, 16) else NUMBER
    return PHONE if count in (7, 10, 11) else NUMBER


def _looks_secret(tokens: Sequence[Token], run: Run) -> bool:
    """Whether a long number of which nothing is said looks like one that identifies, rather than like a list."""
    if _is_series(run):
        return False
    if len(run.groups) == 1:
        return not run.groups[0].is_grouped
    if (
        run.is_tight
        or run.is_spelt
        or any(len(one.digits) > 1 and one.digits[0] == "0" for one in run.groups)
    ):
        return True
    return not _is_counted_up(run) and (run.shape in _SHAPES or run.chunks in _SHAPES)


def _is_series(run: Run) -> bool:
    """Whether it counts, up or down, or names years."""
    numbers = [int(group.digits) for group in run.groups]
    years = [len(group.digits) == 4 and 1900 <= int(group.digits) < 2100 for group in run.groups]
    return _is_counted_up(run) or (len(numbers) > 1 and all(years))


def _is_counted_up(run: Run) -> bool:
    numbers = [int(group.digits) for group in run.groups]
    steps = {b - a for a, b in pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1 and steps != {0}


def _with_clusters(judged: Sequence[_Judged]) -> list[_Judged]:
    """Parts with other words between them that make a number of a usual form together."""
    found = list(judged)
    for first in range(len(found)):
        cluster: list[int] = []
        for index in range(first, len(found)):
            one = found[index]
            if one.is_ordinary or len(one.run.digits) < 2 or _is_series(one.run):
                break
            if cluster and one.run.first - found[cluster[-1]].run.last > _CLUSTER_GAP:
                break
            cluster.append(index)
        while len(cluster) > 1:
            kind = _kind_of_parts([found[index].run for index in cluster])
            if kind is not None:
                for index in cluster:
                    found[index] = replace(
                        found[index], kind=kind if kind == CARD else found[index].kind or kind
                    )
                break
            cluster.pop()
    return found


def _kind_of_parts(runs: Sequence[Run]) -> str | None:
    """What runs with other words between are together; None if they need not belong together."""
    digits, lengths = "".join(run.digits for run in runs), tuple(len(run.digits) for run in runs)
    if len(digits) in _CARD_LENGTHS:
        is_card = passes_luhn(digits) or (len(digits) == _CARD and all(length % 4 == 0 for length in lengths))
        return CARD if is_card else None
    sure = all(group.is_sure or group.digits == "0" for run in runs for group in run.groups)
    if sure and lengths in _SHAPES and any(run.is_spelt for run in runs):
        return SOCIAL_SECURITY if lengths == (3, 2, 4) else PHONE if sum(lengths) in (7, 10, 11) else NUMBER
    return None


def _with_neighbours(tokens: Sequence[Token], judged: Sequence[_Judged]) -> list[_Judged]:
    """What stands close to a part of a number is the rest of it: "four one one one. Go ahead. And the last is ..."."""
    found = list(judged)
    for order in (range(1, len(found)), range(len(found) - 2, -1, -1)):
        step = -1 if order.step == 1 else 1
        for index in order:
            one, other = found[index], found[index + step]
            gap = (one.run.first - other.run.last) if step == -1 else (other.run.first - one.run.last)
            part = len(one.run.digits) >= 3 and (one.run.is_spelt or len(one.run.digits) >= 4)
            known = one.is_ordinary or _is_year(tokens, one.run) or _is_series(one.run) or _is_price(one.run)
            if one.kind is None and not known and part and other.kind not in (None, BIRTH) and gap <= _NEAR:
                found[index] = replace(one, kind=other.kind)
    return found


def _is_price(run: Run) -> bool:
    return len(run.groups) == 1 and (run.groups[0].is_grouped or run.digits.endswith("00"))


def _with_edges(tokens: Sequence[Token], run: Run, kind: str) -> tuple[int, int]:
    """The first and last token of a number, with words at its ends that are digits of it."""
    first, last = run.first, run.last
    before, after = edges(tokens, run)
    usual = _USUAL.get(kind, ())
    sides = [*before[:1], *after[:1]]
    wanted = sides if run.is_spelt or kind == BIRTH else [one for one in sides if not is_common(one, tokens)]
    if len(run.digits) not in usual:
        choices = product(range(len(before) + 1), range(len(after) + 1))
        for left, right in sorted(choices, key=sum):
            if len(run.digits) + left + right in usual:
                wanted = [*before[:left], *after[:right]]
                break
    for one in wanted:
        first, last = min(first, one.first), max(last, one.last)
    if kind in (ACCOUNT, CODE, NUMBER):  # AB 12 34 56 C
        while first > 0 and _is_letters_of(tokens, first - 1, first):
            first -= 1
        while last + 1 < len(tokens) and _is_letters_of(tokens, last + 1, last + 1):
            last += 1
    return first, last


def _is_letters_of(tokens: Sequence[Token], at: int, right: int) -> bool:
    """Whether a token is letters of a number beside it; ``right`` is the one of the two that comes later."""
    if tokens[right].is_first or tokens[at].is_number or set(tokens[right].before) & set(".?!;:"):
        return False
    return tokens[right].before == "" or (
        len(tokens[at].text) == 1 and tokens[at].written not in ("a", "I", "i")
    )
