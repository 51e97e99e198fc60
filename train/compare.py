"""Systems compared under splits: recipes and corpora in, a folder for each part and the table of all systems out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from typing import Any, get_args

from callmood.errors import CallmoodError
from callmood.model import bundle
from callmood.training import launch
from callmood.training.corpora.registry import Corpora, read_clips
from callmood.training.data import combined
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Parts
from callmood.training.data.lines import Line
from callmood.training.data.split import require_split
from callmood.training.measure import card, plots, table
from callmood.training.measure.evaluate import evaluate
from callmood.training.measure.metrics import Metrics, metrics_of_clips, rounded
from callmood.training.measure.run_record import begin_run, finish_run
from callmood.training.measure.table import Result
from callmood.training.systems.families import NamedRecipe
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace
from callmood.wording import counted


def compare(
    recipes: Sequence[NamedRecipe], corpora: Corpora, splits: Sequence[str], workspace: Workspace
) -> list[Result]:
    """Every recipe under every split, on the same clips where the recipes prepare alike.

    Each part gets a folder ``out/RECIPE/PART``, or ``out`` itself where one recipe has one part. When resuming, what is
    there already is not trained again. With several recipes, one that can't be trained is named in its result, and the
    others go on; a single one raises its CallmoodError. Raises UsageError for an unknown split.
    """
    for split in splits:
        require_split(split)
    several = len(recipes) * len(splits) > 1
    parts_of = _shared_parts(corpora, workspace)
    found = []
    for named in recipes:
        for split in splits:
            try:
                parts = parts_of(named.recipe, split)
                found.append(_compared(named, split, parts, corpora, workspace, several))
            except CallmoodError as error:
                if len(recipes) == 1:
                    raise
                workspace.report(f"{named.name}: {error}")
                found.append(Result(named.name, split, (), reason=str(error)))
    if launch.is_main():
        head, lines = table.rows(found)
        workspace.out.mkdir(parents=True, exist_ok=True)
        (workspace.out / "table.md").write_text(table.markdown(head, lines) + "\n", encoding="utf-8")
    return found


def prepare_all(
    recipes: Sequence[NamedRecipe], corpora: Corpora, splits: Sequence[str], workspace: Workspace
) -> None:
    """Prepare and balance what ``compare`` trains on, for several processes that then find it in the cache.

    Raises CallmoodError for corpora that can't be read.
    """
    parts_of = _shared_parts(corpora, workspace)
    for named in recipes:
        for split in splits:
            parts_of(named.recipe, split)


def _shared_parts(corpora: Corpora, workspace: Workspace) -> Callable[[CorpusRecipe, str], list[Parts]]:
    """The parts of a recipe's split; made once for all recipes that read, prepare and balance alike."""
    made: dict[str, list[Parts]] = {}

    def parts_of(recipe: CorpusRecipe, split: str) -> list[Parts]:
        shared = recipe.model_dump_json(include=set(CorpusRecipe.model_fields) - {"family"})
        key = f"{split} {shared}"
        if key not in made:
            clips = read_clips(corpora, recipe.labels, workspace.report)
            made[key] = list(combined.parts(clips, recipe, split, workspace.cache, workspace.report))
        return made[key]

    return parts_of


def _compared(
    named: NamedRecipe,
    split: str,
    parts: Sequence[Parts],
    corpora: Corpora,
    workspace: Workspace,
    several: bool,
) -> Result:
    """One recipe under one split; ``several``: there are other recipes or splits."""
    metrics, began = [], time.monotonic()
    for part in parts:
        only = not several and len(parts) == 1
        own = workspace if only else workspace.within(named.name, part.name.replace(" ", "-"))
        finished = begin_run(own.out, named.name, named.recipe, part, own.resume)
        if finished is not None:
            metrics.append(finished)
            continue
        own.report(
            f"{named.name}, {part.name}: {counted(len(part.train), 'clip')} to train on, "
            f"{len(part.validation):,} to validate, {len(part.test):,} to test"
        )
        outcome = named.run(part, own)
        tested = metrics_of_clips([example.clip for example in part.test], outcome.probabilities, part.labels)
        if launch.is_main():
            _describe(named, part, own, tested, corpora if only else None)
        metrics.append(_write_results(named, part, tested, outcome, own))
    return Result(named.name, split, metrics, time.monotonic() - began)


def _describe(
    named: NamedRecipe, part: Parts, workspace: Workspace, tested: Metrics, corpora: Corpora | None
) -> None:
    """Write the card of the bundle in the workspace, if the system makes one.

    ``tested``: its metrics on the test part, as training prepares sound. With ``corpora``, which the part's clips are
    of, it is also tested on the recordings as a scan decodes them, which takes as long again for each line.
    """
    if not (workspace.out / bundle.SETTINGS_FILE).is_file():
        return
    settings = bundle.settings_of(workspace.out)
    reads_audio = settings.audio is not None
    tests = {f"unseen clips ({part.name})": tested}
    if corpora is not None and reads_audio:
        scorer = bundle.load(workspace.out, workspace.device)
        clips = [example.clip for example in part.test]
        words = settings.text is not None
        for line in get_args(Line):
            (found,) = evaluate(
                scorer, corpora, named.recipe.labels, [clips], workspace.cache, line=line, words=words
            )
            tests[f"unseen clips ({part.name}) as a scan decodes them, {line}"] = found
    own = [example.clip for example in part.train if not example.augmented]
    trained_on = [clip for clip in own if reads_audio or clip.text]
    card.describe(workspace.out, settings, trained_on, named.recipe.model_dump(), tests, name=named.name)


def _write_results(
    named: NamedRecipe, part: Parts, tested: Metrics, outcome: Outcome, workspace: Workspace
) -> dict[str, Any]:
    """The metrics of a part; they, the learning curves and the confusions are written to its folder."""
    found = {
        "recipe": named.name,
        "split": part.name,
        "seed": named.recipe.seed,
        **rounded(tested),
        "notes": dict(outcome.notes),
        "history": [dict(row) for row in outcome.history],
    }
    if launch.is_main():
        plots.learning_curves(outcome.history, workspace.out)
        plots.confusion(tested.confusion, part.labels, workspace.out)
        finish_run(workspace.out, found)
        shutil.rmtree(workspace.checkpoints, ignore_errors=True)  # nothing is left to resume
    return found
