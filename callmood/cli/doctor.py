"""`callmood doctor`: what is installed, which models are where, which device will be used, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callmood.doctor import Check


def doctor() -> None:
    """Check what is installed and what is missing.

    Says which models are where, which device will be used, and how to mend what is missing.
    """
    from rich.console import Console
    from rich.table import Table
    from typer import Exit

    from callmood.doctor import check_installation

    checks = check_installation()
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        table.add_row(_mark(check), check.name, check.found)
        if check.mend:
            table.add_row("", "", f"[yellow]{check.mend}[/]")
    Console().print(table)
    if any(not check.ok and check.needed for check in checks):
        raise Exit(1)


def _mark(check: Check) -> str:
    if check.ok:
        return "[green]ok[/]"
    return "[red]missing[/]" if check.needed else "[yellow]note[/]"
