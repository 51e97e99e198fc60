"""A small BERT that reads emotion in words, and what feeds it.

One encoder has three heads, two that ship and one that only helps training. All read the same vector of a text: the
mean and the maximum over its tokens of the encoder's last layer, side by side.

- ``ekman``: seven sigmoid logits, one for each of EKMAN_LABELS; a text may have several.
- ``single``: one softmax over the seven, for fusion with the voice.
- ``fine``: the corpus's 28 labels, an auxiliary loss.

The encoder's embeddings stay as they were published, so that only the tuned layers need to be stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer, BertModel

from callmood.arrays import Doubles
from callmood.model.encode import pretrained
from callmood.model.pooling import token_mean_max
from callmood.training.corpora.goemotions import EKMAN_LABELS, FINE_LABELS, Comment

_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


class Logits(NamedTuple):
    """A model's answers for some texts."""

    ekman: Tensor
    """[texts, 7]: sigmoid logits in the order of EKMAN_LABELS."""
    single: Tensor
    """[texts, 7]: softmax logits in the same order."""
    fine: Tensor
    """[texts, 28]: sigmoid logits in the order of FINE_LABELS."""


class TextModel(nn.Module):
    """A text encoder with its heads, all zero at first: weights of several trainings may then be averaged."""

    def __init__(self, encoder: BertModel, dropout: float = 0.0) -> None:
        super().__init__()
        width = 2 * encoder.config.hidden_size
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.ekman = _zero_linear(width, len(EKMAN_LABELS))
        self.single = _zero_linear(width, len(EKMAN_LABELS))
        self.fine = _zero_linear(width, len(FINE_LABELS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Logits:
        """Both inputs are [texts, tokens]; the mask is 1 where a token is and 0 where padding is."""
        return self.heads(self.dropout(self.vectors(input_ids, attention_mask)))

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the heads read: [texts, 2 * hidden size]."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return token_mean_max(hidden, attention_mask.bool())

    def heads(self, vectors: Tensor) -> Logits:
        """The heads' answers to such vectors."""
        return Logits(self.ekman(vectors), self.single(vectors), self.fine(vectors))


def _zero_linear(width: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(width, outputs)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


class TextReader:
    """Turns texts into a model's inputs: at most ``max_tokens`` tokens each, padded to the longest."""

    def __init__(self, encoder_folder: Path, max_tokens: int) -> None:
        self._tokenizer = pretrained(AutoTokenizer, str(encoder_folder))
        self._max_tokens = max_tokens

    def __call__(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """``input_ids`` and ``attention_mask``, both [texts, tokens]."""
        batch = self._tokenizer(
            list(texts), truncation=True, max_length=self._max_tokens, padding=True, return_tensors="pt"
        )
        return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


def load_encoder(folder: Path) -> BertModel:
    """The published encoder, its embeddings frozen and without the pooler, which is not used.

    Eager attention trains texts of this length in half the processor time of torch's fused one. Raises CallmoodError
    for a folder that holds no such encoder.
    """
    encoder: BertModel = pretrained(
        BertModel,
        str(folder),
        add_pooling_layer=False,
        attn_implementation="eager",
        attention_probs_dropout_prob=0.0,
    )
    encoder.embeddings.requires_grad_(False)
    return encoder


def length_of(text: str) -> int:
    """About the number of a text's tokens."""
    return len(_WORD_OR_SIGN.findall(text))


class Answers(NamedTuple):
    """A model's logits as arrays, in the order of the texts: both [texts, 7]."""

    ekman: Doubles
    single: Doubles


@torch.no_grad()
def embed(
    model: TextModel,
    reader: TextReader,
    comments: Sequence[Comment],
    bfloat16: bool = False,
    batch_size: int = 128,
) -> Tensor:
    """What the heads read of each comment: [comments, 2 * hidden size]."""
    model.eval()
    order = sorted(range(len(comments)), key=lambda row: length_of(comments[row].text))
    vectors = torch.zeros(len(comments), model.single.in_features)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            vectors[rows] = model.vectors(**reader([comments[row].text for row in rows]))
    return vectors


@torch.no_grad()
def predict(model: TextModel, vectors: Tensor) -> Answers:
    """The heads' answers to ``embed``'s vectors."""
    logits = model.heads(vectors)
    return Answers(logits.ekman.double().numpy(), logits.single.double().numpy())
