"""Tuning the text encoder by the recipe that comes with callmood: a corpus of texts in, a folder out."""

from __future__ import annotations

from pathlib import Path

from callmood.bundled_weights import MINILM
from callmood.errors import UsageError
from callmood.training.corpora.goemotions import read_comments
from callmood.training.corpora.phrases import read_phrases
from callmood.training.progress import Remark
from callmood.training.recipe import RECIPES
from callmood.training.text import recipe
from callmood.training.text.calibration import evaluate_text
from callmood.training.text.storage import save_text
from callmood.training.text.training import train_text


def tune_text(corpus: str, folder: Path, out: Path, report: Remark) -> Path:
    """Tune the text encoder on the corpus in ``folder`` and write it to ``out``, which is returned.

    Raises UsageError for an unknown corpus, CallmoodError for a folder that does not hold it.
    """
    require_text_corpus(corpus)
    train, dev = (list(read_comments(folder, part)) for part in ("train", "dev"))
    phrases = read_phrases(RECIPES / "call_phrases.toml")
    trained = train_text(recipe.load(), train, dev, phrases, MINILM.path().parent, report)
    save_text(trained, out, {"dev": evaluate_text(trained, dev)})
    return out


def require_text_corpus(name: str) -> None:
    """Raise UsageError where ``name`` is not a corpus of texts."""
    if name != "goemotions":
        raise UsageError(f"There is no corpus of texts {name}. Known: goemotions.")
