"""`callmood evaluate`: how well a model does on a labelled corpus."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from callmood.training.corpora.clip import Clip
    from callmood.training.measure.metrics import Figures

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
        typer.Option(metavar="NAME=FOLDER", help="The words' side alone: goemotions=FOLDER, its test part."),
    ] = None,
    split: Annotated[
        Literal["all", "paper", "speaker", "folds", "corpus"],
        typer.Option(
            help="Only what training with this split tests on, drawn as it was for this model; all: every clip."
        ),
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
        bool, typer.Option("--words", help="Let the model read what is said, too, where the corpus tells.")
    ] = False,
    seed: Annotated[
        int, typer.Option(help="Draws the baselines, and the split of a model that does not tell its own.")
    ] = 1,
    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on labelled clips or texts.

    With --corpus: mean recall (UA), accuracy (WA), their sum, macro F1, by class, corpus, gender and speaker, with
    intervals (speakers resampled), confusions and calibration. With --text: F1 of Ekman's emotions, from words alone.
    """
    if (corpus is None) == (text is None):
        raise typer.BadParameter("name either --corpus or --text.")
    if text is not None:
        _evaluate_text(model, text, device, as_json)
        return
    assert corpus is not None
    from callmood.model import load
    from callmood.training.cache import cache_folder
    from callmood.training.measure import evaluate as measuring
    from callmood.training.measure.metrics import over_folds, rounded

    corpora = named_folders(corpus)
    scorer = load(model, device)
    parts = measuring.parts_to_test(model, corpora, labels, split, seed, cache_folder(), _report)
    _warn_of_known_voices(model, parts.values())
    whole = [clip for part in parts.values() for clip in part]
    tests = [whole] if len(parts) == 1 else [whole, *parts.values()]
    figures, *by_part = measuring.evaluate(scorer, corpora, labels, tests, baseline, line, words, seed)
    named = dict(zip(parts, by_part, strict=False))
    if not as_json:
        _show(figures, named)
        return
    given = {"model": model, "split": split, "label_set": labels, "baseline": baseline, "line": line}
    found = {**given, "words": words, "seed": seed, **rounded(figures)}
    if named:
        found["over_parts"] = over_folds(list(named.values()))
        found["parts"] = {name: rounded(part) for name, part in named.items()}
    print(json.dumps(found))


def _report(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _warn_of_known_voices(model: str, parts: Iterable[Sequence[Clip]]) -> None:
    from callmood.model.registry import training_speakers
    from callmood.wording import counted

    here = {clip.speaker for part in parts for clip in part}
    known = here & training_speakers(model)
    if known:
        _report(
            f"note: the model was taught on {len(known)} of the {counted(len(here), 'speaker')} here; its figures for "
            "others are lower."
        )


def _evaluate_text(model: str, text: str, device: str, as_json: bool) -> None:
    from callmood.model import load
    from callmood.training.measure.evaluate import evaluate_text
    from callmood.wording import counted

    ((name, folder),) = named_folders([text])
    found = evaluate_text(load(model, device), name, folder)
    if as_json:
        print(json.dumps({"model": model, **found}))
        return
    print(f"macro F1 {100 * found['macro_f1']:.1f} %   ({counted(found['texts'], 'text')})")
    for group, f1 in found["f1"].items():
        print(f"  {group:9} {100 * f1:5.1f} %")


def named_folders(options: list[str]) -> list[tuple[str, Path]]:
    """("ravdess", folder) from each "ravdess=FOLDER"."""
    from callmood.errors import UsageError

    pairs = []
    for option in options:
        name, equals, folder = option.partition("=")
        if not (name and equals and folder):
            raise UsageError(f"{option} names no corpus; write NAME=FOLDER, such as ravdess=FOLDER.")
        pairs.append((name, Path(folder)))
    return pairs


def _show(figures: Figures, parts: Mapping[str, Figures]) -> None:
    from rich.console import Console

    from callmood.wording import counted

    console = Console(highlight=False)
    title = f"{counted(figures.clips, 'clip')}, {counted(figures.speakers, 'speaker')}"
    console.print(_headline_table(figures, title))
    console.print(f"\nCalibration error {figures.ece:.1f} points.{_spread_of_speakers(figures)}")
    tables = [_class_table(figures)]
    for title, groups in (("corpus", figures.per_corpus), ("gender", figures.per_gender)):
        if len(groups) > 1:
            tables.append(_group_table(title, groups))
    if parts:
        tables.append(_group_table("part", {name: asdict(part) for name, part in parts.items()}))
    for table in tables:
        console.print()
        console.print(table)


def _headline_table(figures: Figures, title: str) -> Table:
    table = _table(title)
    table.add_column()
    table.add_column("%", justify="right")
    table.add_column("95 % interval, speakers resampled" if figures.intervals else "no interval: one speaker")
    for name, heading in HEADINGS.items():
        ends = figures.intervals[name] if figures.intervals else None
        interval = f"{ends[0]:.1f} to {ends[1]:.1f}" if ends else ""
        table.add_row(heading, f"{getattr(figures, name):.1f}", interval)
    return table


def _spread_of_speakers(figures: Figures) -> str:
    from statistics import median

    if figures.speakers == 1:
        return ""
    found = [speaker["ua"] for speaker in figures.per_speaker.values()]
    return f" UA by speaker: {min(found):.1f} to {max(found):.1f} %, median {median(found):.1f} %."


def _class_table(figures: Figures) -> Table:
    table = _table("clips by true label (rows) and the model's (columns)")
    table.add_column()
    for heading in (*(label[:5] for label in figures.labels), "recall", "prec.", "F1 %"):
        table.add_column(heading, justify="right")
    for label, row in zip(figures.labels, figures.confusion, strict=True):
        found = figures.per_class.get(label)
        rates = [f"{found[name]:.1f}" for name in ("recall", "precision", "f1")] if found else []
        table.add_row(label, *(f"{n:.0f}" for n in row), *rates)
    return table


def _group_table(title: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _table(None)
    table.add_column(f"by {title}")
    for heading in (*HEADINGS.values(), "clips"):
        table.add_column(heading, justify="right")
    for name, found in groups.items():
        table.add_row(name, *(f"{found[key]:.1f}" for key in HEADINGS), str(found["clips"]))
    return table


def _table(title: str | None) -> Table:
    from rich.table import Table

    return Table(box=None, title=title, title_justify="left", pad_edge=False, collapse_padding=True)
