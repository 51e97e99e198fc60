"""A list of names and products that the recogniser is told to expect."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callmood.errors import CallmoodError, UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS: Final = 220
"""Whisper's decoder takes half of its 448 positions for what came before, less the marks around it."""


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """The names in a text file, one a line. Raises UsageError if it can't be read or holds none."""
    try:
        lines = path.expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The vocabulary {path} can't be read: {error}. Give a text file in UTF-8."
        ) from None
    names = tuple(dict.fromkeys(" ".join(line.split()) for line in lines if line.strip()))
    if not names:
        raise UsageError(f"The vocabulary {path} is empty. Write names and products into it, one a line.")
    return names


def prompt_of(names: Sequence[str], tokenizer: "Tokenizer") -> list[int]:
    """The tokens of a list of names, as faster-whisper's hotwords. Raises CallmoodError if they are too many."""
    tokens = _tokens(names, tokenizer)
    if len(tokens) > MAX_TOKENS:
        fitting = next(
            n for n in range(len(names), -1, -1) if len(_tokens(names[:n], tokenizer)) <= MAX_TOKENS
        )
        raise CallmoodError(
            f"The vocabulary is too long: its {len(names)} names make {len(tokens)} tokens, and the recogniser takes "
            f"{MAX_TOKENS}, which the first {fitting} names fill. Leave out names that are understood anyway."
        )
    return tokens


def _tokens(names: Iterable[str], tokenizer: "Tokenizer") -> list[int]:
    return list(tokenizer.encode(" " + ", ".join(names), add_special_tokens=False).ids)
