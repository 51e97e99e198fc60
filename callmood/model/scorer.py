"""The classifier's arithmetic: vectors of segments in, calibrated probabilities of the labels out.

The classifier is linear in the audio vector and the text vector side by side, which is a sum of one term for each; a
missing side adds nothing. ``bundle`` reads a scorer from disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from callmood.arrays import Doubles, Floats, Ints, Mask
from callmood.call import VoiceBaseline
from callmood.labels import EVEN_TEMPERED, LABELS, NEUTRAL
from callmood.model.course import UPSET, CourseSettings
from callmood.model.encode import AudioEncoder, AudioSettings, TextEncoder, TextSettings, by_windows


@dataclass(frozen=True, slots=True)
class BundleSettings:
    """Everything about a bundle that is not a tensor."""

    labels: tuple[str, ...]
    audio: AudioSettings | None
    text: TextSettings | None
    prior_count: float = 0.0
    """A baseline of n clips is trusted with n / (n + prior_count), the score without a baseline with the rest."""
    temperature_raw: float = 1.0
    temperature_relative: float = 1.0
    raw_share: float = 0.0
    """How much the score without a baseline counts beside the comparison with one."""
    one_mood: tuple[float, float] | None = None
    """Offset and slope of the logistic function that ``Scorer.one_mood`` is. None: never."""
    misleading_voice: float = 0.0
    """The share of segments whose voice says nothing of the label, whatever its logits: it limits what a single
    segment can say."""
    misleading_words: float = 0.0
    """The same of words, which the recogniser may have misheard."""
    even_voice: float = 0.0
    """The share of moody segments whose voice is even-tempered: it limits what an even voice says against a mood."""
    even_words: float = 0.0
    """The share of moody segments whose words are those of even-tempered speech."""
    voice_weight: float = 1.0
    """Weight of the audio logits in segments with words; without words they count in full."""
    text_weight: float = 1.0
    class_priors: tuple[float, ...] = ()
    """How often each label occurs on calls. Empty: all labels alike, as in a corpus."""
    agent_priors: tuple[float, ...] = ()
    """The same of agents, whose trade it is to stay friendly. Empty: as ``class_priors``."""
    threshold: float = 0.0
    """A clip without words whose best probability is below it is called uncertain."""
    threshold_with_words: float = 0.0
    """The same for one with words."""
    ekman_thresholds: tuple[float, ...] = ()
    """For each output of the ``ekman`` head, the probability from which a text has the emotion."""
    course: CourseSettings = field(default_factory=CourseSettings)
    """How moods last over the segments of a speaker."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The classifier's linear terms: weights [labels, width] and biases [labels]."""

    raw: tuple[Floats, Floats] | None = None
    """Of the audio vector itself."""
    relative: tuple[Floats, Floats] | None = None
    """Of the audio vector less the speaker's baseline."""
    text: tuple[Floats, Floats] | None = None
    """Log-likelihood ratios of the labels."""
    ekman: tuple[Floats, Floats] | None = None
    """Of the text vector: one sigmoid for each of Ekman's emotions and neutral; for GoEmotions alone."""


