"""Turns -> segments of text with word times, in batches filled across calls.

WhisperX's engine, faster-whisper, is used without the pipeline of either: they cut 30 s chunks across speakers and have
no hallucination filter, and WhisperX needs a second network for word times. Every span gets a quick pass first, through
a short window; one whose text is rejected gets a careful pass or two, through a longer window with a wider beam; what
is rejected even then is dropped and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np

from callmood.call import Segment, Speaker, Speech, Turn
from callmood.languages import AUTO, ENGLISH
from callmood.pipeline.transcribe.align import Aligner, load_aligner
from callmood.pipeline.transcribe.comprehension import Heard, is_understood, why_not_understood
from callmood.pipeline.transcribe.decoder import CAREFUL, LAST, QUICK, Attempt, Decoder, Pass, Task, frames_of
from callmood.pipeline.transcribe.segmenter import SegmentSpan, segment_turns
from callmood.pipeline.transcribe.spoken import SURE, Listened, Spoken, languages_of, stretches
from callmood.pipeline.transcribe.vocabulary import read_vocabulary
from callmood.pipeline.window import window_of
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE, Samples
from callmood.threads import in_threads

_SILENCE_RMS: Final = 1e-4
"""-80 dBFS: below the noise of any line."""
_CONTEXT_S: Final = 0.1
"""Added on both sides of a span, for sounds that voice activity detection cut off."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one call."""

    segments: tuple[Segment, ...]
    dropped: dict[str, int]
    """Number of spans and turns without text, by reason: "no speech", "low confidence", "repetition", "too short"."""
    speech: tuple[Speech, ...] = ()
    """By start; what was dropped too, but not what the decoder takes for noise."""
    language: str | None = None
    """The language of most of the speech, as it was detected; None if no model here can tell."""
    speaker_languages: Mapping[int, str] = field(default_factory=dict)
    """The language that each speaker was transcribed in; none if no model here can tell languages apart."""
    warnings: tuple[str, ...] = ()
    understood: bool = True
    """Whether the words can be relied on."""


Input: TypeAlias = tuple[Samples, Sequence[Turn], Sequence[Speaker]]
"""float32 [channels, n] at 16 kHz, turns and speakers of one call."""


