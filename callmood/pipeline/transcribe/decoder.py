"""Spans -> texts with word times, and the languages of speech: one loaded Whisper model, decoded in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from callmood.arrays import Floats
from callmood.call import Word
from callmood.pipeline.transcribe.hallucination import Decoded, is_noise, reject_reason
from callmood.pipeline.transcribe.hypotheses import FRAMES_PER_S, Alignment, Hypothesis, Recogniser
from callmood.pipeline.transcribe.segmenter import SegmentSpan
from callmood.pipeline.transcribe.word_times import aligned_words, word_times
from callmood.sound import SAMPLE_RATE, Samples
from callmood.threads import in_threads

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer


FULL_WINDOW: Final = 3000
"""The 30 s that Whisper was trained on."""
_WINDOW_STEP: Final = 500
"""Windows are this many frames, or a multiple of it; clips with the same are decoded together."""
_CPU_BATCH: Final = 4
"""More clips at once gain nothing on a CPU, and would leave other threads without work."""
_MEL_RANGE: Final = 2.0
"""From the loudest to silence in Whisper's log-mel features."""


@dataclass(frozen=True, slots=True)
class Pass:
    """How a batch is decoded."""

    min_frames: int
    """The window, in hundredths of a second, unless the clip needs more."""
    beam: int


QUICK: Final = Pass(min_frames=1000, beam=2)
"""A short window costs a fraction, and now and then repeats a sentence or stops early; ``reject_reason`` notices."""
CAREFUL: Final = Pass(min_frames=1500, beam=5)
LAST: Final = Pass(min_frames=FULL_WINDOW, beam=5)
"""Through the 30 s that Whisper was trained on: ten times the cost of a quick pass."""


@dataclass(frozen=True, slots=True)
class Task:
    """A span to decode."""

    call: int
    """Which of the calls of a batch it belongs to."""
    span: SegmentSpan
    samples: Samples
    """[n] at 16 kHz, ``lead_s`` of which come before the span."""
    frames: int
    """Of its features."""
    lead_s: float
    language: str
    """Such as "en"."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one pass makes of a task."""

    text: str
    words: tuple[Word, ...]
    rejected: str | None
    """Why the hallucination filter rejects the text."""
    is_noise: bool
    mean_logprob: float


class Decoder:
    """Decodes with one loaded model, several batches at once if this process may take several threads."""

    def __init__(self, model: WhisperModel, batch_size: int, vocabulary: Sequence[str] = ()) -> None:
        self._recogniser = Recogniser(model, vocabulary)
        self._batch_size = min(batch_size, _CPU_BATCH) if self._recogniser.is_on_cpu else batch_size

    @property
    def is_multilingual(self) -> bool:
        """Whether the model knows other languages than English."""
        return self._recogniser.is_multilingual

    def decode(self, tasks: Sequence[Task], decode_pass: Pass) -> list[Attempt]:
        """Decodes every task, longest first; results in the order of ``tasks``.

        On a CPU a batch holds clips of one call: what is beside a clip in it can change a word.
        """
        windows = [window_frames(task.frames, decode_pass) for task in tasks]
        by_call = self._recogniser.is_on_cpu

        def kind(i: int) -> tuple[int, str, int]:
            return -windows[i], tasks[i].language, tasks[i].call if by_call else 0

        order = sorted(range(len(tasks)), key=lambda i: (kind(i), -len(tasks[i].samples)))
        batches = [batch for _, alike in groupby(order, key=kind) for batch in self._batches(list(alike))]

        def decode(batch: Sequence[int]) -> list[Attempt]:
            return self._decode_batch([tasks[i] for i in batch], decode_pass, windows[batch[0]])

        attempts: dict[int, Attempt] = {}
        for batch, results in zip(batches, in_threads(decode, batches), strict=True):
            attempts.update(zip(batch, results, strict=True))
        return [attempts[i] for i in range(len(tasks))]

    def languages(self, clips: Sequence[Samples]) -> list[Mapping[str, float]]:
        """The probability of each language in each clip, [n] at 16 kHz and 30 s at most."""
        found: list[Mapping[str, float]] = []
        for batch in self._batches(range(len(clips))):
            found += languages_in(self._recogniser, self._mels([clips[i] for i in batch]))
        return found

    def _batches(self, items: Sequence[int]) -> Iterator[Sequence[int]]:
        for at in range(0, len(items), self._batch_size):
            yield items[at : at + self._batch_size]

    def _decode_batch(self, batch: Sequence[Task], decode_pass: Pass, window: int) -> list[Attempt]:
        mels, language = self._mels([task.samples for task in batch]), batch[0].language
        tokenizer, frames = self._recogniser.tokenizer(language), [mel.shape[1] for mel in mels]
        encoded = self._recogniser.encode(padded(mels, window))
        hypotheses = self._recogniser.hypotheses(encoded, language, decode_pass.beam, frames)
        decoded = [_decoded(one, tokenizer, count) for one, count in zip(hypotheses, frames, strict=True)]
        reasons = [reject_reason(one, quick=decode_pass == QUICK) for one in decoded]
        sure = [one.tokens if why is None else [] for one, why in zip(decoded, reasons, strict=True)]
        alignments = self._recogniser.align(encoded, language, sure, frames)
        return [
            _attempt(*of_one, tokenizer) for of_one in zip(batch, decoded, reasons, alignments, strict=True)
        ]

    def _mels(self, clips: Sequence[Samples]) -> list[Floats]:
        """Log-mel features [mels, frames] of each clip, of its first 30 s."""
        return [self._recogniser.features(clip)[:, :FULL_WINDOW] for clip in clips]


