"""The embedded system in the table of all systems: its encoders as they are, and a linear head without a baseline.

The others have no baseline either. The bundle that calls are scored with is made by embedded_run.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from callmood.arrays import Floats
from callmood.model.scorer import linear, softmax
from callmood.training.corpora.clip import Clip
from callmood.training.data.examples import Example, Parts, true_labels
from callmood.training.data.vectors import augmented_vectors
from callmood.training.fit import heads as fitting
from callmood.training.measure.calibration import best_temperature
from callmood.training.systems.embedded_recipe import Recipe
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace

__all__ = ["Recipe", "at_most_alike", "run"]


def run(recipe: Recipe, parts: Parts, workspace: Workspace) -> Outcome:
    """Fit the head on the training part's own clips in the recipe's copies; the validation part gives the temperature.

    Clips are encoded as a scan encodes them, whole and not denoised, and the augmented copies of ``parts`` are not
    used.
    """
    began = time.perf_counter()
    own = [example for example in parts.train if not example.augmented]
    train = [own[row] for row in at_most_alike([example.clip for example in own], recipe.most_alike)]
    validation = [example for example in parts.validation if not example.augmented]
    steps = recipe.copies.steps
    known = _encoded(train, steps, recipe, workspace)
    encoding_s = time.perf_counter() - began
    labels = np.tile(true_labels(train), len(steps))
    head = fitting.fit(known, labels, len(parts.labels), recipe.heads)
    temperature = 1.0
    if validation:
        held_out = [steps[number] for number in recipe.copies.calibration]
        logits = linear(head, _encoded(validation, held_out, recipe, workspace))
        temperature = best_temperature(lambda t: logits / t, np.tile(true_labels(validation), len(held_out)))
    probabilities = softmax(linear(head, _encoded(parts.test, [()], recipe, workspace)) / temperature)
    seconds = time.perf_counter() - began
    return Outcome(
        np.asarray(probabilities, dtype=np.float32),
        notes={
            "seconds": round(seconds, 1),
            "loading_share": round(encoding_s / seconds, 2),
            "parameters": head[0].size + head[1].size,
        },
    )


def at_most_alike(clips: Sequence[Clip], most: int) -> list[int]:
    """Rows of ``clips``: ``most`` of each speaker's clips of one label, evenly taken, or all where there are fewer."""
    alike: dict[tuple[str, str], list[int]] = {}
    for row, clip in enumerate(clips):
        alike.setdefault((clip.speaker, clip.label), []).append(row)
    kept = [
        rows[number * len(rows) // most]
        for rows in alike.values()
        if len(rows) > most
        for number in range(most)
    ]
    return sorted(kept + [row for rows in alike.values() if len(rows) <= most for row in rows])


def _encoded(
    examples: Sequence[Example], steps: Sequence[tuple[str, ...]], recipe: Recipe, workspace: Workspace
) -> Floats:
    """[steps * n, width]"""
    clips = [example.clip for example in examples]
    audio = recipe.audio.settings()
    found = augmented_vectors(clips, steps, audio, recipe.seed, workspace.cache, workspace.report)
    return np.concatenate(found)
