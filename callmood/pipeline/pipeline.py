"""The stages joined: recordings in, finished calls out, with batches filled across calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from callmood.call import Call, Recording, Segment, Speaker
from callmood.errors import CallmoodError
from callmood.pipeline.audio.decode import Audio, UnreadableRecording, decode
from callmood.pipeline.score import Scorable, Scored, score_calls
from callmood.pipeline.speakers.finder import Conversation, assign_roles
from callmood.pipeline.transcribe.transcriber import Transcript
from callmood.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from callmood.model import Baseline, Scorer
    from callmood.pipeline.transcribe.transcriber import Transcriber

BATCH_AUDIO_S = 900.0
"""Audio whose calls are transcribed and scored together: enough to fill batches, little enough to keep in memory."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to work on."""

    recording: Recording
    agent_earlier: Baseline | None = None
    """The agent's voice baseline over earlier calls."""
    stored: tuple[tuple[Speaker, ...], tuple[Segment, ...]] | None = None
    """What the database holds of it: scored again as it is, without finding speakers or transcribing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that gave no call."""

    recording: Recording
    reason: str
    """Two or three words, the same for the same kind of failure."""
    error: str
    """One sentence."""


Outcome: TypeAlias = Call | Failure


@dataclass(frozen=True, slots=True)
class Stages:
    """The models, loaded once a process."""

    find_speakers: Callable[[np.ndarray], Conversation] | None
    transcriber: Transcriber | None
    scorer: Scorer
    settings: Settings


def load_stages(settings: Settings, device: str, threads: int = 1, *, rescore: bool = False) -> Stages:
    """Loads the models on ``device`` ("cpu", "cuda:0", "mps"). ``rescore`` needs the emotion model alone."""
    import torch

    from callmood.model import load
    from callmood.pipeline.speakers.finder import load_finder
    from callmood.pipeline.transcribe.transcriber import load_transcriber

    torch.set_num_threads(threads)
    scorer = load(settings.score.model, device)
    if rescore:
        return Stages(None, None, scorer, settings)
    return Stages(
        load_finder(settings.speakers, device),
        load_transcriber(settings.transcribe, device, threads),
        scorer,
        settings,
    )


def scan(stages: Stages, jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Yields one call or failure for each job, in order of completion; a bad recording stops no other."""
    batch: list[_Heard] = []
    for job in jobs:
        heard = _guarded(job, lambda job=job: _hear(stages, job))  # type: ignore[misc]
        if isinstance(heard, Failure):
            yield heard
            continue
        batch.append(heard)
        if sum(other.audio.duration_s for other in batch) >= BATCH_AUDIO_S:
            yield from _finish(stages, batch)
            batch = []
    yield from _finish(stages, batch)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A decoded recording whose speakers are known; its transcript where it was stored."""

    job: Job
    audio: Audio
    conversation: Conversation
    transcript: Transcript | None


def _hear(stages: Stages, job: Job) -> _Heard:
    audio = decode(job.recording.path)
    if job.stored is not None:
        speakers, segments = job.stored
        conversation = Conversation("stereo" if audio.channels > 1 else "mono", speakers, (), ())
        return _Heard(job, audio, conversation, Transcript(segments, {}))
    assert stages.find_speakers is not None
    return _Heard(job, audio, stages.find_speakers(audio.samples), None)


def _finish(stages: Stages, batch: Sequence[_Heard]) -> Iterator[Outcome]:
    """Transcribes and scores a batch together; where that fails, one by one, so that only the bad one fails."""
    if not batch:
        return
    try:
        calls = _transcribe_and_score(stages, batch)
    except Exception:
        if len(batch) == 1:
            yield _guarded(batch[0].job, lambda: _transcribe_and_score(stages, batch)[0])
            return
        for heard in batch:
            yield from _finish(stages, [heard])
        return
    yield from calls


def _transcribe_and_score(stages: Stages, batch: Sequence[_Heard]) -> list[Call]:
    transcripts = _transcripts(stages, batch)
    speakers = [
        heard.conversation.speakers
        if heard.job.stored is not None
        else assign_roles(heard.conversation.speakers, transcript.segments, stages.settings.speakers)
        for heard, transcript in zip(batch, transcripts, strict=True)
    ]
    scorables = [
        Scorable(heard.audio.samples, of_call, transcript.segments, heard.job.agent_earlier)
        for heard, of_call, transcript in zip(batch, speakers, transcripts, strict=True)
    ]
    scored = score_calls(stages.scorer, scorables, stages.settings.score.roles)
    return [
        _call(heard, of_call, transcript, of_scores)
        for heard, of_call, transcript, of_scores in zip(batch, speakers, transcripts, scored, strict=True)
    ]


def _transcripts(stages: Stages, batch: Sequence[_Heard]) -> list[Transcript]:
    fresh = [heard for heard in batch if heard.transcript is None]
    if fresh:
        assert stages.transcriber is not None
        made = iter(
            stages.transcriber.transcribe(
                [
                    (heard.audio.samples, heard.conversation.turns, heard.conversation.speakers)
                    for heard in fresh
                ]
            )
        )
    return [heard.transcript if heard.transcript is not None else next(made) for heard in batch]


def _call(heard: _Heard, speakers: tuple[Speaker, ...], transcript: Transcript, scored: Scored) -> Call:
    audio = heard.audio
    return Call(
        recording=heard.job.recording,
        duration_s=audio.duration_s,
        channels=audio.channels,
        sample_rate=audio.sample_rate,
        format=audio.format,
        layout=heard.conversation.layout,
        speakers=speakers,
        segments=transcript.segments,
        scores=scored.scores,
        baselines=scored.baselines,
        dropped=transcript.dropped,
        warnings=audio.warnings + heard.conversation.warnings,
    )


def _guarded(job: Job, work: Callable[[], R]) -> R | Failure:
    """Runs ``work``; whatever goes wrong becomes a failure of this recording."""
    try:
        return work()
    except UnreadableRecording as error:
        return Failure(job.recording, error.reason, str(error))
    except CallmoodError as error:
        return Failure(job.recording, "not scanned", str(error))
    except MemoryError:
        return Failure(
            job.recording, "out of memory", f"{job.recording.path} needs more memory than there is."
        )
    except Exception as error:
        return Failure(
            job.recording,
            "unexpected error",
            f"{job.recording.path} could not be scanned: {type(error).__name__}: {error}".splitlines()[0],
        )
