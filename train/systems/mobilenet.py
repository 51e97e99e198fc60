"""The paper's MobileNetV2 on coloured spectrograms of one-second blocks; a clip is the mean of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from pydantic import Field

from callmood.arrays import Floats
from callmood.errors import CallmoodError, UsageError
from callmood.training.data.combined import CorpusRecipe
from callmood.training.data.examples import Example, Parts, true_labels
from callmood.training.fit.rows import EqualLengthRows
from callmood.training.fit.table import TrainingTable
from callmood.training.recipe import Table
from callmood.training.systems.system import Outcome
from callmood.training.workspace import Workspace
from callmood.wording import did_you_mean

if TYPE_CHECKING:
    import torch
    from torch import nn


GENDERS: Final = {"female": -1.0, "male": 1.0}
UNKNOWN: Final = 0.0
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
"""Of red, green and blue, 0 to 1, as are the deviations: as torchvision's ImageNet weights were trained with."""
IMAGENET_DEVIATION: Final = (0.229, 0.224, 0.225)


class BlockTable(Table):
    """Lengths in samples at 16 kHz."""

    length: int = Field(gt=0)
    hop: int = Field(gt=0)


class ImageTable(Table):
    """How a block becomes an image; lengths in samples at 16 kHz."""

    transform: int = Field(gt=0)
    """Samples of the Fourier transform; what ``window`` lacks of them is zeros."""
    window: int = Field(gt=0)
    hop: int = Field(gt=0)
    floor_db: float = Field(gt=0)
    """Below the block's maximum; anything softer has the lowest colour."""
    colours: str
    """A colour map of matplotlib."""
    pixels: int = Field(gt=0)
    """Of each side of the square that the spectrogram is scaled to."""


class ModelTable(Table):
    """The network."""

    weights: str
    """"none", or a file of torchvision's MobileNetV2 (.pth, .safetensors)."""
    gender: bool
    """Whether the speaker's gender is a fourth plane of the image."""
    dropout: float = Field(ge=0, lt=1)


class Recipe(CorpusRecipe):
    """See recipes/mobilenet.toml."""

    family: Literal["mobilenet"]
    blocks: BlockTable
    image: ImageTable
    model: ModelTable
    training: TrainingTable


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a clip, which starts at a sample of it."""

    example: Example
    start: int
    length: int


def run(recipe: Recipe, parts: Parts, workspace: Workspace) -> Outcome:
    """Train the network on the blocks of the training part; those of the validation part decide which epoch is kept."""
    import torch

    from callmood.training.fit.trainer import fit_and_test

    torch.manual_seed(recipe.seed)
    model = network(recipe, len(parts.labels))
    train, test = rows(parts.train, recipe.blocks), rows(parts.test, recipe.blocks)
    given = train, rows(parts.validation, recipe.blocks), test
    probabilities, fitted = fit_and_test(
        model,
        given,
        collate,
        recipe.training,
        labels=len(parts.labels),
        seed=recipe.seed,
        workspace=workspace,
    )
    notes = {**fitted.notes, "training_blocks": len(train)}
    return Outcome(clip_means(probabilities, test.items), fitted.history, notes)


def rows(examples: Sequence[Example], table: BlockTable) -> EqualLengthRows[Block]:
    """The blocks of all clips, those of a clip next to each other."""
    found = [block for example in examples for block in blocks(example, table)]
    return EqualLengthRows(found, true_labels([block.example for block in found]))


def blocks(example: Example, table: BlockTable) -> list[Block]:
    """The whole blocks of a clip; the rest at its end is dropped. A shorter clip is padded with silence."""
    samples = len(np.load(example.sound, mmap_mode="r"))
    starts = range(0, max(samples - table.length, 0) + 1, table.hop)
    return [Block(example, start, table.length) for start in starts]


def clip_means(probabilities: Floats, blocks: Sequence[Block]) -> Floats:
    """[clips, labels]: the mean of each clip's blocks, [blocks, labels], which are next to each other."""
    (firsts,) = np.nonzero([block.start == 0 for block in blocks])
    counts = np.diff([*firsts, len(blocks)])
    return np.asarray(np.add.reduceat(probabilities, firsts) / counts[:, None], np.float32)


def collate(blocks: Sequence[Block]) -> dict[str, Any]:
    """``samples`` [n, length], ``gender`` [n] (-1 female, 1 male, 0 unknown) and ``labels`` [n]."""
    import torch

    samples = np.zeros((len(blocks), blocks[0].length), np.float32)
    for row, block in zip(samples, blocks, strict=True):
        part = block.example.samples()[block.start : block.start + block.length]
        row[: len(part)] = part
    genders = [GENDERS.get(block.example.clip.gender or "", UNKNOWN) for block in blocks]
    return {
        "samples": torch.from_numpy(samples),
        "gender": torch.tensor(genders),
        "labels": torch.tensor([block.example.label for block in blocks]),
    }


