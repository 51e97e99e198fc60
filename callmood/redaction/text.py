"""Texts of a call with what is secret replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callmood.redaction.cues import ADDRESS, BIRTH, EMAIL, NUMBER, POSTCODE
from callmood.redaction.finders import find_all
from callmood.redaction.names import NAME
from callmood.redaction.numbers import ACCOUNT, CARD, CODE, PHONE, SOCIAL_SECURITY
from callmood.redaction.tokens import Found, Token, tokens_of

LABELS: Final = (
    CARD, SOCIAL_SECURITY, ACCOUNT, PHONE, CODE, NUMBER, EMAIL, BIRTH, ADDRESS, POSTCODE, NAME
)  # fmt: skip
"""The kinds of what is redacted; "[card number]" stands for it."""
_REPLACED: Final = re.compile(r"\[(" + "|".join(map(re.escape, LABELS)) + r")\]")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text that is secret."""

    start: int
    """Characters from the start of the text."""
    end: int
    kind: str
    """One of ``LABELS``."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with what is secret replaced."""

    text: str
    spans: tuple[Span, ...]
    """Of the text as it was. What was replaced earlier is among them."""


def redact(text: str) -> str:
    """``text`` with what identifies a person or opens an account replaced.

    >>> redact("It's four one one one, uh, double one double one, 1111 1111, and it costs 20 dollars")
    "It's [card number], and it costs 20 dollars"
    """
    return redact_texts([text])[0].text


def redact_texts(texts: Sequence[str]) -> list[Redacted]:
    """The texts of one call, in the order in which they are said, with what is secret replaced.

    What goes on in later texts is found, and so is the answer to a question of an earlier one.

    >>> call = ["Your account number, please?", "Four eight two", "Mhm", "one seven."]
    >>> [one.text for one in redact_texts(call)]
    ['Your account number, please?', '[account number]', 'Mhm', '[account number].']
    """
    earlier = [[Span(*match.span(), match.group(1)) for match in _REPLACED.finditer(text)] for text in texts]
    plain = [_blanked(text, spans) for text, spans in zip(texts, earlier, strict=True)]
    tokens = tokens_of(plain)
    spans: list[list[Span]] = [list(of_text) for of_text in earlier]
    for found in find_all(tokens, plain):
        for segment, span in _spans(tokens, found):
            spans[segment].append(span)
    return [_redacted(text, sorted(of_text)) for text, of_text in zip(texts, spans, strict=True)]


def _blanked(text: str, spans: Sequence[Span]) -> str:
    """``text`` where what was replaced earlier is no words, as long as before."""
    for span in spans:
        text = text[: span.start] + "|" * (span.end - span.start) + text[span.end :]
    return text


def _spans(tokens: Sequence[Token], found: Found) -> Iterator[tuple[int, Span]]:
    """The stretch of each text that a find is in. A text between with none of its words is not among them."""
    first = last = tokens[found.first]
    for index in range(found.first, found.last + 1):
        token = tokens[index]
        if token.segment != last.segment:
            yield last.segment, Span(first.start, last.end, found.kind)
            first = token
        last = token
    yield last.segment, Span(first.start, last.end, found.kind)


def _redacted(text: str, spans: Sequence[Span]) -> Redacted:
    merged: list[Span] = []
    for span in spans:
        joins = (
            merged
            and merged[-1].kind == span.kind
            and not re.search(r"\w|[.?!]\s", text[merged[-1].end : span.start])
        )
        if joins:
            merged[-1] = Span(merged[-1].start, span.end, span.kind)
        else:
            merged.append(span)
    parts, at = [], 0
    for span in merged:
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return Redacted("".join(parts) + text[at:], tuple(merged))
