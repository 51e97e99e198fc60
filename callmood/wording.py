"""How counts, times and suggestions are worded, wherever they are printed."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Final
from unicodedata import category

NONE: Final = "–"
"""Printed for a missing value."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun; ``many`` is the plural if it is not simply ``one`` with an s.

    >>> counted(1, "call"), counted(2000, "call"), counted(2, "is a copy", "are copies")
    ('1 call', '2,000 calls', '2 are copies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A suggestion of the closest name in ``known``, or "" if none is close.

    >>> did_you_mean("angyr", ["angry", "calm"])
    ' (did you mean angry?)'
    """
    near = get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def clock(seconds: float | None) -> str:
    """A time in a recording.

    >>> clock(62.3), clock(3700)
    ('1:02', '1:01:40')
    """
    if seconds is None or not isfinite(seconds):
        return NONE
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length(seconds: float | None) -> str:
    """A duration in a suitable unit.

    >>> length(0.66), length(45), length(700), length(51120)
    ('0.7 s', '45 s', '12 min', '14.2 h')
    """
    if seconds is None or not isfinite(seconds):
        return NONE
    if seconds < 59.5:
        return _seconds(seconds)
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"


def duration(seconds: float | None) -> str:
    """A duration to the second, and to a tenth of one below that: what is there must not look like nothing.

    >>> duration(0.66), duration(0.01), duration(45), duration(226)
    ('0.7 s', '<0.1 s', '45 s', '3:46')
    """
    if seconds is None or not isfinite(seconds) or seconds >= 59.5:
        return clock(None if seconds is None else seconds + 0.5)
    return _seconds(seconds)


def _seconds(seconds: float) -> str:
    if 0 < seconds < 0.05:
        return "<0.1 s"
    return f"{seconds:.1f} s" if 0 < seconds < 0.95 else f"{seconds:.0f} s"


def speaker_name(role: str, speaker: int) -> str:
    """What a speaker is called, counted from 0: by the role if that is known.

    >>> speaker_name("agent", 0), speaker_name("unknown", 1)
    ('agent', 'speaker 2')
    """
    return f"speaker {speaker + 1}" if role == "unknown" else role


def percent(share: float | None) -> str:
    """A share in whole percent, or with one decimal if it would round to 0.

    >>> percent(0.83), percent(0.004), percent(1e-17)
    ('83 %', '0.4 %', '0 %')
    """
    if share is None:
        return NONE
    value = 100 * share
    return f"{value:.1f} %" if 0.05 <= value < 0.95 else f"{value:.0f} %"


def printable(text: str) -> str:
    """``text`` on one line, with what a terminal must not interpret or can't show escaped.

    Names, agents, metadata and transcripts come from strangers: an escape sequence in them could clear the screen.

    >>> print(printable("a\\x1b[2Jb\\n"))
    a\\x1b[2Jb\\n
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or _is_harmless(c) else ascii(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """``text`` as ``printable`` makes it, with its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def _is_harmless(character: str) -> bool:
    """Spaces of other widths, the hyphen that shows at a line's end, and the joiners that some scripts need."""
    return category(character) == "Zs" or character in "\u00ad\u200c\u200d"


def extensions_named(counts: Mapping[str, int], most: int = 6) -> str:
    """The extensions of files, the most frequent first.

    >>> extensions_named({".sln": 1, ".ulaw": 3, "": 1})
    '.ulaw, .sln, none'
    """
    names = sorted(counts, key=lambda extension: (-counts[extension], extension == "", extension))
    shown = [printable(shortened(name, 12)) or "none" for name in names[:most]]
    return ", ".join(shown + ["…"] * (len(names) > most))


def shortened(text: str, max_length: int = 60) -> str:
    """``text``, cut to ``max_length`` characters.

    >>> shortened("This is outrageous, you have charged me twice", 20)
    'This is outrageous,…'
    """
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"
