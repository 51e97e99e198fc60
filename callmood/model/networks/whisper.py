"""Whisper's encoder, read from a CTranslate2 file, and run on windows shorter than 30 s.

The embedded bundle starts from the encoder of Whisper tiny.en, which comes inside a data package as a CTranslate2
``model.bin``. This module reads that file into transformers' ``WhisperEncoder`` after checking its SHA-256.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from callmood.bundled_weights import TINY_EN
from callmood.errors import CallmoodError

if TYPE_CHECKING:
    import torch

_DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


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
        raise CallmoodError(f"Unsupported CTranslate2 format version {version} (expected 6).")
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
        fused = torch.chunk(get(f"{old}/self_attention/linear_0/weight"), 3)
        bias = torch.chunk(get(f"{old}/self_attention/linear_0/bias"), 3)
        for name, weight, offset in zip("qkv", fused, bias, strict=True):
            state[f"{new}.self_attn.{name}_proj.weight"] = weight
            if name != "k":  # Whisper's keys have no bias
                state[f"{new}.self_attn.{name}_proj.bias"] = offset
        layer += 1
    return state


def tiny_en() -> Any:
    """Whisper tiny.en's encoder from its data package: float32, evaluation mode."""
    from transformers.models.whisper import modeling_whisper

    whisper: Any = modeling_whisper  # its functions have no types
    config = whisper.WhisperConfig(
        d_model=384,
        encoder_layers=4,
        encoder_attention_heads=6,
        encoder_ffn_dim=1536,
        num_mel_bins=80,
    )
    config._attn_implementation = "sdpa"
    encoder = whisper.WhisperEncoder(config)
    encoder.load_state_dict(whisper_state(ctranslate2_tensors(TINY_EN.path().read_bytes())))
    return encoder.eval()


def whisper_hidden(
    encoder: Any, mel: torch.Tensor, frames: torch.Tensor
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Hidden states of Whisper's encoder on windows shorter than 30 s, with a mask.

    ``mel``: [n, 80, frames], zero after each clip's ``frames`` [n] (even numbers).
    Returns the input of the first layer and the output of every layer, each
    [n, frames / 2, width], and a bool mask [n, frames / 2]. A clip's states do not
    depend on what it is batched with.
    """
    import torch
    import torch.nn.functional as F

    inside = torch.arange(mel.shape[2], device=mel.device) < frames[:, None]
    mask = inside[:, ::2]
    x = F.gelu(encoder.conv1(mel)) * inside[:, None]
    x = F.gelu(encoder.conv2(x)).transpose(1, 2)
    x = x + encoder.embed_positions.weight[: x.shape[1]].to(x.dtype)
    attend = None if bool(mask.all()) else mask[:, None, None, :]
    hidden = [x]
    for layer in encoder.layers:
        x = whisper_layer(layer, x, attend)
        hidden.append(x)
    return hidden, mask


def whisper_layer(layer: Any, x: torch.Tensor, attend: torch.Tensor | None) -> torch.Tensor:
    """One layer of Whisper's encoder on ``x`` [n, time, width]; ``attend``: bool [n, 1, 1, time] or None.

    Spelt out because transformers' own layers take no padding mask.
    """
    import torch
    import torch.nn.functional as F

    attention = layer.self_attn
    y = layer.self_attn_layer_norm(x)
    q, k, v = (
        projection(y).unflatten(2, (attention.num_heads, -1)).transpose(1, 2)
        for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=attend)
    x = x + attention.out_proj(y.transpose(1, 2).flatten(2))
    return torch.add(x, layer.fc2(F.gelu(layer.fc1(layer.final_layer_norm(x)))))
