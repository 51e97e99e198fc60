"""How good a bundle is on labelled clips: sound in, metrics out.

Through the clean line or the telephone, without a baseline or with one as a call gives it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model.scorer import Encoded, Scorer
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LABEL_SETS, LabelSet, labelled
from callmood.training.corpora.registry import Corpora, read_clips
from callmood.training.data.audible import audible
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.decoding import decode_clip
from callmood.training.data.lines import LINES, Line
from callmood.training.data.prepare import prepare
from callmood.training.data.split import Rows, splits
from callmood.training.measure.baselines import BaselineKind, probabilities_of
from callmood.training.measure.metrics import Metrics, in_label_set, metrics_of_clips
from callmood.training.measure.run_record import Training, training_of
from callmood.training.progress import Remark, tracked

CLIPS_IN_MEMORY: Final = 256


def evaluate(
    scorer: Scorer,
    corpora: Corpora,
    label_set: LabelSet,
    tests: Sequence[Sequence[Clip]],
    cache: Path,
    *,
    baseline: BaselineKind = "none",
    line: Line = "clean",
    words: bool = False,
    seed: int = 0,
) -> list[Metrics]:
    """Metrics of ``scorer`` on each of ``tests`` (``parts_to_test``), whose clips are of ``corpora``.

    The recordings are decoded as a scan decodes them; with ``words`` the texts of the corpus are used, too. Baselines
    are drawn from all clips of the corpora, including those that the label set leaves out. Raises CallmoodError where
    there are no clips.
    """
    pool = list(dict.fromkeys(clip for test in tests for clip in test))
    if baseline != "none":  # the labels of this pool are for drawing baselines alone
        pool = audible(read_clips(corpora, "calls"), cache, lambda _: None)
    rows = {_identity(clip): row for row, clip in enumerate(pool)}
    labels = LABEL_SETS[label_set]
    probabilities = in_label_set(
        clip_probabilities(scorer, pool, baseline, line, words, seed), scorer.labels, labels
    )
    return [
        metrics_of_clips(test, probabilities[:, [rows[_identity(clip)] for clip in test]], labels)
        for test in tests
    ]


def parts_to_test(
    model: str, corpora: Corpora, label_set: LabelSet, split: str, seed: int, cache: Path, report: Remark
) -> dict[str, list[Clip]]:
    """The clips to test ``model`` on, by the name of the part: the test parts of ``split``, or "all".

    A split is drawn as it was for the model's training, and only the part that the model was trained for is tested.
    Where the model's folder does not have that, ``seed``, ``label_set`` and the paper's preparation decide, and a
    remark says so. Raises CallmoodError for corpora that can't be read or are too few for the split.
    """
    if split == "all":
        return {"all": audible(read_clips(corpora, label_set, report), cache, report)}
    training = training_of(model)
    recipe = training.recipe if training else CorpusRecipe(family="embedded", seed=seed, labels=label_set)
    clips = read_clips(corpora, recipe.labels, report)
    clips = [clip for clip, _ in prepare(clips, recipe.prepare, cache, report)]
    parts = {rows.name: rows for rows in splits(clips, split, recipe.seed)}
    if training and training.part in parts:
        if len(parts) > 1:
            report(
                f"note: only {training.part} is tested: the model was trained on the clips of the other parts"
            )
        parts = {training.part: parts[training.part]}
    doubt = _why_perhaps_trained_on(training, parts, clips)
    if doubt:
        report(f"note: the model may have been trained on clips that are tested here: {doubt}")
    return {name: labelled([clips[row] for row in rows.test], label_set) for name, rows in parts.items()}


def _why_perhaps_trained_on(
    training: Training | None, parts: Mapping[str, Rows], clips: Sequence[Clip]
) -> str:
    """Why the test parts of ``clips`` may not be those of the model's training; "" where they are."""
    if training is None:
        return "its folder does not say which split it was trained on"
    if training.part not in parts:
        return f"it was trained on another split, {training.part}"
    tested = Counter(clips[row].speaker for row in parts[training.part].test)
    return (
        "" if tested == Counter(training.tested) else "it was trained on other corpora or other clips of them"
    )


def clip_probabilities(
    scorer: Scorer, clips: Sequence[Clip], baseline: BaselineKind, line: Line, words: bool, seed: int
) -> Floats:
    """Probabilities [draws, n, labels]; without a baseline there is one draw.

    Every label is as likely before: the class priors of calls are not those of a corpus. Raises CallmoodError where
    there are no clips.
    """
    if not clips:
        raise CallmoodError("There are no clips to evaluate on.")
    labels = np.array([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
    speakers = np.array([clip.speaker for clip in clips])
    even = replace(scorer, settings=replace(scorer.settings, class_priors=()))
    return probabilities_of(even, _encoded(scorer, clips, line, words), labels, speakers, baseline, seed)


def _identity(clip: Clip) -> tuple[Path, int | None, float]:
    """What distinguishes a clip from all others, whatever its label is called."""
    return clip.path, clip.channel, clip.start_s


def _encoded(scorer: Scorer, clips: Sequence[Clip], line: Line, words: bool) -> Encoded:
    through = LINES[line]
    found = []
    for start in tracked(range(0, len(clips), CLIPS_IN_MEMORY), "encoding"):
        some = clips[start : start + CLIPS_IN_MEMORY]
        texts = [clip.text if words else None for clip in some]
        found.append(scorer.encode([through(decode_clip(clip)) for clip in some], texts))
    return Encoded(
        np.concatenate([part.audio for part in found]),
        np.concatenate([part.text for part in found]),
        np.concatenate([part.has_audio for part in found]),
        np.concatenate([part.has_text for part in found]),
    )
