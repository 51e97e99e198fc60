"""How good a bundle is on labelled clips: sound in, figures out.

The clean and the telephone line, without a baseline and with one as a call gives it: twelve other clips of the same
speaker, nine neutral or calm and three others, drawn at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats, Ints
from callmood.errors import CallmoodError
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.model.bundle import find_bundle
from callmood.model.registry import about
from callmood.model.scorer import Encoded, Scorer
from callmood.training.cache import cache_folder, index
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LABEL_SETS, LabelSet, labelled
from callmood.training.corpora.registry import read_clips
from callmood.training.data import augment
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.prepare import audible, prepare
from callmood.training.data.prepare import heard as heard
from callmood.training.data.split import Rows, splits
from callmood.training.measure.metrics import Figures, in_label_set, measured
from callmood.training.measure.metrics import figures as figures
from callmood.training.recipe import read

Report = Callable[[str], None]
BaselineKind = Literal["none", "call"]
Line = Literal["clean", "telephone"]
Corpora = Sequence[tuple[str, Path]]

EVEN_TEMPERED_CLIPS: Final = 9
OTHER_CLIPS: Final = 3
DRAWS: Final = 5
"""Baselines drawn for each clip; the figures are means over them."""
ENCODED_AT_ONCE: Final = 256
"""Clips whose sound is held in memory together."""
LINES: Final[dict[str, Callable[[Floats], Floats]]] = {
    "clean": lambda samples: samples,
    "telephone": augment.telephone,
}


def evaluate(
    scorer: Scorer,
    corpora: Corpora,
    label_set: LabelSet,
    tests: Sequence[Sequence[Clip]],
    baseline: BaselineKind = "none",
    line: Line = "clean",
    words: bool = False,
    seed: int = 0,
) -> list[Figures]:
    """Figures of ``scorer`` on each of ``tests`` (``parts_to_test``), whose clips are of ``corpora``.

    It hears the recordings as a scan does; with ``words`` it also reads what is said. Baselines are drawn from all
    clips of the corpora, those that the label set leaves out among them.
    """
    pool = list(dict.fromkeys(clip for test in tests for clip in test))
    if baseline != "none":  # the labels of this pool only draw baselines
        pool = audible(read_clips(corpora, "calls"), cache_folder(), lambda _: None)
    rows = {_place(clip): row for row, clip in enumerate(pool)}
    labels = LABEL_SETS[label_set]
    probabilities = in_label_set(
        pool_probabilities(scorer, pool, baseline, line, words, seed), scorer.labels, labels
    )
    return [measured(test, probabilities[:, [rows[_place(clip)] for clip in test]], labels) for test in tests]


def parts_to_test(
    model: str, corpora: Corpora, label_set: LabelSet, split: str, seed: int, cache: Path, report: Report
) -> dict[str, list[Clip]]:
    """The clips to test ``model`` on, by the name of the part: the test parts of ``split``, or "all".

    A split is drawn as it was for the model's training, and only the part is tested that the model was trained for;
    where the model's folder does not tell, by ``seed``, ``label_set`` and the paper's preparation, and a report says
    so.
    """
    if split == "all":
        return {"all": audible(read_clips(corpora, label_set), cache, report)}
    training = training_of(model)
    recipe = training.recipe if training else CorpusRecipe(family="embedded", seed=seed, labels=label_set)
    clips = [clip for clip, _ in prepare(read_clips(corpora, recipe.labels), recipe.prepare, cache, report)]
    parts = {rows.name: rows for rows in splits(clips, split, recipe.seed)}
    if training and training.part in parts:
        if len(parts) > 1:
            report(
                f"note: {training.part} alone is tested: the model was taught on the clips of the other parts."
            )
        parts = {training.part: parts[training.part]}
    doubt = _doubt(training, parts, clips)
    if doubt:
        report(f"note: the model may have been taught on clips that are tested here: {doubt}.")
    return {name: labelled([clips[row] for row in rows.test], label_set) for name, rows in parts.items()}


class Training(NamedTuple):
    """How a system that ``callmood train --split`` compares was trained."""

    recipe: CorpusRecipe
    part: str
    """Of the split: "paper", "fold 1"."""
    tested: Mapping[str, int]
    """Clips of the part's test, by speaker."""


def training_of(model: str) -> Training | None:
    """What the folder of a model tells of its training; None where it does not tell all."""
    from callmood.training.compare import FIGURES_FILE, RUN_FILE

    folder = find_bundle(model)
    run, figures = index(folder / RUN_FILE), index(folder / FIGURES_FILE)
    told = {"recipe", "numbers"} <= run.keys() and {"split", "per_speaker"} <= figures.keys()
    if not told or run["recipe"] != about(model).get("recipe"):
        return None
    numbers = {name: value for name, value in run["numbers"].items() if name in CorpusRecipe.model_fields}
    tested = {speaker: found["clips"] for speaker, found in figures["per_speaker"].items()}
    return Training(read(CorpusRecipe, numbers), figures["split"], tested)


