"""The recipe of the embedded system; see recipes/embedded.toml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from callmood.labels import LABELS
from callmood.model.encode import AudioSettings
from callmood.training.corpora.labels import LabelSet
from callmood.training.data import augment
from callmood.training.data.combined import CorpusRecipe
from callmood.training.fit.heads import HeadSettings
from callmood.training.measure.calibration import DecisionTable
from callmood.training.recipe import Table


class AudioTable(Table):
    """The acoustic encoders, and how they are pooled."""

    encoders: tuple[str, ...]
    layers: Literal["all", "last"]
    pooling: Literal["mean", "mean-std"]

    def settings(self) -> AudioSettings:
        """The bundle's settings."""
        return AudioSettings(**self.model_dump())


class CopiesTable(Table):
    """The augmented copies of every clip; the first is the recording as it is."""

    steps: tuple[tuple[str, ...], ...] = Field(min_length=1)
    """Of each copy: names of augment.STEPS."""
    calibration: tuple[int, ...] = Field(min_length=1)
    """The copies, counted from 0, of held-out clips that temperatures and threshold are fitted on."""

    @model_validator(mode="after")
    def _fits(self) -> CopiesTable:
        unknown = [name for steps in self.steps for name in steps if name not in augment.STEPS]
        if unknown:
            raise ValueError(f"there is no step {unknown[0]}, only {', '.join(augment.STEPS)}")
        if self.steps[0]:
            raise ValueError("the first copy has to be the recording as it is, []")
        if not set(self.calibration) <= set(range(len(self.steps))):
            raise ValueError("calibration names a copy that does not exist")
        return self


class BaselineTable(Table):
    """The baseline that each training clip is compared with."""

    usual_clips: int = Field(ge=0)
    """Neutral and calm ones."""
    other_clips: int = Field(ge=0)
    prior_count: float = Field(ge=0)
    """A baseline of n clips is trusted with n / (n + prior_count)."""

    @property
    def trust(self) -> float:
        """How far a baseline of this size is trusted, 0 to 1."""
        count = self.usual_clips + self.other_clips
        return count / (count + self.prior_count)


class FusionTable(Table):
    """How voice and words are weighted where there are both."""

    voice_weight: float = Field(ge=0)
    text_weight: float = Field(ge=0)
    misleading_voice: float = Field(ge=0, lt=1, default=0.0)
    """The share of segments whose voice is assumed to say nothing of the label."""
    misleading_words: float = Field(ge=0, lt=1, default=0.0)
    """The same of words."""
    even_voice: float = Field(ge=0, lt=1, default=0.0)
    """The share of moody segments whose voice is even-tempered."""
    even_words: float = Field(ge=0, lt=1, default=0.0)
    """The same of words."""
    class_priors: dict[str, float]
    """By label: how often it occurs on calls."""
    agent_priors: dict[str, float] | None = None
    """By label: how often it occurs in what agents say; None: as often."""
    words_alone: float = Field(gt=0, le=1, default=1.0)
    """Times the priors of labels of which the corpora have too few clips: the voice can't contradict a word there."""
    threshold: float = Field(ge=0, lt=1)
    threshold_without_words: float = Field(ge=0, lt=1)

    @field_validator("class_priors", "agent_priors")
    @classmethod
    def _complete(cls, priors: dict[str, float] | None) -> dict[str, float] | None:
        if priors is not None and set(priors) != set(LABELS):
            raise ValueError(f"it takes each of {', '.join(LABELS)}")
        return priors


class Recipe(CorpusRecipe):
    """Every number of a run."""

    family: Literal["embedded"]
    labels: LabelSet = "calls"
    most_alike: int = Field(gt=0)
    """How many of a speaker's clips of one label are trained on at most."""
    fewest_of_a_label: int = Field(gt=0, default=1)
    """The voice's heads know no label of which there are fewer clips in all."""
    audio: AudioTable
    copies: CopiesTable
    heads: HeadSettings
    baseline: BaselineTable
    decision: DecisionTable
    fusion: FusionTable

    def with_copies(self, count: int) -> Recipe:
        """The recipe with its first ``count`` copies alone, and calibration on those of its that are left."""
        calibration = tuple(number for number in self.copies.calibration if number < count)
        left = {"steps": self.copies.steps[:count], "calibration": calibration}
        return self.model_copy(update={"copies": self.copies.model_copy(update=left)})
