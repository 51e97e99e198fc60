"""Measuring a model from Python: what ``callmood evaluate`` calls. See run.py for what it has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from callmood.call import Device
from callmood.training.cache import cache_folder
from callmood.training.corpora.registry import named_folders
from callmood.training.packages import require_training_packages
from callmood.training.progress import Remark, log
from callmood.training.run import CorporaLike
from callmood.wording import counted

if TYPE_CHECKING:
    from callmood.training.corpora.clip import Clip
    from callmood.training.measure.metrics import Metrics

Split = Literal["all", "paper", "speaker", "folds", "unseen", "corpus"]
Labels = Literal["calls", "paper", "calls-merged"]


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on labelled clips."""

    options: Mapping[str, Any]
    """How it was measured: "model", "split", "label_set", "baseline", "line", "words", "seed"."""
    metrics: Metrics
    """On all clips."""
    parts: Mapping[str, Metrics]
    """On the test part of each split, where there are several."""

    def to_json(self) -> dict[str, Any]:
        """What the command prints with --json."""
        from callmood.training.measure.metrics import over_folds, rounded

        found: dict[str, Any] = {**self.options, **rounded(self.metrics)}
        if self.parts:
            found["over_parts"] = over_folds(list(self.parts.values()))
            found["parts"] = {name: rounded(part) for name, part in self.parts.items()}
        return found


def evaluate(
    corpora: CorporaLike,
    *,
    model: str = "embedded",
    split: Split = "all",
    labels: Labels = "calls",
    baseline: Literal["none", "call"] = "none",
    line: Literal["clean", "telephone"] = "clean",
    words: bool = False,
    seed: int = 1,
    device: Device = "auto",
    progress: Remark | None = None,
) -> Evaluation:
    """Measure a model on labelled clips: UA, WA, macro F1, calibration, by class, corpus, gender and speaker.

    Args:
        corpora: Names and folders, as for ``train``.
        model: A model's folder, or "embedded".
        split: "all" clips, or only those that training with this split tests on.
        labels: "calls" is all eight, "paper" is without neutral, "calls-merged" counts calm as neutral.
        baseline: "call" compares each clip with 12 others of its speaker, 9 of them neutral or calm.
        line: "telephone" sends the clips through 8 kHz, 300 to 3400 Hz, 8-bit mu-law first.
        words: Also use the transcript, where the corpus has one.
        seed: For drawing baselines, and splits that the model does not store.
        device: Where to compute.
        progress: Called with a line of text now and then.

    Raises:
        UsageError: For an unknown corpus.
        CallmoodError: For a folder that is no model, corpora that can't be read, missing packages.
    """
    require_training_packages()
    from callmood.model import load
    from callmood.training.measure import evaluate as measuring

    report, cache, folders = progress or log, cache_folder(), named_folders(corpora)
    scorer = load(model, device)
    parts = measuring.parts_to_test(model, folders, labels, split, seed, cache, report)
    _warn_of_known_speakers(model, parts, report)
    together = [clip for part in parts.values() for clip in part]
    tests = [together] if len(parts) == 1 else [together, *parts.values()]
    metrics, *by_part = measuring.evaluate(
        scorer, folders, labels, tests, cache, baseline=baseline, line=line, words=words, seed=seed
    )
    options = {"model": model, "split": split, "label_set": labels, "baseline": baseline, "line": line}
    named = dict(zip(parts, by_part, strict=False))
    return Evaluation({**options, "words": words, "seed": seed}, metrics, named)


def evaluate_text(text: str, *, model: str = "embedded", device: Device = "auto") -> dict[str, Any]:
    """F1 of Ekman's emotions and neutral on the test part of "goemotions=FOLDER" or "meld=FOLDER", from words alone.

    A comment of GoEmotions may have several, an utterance of MELD has one; where MELD's test part is not there, its dev
    part is measured on. "macro_f1", MELD's "weighted_f1" and "f1" by emotion are 0 to 1; "texts" is their number.
    Raises UsageError for an unknown corpus, CallmoodError for a model that can't read words, a folder that can't be
    read, and missing packages.
    """
    require_training_packages()
    from callmood.model import load
    from callmood.training.text.measure import evaluate_bundle
    from callmood.training.text.texts import require_text_corpus

    ((name, folder),) = named_folders(text)
    require_text_corpus(name)
    return {"model": model, **evaluate_bundle(load(model, device), name, folder)}


def _warn_of_known_speakers(model: str, parts: Mapping[str, Sequence[Clip]], report: Remark) -> None:
    from callmood.model.registry import training_speakers

    here = {clip.speaker for part in parts.values() for clip in part}
    known = here & training_speakers(model)
    if known:
        report(
            f"note: the model was trained on {len(known)} of the {counted(len(here), 'speaker')} here; its metrics for "
            "others are lower"
        )
