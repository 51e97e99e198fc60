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
        text = replaced(text, "four systems", (given.four / "table.md").read_text(encoding="utf-8"))
        text = replaced(text, "four corpora", accuracy_by_corpus(given.four))
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


def accuracy_by_corpus(runs: Path) -> str:
    """A table: of each system the accuracy on each corpus's clips, by split; parts of a split counted together."""
    parts: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for file in sorted(runs.glob("*/*/figures.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        split = found["split"].partition(" ")[0]
        parts.setdefault(split, {}).setdefault(found["recipe"], []).append(found["per_corpus"])
    corpora = {
        split: sorted({corpus for some in of_system.values() for one in some for corpus in one})
        for split, of_system in parts.items()
    }
    head = ["WA"] + [f"{split}: {corpus}" for split in parts for corpus in corpora[split]]
    systems = dict.fromkeys(line.split("|")[1].strip() for line in _lines(runs / "table.md")[2:])
    lines = [
        [
            system,
            *(_pooled(parts[split].get(system, []), corpus) for split in parts for corpus in corpora[split]),
        ]
        for system in systems
        if any(system in of_system for of_system in parts.values())
    ]
    return table.markdown(head, lines)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


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
