"""The numbers of a text model's training: the table [text] of recipes/text.toml."""

from __future__ import annotations

from callmood.training import recipe as recipe_files
from callmood.training.recipe import Table


class TextRecipe(Table):
    """Every number of one training."""

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


def load() -> TextRecipe:
    """The recipe that comes with callmood."""
    return recipe_files.read(TextRecipe, recipe_files.load("text")["text"])
