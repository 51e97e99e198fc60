"""Segments of a call with what is secret replaced, and when it is spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from callmood.call import Call, Segment, Vectors, Word
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


def redact_call(call: Call) -> Call:
    """The call with what is secret replaced in what people and machines say; all else stays as it is.

    A segment whose words change has no text vector any more: it would say what they were.
    """
    by_machines = redact_texts([hold.text or "" for hold in call.holds])
    segments = tuple(redact_segments(call.segments))
    return replace(
        call,
        redacted=True,
        segments=segments,
        text_vectors=_of_unchanged(call.text_vectors, call.segments, segments),
        holds=tuple(
            hold if hold.text is None else replace(hold, text=redacted.text)
            for hold, redacted in zip(call.holds, by_machines, strict=True)
        ),
    )


def _of_unchanged(
    vectors: Vectors | None, before: Sequence[Segment], after: Sequence[Segment]
) -> Vectors | None:
    if vectors is None:
        return None
    kept = {
        number: vector
        for number, vector in vectors.of_segments.items()
        if before[number].text == after[number].text
    }
    return replace(vectors, of_segments=kept)


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
    return [_words_in(places, span) for span in spans]


def _words_in(places: Sequence[tuple[int, int]], span: Span) -> list[int]:
    return [index for index, (start, end) in enumerate(places) if start < span.end and end > span.start]


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


def _redacted_words(segment: Segment, redacted: Redacted) -> Iterator[Word]:
    """The words of a segment with one for each secret; none at all where it is not clear which are secret."""
    places = _places(segment.text, [word.text for word in segment.words])
    secret = [_words_in(places, span) for span in redacted.spans]
    if not all(secret):
        return
    index = 0
    for span, of_span in zip(redacted.spans, secret, strict=True):
        yield from segment.words[index : of_span[0]]
        words = segment.words[max(index, of_span[0]) : of_span[-1] + 1]
        if words:
            before = segment.text[places[of_span[0]][0] : span.start]
            after = segment.text[span.end : places[of_span[-1]][1]]
            sure = min(word.probability for word in words)
            yield Word(f"{before}[{span.kind}]{after}", words[0].start_s, words[-1].end_s, sure)
        index = max(index, of_span[-1] + 1)
    yield from segment.words[index:]
