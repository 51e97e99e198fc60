"""Segments of a call with what is secret replaced, and when it is spoken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from callmood.call import Segment, Word
from callmood.redaction.text import Redacted, Span, redact_texts

_PAD_S: Final = 0.15
"""Muted before and after a word: word times are that exact."""


class Timed(Protocol):
    """A word of a segment, such as ``callmood.call.Word``."""

    @property
    def text(self) -> str: ...
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


def redact_segments(segments: Sequence[Segment]) -> list[Segment]:
    """The segments of one call, by start, with what is secret replaced in texts and words.

    The words of a secret become one, with the time from the first to the last.
    """
    found = redact_texts([segment.text for segment in segments])
    return [
        replace(segment, text=redacted.text, words=tuple(_redacted_words(segment, redacted)))
        for segment, redacted in zip(segments, found, strict=True)
    ]


def muted(
    text: str, spans: Sequence[Span], words: Sequence[Timed], start_s: float, end_s: float
) -> list[tuple[float, float]]:
    """When the secret ``spans`` of a segment's ``text`` are spoken, in seconds of the recording, by start.

    ``words`` are those of the segment, which lasts from ``start_s`` to ``end_s``: all of it is muted where they don't
    tell.
    """
    times: list[tuple[float, float]] = []
    for of_span in muted_words(text, spans, [word.text for word in words]):
        if not of_span:
            return [(start_s, end_s)]
        first_s = max(start_s, words[of_span[0]].start_s - _PAD_S)
        last_s = min(end_s, words[of_span[-1]].end_s + _PAD_S)
        if times and first_s <= times[-1][1]:
            first_s = times.pop()[0]
        times.append((first_s, last_s))
    return times


def muted_words(text: str, spans: Sequence[Span], words: Sequence[str]) -> list[list[int]]:
    """The indices of the words in each of the secret ``spans`` of a segment's ``text``."""
    places = _places(text, words)
    return [
        [index for index, (start, end) in enumerate(places) if start < span.end and end > span.start]
        for span in spans
    ]


def _places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where each word stands in the text, in characters. One that is not found stands where it would go on."""
    places, at = [], 0
    for word in words:
        written = word.strip()
        start = text.find(written, at)
        if start < 0:
            places.append((at, at + max(1, len(written))))
            continue
        at = start + len(written)
        places.append((start, at))
    return places


def _redacted_words(segment: Segment, redacted: Redacted) -> Iterable[Word]:
    starts = {}
    hidden: set[int] = set()
    indices = muted_words(segment.text, redacted.spans, [word.text for word in segment.words])
    for span, of_span in zip(redacted.spans, indices, strict=True):
        of_span = [index for index in of_span if index not in hidden]
        if of_span:
            starts[of_span[0]] = (span, of_span)
            hidden.update(of_span)
    for index, word in enumerate(segment.words):
        if index in starts:
            span, of_span = starts[index]
            yield Word(
                f"[{span.kind}]",
                word.start_s,
                segment.words[of_span[-1]].end_s,
                min(segment.words[one].probability for one in of_span),
            )
        elif index not in hidden:
            yield word
