"""The format of an emotion model on disk.

A bundle is a folder of three files: ``bundle.json`` (settings, see ``BundleSettings``), ``weights.safetensors`` (the
classifier, and those tensors of the encoders that training changed) and ``CARD.md``. Encoders that are not callmood's
own are stored beside them in the hub's format, in folders that the settings name (``./audio_encoder``,
``./text_encoder``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np

from callmood import bundled_weights
from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.hashing import sha256_of_all
from callmood.labels import LABELS
from callmood.model import encode
from callmood.model.course import CourseSettings
from callmood.model.encode import AudioEncoder, AudioSettings, TextEncoder, TextSettings
from callmood.model.networks.weights import require_fit
from callmood.model.scorer import HEADS, BundleSettings, Heads, Scorer

if TYPE_CHECKING:
    import torch

Tensors: TypeAlias = Mapping[str, Floats]

SETTINGS_FILE: Final = "bundle.json"
WEIGHTS_FILE: Final = "weights.safetensors"
FORMAT: Final = 1
AUDIO_ENCODER: Final = "./audio_encoder"
TEXT_ENCODER: Final = "./text_encoder"
INCLUDED: Final = {name: Path(__file__).with_name(name) for name in ("embedded", "open")}
"""The folders of the bundles that come with callmood, by name. A company may use ``open``."""

_PUBLISHED: Final[Mapping[str, bundled_weights.BundledWeights]] = {
    encode.TINY_EN: bundled_weights.TINY_EN,
    encode.CAMPLUS: bundled_weights.CAMPPLUS,
    encode.MINILM: bundled_weights.MINILM,
}
_PREPARATION: Final = 1
"""Counts the ways in which clips and texts were prepared for encoders (``loudness``, ``features``, windows, pooling):
with another way the same encoder makes other vectors."""

_NAMES_ON_DISK: Final = {"prior_count": "shrink", "class_priors": "shares"}
"""Settings that have another name in the file, by their name in code."""
_NAMES_IN_CODE: Final[Mapping[str, str]] = {on_disk: name for name, on_disk in _NAMES_ON_DISK.items()}


class EncoderIds(NamedTuple):
    """Hashes of a bundle's encoders, with their weights and settings; "" for one that it does not have."""

    audio: str
    text: str


