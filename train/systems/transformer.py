"""Encoders tuned on the corpus: the voice alone, the words alone, or both in the paper's joint arrangement."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from pydantic import Field, model_validator
from safetensors import SafetensorError

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model import bundle, encode
from callmood.model.scorer import BundleSettings, Heads, Scorer, softmax
from callmood.training.corpora.goemotions import LABEL_OF_EKMAN, read_comments
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Example, Parts, true_labels
from callmood.training.fit import trainer
from callmood.training.fit.joint import (
    AudioTable,
    HiddenTable,
    Joint,
    TextTable,
    Utterances,
    Voice,
    Words,
    collate,
    standardise,
)
from callmood.training.fit.table import TrainingTable
from callmood.training.launch import is_main
from callmood.training.measure.calibration import DecisionTable, best_temperature, lowest_threshold
from callmood.training.recipe import Table
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace

_NOT_TRAINED: Final = -1e4
"""The bias of a label that is not in the corpus: its probability is 0."""
_CLIPS_IN_MEMORY: Final = 256
"""When a test part is scored."""


class TextCorpusTable(Table):
    """Comments that are mixed into the training part, as rows without sound."""

    folder: Path
    """Of GoEmotions."""
    share: float = Field(gt=0, lt=1)
    """Of the rows."""
    weight: float = Field(gt=0)
    """Of a comment in the loss, where a clip counts 1."""


class Recipe(CorpusRecipe):
    """Every number of a run; see recipes/whisper_minilm.toml. Without [audio] or [text] that side is missing."""

    audio: AudioTable | None = None
    text: TextTable | None = None
    modality_dropout: HiddenTable = HiddenTable()
    text_corpus: TextCorpusTable | None = None
    training: TrainingTable
    decision: DecisionTable

    @model_validator(mode="after")
    def _has_a_side(self) -> Recipe:
        if self.audio is None and self.text is None:
            raise ValueError("it has neither an audio nor a text table")
        if self.text is None and self.text_corpus is not None:
            raise ValueError("text_corpus needs a text table")
        return self


@dataclass(frozen=True, slots=True)
class Built:
    """A network before its training."""

    joint: Joint
    tokenizer: Any
    audio_base: str | None
    """The name of the published encoder that the network's own came from."""
    text_base: str | None


def run(recipe: Recipe, parts: Parts, workspace: Workspace) -> Outcome:
    """Train on ``parts.train``, write a bundle to ``workspace.out``, and score the test part with that bundle."""
    torch.manual_seed(recipe.seed)
    built = build(recipe, len(parts.labels))
    longest = None if recipe.audio is None else recipe.audio.longest_s
    given = parts.train if recipe.audio is not None else [row for row in parts.train if row.clip.text]
    if not given:
        raise CallmoodError("No clip of the training part has a text, and this recipe reads nothing else.")
    comments = comments_of(recipe, parts.labels, len(given))
    weight = 1.0 if recipe.text_corpus is None else recipe.text_corpus.weight
    validation = Utterances(parts.validation, longest)
    rows = Utterances(given, longest, comments, weight)
    _standardise(built.joint, recipe, rows, workspace)
    batched = partial(collate, tokenize=tokenizer_of(built, recipe), sound=recipe.audio is not None)
    fitted = trainer.fit(
        built.joint,
        rows,
        validation,
        batched,
        recipe.training,
        labels=len(parts.labels),
        seed=recipe.seed,
        workspace=workspace,
        groups=built.joint.groups(recipe.training),
    )
    logits = trainer.predict(built.joint, validation, batched, recipe.training, workspace)
    temperature = best_temperature(lambda divisor: logits / divisor, true_labels(parts.validation))
    probabilities = softmax(logits / np.float32(temperature))
    threshold = lowest_threshold(probabilities, true_labels(parts.validation), recipe.decision.precision)
    if is_main():
        try:
            save(workspace.out, built, recipe, parts, temperature, threshold)
        except (OSError, SafetensorError) as error:
            raise CallmoodError(
                f"The model can't be written to {workspace.out} ({error}). Make room on that disk and start the same "
                "command again with --resume; nothing has to be trained again."
            ) from None
    trainer.wait()
    scorer = bundle.load(workspace.out, workspace.device)
    notes = {**fitted.notes, "temperature": round(temperature, 3), "comments": len(comments)}
    if recipe.audio is None:
        notes["test_clips_without_text"] = _count_without_text(parts.test, workspace)
    return Outcome(score(scorer, parts.test, parts.labels), fitted.history, notes)


