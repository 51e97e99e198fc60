"""Features -> what a recogniser takes them to say, and where: one loaded Whisper model. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from callmood.arrays import Floats
from callmood.pipeline.transcribe.vocabulary import prompt_of

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer


FRAMES_PER_S: Final = 100
_MAX_TOKENS_PER_S: Final = 8
"""Fast talkers need 5; a decoder that loops stops here."""
_SPARE_TOKENS: Final = 16
_MEDIAN_WIDTH: Final = 7
"""Of the filter over the attention's steps: Whisper's own."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recogniser takes a clip to say."""

    tokens: list[int]
    mean_logprob: float
    """Mean natural logarithm per token, end token included."""
    no_speech: float
    """Probability."""
    cut_off: bool
    """Whether the decoder was stopped before it finished."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a hypothesis's tokens lie, in CTranslate2's terms."""

    alignments: Sequence[tuple[int, int]] = ()
    """Numbers of tokens and of the attention's steps."""
    text_token_probs: Sequence[float] = ()


class Recogniser:
    """A loaded Whisper model, and the words that it is told to expect."""

    def __init__(self, model: WhisperModel, vocabulary: Sequence[str] = ()) -> None:
        self._model = model
        self._expected = prompt_of(vocabulary, model.hf_tokenizer) if vocabulary else []
        self._tokenizers: dict[str, Tokenizer] = {}

    @property
    def is_on_cpu(self) -> bool:
        """Whether it runs on a CPU."""
        return bool(self._model.model.device == "cpu")

    @property
    def is_multilingual(self) -> bool:
        """Whether the model knows other languages than English."""
        return bool(self._model.model.is_multilingual)

    @property
    def mels(self) -> int:
        """The number of mel filters that it takes."""
        return int(self._model.model.n_mels)

    def features(self, clip: Any) -> Floats:
        """The log-mel features [mels, frames] of a clip [n] at 16 kHz."""
        found: Floats = self._model.feature_extractor(clip)
        return found

    def tokenizer(self, language: str) -> Tokenizer:
        """That of a language, such as "en"."""
        if language not in self._tokenizers:
            self._tokenizers[language] = tokenizer_of(
                self._model.hf_tokenizer, language, multilingual=self.is_multilingual
            )
        return self._tokenizers[language]

    def tokenizer_file(self) -> str:
        """The tokenizer as Hugging Face's JSON."""
        return str(self._model.hf_tokenizer.to_str())

    def encode(self, features: Floats) -> Any:
        """Encoder output [batch, window / 2, width] of features [batch, mels, window], as CTranslate2's StorageView."""
        if not self.is_on_cpu:
            return self._model.encode(features)
        import ctranslate2

        # on a CPU the attention of a batch does not fit the caches, and one by one takes half the time
        rows = [np.asarray(self._model.encode(row)) for row in np.split(features, len(features))]
        return ctranslate2.StorageView.from_array(np.concatenate(rows))

    def hypotheses(self, encoded: Any, language: str, beam: int, frames: Sequence[int]) -> list[Hypothesis]:
        """One for each clip of what ``encode`` made of clips with so many ``frames``."""
        tokenizer = self.tokenizer(language)
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
        return [_hypothesis(result, tokenizer.eot, max_length - len(prompt)) for result in results]

    def align(
        self, encoded: Any, language: str, tokens: Sequence[list[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        """Where ``tokens`` of each clip lie, by the decoder's attention; nowhere where there are none."""
        if not any(tokens):
            return [Alignment() for _ in tokens]
        results = self._model.model.align(
            encoded,
            self.tokenizer(language).sot_sequence,
            list(tokens),
            list(frames),
            median_filter_width=_MEDIAN_WIDTH,
        )
        return [Alignment(result.alignments, result.text_token_probs) for result in results]

    def languages(self, features: Floats) -> list[Mapping[str, float]]:
        """The probability of each language in each of a batch of clips [batch, mels, window]."""
        return [
            {token[2:-2]: float(probability) for token, probability in result}
            for result in self._model.model.detect_language(self.encode(features))
        ]


def tokenizer_of(hf_tokenizer: Any, language: str, *, multilingual: bool) -> Tokenizer:
    """The tokenizer of a language, of a model that knows many or English only."""
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(hf_tokenizer, multilingual, task="transcribe", language=language)


def _hypothesis(result: Any, end_token: int, max_tokens: int) -> Hypothesis:
    sequence = result.sequences_ids[0]
    return Hypothesis(
        tokens=[token for token in sequence if token < end_token],
        # CTranslate2's score is the mean without the end token, Whisper's threshold is for the mean with it
        mean_logprob=result.scores[0] * len(sequence) / (len(sequence) + 1),
        no_speech=result.no_speech_prob,
        cut_off=len(sequence) >= max_tokens,
    )