def save(
    folder: Path,
    settings: BundleSettings,
    heads: Heads,
    audio_changes: Mapping[str, torch.Tensor],
    text_changes: Mapping[str, torch.Tensor],
) -> None:
    """Write a bundle without its card: the encoders' changed tensors as float16, the heads as float32.

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
    named = {_NAMES_ON_DISK.get(name, name): value for name, value in asdict(settings).items()}
    written = {"format": FORMAT, **named}
    (folder / SETTINGS_FILE).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def load(name_or_folder: str | Path = "embedded", device: str = "auto") -> Scorer:
    """A bundle that comes with callmood ("embedded" or "open"), or one in a folder.

    ``device``: "auto", "cpu", "cuda" or "mps"; on a CPU it encodes on all cores. torch is imported only for GPUs and
    for encoders that are not callmood's own. Raises CallmoodError if the bundle can't be read.
    """
    folder = find_bundle(name_or_folder)
    settings, tensors = settings_of(folder), _tensors(folder)
    device = encode.pick_device(device)
    heads = Heads(*(_head(tensors, name) for name in HEADS))
    return Scorer(
        content_id(folder),
        settings,
        heads,
        None if settings.audio is None else _audio_encoder(folder, settings.audio, tensors, device),
        None if settings.text is None else _text_encoder(folder, settings.text, tensors, device),
    )


def load_audio_modules(folder: Path) -> list[Any]:
    """The acoustic encoders of a bundle as torch modules; none if it has none. Raises CallmoodError as ``load``."""
    settings = settings_of(folder).audio
    return [] if settings is None else _audio_modules(folder, settings, _tensors(folder))


def load_text_module(folder: Path) -> tuple[Any, Any] | None:
    """The text encoder of a bundle as a torch module, and its tokenizer. Raises CallmoodError as ``load``."""
    settings = settings_of(folder).text
    return None if settings is None else _text_module(folder, settings, _tensors(folder))


def _audio_encoder(folder: Path, settings: AudioSettings, tensors: Tensors, device: str) -> AudioEncoder:
    if device == "cpu" and set(settings.encoders) <= encode.OWN:
        from callmood.model.graph_encoders import audio_encoder

        changes = [_changes(tensors, f"audio.{number}.") for number in range(len(settings.encoders))]
        return audio_encoder(settings, changes)
    modules = _audio_modules(folder, settings, tensors)
    for name, module in zip(settings.encoders, modules, strict=True):
        if device.startswith("cuda") and name in encode.OWN:
            encode.round_weights(module)
    return encode.audio_encoder([module.to(device) for module in modules], settings)


def _text_encoder(folder: Path, settings: TextSettings, tensors: Tensors, device: str) -> TextEncoder:
    if device == "cpu" and settings.encoder == encode.MINILM:
        from callmood.model.graph_encoders import text_encoder

        return text_encoder(settings, _changes(tensors, "text."))
    module, tokenizer = _text_module(folder, settings, tensors)
    return partial(encode.text_vectors, module.to(device), tokenizer, settings)


def _audio_modules(folder: Path, settings: AudioSettings, tensors: Tensors) -> list[Any]:
    return [
        _with_changes(
            encode.load_audio_encoder(_location(name, folder)), _changes(tensors, f"audio.{number}.")
        )
        for number, name in enumerate(settings.encoders)
    ]


def _text_module(folder: Path, settings: TextSettings, tensors: Tensors) -> tuple[Any, Any]:
    encoder, tokenizer = encode.load_text_encoder(_location(settings.encoder, folder))
    return _with_changes(encoder, _changes(tensors, "text.")), tokenizer


def load_classifier(name_or_folder: str | Path, model_id: str) -> Scorer:
    """A bundle without its encoders, which classifies segments that were encoded before; loads no torch.

    ``model_id`` is the bundle's ``content_id``. Raises CallmoodError if the bundle can't be read.
    """
    folder = find_bundle(name_or_folder)
    tensors = _tensors(folder, "heads.")
    return Scorer(model_id, settings_of(folder), Heads(*(_head(tensors, name) for name in HEADS)))


def load_texts(name_or_folder: str | Path, device: str) -> TextEncoder | None:
    """The text encoder of a bundle; None if it reads no words. Raises CallmoodError as ``load``."""
    folder = find_bundle(name_or_folder)
    settings = settings_of(folder).text
    return None if settings is None else _text_encoder(folder, settings, _tensors(folder, "text."), device)


def encoder_ids(name_or_folder: str | Path) -> EncoderIds:
    """What tells the encoders of a bundle from others. Bundles with the same ones may differ in all else.

    Raises CallmoodError if the bundle can't be read.
    """
    folder = find_bundle(name_or_folder)
    settings = settings_of(folder)
    audio, text = settings.audio, settings.text
    return EncoderIds(
        "" if audio is None else _encoder_id(folder, asdict(audio), audio.encoders, "audio."),
        "" if text is None else _encoder_id(folder, asdict(text), (text.encoder,), "text."),
    )


def _encoder_id(folder: Path, settings: Mapping[str, Any], names: Sequence[str], beginning: str) -> str:
    """The first 16 hexadecimal digits of a SHA-256 of all that the vectors depend on but the sound or the words."""
    digest = hashlib.sha256(json.dumps([_PREPARATION, settings], sort_keys=True).encode())
    for name in names:
        digest.update(_weights_hash(_location(name, folder)).encode())
    for name, value in sorted(_tensors(folder, beginning).items()):
        digest.update(f"{name} {value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def _weights_hash(encoder: str) -> str:
    """The SHA-256 of an encoder's weights, or its name where they lie in the cache of a hub."""
    if encoder in _PUBLISHED:
        return _PUBLISHED[encoder].sha256
    return sha256_of_all(sorted(Path(encoder).glob("*"))) if Path(encoder).is_dir() else encoder


