"""`callmood train`: make an emotion model from labelled corpora."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from callmood.cli.evaluate import Corpora, named_folders


def train(
    corpus: Corpora,
    out: Annotated[
        Path, typer.Option(help="The folder for the bundle; a run's vectors are kept there, too.")
    ],
    recipe: Annotated[str, typer.Option(help="A recipe of callmood's, or a TOML file.")] = "embedded",
    text: Annotated[
        str | None,
        typer.Option(metavar="NAME=FOLDER", help="Texts to tune the words' side on: goemotions=FOLDER."),
    ] = None,
    tower: Annotated[
        Path | None, typer.Option(help="The folder of a tuned text tower, instead of --text.")
    ] = None,
    folds: Annotated[bool, typer.Option("--folds", help="Print the figures of the folds.")] = False,
    seed: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Train an emotion model of your own.

    Cross-validate over speakers, calibrate, fit on all of them, write the bundle."""
    from callmood.train.card import figures_table
    from callmood.train.loop import train_embedded, tuned_tower
    from callmood.train.recipe import load

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    table = load(recipe)
    if text is not None:
        ((name, folder),) = named_folders([text])
        tower = tuned_tower(name, folder, out / "tower", report)
    results = train_embedded(table, named_folders(corpus), out, tower, seed, report)
    if as_json:
        print(json.dumps({"out": str(out), "figures": results}))
    elif folds:
        print(figures_table(results))
    report(f"The bundle is in {out}.")
