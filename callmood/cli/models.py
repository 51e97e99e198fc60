"""`callmood models`: the available emotion models, and which one scans use."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.cli.output import say
from callmood.wording import printable, printable_lines

if TYPE_CHECKING:
    from callmood.model.registry import ModelEntry

models = typer.Typer(
    name="models",
    help="List, show and choose emotion models.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models.command(name="list")
def list_models(
    folder: Annotated[
        Path, typer.Option(help="Folder to search for models (also its models/ subfolder).")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List available models; * marks the current one."""
    from dataclasses import asdict

    from callmood.model.registry import list_models as entries
    from callmood.settings import load_settings

    found = entries(folder, load_settings().score.model)
    if as_json:
        print(json.dumps({"models": [asdict(model) for model in found]}))
    else:
        _print_table(found)


@models.command()
def show(
    model: Annotated[
        str | None, typer.Argument(help="A model's folder, or embedded (default: the current one).")
    ] = None,
) -> None:
    """Show a model's card: data, licences, metrics, limits."""
    from callmood.model.registry import card
    from callmood.settings import load_settings

    text = printable_lines(card(model or load_settings().score.model))
    if not sys.stdout.isatty():
        print(text, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text, hyperlinks=False))


@models.command()
def use(
    model: Annotated[str, typer.Argument(help="A model's folder, or embedded.")],
) -> None:
    """Make a model the default for scans (writes your own callmood.toml)."""
    from callmood.model.bundle import INCLUDED, find_bundle
    from callmood.settings import OPTIONS, load_settings, source_of, user_file, write_model

    folder = Path("models") / model
    folder = folder if not Path(model).exists() and folder.is_dir() else Path(model)
    # the file applies wherever scans are started, so that a folder needs its whole path
    name = model if model in INCLUDED else str(folder.resolve())
    find_bundle(name)
    write_model(name)
    say(f"Scans now use {name} ({user_file()}). To score stored calls again: callmood scan FOLDER --rescore")
    in_force = load_settings().score.model
    if in_force != name:
        say(f"note: {source_of(OPTIONS['model'])} overrides it with {in_force}. Remove that.", sys.stderr)


def _print_table(found: list[ModelEntry]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for heading in ("", "model", "labels", "trained on"):
        table.add_column(heading)
    for heading in ("UA %", "MB"):
        table.add_column(heading, justify="right")
    for model in found:
        table.add_row(
            "*" if model.in_use else "",
            Text(printable(model.name)),
            str(len(model.labels) or "damaged"),
            Text(printable(", ".join(map(str, model.corpora)) or "?")),
            "?" if model.ua is None else f"{model.ua:.1f}",
            f"{model.size_bytes / 1e6:.0f}",
        )
    Console(highlight=False).print(table)
