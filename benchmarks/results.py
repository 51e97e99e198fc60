"""Put measurements into train/RESULTS.md: each table between its markers is replaced by what the run wrote.

    python benchmarks/results.py --systems RUNS --four RUNS4 --embedded MODEL --studies STUDIES

RUNS, RUNS4, MODEL and STUDIES are the folders that the commands named in RESULTS.md wrote with --out. The text between
the tables stays as it is.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callmood.training import recipe
from callmood.training.measure import table
from callmood.training.measure.card import summaries_table

RESULTS = Path(__file__).parents[1] / "train" / "RESULTS.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("systems", "four", "embedded", "studies"):
        parser.add_argument(f"--{name}", type=Path)
    given = parser.parse_args()
    text = RESULTS.read_text(encoding="utf-8")
    if given.systems:
        text = replaced(text, "systems", (given.systems / "table.md").read_text(encoding="utf-8"))
    if given.four:
        results = runs_of(given.four)
        text = replaced(text, "four systems", table.markdown(*table.rows(results)))
        text = replaced(text, "four corpora", table.markdown(*accuracy_by_corpus(results)))
    if given.embedded:
        summaries = json.loads((given.embedded / "figures.json").read_text(encoding="utf-8"))
        text = replaced(text, "embedded", summaries_table(summaries))
    for study in sorted(given.studies.glob("*.md")) if given.studies else []:
        text = replaced(text, f"study {study.stem}", "#" + study.read_text(encoding="utf-8"))
    RESULTS.write_text(text, encoding="utf-8")


def replaced(text: str, name: str, table: str) -> str:
    """``text`` with ``table`` between the markers called ``name``."""
    found = re.compile(f"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not found.search(text):
        raise SystemExit(f"{RESULTS} has no place for {name}: <!-- {name} --> and <!-- end -->.")
    return found.sub(lambda match: match[1] + table.strip() + "\n" + match[2], text)


def runs_of(folder: Path) -> list[table.Result]:
    """What ``callmood train --split`` left in its folders, one command or several: a result a recipe and split.

    In the paper's order, then by name. A split of which not all parts are there is not measured.
    """
    parts: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for file in sorted(folder.glob("*/*/figures.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        split = found["split"].partition(" ")[0]
        parts.setdefault(split, {}).setdefault(found["recipe"], []).append(found)
    known = recipe.names()
    results = []
    for split in sorted(parts):
        whole = max(map(len, parts[split].values()))
        for name in dict.fromkeys([*(name for name in table.PAPER if name in known), *known]):
            measured = parts[split].get(name, [])
            results.append(table.Result(name, split, measured if len(measured) == whole else ()))
    return results


def accuracy_by_corpus(results: Sequence[table.Result]) -> tuple[list[str], list[list[str]]]:
    """The head and the lines of a table: the accuracy on each corpus's clips, the parts of a split counted together."""
    columns = sorted(
        {(one.split, corpus) for one in results for part in one.metrics for corpus in part["per_corpus"]}
    )
    found = {(one.recipe, one.split): [part["per_corpus"] for part in one.metrics] for one in results}
    systems = dict.fromkeys(one.recipe for one in results if one.metrics)
    lines = [
        [system, *(_pooled(found.get((system, split), []), corpus) for split, corpus in columns)]
        for system in systems
    ]
    return ["WA", *(f"{split}: {corpus}" for split, corpus in columns)], lines


def _pooled(parts: Sequence[Mapping[str, Any]], corpus: str) -> str:
    """Percent right of a corpus's clips in all ``parts``; empty where there are none."""
    clips: Counter[str] = Counter()
    for part in parts:
        if corpus in part:
            clips["all"] += part[corpus]["clips"]
            clips["right"] += round(part[corpus]["wa"] * part[corpus]["clips"] / 100)
    return f"{100 * clips['right'] / clips['all']:.1f}" if clips else ""


if __name__ == "__main__":
    main()