def _doubt(training: Training | None, parts: Mapping[str, Rows], clips: Sequence[Clip]) -> str:
    """Why the test parts of ``clips`` may not be those of the model's training; "" where they are."""
    if training is None:
        return "its folder tells no split that it was trained on"
    if training.part not in parts:
        return f"it was trained on another split, {training.part}"
    tested = Counter(clips[row].speaker for row in parts[training.part].test)
    return (
        "" if tested == Counter(training.tested) else "it was trained on other corpora or other clips of them"
    )


def pool_probabilities(
    scorer: Scorer, clips: Sequence[Clip], baseline: BaselineKind, line: Line, words: bool, seed: int
) -> Floats:
    """Probabilities [draws, n, labels]; without a baseline there is one draw."""
    if not clips:
        raise CallmoodError("There are no clips to evaluate on.")
    encoded = _encoded(scorer, clips, line, words)
    if baseline == "none":
        return scorer.classify(encoded, None)[None]
    labels = np.array([LABELS.index(clip.label) for clip in clips])
    speakers = np.array([clip.speaker for clip in clips])
    draws = (np.random.default_rng([seed, draw]) for draw in range(DRAWS))
    return np.stack([against_drawn(scorer, encoded, labels, speakers, rng) for rng in draws])


def _place(clip: Clip) -> tuple[Path, int | None, float]:
    """What tells a clip from all others, whatever its label is called."""
    return clip.path, clip.channel, clip.start_s


def _encoded(scorer: Scorer, clips: Sequence[Clip], line: Line, words: bool) -> Encoded:
    import sys

    from rich.console import Console
    from rich.progress import track

    through = LINES[line]
    found = []
    for start in track(
        range(0, len(clips), ENCODED_AT_ONCE),
        "listening",
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ):
        some = clips[start : start + ENCODED_AT_ONCE]
        texts = [clip.text if words else None for clip in some]
        found.append(scorer.encode([through(heard(clip)) for clip in some], texts))
    return Encoded(
        np.concatenate([part.audio for part in found]),
        np.concatenate([part.text for part in found]),
        np.concatenate([part.has_audio for part in found]),
        np.concatenate([part.has_text for part in found]),
    )


def evaluate_text(scorer: Scorer, corpus: str, folder: Path) -> dict[str, Any]:
    """Macro F1 and F1 of each of Ekman's emotions and neutral, from the words alone, on a corpus's test part."""
    from callmood.training.text.tower import evaluate_goemotions

    if corpus != "goemotions":
        raise CallmoodError(f"There is no corpus of texts {corpus}; known is goemotions.")
    if scorer.heads.ekman is None:
        raise CallmoodError("This model has no words' side to measure; make one with callmood train --text.")
    weight, bias = scorer.heads.ekman

    def logits(texts: Sequence[str]) -> Floats:
        return np.asarray(scorer.encode([None] * len(texts), texts).text @ weight.T + bias, dtype=np.float32)

    return dict(evaluate_goemotions(logits, folder, scorer.settings.ekman_thresholds))


def against_drawn(
    scorer: Scorer, encoded: Encoded, labels: Ints, speakers: npt.NDArray[np.str_], rng: np.random.Generator
) -> Floats:
    """Probabilities [n, labels], each clip against a call-like baseline of its own speaker."""
    rows = []
    for clip in range(len(labels)):
        drawn = encoded.take(draw_baseline(labels, speakers, clip, rng))
        rows.append(scorer.classify(encoded.take([clip]), scorer.baseline(drawn)))
    return np.concatenate(rows)


def draw_baseline(
    labels: Ints,
    speakers: npt.NDArray[np.str_],
    clip: int,
    rng: np.random.Generator,
    usual_clips: int = EVEN_TEMPERED_CLIPS,
    other_clips: int = OTHER_CLIPS,
) -> Ints:
    """Rows of other clips of the same speaker: neutral or calm ones and others, fewer where there are fewer."""
    (same,) = np.nonzero(speakers == speakers[clip])
    same = same[same != clip]
    usual = np.isin(labels[same], [LABELS.index(label) for label in EVEN_TEMPERED])
    chosen = [
        rng.choice(pool, min(wanted, len(pool)), replace=False)
        for pool, wanted in ((same[usual], usual_clips), (same[~usual], other_clips))
    ]
    return np.concatenate(chosen).astype(np.int64)
