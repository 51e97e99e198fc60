"""Runs of digits, written or spoken: "4111 1111", "four one one one, uh, double one", "eight hundred five five five".

A run may go on in later texts. Words that only sound like digits ("for", "to", "oh") count inside of a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from callmood.redaction.tokens import Token, words

_UNITS: Final = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "nought": "0", "naught": "0", "niner": "9", "fife": "5",
}  # fmt: skip
_TEENS: Final = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
    "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
_TENS: Final = {
    "twenty": "20", "thirty": "30", "forty": "40", "fourty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
    "eighty": "80", "ninety": "90",
}  # fmt: skip
_SOUNDS_LIKE: Final = {
    **dict.fromkeys(("oh", "o", "ow", "owe", "null", "nil", "aught", "ought"), "0"),
    **dict.fromkeys(("won", "wan"), "1"),
    **dict.fromkeys(("to", "too", "tu"), "2"),
    **dict.fromkeys(("tree", "free"), "3"),
    **dict.fromkeys(("for", "fore", "foe", "far"), "4"),
    **dict.fromkeys(("fine", "hive"), "5"),
    **dict.fromkeys(("sex", "sick", "sicks", "sics"), "6"),
    **dict.fromkeys(("ate", "hate"), "8"),
    **dict.fromkeys(("nein", "nigh"), "9"),
}
"""What a recogniser writes for a digit; a digit only among others."""
_COMMON: Final = words(
    "oh o to too for free fine far sex sick hate ought null nil owe wan won hive foe nigh ow"
)
"""Of those, the ones that may well be themselves next to a number."""
_TIMES: Final = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_PLURALS: Final = {
    **{f"{word}{'es' if word in ('zero', 'six') else 's'}": digit for word, digit in _UNITS.items()},
    "zeros": "0",
    "ohs": "0",
    "oh's": "0",
    "o's": "0",
}
_LARGE: Final = words(
    "thousand thousands million millions billion billions hundreds dozen dozens k point half percent"
)
_UNIT_WORDS: Final = words(
    """
    dollar dollars buck bucks cent cents pound pounds euro euros quid pence percent percentage am pm o'clock
    oclock hour hours minute minutes second seconds day days week weeks month months year years times people
    items units mile miles feet foot inch inches meters metres kilometers kilos grams ounces degrees calories
    gigs gigabytes megs megabytes megabit megabits st nd rd th s mb gb km kg mg ml usd eur gbp ish moment
    moments sec thing things more
    """
)
_COUNTED: Final = _UNIT_WORDS | _LARGE
_BEGIN: Final = frozenset((*_UNITS, *_TEENS, *_TENS, *_TIMES, *_SOUNDS_LIKE))
"""Words that a number may begin with."""
_FILLERS: Final = words(
    """
    uh um er erm eh ah em hm hmm mm mmm mhm huh yeah yes yep yup ya okay ok kay right sure alright all and
    then dash hyphen space comma minus slash stroke like so well next now wait hold on hang sorry again is
    it's its it that's that the a let me see go ahead got gotcha perfect great thank thanks you please
    continue i mean no actually sec moment just moment carry correct good followed by dot period bye but be
    """
)
"""What people say between the groups of a number, and what the other one says meanwhile."""
_HESITATIONS: Final = words("uh um er erm eh ah em hm hmm mm mmm dash hyphen space minus slash stroke")
_MOST_FILLERS: Final = 8
_MOST_EDGE: Final = 3
_MONEY: Final = ("$", "€", "£", "¥")


@dataclass(frozen=True, slots=True)
class Group:
    """What is one number in the text: "4111", "double one", "forty one"."""

    digits: str
    first: int
    """Index of its first token."""
    last: int
    is_sure: bool = True
    """False: a word that sounds like a digit."""
    is_grouped: bool = False
    """Written with commas for thousands: "1,250,000"."""
    is_repeat: bool = False
    """A digit said to be there several times: "double one"."""


@dataclass(frozen=True, slots=True)
class Run:
    """Groups that follow each other with nothing between but what people say in a number."""

    groups: tuple[Group, ...]
    is_joined: tuple[bool, ...]
    """Of each two neighbours, whether no comma or words stand between, but for hesitations."""
    is_next: tuple[bool, ...]
    """Of each two neighbours, whether there is but a space or a hyphen between."""

    @property
    def digits(self) -> str:
        return "".join(group.digits for group in self.groups)

    @property
    def first(self) -> int:
        return self.groups[0].first

    @property
    def last(self) -> int:
        return self.groups[-1].last

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its groups."""
        return tuple(len(group.digits) for group in self.groups)

    @property
    def chunks(self) -> tuple[int, ...]:
        """The lengths of what has but spaces and hyphens in it."""
        lengths = [len(self.groups[0].digits)]
        for is_next, group in zip(self.is_next, self.groups[1:], strict=True):
            if is_next:
                lengths[-1] += len(group.digits)
            else:
                lengths.append(len(group.digits))
        return tuple(lengths)

    @property
    def is_tight(self) -> bool:
        return all(self.is_joined)

    @property
    def is_spelt(self) -> bool:
        """Whether most of it is said digit by digit."""
        singly = sum(len(one.digits) for one in self.groups if len(one.digits) == 1 or one.is_repeat)
        return 2 * singly > len(self.digits)


