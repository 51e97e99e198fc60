"""The counts of a scan, so far or at its end."""

import time
from dataclasses import asdict, dataclass, field
from typing import Final

from callmood.call import Call, Failure, Outcome
from callmood.wording import counted, length

NO_ALARM: Final = frozenset({"empty file", "no audio"})
"""Reasons of failures that are daily business: exchanges leave such files of calls that nobody answered."""


@dataclass(frozen=True, slots=True)
class Rescoring:
    """How stored calls are scored again."""

    from_vectors: int
    """Calls whose recordings are not opened, because vectors of the model's encoders are stored."""
    without_vectors: int
    """Calls that are decoded, because some of their segments have no vectors."""
    other_vectors: int
    """Calls that are decoded, because their vectors are by other encoders."""


@dataclass
class Summary:
    """The counts of a scan, updated while it runs."""

    total: int = 0
    """Recordings to scan."""
    bytes_total: int = 0
    skipped: int = 0
    """Recordings that are stored already."""
    failed_earlier: int = 0
    """Recordings that failed in an earlier scan and are not retried, and files that still can't be read."""
    waiting: list[str] = field(default_factory=list)
    """Paths of files that are still being written; the next scan takes them."""
    replaced: list[str] = field(default_factory=list)
    """Paths of stored calls that were replaced, because their file has new content."""
    gone: list[str] = field(default_factory=list)
    """Paths of stored calls whose files are no longer in the folders that were searched."""
    forgotten: int = 0
    """Recordings that were forgotten and are not scanned."""
    archived: int = 0
    """Recordings whose calls are in an archive and are not scanned."""
    copies: int = 0
    """Files with the same content as another."""
    passed_over: dict[str, int] = field(default_factory=dict)
    """Files that were not read although they may be recordings, by extension."""
    agents: dict[str, int] = field(default_factory=dict)
    """Recordings that were found, by where their agent is known from: "metadata table", "name pattern", "file name",
    "folder" or "unknown"."""
    stale_scores: int = 0
    """Skipped recordings that were scored by another emotion model or for other roles."""
    stale_transcripts: int = 0
    """Skipped recordings that were transcribed by another recogniser."""
    rescored: Rescoring | None = None
    """How calls are scored again; None if this scan does something else."""
    started: float = field(default_factory=time.monotonic, repr=False)
    finished: float | None = field(default=None, repr=False)
    done: int = 0
    segments: int = 0
    audio_s: float = 0.0
    bytes_seen: int = 0
    unreadable: int = 0
    """Failures that are not among the recordings to scan, because they could not be read."""
    changed: list[str] = field(default_factory=list)
    """Error messages of files that changed while they were scanned; the next scan takes them."""
    failures: dict[str, list[str]] = field(default_factory=dict)
    """Error messages by reason."""
    notes: list[str] = field(default_factory=list)
    """What is said of names, tables and files as a whole, one sentence each. It is stored nowhere."""
    warnings: list[str] = field(default_factory=list)
    """Of recordings, which are stored with them."""

    @property
    def failed(self) -> int:
        """Recordings that failed in this scan."""
        return sum(len(errors) for errors in self.failures.values())

    @property
    def is_alarming(self) -> bool:
        """Whether something failed that someone should look at: not only empty files and files without sound."""
        return any(reason not in NO_ALARM for reason in self.failures)

    @property
    def seen(self) -> int:
        """Recordings that are done, have failed or have changed."""
        return self.done + self.failed + len(self.changed) - self.unreadable

    @property
    def wall_s(self) -> float:
        """Seconds since the work began; once it is finished, how long it took."""
        return (time.monotonic() if self.finished is None else self.finished) - self.started

    @property
    def rtfx(self) -> float:
        """Seconds of audio per second of wall time, including the loading of the models."""
        return self.audio_s / max(self.wall_s, 1e-9)

    def __repr__(self) -> str:
        scanned = f"{counted(self.done, 'recording')} scanned ({length(self.audio_s)} of audio)"
        return f"Summary({scanned}, {self.skipped:,} skipped, {self.failed:,} failed)"

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if isinstance(outcome, Failure):
            self.bytes_seen += outcome.recording.size_bytes if outcome.recording else 0
            if outcome.is_passing:
                self.changed.append(outcome.error)
                return
            self.unreadable += outcome.recording is None
            self.failures.setdefault(outcome.reason, []).append(outcome.error)
            return
        self.bytes_seen += outcome.recording.size_bytes
        self.done += 1
        self.segments += len(outcome.segments if isinstance(outcome, Call) else outcome.scores)
        self.audio_s += outcome.duration_s
        self.warnings += [f"{outcome.recording.path.name}: {warning}" for warning in outcome.warnings]

    def as_dict(self) -> dict[str, object]:
        """The counts, ready for JSON."""
        return {
            "done": self.done,
            "failed": self.failed,
            "failures": {reason: len(errors) for reason, errors in self.failures.items()},
            "changed": len(self.changed),
            "skipped": self.skipped,
            "stale_scores": self.stale_scores,
            "stale_transcripts": self.stale_transcripts,
            # the names of 0.1, to go with 0.3
            "scored_otherwise": self.stale_scores,
            "transcribed_otherwise": self.stale_transcripts,
            "failed_earlier": self.failed_earlier,
            "waiting": len(self.waiting),
            "replaced": len(self.replaced),
            "gone": len(self.gone),
            "gone_paths": self.gone,
            "forgotten": self.forgotten,
            "archived": self.archived,
            "copies": self.copies,
            "passed_over": self.passed_over,
            "agents": self.agents,
            **({} if self.rescored is None else {"rescored": asdict(self.rescored)}),
            "segments": self.segments,
            "audio_s": round(self.audio_s, 2),
            "wall_s": round(self.wall_s, 2),
            "rtfx": round(self.rtfx, 2),
            "warnings": [*self.notes, *self.warnings],
        }
