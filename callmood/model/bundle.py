"""A trained model on disk, and the scorer that it is loaded into.

A bundle is a folder of three files: ``bundle.json`` (settings, see ``Settings``), ``weights.safetensors`` (the
classifier, and those tensors of the encoders that training changed) and ``CARD.md``. Encoders that are not callmood's
own lie beside them in the hub's format, in folders that the settings name: ``./audio_encoder``, ``./text_encoder``.
The classifier is linear in the audio vector and the text vector side by side, which is a sum of one term for each; a
missing side adds nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.labels import LABELS, USUAL
from callmood.model import encode
from callmood.model.encode import AudioSettings, TextSettings

if TYPE_CHECKING:
    import torch


SETTINGS_FILE: Final = "bundle.json"
WEIGHTS_FILE: Final = "weights.safetensors"
FORMAT: Final = 1
AUDIO_ENCODER: Final = "./audio_encoder"
TEXT_ENCODER: Final = "./text_encoder"
EMBEDDED: Final = Path(__file__).with_name("embedded")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about a bundle that is not a tensor."""

    labels: tuple[str, ...]
    audio: AudioSettings | None
    text: TextSettings | None
    shrink: float = 0.0
    """A baseline of n clips is trusted with n / (n + shrink), the score without a baseline with the rest."""
    temperature_raw: float = 1.0
    temperature_relative: float = 1.0
    voice_weight: float = 1.0
    """Of the audio side's logits where there are words, too; without words they count in full."""
    text_weight: float = 1.0
    shares: tuple[float, ...] = ()
    """Where there are words: how often each label is on a call, before anything is heard. Empty: all alike."""
    threshold: float = 0.0
    """A clip without words whose best probability is below it is called uncertain."""
    threshold_with_words: float = 0.0
    """The same for one with words."""
    ekman_thresholds: tuple[float, ...] = ()
    """Of the ``ekman`` head's probabilities, from where on a text has the emotion."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The classifier's linear terms: weights [labels, width] and biases [labels]."""

    raw: tuple[Floats, Floats] | None = None
    """Of the audio vector itself."""
    relative: tuple[Floats, Floats] | None = None
    """Of the audio vector less the speaker's baseline."""
    text: tuple[Floats, Floats] | None = None
    """Log-likelihood ratios of the labels."""
    ekman: tuple[Floats, Floats] | None = None
    """Of the text vector: one sigmoid for each of Ekman's emotions and neutral; for GoEmotions alone."""


HEADS: Final = tuple(field.name for field in fields(Heads))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Vectors of n segments. Where a side is missing its row is zero."""

    audio: Floats
    """[n, audio width]"""
    text: Floats
    """[n, text width]"""
    has_audio: npt.NDArray[np.bool_]
    has_text: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.has_audio)

    def take(self, rows: Sequence[int] | npt.NDArray[Any]) -> Encoded:
        """Only the given rows, in their order."""
        return Encoded(self.audio[rows], self.text[rows], self.has_audio[rows], self.has_text[rows])


@dataclass(frozen=True, slots=True)
class Baseline:
    """A speaker's usual voice, of ``count`` clips."""

    mean: Floats
    """[labels]: the clips' mean, as the relative head sees it. The head is linear, so that it needs no more of a
    voice than this to compare another clip with; a thousandth of the vector, it can be kept for every call."""
    count: int