def runs_of(tokens: Sequence[Token], taken: frozenset[int] | set[int]) -> list[Run]:
    """The runs of the tokens that no other finder has ``taken``."""
    runs: list[Run] = []
    groups: list[Group] = []
    for group in _groups(tokens, taken):
        if groups and not _goes_on(tokens, groups, group, taken):
            runs.extend(_run(tokens, groups))
            groups = []
        groups.append(group)
    runs.extend(_run(tokens, groups))
    return runs


def is_digit_word(text: str) -> bool:
    """Whether a word stands for a number below a hundred, or says a digit several times."""
    return text in _UNITS or text in _TEENS or text in _TENS or text in _TIMES or text in _PLURALS


def edges(tokens: Sequence[Token], run: Run) -> tuple[list[Group], list[Group]]:
    """Words right before and after a run that sound like digits, the nearest first."""
    return _alikes(tokens, run.first, -1), _alikes(tokens, run.last, 1)


def is_common(group: Group, tokens: Sequence[Token]) -> bool:
    """Whether the word of an unsure group may well be itself next to a number: "for 4111"."""
    return tokens[group.first].text in _COMMON


def _alikes(tokens: Sequence[Token], at: int, step: int) -> list[Group]:
    found: list[Group] = []
    while (group := _alike(tokens, at + step)) is not None and len(found) < _MOST_EDGE:
        found.append(group)
        at += step
    return found


def _alike(tokens: Sequence[Token], at: int) -> Group | None:
    if 0 <= at < len(tokens) and tokens[at].text in _SOUNDS_LIKE:
        return Group(_SOUNDS_LIKE[tokens[at].text], at, at, is_sure=False)
    return None


def _run(tokens: Sequence[Token], groups: Sequence[Group]) -> Iterator[Run]:
    """The groups as runs: unsure ones count only between others, and not between longer numbers ("2010 to 2020")."""
    kept: list[Group] = []
    for index, group in enumerate(groups):
        if group.is_sure:
            kept.append(group)
            continue
        sides = [
            one for one in (*groups[max(0, index - 1) : index], *groups[index + 1 : index + 2]) if one.is_sure
        ]
        long = all(len(one.digits) > 1 and not one.is_repeat for one in sides)
        splits = bool(sides) and (long or all(tokens[one.first].is_number for one in sides))  # "3 to 5"
        if splits and tokens[group.first].text in ("to", "for", "too"):
            yield from _trimmed(tokens, kept)
            kept = []
        else:
            kept.append(group)
    yield from _trimmed(tokens, kept)


def _trimmed(tokens: Sequence[Token], groups: Sequence[Group]) -> Iterator[Run]:
    groups = _without_lone_ones(tokens, groups)
    sure = [index for index, group in enumerate(groups) if group.is_sure]
    if sure:
        first, last = sure[0], sure[-1]
        if first > 0 and _is_digit_beside(tokens, groups[first - 1], groups[first]):
            first -= 1
        if last + 1 < len(groups) and _is_digit_beside(tokens, groups[last + 1], groups[last]):
            last += 1
        inner = tuple(groups[first : last + 1])
        yield Run(
            inner,
            tuple(_is_tight(tokens, a, b) for a, b in pairwise(inner)),
            tuple(b.first == a.last + 1 and tokens[b.first].before in (" ", "-") for a, b in pairwise(inner)),
        )


