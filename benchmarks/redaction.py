"""What redaction finds in a made set of sentences, and what it takes out of ordinary ones.

    python benchmarks/redaction.py [--part PART] [--show] [--ordinary FILE ...]

The sentences of benchmarks/redaction.toml, with made-up numbers, e-mail addresses, dates, addresses and names in them,
said in the ways of the part. A secret counts as found if none of its digits, letters or words is left. A recall has
its 95 % interval (Wilson). ``--ordinary`` counts what is taken out of other texts, in which little is secret: a text a
line, or the column Utterance of a CSV, or words as a CTM has them.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from callmood.redaction import redact_texts

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SENTENCES = Path(__file__).with_suffix(".toml")
PARTS = ("tune", "judge", "last", "emails", "more emails", "other hand", "other hand, later")
ORDINARY = "ordinary"
EACH = 3
"""Sentences for each template and way of saying."""
SEED = 10

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
HOMOPHONES = {"1": ["won"], "2": ["to", "too"], "4": ["for"], "8": ["ate"], "0": ["oh", "o"]}
FILLERS = ["uh", "um", "er"]
MEANWHILE = ["Mhm.", "Okay.", "Uh-huh.", "Yes.", "Go ahead.", "Right.", "Got it."]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]

Say = Callable[[str, Sequence[int], random.Random], str]
"""Digits, the lengths of their usual groups, and chance, as a text; "|" begins another segment."""


@dataclass(frozen=True, slots=True)
class Case:
    """A made sentence."""

    kind: str
    way: str
    texts: tuple[str, ...]
    """A text a segment."""
    secret: frozenset[str]
    """The words and numbers of which none may be left, in lower case."""
    around: frozenset[str]
    """The words of the sentence itself, which may be left."""


def grouped(digits: str, groups: Sequence[int]) -> list[str]:
    ends = [sum(groups[: index + 1]) for index in range(len(groups))]
    return [digits[end - length : end] for end, length in zip(ends, groups, strict=True)]


def said(digits: str, zero: str = "zero") -> str:
    return " ".join(zero if digit == "0" else WORDS[int(digit)] for digit in digits)


def doubled(digits: str) -> str:
    """ "double one", "triple seven" where digits repeat."""
    parts = []
    for match in re.finditer(r"(\d)\1*", digits):
        run = match.group()
        while run:
            length = min(3, len(run))
            word = WORDS[int(run[0])] if run[0] != "0" else "oh"
            parts.append(("", "double ", "triple ")[length - 1] + word)
            run = run[length:]
    return " ".join(parts)


def in_pairs(digits: str) -> str:
    """ "forty one eleven"."""
    parts = []
    for index in range(0, len(digits), 2):
        pair = digits[index : index + 2]
        if len(pair) == 1 or pair[0] == "0":
            parts.append(said(pair, "oh"))
        elif pair[0] == "1":
            parts.append(TEENS[int(pair[1])])
        else:
            parts.append(TENS[int(pair[0])] + ("" if pair[1] == "0" else f" {WORDS[int(pair[1])]}"))
    return " ".join(parts)


def misheard(digits: str, chance: random.Random) -> str:
    return " ".join(
        chance.choice(HOMOPHONES[digit])
        if digit in HOMOPHONES and chance.random() < 0.35
        else WORDS[int(digit)]
        for digit in digits
    )


def hesitant(digits: str, chance: random.Random) -> str:
    parts: list[str] = []
    for digit in digits:
        if parts and chance.random() < 0.2:
            parts.append(f"{chance.choice(FILLERS)},")
        parts.append(WORDS[int(digit)])
    return " ".join(parts)


def odd_groups(digits: str, chance: random.Random) -> str:
    """Numerals as a recogniser cuts them."""
    parts, at = [], 0
    while at < len(digits):
        length = chance.choice((1, 2, 3, 4, 4))
        parts.append(digits[at : at + length])
        at += length
    return chance.choice((" ", "-", ", ")).join(parts)


def corrected(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    """A group is begun, and said again."""
    parts = [said(group) for group in grouped(digits, groups)]
    at = chance.randrange(len(parts))
    parts[at] = " ".join(parts[at].split()[:2]) + f", sorry, {parts[at]}"
    return ", ".join(parts)


def mixed(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    return " ".join(group if chance.random() < 0.5 else said(group) for group in grouped(digits, groups))


def over_segments(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    parts = grouped(digits, groups)
    shown = [said(part) if chance.random() < 0.7 else part for part in parts]
    return "".join(
        f"{part}|{chance.choice(MEANWHILE)}|" if index + 1 < len(parts) else part
        for index, part in enumerate(shown)
    )


def read_back(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    return "|".join(f"{said(part)}|{said(part).capitalize()}?" for part in grouped(digits, groups))


DIGITS: dict[str, dict[str, Say]] = {
    "tune": {
        "groups": lambda digits, groups, chance: " ".join(grouped(digits, groups)),
        "dashes": lambda digits, groups, chance: "-".join(grouped(digits, groups)),
        "together": lambda digits, groups, chance: digits,
        "digit by digit": lambda digits, groups, chance: ", ".join(digits),
        "words": lambda digits, groups, chance: said(digits),
        "words in groups": lambda digits, groups, chance: ", ".join(map(said, grouped(digits, groups))),
        "oh": lambda digits, groups, chance: said(digits, "oh"),
        "double": lambda digits, groups, chance: doubled(digits),
        "uh between groups": lambda digits, groups, chance: ", uh, ".join(map(said, grouped(digits, groups))),
    },
    "more": {
        "misheard": lambda digits, groups, chance: misheard(digits, chance),
        "hesitant": lambda digits, groups, chance: hesitant(digits, chance),
        "pairs": lambda digits, groups, chance: ", ".join(map(in_pairs, grouped(digits, groups))),
        "odd groups": lambda digits, groups, chance: odd_groups(digits, chance),
        "corrected": corrected,
        "numerals and words": mixed,
        "over segments": over_segments,
        "read back": read_back,
        "double, dashes": lambda digits, groups, chance: " dash ".join(map(doubled, grouped(digits, groups))),
        "capitals, stops": lambda digits, groups, chance: ". ".join(
            said(group).capitalize() for group in grouped(digits, groups)
        ),
    },
}


def with_plurals(digits: str) -> str:
    """ "four ones", "two sevens" where digits repeat."""
    parts = []
    for match in re.finditer(r"(\d)\1*", digits):
        run, word = match.group(), WORDS[int(match.group(1))]
        plural = f"{word}es" if word in ("zero", "six") else f"{word}s"
        parts.append(word if len(run) == 1 else f"{WORDS[len(run)]} {plural}" if len(run) < 10 else said(run))
    return " ".join(parts)


def numerals_doubled(digits: str) -> str:
    """ "4 double 1 7"."""
    return re.sub(r"(\d) \1", r"double \1", " ".join(digits))


STYLES: Sequence[Callable[[str, random.Random], str]] = (
    lambda group, chance: group,
    lambda group, chance: said(group),
    lambda group, chance: said(group, "oh"),
    lambda group, chance: doubled(group),
    lambda group, chance: with_plurals(group),
    lambda group, chance: numerals_doubled(group).strip(),
    lambda group, chance: in_pairs(group).replace("ty ", "ty-"),
    lambda group, chance: " ".join(group),
    lambda group, chance: said(group).capitalize() + ".",
)
JOINTS = (" ", " ", ", ", ", uh, ", " and then ", "... ", " dash ", ", okay, ", ". Um, ")
ASIDES = (
    ", hold on, my daughter wants something, okay, ",
    ", sorry, I can't read the next one, ",
    ", wait, let me turn on the light. Okay. ",
    ", are you still there? Good. ",
)
ECHOES = ("Okay, {}, and?", "{}. Next.", "{}, yes.", "{}?")


def mixture(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    """Each group in another style, with other joints."""
    parts = [chance.choice(STYLES)(group, chance) for group in grouped(digits, groups)]
    return "".join(chance.choice(JOINTS) * bool(index) + part for index, part in enumerate(parts))


def mixture_misheard(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    parts = [
        misheard(group, chance) if chance.random() < 0.6 else said(group) for group in grouped(digits, groups)
    ]
    return "".join(chance.choice(JOINTS) * bool(index) + part for index, part in enumerate(parts))


def mixture_over_segments(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    """With the other one's words in between, who may say the group again."""
    shown = ""
    for index, group in enumerate(grouped(digits, groups)):
        if index:
            last = grouped(digits, groups)[index - 1]
            echo = chance.choice(ECHOES).format(chance.choice(STYLES[:3])(last, chance))
            shown += f"|{chance.choice((echo, *MEANWHILE[:3]))}|"
        shown += chance.choice(STYLES)(group, chance)
    return shown


