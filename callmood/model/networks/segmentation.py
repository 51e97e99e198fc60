"""pyannote's segmentation-3.0: up to three voices in 10 s of sound, frame by frame, with overlap.

The layers and their names follow PyanNet of pyannote.audio (MIT, copyright CNRS) and the sinc filters of
asteroid (MIT), as the published weights require. Written out here because importing pyannote.audio costs seconds.
Inference only: the sinc filters are computed once, when the weights are loaded. As torch has it, for GPUs and for
``export``; a scan on a CPU runs its graph.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callmood.model.networks import weights

_FILTER_SIZE = 251
_FILTER_STEP = 10
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
    network = Segmentation()
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.segmentation().items()})
    return network.eval().to(device)
