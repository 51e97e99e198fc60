"""The vectors of the sentences in ``categories.toml``, which come with callmood, so that no scan encodes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from callmood.arrays import Floats
from callmood.bundled_weights import MINILM

FILE: Final = Path(__file__).with_name("sentences.safetensors")
"""A tensor [width] a sentence, with the SHA-256 of the encoder's weights. ``tests/make_sentences.py`` makes it."""


@cache
def included_vectors() -> Mapping[str, Floats]:
    """The vector of each sentence; none if another encoder made them."""
    from safetensors import safe_open

    with safe_open(FILE, framework="numpy") as file:
        if file.metadata()["encoder"] != MINILM.sha256:
            return {}
        return {sentence: file.get_tensor(sentence) for sentence in file.keys()}  # noqa: SIM118
