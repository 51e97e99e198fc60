"""What a training run leaves in its folder beside the bundle: what was trained, and the metrics of its test part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from callmood.errors import CallmoodError
from callmood.model.bundle import find_bundle
from callmood.model.registry import about
from callmood.training.cache import read_index
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Parts
from callmood.training.launch import is_main
from callmood.training.recipe import read

RUN_FILE: Final = "run.json"
METRICS_FILE: Final = "figures.json"


class Training(NamedTuple):
    """How a system that ``callmood train --split`` compares was trained."""

    recipe: CorpusRecipe
    part: str
    """Of the split: "paper", "fold 1"."""
    tested: Mapping[str, int]
    """Clips of the part's test, by speaker."""


def training_of(model: str) -> Training | None:
    """How the model was trained, as its folder has it; None where it does not have all of it.

    Raises CallmoodError for a folder that is not a model.
    """
    folder = find_bundle(model)
    run, metrics = read_index(folder / RUN_FILE), read_index(folder / METRICS_FILE)
    complete = {"recipe", "numbers"} <= run.keys() and {"split", "per_speaker"} <= metrics.keys()
    if not complete or run["recipe"] != about(model).get("recipe"):
        return None
    numbers = {name: value for name, value in run["numbers"].items() if name in CorpusRecipe.model_fields}
    tested = {speaker: found["clips"] for speaker, found in metrics["per_speaker"].items()}
    return Training(read(CorpusRecipe, numbers), metrics["split"], tested)


def begin_run(
    out: Path, name: str, recipe: CorpusRecipe, parts: Parts, resume: bool
) -> dict[str, Any] | None:
    """Write down what is trained in ``out``. When resuming: the metrics of a part that is finished.

    Raises CallmoodError where something else was trained in the folder that is to be resumed.
    """
    digest = hashlib.sha256()
    for examples in (parts.train, parts.validation, parts.test):
        digest.update(json.dumps([(example.sound.name, example.label) for example in examples]).encode())
    run = {"recipe": name, "numbers": recipe.model_dump(mode="json"), "clips": digest.hexdigest()}
    run_file, metrics_file = out / RUN_FILE, out / METRICS_FILE
    begun = resume and run_file.is_file()
    if begun and json.loads(run_file.read_text(encoding="utf-8")) != run:
        raise CallmoodError(
            f"{out} holds a run of another recipe or of other clips. Leave out --resume to replace it, or use "
            "another --out."
        )
    if is_main() and not begun:
        out.mkdir(parents=True, exist_ok=True)
        if not resume:
            metrics_file.unlink(missing_ok=True)
        run_file.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    if resume and metrics_file.is_file():
        return dict(json.loads(metrics_file.read_text(encoding="utf-8")))
    return None


def finish_run(out: Path, metrics: Mapping[str, Any]) -> None:
    """Write the metrics of a part. To be called last: where they are, nothing of the part is left to do."""
    (out / METRICS_FILE).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
