"""Systems measured under splits: recipes and corpora in, a folder for each part and the table of all systems out."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from callmood.errors import CallmoodError
from callmood.model import bundle
from callmood.training import launch, recipe
from callmood.training.cache import cache_folder
from callmood.training.corpora.registry import read_clips
from callmood.training.data import combined
from callmood.training.measure import card, plots, table
from callmood.training.measure.evaluate import Line, evaluate
from callmood.training.measure.metrics import Figures, measured, rounded
from callmood.training.measure.table import Result
from callmood.training.systems.system import Outcome, Parts, Run
from callmood.wording import counted

FIGURES_FILE = "figures.json"
RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a comparison is run; nothing here changes a result."""

    out: Path
    device: str = "auto"
    resume: bool = False
    report: Callable[[str], None] = print


def compare(
    tables: Sequence[tuple[str, dict[str, Any]]],
    corpora: Sequence[tuple[str, Path]],
    splits: Sequence[str],
    settings: Settings,
) -> list[Result]:
    """Every recipe (its name, its table) under every split, on the same clips where the recipes prepare alike.

    Each part gets a folder ``out/RECIPE/PART``, or ``out`` itself where one recipe has one part. What is there already
    is not trained again when resuming. A system whose weights are not to be had is named, and the others go on.
    """
    several = len(tables) * len(splits) > 1
    parts_of = _shared_parts(corpora, settings.report)
    found = []
    for name, module, checked in _checked(tables):
        for split in splits:
            try:
                parts = parts_of(checked, split)
                found.append(_measured(name, module, checked, corpora, split, parts, settings, several))
            except CallmoodError as error:
                if len(tables) == 1:
                    raise
                settings.report(f"{name}: {error}")
                found.append(Result(name, split, (), reason=str(error)))
    if launch.is_main():
        head, lines = table.rows(found)
        settings.out.mkdir(parents=True, exist_ok=True)
        (settings.out / "table.md").write_text(table.markdown(head, lines) + "\n", encoding="utf-8")
    return found


def ready(
    tables: Sequence[tuple[str, dict[str, Any]]], corpora: Sequence[tuple[str, Path]], splits: Sequence[str]
) -> None:
    """Prepare and balance what ``compare`` will train on, for several processes that will find it in the cache.

    Raises CallmoodError for recipes and corpora that are wrong.
    """
    parts_of = _shared_parts(corpora, lambda _: None)
    for _, _, checked in _checked(tables):
        for split in splits:
            parts_of(checked, split)


def _shared_parts(
    corpora: Sequence[tuple[str, Path]], report: Callable[[str], None]
) -> Callable[[combined.CorpusRecipe, str], list[Parts]]:
    """The parts of a recipe's split; made once for all recipes that read, prepare and balance alike."""
    made: dict[str, list[Parts]] = {}

    def parts_of(checked: combined.CorpusRecipe, split: str) -> list[Parts]:
        shared = checked.model_dump_json(include=set(combined.CorpusRecipe.model_fields) - {"family"})
        key = f"{split} {shared}"
        if key not in made:
            clips = read_clips(corpora, checked.labels, report)
            made[key] = list(combined.parts(clips, checked, split, cache_folder(), report))
        return made[key]

    return parts_of


def _checked(tables: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, Any, Any]]:
    """Each recipe's name, system and numbers."""
    systems = [(name, system(table), table) for name, table in tables]
    return [(name, module, recipe.read(module.Recipe, table)) for name, module, table in systems]


def system(table: dict[str, Any]) -> Any:
    """The module of callmood.training.systems that a recipe's family names."""
    families = recipe.families()
    family = table.get("family")
    if family not in families:
        raise CallmoodError(
            f"The recipe's family is {family}{recipe.nearest(str(family), families)}; "
            f"it can be {', '.join(families)}."
        )
    return importlib.import_module(f"callmood.training.systems.{family}")


