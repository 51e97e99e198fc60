"""The paper's joint network, and the rows that it is trained on.

Pooled hidden states of an acoustic encoder and of a text encoder, dropout, and one linear layer over both side by
side. That layer is written as the sum of one for each side: a missing side adds nothing, and a bundle (model/bundle.py)
holds the same two terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import nn

from callmood.arrays import Floats, Ints
from callmood.model import encode
from callmood.model.encode import AudioSettings, TextSettings
from callmood.model.loudness import SHORTEST, prepared
from callmood.sound import SAMPLE_RATE
from callmood.training.data.examples import Example
from callmood.training.fit.parameter_groups import at_rate, layered
from callmood.training.fit.table import TrainingTable
from callmood.training.fit.trainer import Inputs
from callmood.training.recipe import Table

Tune = Literal["frozen", "all"] | Annotated[int, Field(gt=0)]
"""How much of an encoder is trained; a number: that many of its uppermost layers."""


class AudioTable(Table):
    """The acoustic encoder, and how it is tuned and pooled."""

    encoder: str
    """As in AudioSettings (but no cam++, which can't be tuned), or the folder of an earlier bundle."""
    layers: Literal["last", "weighted"]
    """weighted: the mean of all layers' vectors, with weights that are learned."""
    pooling: Literal["mean", "mean-std"]
    tune: Tune
    dropout: float = Field(ge=0, lt=1)
    """Of the pooled vector."""
    standardise: int = Field(default=0, ge=0)
    """Training clips whose vectors give the mean and deviation by which each value is standardised, so that none
    dominates; 0: vectors stay as they are. The linear layer of the bundle includes it."""
    longest_s: float = Field(gt=0)
    """Training encodes no more than the beginning of a clip; scoring reads all of it, in windows."""

    def settings(self, encoder: str) -> AudioSettings:
        """The bundle's settings, with ``encoder`` as the name."""
        return AudioSettings((encoder,), "last" if self.layers == "last" else "all", self.pooling)


class TextTable(Table):
    """The text encoder, and how it is tuned and pooled."""

    encoder: str
    """As in TextSettings, or the folder of an earlier bundle."""
    pooling: Literal["mean", "mean-max"]
    tune: Tune
    dropout: float = Field(ge=0, lt=1)
    """Of the pooled vector."""
    max_tokens: int = Field(gt=2)

    def settings(self, encoder: str) -> TextSettings:
        """The bundle's settings, with ``encoder`` as the name."""
        return TextSettings(encoder, self.pooling, self.max_tokens)


class HiddenTable(Table):
    """How often one side of a clip that has both is hidden in training. Never both."""

    voice: float = Field(default=0.0, ge=0, le=1)
    words: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _never_both(self) -> HiddenTable:
        if self.voice + self.words > 1:
            raise ValueError("voice and words are together above 1")
        return self


class Side(nn.Module):
    """An encoder and its part of the linear layer."""

    def __init__(
        self, encoder: Any, tune: Tune, dropout: float, width: int, labels: int, layers: int = 1
    ) -> None:
        """``width``: of what the linear layer reads, ``layers`` times of which are pooled."""
        super().__init__()
        self.encoder, self.frozen = encoder, tune == "frozen"
        if tune != "all":
            encoder.requires_grad_(False)
        if isinstance(tune, int):
            for layer in encoder_layers(encoder)[-tune:]:
                layer.requires_grad_(True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, labels)
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.zeros(width * layers))
        self.register_buffer("deviation", torch.ones(width * layers))

    def train(self, mode: bool = True) -> Side:
        """A frozen encoder stays in evaluation mode."""
        super().train(mode)
        self.encoder.train(mode and not self.frozen)
        return self

    def vectors(self, *inputs: torch.Tensor) -> torch.Tensor:
        """What is pooled, as a bundle's scorer makes it."""
        raise NotImplementedError

    def weighted(self, vectors: torch.Tensor) -> torch.Tensor:
        """What the linear layer reads, of standardised vectors."""
        return vectors

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Logits float32 [n, labels], whatever the precision of the encoder."""
        vectors = self.vectors(*inputs).float()
        with torch.autocast(vectors.device.type, enabled=False):
            logits: torch.Tensor = self.head(
                self.dropout(self.weighted((vectors - self.mean) / self.deviation))
            )
        return logits

    def spread(self) -> torch.Tensor:
        """The linear layer's weights for standardised vectors: [labels, width * layers]."""
        return self.head.weight.detach()

    def term(self) -> tuple[Floats, Floats]:
        """Weights [labels, width * layers] and biases [labels] for vectors as they are pooled."""
        weight = self.spread() / self.deviation
        bias = self.head.bias.detach() - weight @ self.mean
        return weight.float().cpu().numpy(), bias.float().cpu().numpy()

    def above(self) -> Iterator[nn.Parameter]:
        """Parameters above the encoder."""
        yield from self.head.parameters()


