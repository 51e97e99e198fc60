"""Sentences of calls, of our own making: a recipe of templates, each with what a reader would say of the speaker.

A template's ``{company}`` is one of the file's ``fillers`` of that name, ``{a|b}`` is a or b; an alternative may be
empty, or hold braces itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callmood.errors import CallmoodError
from callmood.training.corpora.goemotions import EKMAN_LABELS, Comment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Group = Literal["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise", "nothing"]
NOTHING: Final = "nothing"
"""The group of what is said in every mood."""

_SLOT: Final = re.compile(r"\{([^{}]*)\}")
_SPACE: Final = re.compile(r"\s+(?=[,.?!])|(?<=\s)\s+")
_DEV_EVERY: Final = 8
"""One of so many templates is held out for development."""


class _Talk(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    group: Group
    lines: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    variants: dict[Group, Annotated[int, Field(ge=1)]]
    fillers: dict[str, tuple[str, ...]] = {}
    talk: tuple[_Talk, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The sentences of one template."""

    kind: str
    group: Group
    """One of EKMAN_LABELS, or NOTHING."""
    sentences: tuple[str, ...]
    dev: bool
    """Whether it is held out for development: training and dev never share a template."""

    @property
    def comments(self) -> list[Comment]:
        """Each sentence with its group, and without one where it says nothing."""
        labels = frozenset({self.group} if self.group in EKMAN_LABELS else ())
        return [Comment(sentence, labels, spoken=True) for sentence in self.sentences]


def read_service_talk(path: Path) -> list[Line]:
    """The templates of a file with their sentences, in the file's order; always the same ones.

    Raises CallmoodError for a file that is missing or not of this form, and for a filler that it lacks.
    """
    try:
        found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CallmoodError(f"The file of service talk {path} is missing.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CallmoodError(f"{path} is not a TOML file: {error}.") from error
    except ValidationError as error:
        raise CallmoodError(f"{path} is not service talk: {_first(error)}.") from None
    templates = [(talk, line) for talk in found.talk for line in talk.lines]
    try:
        return [
            Line(
                talk.kind,
                talk.group,
                expanded(line, found.fillers, found.variants[talk.group], number),
                dev=number % _DEV_EVERY == _DEV_EVERY - 1,
            )
            for number, (talk, line) in enumerate(templates)
        ]
    except KeyError as error:
        raise CallmoodError(f"{path} has no filler or number of variants for {error.args[0]}.") from None
    except ValueError as error:
        raise CallmoodError(f"{path} has a brace that is not closed: {error}.") from None


def expanded(
    template: str, fillers: Mapping[str, Sequence[str]], variants: int, start: int = 0
) -> tuple[str, ...]:
    """At most ``variants`` different sentences of a template, spread over all that it has.

    ``start``: where in each filler to begin, so that not all templates have the same ones. Raises KeyError for an
    unknown filler, ValueError for braces that don't match.

    >>> expanded("i'm {so|} sorry, {name}", {"name": ["tom"]}, variants=4)
    ("i'm so sorry, tom", "i'm sorry, tom")
    """
    all_of_it = list(dict.fromkeys(map(_tidy, _alternatives(template, fillers, start))))
    count = len(all_of_it)
    # about the golden section, which spreads any number of picks evenly; coprime, so that none comes twice
    step = next(step for step in range(max(1, round(0.618 * count)), count + 2) if gcd(step, count) == 1)
    picks = sorted(at * step % count for at in range(min(variants, count)))
    return tuple(all_of_it[pick] for pick in picks)


def _alternatives(template: str, fillers: Mapping[str, Sequence[str]], start: int) -> list[str]:
    """Every text of a template, its first braces varying slowest."""
    head, brace, rest = template.partition("{")
    if not brace:
        return [template]
    options, end = _options(rest)
    words = (
        [text for option in options for text in _alternatives(option, fillers, start)]
        if len(options) > 1
        else _turned(fillers[options[0]], start)
    )
    tails = _alternatives(rest[end:], fillers, start + 1)
    return [f"{head}{word}{tail}" for word in words for tail in tails]


def _options(text: str) -> tuple[list[str], int]:
    """What stands between the bars up to the closing brace, and where the text goes on behind it."""
    depth, options, begin = 0, [], 0
    for at, sign in enumerate(text):
        if depth == 0 and sign in "|}":
            options.append(text[begin:at])
            begin = at + 1
            if sign == "}":
                return options, begin
        depth += (sign == "{") - (sign == "}")
    raise ValueError(text)


def _turned(words: Sequence[str], start: int) -> list[str]:
    start %= len(words)
    return [*words[start:], *words[:start]]


def _tidy(text: str) -> str:
    """Without the spaces and commas that an empty alternative leaves."""
    return _SPACE.sub("", text).strip(" ,")


def _first(error: ValidationError) -> str:
    found: Any = error.errors()[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg'][:1].lower()}{found['msg'][1:]}"
