"""The documentation is true: commands and options have help and a reference, README's commands and outputs are real."""

import re
import shlex
from typing import Any

import pytest
import typer
from make_docs import OUTPUT, README, REFERENCE, commands_of, indented, outputs, reference

from callmood.cli.app import app

ROOT: Any = typer.main.get_command(app)
COMMANDS = commands_of(ROOT, "callmood")
TEXT = README.read_text(encoding="utf-8")
LINES = [
    line.strip()
    for line in TEXT.replace("\\\n", " ").splitlines()
    if re.match(r"    (\.venv/bin/)?callmood ", line) and "→" not in line
]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_has_help(name: str) -> None:
    assert COMMANDS[name].help
    assert [param.name for param in COMMANDS[name].params if not getattr(param, "help", None)] == []


def test_the_reference_is_that_of_the_commands() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run tests/make_docs.py"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    group, _, command = name.rpartition(" ")
    assert name in TEXT or f"`{' '.join((*group.split()[1:], command))}`" in TEXT


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    words = shlex.split(re.split(r"\s{2,}| && ", line)[0])[1:]
    command = ROOT
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    command.make_context("callmood", words).close()


def test_outputs_in_the_readme_are_those_of_the_commands() -> None:
    found = list(OUTPUT.finditer(TEXT))
    assert found
    made = outputs([match["command"] for match in found])
    for match, output in zip(found, made, strict=True):
        assert _shape(match["output"]) == _shape(indented(output)), "run tests/make_docs.py"


def _shape(output: str) -> str:
    """An output without what depends on the machine: numbers, and what the recogniser understood."""
    flat = " ".join(output.replace("─", "").split())
    return re.sub(r"[+−-]?\d[\d.,:]*", "0", re.sub(r"“[^”]*”", "“”", flat)).replace("0 min", "0 s")