def _without_lone_ones(tokens: Sequence[Token], groups: Sequence[Group]) -> Sequence[Group]:
    """Without a "one" at an end that words keep apart: it is seldom a digit ("and that one is")."""
    while len(groups) > 1 and _is_lone_one(tokens, groups[-1], groups[-2]):
        groups = groups[:-1]
    while len(groups) > 1 and _is_lone_one(tokens, groups[0], groups[1]):
        groups = groups[1:]
    return groups


def _is_lone_one(tokens: Sequence[Token], one: Group, other: Group) -> bool:
    left, right = sorted((one, other), key=lambda group: group.first)
    apart = any(token.text not in _HESITATIONS for token in tokens[left.last + 1 : right.first])
    return tokens[one.first].text == "one" and apart and _is_followed(tokens, one.last)


def _is_followed(tokens: Sequence[Token], at: int) -> bool:
    """Whether the sentence goes on after a token."""
    return (
        at + 1 < len(tokens) and tokens[at + 1].segment == tokens[at].segment and tokens[at].after.isspace()
    )


def _is_digit_beside(tokens: Sequence[Token], one: Group, other: Group) -> bool:
    """Whether an "oh", or what is hardly a word beside a number, is right beside another digit, in the same breath."""
    left, right = sorted((one, other), key=lambda group: group.first)
    together = right.first == left.last + 1 and tokens[right.first].before == " "
    return together and (tokens[one.first].text in ("oh", "o") or tokens[one.first].text not in _COMMON)


def _is_tight(tokens: Sequence[Token], one: Group, other: Group) -> bool:
    between = tokens[one.last + 1 : other.first]
    if any(token.text not in _HESITATIONS for token in between):
        return False
    signs = "".join(token.before for token in tokens[one.last + 1 : other.first + 1])
    return bool(between) or "," not in signs


def _goes_on(
    tokens: Sequence[Token], groups: Sequence[Group], group: Group, taken: frozenset[int] | set[int]
) -> bool:
    between = range(groups[-1].last + 1, group.first)
    if len(between) > _MOST_FILLERS or any(at in taken for at in between):
        return False
    return all(tokens[at].text in _FILLERS for at in between)


def _groups(tokens: Sequence[Token], taken: frozenset[int] | set[int]) -> Iterator[Group]:
    """The numbers of the tokens that are no amounts, times or shares."""
    past = 0
    for at, token in enumerate(tokens):
        if at < past or at in taken or not (token.is_number or token.text in _BEGIN):
            continue
        group, past = _group(tokens, at)
        if group is not None and not any(index in taken for index in range(group.first, group.last + 1)):
            yield group


def _group(tokens: Sequence[Token], at: int) -> tuple[Group | None, int]:
    """The number at a token, None if there is none or it counts something, and where to go on."""
    token = tokens[at]
    if token.is_number:
        return _written(tokens, at)
    if token.text in _TIMES or token.text in _UNITS:
        several = _several(tokens, at)
        if several is not None:
            return several, several.last + 1
    if token.text in _UNITS or token.text in _TEENS or token.text in _TENS:
        return _spoken(tokens, at)
    return _alike(tokens, at), at + 1


