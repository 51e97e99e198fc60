"""The numbers of a text model's training: the table [text] of recipes/text.toml."""

from __future__ import annotations

from callmood.training import recipe as recipe_files
from callmood.training.recipe import Table


class Stage(Table):
    """A part of the training, with its own mix of texts."""

    comments: float = 0.0
    """Passes over GoEmotions; the fraction is a sample, as with the others."""
    conversation: float = 0.0
    """Passes over MELD. Without MELD a stage that reads it is left out."""
    service_talk: float = 0.0
    """Passes over the sentences of service_talk.toml."""
    lowest_layer: int = 0
    """The encoder's layers below it stay as they are: less to compute."""
    first_rate: float
    """At the stage's beginning all rates are multiplied by it, at its end by ``last_rate``, linear in between."""
    last_rate: float


class TextRecipe(Table):
    """Every number of one training."""

    seed: int
    max_tokens: int
    batch_size: int
    stages: tuple[Stage, ...]
    learning_rate: float
    """Of the uppermost layer; each layer below has ``layer_decay`` times the rate of the one above it."""
    layer_decay: float
    head_learning_rate: float
    weight_decay: float
    warmup_steps: int
    """At the beginning the rates rise to their full height in so many steps."""
    gradient_norm: float
    dropout: float
    average_decay: float
    """Of the exponential moving average of the weights, per step. The average is what is kept."""
    fine_weight: float
    """Weight of the loss over 28 labels beside that over seven."""
    single_weight: float
    """Weight of the loss of the softmax, on the comments with one group."""
    spoken_weight: float
    """Weight of the loss of the softmax on conversation and service talk, which have no other loss."""
    positive_power: float
    """A group's positives weigh (negatives / positives) to this power: 0 is no weighting, 1 is balance."""
    bare_share: float
    """Share of training texts that lose their punctuation and signs, as a transcript may have none."""
    name_share: float
    """Share of training texts whose [NAME] is replaced by one of ``names``."""
    names: tuple[str, ...]
    joined_share: float
    """Share of sentences of service talk that get a neutral one before or behind them."""
    misheard_share: float
    """Share of neutral sentences of service talk in which a word is one of ``misheard``: a recogniser's error, and no
    mood."""
    misheard: tuple[str, ...]
    disfluent_share: float
    """Share of what is said that gets a hesitation, a word twice, or one too few."""
    hesitations: tuple[str, ...]
    bias_pull: float
    """How strongly the biases of the calibration are held to zero."""
    threads: int
    bfloat16: bool


def load() -> TextRecipe:
    """The recipe that comes with callmood."""
    return recipe_files.read(TextRecipe, recipe_files.load("text")["text"])