def find_bundle(name_or_folder: str | Path) -> Path:
    """The folder of a bundle, one of INCLUDED or one of the user's. Raises CallmoodError if a file is missing."""
    folder = INCLUDED.get(str(name_or_folder)) or Path(name_or_folder)
    for name in (SETTINGS_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CallmoodError(
                f"{folder} is not an emotion model: it has no {name}. Train one with callmood train."
            )
    return folder


def content_id(folder: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a bundle's settings, weights and encoders."""
    encoders = (path for name in (AUDIO_ENCODER, TEXT_ENCODER) for path in sorted((folder / name).glob("*")))
    return sha256_of_all([folder / SETTINGS_FILE, folder / WEIGHTS_FILE, *encoders])[:16]


def _tensors(folder: Path, beginning: str = "") -> Tensors:
    """The tensors of a bundle whose names begin so, in float32."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / WEIGHTS_FILE, framework="numpy") as file:
            names = [name for name in file.keys() if name.startswith(beginning)]  # noqa: SIM118
            return {name: np.asarray(file.get_tensor(name), np.float32) for name in names}
    except (SafetensorError, OSError) as error:
        raise CallmoodError(
            f"{folder / WEIGHTS_FILE} can't be read ({error}). Train the model again."
        ) from None


def _location(encoder: str, folder: Path) -> str:
    """The name of an encoder, or its folder if it is stored in the bundle."""
    return str(folder / encoder) if encoder in (AUDIO_ENCODER, TEXT_ENCODER) else encoder


def settings_of(folder: Path) -> BundleSettings:
    """The settings of the bundle in ``folder``. Raises CallmoodError if they can't be read."""
    path = folder / SETTINGS_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise CallmoodError(f"{folder} is not a model: it has no {SETTINGS_FILE}.") from None
    except ValueError as error:
        raise CallmoodError(f"{path} can't be read: {error}.") from None
    if not isinstance(table, dict) or table.pop("format", None) != FORMAT:
        raise CallmoodError(f"{path} has a format that this version of callmood does not support.")
    if tuple(table.get("labels", ())) != LABELS:
        raise CallmoodError(f"{path} must have these labels in this order: {', '.join(LABELS)}.")
    try:
        named = {_NAMES_IN_CODE.get(str(name), str(name)): value for name, value in table.items()}
        settings = BundleSettings(**named)
        return replace(
            settings,
            labels=tuple(settings.labels),
            one_mood=None if settings.one_mood is None else (settings.one_mood[0], settings.one_mood[1]),
            class_priors=tuple(settings.class_priors),
            agent_priors=tuple(settings.agent_priors),
            ekman_thresholds=tuple(settings.ekman_thresholds),
            audio=None if table["audio"] is None else _audio_settings(table["audio"]),
            text=None if table["text"] is None else TextSettings(**table["text"]),
            course=CourseSettings(**table.get("course", {})),
        )
    except (TypeError, KeyError) as error:
        raise CallmoodError(f"{path} has a missing or an unknown setting: {error}.") from None


def _audio_settings(table: Mapping[str, Any]) -> AudioSettings:
    return replace(AudioSettings(**table), encoders=tuple(table["encoders"]))


def _changes(tensors: Tensors, prefix: str) -> Tensors:
    """What a bundle holds of one encoder, by the names that the encoder has for it."""
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def _with_changes(encoder: torch.nn.Module, changes: Tensors) -> torch.nn.Module:
    """``encoder`` with the tensors that the bundle holds in place of its own."""
    import torch

    require_fit(changes, {name: tuple(value.shape) for name, value in encoder.state_dict().items()})
    encoder.load_state_dict({name: torch.tensor(value) for name, value in changes.items()}, strict=False)
    return encoder.eval()


def _head(tensors: Tensors, name: str) -> tuple[Floats, Floats] | None:
    if f"heads.{name}.weight" not in tensors:
        return None
    return tensors[f"heads.{name}.weight"], tensors[f"heads.{name}.bias"]