def with_asides(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    """The speaker turns away once."""
    parts = [chance.choice(STYLES[:4])(group, chance) for group in grouped(digits, groups)]
    at = chance.randrange(1, len(parts)) if len(parts) > 1 else 0
    return "".join(
        (chance.choice(ASIDES) if index == at else " ") * bool(index) + part
        for index, part in enumerate(parts)
    )


def said_twice(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    first, second = (mixture(digits, groups, chance) for _ in range(2))
    return f"{first}, I repeat, {second}"


DIGITS["tune"] |= DIGITS.pop("more")
DIGITS["judge"] = {
    "mixture": mixture,
    "mixture, misheard": mixture_misheard,
    "mixture over segments": mixture_over_segments,
    "with asides": with_asides,
    "said twice": said_twice,
}


def announced(digits: str, groups: Sequence[int], chance: random.Random) -> str:
    """ "The first four are 4111, the next ..."."""
    parts = [group if chance.random() < 0.5 else said(group) for group in grouped(digits, groups)]
    begins = ["it starts with", *["then", "after that", "next is"][: len(parts) - 2], "and it ends with"]
    return ", ".join(f"{begin} {part}" for begin, part in zip(begins[-len(parts) :], parts, strict=True))


def in_threes(digits: str) -> str:
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


DIGITS["last"] = {
    "numerals in pairs": lambda digits, groups, chance: " ".join(
        digits[at : at + 2] for at in range(0, len(digits), 2)
    ),
    "in threes": lambda digits, groups, chance: in_threes(digits),
    "announced": announced,
    "words in pairs of digits": lambda digits, groups, chance: ", ".join(
        said(digits[at : at + 2]) for at in range(0, len(digits), 2)
    ),
    "misheard over segments": lambda digits, groups, chance: "|Right.|".join(
        misheard(group, chance) for group in grouped(digits, groups)
    ),
    "doubles in numerals": lambda digits, groups, chance: numerals_doubled(digits),
}
SHAPES = {
    "card number": ((4, 4, 4, 4), (4, 4, 4, 4), (4, 6, 5)),
    "social security number": ((3, 2, 4),),
    "phone number": ((3, 3, 4), (3, 4), (3, 3, 4)),
    "account number": ((4, 4), (3, 3, 3), (5,), (4, 3, 3)),
}
FIRST = [
    "james",
    "mary",
    "robert",
    "patricia",
    "ahmed",
    "linda",
    "wei",
    "barbara",
    "fatima",
    "susan",
    "joseph",
    "olga",
    "thomas",
    "priya",
    "carlos",
    "nancy",
]
LAST = [
    "smith",
    "johnson",
    "nguyen",
    "garcia",
    "brown",
    "davis",
    "okafor",
    "miller",
    "wilson",
    "patel",
    "anderson",
    "kowalski",
    "taylor",
    "moore",
    "jackson",
    "lee",
]
PROVIDERS = {
    "tune": ["gmail", "yahoo", "aol"],
    "judge": ["hotmail", "outlook", "icloud", "gmail", "brightwater"],
    "last": ["gmail", "yahoo", "verizon", "icloud", "lakeside"],
}
STREETS = ["Maple", "Oak Hill", "Washington", "Fifth", "Cedar", "King George", "Sunset", "Lake View"]
KINDS_OF_STREET = {
    "tune": ["Street", "Avenue", "Road"],
    "judge": ["Drive", "Lane", "Boulevard", "Street", "Court"],
}
PLACES = ["Springfield, Illinois 62704", "Austin, Texas", "Portland, OR 97201", "", ""]


def card(groups: Sequence[int], chance: random.Random) -> str:
    """A number whose check digit is right, of one of the networks."""
    start = "37" if len(groups) == 3 else chance.choice(("4", "51", "55", "6011", "2221"))
    body = start + "".join(chance.choice("0123456789") for _ in range(sum(groups) - len(start) - 1))
    doubled_sum = sum(
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10))
        for place, digit in enumerate(reversed(body))
    )
    return body + str(-doubled_sum % 10)


