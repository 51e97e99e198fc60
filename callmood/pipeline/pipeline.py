"""The stages joined: recordings in, outcomes out, with the models' batches filled across calls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from callmood.call import (
    CHANGED,
    Call,
    Failure,
    Hold,
    Outcome,
    Recording,
    Rescored,
    Segment,
    Speaker,
)
from callmood.errors import CallmoodError
from callmood.hashing import hash_stream, joined_id
from callmood.pipeline.audio.decode import Audio, decode
from callmood.pipeline.audio.files import UnreadableRecording, opened
from callmood.pipeline.audio.legs import decode_sides
from callmood.pipeline.score import Scorable, Scored, score_calls
from callmood.pipeline.speakers.announcements import People, without_announcements
from callmood.pipeline.speakers.channels import separate
from callmood.pipeline.speakers.finder import Conversation
from callmood.pipeline.speakers.hold import find_holds
from callmood.pipeline.speakers.roles import assign_roles
from callmood.pipeline.transcribe.said_once import said_once
from callmood.pipeline.transcribe.transcriber import Transcript
from callmood.pipeline.untranscribed import said_of_untranscribed, segments_without_words
from callmood.redaction import redact_call
from callmood.remote import held
from callmood.settings import Settings
from callmood.threads import in_threads
from callmood.wording import printable

if TYPE_CHECKING:
    from callmood.model import Scorer
    from callmood.model.bundle import EncoderIds
    from callmood.pipeline.transcribe.transcriber import Transcriber
    from callmood.sound import Samples

BATCH_AUDIO_S = 300.0
"""Audio to transcribe and score together: enough to fill batches, little enough to keep in memory."""


@dataclass(frozen=True, slots=True)
class Job:
    """A recording to analyze from its sound."""

    recording: Recording
    expected_s: float = field(default=0.0, kw_only=True)
    """About how long it is; 0 if that is not known."""


@dataclass(frozen=True, slots=True)
class RescoreJob(Job):
    """A stored call to score again with its stored speakers and segments."""

    speakers: tuple[Speaker, ...] = ()
    segments: tuple[Segment, ...] = ()
    audio_vectors: Mapping[int, bytes] | None = None
    """Those that are stored by the model's encoders, of all segments to score. With these it needs no sound."""
    text_vectors: Mapping[int, bytes] | None = None
    """Of some segments with words, or of all."""


Work: TypeAlias = Callable[[Sequence[Job]], Iterator[Outcome]]
"""Yields one outcome for each job, in order of completion; a bad recording does not stop the others."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The models of a scan, loaded once per process."""

    find_speakers: Callable[[Samples], Conversation]
    transcriber: Transcriber
    scorer: Scorer
    settings: Settings
    keep: EncoderIds | None = None
    """The scorer's encoders, if their vectors are kept."""


def load_scan(settings: Settings, device: str) -> Work:
    """Loads all models on ``device`` ("cpu", "cuda:0", "mps"); returns the function that analyzes recordings."""
    from callmood.pipeline.speakers.finder import load_finder
    from callmood.pipeline.transcribe.transcriber import load_transcriber

    def networks() -> tuple[Scorer, Callable[[Samples], Conversation]]:
        # one after the other, because they share the speaker network
        return _load_scorer(settings, device), load_finder(settings.speakers, device)

    def transcriber() -> Transcriber:
        return load_transcriber(settings.transcribe, device)

    loads: list[Callable[[], Any]] = [networks, transcriber]
    if device == "cpu":
        (scorer, find_speakers), transcribe = in_threads(lambda load: load(), loads)
    else:  # one after the other: CTranslate2 finds the libraries that torch has loaded
        (scorer, find_speakers), transcribe = networks(), transcriber()
    stages = Stages(find_speakers, transcribe, scorer, settings, encoders_to_keep(settings))
    return partial(scan, stages)


def load_rescore(settings: Settings, device: str) -> Work:
    """Loads the emotion model only; returns the function that scores stored calls (``RescoreJob``) again."""
    return partial(rescore, _load_scorer(settings, device), settings, keep=encoders_to_keep(settings))


def encoders_to_keep(settings: Settings) -> EncoderIds | None:
    """The emotion model's encoders, if the settings say that their vectors are kept."""
    from callmood.model.bundle import encoder_ids

    return encoder_ids(settings.score.model) if settings.score.keep_vectors else None


