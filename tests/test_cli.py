"""The command line as a whole."""

import errno
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from callmood.cli import app as cli
from callmood.cli.app import app

HEAVY = ("torch", "whisperx", "transformers", "polars", "duckdb", "numpy")
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['callmood', '--help']\n"
        "from callmood.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_has_help(command: str) -> None:
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    assert found.help
    assert [option.name for option in found.params if not getattr(option, "help", None)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_ends_with_exit_code_2(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--no-such-option"]).exit_code == 2


def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "model/weights.safetensors")

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err == (
        "callmood: No space left on the disk for model/weights.safetensors. "
        "Free some space, then run the command again.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["scan", "--\x1b[2J"], ["\x1b[2J"], ["scan", "a", "--roles", "\x1b[2J"], ["models", "\x1b[2J"]],
)
def test_what_a_wrong_option_is_called_can_not_act_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["callmood", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2 and "x1b[2J" in said and "\x1b" not in said
