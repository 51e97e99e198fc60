"""The text tower: a small BERT tuned on GoEmotions to read emotion in words.

One encoder carries two heads that ship and one that only helps training. All read the same vector of a text:
the mean and the maximum over its tokens of the encoder's last layer, side by side.

- ``ekman``: seven sigmoid logits, one for each of EKMAN_LABELS; a text may have several.
- ``single``: one softmax over the seven, fitted to sentences of calls too and calibrated on held-out texts,
  for fusion with audio.
- ``fine``: the corpus's 28 labels, an auxiliary loss.

The encoder's embeddings stay as they were published, so only the tuned layers need to be stored.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
import transformers
from rich.console import Console
from rich.progress import track
from safetensors.torch import save_file
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import f1_score, precision_recall_curve
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import AutoTokenizer, BertModel, get_cosine_schedule_with_warmup

from callmood.arrays import Doubles
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model.encode import pretrained
from callmood.training.corpora.goemotions import EKMAN_LABELS, FINE_LABELS, Comment, Part, read_comments
from callmood.training.measure.metrics import calibration_error

LABEL_OF_EKMAN = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
"""callmood's label of each group. No corpus of texts knows ``calm``: words cannot tell it from neutral."""

ENCODER_FILE, HEAD_FILE, CARD_FILE = "text.safetensors", "head.safetensors", "tower.json"

_PUNCTUATION = re.compile(r"[^\w\s']+")
_NAME = re.compile(r"\[NAME\]")
_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")
_POOL = 50  # batches that are sorted by length together


@dataclass(frozen=True)
class TextSettings:
    """The numbers of one training, as a recipe's [text] table gives them."""

    seed: int
    max_tokens: int
    batch_size: int
    epochs: int
    schedule_epochs: int
    """How many epochs the schedule of the rates is laid out for. Training may end earlier, at higher rates: the
    moving average is what makes such weights good."""
    learning_rate: float
    """Of the uppermost layer; each layer below has ``layer_decay`` times the rate of the one above it."""
    layer_decay: float
    head_learning_rate: float
    weight_decay: float
    warmup_share: float
    """Share of all steps in which the rates rise to their full height; then they fall along a cosine."""
    gradient_norm: float
    dropout: float
    average_decay: float
    """Of the exponential moving average of the weights, per step. The average is what is kept."""
    fine_weight: float
    """Weight of the loss over 28 labels beside that over seven."""
    single_weight: float
    """Weight of the loss of the softmax, on the texts with one group."""
    positive_power: float
    """A group's positives weigh (negatives / positives) to this power: 0 is no weighting, 1 is balance."""
    bare_share: float
    """Share of training texts that lose their punctuation and signs, as a transcript may have none."""
    name_share: float
    """Share of training texts whose [NAME] is replaced by one of ``names``."""
    names: tuple[str, ...]
    phrase_weight: float
    """Weight of all call phrases together, against 1 for the corpus, when the softmax is fitted to both."""
    phrase_comments: int
    """How many of the training comments stand for the corpus in that fit."""
    phrase_pull: float
    """How strongly that fit is held to the softmax that was trained on the corpus alone."""
    threads: int
    bfloat16: bool

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> TextSettings:
        """Settings from a recipe's table, which must hold each of them and nothing else."""
        names = {field.name for field in fields(cls)}
        if set(table) != names:
            wrong = ", ".join(sorted(names ^ set(table)))
            raise CallmoodError(f"The recipe's [text] table lacks a setting or has an unknown one: {wrong}.")
        return cls(**{**table, "names": tuple(table["names"])})


class Logits(NamedTuple):
    """A tower's answers for some texts."""

    ekman: Tensor
    """[texts, 7]: sigmoid logits in the order of EKMAN_LABELS."""
    single: Tensor
    """[texts, 7]: softmax logits in the same order."""
    fine: Tensor
    """[texts, 28]: sigmoid logits in the order of FINE_LABELS."""


