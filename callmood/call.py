"""The nouns that every stage shares, and the choices that settings and commands offer.

All times are seconds from the start of the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final, Literal, TypeAlias

from callmood.labels import LABELS, MOOD_WEIGHTS
from callmood.wording import clock, counted, percent, printable, shortened

Role: TypeAlias = Literal["agent", "customer", "unknown"]
Layout: TypeAlias = Literal["stereo", "dual mono", "mono"]
"""Different content by channel, the same content twice, or one channel."""

RoleChoice: TypeAlias = Literal["all", "agent", "customer"]
"""Whose segments are scored, or reported on."""
ChannelChoice: TypeAlias = Literal["auto", "left", "right"]
"""Where a stereo recording has the agent."""
Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps"]
Engine: TypeAlias = Literal["local", "ray"]
"""Where a scan's work is done: on this machine, or on those of a Ray cluster."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known about a call before it is decoded: from its file name and folder, or from a metadata table."""

    agent: str | None = None
    customer: str | None = None
    call_id: str | None = None
    queue: str | None = None
    started_at: datetime | None = None
    """Wall-clock time as written, without a time zone."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The other columns of the metadata table and the other named groups of the name pattern."""

    def over(self, other: CallFacts) -> CallFacts:
        """These facts, with the missing ones taken from ``other``.

        >>> CallFacts(agent="anna").over(CallFacts(agent="ben", queue="sales"))
        CallFacts(agent='anna', queue='sales')
        """
        own = {name: getattr(self, name) for name in FACTS}
        known = {name: value if value is not None else getattr(other, name) for name, value in own.items()}
        return CallFacts(**known, metadata={**other.metadata, **self.metadata})

    def __repr__(self) -> str:
        known = ((name, getattr(self, name)) for name in (*FACTS, "metadata"))
        return f"CallFacts({', '.join(f'{name}={value!r}' for name, value in known if value)})"

    def __reduce__(self) -> tuple[type[CallFacts], tuple[object, ...]]:
        # a third of the time that a dataclass with slots takes by itself, for scans pickle each several times
        return CallFacts, (*(getattr(self, name) for name in FACTS), self.metadata)


FACTS: Final = tuple(each.name for each in fields(CallFacts) if each.name != "metadata")
"""The facts that have a column of their own."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, identified by its content; or two files with a side of a call each."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal (``callmood.hashing.joined_id``)."""
    path: Path
    size_bytes: int
    """Of all its files."""
    facts: CallFacts = CallFacts()
    other_path: Path | None = None
    """The file with the second channel, if the sides of the call are in two."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, or the two."""
        return (self.path,) if self.other_path is None else (self.path, self.other_path)

    def __reduce__(self) -> tuple[type[Recording], tuple[object, ...]]:
        return Recording, (self.id, self.path, self.size_bytes, self.facts, self.other_path)

    def __repr__(self) -> str:
        return f"Recording({self.path.name!r}, {self.id[:12]})"


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
    """Why the speaker has this role, for people to read: "the left channel speaks first"."""
    role_is_set: bool = False
    """Whether the settings determine the role. The transcript then does not change it."""
    language: str | None = None
    """In which the words are, such as "es"; None: English, by a recogniser that knows no other."""

    def __repr__(self) -> str:
        return f"Speaker({self.index}, {self.role}, {self.decided_by!r})"


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its times."""

    text: str
    start_s: float
    end_s: float
    probability: float

    def __repr__(self) -> str:
        return f"Word({self.text!r}, {self.start_s:.2f}-{self.end_s:.2f})"


@dataclass(frozen=True, slots=True)
class Segment:
    """What is transcribed and scored as a unit: what one speaker says, up to 15 s."""

    speaker: int
    channel: int
    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()

    def __repr__(self) -> str:
        times = f"{clock(self.start_s)}-{clock(self.end_s)}"
        return f"Segment({times}, speaker {self.speaker}, {shortened(self.text)!r})"


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch in which a speaker is heard, whether its words are known or not."""

    speaker: int
    start_s: float
    end_s: float
    dropped: str | None = None
    """Why it has no words: a reason of ``Call.dropped``; None if it has."""


