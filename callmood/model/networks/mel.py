"""Features of a batch in torch, for training and for GPUs: Whisper's and Kaldi's. In numpy ``features`` has them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from callmood.model.networks.features import (
    FRAME,
    FULL_SCALE,
    HOP,
    KALDI_FFT,
    LEAST,
    PREEMPHASIS,
    kaldi_filters,
    povey_window,
    whisper_filters,
)

if TYPE_CHECKING:
    import torch


def is_within(counts: torch.Tensor, size: int) -> torch.Tensor:
    """[n, size]: whether each place of a padded row is one of its first ``counts`` [n]."""
    import torch

    return torch.arange(size, device=counts.device) < counts[:, None]


@lru_cache(maxsize=4)
def _filters(device: str, mels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The analysis window [400] and the mel filters [mels, 201]."""
    import torch

    return torch.hann_window(FRAME).to(device), torch.from_numpy(whisper_filters(mels)).to(device)


def log_mel(
    samples: torch.Tensor, lengths: torch.Tensor, mels: int = 80
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-mel features of padded clips.

    ``samples``: float32 [n, time] at 16 kHz, zero after each clip's ``lengths`` [n].
    Returns float32 [n, mels, frames], zero after each clip's end, with an even number of
    frames (the encoder's second convolution has stride 2), and the frame counts [n], even too.
    """
    import torch
    import torch.nn.functional as F

    window, filters = _filters(str(samples.device), mels)
    frames = torch.clamp((lengths + HOP - 1) // HOP, min=2)
    frames += frames % 2
    wanted = max(-(-samples.shape[1] // (2 * HOP)), 1) * 2
    short = wanted * HOP - samples.shape[1]
    # Reflected at the beginning, as Whisper does it; zeros follow the end.
    x = F.pad(samples, (0, max(short, 0) + FRAME // 2))
    x = F.pad(x[:, None], (FRAME // 2, 0), mode="reflect")[:, 0]
    spectrum = torch.stft(x, FRAME, HOP, window=window, center=False, return_complex=True)
    power = spectrum[..., :wanted].abs() ** 2
    with torch.autocast(samples.device.type, enabled=False):  # bfloat16 would keep three digits of a power
        mel = torch.clamp(filters @ power, min=1e-10).log10()
    inside = is_within(frames, wanted)
    mel = mel.masked_fill(~inside[:, None], -10.0)
    mel = torch.maximum(mel, mel.amax(dim=(1, 2), keepdim=True) - 8.0)
    return ((mel + 4.0) / 4.0) * inside[:, None], frames


@lru_cache(maxsize=4)
def _kaldi(device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Kaldi's window [400] and mel filters [257, 80]."""
    import torch

    return torch.from_numpy(povey_window()).to(device), torch.from_numpy(kaldi_filters()).to(device)


def fbank(samples: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Kaldi's log mel features of padded clips, less each clip's mean over time.

    ``samples``: float32 [n, time] at 16 kHz, zero after each clip's ``lengths`` [n], which hold a frame at least.
    Returns float32 [n, frames, 80], zero after each clip's end, and the frame counts [n].
    """
    import torch

    window, filters = _kaldi(str(samples.device))
    counts = 1 + (lengths - FRAME) // HOP
    with torch.autocast(samples.device.type, enabled=False):  # as in ``log_mel``
        frames = (samples * FULL_SCALE).unfold(1, FRAME, HOP)
        frames = frames - frames.mean(dim=2, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], dim=2)
        power = torch.fft.rfft((frames - PREEMPHASIS * before) * window, n=KALDI_FFT).abs() ** 2
        logs = torch.clamp(power @ filters, min=LEAST).log()
    inside = is_within(counts, logs.shape[1])[..., None]
    mean = (logs * inside).sum(dim=1, keepdim=True) / counts[:, None, None]
    return (logs - mean) * inside, counts
