"""What agents say and what customers say, in each language, with how much it counts: a table a language, in
``phrases/``.

The patterns are matched against ``normalised`` text. ``<things>`` in them stands for the table's entry ``things``.
"""

import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER: Final = Path(__file__).with_name("phrases")

Cue: TypeAlias = tuple[float, re.Pattern[str]]
"""How much a phrase counts, and its pattern."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language."""

    agent: tuple[Cue, ...]
    customer: tuple[Cue, ...]
    asks_who: tuple[re.Pattern[str], ...]
    """Agents ask for a name or a number by these."""
    gives_name: tuple[re.Pattern[str], ...]
    """An answer to that; besides numbers and spelled letters."""
    greeting: re.Pattern[str]
    """Both sides say it, so it counts only for who speaks first."""
    answers: re.Pattern[str]
    """All that the called side says first. Agents say more than that."""


def phrases(language: str | None) -> Sequence[Phrases]:
    """The table of a language, such as "en"; all tables, if it is not known or has none."""
    tables = _tables()
    return (tables[language],) if language in tables else tuple(tables.values())


def normalised(text: str) -> str:
    """Small letters, digits and apostrophes, without accents and punctuation.

    >>> normalised("¿Cómo puedo ayudarle? That’s all, 12-34.")
    "como puedo ayudarle that's all 12 34"
    """
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w']+", " ", letters).split())


@cache
def _tables() -> dict[str, Phrases]:
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def _read(path: Path) -> Phrases:
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))

    def pattern(text: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"<([a-z]+)>", lambda name: table[name.group(1)], text))

    def cues(side: str) -> tuple[Cue, ...]:
        return tuple((group["weight"], pattern(text)) for group in table[side] for text in group["says"])

    return Phrases(
        cues("agent"),
        cues("customer"),
        tuple(map(pattern, table["asks_who"])),
        tuple(map(pattern, table["gives_name"])),
        pattern(table["greeting"]),
        pattern(table["answers"]),
    )
