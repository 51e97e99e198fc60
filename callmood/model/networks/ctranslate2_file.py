"""Reads the encoder of a Whisper model that was converted to CTranslate2."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from mmap import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

from callmood.arrays import Floats
from callmood.errors import CallmoodError

_DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


def read_tensors(data: bytes | mmap) -> dict[str, npt.NDArray[Any]]:
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


def encoder_weights(tensors: Mapping[str, npt.NDArray[Any]]) -> dict[str, Floats]:
    """The encoder's variables under transformers' names."""

    def get(name: str) -> Floats:
        return np.asarray(tensors["encoder/" + name], np.float32)

    found = {
        "embed_positions.weight": get("position_encodings/encodings"),
        "layer_norm.weight": get("layer_norm/gamma"),
        "layer_norm.bias": get("layer_norm/beta"),
    }
    for name in ("conv1", "conv2"):
        found[f"{name}.weight"] = get(f"{name}/weight")
        found[f"{name}.bias"] = get(f"{name}/bias")
    layer = 0
    while f"encoder/layer_{layer}/ffn/linear_0/weight" in tensors:
        old, new = f"layer_{layer}", f"layers.{layer}"
        for ours, theirs in (
            ("self_attn_layer_norm", "self_attention/layer_norm"),
            ("final_layer_norm", "ffn/layer_norm"),
        ):
            found[f"{new}.{ours}.weight"] = get(f"{old}/{theirs}/gamma")
            found[f"{new}.{ours}.bias"] = get(f"{old}/{theirs}/beta")
        for ours, theirs in (
            ("self_attn.out_proj", "self_attention/linear_1"),
            ("fc1", "ffn/linear_0"),
            ("fc2", "ffn/linear_1"),
        ):
            found[f"{new}.{ours}.weight"] = get(f"{old}/{theirs}/weight")
            found[f"{new}.{ours}.bias"] = get(f"{old}/{theirs}/bias")
        fused = np.split(get(f"{old}/self_attention/linear_0/weight"), 3)
        bias = np.split(get(f"{old}/self_attention/linear_0/bias"), 3)
        for name, weight, offset in zip("qkv", fused, bias, strict=True):
            found[f"{new}.self_attn.{name}_proj.weight"] = weight
            if name != "k":  # Whisper's keys have no bias
                found[f"{new}.self_attn.{name}_proj.bias"] = offset
        layer += 1
    return found
