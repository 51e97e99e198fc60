"""Small calls built in code, so that a test states only what it is about."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from callmood.call import (
    Call,
    CallFacts,
    EmotionScores,
    Evidence,
    Failure,
    Hold,
    Recording,
    Segment,
    Speaker,
    SpeakerMoods,
    Speech,
    VoiceBaseline,
    Word,
)
from callmood.hashing import joined_id, sha256_of
from callmood.labels import EVEN_TEMPERED, LABELS
from callmood.model.course import PLEASED, UPSET

AGENT, CUSTOMER = 0, 1


def make_recording(name: str = "call.wav", **facts: Any) -> Recording:
    """A recording whose id is the hash of its name, so that the same content can have another path."""
    path = facts.pop("path", Path("/calls") / name)
    return Recording(hashlib.sha256(name.encode()).hexdigest(), path, 1000, CallFacts(**facts))


def with_files(call: Call, *files: Path) -> Call:
    """The call as one that was scanned from these files: one, or one for each side."""
    recording = replace(
        call.recording,
        id=joined_id([sha256_of(file) for file in files]),
        path=files[0],
        other_path=files[1] if len(files) > 1 else None,
        size_bytes=sum(file.stat().st_size for file in files),
    )
    return replace(call, recording=recording)


def failure(recording: Recording, reason: str = "no audio", error: str = "gone") -> Failure:
    return Failure(recording.path, reason, error, recording)


def feeling(
    label: str, probability: float = 1.0, uncertain: bool = False, evidence: Evidence = "voice"
) -> EmotionScores:
    """Scores with ``probability`` on one label and the rest on neutral (on calm, for neutral)."""
    rest = "calm" if label == "neutral" else "neutral"
    values = dict.fromkeys(LABELS, 0.0)
    values[rest] = 1.0 - probability
    values[label] = probability
    scores = tuple(values[name] for name in LABELS)
    raw = tuple(1.0 / len(LABELS) for _ in LABELS)
    return EmotionScores(
        scores,
        raw,
        "uncertain" if uncertain else label,
        probability,
        upset=probability if label in UPSET else 0.0,
        pleased=probability if label in PLEASED else 0.0,
        evidence=None if uncertain or label in EVEN_TEMPERED else evidence,
    )


Line = tuple[int, float, float, str] | tuple[int, float, float, str, EmotionScores | None]


def make_call(
    lines: Sequence[Line] = ((AGENT, 0.0, 2.0, "hello"), (CUSTOMER, 2.0, 4.0, "hi there")),
    name: str = "call.wav",
    roles: Sequence[Any] = ("agent", "customer"),
    layout: Any = "stereo",
    duration_s: float | None = None,
    baselines: Mapping[int, tuple[tuple[float, ...], int]] | None = None,
    dropped: Mapping[str, int] | None = None,
    warnings: Sequence[str] = (),
    unheard: Sequence[tuple[int, float, float, str]] = (),
    holds: Sequence[Hold] = (),
    language: str | None = None,
    understood: bool = True,
    **facts: Any,
) -> Call:
    """A call of (speaker, start, end, text, scores) lines; a line without scores is neutral with probability 1.

    ``unheard`` is speech without words: speaker, start, end and why.
    """
    channels = 2 if layout == "stereo" else 1
    segments = tuple(
        Segment(
            speaker=speaker,
            channel=speaker if channels == 2 else 0,
            start_s=start_s,
            end_s=end_s,
            text=text,
            words=_words(text, start_s, end_s),
        )
        for speaker, start_s, end_s, text, *_ in lines
    )
    return Call(
        recording=make_recording(name, **facts),
        duration_s=duration_s if duration_s is not None else max((s.end_s for s in segments), default=0.0),
        channels=channels,
        sample_rate=8000,
        format="wav/pcm_s16le",
        layout=layout,
        speakers=tuple(
            Speaker(index, index if channels == 2 else 0, role, f"set to {role}", language=language)
            for index, role in enumerate(roles)
        ),
        segments=segments,
        scores=tuple(line[4] if len(line) > 4 else feeling("neutral") for line in lines),
        baselines={who: VoiceBaseline(*voice) for who, voice in (baselines or {}).items()},
        dropped=dropped or {},
        warnings=tuple(warnings),
        speech=tuple(
            sorted(
                (
                    *(Speech(speaker, start_s, end_s) for speaker, start_s, end_s, *_ in lines),
                    *(Speech(*stretch) for stretch in unheard),
                ),
                key=lambda stretch: stretch.start_s,
            )
        ),
        holds=tuple(holds),
        language=language,
        understood=understood,
        moods=_moods(lines),
    )


def _moods(lines: Sequence[Line]) -> dict[int, SpeakerMoods]:
    """The highest of each speaker's segments, and when it first was likely."""
    moods = {}
    for who in {line[0] for line in lines}:
        scored = [
            (line[1], line[4] if len(line) > 4 else feeling("neutral")) for line in lines if line[0] == who
        ]
        known = [(start_s, scores) for start_s, scores in scored if scores is not None]
        if known:
            moods[who] = SpeakerMoods(
                max(scores.upset for _, scores in known),
                next((start_s for start_s, scores in known if scores.upset > 0.5), None),
                max(scores.pleased for _, scores in known),
                next((start_s for start_s, scores in known if scores.pleased > 0.5), None),
            )
    return moods


def on(day: str, time: str = "09:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{time}")


def _words(text: str, start_s: float, end_s: float) -> tuple[Word, ...]:
    parts = text.split()
    step = (end_s - start_s) / max(1, len(parts))
    return tuple(
        Word(part, start_s + step * index, start_s + step * (index + 1), 0.5)
        for index, part in enumerate(parts)
    )
