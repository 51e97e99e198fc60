"""`callmood train`: make an emotion model from labelled corpora, or compare many."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.call import Device
from callmood.cli.evaluate import Corpora, report_to_standard_error
from callmood.cli.output import say
from callmood.errors import UsageError
from callmood.wording import printable, printable_lines

if TYPE_CHECKING:
    from callmood.training.run import Trained


def train(
    corpus: Corpora,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Output folder for the model, its card, metrics and plots."),
    ] = None,
    recipe: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="A built-in recipe, a TOML file, or all. Can be repeated."),
    ] = ["embedded"],  # noqa: B006
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="How clips are divided for training and testing: paper (at random), speaker, folds (EmoBox's), "
            "unseen (every speaker tested once) or corpus (each left out). Can be repeated.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Override a recipe value, e.g. training.epochs=3."),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="Texts to tune the text encoder on: goemotions=FOLDER, and meld=FOLDER for research. Can be repeated.",
        ),
    ] = None,
    text_encoder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder of a text encoder that is already tuned, instead of --text."
        ),
    ] = None,
    tower: Annotated[
        Path | None, typer.Option(hidden=True, help="The name of --text-encoder in 0.1.")
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Answer a question by measurement instead: corpora, modality, neutral, intensity, baseline, noise "
            "or split.",
        ),
    ] = None,
    corpus_card: Annotated[
        bool,
        typer.Option("--corpus-card", help="Only show what the corpora contain, beside the paper's counts."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Random seed (overrides the recipe).")] = None,
    gpus: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of GPUs of this machine to train on.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Number of processes to train in, with --device cpu."),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a stopped run with the same --out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metrics as one JSON object.")] = False,
) -> None:
    """Train your own emotion model, compare systems, or answer a question by measurement.

    Without --split the recipe embedded is cross-validated over speakers, calibrated, and then trained on all of them.
    """
    from callmood.training import launch, progress, run

    text_encoder = text_encoder or tower
    overrides, many = set_ or [], _number_of_processes(gpus, processes, device)
    with launch.failures_recorded(), progress.bars(launch.is_main()):
        if corpus_card:
            _print_card(corpus, recipe[0], overrides, as_json)
            return
        if out is None:
            raise UsageError("Give an output folder with --out.")
        if study is not None:
            if overrides or split or recipe != ["embedded"] or text_encoder or gpus or processes or resume:
                raise UsageError(
                    "--study has its own recipe values and splits: it works only with --corpus, --text, --seed and "
                    "--out."
                )
            _print_study(study, corpus, out, text, seed, as_json)
            return
        if many > 1 and not launch.is_launched():
            status = run.train_in_processes(
                sys.argv[1:],
                many,
                corpus,
                recipe=recipe,
                split=split,
                overrides=overrides,
                seed=seed,
                device="cpu" if gpus is None else "cuda",
            )
            raise typer.Exit(status)
        trained = run.train(
            corpus,
            out=out,
            recipe=recipe,
            split=split,
            text=text,
            text_encoder=text_encoder,
            overrides=overrides,
            seed=seed,
            device=device,
            resume=resume,
            progress=report_to_standard_error,
        )
        if launch.is_main():
            _print_trained(trained, as_json)


def _number_of_processes(gpus: int | None, processes: int | None, device: Device) -> int:
    if gpus is not None and (processes is not None or device in ("cpu", "mps")):
        raise UsageError("--gpus works only without --processes, and with --device cuda or auto.")
    if processes is not None and device != "cpu":
        raise UsageError("--processes works only with --device cpu. For GPUs, give their number with --gpus.")
    return gpus or processes or 1


def _print_card(corpora: list[str], recipe: str, overrides: list[str], as_json: bool) -> None:
    from dataclasses import asdict

    from rich.console import Console

    from callmood.training import run
    from callmood.training.measure.corpus_card import differences, table_of

    found = run.corpus_card(corpora, recipe=recipe, overrides=overrides, progress=report_to_standard_error)
    if as_json:
        print(json.dumps({"counts": [asdict(count) for count in found]}))
        return
    console = Console()
    console.print(table_of(found))
    for sentence in differences(found):
        console.print(printable(sentence), highlight=False, markup=False)


def _print_study(
    name: str, corpora: list[str], out: Path, text: list[str] | None, seed: int | None, as_json: bool
) -> None:
    from callmood.training import run
    from callmood.training.studies import common

    result = run.study(name, corpora, out=out, text=text, seed=seed, progress=report_to_standard_error)
    print(json.dumps(common.as_json(result)) if as_json else printable_lines(common.markdown(result)))
    report_to_standard_error(f"The tables and plots are in {out}.")


def _print_trained(trained: Trained, as_json: bool) -> None:
    if as_json:
        print(json.dumps(trained.to_json()))
    elif trained.results:
        _print_results(trained)
    else:
        print(printable_lines(trained.table))
    what = "Metrics, plots and models are" if trained.results else "The model is"
    report_to_standard_error(f"{what} in {trained.out}.")


def _print_results(trained: Trained) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from callmood.training.measure.table import short_rows

    head, lines = short_rows(trained.results)
    table = Table(box=None)
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for line in lines:
        table.add_row(*(Text(printable(cell)) for cell in line))
    Console().print(table)
    for result in trained.results:
        if result.reason:
            say(f"{result.recipe}: {result.reason}")
