"""Whether a decoded piece is speech that was understood, or text that Whisper invented."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder says of one piece."""

    text: str
    tokens: list[int]
    mean_logprob: float
    """Natural logarithm, a token, the end token counted."""
    no_speech: float
    """Probability."""
    duration_s: float


_LEAST_LOGPROB: Final = -1.0
_MOST_NO_SPEECH: Final = 0.6
_MOST_COMPRESSION: Final = 2.4
"""These three are Whisper's own."""
_SURE_LOGPROB: Final = -0.6
_SURE_NO_SPEECH: Final = 0.3
_MOST_WORDS_PER_S: Final = 7.0
_SPARE_WORDS: Final = 3

_NEVER_ON_A_CALL: Final = re.compile(
    r"thank(s| you)( all| so much| very much)?( guys)? for (watching|listening to this video|viewing).*"
    r"|.*(subscribe to (the|my|our) channel|like and subscribe|see you in the next video).*"
    r"|(subtitles|captions|transcription|translated?)( made| created| provided)? by.*"
)
_SAID_TO_SILENCE: Final = frozenset(
    ("you", "thank you", "thank you very much", "thanks", "bye", "bye bye", "so", "oh", "i", "the", "okay")
    + ("uh", "um", "hmm", "mm", "yeah")
)


def doubt(decoded: Decoded) -> str | None:
    """Why the text can't be trusted, as "no speech", "repetition" or "low confidence"; None where it can."""
    words = re.findall(r"[\w']+", decoded.text.lower())
    if not words:
        return "no speech"
    plain = " ".join(words)
    unsure = decoded.mean_logprob < _SURE_LOGPROB or decoded.no_speech > _SURE_NO_SPEECH
    if decoded.no_speech > _MOST_NO_SPEECH and decoded.mean_logprob < _SURE_LOGPROB:
        return "no speech"
    if _NEVER_ON_A_CALL.fullmatch(plain) or (unsure and plain in _SAID_TO_SILENCE):
        return "no speech"
    if _goes_in_circles(words) or _compression(decoded.text) > _MOST_COMPRESSION:
        return "repetition"
    if decoded.mean_logprob < _LEAST_LOGPROB:
        return "low confidence"
    if len(words) > _SPARE_WORDS + _MOST_WORDS_PER_S * decoded.duration_s:
        return "low confidence"
    return None


def _goes_in_circles(words: Sequence[str]) -> bool:
    """Whether the end repeats: four words or more twice, two or three words four times, one word five times."""
    for size in range(1, len(words) // 2 + 1):
        times = 2 if size >= 4 else 4 if size > 1 else 5
        tail = words[-size:]
        if len(words) >= size * times and all(
            words[len(words) - size * (n + 1) : len(words) - size * n] == tail for n in range(times)
        ):
            return True
    return False


def _compression(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))
