"""Turns -> segments of text with word times, in batches filled across calls.

WhisperX's model is used without its pipeline, which cuts 30 s chunks across speakers, has no hallucination filter and
needs a second network for word times. Every span gets a quick pass first, through a short window; one whose text is
rejected gets a careful pass or two, through a longer window with a wider beam; what is rejected even then is dropped
and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from callmood.arrays import Floats
from callmood.call import Segment, Speaker, Speech, Turn, Word
from callmood.pipeline.transcribe.comprehension import (
    SURE_OF_LANGUAGE,
    Heard,
    is_understood,
    why_not_understood,
)
from callmood.pipeline.transcribe.hallucination import Decoded, is_noise, reject_reason
from callmood.pipeline.transcribe.segmenter import SegmentSpan, segment_turns
from callmood.pipeline.transcribe.word_times import word_times
from callmood.pipeline.window import window_of
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer


_FRAMES_PER_S: Final = 100
_FULL_WINDOW: Final = 3000
_SILENCE_RMS: Final = 1e-4
"""-80 dBFS: below the noise of any line."""
_CONTEXT_S: Final = 0.1
"""Added on both sides of a span, for sounds that voice activity detection cut off."""
_MAX_TOKENS_PER_S: Final = 8
"""Fast talkers need 5; a decoder that loops stops here."""
_SPARE_TOKENS: Final = 16
_MEL_RANGE: Final = 2.0
"""From the loudest to silence in Whisper's log-mel features."""
_LANGUAGE_WINDOWS: Final = 3


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one call."""

    segments: tuple[Segment, ...]
    dropped: dict[str, int]
    """Number of spans and turns without text, by reason: "no speech", "low confidence", "repetition", "too short"."""
    speech: tuple[Speech, ...] = ()
    """By start; what was dropped too, but not what the decoder takes for noise."""
    language: str | None = None
    """The language detected in the speech; None if the model knows one only."""
    warnings: tuple[str, ...] = ()
    understood: bool = True
    """Whether the words can be relied on."""


@dataclass(frozen=True, slots=True)
class Pass:
    """How a batch is decoded."""

    min_frames: int
    """The window, in hundredths of a second, unless the longest span needs more."""
    beam: int


QUICK: Final = Pass(min_frames=1000, beam=2)
"""A short window costs a fraction, and now and then repeats a sentence or stops early; ``reject_reason`` notices."""
CAREFUL: Final = Pass(min_frames=1500, beam=5)
LAST: Final = Pass(min_frames=_FULL_WINDOW, beam=5)
"""Through the 30 s that Whisper was trained on: ten times the cost of a quick pass."""


@dataclass(frozen=True, slots=True)
class _Task:
    call: int
    span: SegmentSpan
    samples: Samples
    """[n] at 16 kHz, ``lead_s`` of which come before the span."""
    lead_s: float
    language: str


@dataclass(frozen=True, slots=True)
class _Language:
    """A language that was detected."""

    code: str
    """Such as "en"."""
    probability: float


@dataclass(frozen=True, slots=True)
class _Attempt:
    text: str
    words: tuple[Word, ...]
    rejected: str | None
    """Why the hallucination filter rejects the text."""
    is_noise: bool
    mean_logprob: float


Input: TypeAlias = tuple[Samples, Sequence[Turn], Sequence[Speaker]]
"""float32 [channels, n] at 16 kHz, turns and speakers of one call."""


class Transcriber:
    """Transcribes with one loaded model. Not thread-safe."""

    def __init__(self, model: WhisperModel, settings: TranscribeSettings) -> None:
        self._model = model
        self._batch_size = settings.batch_size
        self._language = settings.language
        self._tokenizers: dict[str, Tokenizer] = {}

    def transcribe(self, calls: Sequence[Input]) -> list[Transcript]:
        """One transcript for each call."""
        dropped: list[Counter[str]] = [Counter() for _ in calls]
        tasks: list[_Task] = []
        for index, (samples, turns, speakers) in enumerate(calls):
            spans, too_short = segment_turns(samples, turns, speakers)
            dropped[index]["too short"] += too_short
            audible = [task for span in spans if _audible(task := _task_of(index, span, spans, samples))]
            dropped[index]["no speech"] += len(spans) - len(audible)
            tasks += audible
        languages = self._languages(tasks)
        tasks = [replace(task, language=self._spoken(languages.get(task.call))) for task in tasks]
        attempts = self._decode_all(tasks, QUICK)
        for decode_pass in (CAREFUL, LAST):
            unsure = [i for i, one in enumerate(attempts) if one.rejected is not None and not one.is_noise]
            for i, again in zip(
                unsure, self._decode_all([tasks[i] for i in unsure], decode_pass), strict=True
            ):
                attempts[i] = again
        found: list[list[tuple[_Task, _Attempt]]] = [[] for _ in calls]
        for task, one in zip(tasks, attempts, strict=True):
            found[task.call].append((task, one))
        return [
            self._transcript(of_call, of_drops, languages.get(call))
            for call, (of_call, of_drops) in enumerate(zip(found, dropped, strict=True))
        ]

    def _transcript(
        self, found: Sequence[tuple[_Task, _Attempt]], dropped: Counter[str], language: _Language | None
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
        spoken = self._spoken(language)
        if language is not None and language.code != spoken and language.probability >= SURE_OF_LANGUAGE:
            understood = False
        detected = None if language is None else language.code
        return Transcript(
            tuple(sorted(segments, key=lambda segment: (segment.start_s, segment.speaker))),
            dict(+dropped),
            tuple(sorted(speech, key=lambda stretch: (stretch.start_s, stretch.speaker))),
            detected,
            () if understood else (why_not_understood(detected, expected=spoken),),
            understood,
        )

    def _decode_all(self, tasks: Sequence[_Task], decode_pass: Pass) -> list[_Attempt]:
        """Decodes every task, longest first within its language; results in the order of ``tasks``."""
        order = sorted(range(len(tasks)), key=lambda i: (tasks[i].language, -len(tasks[i].samples)))
        attempts: dict[int, _Attempt] = {}
        for language, of_language in groupby(order, key=lambda i: tasks[i].language):
            for batch in _batches(list(of_language), self._batch_size):
                results = self._decode_batch(
                    [tasks[i] for i in batch], self._tokenizer(language), decode_pass
                )
                attempts.update(zip(batch, results, strict=True))
        return [attempts[i] for i in range(len(tasks))]

    def _decode_batch(
        self, batch: Sequence[_Task], tokenizer: Tokenizer, decode_pass: Pass
    ) -> list[_Attempt]:
        features, frames = self._features([task.samples for task in batch], decode_pass.min_frames)
        encoded = self._encode(features)
        decoded = self._decode(encoded, tokenizer, decode_pass.beam, frames)
        reasons = [reject_reason(one, quick=decode_pass == QUICK) for one in decoded]
        sure = [one.tokens if why is None else [] for one, why in zip(decoded, reasons, strict=True)]
        words = self._words(encoded, tokenizer, batch, sure, frames)
        return [
            _Attempt(one.text, of_one, why, is_noise(one), one.mean_logprob)
            for one, of_one, why in zip(decoded, words, reasons, strict=True)
        ]

    def _features(self, clips: Sequence[Samples], min_frames: int) -> tuple[Floats, list[int]]:
        """Log-mel features [batch, mels, window], silence after each clip, and the frames of each clip."""
        mels = [self._model.feature_extractor(clip)[:, :_FULL_WINDOW] for clip in clips]
        frames = [mel.shape[1] for mel in mels]
        window = min(max(min_frames, *frames), _FULL_WINDOW)
        # the encoder halves the number of frames
        out = np.empty((len(mels), mels[0].shape[0], window + window % 2), dtype=np.float32)
        for row, mel in zip(out, mels, strict=True):
            row[:, : mel.shape[1]] = mel
            row[:, mel.shape[1] :] = mel.max() - _MEL_RANGE
        return out, frames

    def _encode(self, features: Floats) -> Any:
        """Encoder output [batch, window / 2, width] as CTranslate2's StorageView."""
        if self._model.model.device != "cpu":
            return self._model.encode(features)
        import ctranslate2

        # on a CPU the attention of a batch does not fit the caches, and one by one takes half the time
        rows = [np.asarray(self._model.encode(row)) for row in np.split(features, len(features))]
        return ctranslate2.StorageView.from_array(np.concatenate(rows))

    def _decode(self, encoded: Any, tokenizer: Tokenizer, beam: int, frames: Sequence[int]) -> list[Decoded]:
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        wanted = len(prompt) + _SPARE_TOKENS + round(max(frames) / _FRAMES_PER_S * _MAX_TOKENS_PER_S)
        max_length = min(wanted, self._model.max_length)
        results = self._model.model.generate(
            encoded,
            [prompt] * len(frames),
            beam_size=beam,
            max_length=max_length,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            _decoded(result, tokenizer, count / _FRAMES_PER_S, max_length - len(prompt))
            for result, count in zip(results, frames, strict=True)
        ]

    def _words(
        self,
        encoded: Any,
        tokenizer: Tokenizer,
        batch: Sequence[_Task],
        tokens: Sequence[list[int]],
        frames: Sequence[int],
    ) -> list[tuple[Word, ...]]:
        """Words with times from the decoder's attention; none for spans without ``tokens``."""
        if not any(tokens):
            return [() for _ in batch]
        alignments = self._model.find_alignment(tokenizer, list(tokens), encoded, list(frames))
        return [
            word_times(alignment, task.span.start_s - task.lead_s, task.span.start_s, task.span.end_s)
            for alignment, task in zip(alignments, batch, strict=True)
        ]

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer

            multilingual = self._model.model.is_multilingual
            self._tokenizers[language] = Tokenizer(
                self._model.hf_tokenizer, multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _spoken(self, language: _Language | None) -> str:
        """The language that a call is transcribed in: the one set, the model's only one, or the one detected."""
        if self._language is None and language is not None:
            return language.code
        return self._language or "en"

    def _languages(self, tasks: Sequence[_Task]) -> dict[int, _Language]:
        """The language detected in each call; none if the model knows one only."""
        if not self._model.model.is_multilingual:
            return {}
        return {
            call: self._detect([task.samples for task in tasks if task.call == call])
            for call in dict.fromkeys(task.call for task in tasks)
        }

    def _detect(self, clips: Sequence[Samples]) -> _Language:
        """The likeliest language of a call's longest spans, up to 90 s of them."""
        longest = np.concatenate(sorted(clips, key=len, reverse=True))
        size = _FULL_WINDOW * SAMPLE_RATE // _FRAMES_PER_S
        windows = [longest[at : at + size] for at in range(0, len(longest), size)][:_LANGUAGE_WINDOWS]
        features, _ = self._features(windows, _FULL_WINDOW)
        total: Counter[str] = Counter()
        for one, result in zip(
            windows, self._model.model.detect_language(self._encode(features)), strict=True
        ):
            for token, probability in result:
                total[token[2:-2]] += probability * len(one)
        best = max(total, key=lambda language: total[language])
        return _Language(best, total[best] / sum(len(one) for one in windows))


def load_transcriber(settings: TranscribeSettings, device: str, threads: int = 1) -> Transcriber:
    """Loads the recogniser that ``settings.asr`` names. Raises CallmoodError if it can't."""
    from callmood.pipeline.transcribe.recogniser import load_model

    return Transcriber(load_model(settings, device, threads), settings)


def _task_of(call: int, span: SegmentSpan, spans: Sequence[SegmentSpan], samples: Samples) -> _Task:
    from_s, to_s = window_of(span, spans, samples.shape[1] / SAMPLE_RATE)
    start = max(0, round((from_s - _CONTEXT_S) * SAMPLE_RATE))
    stop = round((to_s + _CONTEXT_S) * SAMPLE_RATE)
    return _Task(call, span, samples[span.channel, start:stop], span.start_s - start / SAMPLE_RATE, "")


def _audible(task: _Task) -> bool:
    return bool(np.sqrt(np.mean(np.square(task.samples), dtype=np.float64)) > _SILENCE_RMS)


def _batches(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _decoded(result: Any, tokenizer: Tokenizer, duration_s: float, max_tokens: int) -> Decoded:
    sequence = result.sequences_ids[0]
    tokens = [token for token in sequence if token < tokenizer.eot]
    return Decoded(
        text=" ".join(tokenizer.decode(tokens).split()),
        tokens=tokens,
        # CTranslate2's score is the mean without the end token, Whisper's threshold is for the mean with it
        mean_logprob=result.scores[0] * len(sequence) / (len(sequence) + 1),
        no_speech=result.no_speech_prob,
        duration_s=duration_s,
        cut_off=len(sequence) >= max_tokens,
    )


def _segment(span: SegmentSpan, attempt: _Attempt) -> Segment:
    return Segment(span.speaker, span.channel, span.start_s, span.end_s, attempt.text, attempt.words)
