"""`callmood doctor`: what is installed, where the models are, which device is used, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmood.doctor import Check


def doctor() -> None:
    """Check what is installed and what is missing.

    Shows installed models, the device in use, and how to fix problems.
    """
    from rich.console import Console
    from rich.markup import escape
    from typer import Exit

    from callmood.doctor import check_installation
    from callmood.wording import printable

    checks = check_installation()
    console = Console(soft_wrap=True, highlight=False)
    for check in checks:
        console.print(f"{_mark(check)} {escape(printable(check.name))}: {escape(printable(check.found))}")
        if check.fix:
            console.print(f"         [yellow]{escape(printable(check.fix))}[/]")
    if any(not check.ok and check.needed for check in checks):
        raise Exit(1)


def _mark(check: Check) -> str:
    if check.ok:
        return "[green]ok[/]      "
    return "[red]missing[/] " if check.needed else "[yellow]note[/]    "