def emails(part: str, chance: random.Random) -> dict[str, str]:
    """An address in each of the part's ways."""
    first, last, provider = chance.choice(FIRST), chance.choice(LAST), chance.choice(PROVIDERS[part])
    number = str(chance.randrange(10, 99))
    end = "com"
    spelt = " ".join(last)
    if part == "tune":
        return {
            "written": f"{first}.{last}@{provider}.{end}",
            "spoken": f"{first} dot {last} at {provider} dot {end}",
            "half spoken": f"{first}.{last} at {provider}.{end}",
            "with a number": f"{first}{number} at {provider} dot {end}",
            "underscore": f"{first} underscore {last} at {provider} dot {end}",
            "spelt": f"{'-'.join(first.upper())} dot {'-'.join(last.upper())} at {provider}.{end}",
            "letters": f"{first[0]} {spelt} at {provider} dot {end}",
            "number in words": f"{first} {last} {in_pairs(number)} at {provider} dot {end}",
            "hesitant": f"{first}, uh, dot {last}, um, at {provider} dot {end}",
            "capitals": f"{first.capitalize()}{last.capitalize()} at {provider.capitalize()}.com",
            "over segments": f"{first} dot {last}|{chance.choice(MEANWHILE)}|at {provider} dot {end}",
            "country": f"{first} dash {last} at {provider} dot co dot uk",
            "misheard": f"{first} dot {last} at hot mail dot calm",
            "as in": f"{last[0]} as in {chance.choice(FIRST).capitalize()}, {spelt[2:].upper()} at {provider}.com",
            "sign": f"{first}{last}{number} @ {provider}.com",
        }
    if part == "last":
        return {
            "initial and stop": f"{first[0].upper()}.{last.capitalize()} at {provider}.com",
            "year": f"{first}{last} 19{number} at {provider} dot com",
            "digits after": f"{first} dot {last} one two three at {provider} dot com",
            "middle letter": f"{first} dot {first[1]} dot {last} at {provider} dot com",
            "period": f"{first} period {last} at {provider} period com",
            "own company": f"{first} at {last} motors dot com",
            "double letter": f"{spelt[:-1]}double {last[-1]} at {provider} dot com",
            "slow": f"{first}... {last}... at... {provider}... dot com",
            "hyphens": f"{first}-{last} at {provider}.com",
            "office": f"office at {last} and {first} dot net",
        }
    return {
        "sign in words": f"{first}{last} at sign {provider} dot com",
        "number of words": f"{last} {WORDS[int(number[0])]} {WORDS[int(number[1])]} at {provider} dot com",
        "initials": f"{first[0].upper()}. {last.capitalize()} at {provider}.com",
        "spelt in part": f"{first} and then {spelt} at {provider} dot com",
        "two words": f"{first} dot {last} at bright water dot org",
        "school": f"{first[0]}{last}{number} at students dot {provider} dot edu",
        "cut": f"{first} {last}. At {provider}. Dot com",
        "repeated": f"{first}{last} at {provider} dot com, {spelt} at {provider}",
        "over three segments": f"{first}|{first}, okay.|dot {last} at {provider}|Mhm.|dot com",
        "stops": f"{first.capitalize()}.{last.capitalize()} at {provider}. com",
    }