def _written(tokens: Sequence[Token], at: int) -> tuple[Group | None, int]:
    last = at
    while (
        last + 1 < len(tokens) and tokens[last + 1].is_number and tokens[last + 1].before in (",", ".", ":")
    ):
        last += 1
    parts, signs = tokens[at : last + 1], {token.before for token in tokens[at + 1 : last + 1]}
    lengths = [len(token.text) for token in parts]
    is_name = not tokens[at].is_first and tokens[at].before == "" and lengths[0] < 4  # A4, B2B
    is_amount = (
        is_name
        or tokens[at].before.rstrip().endswith(_MONEY)
        or tokens[last].after.lstrip().startswith(("%", *_MONEY))
        or _counts(tokens, last)
        or (":" in signs and max(lengths) <= 2)
        or (signs == {"."} and len(parts) == 2 and lengths[1] <= 2)
        or (signs == {",", "."} and lengths[-1] <= 2)
    )
    if is_amount:
        return None, last + 1
    grouped = signs == {","} and lengths[0] <= 3 and all(length == 3 for length in lengths[1:])
    if signs and not grouped and len(parts) > 1:  # 555.123.4567: groups of their own
        return Group(tokens[at].text, at, at), at + 1
    return Group("".join(token.text for token in parts), at, last, is_grouped=grouped), last + 1


def _counts(tokens: Sequence[Token], last: int) -> bool:
    """Whether the word after a number says what it counts."""
    return (
        last + 1 < len(tokens)
        and tokens[last + 1].segment == tokens[last].segment
        and tokens[last + 1].text in _COUNTED
        and not set(tokens[last].after) & set(".?!;")
    )


def _several(tokens: Sequence[Token], at: int) -> Group | None:
    """ "double one", "triple oh", "four ones"."""
    if tokens[at].text in _TIMES:
        times, following = _TIMES[tokens[at].text], at + 1
        while following < len(tokens) and following <= at + 2 and tokens[following].text in _HESITATIONS:
            following += 1
        if following < len(tokens):
            text = tokens[following].text
            digit = (
                _UNITS.get(text)
                or _SOUNDS_LIKE.get(text)
                or (text if text.isdecimal() and len(text) == 1 else None)
            )
            if digit is not None:
                return Group(times * digit, at, following, is_repeat=True)
        return None
    times = int(_UNITS[tokens[at].text])
    if at + 1 < len(tokens) and tokens[at + 1].text in _PLURALS and times > 1:
        return Group(times * _PLURALS[tokens[at + 1].text], at, at + 1, is_repeat=True)
    return None


def _spoken(tokens: Sequence[Token], at: int) -> tuple[Group | None, int]:
    """A number in words: a digit, "forty one", "eight hundred", "one hundred and twenty"."""
    digits, last = _below_hundred(tokens, at)
    if _text(tokens, last + 1) == "hundred":
        last += 1
        rest = last + 2 if _text(tokens, last + 1) == "and" else last + 1
        if _text(tokens, rest) in _TENS or _text(tokens, rest) in _TEENS:
            more, last = _below_hundred(tokens, rest)
            digits += more.zfill(2)
        elif _text(tokens, rest) in _UNITS and rest > last + 1:
            digits, last = f"{digits}0{_UNITS[_text(tokens, rest)]}", rest
        else:
            digits += "00"
    if _counts(tokens, last):
        end = last + 1
        while _text(tokens, end + 1) in _LARGE or _text(tokens, end + 1) == "hundred":
            end += 1
        return None, _after_amount(tokens, end)
    return Group(digits, at, last), last + 1


def _after_amount(tokens: Sequence[Token], end: int) -> int:
    """After "two thousand" and the like the rest of the amount: "two thousand five hundred and ten"."""
    at = end + 1
    if _text(tokens, end) not in ("thousand", "million", "billion", "point"):
        return at
    if _text(tokens, at) == "and":
        at += 1
    first = at
    while _text(tokens, at) in _UNITS and at - first < (1 if _text(tokens, at + 1) != "hundred" else 2):
        at += 1
    if _text(tokens, at) in ("hundred", *_TENS, *_TEENS):
        at += 1
        while _text(tokens, at) == "and" or _text(tokens, at) in _TENS or _text(tokens, at) in _TEENS:
            at += 1
        if _text(tokens, at) in _UNITS:
            at += 1
    return at if at > first else end + 1


def _below_hundred(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    text = tokens[at].text
    if text in _TENS:
        unit = _UNITS.get(_text(tokens, at + 1), "0")
        joined = unit != "0" and not set(tokens[at].after) & set(",.;")
        return (_TENS[text][0] + unit, at + 1) if joined else (_TENS[text], at)
    return _UNITS.get(text) or _TEENS[text], at


def _text(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""