def scan(stages: Stages, jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Finds the speakers of each recording, transcribes and scores. See ``Work``."""
    return _in_batches(jobs, partial(_find_speakers, stages), partial(_transcribe_and_score, stages))


def rescore(
    scorer: Scorer, settings: Settings, jobs: Sequence[Job], keep: EncoderIds | None = None
) -> Iterator[Outcome]:
    """Scores the segments of stored calls. See ``Work``; ``keep``: the scorer's encoders, if their vectors are kept."""
    return _in_batches(
        jobs, partial(_decode_stored_call, settings), partial(_rescore_batch, scorer, settings, keep)
    )


def _load_scorer(settings: Settings, device: str) -> Scorer:
    from callmood.model import load

    return load(settings.score.model, device)


class _HasJob(Protocol):
    @property
    def job(self) -> Job: ...


class _HasSound(_HasJob, Protocol):
    @property
    def audio(self) -> Audio: ...


Ready = TypeVar("Ready", bound=_HasJob)
Heard = TypeVar("Heard", bound=_HasSound)
R = TypeVar("R")


def _in_batches(
    jobs: Sequence[Job],
    prepare: Callable[[Job], Heard],
    finish: Callable[[Sequence[Heard]], Sequence[Call | Rescored]],
) -> Iterator[Outcome]:
    """Runs ``prepare`` on each recording, and ``finish`` on enough of them at once to fill batches."""
    batch: list[Heard] = []
    for job in jobs:
        ready = _guarded(job, lambda job=job: prepare(job))  # type: ignore[misc]
        if isinstance(ready, Failure):
            yield ready
            continue
        batch.append(ready)
        if sum(one.audio.duration_s for one in batch) >= BATCH_AUDIO_S:
            yield from finish_batch(batch, finish)
            batch = []
    yield from finish_batch(batch, finish)


def finish_batch(
    batch: Sequence[Ready], finish: Callable[[Sequence[Ready]], Sequence[Call | Rescored]]
) -> Iterator[Outcome]:
    """Finishes a batch; if that fails, one recording after the other, so that only the bad one fails."""
    if not batch:
        return
    try:
        outcomes = finish(batch)
    except Exception:
        if len(batch) == 1:
            yield _guarded(batch[0].job, lambda: finish(batch)[0])
            return
        for ready in batch:
            yield from finish_batch([ready], finish)
        return
    yield from outcomes


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A stored call with its sound."""

    job: RescoreJob
    audio: Audio


@dataclass(frozen=True, slots=True)
class _Diarized:
    """A recording whose speakers and turns are known."""

    job: Job
    audio: Audio
    conversation: Conversation


def _decode_stored_call(settings: Settings, job: Job) -> _Decoded:
    assert isinstance(job, RescoreJob)
    audio = _decoded(job.recording, settings.audio.max_hours)
    if audio.channels == 2:
        audio = replace(audio, samples=separate(audio.samples).samples)
    return _Decoded(job, audio)


class _Changed(CallmoodError):
    """The file is not the recording that was found."""


def _decoded(recording: Recording, max_hours: float) -> Audio:
    """The sound of a recording. Raises _Changed if its file holds something else by now, or can't be had any more."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(recording.files))
        except OSError as error:
            name, why = printable(recording.path.name), printable(error.strerror or str(error))
            raise _Changed(f"{name} could not be fetched: {why}. The next scan tries again.") from None
        try:
            if recording.other_path is None:
                audio = decode(recording.path, max_hours)
            else:
                audio = decode_sides(recording.path, recording.other_path, max_hours)
        except UnreadableRecording:
            _require_unchanged(recording)  # a file that is being written looks damaged
            raise
        _require_unchanged(recording)
        return audio


def _require_unchanged(recording: Recording) -> None:
    """Raises _Changed. The whole file is hashed, because a size and a time don't show every change.

    It costs little, as the file was read a moment ago.
    """
    try:
        found = joined_id([_hash(path) for path in recording.files])
    except UnreadableRecording as error:
        raise _Changed(f"{error} It could be read when the scan began; the next scan looks again.") from None
    if found != recording.id:
        name = printable(recording.path.name)
        raise _Changed(f"{name} changed while it was scanned; the next scan takes it as it is then.")


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with opened(path) as file:
        hash_stream(file, digest)
    return digest.hexdigest()


def _rescore_batch(
    scorer: Scorer, settings: Settings, keep: EncoderIds | None, batch: Sequence[_Decoded]
) -> list[Rescored]:
    scorables = [Scorable(one.audio.samples, one.job.speakers, one.job.segments) for one in batch]
    return [
        Rescored(
            one.job.recording,
            one.audio.duration_s,
            scored.scores,
            scored.baselines,
            one.audio.warnings,
            scored.moods,
            scored.audio_vectors,
            scored.text_vectors,
        )
        for one, scored in zip(batch, score_calls(scorer, scorables, settings.score.roles, keep), strict=True)
    ]


def _find_speakers(stages: Stages, job: Job) -> _Diarized:
    audio = _decoded(job.recording, stages.settings.audio.max_hours)
    conversation = stages.find_speakers(audio.samples)
    return _Diarized(job, replace(audio, samples=conversation.samples), conversation)


def _transcribe_and_score(stages: Stages, batch: Sequence[_Diarized]) -> list[Call]:
    transcripts = stages.transcriber.transcribe(
        [(one.audio.samples, one.conversation.turns, one.conversation.speakers) for one in batch]
    )
    heard = [
        _apart(one, said_once(transcript, one.audio.samples))
        for one, transcript in zip(batch, transcripts, strict=True)
    ]
    scorables = [Scorable(one.diarized.audio.samples, one.speakers, one.people.segments) for one in heard]
    scored = score_calls(stages.scorer, scorables, stages.settings.score.roles, stages.keep)
    calls = [_call(one, of_call) for one, of_call in zip(heard, scored, strict=True)]
    return [redact_call(call) for call in calls] if stages.settings.transcribe.redact else calls


@dataclass(frozen=True, slots=True)
class _Heard:
    """A recording whose words are known, with what is no conversation set apart."""

    diarized: _Diarized
    transcript: Transcript
    people: People
    speakers: tuple[Speaker, ...]
    """With their roles."""
    holds: tuple[Hold, ...]


def _apart(diarized: _Diarized, transcript: Transcript) -> _Heard:
    sounds = find_holds(diarized.audio.samples, transcript.speech)
    people = without_announcements(
        diarized.conversation.speakers, transcript.segments, transcript.speech, sounds
    )
    understood = people.segments if transcript.understood else ()
    speakers = assign_roles(people.speakers, understood, transcript.language)
    speakers = tuple(replace(one, language=transcript.speaker_languages.get(one.index)) for one in speakers)
    segments = [*people.segments, *segments_without_words(people.speech, speakers)]
    segments.sort(key=lambda one: (one.start_s, one.speaker))
    people = replace(people, segments=tuple(segments))
    holds = sorted((*sounds, *people.announcements), key=lambda hold: hold.start_s)
    return _Heard(diarized, transcript, people, speakers, tuple(holds))


def _call(heard: _Heard, scored: Scored) -> Call:
    audio, conversation, transcript = heard.diarized.audio, heard.diarized.conversation, heard.transcript
    return Call(
        recording=heard.diarized.job.recording,
        duration_s=audio.duration_s,
        channels=audio.channels,
        sample_rate=audio.sample_rate,
        format=audio.format,
        layout=conversation.layout,
        speakers=heard.speakers,
        segments=heard.people.segments,
        scores=scored.scores,
        baselines=scored.baselines,
        dropped=transcript.dropped,
        warnings=(
            *audio.warnings,
            *conversation.warnings,
            *transcript.warnings,
            *said_of_untranscribed(heard.people.speech),
        ),
        speech=heard.people.speech,
        holds=heard.holds,
        language=transcript.language,
        understood=transcript.understood,
        moods=scored.moods,
        audio_vectors=scored.audio_vectors,
        text_vectors=scored.text_vectors,
    )


def _guarded(job: Job, work: Callable[[], R]) -> R | Failure:
    """Runs ``work``; any error becomes a failure of this recording."""
    recording = job.recording

    def failure(reason: str, error: str) -> Failure:
        return Failure(recording.path, reason, error, recording)

    try:
        return work()
    except _Changed as error:
        return failure(CHANGED, str(error))
    except UnreadableRecording as error:
        return failure(error.reason, str(error))
    except CallmoodError as error:
        return failure("not scanned", str(error))
    except MemoryError:
        return failure("out of memory", f"Not enough memory to scan {recording.path}. Try --workers 1.")
    except Exception as error:
        what = f"{recording.path} could not be scanned: {type(error).__name__}: {error}"
        return failure("unexpected error", what.splitlines()[0])