class Voice(Side):
    """Prepared sound, float32 [n, time], zero after each clip's length, and the lengths [n] -> logits."""

    def __init__(self, encoder: Any, table: AudioTable, labels: int) -> None:
        kinds = 2 if table.pooling == "mean-std" else 1
        weighted = table.layers == "weighted"
        layers = encoder.config.num_hidden_layers + 1 if weighted else 1
        width = kinds * encoder.config.hidden_size
        super().__init__(encoder, table.tune, table.dropout, width, labels, layers)
        self.kinds = kinds
        self.settings = table.settings(table.encoder)
        self.layer_weights = nn.Parameter(torch.zeros(layers)) if weighted else None

    def vectors(self, *inputs: torch.Tensor) -> torch.Tensor:
        samples, lengths = inputs
        return encode.pool_audio([self.encoder], self.settings, samples, lengths)

    def weighted(self, vectors: torch.Tensor) -> torch.Tensor:
        """The mean over layers, with the weights that are learned."""
        if self.layer_weights is None:
            return vectors
        parts = vectors.reshape(len(vectors), self.kinds, len(self.layer_weights), -1)
        return torch.einsum("nklw,l->nkw", parts, self.layer_weights.softmax(0)).flatten(1)

    def spread(self) -> torch.Tensor:
        weight = self.head.weight.detach()
        if self.layer_weights is None:
            return weight
        of_layers = self.layer_weights.detach().softmax(0)
        return torch.einsum("ckw,l->cklw", weight.reshape(len(weight), self.kinds, -1), of_layers).flatten(1)

    def above(self) -> Iterator[nn.Parameter]:
        yield from super().above()
        if self.layer_weights is not None:
            yield self.layer_weights


class Words(Side):
    """Token ids and their mask, both [n, tokens] -> logits."""

    def __init__(self, encoder: Any, table: TextTable, labels: int) -> None:
        kinds = 2 if table.pooling == "mean-max" else 1
        super().__init__(encoder, table.tune, table.dropout, kinds * encoder.config.hidden_size, labels)
        self.settings = table.settings(table.encoder)

    def vectors(self, *inputs: torch.Tensor) -> torch.Tensor:
        input_ids, attention_mask = inputs
        return encode.pool_text(self.encoder, self.settings, input_ids, attention_mask)


@torch.no_grad()
def standardise(voice: Voice, clips: Sequence[Floats], batch: int) -> None:
    """Set the mean and deviation of ``voice`` to those of its vectors of prepared clips, ``batch`` at once."""
    device = voice.head.weight.device
    voice.eval()
    ordered = sorted(clips, key=len)
    vectors = []
    for at in range(0, len(ordered), batch):
        samples, lengths = encode.padded(ordered[at : at + batch])
        vectors.append(voice.vectors(samples.to(device), lengths.to(device)).float())
    found = torch.cat(vectors)
    voice.mean.copy_(found.mean(0))
    voice.deviation.copy_(found.std(0).clamp(min=1e-3))


