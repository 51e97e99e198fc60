"""The nouns that every stage shares. All times are seconds from the start of the recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Role = Literal["agent", "customer", "unknown"]


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, known by its content, and what its name and the side table say of the call on it."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    path: Path
    size_bytes: int
    agent: str | None = None
    customer: str | None = None
    call_id: str | None = None
    queue: str | None = None
    started_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The other columns of the side table and the other named groups of the name pattern."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one speaker holds the floor."""

    speaker: int
    """Index into the call's speakers."""
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice on a call."""

    index: int
    channel: int
    """Counted from 0; always 0 on a mono call."""
    role: Role = "unknown"
    decided_by: str = ""
    """How the role was found, in words a manager can read: "left channel speaks first"."""


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """The piece that is transcribed and scored: one speaker, 1 to 15 s."""

    speaker: int
    channel: int
    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """What one segment's voice and words say, as probabilities in the order of ``callmood.labels.LABELS``."""

    relative: tuple[float, ...]
    """Against the speaker's own baseline; the ones that count. Sums to 1."""
    raw: tuple[float, ...]
    """Without a baseline. Sums to 1."""
    label: str
    """The best label of ``relative``, or "uncertain" where its probability is below the bundle's threshold."""
    confidence: float
    """The probability of the best label of ``relative``."""


@dataclass(frozen=True, slots=True)
class VoiceBaseline:
    """A speaker's mean voice: what scoring compares a segment with, and what later calls of an agent start from."""

    speaker: int
    mean: tuple[float, ...]
    count: int
    """Number of segments that the mean is of."""


@dataclass(frozen=True, slots=True)
class Call:
    """One scanned recording, ready to be stored."""

    recording: Recording
    duration_s: float
    channels: int
    sample_rate: int
    """Of the file, in Hz."""
    format: str
    """Container and codec, such as "wav/pcm_mulaw"."""
    layout: Literal["stereo", "dual mono", "mono"]
    """Different content by channel, the same content twice, or one channel."""
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    scores: tuple[EmotionScores | None, ...]
    """One for each segment; None where the speaker's role is not scored."""
    baselines: tuple[VoiceBaseline, ...]
    dropped: Mapping[str, int]
    """Number of stretches that gave no text, by reason."""
    warnings: tuple[str, ...]
    """One sentence each, such as "file ends early: 12.0 s of 30.0 s could be read"."""
