"""Whether the words of a call can be relied on.

What is spoken in another language, or on too bad a line, is decoded into guesses.

The decoder is unsure of guesses, even of those that read well. ``benchmarks/languages.py`` measures how many calls are
taken for what they are not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from callmood.languages import language_name

GUESSED_LOGPROB: Final = -0.7
"""Mean natural logarithm per token below which a text is a guess."""
MOST_GUESSED: Final = 0.75
"""A call is not understood if more than this share of its speech is guessed: of English, down to noise 10 dB below
the speech, up to 0.64 was, of other languages 0.87 and more."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How sure the decoder is of one stretch of speech."""

    seconds: float
    mean_logprob: float


def is_understood(stretches: Iterable[Heard]) -> bool:
    """Whether the decoder is sure of most of a call's speech; True of a call without speech."""
    heard = list(stretches)
    guessed_s = sum(one.seconds for one in heard if one.mean_logprob < GUESSED_LOGPROB)
    return guessed_s <= MOST_GUESSED * sum(one.seconds for one in heard)


def why_not_understood(language: str | None, *, expected: str) -> str:
    """The warning for a call whose words can't be relied on.

    ``language`` is the one that was detected, None if no model here can tell; ``expected`` the one that the call was
    transcribed in.

    >>> why_not_understood("es", expected="en")
    "the language is Spanish, but the call was transcribed as English: its words and moods don't count in reports"
    """
    doubt = "its words and moods don't count in reports"
    if language is not None and language != expected:
        return (
            f"the language is {language_name(language)}, but the call was transcribed as {language_name(expected)}: "
            f"{doubt}"
        )
    if language is not None:
        return f"most words could not be understood ({language_name(language)} on a bad line?): {doubt}"
    return (
        f"most words could not be understood (a language other than {language_name(expected)}, or a bad line): "
        f"{doubt}; other languages take pip install 'callmood[multilingual]' and scan --language auto --retranscribe"
    )
