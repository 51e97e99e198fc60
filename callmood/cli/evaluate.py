"""`callmood evaluate`: how well a model does on a labelled corpus."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from callmood.call import Device
from callmood.errors import UsageError
from callmood.wording import printable, printable_lines

if TYPE_CHECKING:
    from rich.table import Table

    from callmood.training.evaluation import Evaluation
    from callmood.training.measure.metrics import Metrics

Corpora = Annotated[
    list[str],
    typer.Option("--corpus", metavar="NAME=FOLDER", help="A labelled corpus, such as ravdess=FOLDER."),
]

HEADINGS = {"ua": "UA", "wa": "WA", "ua_wa": "UA + WA", "macro_f1": "macro F1"}


def evaluate(
    model: Annotated[str, typer.Argument(help="A model's folder, or embedded.")] = "embedded",
    corpus: Annotated[
        list[str] | None,
        typer.Option("--corpus", metavar="NAME=FOLDER", help="A labelled corpus, such as ravdess=FOLDER."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="Evaluate the text encoder only, on the test split of goemotions=FOLDER or meld=FOLDER.",
        ),
    ] = None,
    split: Annotated[
        Literal["all", "paper", "speaker", "folds", "unseen", "corpus"],
        typer.Option(help="Evaluate only this split's test part, as drawn when the model was trained."),
    ] = "all",
    labels: Annotated[
        Literal["calls", "paper", "calls-merged"],
        typer.Option(help="calls: all eight; paper: without neutral; calls-merged: calm counts as neutral."),
    ] = "calls",
    baseline: Annotated[
        Literal["none", "call"],
        typer.Option(help="call: compare with 12 other clips of the speaker, 9 of them neutral or calm."),
    ] = "none",
    line: Annotated[
        Literal["clean", "telephone"],
        typer.Option(help="telephone: through 8 kHz, 300 to 3400 Hz, 8-bit mu-law first."),
    ] = "clean",
    words: Annotated[
        bool, typer.Option("--words", help="Also use the transcript, where the corpus provides one.")
    ] = False,
    seed: Annotated[
        int, typer.Option(help="Random seed for baselines and for splits not stored in the model.")
    ] = 1,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on labelled clips or texts.

    With --corpus: mean recall (UA), accuracy (WA), their sum, macro F1, by class, corpus, gender and speaker, with
    intervals (speakers resampled), confusions and calibration. With --text: F1 of Ekman's emotions and neutral, from
    words alone.
    """
    from callmood.training import evaluation, progress

    if (corpus is None) == (text is None):
        raise UsageError("Give either --corpus or --text.")
    with progress.bars():
        if corpus is None:
            assert text is not None
            _print_text(evaluation.evaluate_text(text, model=model, device=device), as_json)
            return
        found = evaluation.evaluate(
            corpus,
            model=model,
            split=split,
            labels=labels,
            baseline=baseline,
            line=line,
            words=words,
            seed=seed,
            device=device,
            progress=report_to_standard_error,
        )
        if as_json:
            print(json.dumps(found.to_json()))
        else:
            _print_evaluation(found)


def report_to_standard_error(remark: str) -> None:
    """Where the remarks of training and evaluating go; of several processes the first one's alone."""
    from callmood.training.launch import is_main

    if is_main():
        print(printable_lines(remark), file=sys.stderr, flush=True)


def _print_text(found: Mapping[str, Any], as_json: bool) -> None:
    from callmood.wording import counted

    if as_json:
        print(json.dumps(found))
        return
    weighted = f"weighted F1 {100 * found['weighted_f1']:.1f} %, " if "weighted_f1" in found else ""
    part = f"{counted(found['texts'], 'text')}, {found['corpus']} {found['part']}"
    print(f"{weighted}macro F1 {100 * found['macro_f1']:.1f} %   ({part})")
    for group, f1 in found["f1"].items():
        print(f"  {group:9} {100 * f1:5.1f} %")


def _print_evaluation(found: Evaluation) -> None:
    from rich.console import Console

    from callmood.wording import counted

    console, metrics = Console(highlight=False), found.metrics
    title = f"{counted(metrics.clips, 'clip')}, {counted(metrics.speakers, 'speaker')}"
    console.print(_headline_table(metrics, title))
    console.print(f"\nCalibration error {metrics.ece:.1f} points.{_spread_of_speakers(metrics)}")
    tables = [_class_table(metrics)]
    for title, groups in (("corpus", metrics.per_corpus), ("gender", metrics.per_gender)):
        if len(groups) > 1:
            tables.append(_group_table(title, groups))
    if found.parts:
        tables.append(_group_table("part", {name: asdict(part) for name, part in found.parts.items()}))
    for table in tables:
        console.print()
        console.print(table)


def _headline_table(metrics: Metrics, title: str) -> Table:
    table = _table(title)
    table.add_column()
    table.add_column("%", justify="right")
    table.add_column("95 % interval, speakers resampled" if metrics.intervals else "no interval: one speaker")
    for name, heading in HEADINGS.items():
        ends = metrics.intervals[name] if metrics.intervals else None
        interval = f"{ends[0]:.1f} to {ends[1]:.1f}" if ends else ""
        table.add_row(heading, f"{getattr(metrics, name):.1f}", interval)
    return table


def _spread_of_speakers(metrics: Metrics) -> str:
    from statistics import median

    if metrics.speakers == 1:
        return ""
    found = [speaker["ua"] for speaker in metrics.per_speaker.values()]
    return f" UA by speaker: {min(found):.1f} to {max(found):.1f} %, median {median(found):.1f} %."


def _class_table(metrics: Metrics) -> Table:
    table = _table("clips by true label (rows) and predicted label (columns)")
    table.add_column()
    for heading in (*(label[:5] for label in metrics.labels), "recall", "prec.", "F1 %"):
        table.add_column(heading, justify="right")
    for label, row in zip(metrics.labels, metrics.confusion, strict=True):
        found = metrics.per_class.get(label)
        rates = [f"{found[name]:.1f}" for name in ("recall", "precision", "f1")] if found else []
        table.add_row(label, *(f"{n:.0f}" for n in row), *rates)
    return table


def _group_table(title: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    from rich.text import Text

    table = _table(None)
    table.add_column(f"by {title}")
    for heading in (*HEADINGS.values(), "clips"):
        table.add_column(heading, justify="right")
    for name, found in groups.items():
        table.add_row(Text(printable(name)), *(f"{found[key]:.1f}" for key in HEADINGS), str(found["clips"]))
    return table


def _table(title: str | None) -> Table:
    from rich.table import Table

    return Table(box=None, title=title, title_justify="left", pad_edge=False, collapse_padding=True)
