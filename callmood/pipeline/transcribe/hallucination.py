"""The hallucination filter: did somebody say a decoded text, or did Whisper invent it?"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Decoded:
    """The decoder's result for one span."""

    text: str
    tokens: list[int]
    mean_logprob: float
    """Mean natural logarithm per token, end token included."""
    no_speech: float
    """Probability."""
    duration_s: float
    cut_off: bool = False
    """Whether the decoder was stopped before it finished."""


_MIN_LOGPROB: Final = -1.0
_MAX_NO_SPEECH: Final = 0.6
_MAX_COMPRESSION: Final = 2.4
"""These three are Whisper's own thresholds."""
_SURE_LOGPROB: Final = -0.6
_SURE_NO_SPEECH: Final = 0.3
_MAX_WORDS_PER_S: Final = 7.0
_SPARE_WORDS: Final = 3
_ECHO_WORDS: Final = 10
_QUICK_ECHO_WORDS: Final = 5
_UNHURRIED_WORDS_PER_S: Final = 4.0
_NOISE_NO_SPEECH: Final = 0.85

_MIN_READ_OUT: Final = 3
"""Digits and letters in a row from which something is read out: "one one two", "4111", "B C D"."""
_NUMBERS: Final = frozenset(
    [
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
        *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        *("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred"),
    ]
)
_AMONG_NUMBERS: Final = frozenset(["oh", "double", "triple"])

_NEVER_ON_A_CALL: Final = re.compile(
    r"thank(s| you)( all| so much| very much)?( guys)? for (watching|listening to this video|viewing).*"
    r"|.*(subscribe to (the|my|our) channel|like and subscribe|see you in the next video).*"
    r"|(subtitles|captions|transcription|translated?)( made| created| provided)? by.*"
)
_SAID_TO_SILENCE: Final = frozenset(
    [
        *("you", "thank you", "thank you very much", "thanks", "bye", "bye bye"),
        *("so", "oh", "i", "the", "okay", "yeah", "uh", "um", "hmm", "mm"),
    ]
)


def reject_reason(decoded: Decoded, *, quick: bool = False) -> str | None:
    """Why a text is rejected: "no speech", "repetition" or "low confidence"; None if it is kept.

    ``quick`` also rejects what people do say now and then, and what the decoder did not finish,
    which is a reason for a more careful pass, not for dropping it.
    """
    words = re.findall(r"[\w']+", decoded.text.lower())
    if not words:
        return "no speech"
    plain = " ".join(words)
    unsure = decoded.mean_logprob < _SURE_LOGPROB or decoded.no_speech > _SURE_NO_SPEECH
    if decoded.no_speech > _MAX_NO_SPEECH and decoded.mean_logprob < _SURE_LOGPROB:
        return "no speech"
    if _NEVER_ON_A_CALL.fullmatch(plain) or (unsure and plain in _SAID_TO_SILENCE):
        return "no speech"
    if _repeats(decoded, words, quick=quick):
        return "repetition"
    if decoded.mean_logprob < _MIN_LOGPROB:
        return "low confidence"
    if len(words) > _SPARE_WORDS + _MAX_WORDS_PER_S * decoded.duration_s:
        return "low confidence"
    return None


def _repeats(decoded: Decoded, words: Sequence[str], *, quick: bool) -> bool:
    text = decoded.text
    if not quick and _is_plausible(decoded):
        # a card number repeats itself; what is invented on noise is unsure or has no end
        read_out = _read_out(words)
        if read_out:
            text = " ".join(word for i, word in enumerate(words) if i not in read_out)
            words = [f"#{i}" if i in read_out else word for i, word in enumerate(words)]
    if _loops(words, 3) or _compression(text) > _MAX_COMPRESSION:
        return True
    if quick:
        return decoded.cut_off or _loops(words, 2) or _echoes(words, _QUICK_ECHO_WORDS)
    # people say a thing twice ("tear down the fence, tear down the fence"), but not in half the time
    hasty = len(words) > _UNHURRIED_WORDS_PER_S * decoded.duration_s
    return (hasty and _loops(words, 2)) or _echoes(words, _ECHO_WORDS)


def _is_plausible(decoded: Decoded) -> bool:
    return (
        not decoded.cut_off and decoded.mean_logprob >= _SURE_LOGPROB and decoded.no_speech <= _MAX_NO_SPEECH
    )


def _read_out(words: Sequence[str]) -> set[int]:
    """Which words belong to something read out digit by digit or letter by letter."""
    found: set[int] = set()
    run: list[int] = []
    for i, word in enumerate([*words, ""]):
        if (
            word.isnumeric()
            or word in _NUMBERS
            or word in _AMONG_NUMBERS
            or (len(word) == 1 and word.isalpha())
        ):
            run.append(i)
            continue
        said = [words[k] for k in run]
        has_number = any(one.isnumeric() or one in _NUMBERS for one in said)
        length = sum(len(one) if one.isnumeric() else 1 for one in said)
        if length >= _MIN_READ_OUT and (has_number or len(set(said)) > 1):
            found.update(run)
        run = []
    return found


def is_noise(decoded: Decoded) -> bool:
    """Whether another pass is useless: noise and music decode like this, speech does not."""
    return decoded.no_speech > _NOISE_NO_SPEECH and decoded.mean_logprob < _MIN_LOGPROB


def _loops(words: Sequence[str], rounds: int) -> bool:
    """Whether the end repeats: three words or more ``rounds`` times, two words four times, one five times."""
    for size in range(1, len(words) // 2 + 1):
        times = {1: 5, 2: 4}.get(size, rounds)
        tail = list(words[-size:]) * times
        if list(words[-len(tail) :]) == tail:
            return True
    return False


def _echoes(words: Sequence[str], size: int) -> bool:
    """Whether any ``size`` words in a row occur twice."""
    phrases = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
    return len(set(phrases)) < len(phrases)


def _compression(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))