def palette(colours: str) -> torch.Tensor:
    """[256, 3]: red, green and blue (0 to 1) of a colour map of matplotlib, from its lowest value to its highest."""
    import matplotlib
    import torch

    known = list(matplotlib.colormaps)
    if colours not in known:
        raise UsageError(f"There is no colour map {colours}{did_you_mean(colours, known)} in matplotlib.")
    table = matplotlib.colormaps[colours](np.linspace(0, 1, 256))[:, :3]
    return torch.from_numpy(table.astype(np.float32))


def images(samples: torch.Tensor, table: ImageTable, palette: torch.Tensor) -> torch.Tensor:
    """[n, 3, pixels, pixels], red, green and blue (0 to 1): spectrograms of blocks [n, length], low tones below.

    Each block's own maximum has the highest colour, as if it were plotted alone.
    """
    import torch
    from torch.nn import functional

    window = torch.hann_window(table.window, device=samples.device)
    spectrum = torch.stft(
        samples,
        table.transform,
        table.hop,
        table.window,
        window,
        pad_mode="constant",
        return_complex=True,
    )
    decibels = 20 * spectrum.abs().clamp(min=1e-5).log10()
    below = decibels - decibels.amax(dim=(1, 2), keepdim=True)
    shades = 1 + below.clamp(min=-table.floor_db) / table.floor_db
    size = (table.pixels, table.pixels)
    scaled = functional.interpolate(shades.flip(1)[:, None], size, mode="bilinear", antialias=True)[:, 0]
    return palette[(scaled.clamp(0, 1) * 255).round().long()].permute(0, 3, 1, 2)


def network(recipe: Recipe, classes: int) -> nn.Module:
    """Blocks ``samples`` [n, length] and ``gender`` [n] -> logits [n, classes].

    The paper does not say how gender enters. Here it is a constant fourth plane of the image, so that every layer can
    make use of it; its weights start from 0 where the others start from ImageNet's.
    """
    import torch
    from torch import nn

    class Network(nn.Module):
        palette: torch.Tensor
        mean: torch.Tensor
        deviation: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.net = _mobilenet(recipe.model, classes)
            self.register_buffer("palette", palette(recipe.image.colours), persistent=False)
            self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
            self.register_buffer(
                "deviation", torch.tensor(IMAGENET_DEVIATION)[:, None, None], persistent=False
            )

        def forward(self, samples: torch.Tensor, gender: torch.Tensor) -> Any:
            with torch.autocast(samples.device.type, enabled=False):
                planes = (images(samples, recipe.image, self.palette) - self.mean) / self.deviation
                if recipe.model.gender:
                    constant = gender[:, None, None, None].expand(-1, 1, *planes.shape[2:])
                    planes = torch.cat([planes, constant], dim=1)
            # the weights stay as they are: safetensors writes no others
            return self.net(planes.contiguous(memory_format=torch.channels_last))

    return Network()


def _mobilenet(table: ModelTable, classes: int) -> Any:
    import torch
    from torch import nn
    from torchvision.models import mobilenet_v2

    net: Any = mobilenet_v2(weights=None, num_classes=classes, dropout=table.dropout)
    if table.weights != "none":
        _load_weights(net, Path(table.weights))
    if table.gender:
        first = net.features[0][0]
        wider = nn.Conv2d(4, first.out_channels, 3, stride=2, padding=1, bias=False)
        with torch.no_grad():
            wider.weight[:, :3] = first.weight
            if table.weights != "none":
                wider.weight[:, 3] = 0
        net.features[0][0] = wider
    return net


def _load_weights(net: Any, file: Path) -> None:
    """Load all weights of a file except those of its classes."""
    import torch
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            found = load_file(file)
        else:
            found = torch.load(file, map_location="cpu", weights_only=True)
        layers = {
            name.removeprefix("features."): tensor
            for name, tensor in found.items()
            if name.startswith("features.")
        }
        net.features.load_state_dict(layers)
    except OSError as error:
        raise CallmoodError(f"The weights {file} can't be read: {error.strerror or error}.") from None
    except Exception:  # the readers raise all kinds of errors for other files
        raise CallmoodError(f"{file} does not hold the weights of torchvision's MobileNetV2.") from None