def frames_of(samples: Samples) -> int:
    """The frames of a clip [n] at 16 kHz, of its first 30 s."""
    return min(len(samples) * FRAMES_PER_S // SAMPLE_RATE + 1, FULL_WINDOW)


def window_frames(frames: int, decode_pass: Pass) -> int:
    """The window of a clip. It depends on nothing else, so that a clip has the same words in any company."""
    return min(max(decode_pass.min_frames, -(-frames // _WINDOW_STEP) * _WINDOW_STEP), FULL_WINDOW)


def padded(mels: Sequence[Floats], window: int) -> Floats:
    """Features [batch, mels, window], silence after each clip."""
    out = np.empty((len(mels), mels[0].shape[0], window), dtype=np.float32)
    for row, mel in zip(out, mels, strict=True):
        row[:, : mel.shape[1]] = mel
        row[:, mel.shape[1] :] = mel.max() - _MEL_RANGE
    return out


def languages_in(recogniser: Recogniser, mels: Sequence[Floats]) -> list[Mapping[str, float]]:
    """The probability of each language in each clip, of features [mels, frames]."""
    return recogniser.languages(padded(mels, window_frames(max(mel.shape[1] for mel in mels), QUICK)))


def judged(
    task: Task, hypothesis: Hypothesis, alignment: Alignment, tokenizer: Tokenizer, decode_pass: Pass
) -> Attempt:
    """What a pass makes of a task whose hypothesis has an alignment, whether it is rejected or not."""
    decoded = _decoded(hypothesis, tokenizer, task.frames)
    return _attempt(task, decoded, reject_reason(decoded, quick=decode_pass == QUICK), alignment, tokenizer)


def _decoded(hypothesis: Hypothesis, tokenizer: Tokenizer, frames: int) -> Decoded:
    return Decoded(
        text=" ".join(tokenizer.decode(hypothesis.tokens).split()),
        tokens=hypothesis.tokens,
        mean_logprob=hypothesis.mean_logprob,
        no_speech=hypothesis.no_speech,
        duration_s=frames / FRAMES_PER_S,
        cut_off=hypothesis.cut_off,
    )


def _attempt(
    task: Task, decoded: Decoded, rejected: str | None, alignment: Alignment, tokenizer: Tokenizer
) -> Attempt:
    words: tuple[Word, ...] = ()
    if rejected is None:
        span = task.span
        aligned = aligned_words(tokenizer, decoded.tokens, alignment)
        words = word_times(aligned, span.start_s - task.lead_s, span.start_s, span.end_s)
    return Attempt(decoded.text, words, rejected, is_noise(decoded), decoded.mean_logprob)
