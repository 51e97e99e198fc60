"""Where and how a run works: folders, device, where remarks go. Nothing of it changes a result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from callmood.call import Device
from callmood.training.cache import cache_folder
from callmood.training.progress import Remark, log


@dataclass(frozen=True, slots=True)
class Workspace:
    """Handed on from the functions of ``run`` to the systems."""

    out: Path
    """The folder for checkpoints, the bundle, metrics and plots."""
    device: Device = "auto"
    resume: bool = False
    """Continue from what is in ``out``."""
    report: Remark = log
    cache: Path = field(default_factory=cache_folder)
    """For prepared sound, augmented copies and encoded clips, which later runs share."""

    @property
    def checkpoints(self) -> Path:
        return self.out / "checkpoints"

    def within(self, *folders: str) -> Workspace:
        """The same with a folder inside ``out`` as its own."""
        return replace(self, out=self.out.joinpath(*folders))
