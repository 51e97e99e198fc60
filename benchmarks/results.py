"""Put measurements into train/RESULTS.md: each table between its markers is replaced by what the run wrote.

    python benchmarks/results.py --systems RUNS --embedded MODEL --studies STUDIES

RUNS, MODEL and STUDIES are the folders that the commands named in RESULTS.md wrote with --out. The text between the
tables stays as it is.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from callmood.training.measure.card import summaries_table

RESULTS = Path(__file__).parents[1] / "train" / "RESULTS.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("systems", "embedded", "studies"):
        parser.add_argument(f"--{name}", type=Path)
    given = parser.parse_args()
    text = RESULTS.read_text(encoding="utf-8")
    if given.systems:
        text = replaced(text, "systems", (given.systems / "table.md").read_text(encoding="utf-8"))
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


if __name__ == "__main__":
    main()