class Transcriber:
    """Transcribes with one decoder, and other languages than English with ``others``, which may be the same."""

    def __init__(
        self,
        decoder: Decoder,
        settings: TranscribeSettings,
        others: Decoder | None = None,
        aligner: Aligner | None = None,
    ) -> None:
        """``aligner`` gives words better times."""
        self._decoder = decoder
        self._aligner = aligner
        self._others = others or decoder
        self._language = None if settings.language == AUTO else settings.language

    def transcribe(self, calls: Sequence[Input]) -> list[Transcript]:
        """One transcript for each call."""
        dropped: list[Counter[str]] = [Counter() for _ in calls]
        tasks: list[Task] = []
        for index, (samples, turns, speakers) in enumerate(calls):
            spans, too_short = segment_turns(samples, turns, speakers)
            dropped[index]["too short"] += too_short
            audible = [task for span in spans if _audible(task := _task_of(index, span, spans, samples))]
            dropped[index]["no speech"] += len(spans) - len(audible)
            tasks += audible
        spoken = self._listen(tasks)
        tasks = [replace(task, language=self._language_of(task, spoken)) for task in tasks]
        attempts = self._decode(tasks, QUICK)
        for decode_pass in (CAREFUL, LAST):
            unsure = [i for i, one in enumerate(attempts) if one.rejected is not None and not one.is_noise]
            for i, again in zip(unsure, self._decode([tasks[i] for i in unsure], decode_pass), strict=True):
                attempts[i] = again
        attempts = self._aligned(tasks, attempts)
        found: list[list[tuple[Task, Attempt]]] = [[] for _ in calls]
        for task, one in zip(tasks, attempts, strict=True):
            found[task.call].append((task, one))
        return [
            self._transcript(of_call, of_drops, spoken.get(call))
            for call, (of_call, of_drops) in enumerate(zip(found, dropped, strict=True))
        ]

    def _transcript(
        self, found: Sequence[tuple[Task, Attempt]], dropped: Counter[str], spoken: Spoken | None
    ) -> Transcript:
        dropped.update(one.rejected for _, one in found if one.rejected is not None)
        segments = [_segment(task.span, one) for task, one in found if one.rejected is None]
        speech = [
            Speech(turn.speaker, turn.start_s, turn.end_s, one.rejected)
            for task, one in found
            if not one.is_noise
            for turn in task.span.turns
        ]
        understood = is_understood(
            Heard(task.span.duration_s, one.mean_logprob) for task, one in found if not one.is_noise
        )
        detected = None if spoken is None else spoken.call
        expected = self._language or detected or ENGLISH
        if spoken is not None and detected != expected and spoken.probability >= SURE:
            understood = False
        return Transcript(
            tuple(sorted(segments, key=lambda segment: (segment.start_s, segment.speaker))),
            dict(+dropped),
            tuple(sorted(speech, key=lambda stretch: (stretch.start_s, stretch.speaker))),
            detected,
            {} if spoken is None else {task.span.speaker: task.language for task, _ in found},
            (
                *(() if understood else (why_not_understood(detected, expected=expected),)),
                *self._said_of_times({task.language for task, one in found if one.words}),
            ),
            understood,
        )

    def _aligned(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[Attempt]:
        """The same with better word times, if they are wanted."""
        aligner = self._aligner
        if aligner is None:
            return list(attempts)

        def aligned(one: tuple[Task, Attempt]) -> Attempt:
            task, attempt = one
            lead = round(task.lead_s * SAMPLE_RATE)
            sound = task.samples[lead : lead + round(task.span.duration_s * SAMPLE_RATE)]
            return replace(attempt, words=aligner(sound, attempt.words, task.span.start_s, task.language))

        return in_threads(aligned, list(zip(tasks, attempts, strict=True)))

    def _said_of_times(self, languages: Collection[str]) -> Iterator[str]:
        """Sentences on the languages whose words could not be aligned."""
        for language in sorted(languages if self._aligner else ()):
            if self._aligner and (why := self._aligner.why_not(language)):
                yield why

    def _decode(self, tasks: Sequence[Task], decode_pass: Pass) -> list[Attempt]:
        """Decodes every task with the model that knows its language; results in the order of ``tasks``."""
        attempts: dict[int, Attempt] = {}
        for decoder in dict.fromkeys((self._decoder, self._others)):
            own = [i for i, task in enumerate(tasks) if self._decoder_of(task.language) is decoder]
            attempts.update(zip(own, decoder.decode([tasks[i] for i in own], decode_pass), strict=True))
        return [attempts[i] for i in range(len(tasks))]

    def _decoder_of(self, language: str) -> Decoder:
        return self._decoder if language == ENGLISH else self._others

    def _language_of(self, task: Task, spoken: Mapping[int, Spoken]) -> str:
        """The language that was set, or else the one in which the task's speaker speaks."""
        if self._language is not None or task.call not in spoken:
            return self._language or ENGLISH
        return spoken[task.call].speakers[task.span.speaker]

    def _listen(self, tasks: Sequence[Task]) -> dict[int, Spoken]:
        """The languages heard in each call; none if no model here knows more than one."""
        if not self._others.is_multilingual:
            return {}
        speakers = list(dict.fromkeys((task.call, task.span.speaker) for task in tasks))
        clips = [
            stretches([task.samples for task in tasks if (task.call, task.span.speaker) == speaker])
            for speaker in speakers
        ]
        probabilities = iter(self._others.languages([clip for of_one in clips for clip in of_one]))
        heard: dict[int, dict[int, list[Listened]]] = {}
        for (call, speaker), of_one in zip(speakers, clips, strict=True):
            heard.setdefault(call, {})[speaker] = [
                (len(clip) / SAMPLE_RATE, next(probabilities)) for clip in of_one
            ]
        return {call: languages_of(of_call) for call, of_call in heard.items()}


def load_transcriber(settings: TranscribeSettings, device: str) -> Transcriber:
    """Loads the recognisers that the settings ask for. Raises CallmoodError if it can't."""
    from callmood.pipeline.transcribe.recogniser import load_models

    models = load_models(settings, device)
    names = read_vocabulary(settings.vocabulary) if settings.vocabulary else ()
    decoder, *others = [Decoder(model, settings.batch_size, names) for model in models]
    aligner = load_aligner(settings, device, _only_language(settings, [decoder, *others]))
    return Transcriber(decoder, settings, others[0] if others else None, aligner)


def _only_language(settings: TranscribeSettings, decoders: Sequence[Decoder]) -> str | None:
    """The language of all calls; None if it is found in each."""
    if settings.language not in (None, AUTO):
        return settings.language
    return None if any(decoder.is_multilingual for decoder in decoders) else ENGLISH


def _task_of(call: int, span: SegmentSpan, spans: Sequence[SegmentSpan], samples: Samples) -> Task:
    from_s, to_s = window_of(span, spans, samples.shape[1] / SAMPLE_RATE)
    start = max(0, round((from_s - _CONTEXT_S) * SAMPLE_RATE))
    stop = round((to_s + _CONTEXT_S) * SAMPLE_RATE)
    clip = samples[span.channel, start:stop]
    return Task(call, span, clip, frames_of(clip), span.start_s - start / SAMPLE_RATE, "")


def _audible(task: Task) -> bool:
    return bool(np.sqrt(np.mean(np.square(task.samples), dtype=np.float64)) > _SILENCE_RMS)


def _segment(span: SegmentSpan, attempt: Attempt) -> Segment:
    return Segment(span.speaker, span.channel, span.start_s, span.end_s, attempt.text, attempt.words)
