"""Options whose value may be left out: ``--agent`` and ``--agent anna``."""

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand

BARE = ""
"""The value of such an option without one."""


def with_optional_values(options: Iterable[str]) -> type[TyperCommand]:
    """A class of commands: each of ``options`` takes the next word, unless that is an option or there is none."""
    names = frozenset(options)

    class Command(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, _completed(args, names))

    return Command


def _completed(args: list[str], names: frozenset[str]) -> list[str]:
    completed: list[str] = []
    for index, word in enumerate(args):
        if word == "--":
            return completed + args[index:]
        following = args[index + 1 : index + 2]
        bare = word in names and (not following or (len(following[0]) > 1 and following[0].startswith("-")))
        completed.append(f"{word}={BARE}" if bare else word)
    return completed
