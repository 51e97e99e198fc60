"""What a model says of sentences of service calls from the words alone.

    python benchmarks/service_talk.py [FILE] [--model BUNDLE]

FILE is benchmarks/service_talk.toml, or another of its format. Prints by kind and by role, in percent: right labels;
false alarms (neutral sentences given a negative label); upset sentences heard (given a negative label) and missed
(given neutral); and what was left uncertain. The first table takes the best label, the second only what the model is
sure of.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.metrics import f1_score

from callmood.labels import MOOD_WEIGHTS, UNCERTAIN
from callmood.model import bundle
from callmood.model.scorer import Scorer
from callmood.training.corpora.goemotions import EKMAN_LABELS, LABEL_OF_EKMAN

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SENTENCES = Path(__file__).with_suffix(".toml")
GROUP_OF = {label: group for group, label in LABEL_OF_EKMAN.items()} | {"calm": "neutral"}
NEGATIVE = frozenset(group for label, group in GROUP_OF.items() if MOOD_WEIGHTS[label] < 0)


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    role: str
    kind: str
    label: str
    """One of EKMAN_LABELS."""
    upset: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", default=SENTENCES)
    parser.add_argument("--model", default="embedded", metavar="BUNDLE")
    given = parser.parse_args()
    sentences = read(given.file)
    best, sure = answers(bundle.load(given.model, "cpu"), [one.text for one in sentences])
    print("the best label")
    show(sentences, best)
    print("\nonly where the model is sure")
    show(sentences, sure)


def read(file: Path) -> list[Sentence]:
    """The sentences of a file whose format is that of service_talk.toml."""
    return [
        Sentence(text, role, group["kind"], group["label"], group["upset"])
        for group in tomllib.loads(file.read_text(encoding="utf-8"))["groups"]
        for role in ("agent", "customer")
        for text in group.get(role, ())
    ]


def answers(scorer: Scorer, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of each text the best of EKMAN_LABELS, and the same with UNCERTAIN where the scorer is not sure."""
    probabilities = scorer.classify(scorer.encode([None] * len(texts), texts))
    best = [GROUP_OF[scorer.labels[row.argmax()]] for row in probabilities]
    sure = [
        label if scorer.is_sure(row, has_words=True) else UNCERTAIN
        for label, row in zip(best, probabilities, strict=True)
    ]
    return best, sure


def show(sentences: Sequence[Sentence], given: Sequence[str]) -> None:
    """Print a row for each kind, each role and all, and the macro F1 of ``given``, a label for each sentence."""
    print(f"{'':<12}{'n':>5}{'right':>7}{'alarms':>8}{'heard':>7}{'missed':>8}{'unsure':>8}")
    for name, belongs in rows(sentences):
        chosen = [number for number, one in enumerate(sentences) if belongs(one)]
        rates = counted([sentences[number] for number in chosen], [given[number] for number in chosen])
        right, alarms, heard, missed, unsure = (
            "" if rate is None else f"{100 * rate:.1f}" for rate in rates.values()
        )
        print(f"{name:<12}{len(chosen):>5}{right:>7}{alarms:>8}{heard:>7}{missed:>8}{unsure:>8}")
    print(f"macro F1 {100 * macro_f1(sentences, given):.1f}")


def rows(sentences: Sequence[Sentence]) -> list[tuple[str, Callable[[Sentence], bool]]]:
    """The name of each row of a table, and which sentences belong to it."""

    def same(attribute: str, value: str) -> Callable[[Sentence], bool]:
        return lambda one: bool(getattr(one, attribute) == value)

    kinds = dict.fromkeys(one.kind for one in sentences)
    return [
        *((kind, same("kind", kind)) for kind in kinds),
        *((role, same("role", role)) for role in ("agent", "customer")),
        ("all", lambda _: True),
    ]


def counted(sentences: Sequence[Sentence], given: Sequence[str]) -> dict[str, float | None]:
    """Rates (0 to 1) of the labels given to sentences; None where no sentence could have been counted."""
    pairs = list(zip(sentences, given, strict=True))
    of_neutral = [label for one, label in pairs if one.label == "neutral"]
    of_upset = [label for one, label in pairs if one.upset]
    return {
        "right": share(label == one.label for one, label in pairs),
        "false_alarms": share(label in NEGATIVE for label in of_neutral),
        "heard": share(label in NEGATIVE for label in of_upset),
        "missed": share(label == "neutral" for label in of_upset),
        "unsure": share(label == UNCERTAIN for label in given),
    }


def share(happened: Iterable[bool]) -> float | None:
    each = list(happened)
    return sum(each) / len(each) if each else None


def macro_f1(sentences: Sequence[Sentence], given: Sequence[str]) -> float:
    """Mean F1 (0 to 1) of EKMAN_LABELS; what is uncertain is found by none of them."""
    truth = [one.label for one in sentences]
    return float(f1_score(truth, given, labels=EKMAN_LABELS, average="macro", zero_division=0))


if __name__ == "__main__":
    main()
