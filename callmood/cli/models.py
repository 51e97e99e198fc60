"""`callmood models`: the emotion models at hand, and which one scans use."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from callmood.model.registry import Shelved

models = typer.Typer(
    name="models",
    help="List, show and choose emotion models.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models.command(name="list")
def list_models(
    folder: Annotated[
        Path, typer.Option(help="Where to look: the folders in it, and those in its folder models.")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the models at hand; a star marks the one that scans use."""
    from dataclasses import asdict

    from callmood.model.registry import shelf
    from callmood.settings import load_settings

    found = shelf(folder, load_settings().score.model)
    if as_json:
        print(json.dumps({"models": [asdict(model) for model in found]}))
    else:
        _print_table(found)


@models.command()
def show(
    model: Annotated[
        str | None, typer.Argument(help="A model's folder, or embedded (default: the one in use).")
    ] = None,
) -> None:
    """Show a model's card: data, licences, figures, limits."""
    from callmood.model.registry import card
    from callmood.settings import load_settings

    text = card(model or load_settings().score.model)
    if not sys.stdout.isatty():
        print(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


@models.command()
def use(
    model: Annotated[str, typer.Argument(help="A model's folder, or embedded.")],
) -> None:
    """Let scans use a model from now on: set it in callmood.toml."""
    from callmood.model.bundle import find_bundle
    from callmood.settings import SETTINGS_FILE, load_settings, write_setting

    folder = Path("models") / model
    name = str(folder) if not Path(model).exists() and folder.is_dir() else model
    find_bundle(name)
    write_setting("score.model", name)
    print(f"{SETTINGS_FILE} now names {name}; score stored calls again with callmood scan FOLDER --rescore.")
    in_force = load_settings().score.model
    if in_force != name:
        print(
            f"note: the environment variable CALLMOOD_SCORE__MODEL wins over it with {in_force}; unset it.",
            file=sys.stderr,
        )


def _print_table(found: list[Shelved]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for heading in ("", "model", "labels", "taught on"):
        table.add_column(heading)
    for heading in ("UA %", "MB"):
        table.add_column(heading, justify="right")
    for model in found:
        table.add_row(
            "*" if model.in_use else "",
            model.name,
            str(len(model.labels) or "damaged"),
            ", ".join(model.corpora) or "?",
            "?" if model.ua is None else f"{model.ua:.1f}",
            f"{model.size_bytes / 1e6:.0f}",
        )
    Console(highlight=False).print(table)
