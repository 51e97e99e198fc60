"""What commands print: as text, whatever strangers wrote into it, and on any code page."""

import codecs
import io
import sys
from typing import Final, TextIO

from callmood.wording import printable

_PLAIN: Final = {
    "−": "-",
    "–": "-",
    "→": ">",
    "±": "+-",
    "·": "-",
    "…": "...",
    "“": '"',
    "”": '"',
    "’": "'",
    "─": "-",
    "█": "#",
}
"""What stands for our own signs in an older code page: a figure must not lose its minus."""


def say(line: str, file: TextIO | None = None) -> None:
    """Print one line, in which nothing acts on a terminal."""
    print(printable(line), file=file, flush=True)


def print_on_any_code_page() -> None:
    """Print what the code page lacks in another way, where Python would end with an error.

    Signs of our own have a plain form; other characters, and bytes of file names that are not UTF-8, are escaped.
    """
    codecs.register_error("callmood", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="callmood")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, ascii(character)[1:-1]) for character in lacking), error.end