class Joint(nn.Module):
    """One side or both."""

    def __init__(self, voice: Voice | None, words: Words | None, hidden: HiddenTable, labels: int) -> None:
        super().__init__()
        self.voice, self.words, self.hidden, self.labels = voice, words, hidden, labels

    def forward(
        self,
        has_audio: torch.Tensor,
        has_text: torch.Tensor,
        samples: torch.Tensor | None = None,
        lengths: torch.Tensor | None = None,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Logits float32 [n, labels]; ``has_audio`` and ``has_text``: bool [n]."""
        if self.training:
            has_audio, has_text = self.hide_sides(has_audio, has_text)
        logits = torch.zeros(len(has_audio), self.labels, device=has_audio.device)
        if self.voice is not None and samples is not None and lengths is not None and has_audio.any():
            (rows,) = has_audio.nonzero(as_tuple=True)
            logits = logits.index_add(0, rows, self.voice(samples[rows], lengths[rows]))
        if self.words is not None and input_ids is not None and attention_mask is not None and has_text.any():
            (rows,) = has_text.nonzero(as_tuple=True)
            logits = logits.index_add(0, rows, self.words(input_ids[rows], attention_mask[rows]))
        return logits

    def hide_sides(
        self, has_audio: torch.Tensor, has_text: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Both masks, bool [n], without the sides that are dropped at random; of a row with both never both."""
        drawn = torch.rand(len(has_audio), device=has_audio.device)
        both = has_audio & has_text
        voice = both & (drawn < self.hidden.voice)
        words = both & ~voice & (drawn < self.hidden.voice + self.hidden.words)
        return has_audio & ~voice, has_text & ~words

    def groups(self, table: TrainingTable) -> list[dict[str, Any]]:
        """Parameter groups: what is above the encoders at its own rate, their layers from the top down."""
        sides = [side for side in (self.voice, self.words) if side is not None]
        rate = table.head_learning_rate or table.learning_rate
        groups = at_rate(chain.from_iterable(side.above() for side in sides), rate, table.weight_decay)
        for side in sides:
            layers = _layers_from_the_top(side.encoder)
            groups += layered(layers, table.learning_rate, table.layer_decay, table.weight_decay)
        return groups


def encoder_layers(encoder: Any) -> list[nn.Module]:
    """The transformer layers of Whisper's encoder, of HuBERT and its relatives, or of a BERT, from the bottom up."""
    inner = getattr(encoder, "encoder", encoder)
    return list(inner.layers if hasattr(inner, "layers") else inner.layer)


def _layers_from_the_top(encoder: Any) -> Iterator[list[nn.Parameter]]:
    """The parameters of each layer, the uppermost first; at the end those that are in no layer."""
    layers = [list(layer.parameters()) for layer in reversed(encoder_layers(encoder))]
    yield from layers
    known = {id(parameter) for layer in layers for parameter in layer}
    yield [parameter for parameter in encoder.parameters() if id(parameter) not in known]


@dataclass(frozen=True, slots=True)
class Row:
    """A clip or a comment, as the network is trained on it."""

    samples: Floats | None
    """Prepared (model/loudness.py), float32 [n] at 16 kHz."""
    text: str | None
    label: int
    weight: float = 1.0


@dataclass(frozen=True)
class Utterances:
    """Clips as rows, and comments without sound after them: a dataset (rows.Rows)."""

    examples: Sequence[Example]
    longest_s: float | None
    """How much of a clip's sound is encoded; None: sound is not read at all."""
    comments: Sequence[tuple[str, int]] = ()
    """Texts and their labels."""
    weight: float = 1.0
    """Of a comment in the loss, where a clip counts 1."""

    @cached_property
    def labels(self) -> Ints:
        """[n]"""
        clips = [example.label for example in self.examples]
        return np.array([*clips, *(label for _, label in self.comments)], dtype=np.int64)

    @cached_property
    def lengths(self) -> Ints:
        """[n]: samples, or characters where sound is not read.

        A comment has the length of some clip, so that comments are mixed with clips and not among themselves.
        """
        if self.longest_s is None:
            clips = [len(example.clip.text or "") for example in self.examples]
        else:
            clips = [len(np.load(example.sound, mmap_mode="r")) for example in self.examples]
        return np.resize(np.array(clips, dtype=np.int64), len(self))

    def __len__(self) -> int:
        return len(self.examples) + len(self.comments)

    def __getitem__(self, row: int) -> Row:
        if row >= len(self.examples):
            text, label = self.comments[row - len(self.examples)]
            return Row(None, text, label, self.weight)
        example = self.examples[row]
        samples = None
        if self.longest_s is not None:
            samples = prepared(example.samples())[: int(self.longest_s * SAMPLE_RATE)]
        return Row(samples, example.clip.text, example.label)


def collate(rows: Sequence[Row], tokenize: Callable[[list[str]], Any] | None, sound: bool) -> Inputs:
    """The inputs of ``Joint`` for some rows, with "labels" and "weights"."""
    inputs: Inputs = {
        "labels": torch.tensor([row.label for row in rows]),
        "weights": torch.tensor([row.weight for row in rows]),
        "has_audio": torch.tensor([row.samples is not None for row in rows]),
        "has_text": torch.tensor([bool(row.text and row.text.strip()) for row in rows]),
    }
    if sound:
        silence = np.zeros(SHORTEST, np.float32)
        clips = [silence if row.samples is None else row.samples for row in rows]
        inputs["samples"], inputs["lengths"] = encode.padded(clips)
    if tokenize is not None:
        tokens = tokenize([row.text or "" for row in rows])
        inputs["input_ids"], inputs["attention_mask"] = tokens["input_ids"], tokens["attention_mask"]
    return inputs