def births(part: str, chance: random.Random) -> dict[str, str]:
    day, month, year = chance.randrange(1, 21), chance.randrange(12), chance.randrange(1940, 2005)
    two = in_pairs(f"{year % 100:02}")
    century = "nineteen" if year < 2000 else "two thousand"
    name, ordinal = MONTHS[month], ORDINALS[day - 1]
    if part == "tune":
        return {
            "written": f"{name} {day}, {year}",
            "figures": f"{month + 1}/{day}/{year}",
            "spoken": f"{name} {ordinal} {century} {two if year < 2000 else ''}".strip(),
            "the of": f"the {ordinal} of {name.lower()} {year}",
            "short": f"{month + 1} {day} {year % 100:02}",
            "digits": f"{said(f'{month + 1:02}', 'oh')} {said(f'{day:02}', 'oh')} {two}",
            "two digits": f"{name} {day}th, {year % 100:02}" if year < 2000 else f"{name} {day}th, {year}",
        }
    return {
        "dashes": f"{day}-{month + 1}-{year}",
        "day first": f"{day} {name} {year}",
        "hesitant": f"{name}, uh, the {ordinal}, {year}",
        "over segments": f"{name} {ordinal}|Mhm.|{year}",
    }


def addresses(part: str, chance: random.Random) -> dict[str, str]:
    number = chance.randrange(2, 9999)
    street = f"{chance.choice(STREETS)} {chance.choice(KINDS_OF_STREET[part])}"
    place = chance.choice(PLACES)
    rest = f", {place}" if place else ""
    if part == "tune":
        return {
            "written": f"{number} {street}{rest}",
            "spoken": f"{in_pairs(str(number))} {street.lower()}",
            "apartment": f"{number} {street}, apartment {chance.randrange(1, 30)}{rest}",
            "digits": f"{said(str(number))} {street.lower()}",
            "unit": f"{number} {street} unit {chance.choice('ABCD')}{rest}",
        }
    return {
        "north": f"{number} North {street}{rest}",
        "and place": f"{in_pairs(str(number))} {street}{rest}",
        "hesitant": f"{number}, uh, {street}{rest}",
    }


