"""Word times from the decoder's attention, put in order and inside their span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from callmood.call import Word
from callmood.pipeline.transcribe.hypotheses import Alignment

if TYPE_CHECKING:
    from faster_whisper.tokenizer import Tokenizer

_BEFORE: Final = "\"'“¿([{-"
_AFTER: Final = "\"'.。,，!！?？:：”)]}、"
_STEPS_PER_S: Final = 50
"""Of the decoder's attention."""
_MIN_WORD_S: Final = 1 / _STEPS_PER_S
MAX_WORD_S: Final = 2.0
"""Attention and alignment extend a word through the pause after it, but no spoken word lasts longer than this."""


def aligned_words(tokenizer: Tokenizer, tokens: list[int], alignment: Alignment) -> list[Mapping[str, Any]]:
    """The words of a clip's ``tokens`` with their times in it and probabilities, as faster-whisper makes them."""
    from faster_whisper import WhisperModel

    found = SimpleNamespace(align=lambda *_, **__: [alignment])
    model: Any = SimpleNamespace(model=found, tokens_per_second=_STEPS_PER_S)
    words: list[Mapping[str, Any]]
    (words,) = WhisperModel.find_alignment(model, tokenizer, [tokens], None, [0])
    return words


def word_times(
    alignment: Sequence[Mapping[str, Any]], offset_s: float, start_s: float, end_s: float
) -> tuple[Word, ...]:
    """faster-whisper's alignment of one span as words in the call's time, within ``start_s`` and ``end_s``.

    A word without a duration of its own gets a short one after the word before it.
    """
    from faster_whisper.transcribe import merge_punctuations

    merged = [dict(word) for word in alignment]
    merge_punctuations(merged, _BEFORE, _AFTER)
    timed = [word for word in merged if word["word"].strip()]
    if not timed:
        return ()
    starts, ends = in_order(
        [offset_s + float(word["start"]) for word in timed],
        [offset_s + float(word["end"]) for word in timed],
        start_s,
        end_s,
    )
    return tuple(
        Word(word["word"].strip(), start, min(end, start + MAX_WORD_S), float(word["probability"]))
        for word, start, end in zip(timed, starts, ends, strict=True)
    )


def in_order(
    starts: Sequence[float], ends: Sequence[float], start_s: float, end_s: float
) -> tuple[list[float], list[float]]:
    """The same times with every word after the one before, at least a moment long, inside the span."""
    count = len(starts)
    min_s = min(_MIN_WORD_S, (end_s - start_s) / count)
    begins: list[float] = []
    for start in starts:
        begins.append(max(start, begins[-1] + min_s if begins else start_s))
    begins = [min(begin, end_s - min_s * (count - i)) for i, begin in enumerate(begins)]
    limits = [*begins[1:], end_s]
    stops = [
        min(max(end, begin + min_s), limit) for end, begin, limit in zip(ends, begins, limits, strict=True)
    ]
    return begins, stops
