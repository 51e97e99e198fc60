"""The table of systems: a row for each recipe, columns for each split, and the paper's own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

PAPER: Final = {
    "knn": (62.94, 56.72),
    "mlp": (62.39, 54.72),
    "xgboost": (48.61, 44.07),
    "lightgbm": (33.01, 42.30),
    "logistic_regression": (50.82, 41.58),
    "random_forest": (37.52, 38.03),
    "naive_bayes": (23.89, 32.74),
    "decision_tree": (19.38, 22.92),
    "mobilenet": (38.03, 37.52),
    "cnn1d": (63.10, 56.70),
    "hubert": (75.52, 74.54),
    "hubert_bert": (79.89, 77.68),
}
"""UA and WA in percent by recipe, as usually defined: the paper (arXiv 2312.11503) prints them under each other's
name. On five corpora, of which a random part is the test."""


@dataclass(frozen=True, slots=True)
class Result:
    """A recipe under a split."""

    recipe: str
    split: str
    metrics: Sequence[Mapping[str, Any]]
    """Of each part of the split: ``Metrics`` as a mapping, percent. Empty: not measured."""
    seconds: float = 0.0
    """Of training and testing, all parts."""
    reason: str = ""
    """Why it was not measured, in a sentence."""

    def mean(self, name: str) -> float:
        """Of "ua", "wa", "ua_wa" or "macro_f1" over the parts."""
        return float(np.mean([part[name] for part in self.metrics]))

    def spread(self, name: str) -> float:
        """The standard deviation over the parts."""
        return float(np.std([part[name] for part in self.metrics]))


def rows(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """The head and the lines of the table, in the order of ``results``."""
    splits = list(dict.fromkeys(result.split for result in results))
    found = {(result.recipe, result.split): result for result in results}
    head = ["system"]
    for split in splits:
        head += [f"{split}: UA", "WA", "UA + WA", "macro F1"]
    head += ["in the paper: UA", "WA", "UA + WA"]
    lines = []
    for recipe in dict.fromkeys(result.recipe for result in results):
        line = [recipe]
        for split in splits:
            line += _cells(found.get((recipe, split)))
        lines.append(line + _paper_cells(recipe))
    return head, lines


def short_rows(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """The same for a terminal: UA and WA alone."""
    splits = list(dict.fromkeys(result.split for result in results))
    found = {(result.recipe, result.split): result for result in results}
    head = ["UA / WA in percent", *(f"split {split}" for split in splits), "in the paper"]
    lines = []
    for recipe in dict.fromkeys(result.recipe for result in results):
        cells = [_cells(found.get((recipe, split)))[:2] for split in splits]
        lines.append(
            [recipe, *(" / ".join(filter(None, cell)) for cell in [*cells, _paper_cells(recipe)[:2]])]
        )
    return head, lines


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    table = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in table)


def result_row(result: Result) -> dict[str, Any]:
    """The result for JSON: means and standard deviations over the parts, and the parts themselves."""
    names = ("ua", "wa", "ua_wa", "macro_f1") if result.metrics else ()
    return {
        "recipe": result.recipe,
        "split": result.split,
        **{name: round(result.mean(name), 2) for name in names},
        **{f"{name}_std": round(result.spread(name), 2) for name in names},
        "reason": result.reason,
        "parts": list(result.metrics),
    }


def _cells(result: Result | None) -> list[str]:
    if result is None:
        return ["", "", "", ""]
    if not result.metrics:
        return ["not measured", "", "", ""]
    several = len(result.metrics) > 1
    return [
        f"{result.mean(name):.1f}" + (f" ± {result.spread(name):.1f}" if several else "")
        for name in ("ua", "wa", "ua_wa", "macro_f1")
    ]


def _paper_cells(recipe: str) -> list[str]:
    if recipe not in PAPER:
        return ["", "", ""]
    ua, wa = PAPER[recipe]
    return [f"{ua:.2f}", f"{wa:.2f}", f"{ua + wa:.2f}"]
