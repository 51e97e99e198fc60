"""How right callmood's categories are, on the made sentences of categories.toml.

    python benchmarks/categories.py [--half choose|judge] [--misses]

Each category meets its own sentences, those that are near, and the ordinary ones, without its conditions on who speaks.
``choose`` (the default) is the half of the sentences on which words, examples and thresholds may be chosen: it also
shows the best threshold. ``judge`` is the other half. --misses prints what is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from callmood.arrays import Floats, Mask
from callmood.model.networks.minilm import sentence_encoder
from callmood.search.categories import Category, included, read_categories
from callmood.search.categorize import compare_with
from callmood.search.phrases import plain
from callmood.store import open_db

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half", choices=("choose", "judge"), default="choose")
    parser.add_argument("--misses", action="store_true")
    given = parser.parse_args()
    made = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    ordinary = made.pop("ordinary")
    compared, sentences = compare_with(read_categories(included(), "callmood"))
    start = 0 if given.half == "choose" else 1
    print(f"{'':<18}{'is':>4}{'not':>5}{'precision':>11}{'recall':>8}{'by words':>14}{'threshold':>11}")
    totals = np.zeros(4, int)
    for one in compared:
        belonging = made[one.name]["is"][start::2]
        others = [*made[one.name]["near"][start::2], *ordinary[start::2]]
        texts = [*belonging, *others]
        truth = np.array([True] * len(belonging) + [False] * len(others))
        said = matches(one.category, texts)
        nearness = one.nearness(sentence_encoder()(texts) @ sentences.T)
        found = said | one.is_near(nearness)
        totals += [(found & truth).sum(), (found & ~truth).sum(), truth.sum(), (~truth).sum()]
        note = (
            best_threshold(said, nearness, truth) if given.half == "choose" and one.category.examples else ""
        )
        words = f"{precision(said, truth)} {share(said[truth])}"
        print(
            f"{one.name:<18}{len(belonging):>4}{len(others):>5}{precision(found, truth):>11}{share(found[truth]):>8}"
            f"{words:>14}{one.category.threshold:>11} {note}"
        )
        if given.misses:
            for text, is_found, is_true, near in zip(texts, found, truth, nearness, strict=True):
                if is_found != is_true:
                    print(f"    {'missed' if is_true else 'FALSE '} {near:5.2f} {text}")
    hits, alarms, of, others_count = totals.tolist()
    print(
        f"all: precision {hits / (hits + alarms):.2f}, recall {hits / of:.2f}, {alarms} of {others_count} false"
    )


def matches(category: Category, texts: list[str]) -> Mask:
    """Whether the words or patterns of a category match, as the database finds it."""
    with tempfile.TemporaryDirectory() as folder, open_db(Path(folder) / "callmood.duckdb") as con:
        found = con.execute(
            """
            SELECT coalesce(regexp_matches(spaced_words(plain), $in_words), false)
                OR coalesce(regexp_matches(plain, $in_text), false)
            FROM (SELECT unnest($texts::VARCHAR[]) AS plain)
            """,
            {"texts": [plain(text) for text in texts], **category.sought._asdict()},
        ).fetchall()
    return np.array([said for (said,) in found], bool)


def best_threshold(said: Mask, nearness: Floats, truth: Mask) -> str:
    """The threshold with the highest F1, the middle one of several."""
    steps = np.arange(0.3, 0.8, 0.01)
    scores = [f1(said | (nearness >= step), truth) for step in steps]
    best = [step for step, score in zip(steps, scores, strict=True) if score == max(scores)]
    return f"best {best[len(best) // 2]:.2f} ({best[0]:.2f} to {best[-1]:.2f}), F1 {max(scores):.2f}"


def f1(found: Mask, truth: Mask) -> float:
    return float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))


def precision(found: Mask, truth: Mask) -> str:
    return share(truth[found])


def share(happened: Mask) -> str:
    return f"{happened.mean():.2f}" if len(happened) else "-"


if __name__ == "__main__":
    main()
