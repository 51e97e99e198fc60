"""pyannote's segmentation-3.0: up to three voices in 10 s of sound, frame by frame, with overlap.

The layers and their names follow PyanNet of pyannote.audio (MIT, copyright CNRS) and the sinc filters of
asteroid (MIT), as the published weights require. Written out here because importing pyannote.audio costs seconds.
Inference only: the sinc filters are computed once, when the weights are loaded.
"""

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callmood.bundled_weights import SEGMENTATION
from callmood.sound import SAMPLE_RATE

WINDOW = 160_000
"""Samples that the network was trained to see at once: 10 s at 16 kHz."""
OVERLAP_CLASSES = slice(4, 7)
"""The classes in which two voices speak at once; 0 is nobody, 1 to 3 one voice each."""

_FILTER_SIZE = 251
_FILTER_STEP = 10
_MIN_HZ = 50.0
_CLASSES = 7


class Segmentation(nn.Module):
    """Sound [batch, samples] at 16 kHz -> class probabilities [batch, frames, 7]."""

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", torch.zeros(80, 1, _FILTER_SIZE))
        self.wav_norm = nn.InstanceNorm1d(1, affine=True)
        self.conv = nn.ModuleList([nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)])
        self.norm = nn.ModuleList([nn.InstanceNorm1d(width, affine=True) for width in (80, 60, 60)])
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, _CLASSES)

    def forward(self, samples: Tensor) -> Tensor:
        out = self.wav_norm(samples.unsqueeze(1))
        out = F.conv1d(out, self.filters, stride=_FILTER_STEP).abs()
        out = F.leaky_relu(self.norm[0](F.max_pool1d(out, 3)))
        for conv, norm in zip(self.conv, self.norm[1:], strict=True):
            out = F.leaky_relu(norm(F.max_pool1d(conv(out), 3)))
        out, _ = self.lstm(out.transpose(1, 2))
        for linear in self.linear:
            out = F.leaky_relu(linear(out))
        return F.softmax(self.classifier(out), dim=-1)


@cache
def load_segmentation(device: str) -> Segmentation:
    """The network with its published weights on a torch device, ready for inference."""
    checkpoint = torch.load(SEGMENTATION.path(), map_location="cpu", weights_only=True)
    weights: dict[str, Tensor] = checkpoint["state_dict"]
    names = {
        "sincnet.wav_norm1d": "wav_norm",
        "sincnet.norm1d": "norm",
        "sincnet.conv1d.1": "conv.0",
        "sincnet.conv1d.2": "conv.1",
    }
    renamed = {"filters": _sinc_filters(weights)}
    for name, value in weights.items():
        if "filterbank" in name:
            continue
        old = next((old for old in names if name.startswith(old)), None)
        renamed[name.replace(old, names[old]) if old else name] = value
    network = Segmentation()
    network.load_state_dict(renamed)
    return network.eval().to(device)


def _sinc_filters(weights: dict[str, Tensor]) -> Tensor:
    prefix = "sincnet.conv1d.0.filterbank."
    low = _MIN_HZ + weights[prefix + "low_hz_"].abs()
    high = (low + _MIN_HZ + weights[prefix + "band_hz_"].abs()).clamp(_MIN_HZ, 8_000.0)
    half = _FILTER_SIZE // 2
    window = weights[prefix + "window_"]
    times = 2 * math.pi * torch.arange(-half, 0.0).view(1, -1) / SAMPLE_RATE
    band = high - low
    even = (torch.sin(high * times) - torch.sin(low * times)) / (times / 2) * window
    odd = (torch.cos(low * times) - torch.cos(high * times)) / (times / 2) * window
    cosine = torch.cat([even, 2 * band, even.flip(1)], dim=1)
    sine = torch.cat([odd, torch.zeros_like(band), -odd.flip(1)], dim=1)
    return (torch.cat([cosine, sine]) / (2 * band).repeat(2, 1)).unsqueeze(1)
