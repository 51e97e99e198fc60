"""Make what the documentation shows: the reference of the commands, and the outputs in README.md.

    .venv/bin/python tests/make_docs.py

README.md holds each output after a comment ``<!-- output of: COMMAND -->``; the commands run in one folder, in their
order, on the sample calls. `test_docs.py` compares.
"""

import inspect
import os
import re
import subprocess
import sys
import tempfile
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from callmood.cli.app import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
REFERENCE = ROOT / "callmood" / "cli" / "REFERENCE.md"
OUTPUT = re.compile(r"<!-- output of: (?P<command>.+?) -->\n\n(?P<output>(?:    .*\n|\n)+?)(?=\n*\S)")

PROGRESS = re.compile(r"^(loading the models|[\d,]+ of [\d,]+ recordings?, .*)\n", re.MULTILINE)
"""Lines that a scan prints where there is no terminal."""


def reference() -> str:
    """All commands with their arguments and options, as Markdown."""
    parts = [
        "# Commands",
        "Made by `tests/make_docs.py` from the help of the commands; `callmood COMMAND --help` shows the same.",
    ]
    root: Any = typer.main.get_command(app)
    for name, command in sorted(commands_of(root, "callmood").items()):
        parts += [f"## {name}", *(_paragraphs(command.help or "")), *_table(command)]
    return "\n\n".join(parts) + "\n"


def commands_of(group: Any, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        full = f"{prefix} {name}"
        found |= commands_of(command, full) if hasattr(command, "commands") else {full: command}
    return found


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _table(command: Any) -> list[str]:
    """A table of arguments and options, if there are any; the same whatever the version of typer."""
    hints = typing.get_type_hints(inspect.unwrap(command.callback))
    rows = [
        f"| `{_names(param)}` | {' '.join(param.help.split())}{_choices(hints[param.name])}{_default(param)} |"
        for param in command.params
        if param.name != "help" and not getattr(param, "hidden", False)
    ]
    return ["\n".join(["| argument or option | |", "|---|---|", *rows])] if rows else []


def _names(param: Any) -> str:
    if not param.opts[0].startswith("-"):
        return str(param.name.upper())
    return ", ".join(param.opts) + (f" {param.metavar}" if param.metavar else "")


def _choices(hint: Any) -> str:
    """What a Literal or an Enum, somewhere in ``hint``, may be."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f" One of: {', '.join(str(one.value) for one in hint)}."
    if typing.get_origin(hint) is typing.Literal:
        return f" One of: {', '.join(map(str, typing.get_args(hint)))}."
    return "".join(map(_choices, typing.get_args(hint)))


def _default(param: Any) -> str:
    """What is taken if an option is not given, where its help does not say so."""
    default = param.default
    if param.required:
        return " Required."
    if default in (None, False) or not isinstance(default, bool | int | str | list | Path) or default == []:
        return ""
    if "default:" in param.help:
        return ""
    return f" Default: `{', '.join(default) if isinstance(default, list) else default}`."


def outputs(commands: list[str]) -> list[str]:
    """What ``commands`` leave on a terminal, run one after the other in a new folder with the sample calls."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tests").symlink_to(ROOT / "tests")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLMOOD_")}
        made = [
            subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env={**environment, "PATH": path, "COLUMNS": "120"},
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ).stdout
            for command in commands
        ]
    return [PROGRESS.sub("", output) for output in made]


def indented(output: str) -> str:
    lines = (f"    {line.rstrip()}".rstrip() for line in output.strip("\n").splitlines())
    return "\n".join(lines) + "\n"


def main() -> None:
    REFERENCE.write_text(reference(), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    found = list(OUTPUT.finditer(text))
    for match, output in reversed(list(zip(found, outputs([one["command"] for one in found]), strict=True))):
        text = text[: match.start("output")] + indented(output) + text[match.end("output") :]
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