class TextTower(nn.Module):
    """An encoder with its heads, all zero at first: weights of several trainings may then be averaged."""

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
        return pooled(hidden.float(), attention_mask)

    def heads(self, vectors: Tensor) -> Logits:
        """The heads' answers to such vectors."""
        return Logits(self.ekman(vectors), self.single(vectors), self.fine(vectors))


def pooled(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean and maximum over a text's tokens: [texts, tokens, width] -> [texts, 2 * width]."""
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    mean = (hidden * mask).sum(1) / mask.sum(1)
    maximum = hidden.masked_fill(mask == 0, -torch.inf).amax(1)
    return torch.cat((mean, maximum), dim=1)


def _zero_linear(width: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(width, outputs)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


class TextReader:
    """Turns texts into a tower's inputs: at most ``max_tokens`` tokens each, padded to the longest."""

    def __init__(self, encoder_folder: Path, max_tokens: int) -> None:
        self._tokenizer = pretrained(AutoTokenizer, str(encoder_folder))
        self._max_tokens = max_tokens

    def __call__(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """``input_ids`` and ``attention_mask``, both [texts, tokens]."""
        batch = self._tokenizer(
            list(texts), truncation=True, max_length=self._max_tokens, padding=True, return_tensors="pt"
        )
        return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


@dataclass(frozen=True)
class TrainedText:
    """A tuned tower with what dev taught about reading its answers."""

    tower: TextTower
    reader: TextReader
    settings: TextSettings
    thresholds: Doubles
    """[7]: the probability from which on a group counts as present, the best for each group's F1 on dev."""
    temperature: float
    """The softmax logits are divided by it: the best log-likelihood on dev's texts with one group."""
    log_prior: Doubles
    """[7]: logarithm of each group's share among the training texts with one group."""


def train_text(
    settings: TextSettings,
    train: Sequence[Comment],
    dev: Sequence[Comment],
    phrases: Sequence[Comment],
    encoder_folder: Path,
    report: Callable[[str], None] = print,
) -> TrainedText:
    """Tune the encoder in ``encoder_folder`` on ``train``; the same settings give the same weights.

    At the end the softmax alone is fitted to ``phrases`` too: sentences of calls, with one group each.
    ``report`` hears the loss and dev's macro F1 after each epoch. Dev sets the thresholds and the
    temperature, and nothing of the weights.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    draw = random.Random(settings.seed)
    reader = TextReader(encoder_folder, settings.max_tokens)
    tower = TextTower(load_encoder(encoder_folder), settings.dropout)
    average_of = get_ema_multi_avg_fn(settings.average_decay)  # type: ignore[no-untyped-call]
    average = AveragedModel(tower, multi_avg_fn=average_of)
    averaged = cast(TextTower, average.module)
    optimizer = torch.optim.AdamW(parameter_groups(tower, settings), fused=True)
    steps = settings.schedule_epochs * -(-len(train) // settings.batch_size)
    schedule = get_cosine_schedule_with_warmup(optimizer, round(settings.warmup_share * steps), steps)
    weights = positive_weights(train, settings.positive_power)
    for epoch in range(settings.epochs):
        tower.train()
        losses = []
        batches = length_batches(train, settings.batch_size, draw)
        for batch in track(batches, f"epoch {epoch + 1}", console=Console(stderr=True)):
            inputs = reader([roughened(comment.text, settings, draw) for comment in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
                logits = tower(**inputs)
            loss = text_loss(logits, batch, weights, settings)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(tower.parameters(), settings.gradient_norm)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            average.update_parameters(tower)
            losses.append(loss.item())
        answers = predict(averaged, embed(averaged, reader, dev, settings.bfloat16))
        truth = ekman_targets(dev)
        f1 = scores(answers.ekman, truth, best_thresholds(answers.ekman, truth))["macro_f1"]
        report(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, dev macro F1 {f1:.4f}")
    return finished(averaged, reader, settings, train, dev, phrases)


def finished(
    tower: TextTower,
    reader: TextReader,
    settings: TextSettings,
    train: Sequence[Comment],
    dev: Sequence[Comment],
    phrases: Sequence[Comment],
) -> TrainedText:
    """The tower with all that is learned after its weights: from ``dev`` thresholds and temperature.

    ``phrases`` shape the softmax, ``train`` gives its prior. The encoder is rounded to float16 first, as it
    is stored, so that what is measured is what ships.
    """
    with torch.no_grad():
        for parameter in tower.encoder.encoder.parameters():
            parameter.copy_(parameter.half().float())
    train_alone = [comment for comment in train if len(comment.ekman) == 1]
    fit_single_head(tower, reader, settings, train_alone, phrases)
    answers = predict(tower, embed(tower, reader, dev))
    truth = ekman_targets(dev)
    alone = truth.sum(1) == 1
    counts = ekman_targets(train_alone).sum(0) + 1
    return TrainedText(
        tower,
        reader,
        settings,
        thresholds=best_thresholds(answers.ekman, truth),
        temperature=best_temperature(answers.single[alone], truth[alone].argmax(1)),
        log_prior=np.log(counts / counts.sum()),
    )


def fit_single_head(
    tower: TextTower,
    reader: TextReader,
    settings: TextSettings,
    comments: Sequence[Comment],
    phrases: Sequence[Comment],
) -> None:
    """Fit the softmax alone to a sample of ``comments`` and to all ``phrases``, both of one group each."""
    sample = random.Random(settings.seed).sample(comments, min(len(comments), settings.phrase_comments))
    (corpus, corpus_group), (calls, calls_group) = (
        (embed(tower, reader, texts), torch.from_numpy(ekman_targets(texts).argmax(1)))
        for texts in (sample, phrases)
    )
    head = tower.single
    start = head.weight.detach().clone()
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        total = functional.cross_entropy(head(corpus), corpus_group)
        total = total + settings.phrase_weight * functional.cross_entropy(head(calls), calls_group)
        total = total + settings.phrase_pull * (head.weight - start).square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]


def load_encoder(folder: Path) -> BertModel:
    """The published encoder, its embeddings frozen and without the pooler, which a tower does not use.

    Eager attention trains texts of this length in half the processor time of torch's fused one.
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


def parameter_groups(tower: TextTower, settings: TextSettings) -> list[dict[str, Any]]:
    """Groups for the optimizer: rates fall from the heads down; vectors (biases, norms) are not decayed."""
    layers = list(tower.encoder.encoder.layer)
    parts: list[tuple[nn.Module, float]] = [
        (layer, settings.learning_rate * settings.layer_decay**depth)
        for depth, layer in enumerate(reversed(layers))
    ]
    parts += [(head, settings.head_learning_rate) for head in (tower.ekman, tower.single, tower.fine)]
    groups = []
    for part, rate in parts:
        matrices = [parameter for parameter in part.parameters() if parameter.ndim > 1]
        vectors = [parameter for parameter in part.parameters() if parameter.ndim == 1]
        groups.append({"params": matrices, "lr": rate, "weight_decay": settings.weight_decay})
        groups.append({"params": vectors, "lr": rate, "weight_decay": 0.0})
    return groups


def text_loss(logits: Logits, batch: Sequence[Comment], weights: Tensor, settings: TextSettings) -> Tensor:
    """The three heads' losses, each summed over its labels, averaged over the batch and weighted."""
    ekman = torch.from_numpy(ekman_targets(batch))
    fine = torch.from_numpy(targets([comment.labels for comment in batch], FINE_LABELS))
    alone = ekman.sum(1) == 1
    loss = functional.binary_cross_entropy_with_logits(
        logits.ekman.float(), ekman, pos_weight=weights, reduction="sum"
    )
    loss = loss + settings.fine_weight * functional.binary_cross_entropy_with_logits(
        logits.fine.float(), fine, reduction="sum"
    )
    loss = loss + settings.single_weight * functional.cross_entropy(
        logits.single.float()[alone], ekman[alone].argmax(1), reduction="sum"
    )
    return loss / len(batch)


def positive_weights(comments: Sequence[Comment], power: float) -> Tensor:
    """[7]: how much a positive of each group weighs against a negative."""
    positives = ekman_targets(comments).sum(0) + 1
    return torch.from_numpy(((len(comments) + 2 - positives) / positives) ** power)


def roughened(text: str, settings: TextSettings, draw: random.Random) -> str:
    """The text, sometimes with a name put in for [NAME], sometimes without its punctuation."""
    if draw.random() < settings.name_share:
        text = _NAME.sub(lambda _: draw.choice(settings.names), text)
    if draw.random() < settings.bare_share:
        text = _PUNCTUATION.sub(" ", text)
    return text


def length_batches(comments: Sequence[Comment], size: int, draw: random.Random) -> list[list[Comment]]:
    """Every comment once, in batches of about equal lengths, in random order."""
    order = draw.sample(list(comments), len(comments))
    batches = []
    for start in range(0, len(order), size * _POOL):
        pool = sorted(order[start : start + size * _POOL], key=lambda comment: _length(comment.text))
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    draw.shuffle(batches)
    return batches


def _length(text: str) -> int:
    """About the number of a text's tokens."""
    return len(_WORD_OR_SIGN.findall(text))


def targets(label_sets: Sequence[frozenset[str]], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    """[texts, labels]: 1 where a text has a label."""
    return np.array([[label in found for label in labels] for found in label_sets], dtype=np.float32)


def ekman_targets(comments: Sequence[Comment]) -> npt.NDArray[np.float32]:
    """[texts, 7]: 1 where a comment has a group of EKMAN_LABELS."""
    return targets([comment.ekman for comment in comments], EKMAN_LABELS)


class Answers(NamedTuple):
    """A tower's logits as arrays, in the order of the texts: both [texts, 7]."""

    ekman: Doubles
    single: Doubles


@torch.no_grad()
def embed(
    tower: TextTower,
    reader: TextReader,
    comments: Sequence[Comment],
    bfloat16: bool = False,
    batch_size: int = 128,
) -> Tensor:
    """What the heads read of each comment: [comments, 2 * hidden size]."""
    tower.eval()
    order = sorted(range(len(comments)), key=lambda at: _length(comments[at].text))
    vectors = torch.zeros(len(comments), tower.single.in_features)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            vectors[rows] = tower.vectors(**reader([comments[at].text for at in rows]))
    return vectors


@torch.no_grad()
def predict(tower: TextTower, vectors: Tensor) -> Answers:
    """The heads' answers to ``embed``'s vectors."""
    logits = tower.heads(vectors)
    return Answers(logits.ekman.double().numpy(), logits.single.double().numpy())


def best_thresholds(logits: Doubles, truth: npt.NDArray[np.float32]) -> Doubles:
    """[7]: the probability from which on to count a group as present, for the best F1 against ``truth``.

    ``logits`` and ``truth`` are [texts, 7].
    """
    found = []
    for column in range(logits.shape[1]):
        precision, recall, edges = precision_recall_curve(truth[:, column], expit(logits[:, column]))
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        found.append(edges[f1[:-1].argmax()])
    return np.array(found)


def best_temperature(logits: Doubles, truth: npt.NDArray[np.int64]) -> float:
    """The divisor of [texts, classes] logits that gives the true classes the highest likelihood."""

    def loss(log_temperature: float) -> float:
        return -_log_likelihood(logits / np.exp(log_temperature), truth)

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def _log_likelihood(logits: Doubles, truth: npt.NDArray[np.int64]) -> float:
    return float(log_softmax(logits, axis=1)[np.arange(len(truth)), truth].mean())


def scores(logits: Doubles, truth: npt.NDArray[np.float32], thresholds: Doubles) -> dict[str, Any]:
    """Macro F1 and the F1 of each group of [texts, 7] sigmoid logits."""
    each = f1_score(truth, expit(logits) >= thresholds, average=None, zero_division=0)
    return {"macro_f1": float(each.mean()), "f1": dict(zip(EKMAN_LABELS, map(float, each), strict=True))}


def evaluate_text(trained: TrainedText, comments: Sequence[Comment]) -> dict[str, Any]:
    """Figures of both heads on ``comments``: several labels (``macro_f1``, ``f1``), and one label.

    The texts with one group give the calibrated softmax's ``single_accuracy``, ``single_log_loss`` (nats) and
    ``single_ece``.
    """
    answers = predict(trained.tower, embed(trained.tower, trained.reader, comments))
    truth = ekman_targets(comments)
    alone = truth.sum(1) == 1
    single, group = answers.single[alone] / trained.temperature, truth[alone].argmax(1)
    return {
        "texts": len(comments),
        **scores(answers.ekman, truth, trained.thresholds),
        "single_texts": int(alone.sum()),
        "single_accuracy": float((single.argmax(1) == group).mean()),
        "single_log_loss": -_log_likelihood(single, group),
        "single_ece": calibration_error(group, softmax(single, axis=1)),
    }


def evaluate_goemotions(
    encode_logits: Callable[[Sequence[str]], npt.ArrayLike],
    folder: Path,
    thresholds: Sequence[float],
    part: Part = "test",
) -> dict[str, Any]:
    """Macro F1 (``macro_f1``) and F1 by group (``f1``) on one part of a GoEmotions folder.

    ``encode_logits`` turns texts into [texts, 7] sigmoid logits in the order of EKMAN_LABELS; ``thresholds``
    are probabilities in the same order. Several groups may be right for a text.
    """
    comments = list(read_comments(folder, part))
    logits = np.asarray(encode_logits([comment.text for comment in comments]), dtype=np.float64)
    figures = scores(logits, ekman_targets(comments), np.asarray(thresholds))
    return {"corpus": "GoEmotions", "part": part, "texts": len(comments), **figures}


def single_head(trained: TrainedText) -> tuple[Tensor, Tensor]:
    """Weight [8, 2 * width] and bias [8] of calibrated softmax logits in the order of callmood's LABELS.

    Calm and neutral have one row, and each the half of its probability: words do not tell them apart.
    """
    weight = trained.tower.single.weight.detach() / trained.temperature
    bias = trained.tower.single.bias.detach() / trained.temperature
    rows, shares = _rows_of_labels()
    return weight[rows].contiguous(), bias[rows] + torch.log(torch.tensor(shares))


def single_log_prior(trained: TrainedText) -> Doubles:
    """[8]: logarithm of each label's share in training, in the order of LABELS."""
    rows, shares = _rows_of_labels()
    return trained.log_prior[rows] + np.log(shares)


def _rows_of_labels() -> tuple[list[int], list[float]]:
    """For each of LABELS its row among EKMAN_LABELS, and its share of that row's probability."""
    row_of = {label: EKMAN_LABELS.index(group) for group, label in LABEL_OF_EKMAN.items()}
    row_of["calm"] = row_of["neutral"]
    rows = [row_of[label] for label in LABELS]
    return rows, [1.0 / rows.count(row) for row in rows]


def save_text(trained: TrainedText, folder: Path, figures: Mapping[str, Any]) -> None:
    """Write the tuned layers (float16), the two heads that ship (float32) and a card with all settings."""
    folder.mkdir(parents=True, exist_ok=True)
    tuned = {
        f"encoder.{name}": tensor.half().contiguous()
        for name, tensor in trained.tower.encoder.encoder.state_dict().items()
    }
    save_file(tuned, folder / ENCODER_FILE)
    weight, bias = single_head(trained)
    ekman = trained.tower.ekman
    head = {
        "ekman.weight": ekman.weight.detach().contiguous(),
        "ekman.bias": ekman.bias.detach(),
        "single.weight": weight,
        "single.bias": bias,
    }
    save_file(head, folder / HEAD_FILE)
    card = {
        "pooling": "mean and maximum over tokens of the last hidden state, side by side",
        "max_tokens": trained.settings.max_tokens,
        "ekman_labels": EKMAN_LABELS,
        "thresholds": trained.thresholds.tolist(),
        "labels": LABELS,
        "single_log_prior": single_log_prior(trained).tolist(),
        "temperature": trained.temperature,
        "figures": dict(figures),
        "settings": asdict(trained.settings),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
