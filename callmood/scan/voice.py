"""Where somebody speaks: one channel's sound -> stretches of speech, and where two voices overlap."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from callmood.scan.segmentation import Segmentation

Samples = NDArray[np.float32]
Stretches = NDArray[np.float64]
"""[n, 2]: start and end of each, in seconds, in order."""

RATE: Final = 16_000
FRAME_SAMPLES: Final = 270
FRAME_S: Final = FRAME_SAMPLES / RATE
"""Seconds from one frame to the next."""
MIDDLE_S: Final = 991 / RATE / 2
"""The middle of the sound that the first frame sees, in seconds."""

SILENCE_DB: Final = -75.0
"""A window that never gets louder (25 ms RMS, against full scale) is not listened to."""

_HOP_FRAMES: Final = 296
_BATCH: Final = 8
_SHORTEST: Final = RATE // 2


@dataclass(frozen=True)
class Activity:
    """What each frame of a channel holds. Frame i is around ``MIDDLE_S + i * FRAME_S`` seconds."""

    speech: NDArray[np.float32]
    """[frames]: at least one voice."""
    overlap: NDArray[np.float32]
    """[frames]: two voices or more."""
    change: NDArray[np.float32]
    """[frames]: another voice speaks than in the frame before."""


def listen(samples: Samples, network: "Segmentation") -> Activity:
    """Samples [n] -> what each frame holds, from windows of 10 s that overlap by half."""
    from callmood.scan import segmentation

    frames = _frames(samples.size)
    weight = np.full(frames, 1e-6, dtype=np.float32)
    speech, overlap, change = (np.zeros(frames, dtype=np.float32) for _ in range(3))
    starts = _starts(samples.size, segmentation.WINDOW)
    for start, classes in _classes(samples, starts, segmentation.WINDOW, network):
        local = segmentation.voices(classes)
        place = slice(start // FRAME_SAMPLES, min(frames, start // FRAME_SAMPLES + len(classes)))
        size = place.stop - place.start
        # the ends of a window know only one side of their sound
        trust = np.hamming(len(classes))[:size].astype(np.float32)
        weight[place] += trust
        speech[place] += trust * (1 - classes[:size, 0])
        overlap[place] += trust * classes[:size, 1 + segmentation.LOCAL_VOICES :].sum(axis=1)
        change[place] += trust * _changes(local)[:size]
    return Activity(speech / weight, overlap / weight, change / weight)


def stretches(
    probability: NDArray[np.float32], onset: float, offset: float, fill_s: float, shortest_s: float
) -> Stretches:
    """Frames -> where they rise to ``onset``, up to where they fall below ``offset``, short gaps filled."""
    loud = np.flatnonzero(probability >= onset)
    if not loud.size:
        return np.zeros((0, 2))
    held = probability >= offset
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    reached = np.searchsorted(loud, runs[:, 1]) > np.searchsorted(loud, runs[:, 0])
    found = runs[reached] * FRAME_S + MIDDLE_S
    gaps = found[1:, 0] - found[:-1, 1] > fill_s
    joined: Stretches = np.stack([found[np.r_[True, gaps], 0], found[np.r_[gaps, True], 1]], axis=1)
    long_enough = joined[:, 1] - joined[:, 0] >= shortest_s
    return np.asarray(joined[long_enough], dtype=np.float64)


def levels(samples: Samples, frames: int) -> NDArray[np.float32]:
    """Samples [n] -> RMS around each frame in dB against full scale, never below -120."""
    power = np.zeros(frames, dtype=np.float32)
    whole = min(frames, samples.size // FRAME_SAMPLES)
    blocks = samples[: whole * FRAME_SAMPLES].reshape(whole, FRAME_SAMPLES)
    power[:whole] = np.einsum("ij,ij->i", blocks, blocks) / FRAME_SAMPLES
    # a frame's middle lies 1.8 blocks behind its start
    power = np.roll(power, -1)
    return 10 * np.log10(np.maximum(np.convolve(power, np.full(3, 1 / 3), "same"), 1e-12)).astype(np.float32)


def _frames(size: int) -> int:
    return max(1, size // FRAME_SAMPLES)


def _starts(size: int, window: int) -> list[int]:
    """Where windows start, all on the frame grid; the last one ends with the sound."""
    hop = _HOP_FRAMES * FRAME_SAMPLES
    last = max(0, size - window) // FRAME_SAMPLES * FRAME_SAMPLES
    return [*range(0, last, hop), last]


def _classes(
    samples: Samples, starts: list[int], window: int, network: "Segmentation"
) -> "list[tuple[int, NDArray[np.float32]]]":
    import torch

    device = next(network.parameters()).device
    heard: list[tuple[int, NDArray[np.float32]]] = []
    for first in range(0, len(starts), _BATCH):
        batch = starts[first : first + _BATCH]
        sound = np.stack([_window(samples, start, window) for start in batch])
        awake = [number for number in range(len(batch)) if not _silent(sound[number])]
        found: dict[int, NDArray[np.float32]] = {}
        if awake:
            with torch.inference_mode():
                classes = network(torch.from_numpy(sound[awake]).to(device)).float().cpu().numpy()
            found = dict(zip(awake, classes, strict=True))
        heard.extend((start, found[number]) for number, start in enumerate(batch) if number in found)
    return heard


def _window(samples: Samples, start: int, window: int) -> Samples:
    cut = samples[start : start + window]
    wanted = min(window, max(samples.size, _SHORTEST))
    return np.pad(cut, (0, wanted - cut.size)) if cut.size < wanted else cut


def _silent(window: Samples) -> bool:
    blocks = window[: window.size // 400 * 400].reshape(-1, 400)
    return bool((np.square(blocks).mean(axis=1) < 10 ** (SILENCE_DB / 10)).all())


def _changes(local: NDArray[np.float32]) -> NDArray[np.float32]:
    """Voices [frames, 3] -> 1 where the strongest voice is another than the last one that spoke, else 0."""
    changed = np.zeros(len(local), dtype=np.float32)
    speaking = np.flatnonzero(local.max(axis=1) >= 0.5)
    strongest = local[speaking].argmax(axis=1)
    changed[speaking[1:][strongest[1:] != strongest[:-1]]] = 1.0
    return changed