@dataclass(frozen=True, slots=True)
class Scorer:
    """A loaded bundle."""

    id: str
    """Hash of the bundle's content; stored with every scan."""
    settings: Settings
    heads: Heads
    audio_encoders: tuple[torch.nn.Module, ...]
    text_encoder: torch.nn.Module | None
    tokenizer: Any

    @property
    def labels(self) -> tuple[str, ...]:
        return self.settings.labels

    @property
    def threshold(self) -> float:
        """Of a clip without words; see ``is_sure``."""
        return self.settings.threshold

    def is_sure(self, chances: Floats, has_words: bool) -> bool:
        """Whether the best of ``chances`` [labels] is probable enough to be called by its name."""
        best = self.labels[int(chances.argmax())]
        together = USUAL if best in USUAL else (best,)
        total = sum(float(chances[self.labels.index(label)]) for label in together if label in self.labels)
        return total >= (self.settings.threshold_with_words if has_words else self.settings.threshold)

    def encode(self, clips: Sequence[Floats | None], texts: Sequence[str | None]) -> Encoded:
        """Vectors of segments, of which sound or text may be missing.

        ``clips``: float32 mono at 16 kHz, 0.2 to 15 s (longer ones are read in windows). Silent ends and the level
        are taken care of; work is batched by length, so give many segments at once.
        """
        if len(clips) != len(texts):
            raise ValueError(f"{len(clips)} clips and {len(texts)} texts")
        audio, text = self.settings.audio, self.settings.text
        heard = np.array([clip is not None and len(clip) > 0 and audio is not None for clip in clips], bool)
        read = np.array([bool(words and words.strip()) and text is not None for words in texts], bool)
        audio_width, text_width = _width(self.heads.raw), _width(self.heads.text)
        sound = np.zeros((len(clips), audio_width), np.float32)
        words = np.zeros((len(texts), text_width), np.float32)
        if audio is not None and self.audio_encoders and heard.any():
            given = [clip for clip, use in zip(clips, heard, strict=True) if clip is not None and use]
            sound[heard] = encode.audio_vectors(self.audio_encoders, audio, given)
        if text is not None and self.text_encoder is not None and read.any():
            known = [line for line, use in zip(texts, read, strict=True) if line is not None and use]
            words[read] = encode.text_vectors(self.text_encoder, self.tokenizer, text, known)
        return Encoded(sound, words, heard, read)

    def baseline(self, encoded: Encoded) -> Baseline:
        """The speaker's baseline from all of ``encoded`` that has sound."""
        count = int(encoded.has_audio.sum())
        total = self._seen(encoded).sum(axis=0, dtype=np.float64)
        return Baseline(np.asarray(total / max(count, 1), dtype=np.float32), count)

    def classify(self, encoded: Encoded, baseline: Baseline | None = None) -> Floats:
        """Calibrated probabilities [n, labels], each row 1 in sum, against ``baseline`` or without one."""
        n, seen = len(encoded), self._seen(encoded)
        mean = np.zeros(seen.shape[1], np.float32) if baseline is None else baseline.mean
        count = 0 if baseline is None else baseline.count
        return self._classify(encoded, seen - mean, np.full(n, count))

    def classify_against_rest(self, encoded: Encoded, earlier: Baseline | None = None) -> Floats:
        """Probabilities [n, labels] of one speaker's segments, each against all the others and ``earlier``."""
        kept = encoded.has_audio.astype(np.int64)
        seen = self._seen(encoded)
        total = seen.sum(axis=0, dtype=np.float64)
        counts = int(kept.sum()) - kept
        if earlier is not None:
            total = total + earlier.count * earlier.mean.astype(np.float64)
            counts = counts + earlier.count
        means = (total - seen) / np.maximum(counts, 1)[:, None]
        return self._classify(encoded, seen - means.astype(np.float32), counts)

    def _seen(self, encoded: Encoded) -> Floats:
        """[n, labels]: the clips as the relative head sees them; zero where there is no sound."""
        if self.heads.relative is None:
            return np.zeros((len(encoded), len(self.labels)), np.float32)
        seen = encoded.audio @ self.heads.relative[0].T
        return np.asarray(seen * encoded.has_audio[:, None], dtype=np.float32)

    def _classify(self, encoded: Encoded, differences: Floats, counts: npt.NDArray[np.int64]) -> Floats:
        """``differences`` [n, labels] from a baseline, as the relative head sees them, of ``counts`` [n] clips."""
        settings, heads = self.settings, self.heads
        logits = np.zeros((len(encoded), len(settings.labels)), np.float32)
        if heads.raw is not None:
            logits += _linear(heads.raw, encoded.audio) / settings.temperature_raw
        if heads.relative is not None:
            trust = (counts / np.maximum(counts + settings.shrink, 1e-9))[:, None].astype(np.float32)
            relative = (differences + heads.relative[1]) / settings.temperature_relative
            logits += trust * (relative - logits)
        logits *= encoded.has_audio[:, None]
        if heads.text is not None:
            words = _linear(heads.text, encoded.text) * np.float32(settings.text_weight)
            if settings.shares:
                words += np.log(np.asarray(settings.shares, np.float32))
            both = logits * np.float32(settings.voice_weight) + words
            logits = np.where(encoded.has_text[:, None], both, logits)
        return softmax(logits)


