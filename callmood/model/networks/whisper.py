"""Whisper's encoder on windows shorter than 30 s, as torch and transformers have it.

For training, for GPUs and for ``export``; a scan on a CPU runs its graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callmood.model.networks import weights
from callmood.model.networks.mel import is_within

if TYPE_CHECKING:
    import torch


def tiny_en() -> Any:
    """Whisper tiny.en's encoder from its data package: float32, evaluation mode."""
    import torch
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
    encoder.load_state_dict({name: torch.tensor(value) for name, value in weights.tiny_en().items()})
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
    import torch.nn.functional as F

    inside = is_within(frames, mel.shape[2])
    mask = inside[:, ::2]
    x = F.gelu(encoder.conv1(mel)) * inside[:, None]
    x = F.gelu(encoder.conv2(x)).transpose(1, 2)
    x = x + encoder.embed_positions.weight[: x.shape[1]].to(x.dtype)
    hidden = [x]
    for layer in encoder.layers:
        x = whisper_layer(layer, x, mask[:, None, None, :])
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
