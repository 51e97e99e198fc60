"""The words of a page: of each call's segments, and of the moments that are about them, without what is secret."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from callmood.call import Segment
from callmood.redaction import Redacted, muted, redact, redact_texts
from callmood.reports.page.contents import Contents, Rows

_ANSWERS_FROM_S: Final = 1.0
"""An agent may begin to answer this long before the last upset words end."""


_DIGITS_OF_A_NUMBER: Final = 5
_DIGITS_SHOWN: Final = 3


def redact_call(segments: Rows, stretches: Rows) -> list[Redacted]:
    """Replace what is secret in the texts of a call; returns what was found in each segment."""
    found = redact_texts([row["text"] for row in segments])
    for row, redacted in zip(segments, found, strict=True):
        row["text"] = redacted.text
    for stretch in stretches:
        if stretch["text"]:
            stretch["text"] = redact(stretch["text"])
    return found


def secret_times(
    rows: Rows, found: Sequence[Redacted], segments: Sequence[Segment]
) -> list[tuple[float, float]]:
    """When what was found in ``rows`` is spoken, in seconds. ``segments``: those of the call, with their words.

    All of a segment is secret where people corrected the words, so that those with times are others.
    """
    recognised = redact_texts([segment.text for segment in segments])
    times: list[tuple[float, float]] = []
    for row, redacted in zip(rows, found, strict=True):
        segment, as_recognised = segments[row["segment"]], recognised[row["segment"]]
        if redacted == as_recognised:
            times += muted(segment.text, redacted.spans, segment.words, segment.start_s, segment.end_s)
        elif redacted.spans or as_recognised.spans:
            times.append((segment.start_s, segment.end_s))
    return times


def hide_customers(calls: Rows) -> None:
    """Leave three digits of the customers' numbers, in the names of calls and files too."""
    for call in calls:
        digits = _digits(call["customer"] or "")
        if len(digits) < _DIGITS_OF_A_NUMBER:
            call["customer"] = call["customer"] and redact(call["customer"])
            continue
        call["customer"] = shown = f"…{digits[-_DIGITS_SHOWN:]}"
        for name in ("call", "call_id", "file"):
            call[name] = call[name] and _without(digits, call[name], shown)
        call["warnings"] = [_without(digits, warning, shown) for warning in call["warnings"] or ()]


def _without(digits: str, name: str, shown: str) -> str:
    """
    >>> _without("491701234567", "2026-11-20_09-14_0170-1234567.wav", "…567")
    '2026-11-20_09-14_…567.wav'
    """

    def hidden(match: re.Match[str]) -> str:
        run = _digits(match[0]).lstrip("0")
        is_it = len(run) >= _DIGITS_OF_A_NUMBER and (run in digits or digits in run)
        return shown if is_it else match[0]

    return re.sub(r"\+?\d[\d .()-]*\d", hidden, name)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


class Moments(NamedTuple):
    """What is shown of one call elsewhere than on its timeline."""

    upset: Rows
    pleased: Rows
    recovered: Rows
    examples: Rows


def by_call(contents: Contents) -> Mapping[str, Moments]:
    """The moments by the id of their call; the rows are those of ``contents``."""
    found: dict[str, Moments] = defaultdict(lambda: Moments([], [], [], []))
    for name in Moments._fields:
        for row in getattr(contents, name):
            getattr(found[row["id"]], name).append(row)
    return found


def add_words(moments: Moments, segments: Rows) -> None:
    """Give the moments of a call the words that its segments have on the page."""
    said = {(row["role"], row["start_s"]): row["text"] for row in segments}
    for moment in moments.upset:
        moment["text"] = said.get((moment["role"], moment["said_s"]), "")
    for moment in moments.pleased:
        moment["text"] = said.get((moment["role"], moment["start_s"]), "")
    by_number = {row["segment"]: row["text"] for row in segments}
    for example in moments.examples:
        example["text"] = by_number.get(example["segment"], "")
    for turn in moments.recovered:
        theirs = {row["start_s"]: row["text"] for row in segments if row["role"] == turn["role"]}
        turn["upset_text"] = theirs.get(turn["upset_s"], "")
        turn["turned_text"] = theirs.get(turn["turned_s"], "")
        turn["said"] = " ".join(
            row["text"].strip()
            for row in segments
            if row["role"] == "agent"
            and turn["last_upset_s"] - _ANSWERS_FROM_S <= row["start_s"] < turn["turned_s"]
        )