def softmax(logits: Floats) -> Floats:
    """Along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def _linear(term: tuple[Floats, Floats], vectors: Floats) -> Floats:
    return np.asarray(vectors @ term[0].T + term[1], dtype=np.float32)


def _width(term: tuple[Floats, Floats] | None) -> int:
    return 0 if term is None else term[0].shape[1]


def save(
    folder: Path,
    settings: Settings,
    heads: Heads,
    audio_changes: Mapping[str, torch.Tensor],
    text_changes: Mapping[str, torch.Tensor],
) -> None:
    """Write a bundle but for its card: the encoders' changed tensors as float16, the heads as float32.

    Tensors have transformers' names; those of the first acoustic encoder begin with "0.", and so on.
    """
    import torch
    from safetensors.torch import save as serialized

    tensors = {f"audio.{name}": value.half().contiguous() for name, value in audio_changes.items()}
    tensors |= {f"text.{name}": value.half().contiguous() for name, value in text_changes.items()}
    for name in HEADS:
        term = getattr(heads, name)
        if term is not None:
            tensors[f"heads.{name}.weight"] = torch.from_numpy(np.ascontiguousarray(term[0])).float()
            tensors[f"heads.{name}.bias"] = torch.from_numpy(np.ascontiguousarray(term[1])).float()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(serialized(tensors))
    written = {"format": FORMAT, **asdict(settings)}
    (folder / SETTINGS_FILE).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def load(name_or_folder: str | Path = "embedded", device: str = "auto") -> Scorer:
    """The bundle that comes with callmood ("embedded"), or one in a folder.

    ``device``: "auto", "cpu", "cuda" or "mps".
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = find_bundle(name_or_folder)
    settings = settings_of(folder)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        raise CallmoodError(
            f"{folder / WEIGHTS_FILE} can't be read ({error}): make the model again."
        ) from None
    place = torch.device(encode.pick_device(device))
    audio: tuple[torch.nn.Module, ...] = ()
    text = tokenizer = None
    if settings.audio is not None:
        audio = tuple(
            _overlaid(encode.load_audio_encoder(_placed(name, folder)), tensors, f"audio.{number}.").to(place)
            for number, name in enumerate(settings.audio.encoders)
        )
    if settings.text is not None:
        text, tokenizer = encode.load_text_encoder(_placed(settings.text.encoder, folder))
        text = _overlaid(text, tensors, "text.").to(place)
    heads = Heads(*(_term(tensors, name) for name in HEADS))
    return Scorer(content_id(folder), settings, heads, audio, text, tokenizer)


def find_bundle(name_or_folder: str | Path) -> Path:
    """The folder of a bundle, "embedded" or one of the user's; it has all its files."""
    folder = EMBEDDED if str(name_or_folder) == "embedded" else Path(name_or_folder)
    for name in (SETTINGS_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CallmoodError(
                f"{folder} is not an emotion model: it has no {name}; make one with callmood train."
            )
    return folder


def content_id(folder: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a bundle's settings, weights and encoders."""
    digest = hashlib.sha256()
    encoders = (path for name in (AUDIO_ENCODER, TEXT_ENCODER) for path in sorted((folder / name).glob("*")))
    for path in (folder / SETTINGS_FILE, folder / WEIGHTS_FILE, *encoders):
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()[:16]


def _placed(encoder: str, folder: Path) -> str:
    """The name of an encoder, or its folder where it lies in that of the bundle."""
    return str(folder / encoder) if encoder in (AUDIO_ENCODER, TEXT_ENCODER) else encoder


def settings_of(folder: Path) -> Settings:
    """What the bundle in ``folder`` says of itself."""
    path = folder / SETTINGS_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise CallmoodError(f"{folder} is not a model: it has no {SETTINGS_FILE}.") from None
    except ValueError as error:
        raise CallmoodError(f"{path} can't be read: {error}.") from None
    if not isinstance(table, dict) or table.pop("format", None) != FORMAT:
        raise CallmoodError(f"{path} is of a format that this version of callmood does not know.")
    if tuple(table.get("labels", ())) != LABELS:
        raise CallmoodError(f"{path} has other labels, or another order of them, than {', '.join(LABELS)}.")
    try:
        settings = Settings(**table)
        return replace(
            settings,
            labels=tuple(settings.labels),
            shares=tuple(settings.shares),
            ekman_thresholds=tuple(settings.ekman_thresholds),
            audio=None if table["audio"] is None else _audio(table["audio"]),
            text=None if table["text"] is None else TextSettings(**table["text"]),
        )
    except (TypeError, KeyError) as error:
        raise CallmoodError(f"{path} lacks a setting or has an unknown one: {error}.") from None


def _audio(table: Mapping[str, Any]) -> AudioSettings:
    return replace(AudioSettings(**table), encoders=tuple(table["encoders"]))


def _overlaid(encoder: torch.nn.Module, tensors: Mapping[str, torch.Tensor], prefix: str) -> torch.nn.Module:
    """``encoder`` with those of its tensors replaced that the bundle holds."""
    changes = {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
    unknown = encoder.load_state_dict(changes, strict=False).unexpected_keys
    if unknown:
        raise CallmoodError(f"The bundle's weights do not fit its encoder: it has no {unknown[0]}.")
    return encoder.eval()


def _term(tensors: Mapping[str, torch.Tensor], name: str) -> tuple[Floats, Floats] | None:
    if f"heads.{name}.weight" not in tensors:
        return None
    return (
        tensors[f"heads.{name}.weight"].float().numpy(),
        tensors[f"heads.{name}.bias"].float().numpy(),
    )
