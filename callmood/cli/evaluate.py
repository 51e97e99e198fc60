"""`callmood evaluate`: how well a model does on a labelled corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from callmood.train.evaluate import Figures

Corpora = Annotated[
    list[str],
    typer.Option("--corpus", metavar="NAME=FOLDER", help="A labelled corpus, such as ravdess=FOLDER."),
]


def evaluate(
    model: Annotated[str, typer.Argument(help="A model's folder, or embedded.")] = "embedded",
    corpus: Annotated[
        list[str] | None,
        typer.Option("--corpus", metavar="NAME=FOLDER", help="A labelled corpus, such as ravdess=FOLDER."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(metavar="NAME=FOLDER", help="The words' side alone: goemotions=FOLDER, its test part."),
    ] = None,
    baseline: Annotated[
        Literal["none", "call"],
        typer.Option(help="call: compare with 12 other clips of the speaker, 9 of them neutral or calm."),
    ] = "none",
    line: Annotated[
        Literal["clean", "telephone"],
        typer.Option(help="telephone: through 8 kHz, 300 to 3400 Hz, 8-bit mu-law first."),
    ] = "clean",
    seed: Annotated[int, typer.Option(help="Draws the baselines.")] = 0,
    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on labelled clips or texts.

    With --corpus: mean recall (UA), accuracy (WA), calibration, confusions.
    With --text, its words' side on labelled texts: F1 of Ekman's emotions and neutral.
    """
    if (corpus is None) == (text is None):
        raise typer.BadParameter("name either --corpus or --text.")
    if text is not None:
        _evaluate_text(model, text, device, as_json)
        return
    assert corpus is not None
    from callmood.model import load
    from callmood.train.evaluate import corpus_clips
    from callmood.train.evaluate import evaluate as measure

    clips = [clip for name, folder in named_folders(corpus) for clip in corpus_clips(name, folder)]
    figures = measure(load(model, device), clips, baseline, line, seed)
    if as_json:
        from dataclasses import asdict

        print(json.dumps({"model": model, "baseline": baseline, "line": line, **asdict(figures)}))
    else:
        _show(figures)


def _evaluate_text(model: str, text: str, device: str, as_json: bool) -> None:
    from callmood.model import load
    from callmood.train.evaluate import evaluate_text

    ((name, folder),) = named_folders([text])
    found = evaluate_text(load(model, device), name, folder)
    if as_json:
        print(json.dumps({"model": model, **found}))
        return
    print(f"macro F1 {100 * found['macro_f1']:.1f} %   ({found['texts']} texts)")
    for group, f1 in found["f1"].items():
        print(f"  {group:9} {100 * f1:5.1f} %")


def named_folders(options: list[str]) -> list[tuple[str, Path]]:
    """("ravdess", folder) from each "ravdess=FOLDER"."""
    from callmood.errors import CallmoodError

    pairs = []
    for option in options:
        name, equals, folder = option.partition("=")
        if not (name and equals and folder):
            raise CallmoodError(f"{option} names no corpus; write NAME=FOLDER, such as ravdess=FOLDER.")
        pairs.append((name, Path(folder)))
    return pairs


def _show(figures: Figures) -> None:
    from rich.console import Console
    from rich.table import Table

    from callmood.model.labels import LABELS

    table = Table(
        box=None, title="true label (rows), the model's label (columns), clips", title_justify="left"
    )
    table.add_column()
    for label in LABELS:
        table.add_column(label[:5], justify="right")
    table.add_column("recall %", justify="right")
    for label, row in zip(LABELS, figures.confusion, strict=True):
        recall = figures.recall.get(label)
        table.add_row(label, *(f"{n:.0f}" for n in row), "" if recall is None else f"{recall:.1f}")
    console = Console()
    console.print(
        f"UA {figures.ua:.1f} %   WA {figures.wa:.1f} %   calibration error {figures.ece:.1f} %   "
        f"({figures.clips} clips, {figures.speakers} speakers)"
    )
    console.print(table)