def _measured(
    name: str,
    module: Any,
    checked: Any,
    corpora: Sequence[tuple[str, Path]],
    split: str,
    parts: Sequence[Parts],
    settings: Settings,
    several: bool,
) -> Result:
    figures, began = [], time.monotonic()
    for part in parts:
        alone = not several and len(parts) == 1
        out = settings.out if alone else settings.out / name / part.name.replace(" ", "-")
        _claim(out, name, checked, part, settings.resume)
        stored = out / FIGURES_FILE
        if settings.resume and stored.is_file():
            figures.append(json.loads(stored.read_text(encoding="utf-8")))
            continue
        settings.report(
            f"{name}, {part.name}: {counted(len(part.train), 'clip')} to train on, "
            f"{len(part.validation):,} to validate, {len(part.test):,} to test"
        )
        run = Run(out, settings.device, settings.resume, settings.report)  # type: ignore[arg-type]
        outcome = module.run(checked, part, run)
        tested = measured([example.clip for example in part.test], outcome.probabilities, part.labels)
        if launch.is_main():
            _describe(name, checked, part, run, tested, corpora if alone else None)
        figures.append(_kept(name, checked, part, tested, outcome, run))
    return Result(name, split, figures, time.monotonic() - began)


def _claim(out: Path, name: str, checked: Any, part: Parts, resume: bool) -> None:
    """Write down what is trained in ``out``; what is resumed there has to be the same."""
    digest = hashlib.sha256()
    for examples in (part.train, part.validation, part.test):
        digest.update(json.dumps([(example.sound.name, example.label) for example in examples]).encode())
    run = {"recipe": name, "numbers": checked.model_dump(mode="json"), "clips": digest.hexdigest()}
    file = out / RUN_FILE
    begun = resume and file.is_file()
    if begun and json.loads(file.read_text(encoding="utf-8")) != run:
        raise CallmoodError(
            f"{out} holds a run of another recipe or of other clips; leave out --resume to replace it, or name "
            "another --out."
        )
    if launch.is_main() and not begun:
        out.mkdir(parents=True, exist_ok=True)
        if not resume:
            (out / FIGURES_FILE).unlink(missing_ok=True)
        file.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def _describe(
    name: str,
    checked: Any,
    part: Parts,
    run: Run,
    tested: Figures,
    corpora: Sequence[tuple[str, Path]] | None,
) -> None:
    """The card of the bundle in ``run.out``, if the system writes one.

    ``tested``: its figures on the test part, as training prepares sound. With ``corpora``, which the part's clips are
    of, it is also tested on the recordings as a scan hears them, which takes as long again for each line.
    """
    if not (run.out / bundle.SETTINGS_FILE).is_file():
        return
    settings = bundle.settings_of(run.out)
    hears = settings.audio is not None
    tests = {f"unseen clips ({part.name})": tested}
    if corpora is not None and hears:
        scorer = bundle.load(run.out, run.device)
        clips = [example.clip for example in part.test]
        words = settings.text is not None
        for line in get_args(Line):
            (found,) = evaluate(scorer, corpora, checked.labels, [clips], line=line, words=words)
            tests[f"unseen clips ({part.name}) as a scan hears them, {line}"] = found
    own = [example.clip for example in part.train if not example.augmented]
    taught = [clip for clip in own if hears or clip.text]
    card.describe(run.out, settings, taught, checked.model_dump(), tests, name=name)


def _kept(
    name: str, checked: Any, part: Parts, tested: Figures, outcome: Outcome, run: Run
) -> dict[str, Any]:
    """The figures of a part; they, the learning curves and the confusions are written to its folder.

    The figures come last: where they are, nothing of the part is left to do.
    """
    found = {
        "recipe": name,
        "split": part.name,
        "seed": checked.seed,
        **rounded(tested),
        "notes": dict(outcome.notes),
        "history": [dict(row) for row in outcome.history],
    }
    if launch.is_main():
        plots.learning_curves(outcome.history, run.out)
        plots.confusion(tested.confusion, part.labels, run.out)
        (run.out / FIGURES_FILE).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(run.checkpoints, ignore_errors=True)  # there is nothing to resume any more
    return found