HoldKind: TypeAlias = Literal["music", "tone", "announcement"]
"""Music on hold; ringing, busy tones and keys; what a machine says."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A stretch that is no conversation."""

    kind: HoldKind
    start_s: float
    end_s: float
    text: str | None = None
    """What an announcement says."""


Evidence: TypeAlias = Literal["voice", "words", "both"]
"""What speaks for a mood."""


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """One segment's emotion, from voice and words: probabilities in the order of ``callmood.labels.LABELS``."""

    relative: tuple[float, ...]
    """Against the speaker's own baseline; reports use these. Sums to 1."""
    raw: tuple[float, ...]
    """Without a baseline. Sums to 1."""
    label: str
    """The best label of ``relative``, "neutral" for calm too, or "uncertain" if its mood's probability is below the
    bundle's threshold."""
    confidence: float
    """The probability of the label's mood: calm and neutral count together, and so angry, disgust, fearful and sad."""
    raw_logits: tuple[float, ...] | None = None
    """Of the voice alone, without a baseline; None for a segment without sound, or a model without baselines."""
    relative_logits: tuple[float, ...] | None = None
    """Of the voice alone, before its baseline is subtracted: with ``raw_logits``, enough to compare the segment with
    another baseline."""
    upset: float = 0.0
    """The probability that a listener would call the speaker annoyed, angry or distressed here, with the speaker's
    neighbouring segments as evidence too."""
    pleased: float = 0.0
    evidence: Evidence | None = None
    """What speaks for the label, or for upset or pleased where the label is neutral or uncertain; None if the segment
    itself says nothing."""

    @property
    def mood(self) -> float:
        """-1 (angry) to 1 (happy): the labels' weights times what their probabilities have above chance.

        >>> sure = EmotionScores((1.0, *(0.0,) * 7), (1.0, *(0.0,) * 7), "angry", 1.0)
        >>> sure.mood, sure
        (-1.0, EmotionScores(angry 100 %))
        """
        chance = 1 / len(LABELS)
        return sum(
            MOOD_WEIGHTS[label] * max(probability - chance, 0.0) / (1 - chance)
            for label, probability in zip(LABELS, self.relative, strict=True)
        )

    def __repr__(self) -> str:
        return f"EmotionScores({self.label} {percent(self.confidence)})"


@dataclass(frozen=True, slots=True)
class VoiceBaseline:
    """A speaker's usual voice: what scoring compares a segment with, and later calls of the same agent too."""

    mean: tuple[float, ...]
    """[labels]: the mean of the relative head's logits over the segments."""
    count: int
    """Number of segments in the mean."""
    one_mood: float = 0.0
    """The probability that the speaker has one mood in all of them, which the baseline hides."""


@dataclass(frozen=True, slots=True)
class SpeakerMoods:
    """Whether a speaker got upset or pleased on a call, and when."""

    upset: float
    """The probability that the speaker was upset at any time."""
    upset_from_s: float | None
    """The start of the first segment in which the speaker is more probably upset than not; None if there is none."""
    pleased: float
    pleased_from_s: float | None


@dataclass(frozen=True, slots=True)
class Vectors:
    """What an encoder of the emotion model made of a call's segments: enough to score them again without it."""

    encoder: str
    """Hash of its weights and settings."""
    of_segments: Mapping[int, bytes]
    """float16, by the number of the segment; empty for one without sound."""

    def __repr__(self) -> str:
        return f"Vectors({self.encoder}, {counted(len(self.of_segments), 'segment')})"


