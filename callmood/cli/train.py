"""`callmood train`: make an emotion model from labelled corpora, or compare many."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from callmood.cli.evaluate import Corpora, named_folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callmood.training.measure.table import Result

Device = Literal["auto", "cpu", "cuda", "mps"]


def train(
    corpus: Corpora,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder for what comes out: the bundle, its card, figures, pictures."),
    ] = None,
    recipe: Annotated[
        list[str],
        typer.Option(help="A recipe of callmood's, or a TOML file; may be given several times, or all."),
    ] = ["embedded"],  # noqa: B006
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="What is trained on and what tested on: paper (random), speaker, folds (EmoBox's), corpus "
            "(each left out); may be given several times."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Instead of the recipe's: training.epochs=3."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(metavar="NAME=FOLDER", help="Texts to tune the words' side on: goemotions=FOLDER."),
    ] = None,
    tower: Annotated[
        Path | None, typer.Option(help="The folder of a tuned text tower, instead of --text.")
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            help="Answer a question instead: corpora, modality, neutral, intensity, baseline, noise or split."
        ),
    ] = None,
    corpus_card: Annotated[
        bool,
        typer.Option("--corpus-card", help="Only print what the corpora hold, beside the paper's counts."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    gpus: Annotated[int | None, typer.Option(min=1, help="GPUs of this machine to train on.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes to train in, with --device cpu.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a run with the same --out was stopped.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Train an emotion model of your own, compare systems, or answer a question by measurement.

    Without --split the recipe embedded is cross-validated over speakers, calibrated, and then taught on all of them.
    """
    from callmood.training import recipe as recipes

    corpora = named_folders(corpus)
    overrides = [*(set_ or []), *([] if seed is None else [f"seed={seed}"])]
    names = recipes.names() if recipe == ["all"] else recipe
    tables = [(Path(name).stem, recipes.load_system(name, overrides)) for name in names]
    if len(dict(tables)) < len(tables):
        raise typer.BadParameter("name each recipe once: what comes out goes by its name.")
    if corpus_card:
        _print_card(tables[0][1], corpora, as_json)
        return
    if out is None:
        raise typer.BadParameter("name a folder for what comes out with --out.")
    _require_writable(out)
    if study is not None:
        if set_ or split or recipe != ["embedded"] or tower or gpus or processes or resume:
            raise typer.BadParameter(
                "--study has numbers and splits of its own: it goes with --corpus, --text, --seed and --out alone."
            )
        _study(study, corpora, text, out, seed, as_json)
    elif split is None and [table.get("family") for _, table in tables] == ["embedded"]:
        if gpus or processes:
            raise typer.BadParameter(
                "--gpus and --processes go with recipes that tune a network, such as whisper_minilm; "
                "embedded hears the clips in a process for each core."
            )
        _embedded(tables[0][1], corpora, text, tower, out, as_json)
    else:
        if text is not None or tower is not None:
            raise typer.BadParameter("--text and --tower go with the recipe embedded, without --split.")
        from callmood.training import launch

        many = _wanted_processes(gpus, processes, device)
        if many > 1 and not launch.is_launched():
            from callmood.training.compare import ready

            ready(tables, corpora, split or ["speaker"])
            raise typer.Exit(launch.relaunched(sys.argv[1:], many, "cpu" if gpus is None else "cuda"))
        _compare(tables, corpora, split or ["speaker"], out, device, resume, as_json)


def _report(line: str) -> None:
    from callmood.training.launch import is_main

    if is_main():
        print(line, file=sys.stderr, flush=True)


def _require_writable(out: Path) -> None:
    from tempfile import TemporaryFile

    from callmood.errors import CallmoodError

    try:
        out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out).close()
    except OSError as error:
        raise CallmoodError(
            f"{out} is no folder that can be written to ({error.strerror}); name another --out."
        ) from None


def _wanted_processes(gpus: int | None, processes: int | None, device: Device) -> int:
    if gpus is not None and (processes is not None or device in ("cpu", "mps")):
        raise typer.BadParameter("--gpus goes without --processes, and with --device cuda or none.")
    if processes is not None and device != "cpu":
        raise typer.BadParameter("--processes goes with --device cpu; on GPUs name their number with --gpus.")
    return gpus or processes or 1


def _print_card(table: dict[str, Any], corpora: list[tuple[str, Path]], as_json: bool) -> None:
    from dataclasses import asdict

    from callmood.training.cache import cache_folder
    from callmood.training.compare import system
    from callmood.training.measure import corpus_card
    from callmood.training.recipe import read

    found = corpus_card.counts(corpora, read(system(table).Recipe, table), cache_folder(), _report)
    if as_json:
        print(json.dumps({"counts": [asdict(count) for count in found]}))
    else:
        corpus_card.show(found)


def _embedded(
    table: dict[str, Any],
    corpora: list[tuple[str, Path]],
    text: str | None,
    tower: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    from callmood.training.embedded_run import train_embedded, tuned_tower
    from callmood.training.measure.card import figures_table
    from callmood.training.measure.metrics import rounded

    if text is not None:
        ((name, folder),) = named_folders([text])
        tower = tuned_tower(name, folder, out / "tower", _report)
    summaries, tests = train_embedded(table, corpora, out, tower, report=_report)
    if as_json:
        first = rounded(next(iter(tests.values())))
        print(json.dumps({"out": str(out), **first, "figures": summaries}))
    else:
        print(figures_table(summaries))
    _report(f"The bundle is in {out}.")


def _study(
    name: str,
    corpora: list[tuple[str, Path]],
    text: str | None,
    out: Path,
    seed: int | None,
    as_json: bool,
) -> None:
    from callmood.training.cache import cache_folder
    from callmood.training.studies import common, run

    texts = [] if text is None else named_folders([text])
    result = run.run(name, [*corpora, *texts], out, cache_folder(), seed, _report)
    print(json.dumps(common.as_json(result)) if as_json else common.markdown(result))
    _report(f"The tables and pictures are in {out}.")


def _compare(
    tables: list[tuple[str, dict[str, Any]]],
    corpora: list[tuple[str, Path]],
    splits: Sequence[str],
    out: Path,
    device: Device,
    resume: bool,
    as_json: bool,
) -> None:
    from callmood.training import launch
    from callmood.training.compare import Settings, compare

    found = compare(tables, corpora, splits, Settings(out, device, resume, _report))
    if not launch.is_main():
        return
    if as_json:
        rows = [_result_row(result) for result in found]
        alone = rows[0] if len(rows) == 1 else {}
        if len(alone.get("parts", ())) == 1:
            alone = {**alone, **alone["parts"][0]}
        print(json.dumps({"out": str(out), **alone, "results": rows}))
    else:
        _print_results(found)
    _report(f"Figures, pictures and models are in {out}.")


def _result_row(result: Result) -> dict[str, Any]:
    names = ("ua", "wa", "ua_wa", "macro_f1")
    means = {name: round(result.mean(name), 2) for name in names} if result.figures else {}
    spreads = {f"{name}_std": round(result.spread(name), 2) for name in names} if result.figures else {}
    return {
        "recipe": result.recipe,
        "split": result.split,
        **means,
        **spreads,
        "reason": result.reason,
        "parts": list(result.figures),
    }


def _print_results(found: list[Result]) -> None:
    from rich.console import Console
    from rich.table import Table

    from callmood.training.measure.table import short_rows

    head, lines = short_rows(found)
    table = Table(box=None)
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    for result in found:
        if result.reason:
            print(f"{result.recipe}: {result.reason}")
