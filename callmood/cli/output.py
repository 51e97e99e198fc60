"""What commands print or write to a file: as text, whatever strangers wrote into it, and on any code page."""

import codecs
import io
import sys
from pathlib import Path
from typing import Final, TextIO

from callmood.errors import CallmoodError, UsageError
from callmood.wording import printable
from callmood.writing import write_whole

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


def write_text(text: str, output: Path | None, encoding: str = "utf-8") -> None:
    """Print ``text``, or write it to a file in ``encoding``. Raises CallmoodError if the file can't be written."""
    if output is None:
        sys.stdout.write(text)
    else:
        write_bytes(text.encode(encoding), output)


def write_bytes(data: bytes, output: Path | None, what: str = "") -> None:
    """Write ``data`` to a file, or to a pipe. Raises UsageError if that would be the terminal, and CallmoodError if
    the file can't be written.

    ``what``: the format, to be named in the error.
    """
    if output is not None:
        try:
            write_whole(output, data)
        except OSError as error:
            raise CallmoodError(
                f"{output} can't be written ({error.strerror}). Choose another file with --output."
            ) from None
        return
    if sys.stdout.isatty():
        raise UsageError(f"{what} is binary. Give a file with --output.")
    sys.stdout.buffer.write(data)
