"""MiniLM as a sentence encoder, in numpy: torch alone takes longer to import than a search takes.

A BERT of six layers, with its published weights, whose output is averaged over the tokens and normalised. Sentences
that mean the same have vectors that point the same way, whatever their words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from callmood import bundled_weights
from callmood.arrays import Floats, Mask

WIDTH: Final = 384
_LAYERS: Final = 6
_HEADS: Final = 12
_HEAD_WIDTH: Final = WIDTH // _HEADS
_EPSILON: Final = 1e-12
_MAX_TOKENS: Final = 128
"""As many as it was trained with. What comes after them is not looked at."""
_BATCH_TOKENS: Final = 2048


@dataclass(frozen=True, slots=True)
class SentenceEncoder:
    """The network with its tokenizer."""

    weights: Mapping[str, Floats]
    """Under the names of the published file, without "encoder.layer."; matrices are [in, out]."""
    tokenizer: Any

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Vectors of length 1: [n, WIDTH]. That of a text without words is zero."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        order = sorted(
            (row for row in range(len(texts)) if texts[row].strip()), key=lambda row: len(tokens[row])
        )
        while order:
            longest = len(tokens[order[-1]])
            count = max(1, _BATCH_TOKENS // longest)
            batch, order = order[-count:], order[:-count]
            ids = np.zeros((len(batch), longest), np.int64)
            mask = np.zeros((len(batch), longest), bool)
            for place, row in enumerate(batch):
                ids[place, : len(tokens[row])] = tokens[row]
                mask[place, : len(tokens[row])] = True
            vectors[batch] = self._pooled(self._hidden(ids, mask), mask)
        return vectors

    def _pooled(self, hidden: Floats, mask: Mask) -> Floats:
        """[n, tokens, WIDTH] -> [n, WIDTH]."""
        mean = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)

    def _hidden(self, ids: Any, mask: Mask) -> Floats:
        """The last layer's output [n, tokens, WIDTH]; ``ids`` and ``mask`` are [n, tokens]."""
        weights = self.weights
        hidden = weights["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        hidden = hidden + weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self._normalised("embeddings.LayerNorm", hidden)
        hidden_by_mask = np.where(mask, np.float32(0), np.float32(-1e9))[:, None, None, :]
        for layer in range(_LAYERS):
            attended = self._attention(f"{layer}.attention", hidden, hidden_by_mask)
            hidden = self._normalised(f"{layer}.attention.output.LayerNorm", hidden + attended)
            inner = _gelu(self._linear(f"{layer}.intermediate.dense", hidden))
            outer = self._linear(f"{layer}.output.dense", inner)
            hidden = self._normalised(f"{layer}.output.LayerNorm", hidden + outer)
        return hidden

    def _attention(self, name: str, hidden: Floats, masked: Floats) -> Floats:
        count, length, _ = hidden.shape

        def heads(part: str) -> Floats:
            rows = self._linear(f"{name}.self.{part}", hidden)
            return rows.reshape(count, length, _HEADS, _HEAD_WIDTH).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").swapaxes(2, 3) / np.float32(_HEAD_WIDTH**0.5) + masked
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        joined = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(count, length, WIDTH)
        return self._linear(f"{name}.output.dense", joined)

    def _linear(self, name: str, rows: Floats) -> Floats:
        weight = self.weights[f"{name}.weight"]
        flat = rows.reshape(-1, rows.shape[-1]) @ weight + self.weights[f"{name}.bias"]
        return flat.reshape(*rows.shape[:-1], weight.shape[1])

    def _normalised(self, name: str, rows: Floats) -> Floats:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return np.asarray(
            centred / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"], np.float32
        )


@cache
def sentence_encoder() -> SentenceEncoder:
    """MiniLM with its published weights. Raises CallmoodError if its package is missing or damaged."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    path = bundled_weights.MINILM.path()
    tokenizer = Tokenizer.from_file(str(path.with_name("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    weights = {
        name.removeprefix("encoder.layer."): value.T.copy() if _is_matrix(name) else value
        for name, value in load_file(path).items()
    }
    return SentenceEncoder(weights, tokenizer)


def _is_matrix(name: str) -> bool:
    return name.endswith(".weight") and "embeddings" not in name and "LayerNorm" not in name


def _gelu(rows: Floats) -> Floats:
    from scipy.special import erf

    return np.asarray(rows * np.float32(0.5) * (1 + erf(rows * np.float32(0.5**0.5))), np.float32)
