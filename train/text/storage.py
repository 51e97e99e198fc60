"""A tuned text model on disk: a folder of three files, from which a bundle takes what it needs.

``text.safetensors``: the encoder's tuned layers (float16). ``head.safetensors``: the two heads that ship (float32).
``tower.json``: labels, thresholds, priors, metrics and the recipe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from callmood.arrays import Doubles, Floats
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.training.corpora.goemotions import EKMAN_LABELS, LABEL_OF_EKMAN
from callmood.training.text.calibration import TrainedText

ENCODER_FILE: Final = "text.safetensors"
HEAD_FILE: Final = "head.safetensors"
CARD_FILE: Final = "tower.json"


@dataclass(frozen=True)
class StoredText:
    """What a bundle takes of a text model."""

    encoder: Mapping[str, Tensor]
    """The tuned layers by their names in the encoder."""
    ekman: tuple[Floats, Floats]
    """Weight [7, width] and bias [7] of sigmoid logits in the order of EKMAN_LABELS."""
    ratios: tuple[Floats, Floats]
    """Weight [8, width] and bias [8] of log-likelihood ratios in the order of callmood's LABELS."""
    thresholds: tuple[float, ...]
    """[7]: of the sigmoids."""
    max_tokens: int
    corpora: tuple[str, ...]
    """The corpora of texts that it was trained on, by name."""


def require_text_model(folder: Path) -> None:
    """Raise CallmoodError where ``folder`` lacks a file of a text model."""
    for name in (ENCODER_FILE, HEAD_FILE, CARD_FILE):
        if not (folder / name).is_file():
            raise CallmoodError(
                f"{folder} is not a tuned text encoder: it has no {name}. Make one with --text."
            )


def load_text(folder: Path) -> StoredText:
    """The text model in ``folder``. Raises CallmoodError where a file is missing."""
    require_text_model(folder)
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    heads = {name: tensor.numpy() for name, tensor in load_file(folder / HEAD_FILE).items()}
    prior = np.asarray(card["single_log_prior"], np.float32)
    return StoredText(
        load_file(folder / ENCODER_FILE),
        ekman=(heads["ekman.weight"], heads["ekman.bias"]),
        ratios=(heads["single.weight"], heads["single.bias"] - prior),
        thresholds=tuple(card["thresholds"]),
        max_tokens=card["max_tokens"],
        corpora=tuple(card.get("corpora", ("goemotions",))),
    )


def save_text(
    trained: TrainedText, folder: Path, metrics: Mapping[str, Any], corpora: Sequence[str] = ("goemotions",)
) -> None:
    """Write the model to ``folder``, with ``metrics`` for its card and the names of the ``corpora`` trained on."""
    folder.mkdir(parents=True, exist_ok=True)
    tuned = {
        f"encoder.{name}": tensor.half().contiguous()
        for name, tensor in trained.model.encoder.encoder.state_dict().items()
    }
    save_file(tuned, folder / ENCODER_FILE)
    weight, bias = single_head(trained)
    ekman = trained.model.ekman
    heads = {
        "ekman.weight": ekman.weight.detach().contiguous(),
        "ekman.bias": ekman.bias.detach(),
        "single.weight": weight,
        "single.bias": bias,
    }
    save_file(heads, folder / HEAD_FILE)
    card = {
        "corpora": list(corpora),
        "pooling": "mean and maximum over tokens of the last hidden state, side by side",
        "max_tokens": trained.recipe.max_tokens,
        "ekman_labels": EKMAN_LABELS,
        "thresholds": trained.thresholds.tolist(),
        "labels": LABELS,
        "single_log_prior": single_log_prior(trained).tolist(),
        "temperature": trained.temperature,
        "figures": dict(metrics),
        "settings": trained.recipe.model_dump(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def single_head(trained: TrainedText) -> tuple[Tensor, Tensor]:
    """Weight [8, width] and bias [8] of calibrated softmax logits in the order of callmood's LABELS.

    Calm and neutral have the same row, each with half of its probability: words can't distinguish them.
    """
    weight = trained.model.single.weight.detach() / trained.temperature
    bias = trained.model.single.bias.detach() / trained.temperature + torch.from_numpy(trained.bias).float()
    rows, portions = _rows_of_labels()
    return weight[rows].contiguous(), bias[rows] + torch.log(torch.tensor(portions))


def single_log_prior(trained: TrainedText) -> Doubles:
    """[8]: logarithm of each label's share where the softmax was calibrated, in the order of LABELS."""
    rows, portions = _rows_of_labels()
    return trained.log_prior[rows] + np.log(portions)


def _rows_of_labels() -> tuple[list[int], list[float]]:
    """For each of LABELS its row among EKMAN_LABELS, and its portion of that row's probability."""
    row_of = {label: EKMAN_LABELS.index(group) for group, label in LABEL_OF_EKMAN.items()}
    row_of["calm"] = row_of["neutral"]
    rows = [row_of[label] for label in LABELS]
    return rows, [1.0 / rows.count(row) for row in rows]
