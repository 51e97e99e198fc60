"""MiniLM as a sentence encoder.

A BERT of six layers, with its published weights, whose output is averaged over the tokens and normalised. Sentences
that mean the same have vectors that point the same way, whatever their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from callmood import bundled_weights
from callmood.arrays import Floats
from callmood.model.networks.graphs import Graph, load_graph
from callmood.threads import in_threads

WIDTH: Final = 384
_MAX_TOKENS: Final = 128
"""As many as it was trained with. What comes after them is not looked at."""


@dataclass(frozen=True, slots=True)
class SentenceEncoder:
    """The network with its tokenizer."""

    network: Graph
    tokenizer: Any

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1: [n, WIDTH]. That of a text without words is zero."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        worded = [row for row, text in enumerate(texts) if text.strip()]
        for row, vector in zip(worded, in_threads(self._vector, [texts[row] for row in worded]), strict=True):
            vectors[row] = vector
        return vectors

    def _vector(self, text: str) -> Floats:
        (hidden,) = self.network(ids=np.array([self.tokenizer.encode(text).ids]))
        mean = hidden[0].mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


@cache
def sentence_encoder() -> SentenceEncoder:
    """MiniLM with its published weights. Raises CallmoodError if its package is missing or damaged."""
    return SentenceEncoder(load_graph("minilm"), tokenizer(_MAX_TOKENS))


def tokenizer(max_tokens: int) -> Any:
    """MiniLM's tokenizer: texts -> ids, at most ``max_tokens`` of each."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(bundled_weights.MINILM.path().with_name("tokenizer.json")))
    found.no_padding()
    found.enable_truncation(max_tokens)
    return found