HEADS: Final = tuple(each.name for each in fields(Heads))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Vectors of n segments. The row of a missing side is zero."""

    audio: Floats
    """[n, audio width]"""
    text: Floats
    """[n, text width]"""
    has_audio: Mask
    has_text: Mask

    def __len__(self) -> int:
        return len(self.has_audio)

    def take(self, rows: Sequence[int] | npt.NDArray[Any] | slice) -> Encoded:
        """Only the given rows, in their order."""
        return Encoded(self.audio[rows], self.text[rows], self.has_audio[rows], self.has_text[rows])


@dataclass(frozen=True, slots=True)
class ScoredVoices:
    """n scored segments as they are stored: enough to compare them with another baseline without their sound."""

    raw_scores: Floats
    """[n, labels]: probabilities without a baseline, from voice and words."""
    raw_logits: Floats
    """[n, labels]: of the voice alone, without a baseline."""
    relative_logits: Floats
    """[n, labels]: of the voice alone, before its baseline is subtracted. A baseline is the mean of such logits."""
    has_text: Mask


class Sides(NamedTuple):
    """What voice and words each add to the logits of n segments, as they are weighed; zero where a side is missing.

    With the logarithms of ``Scorer.priors`` they add up to the logits, up to a constant for each segment.
    """

    voice: Floats
    """[n, labels]"""
    words: Floats
    """[n, labels]"""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A loaded bundle; one without its encoders (``load_classifier``) can classify, but not encode."""

    id: str
    """Hash of the bundle's content; stored with every scan."""
    settings: BundleSettings
    heads: Heads
    audio_encoder: AudioEncoder | None = None
    text_encoder: TextEncoder | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.settings.labels

    @property
    def audio_width(self) -> int:
        """Numbers in the vector of a clip; 0 if the bundle does not listen."""
        return _width(self.heads.raw)

    @property
    def text_width(self) -> int:
        """Numbers in the vector of a text; 0 if the bundle does not read."""
        return _width(self.heads.text)

    def of_role(self, role: str) -> Scorer:
        """The scorer of speakers in this role: "agent", "customer" or "unknown"."""
        if role != "agent" or not self.settings.agent_priors:
            return self
        return replace(self, settings=replace(self.settings, class_priors=self.settings.agent_priors))

    def best(self, probabilities: Floats) -> tuple[str, float]:
        """The best label of ``probabilities`` [labels], and how probable it is that the speaker is in such a mood.

        First comes which mood: even-tempered (neutral, that is), upset or any other; then the best label of it. So a
        speaker who is surely upset, but either angry or in fear, is not uncertain.
        """
        of = {label: float(p) for label, p in zip(self.labels, probabilities, strict=True)}
        others = ((label,) for label in self.labels if label not in (*EVEN_TEMPERED, *UPSET))
        moods = [tuple(label for label in mood if label in of) for mood in (EVEN_TEMPERED, UPSET, *others)]
        sums = {mood: sum(of[label] for label in mood) for mood in moods if mood}
        mood = max(sums, key=sums.__getitem__)
        label = NEUTRAL if set(mood) <= set(EVEN_TEMPERED) else max(mood, key=of.__getitem__)
        return label, sums[mood]

    def is_sure(self, probabilities: Floats, has_words: bool) -> bool:
        """Whether the mood of the best of ``probabilities`` [labels] is probable enough to assign its label."""
        _, confidence = self.best(probabilities)
        return confidence >= (self.settings.threshold_with_words if has_words else self.settings.threshold)

    def encode(self, clips: Sequence[Floats | None], texts: Sequence[str | None]) -> Encoded:
        """Vectors of segments, of which sound or text may be missing.

        ``clips``: float32 mono at 16 kHz, 0.2 to 15 s (longer ones are encoded in windows). Silent ends
        are trimmed and the level is normalised. Work is batched by length, so pass many segments at once.
        """
        if len(clips) != len(texts):
            raise ValueError(f"{len(clips)} clips and {len(texts)} texts")
        audio, text = self.settings.audio, self.settings.text
        has_audio = np.array(
            [clip is not None and len(clip) > 0 and audio is not None for clip in clips], bool
        )
        has_text = np.array([bool(words and words.strip()) and text is not None for words in texts], bool)
        audio_vectors = np.zeros((len(clips), self.audio_width), np.float32)
        text_vectors = np.zeros((len(texts), self.text_width), np.float32)
        if self.audio_encoder is not None and has_audio.any():
            given = [clip for clip, use in zip(clips, has_audio, strict=True) if clip is not None and use]
            audio_vectors[has_audio] = by_windows(self.audio_encoder, given)
        if self.text_encoder is not None and has_text.any():
            known = [words for words, use in zip(texts, has_text, strict=True) if words is not None and use]
            text_vectors[has_text] = self.text_encoder(known)
        return Encoded(audio_vectors, text_vectors, has_audio, has_text)

    def baseline(self, encoded: Encoded) -> VoiceBaseline:
        """The speaker's baseline over all of ``encoded`` that has sound: mean logits of the relative head, [labels].

        The head is linear, so this is all that it needs to compare another clip with a voice. A thousandth of the
        size of the vector, it can be kept for every call.
        """
        count = int(encoded.has_audio.sum())
        total = self.relative_logits(encoded).sum(axis=0, dtype=np.float64)
        mean = np.asarray(total / max(count, 1), dtype=np.float32)
        return VoiceBaseline(
            tuple(mean.tolist()), count, self.one_mood(self.raw_logits(encoded), encoded.has_audio)
        )

    def one_mood(self, raw_logits: Floats, has_audio: Mask) -> float:
        """The probability that a speaker has one mood from the first of n segments to the last.

        A baseline of such segments hides the mood. A logistic function of how far the mean of ``raw_logits``
        [n, labels], over the segments with sound, is from even-tempered speech.
        """
        if self.settings.one_mood is None or not has_audio.any():
            return 0.0
        offset, slope = self.settings.one_mood
        (distance,) = distance_from_even(raw_logits[has_audio].mean(axis=0, keepdims=True))
        return float(1 / (1 + np.exp(-offset - slope * distance)))

    def classify(self, encoded: Encoded, baseline: VoiceBaseline | None = None) -> Floats:
        """Calibrated probabilities [n, labels], against ``baseline`` or without one. Each row sums to 1."""
        logits = self.relative_logits(encoded)
        known = baseline or VoiceBaseline((0.0,) * logits.shape[1], 0)
        differences = logits - np.asarray(known.mean, np.float32)
        return self._classify(
            encoded, differences, self._trust(np.full(len(encoded), known.count), known.one_mood)
        )

    def classify_against_rest(self, encoded: Encoded) -> Floats:
        """Probabilities [n, labels] of one speaker's segments, each against all the others."""
        return self._classify(encoded, *self._against_rest(encoded))

    def sides_against_rest(self, encoded: Encoded) -> Sides:
        """What voice and words add to the logits of ``classify_against_rest``."""
        return self._sides(encoded, *self._against_rest(encoded))

    def classify_stored(
        self, voices: ScoredVoices, totals: Doubles, counts: Ints, one_mood: float = 0.0
    ) -> Floats:
        """Probabilities [n, labels] of ``voices`` against what else is known of their speaker.

        ``totals`` [n, labels] and ``counts`` [n]: the sum of the relative logits of the other segments, and their
        number; ``one_mood``: see there. Without other segments these are the probabilities without a baseline.
        """
        voice, words = self.sides_stored(voices, totals, counts, one_mood)
        return softmax(voice + words + np.log(self.priors))

    def sides_stored(
        self, voices: ScoredVoices, totals: Doubles, counts: Ints, one_mood: float = 0.0
    ) -> Sides:
        """What voice and words add to the logits of ``classify_stored``."""
        differences = voices.relative_logits - (totals / np.maximum(counts, 1)[:, None]).astype(np.float32)
        weights = self._voice_weights(voices.has_text)
        shift = self._shift(voices.raw_logits, differences, self._trust(counts, one_mood))
        logits = np.log(np.maximum(voices.raw_scores, np.finfo(np.float32).tiny))
        words = logits - weights * self._voice(voices.raw_logits) - np.log(self.priors)
        words *= self._words_count(voices.has_text)[:, None]
        return Sides(weights * self._voice(voices.raw_logits + shift), np.asarray(words, np.float32))

    @property
    def priors(self) -> Floats:
        """[labels]: how often each label is assumed to occur."""
        known = np.asarray(self.settings.class_priors or (1,) * len(self.labels), np.float32)
        return np.asarray(known / known.sum(), np.float32)

    def raw_logits(self, encoded: Encoded) -> Floats:
        """[n, labels]: the logits of the voice alone, without a baseline; zero without a raw head."""
        if self.heads.raw is None:
            return np.zeros((len(encoded), len(self.labels)), np.float32)
        return linear(self.heads.raw, encoded.audio) / np.float32(self.settings.temperature_raw)

    def relative_logits(self, encoded: Encoded) -> Floats:
        """[n, labels]: the relative head's logits without its bias; zero for segments without sound."""
        if self.heads.relative is None:
            return np.zeros((len(encoded), len(self.labels)), np.float32)
        logits = encoded.audio @ self.heads.relative[0].T
        return np.asarray(logits * encoded.has_audio[:, None], dtype=np.float32)

    def _against_rest(self, encoded: Encoded) -> tuple[Floats, Floats]:
        """[n, labels]: how far the relative logits of each segment are from those of all others; [n, 1]: the trust."""
        has_audio = encoded.has_audio.astype(np.int64)
        logits = self.relative_logits(encoded)
        total: Doubles = logits.sum(axis=0, dtype=np.float64)
        counts = int(has_audio.sum()) - has_audio
        means = (total - logits) / np.maximum(counts, 1)[:, None]
        one_mood = self.one_mood(self.raw_logits(encoded), encoded.has_audio)
        return logits - means.astype(np.float32), self._trust(counts, one_mood)

    def _classify(self, encoded: Encoded, differences: Floats, trust: Floats) -> Floats:
        """``differences`` [n, labels] of the relative logits from a baseline that is trusted with ``trust`` [n, 1]."""
        voice, words = self._sides(encoded, differences, trust)
        return softmax(voice + words + np.log(self.priors))

    def _sides(self, encoded: Encoded, differences: Floats, trust: Floats) -> Sides:
        """See ``_classify``."""
        raw = self.raw_logits(encoded)
        voice = self._voice(raw + self._shift(raw, differences, trust)) * encoded.has_audio[:, None]
        words = np.zeros_like(voice)
        if self.heads.text is not None:
            logits = linear(self.heads.text, encoded.text) * np.float32(self.settings.text_weight)
            words = limited(logits, self.settings.misleading_words, self.settings.even_words)
            words *= self._words_count(encoded.has_text)[:, None]
        return Sides(voice * self._voice_weights(encoded.has_text), words)

    def _voice(self, logits: Floats) -> Floats:
        return limited(logits, self.settings.misleading_voice, self.settings.even_voice)

    def _words_count(self, has_text: Mask) -> Mask:
        """[n]: whether the words of a segment count."""
        return has_text & (self.settings.text is not None and self.heads.text is not None)

    def _voice_weights(self, has_text: Mask) -> Floats:
        """[n, 1]: the weights of the voice's logits."""
        weights = np.where(self._words_count(has_text), self.settings.voice_weight, 1.0)
        return np.asarray(weights[:, None], np.float32)

    def _trust(self, counts: Ints, one_mood: float = 0.0) -> Floats:
        """[n, 1]: how far a baseline of ``counts`` [n] clips is trusted: the more clips, the more, unless it hides."""
        trust = (1 - one_mood) * counts / np.maximum(counts + self.settings.prior_count, 1e-9)
        return np.asarray(trust[:, None], np.float32)

    def _shift(self, raw: Floats, differences: Floats, trust: Floats) -> Floats:
        """[n, labels]: what a baseline that is ``differences`` away adds to ``raw`` logits.

        The more it is trusted, the more the comparison counts and the less the voice itself.
        """
        if self.heads.relative is None:
            return np.zeros_like(raw)
        relative = (differences + self.heads.relative[1]) / np.float32(self.settings.temperature_relative)
        return np.asarray(
            trust * (relative - (1 - np.float32(self.settings.raw_share)) * raw), dtype=np.float32
        )


