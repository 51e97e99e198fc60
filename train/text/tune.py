"""Tuning the text encoder by the recipe that comes with callmood: corpora of texts in, a folder out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from callmood.bundled_weights import MINILM
from callmood.training.progress import Remark
from callmood.training.text import recipe
from callmood.training.text.calibration import evaluate_text
from callmood.training.text.storage import save_text
from callmood.training.text.texts import read_texts
from callmood.training.text.training import train_text


def tune_text(folders: Mapping[str, Path], out: Path, report: Remark) -> Path:
    """Tune the text encoder on the corpora in ``folders`` and write it to ``out``, which is returned.

    Raises UsageError for an unknown corpus and where GoEmotions is not among them, CallmoodError for a folder that does
    not hold its corpus.
    """
    train, dev = read_texts(folders)
    trained = train_text(recipe.load(), train, dev, MINILM.path().parent, report)
    save_text(trained, out, {"dev": evaluate_text(trained, dev)}, list(folders))
    return out
