"""The [training] table of a recipe whose system is trained by gradient."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from callmood.training.recipe import Table


class TrainingTable(Table):
    """How weights are fitted; see the recipes."""

    learning_rate: float = Field(gt=0)
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """Each layer's rate is this share of the rate of the layer above it."""
    head_learning_rate: float | None = None
    """Of what is above the encoders; none: ``learning_rate``."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Of matrices; vectors (biases, norms) are not decayed."""
    warmup_steps: int = Field(default=0, ge=0)
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    epochs: int = Field(gt=0)
    batch_size: int = Field(gt=0)
    """Clips that a process reads at once."""
    evaluation_batch_size: int = Field(default=32, gt=0)
    accumulate: int = Field(default=1, gt=0)
    """Batches per step."""
    group_by_length: bool = False
    """Batches are of clips of similar lengths: less padding."""
    precision: Literal["float32", "bfloat16"] = "float32"
    class_weights: bool = False
    """Rare labels count more in the loss, so that every label has the same sum."""
    max_grad_norm: float = Field(default=1.0, ge=0)
    """Longer gradients are shortened to it; 0: never."""
    evaluations_per_epoch: int = Field(default=1, gt=0)
    """How often the validation part is scored and a checkpoint is kept."""
    patience: int = Field(default=0, ge=0)
    """Evaluations without a better UA + WA after which training ends; 0: never. The best weights are always kept."""
    workers: int = Field(default=0, ge=0)
    """Processes that load clips ahead; 0: none."""