def distance_from_even(logits: Floats | Doubles) -> Doubles:
    """[n]: the logarithm of the odds of the best moody label against even speech, by ``logits`` [n, labels]."""
    even = np.isin(LABELS, EVEN_TEMPERED)
    probabilities = np.asarray(softmax(logits), np.float64)
    moody = probabilities[:, ~even].max(axis=1)
    return np.asarray(np.log(moody + 1e-9) - np.log(probabilities[:, even].sum(axis=1) + 1e-9))


def limited(logits: Floats, misleading: float, even: float) -> Floats:
    """What ``logits`` [n, labels] of one side say where it need not show the mood.

    A share ``even`` of moody segments sounds, or reads, like even-tempered ones, and in a share ``misleading`` of all
    segments the side says nothing of the label.
    """
    found = logits
    if even:
        moody = np.array([label not in EVEN_TEMPERED for label in LABELS])
        usual = np.log(np.exp(logits[:, ~moody]).mean(axis=1, keepdims=True))
        shown = np.logaddexp(np.log(1 - even) + logits, np.log(even) + usual)
        found = np.where(moody, shown, logits).astype(np.float32)
    if misleading:
        found = np.log((1 - misleading) * softmax(found) + misleading / logits.shape[-1]).astype(np.float32)
    return found


def softmax(logits: Floats | Doubles) -> Floats:
    """Softmax along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def linear(term: tuple[Floats, Floats], vectors: Floats) -> Floats:
    """Logits [n, labels] of ``vectors`` [n, width] by weights [labels, width] and biases [labels]."""
    return np.asarray(vectors @ term[0].T + term[1], dtype=np.float32)


def _width(term: tuple[Floats, Floats] | None) -> int:
    return 0 if term is None else term[0].shape[1]