def _count_without_text(test: Sequence[Example], workspace: Workspace) -> int:
    """How many clips a system of words alone has to guess; they count, so that all systems have the same test."""
    count = sum(not example.clip.text for example in test)
    if count:
        workspace.report(
            f"{count} of {len(test)} clips to test have no text: they count in the metrics, as guesses"
        )
    return count


def build(recipe: Recipe, labels: int) -> Built:
    """The network of a recipe, with published encoders or those of earlier bundles, in float32 on the processor.

    Raises CallmoodError for an encoder that can't be loaded or tuned.
    """
    voice = words = tokenizer = audio_base = text_base = None
    if recipe.audio is not None:
        encoder, audio_base = _audio_encoder(recipe.audio.encoder)
        voice = Voice(encoder.float(), recipe.audio, labels)
    if recipe.text is not None:
        encoder, tokenizer, text_base = _text_encoder(recipe.text.encoder)
        words = Words(encoder.float(), recipe.text, labels)
    return Built(Joint(voice, words, recipe.modality_dropout, labels), tokenizer, audio_base, text_base)


def _standardise(joint: Joint, recipe: Recipe, rows: Utterances, workspace: Workspace) -> None:
    if recipe.audio is None or not recipe.audio.standardise or joint.voice is None:
        return
    joint.to(encode.pick_device(workspace.device))
    count = len(rows.examples)
    chosen = random.Random(recipe.seed).sample(range(count), min(recipe.audio.standardise, count))
    clips = [samples for row in chosen if (samples := rows[row].samples) is not None]
    standardise(joint.voice, clips, recipe.training.evaluation_batch_size)


def save(
    folder: Path, built: Built, recipe: Recipe, parts: Parts, temperature: float, threshold: float
) -> None:
    """Write the bundle: of callmood's own encoders only what training changed, others whole, in the hub's format.

    Raises OSError and SafetensorError where the disk is full.
    """
    audio = text = raw = words_term = None
    audio_changes: dict[str, torch.Tensor] = {}
    text_changes: dict[str, torch.Tensor] = {}
    voice, words = built.joint.voice, built.joint.words
    if recipe.audio is not None and voice is not None:
        raw = _over_all_labels(voice.term(), parts.labels)
        audio = recipe.audio.settings(bundle.AUDIO_ENCODER)
        if built.audio_base == encode.TINY_EN:
            audio = recipe.audio.settings(encode.TINY_EN)
            published = encode.load_audio_encoder(encode.TINY_EN)
            audio_changes = {
                f"0.{name}": value for name, value in _changed_tensors(voice.encoder, published).items()
            }
        else:
            voice.encoder.save_pretrained(folder / bundle.AUDIO_ENCODER)
    if recipe.text is not None and words is not None:
        words_term = _over_all_labels(words.term(), parts.labels)
        text = recipe.text.settings(bundle.TEXT_ENCODER)
        if built.text_base == encode.MINILM:
            text = recipe.text.settings(encode.MINILM)
            text_changes = _changed_tensors(words.encoder, encode.load_text_encoder(encode.MINILM)[0])
        else:
            words.encoder.save_pretrained(folder / bundle.TEXT_ENCODER)
            built.tokenizer.save_pretrained(folder / bundle.TEXT_ENCODER)
    settings = BundleSettings(
        labels=LABELS,
        audio=audio,
        text=text,
        temperature_raw=temperature,
        text_weight=1 / temperature,
        threshold=threshold,
        threshold_with_words=threshold,
    )
    bundle.save(folder, settings, Heads(raw=raw, text=words_term), audio_changes, text_changes)


