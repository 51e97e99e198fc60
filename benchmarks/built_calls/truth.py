"""What is true of a built call: a JSON file a call, beside its sound."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from callmood.labels import EVEN_TEMPERED
from callmood.model.course import UPSET

CALLS: Final = "calls"
"""The folder of the built calls; their truth is beside it."""
TRUTH: Final = "truth"
ORDINARY: Final = "ordinary"
"""The folder of recordings in which nothing happens, a folder a set."""
READERS: Final = "librispeech"
"""The corpus of those who speak with the actors."""
SPOKEN: Final = "spoken"
"""In place of a corpus, where a voice of a computer speaks a sentence."""
EVEN: Final = "neutral"
"""What calm and neutral are counted as: a manager doesn't tell them apart."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance. Times are seconds of the recording."""

    start_s: float
    end_s: float
    channel: int
    role: str
    """"agent" or "customer"."""
    speaker: str
    corpus: str
    gender: str
    """"female", "male" or "unknown"."""
    label: str
    """One of callmood.labels.LABELS."""
    words: str = ""
    """What a spoken sentence is, as ``sentences.toml`` names it; "" for clips of a corpus."""

    @property
    def even(self) -> bool:
        return self.label in EVEN_TEMPERED

    @property
    def upset(self) -> bool:
        return self.label in UPSET


@dataclass(frozen=True, slots=True)
class Truth:
    """One call."""

    name: str
    """Of its file, without the ending."""
    kind: str
    """How the mood comes about: one of plan.KINDS or words.KINDS."""
    emotion: str
    """"neutral" where the kind is never."""
    moody: str
    """"agent" or "customer": whose mood it is."""
    layout: str
    """"stereo" or "mono"."""
    lines: tuple[str, ...]
    """Of agent and customer: "telephone" (the test's, which training never draws), "drawn", "clean"."""
    noise_db: float | None
    """Noise that both sides share, below full scale; None is none."""
    seconds: float
    turns: tuple[Turn, ...]

    def upset_from(self, role: str) -> float | None:
        """When the first upset turn of ``role`` begins; None if there is none."""
        return min((turn.start_s for turn in self.turns if turn.role == role and turn.upset), default=None)


def merged(label: str) -> str:
    """``label`` with calm counted as neutral."""
    return EVEN if label in EVEN_TEMPERED else label


def write_truth(folder: Path, calls: Sequence[Truth]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for call in calls:
        (folder / f"{call.name}.json").write_text(json.dumps(asdict(call), indent=1) + "\n", encoding="utf-8")


def read_truth(folder: Path) -> list[Truth]:
    """All calls of a folder, in the order of their names."""
    return [_call(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


def _call(found: dict[str, object]) -> Truth:
    turns: list[dict[str, object]] = found.pop("turns")  # type: ignore[assignment]
    lines: list[str] = found.pop("lines")  # type: ignore[assignment]
    return Truth(**found, lines=tuple(lines), turns=tuple(Turn(**turn) for turn in turns))  # type: ignore[arg-type]