def names(part: str, chance: random.Random) -> dict[str, str]:
    first, last = chance.choice(FIRST).capitalize(), chance.choice(LAST).capitalize()
    if part == "tune":
        return {"full": f"{first} {last}", "first": first}
    return {
        "middle": f"{first} {chance.choice('ABDEJKLMR')}. {last}",
        "last": f"{first} O'{last}",
        "full": f"{first} {last}",
    }


SPOKEN = {"e-mail address": emails, "date of birth": births, "address": addresses, "name": names}
AROUND = (
    "at sign dot com dash uh um er the of as in sorry okay next and then I repeat it starts with after that is ends "
    "double period"
)
NEUTRAL = frozenset(word for text in (AROUND, *ASIDES, *ECHOES) for word in re.findall(r"\w+", text.lower()))
"""Words of a secret that tell nothing."""
REMARKS = frozenset(
    re.findall(r"\w+", "a an all case first last letter lower my name no number one s spaces t two with word")
)
"""Words of remarks on a written secret, such as "with two Ts"."""


def cases(part: str, chance: random.Random) -> Iterator[Case]:
    for group in tomllib.loads(SENTENCES.read_text("utf-8"))["groups"]:
        if group["part"] != part:
            continue
        for sentence in group["sentences"]:
            kind = group["kind"]
            if marked := re.findall(r"\{([^{}]+)\}", sentence):
                secret = frozenset(tokens(" ".join(marked))) - NEUTRAL - REMARKS
                around = frozenset(tokens(re.sub(r"\{[^{}]+\}", " ", sentence)))
                yield Case(kind, "", tuple(re.sub("[{}]", "", sentence).split("|")), secret, around)
                continue
            if kind == ORDINARY:
                yield Case(kind, "", tuple(sentence.split("|")), frozenset(), frozenset())
                continue
            for way, value in ways(kind, part, chance):
                texts = tuple(sentence.replace("{}", value).split("|"))
                secret = (
                    frozenset(tokens(value)) - NEUTRAL - {word for one in MEANWHILE for word in tokens(one)}
                )
                yield Case(kind, way, texts, secret, frozenset(tokens(sentence)))