def score(scorer: Scorer, examples: Sequence[Example], labels: Sequence[str]) -> Floats:
    """Probabilities [n, labels] as a scan gives them, from sound and words."""
    columns = [LABELS.index(label) for label in labels]
    probabilities = [np.zeros((0, len(labels)), np.float32)]
    for at in range(0, len(examples), _CLIPS_IN_MEMORY):
        some = examples[at : at + _CLIPS_IN_MEMORY]
        sounds = [example.samples() if scorer.settings.audio else None for example in some]
        encoded = scorer.encode(sounds, [example.clip.text for example in some])
        probabilities.append(scorer.classify(encoded)[:, columns])
    return np.concatenate(probabilities)


def _audio_encoder(name: str) -> tuple[Any, str]:
    """The acoustic encoder to start from, and the name of the published one that it came from."""
    if (Path(name) / bundle.SETTINGS_FILE).is_file():
        settings = bundle.settings_of(Path(name)).audio
        if settings is None:
            raise CallmoodError(f"The model {name} has no acoustic encoder to start from.")
        return bundle.load_audio_modules(Path(name))[0], settings.encoders[0]
    if name == encode.CAMPLUS:
        raise CallmoodError(f"{name} can't be tuned. Use {encode.TINY_EN} or the folder of a model.")
    return encode.load_audio_encoder(name), name


def _text_encoder(name: str) -> tuple[Any, Any, str]:
    """The text encoder to start from, its tokenizer, and the name of the published one that it came from."""
    if (Path(name) / bundle.SETTINGS_FILE).is_file():
        settings, found = bundle.settings_of(Path(name)).text, bundle.load_text_module(Path(name))
        if settings is None or found is None:
            raise CallmoodError(f"The model {name} has no text encoder to start from.")
        return *found, settings.encoder
    return *encode.load_text_encoder(name), name


def tokenizer_of(built: Built, recipe: Recipe) -> Any:
    """Texts -> token ids and mask, as the recipe cuts and pads them; None without words."""
    if recipe.text is None:
        return None
    return partial(
        built.tokenizer,
        truncation=True,
        max_length=recipe.text.max_tokens,
        padding=True,
        return_tensors="pt",
    )


def comments_of(recipe: Recipe, labels: Sequence[str], clips: int) -> list[tuple[str, int]]:
    """GoEmotions comments with one emotion, one of ``labels``, as many as ``text_corpus`` asks for beside ``clips``.

    Each with the index of its label. Raises CallmoodError where the corpus can't be read.
    """
    if recipe.text_corpus is None:
        return []
    known = []
    for comment in read_comments(recipe.text_corpus.folder, "train"):
        names = {LABEL_OF_EKMAN[group] for group in comment.ekman}
        if len(names) == 1 and names <= set(labels):
            known.append((comment.text, labels.index(names.pop())))
    share = recipe.text_corpus.share
    wanted = round(clips * share / (1 - share))
    return random.Random(recipe.seed).sample(known, min(wanted, len(known)))


def _over_all_labels(term: tuple[Floats, Floats], labels: Sequence[str]) -> tuple[Floats, Floats]:
    """A linear term over ``labels`` as one over all of callmood's."""
    rows = [LABELS.index(label) for label in labels]
    weight = np.zeros((len(LABELS), term[0].shape[1]), np.float32)
    bias = np.full(len(LABELS), _NOT_TRAINED, np.float32)
    weight[rows], bias[rows] = term
    return weight, bias


def _changed_tensors(encoder: Any, published: Any) -> dict[str, torch.Tensor]:
    """The tensors of ``encoder`` that differ from the published ones."""
    before = published.state_dict()
    now = {name: value.detach().cpu() for name, value in encoder.state_dict().items()}
    return {name: value for name, value in now.items() if not torch.equal(value, before[name])}
