"""CAM++, the network that turns a stretch of speech into a speaker vector.

As torch has it, for GPUs and for ``export``; a scan on a CPU runs its graph.

The layers and their names follow 3D-Speaker's published model (``speakerlab/models/campplus``, Apache-2.0,
https://github.com/modelscope/3D-Speaker), as its published weights need; paper: https://arxiv.org/abs/2303.00332.
Inference only: what training needs is left out.
"""

from collections import OrderedDict
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callmood.model.networks import weights
from callmood.model.networks.mel import fbank, is_within

_BLOCKS = ((12, 3, 1), (24, 3, 2), (16, 3, 2))
"""Layers, kernel size and dilation of each dense block."""
_GROWTH = 32
_BOTTLENECK = 4 * _GROWTH
_POOLED_FRAMES = 100
POOLED_LAYERS = ("tdnn", "transit1", "transit2", "transit3", "out_nonlinear")


@dataclass(frozen=True, slots=True)
class _Frames:
    """Which frames of a padded batch count, worked out once for all layers."""

    inside: Tensor
    """[batch, 1, frames]"""
    means: Tensor
    """[batch, frames, seconds]: what makes of frames their mean plus that of each stretch of ``_POOLED_FRAMES``."""
    spread: Tensor
    """[seconds, frames]: what gives each frame the value of its stretch."""

    @classmethod
    def of(cls, inside: Tensor, dtype: torch.dtype) -> "_Frames":
        frames = inside.shape[2]
        stretches = torch.arange(-(-frames // _POOLED_FRAMES), device=inside.device)
        spread = stretches[:, None] == torch.arange(frames, device=inside.device) // _POOLED_FRAMES
        counted = inside.transpose(1, 2).float()
        of_stretch = counted * spread.T
        means = counted / counted.sum(1, keepdim=True) + of_stretch / of_stretch.sum(1, keepdim=True).clamp(
            min=1
        )
        return cls(inside, means.to(dtype), spread.to(dtype))


class CamPlusPlus(nn.Module):
    """Log mel features [batch, frames, bins] -> speaker vectors [batch, 192]."""

    def __init__(self, bins: int = 80, size: int = 192) -> None:
        super().__init__()
        self.head = _Head(bins)
        channels = 128
        layers: list[tuple[str, nn.Module]] = [("tdnn", _Tdnn(self.head.out_channels, channels, 5, stride=2))]
        for number, (depth, kernel, dilation) in enumerate(_BLOCKS, start=1):
            layers.append((f"block{number}", _DenseBlock(depth, channels, kernel, dilation)))
            channels += depth * _GROWTH
            layers.append((f"transit{number}", _Transit(channels, channels // 2)))
            channels //= 2
        layers.append(("out_nonlinear", _batchnorm_relu(channels)))
        layers.append(("stats", _MeanAndDeviation()))
        layers.append(("dense", _Dense(channels * 2, size)))
        self.xvector = nn.Sequential(OrderedDict(layers))

    def forward(self, features: Tensor) -> Tensor:
        vectors: Tensor = self.xvector(self.head(features.transpose(1, 2)))
        return vectors

    def pooled(self, features: Tensor, frames: Tensor | None = None) -> Tensor:
        """Vectors [batch, 4032]: mean and deviation over time of ``POOLED_LAYERS``, then the speaker vector.

        ``frames`` [batch] says how many of each row count; None: all. What follows them changes nothing.
        """
        wide = None if frames is None else is_within(frames, features.shape[1])[:, None]
        x, parts = self.head(features.transpose(1, 2), wide), []
        # the first layer keeps every second frame
        counted = None if wide is None else _Frames.of(wide[..., ::2], x.dtype)
        for name, layer in self.xvector.named_children():
            x = layer(x, counted) if isinstance(layer, _DenseBlock | _MeanAndDeviation) else layer(x)
            if name in POOLED_LAYERS:
                parts += _mean_and_deviation(x.float(), counted)
        return torch.cat([*parts, x.float()], dim=1)


def _batchnorm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU()))


class _Residual(nn.Module):
    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, channels, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        out = self.bn2(self.conv2(_cut(F.relu(self.bn1(self.conv1(x))), inside)))
        return _cut(F.relu(out + self.shortcut(x)), inside)


class _Head(nn.Module):
    def __init__(self, bins: int, channels: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = nn.ModuleList([_Residual(channels, 2), _Residual(channels, 1)])
        self.layer2 = nn.ModuleList([_Residual(channels, 2), _Residual(channels, 1)])
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.out_channels = channels * (bins // 8)

    def forward(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        """``inside`` [batch, 1, frames] says which frames count; what comes out is 0 elsewhere."""
        x = _cut(x, inside).unsqueeze(1)
        inside = None if inside is None else inside.unsqueeze(1)
        out = _cut(F.relu(self.bn1(self.conv1(x))), inside)
        for residual in (*self.layer1, *self.layer2):
            out = residual(out, inside)
        return _cut(F.relu(self.bn2(self.conv2(out))), inside).flatten(1, 2)


class _Tdnn(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.nonlinear = _batchnorm_relu(outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x))
        return out


class _ContextMask(nn.Module):
    """A convolution whose output is weighted by what the whole stretch and each second of it sound like."""

    def __init__(self, kernel: int, dilation: int) -> None:
        super().__init__()
        padding = (kernel - 1) // 2 * dilation
        self.linear_local = nn.Conv1d(
            _BOTTLENECK, _GROWTH, kernel, padding=padding, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(_BOTTLENECK, _BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(_BOTTLENECK // 2, _GROWTH, 1)

    def forward(self, x: Tensor, frames: _Frames | None = None) -> Tensor:
        if frames is None:
            pooled = F.avg_pool1d(x, _POOLED_FRAMES, stride=_POOLED_FRAMES, ceil_mode=True)
            mask = self._mask(x.mean(-1, keepdim=True) + pooled)
            mask = mask.repeat_interleave(_POOLED_FRAMES, dim=-1)[..., : x.shape[-1]]
        else:
            x = x * frames.inside
            mask = self._mask(x @ frames.means) @ frames.spread
        out: Tensor = self.linear_local(x) * mask
        return out

    def _mask(self, context: Tensor) -> Tensor:
        return torch.sigmoid(self.linear2(F.relu(self.linear1(context))))


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _batchnorm_relu(inputs)
        self.linear1 = nn.Conv1d(inputs, _BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _batchnorm_relu(_BOTTLENECK)
        self.cam_layer = _ContextMask(kernel, dilation)

    def forward(self, x: Tensor, frames: _Frames | None = None) -> Tensor:
        out: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))), frames)
        return out


class _DenseBlock(nn.ModuleList):
    def __init__(self, depth: int, inputs: int, kernel: int, dilation: int) -> None:
        super().__init__()
        for number in range(depth):
            self.add_module(f"tdnnd{number + 1}", _DenseLayer(inputs + number * _GROWTH, kernel, dilation))

    def forward(self, x: Tensor, frames: _Frames | None = None) -> Tensor:
        for layer in self:
            x = torch.cat([x, layer(x, frames)], dim=1)
        return x


class _Transit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.nonlinear = _batchnorm_relu(inputs)
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.nonlinear(x))
        return out


def _mean_and_deviation(x: Tensor, frames: _Frames | None = None) -> list[Tensor]:
    """Of [batch, channels, frames], each [batch, channels]; written out, because ONNX has no deviation."""
    if frames is None:
        mean = x.mean(dim=2, keepdim=True)
        return [mean[..., 0], ((x - mean).square().sum(dim=2) / max(x.shape[2] - 1, 1)).sqrt()]
    inside = frames.inside
    count = inside.sum(dim=2, keepdim=True)
    mean = (x * inside).sum(dim=2, keepdim=True) / count
    squares = ((x - mean) * inside).square().sum(dim=2)
    return [mean[..., 0], (squares / (count[..., 0] - 1).clamp(min=1)).sqrt()]


def _cut(x: Tensor, inside: Tensor | None) -> Tensor:
    """``x`` with zeros where no frame counts, as if it ended there."""
    return x if inside is None else x * inside


class _MeanAndDeviation(nn.Module):
    def forward(self, x: Tensor, frames: _Frames | None = None) -> Tensor:
        return torch.cat(_mean_and_deviation(x, frames), dim=1)


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.nonlinear = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(outputs, affine=False)))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x.unsqueeze(-1)).squeeze(-1))
        return out


@cache
def load_embedding(device: str) -> CamPlusPlus:
    """3D-Speaker's CAM++ for Chinese and English on a torch device, ready for inference."""
    published = weights.campplus()
    network = CamPlusPlus(size=published["xvector.dense.linear.weight"].shape[0])
    tensors = {name: torch.tensor(value) for name, value in published.items()}
    network.load_state_dict(tensors, strict=False)  # the count of batches is a training's
    return network.eval().to(device)


def emotion_encoder() -> CamPlusPlus:
    """CAM++ as an acoustic encoder, because mood also shows in how a voice departs from its usual sound.

    A separate copy, so that it can move to another device.
    """
    return deepcopy(load_embedding("cpu"))


def pooled_layers(network: CamPlusPlus, samples: Tensor, lengths: Tensor) -> Tensor:
    """The vectors [n, 4032] of clips (see ``CamPlusPlus.pooled``).

    ``samples``: float32 [n, time] at 16 kHz, zero after each clip's ``lengths`` [n].
    """
    return network.pooled(*fbank(samples, lengths))