def ways(kind: str, part: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    for _ in range(EACH):
        if kind in SPOKEN:
            yield from SPOKEN[kind](part, chance).items()
            continue
        for way, say in DIGITS[part].items():
            groups = chance.choice(SHAPES[kind])
            digits = (
                card(groups, chance)
                if kind == "card number"
                else "".join(chance.choice("0123456789") for _ in range(sum(groups)))
            )
            yield way, say(digits, groups, chance)


def tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower().replace("|", " "))


def left(case: Case) -> set[str]:
    """What is left of a secret."""
    texts = [re.sub(r"\[[a-z -]+\]", " ", one.text) for one in redact_texts(case.texts)]
    return set(tokens(" ".join(texts))) & case.secret - case.around


def interval(share: float, count: int) -> tuple[float, float]:
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def judge(part: str, show: bool) -> None:
    made = list(cases(part, random.Random(SEED)))
    found: dict[str, list[bool]] = defaultdict(list)
    by_way: dict[tuple[str, str], list[bool]] = defaultdict(list)
    named = Counter[str]()
    ordinary = 0
    for case in made:
        result = redact_texts(case.texts)
        kinds = {span.kind for one in result for span in one.spans}
        if case.kind == ORDINARY:
            ordinary += bool(kinds)
            good = not kinds
        else:
            good = not left(case)
            named[case.kind] += case.kind in kinds
            found[case.kind].append(good)
            by_way[case.kind, case.way].append(good)
        if show and not good:
            print(
                f"{case.kind}, {case.way}: {' | '.join(case.texts)}\n  -> {' | '.join(one.text for one in result)}"
            )
    print(f"part {part}: {len(made)} sentences\n")
    for kind, hits in found.items():
        share = sum(hits) / len(hits)
        low, high = interval(share, len(hits))
        figures = f"recall {share:.3f} ({low:.3f} to {high:.3f})  named so {named[kind] / len(hits):.2f}"
        print(f"{kind:24} n {len(hits):4}  {figures}")
        missed = {way: hits for (of_kind, way), hits in by_way.items() if of_kind == kind and not all(hits)}
        for way, hits in missed.items():
            print(f"    {way}: {sum(hits)} of {len(hits)}")
    count = sum(case.kind == ORDINARY for case in made)
    print(f"\nordinary sentences: {ordinary} of {count} lose something")


def texts_of(file: Path) -> Iterator[str]:
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as lines:
            yield from (row["Utterance"] for row in csv.DictReader(lines))
    elif file.suffix == ".ctm":
        words = [
            line.split()[4] for line in file.read_text("utf-8").splitlines() if not line.startswith(";;")
        ]
        yield from (" ".join(words[at : at + 12]) for at in range(0, len(words), 12))
    else:
        yield from (line.split("\t")[0] for line in file.read_text("utf-8").splitlines())


def count_ordinary(file: Path, show: bool) -> None:
    """Texts of a CTM are one call, the others each one of their own."""
    texts = list(texts_of(file))
    calls = [texts] if file.suffix == ".ctm" else [[text] for text in texts]
    words = sum(len(text.split()) for text in texts)
    kinds, lost = Counter[str](), 0
    for call in calls:
        for text, one in zip(call, redact_texts(call), strict=True):
            kinds.update(span.kind for span in one.spans)
            lost += sum(len(text[span.start : span.end].split()) for span in one.spans)
            if show and one.spans:
                print(f"  {one.text}")
    print(
        f"{file.name}: {len(texts)} texts, {words} words, {lost} taken out ({lost / words:.3%}) {dict(kinds)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, default="tune")
    parser.add_argument("--show", action="store_true", help="print what was missed and what was taken out")
    parser.add_argument("--ordinary", type=Path, nargs="+", metavar="FILE", default=())
    given = parser.parse_args()
    if not given.ordinary:
        judge(given.part, given.show)
    for file in given.ordinary:
        count_ordinary(file, given.show)


if __name__ == "__main__":
    main()
