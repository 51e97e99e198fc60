"""Categories as people define them, in TOML."""

from __future__ import annotations

import sys
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from callmood.errors import UsageError
from callmood.labels import LABELS, UNCERTAIN
from callmood.search.phrases import PhrasePatterns, phrase_patterns, words_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Emotion = Literal["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised", "uncertain"]

SHOWN_EMOTIONS: Final = (*(label for label in LABELS if label != "calm"), UNCERTAIN)
"""Labels as reports show them: calm is neutral."""


class Category(BaseModel):
    """What makes a segment belong to a category: words or a near meaning, and conditions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str = ""
    words: tuple[Text, ...] = ()
    """Whole words in a row; a star stands for any letters, alone for up to four words."""
    patterns: tuple[Text, ...] = ()
    """Regular expressions of RE2, for text without capitals and accents."""
    examples: tuple[Text, ...] = ()
    """A segment whose meaning is near to one of these belongs to it ..."""
    unlike: tuple[Text, ...] = ()
    """... unless it is nearer to one of these."""
    threshold: float = Field(default=0.5, ge=-1, le=1, allow_inf_nan=False)
    """How near: the least cosine."""
    role: Literal["agent", "customer"] | None = None
    """Whose segments; those of speakers whose role is not known count as the customer's."""
    emotions: tuple[Emotion, ...] = ()
    part: Literal["first", "last"] | None = None
    """The first or the last quarter of the conversation."""
    after_silence_s: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Seconds of silence before the segment, at least."""

    @property
    def sought(self) -> PhrasePatterns:
        """What finds its words and patterns."""
        in_words, in_text = phrase_patterns(self.words)
        found = [f"(?:{pattern})" for pattern in (*self.patterns, in_text) if pattern is not None]
        return PhrasePatterns(in_words, "|".join(found) or None)

    @property
    def is_decided_by_conditions(self) -> bool:
        """Whether neither words nor examples are asked for."""
        return not (self.words or self.patterns or self.examples)


_TABLES: Final = TypeAdapter(
    dict[Annotated[str, StringConstraints(pattern=r"^\w[\w -]*$", max_length=60)], Category]
)


@cache
def included() -> str:
    """The definitions that come with callmood, as TOML."""
    return files("callmood.search").joinpath("categories.toml").read_text(encoding="utf-8")


def read_categories(toml: str, where: str) -> dict[str, Category]:
    """The categories by name. Raises UsageError, which names ``where``, if a definition can't be understood."""
    try:
        found = _TABLES.validate_python(tomllib.loads(toml))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is not valid TOML: {error}.") from None
    except ValidationError as error:
        raise UsageError(f"{where}: {_first(error)}.") from None
    if not found:
        raise UsageError(f"{where} defines no category. See callmood categorize --show for how to.")
    for name, category in found.items():
        _check(name, category, where)
    return found


def _check(name: str, category: Category, where: str) -> None:
    for words in category.words:
        if not any(map(str.isalnum, "".join(words_of(words)))):
            raise UsageError(f'{where}: "{words}" in [{name}] holds no word.')
    for pattern in category.patterns:
        try:
            duckdb.execute("SELECT regexp_matches('', $pattern)", {"pattern": pattern}).fetchall()
        except duckdb.Error as error:
            why = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
            raise UsageError(f'{where}: the pattern "{pattern}" in [{name}] is wrong ({why}).') from None
    conditions: list[Any] = [category.role, category.emotions, category.part, category.after_silence_s]
    if category.is_decided_by_conditions and not any(conditions):
        raise UsageError(f"{where}: [{name}] has neither words nor examples nor conditions.")


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"] if part != "[key]")
    return f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}"