@dataclass(frozen=True, slots=True)
class Call:
    """One analyzed recording: who speaks when, what is said, in what mood."""

    recording: Recording
    duration_s: float
    channels: int
    sample_rate: int
    """Of the file, in Hz."""
    format: str
    """Container and codec, such as "wav/pcm_mulaw"."""
    layout: Layout
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    scores: tuple[EmotionScores | None, ...]
    """One per segment; None if the speaker's role is not scored."""
    baselines: Mapping[int, VoiceBaseline]
    """By speaker, for those whose segments are scored."""
    dropped: Mapping[str, int]
    """Number of spans without text, by reason."""
    warnings: tuple[str, ...]
    """One sentence each, such as "file ends early: 12.0 s of 30.0 s could be read"."""
    speech: tuple[Speech, ...] = ()
    """Who is heard when, by start: what talk time, silences and overtalk are computed from."""
    holds: tuple[Hold, ...] = ()
    """What is no conversation, by start."""
    language: str | None = None
    """The language of most of the speech, such as "es"; None if no recogniser of the scan can tell languages apart."""
    understood: bool = True
    """Whether the words can be relied on. If not, figures of words and moods leave the call out."""
    moods: Mapping[int, SpeakerMoods] = field(default_factory=dict)
    """By speaker, for those whose segments are scored."""
    redacted: bool = False
    """Whether what is secret in the words was replaced."""
    audio_vectors: Vectors | None = None
    """Of the scored segments; None if the settings don't keep vectors."""
    text_vectors: Vectors | None = None
    """Of those with words, in a language that the encoder knows, that nothing secret was taken out of."""

    def _repr_html_(self) -> str:
        """The call as a notebook shows it: a line for each segment."""
        roles = {speaker.index: speaker.role for speaker in self.speakers}
        lines = "".join(
            f"<tr><td>{clock(segment.start_s)}</td><td>{roles.get(segment.speaker, '')}</td>"
            f"<td>{f'{scores.label} {percent(scores.confidence)}' if scores else ''}</td>"
            f"<td style='text-align: left'>{escape(printable(segment.text))}</td></tr>"
            for segment, scores in zip(self.segments, self.scores, strict=True)
        )
        return f"<p>{escape(repr(self))}</p><table>{lines}</table>"

    def __repr__(self) -> str:
        spoken = f"{counted(len(self.speakers), 'speaker')}, {counted(len(self.segments), 'segment')}"
        return f"Call({self.recording.path.name!r}, {clock(self.duration_s)}, {self.layout}, {spoken})"


@dataclass(frozen=True, slots=True)
class Rescored:
    """New scores of a stored call, whose speakers, segments and words stay as they are."""

    recording: Recording
    duration_s: float
    scores: tuple[EmotionScores | None, ...]
    """As in ``Call``."""
    baselines: Mapping[int, VoiceBaseline]
    """As in ``Call``."""
    warnings: tuple[str, ...] = ()
    """From decoding the recording again."""
    moods: Mapping[int, SpeakerMoods] = field(default_factory=dict)
    """As in ``Call``."""
    audio_vectors: Vectors | None = None
    """To be stored; None: those that are stay, but for segments that are not scored any more."""
    text_vectors: Vectors | None = None
    """As ``audio_vectors``."""

    def __repr__(self) -> str:
        return f"Rescored({self.recording.path.name!r}, {counted(len(self.scores), 'segment')})"


CHANGED: Final = "changed"
"""The reason of a failure that is none of the recording: the file was replaced, grew or went while it was scanned."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be scanned, or a file or folder that could not be read."""

    path: Path
    reason: str
    """Two or three words, the same for the same kind of failure."""
    error: str
    """One sentence."""
    recording: Recording | None = None
    """None if the file or folder could not be read."""

    @property
    def is_passing(self) -> bool:
        """Whether the file changed while it was scanned. Nothing is stored of it, and the next scan tries it again."""
        return self.reason == CHANGED

    def __repr__(self) -> str:
        return f"Failure({self.path.name!r}, {self.reason}: {printable(self.error)})"


Outcome: TypeAlias = Call | Rescored | Failure
