"""Spans -> texts with word times, and the languages of speech: one loaded Whisper model, decoded in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from callmood.arrays import Floats
from callmood.call import Word
from callmood.pipeline.transcribe.hallucination import Decoded, is_noise, reject_reason
from callmood.pipeline.transcribe.segmenter import SegmentSpan
from callmood.pipeline.transcribe.vocabulary import prompt_of
from callmood.pipeline.transcribe.word_times import word_times
from callmood.sound import SAMPLE_RATE, Samples
from callmood.threads import in_threads

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer


FRAMES_PER_S: Final = 100
FULL_WINDOW: Final = 3000
"""The 30 s that Whisper was trained on."""
_WINDOW_STEP: Final = 500
"""Windows are this many frames, or a multiple of it; clips with the same are decoded together."""
_CPU_BATCH: Final = 4
"""More clips at once gain nothing on a CPU, and would leave other threads without work."""
_MAX_TOKENS_PER_S: Final = 8
"""Fast talkers need 5; a decoder that loops stops here."""
_SPARE_TOKENS: Final = 16
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
        self._model = model
        self._expected = prompt_of(vocabulary, model.hf_tokenizer) if vocabulary else []
        self._batch_size = min(batch_size, _CPU_BATCH) if model.model.device == "cpu" else batch_size
        self._tokenizers: dict[str, Tokenizer] = {}

    @property
    def is_multilingual(self) -> bool:
        """Whether the model knows other languages than English."""
        return bool(self._model.model.is_multilingual)

    def decode(self, tasks: Sequence[Task], decode_pass: Pass) -> list[Attempt]:
        """Decodes every task, longest first; results in the order of ``tasks``.

        On a CPU a batch holds clips of one call: what is beside a clip in it can change a word.
        """
        windows = [window_frames(task.frames, decode_pass) for task in tasks]
        by_call = self._model.model.device == "cpu"

        def kind(i: int) -> tuple[int, str, int]:
            return -windows[i], tasks[i].language, tasks[i].call if by_call else 0

        order = sorted(range(len(tasks)), key=lambda i: (kind(i), -len(tasks[i].samples)))
        batches = [batch for _, alike in groupby(order, key=kind) for batch in self._batches(list(alike))]

        def decode(batch: Sequence[int]) -> list[Attempt]:
            first = batch[0]
            tokenizer = self._tokenizer(tasks[first].language)
            return self._decode_batch([tasks[i] for i in batch], tokenizer, decode_pass, windows[first])

        attempts: dict[int, Attempt] = {}
        for batch, results in zip(batches, in_threads(decode, batches), strict=True):
            attempts.update(zip(batch, results, strict=True))
        return [attempts[i] for i in range(len(tasks))]

    def languages(self, clips: Sequence[Samples]) -> list[dict[str, float]]:
        """The probability of each language in each clip, [n] at 16 kHz and 30 s at most."""
        found = []
        for batch in self._batches(range(len(clips))):
            mels = self._mels([clips[i] for i in batch])
            features = _padded(mels, window_frames(max(mel.shape[1] for mel in mels), QUICK))
            for result in self._model.model.detect_language(self._encode(features)):
                found.append({token[2:-2]: float(probability) for token, probability in result})
        return found

    def _batches(self, items: Sequence[int]) -> Iterator[Sequence[int]]:
        for at in range(0, len(items), self._batch_size):
            yield items[at : at + self._batch_size]

    def _decode_batch(
        self, batch: Sequence[Task], tokenizer: Tokenizer, decode_pass: Pass, window: int
    ) -> list[Attempt]:
        mels = self._mels([task.samples for task in batch])
        features, frames = _padded(mels, window), [mel.shape[1] for mel in mels]
        encoded = self._encode(features)
        decoded = self._decode(encoded, tokenizer, decode_pass.beam, frames)
        reasons = [reject_reason(one, quick=decode_pass == QUICK) for one in decoded]
        sure = [one.tokens if why is None else [] for one, why in zip(decoded, reasons, strict=True)]
        words = self._words(encoded, tokenizer, batch, sure, frames)
        return [
            Attempt(one.text, of_one, why, is_noise(one), one.mean_logprob)
            for one, of_one, why in zip(decoded, words, reasons, strict=True)
        ]

    def _mels(self, clips: Sequence[Samples]) -> list[Floats]:
        """Log-mel features [mels, frames] of each clip, of its first 30 s."""
        return [self._model.feature_extractor(clip)[:, :FULL_WINDOW] for clip in clips]

    def _encode(self, features: Floats) -> Any:
        """Encoder output [batch, window / 2, width] as CTranslate2's StorageView."""
        if self._model.model.device != "cpu":
            return self._model.encode(features)
        import ctranslate2

        # on a CPU the attention of a batch does not fit the caches, and one by one takes half the time
        rows = [np.asarray(self._model.encode(row)) for row in np.split(features, len(features))]
        return ctranslate2.StorageView.from_array(np.concatenate(rows))

    def _decode(self, encoded: Any, tokenizer: Tokenizer, beam: int, frames: Sequence[int]) -> list[Decoded]:
        expected = [tokenizer.sot_prev, *self._expected] if self._expected else []
        prompt = [*expected, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        wanted = len(prompt) + _SPARE_TOKENS + round(max(frames) / FRAMES_PER_S * _MAX_TOKENS_PER_S)
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
            _decoded(result, tokenizer, count / FRAMES_PER_S, max_length - len(prompt))
            for result, count in zip(results, frames, strict=True)
        ]

    def _words(
        self,
        encoded: Any,
        tokenizer: Tokenizer,
        batch: Sequence[Task],
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


def frames_of(samples: Samples) -> int:
    """The frames of a clip [n] at 16 kHz, of its first 30 s."""
    return min(len(samples) * FRAMES_PER_S // SAMPLE_RATE + 1, FULL_WINDOW)


def window_frames(frames: int, decode_pass: Pass) -> int:
    """The window of a clip. It depends on nothing else, so that a clip has the same words in any company."""
    return min(max(decode_pass.min_frames, -(-frames // _WINDOW_STEP) * _WINDOW_STEP), FULL_WINDOW)


def _padded(mels: Sequence[Floats], window: int) -> Floats:
    """Features [batch, mels, window], silence after each clip."""
    out = np.empty((len(mels), mels[0].shape[0], window), dtype=np.float32)
    for row, mel in zip(out, mels, strict=True):
        row[:, : mel.shape[1]] = mel
        row[:, mel.shape[1] :] = mel.max() - _MEL_RANGE
    return out


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
