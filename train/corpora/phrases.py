"""Sentences of our own making, kept in a recipe: a TOML file with a list of texts for each Ekman group."""

from __future__ import annotations

import sys
from pathlib import Path

from callmood.errors import CallmoodError
from callmood.training.corpora.goemotions import EKMAN_LABELS, Comment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_phrases(path: Path) -> list[Comment]:
    """Every phrase as a comment with its one label, in the file's order. Raises CallmoodError for a wrong file."""
    try:
        groups = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CallmoodError(f"The phrases file {path} is missing.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CallmoodError(f"{path} is not a TOML file: {error}.") from error
    unknown = sorted(set(groups) - set(EKMAN_LABELS))
    if unknown:
        raise CallmoodError(f"{path} has phrases for {unknown[0]}. Known: {', '.join(EKMAN_LABELS)}.")
    return [Comment(text, frozenset({group})) for group, texts in groups.items() for text in texts]
