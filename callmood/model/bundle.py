"""The format of an emotion model on disk.

A bundle is a folder of three files: ``bundle.json`` (settings, see ``BundleSettings``), ``weights.safetensors`` (the
classifier, and those tensors of the encoders that training changed) and ``CARD.md``. Encoders that are not callmood's
own are stored beside them in the hub's format, in folders that the settings name (``./audio_encoder``,
``./text_encoder``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from callmood.arrays import Floats
from callmood.errors import CallmoodError
from callmood.hashing import sha256_of_all
from callmood.labels import LABELS
from callmood.model import encode
from callmood.model.course import CourseSettings
from callmood.model.encode import AudioSettings, TextSettings
from callmood.model.scorer import HEADS, BundleSettings, Heads, Scorer

if TYPE_CHECKING:
    import torch

SETTINGS_FILE: Final = "bundle.json"
WEIGHTS_FILE: Final = "weights.safetensors"
FORMAT: Final = 1
AUDIO_ENCODER: Final = "./audio_encoder"
TEXT_ENCODER: Final = "./text_encoder"
INCLUDED: Final = {name: Path(__file__).with_name(name) for name in ("embedded", "open")}
"""The folders of the bundles that come with callmood, by name. A company may use ``open``."""

_NAMES_ON_DISK: Final = {"prior_count": "shrink", "class_priors": "shares"}
"""Settings that have another name in the file, by their name in code."""
_NAMES_IN_CODE: Final[Mapping[str, str]] = {on_disk: name for name, on_disk in _NAMES_ON_DISK.items()}


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

    ``device``: "auto", "cpu", "cuda" or "mps". Raises CallmoodError if the bundle can't be read.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = find_bundle(name_or_folder)
    settings = settings_of(folder)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        raise CallmoodError(_unreadable_weights(folder, error)) from None
    torch_device = torch.device(encode.pick_device(device))
    audio: tuple[torch.nn.Module, ...] = ()
    text = tokenizer = None
    if settings.audio is not None:
        audio = tuple(
            _with_changes(encode.load_audio_encoder(_location(name, folder)), tensors, f"audio.{number}.").to(
                torch_device
            )
            for number, name in enumerate(settings.audio.encoders)
        )
    if settings.text is not None:
        text, tokenizer = encode.load_text_encoder(_location(settings.text.encoder, folder))
        text = _with_changes(text, tensors, "text.").to(torch_device)
    heads = Heads(*(_head(tensors, name) for name in HEADS))
    return Scorer(content_id(folder), settings, heads, audio, text, tokenizer)


def load_classifier(name_or_folder: str | Path, model_id: str) -> Scorer:
    """A bundle without its encoders, which classifies segments that were encoded before; loads no torch.

    ``model_id`` is the bundle's ``content_id``. Raises CallmoodError if the bundle can't be read.
    """
    from safetensors import SafetensorError, safe_open

    folder = find_bundle(name_or_folder)
    try:
        with safe_open(folder / WEIGHTS_FILE, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys() if name.startswith("heads.")}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CallmoodError(_unreadable_weights(folder, error)) from None
    heads = Heads(
        **{
            name: (tensors[f"heads.{name}.weight"], tensors[f"heads.{name}.bias"])
            for name in HEADS
            if f"heads.{name}.weight" in tensors
        }
    )
    return Scorer(model_id, settings_of(folder), heads)


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


def _unreadable_weights(folder: Path, error: Exception) -> str:
    return f"{folder / WEIGHTS_FILE} can't be read ({error}). Train the model again."


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


def _with_changes(
    encoder: torch.nn.Module, tensors: Mapping[str, torch.Tensor], prefix: str
) -> torch.nn.Module:
    """``encoder`` with the tensors that the bundle holds in place of its own."""
    changes = {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
    unknown = encoder.load_state_dict(changes, strict=False).unexpected_keys
    if unknown:
        raise CallmoodError(f"The bundle's weights do not fit its encoder, which has no {unknown[0]}.")
    return encoder.eval()


def _head(tensors: Mapping[str, torch.Tensor], name: str) -> tuple[Floats, Floats] | None:
    if f"heads.{name}.weight" not in tensors:
        return None
    return (
        tensors[f"heads.{name}.weight"].float().numpy(),
        tensors[f"heads.{name}.bias"].float().numpy(),
    )
