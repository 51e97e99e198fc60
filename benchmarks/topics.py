"""How well opening statements are grouped, on the made ones of topics.toml.

    python benchmarks/topics.py [--half choose|judge]

Prints the adjusted Rand index against the author's groups, where a statement in no group is one of its own; the share
of statements in a group; and the purity of the groups: how many of their statements are of the same reason to call.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from callmood.model.networks.minilm import sentence_encoder
from callmood.search.topics import distinctive, grouped

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half", choices=("choose", "judge"), default="choose")
    half = parser.parse_args().half
    made = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[half]
    others = made.pop("other")
    texts = [text for of_reason in made.values() for text in of_reason] + others
    reasons = [reason for reason, of_reason in made.items() for _ in of_reason] + others
    labels = grouped(sentence_encoder()(texts))
    alone = [f"alone {row}" if label < 0 else str(label) for row, label in enumerate(labels)]
    right = 0
    for label in range(labels.max(initial=-1) + 1):
        members = np.flatnonzero(labels == label)
        of = [reasons[row] for row in members]
        right += max(map(of.count, of))
        words = distinctive([texts[row] for row in members], texts)
        print(f"  {', '.join(words)}: {len(members)}, mostly {max(of, key=of.count)}")
    inside = int((labels >= 0).sum())
    print(
        f"adjusted Rand index {adjusted_rand_score(reasons, alone):.2f}, grouped {inside / len(texts):.2f}, "
        f"purity {right / max(1, inside):.2f}"
    )


if __name__ == "__main__":
    main()
