"""Scoring of segments, with a stand-in for the model whose numbers are all known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from callmood.call import Segment, Speaker, VoiceBaseline, Word
from callmood.labels import LABELS, UNCERTAIN
from callmood.model.scorer import BundleSettings, Encoded, Heads, Sides
from callmood.pipeline.score import Scorable, score_calls

SPEAKERS = (Speaker(0, 0, "agent"), Speaker(1, 1, "customer"))


@dataclass
class Loudness:
    """A model to which a clip is as angry as it is louder than its baseline."""

    threshold: float = 0.5
    labels = LABELS
    settings = BundleSettings(LABELS, None, None)
    heads = Heads()

    def of_role(self, role: str) -> "Loudness":
        return self

    def encode(self, clips: list[np.ndarray], texts: list[str | None]) -> Encoded:
        audio = np.array([[np.abs(clip).mean()] for clip in clips], np.float32)
        yes = np.ones(len(clips), bool)
        return Encoded(audio, np.zeros((len(clips), 0), np.float32), yes, ~yes)

    def baseline(self, encoded: Encoded) -> VoiceBaseline:
        return VoiceBaseline(tuple(encoded.audio.mean(axis=0).tolist()), len(encoded))

    def classify(self, encoded: Encoded, baseline: VoiceBaseline | None = None) -> np.ndarray:
        return self._rows(encoded.audio[:, 0] - (0 if baseline is None else baseline.mean[0]))

    def classify_against_rest(self, encoded: Encoded) -> np.ndarray:
        return self._rows(encoded.audio[:, 0] - encoded.audio[:, 0].mean())

    def sides_against_rest(self, encoded: Encoded) -> Sides:
        logits = np.log(self.classify_against_rest(encoded) + 1e-6)
        return Sides(logits, np.zeros_like(logits))

    @property
    def priors(self) -> np.ndarray:
        return np.full(len(LABELS), 1 / len(LABELS), np.float32)

    def best(self, probabilities: np.ndarray) -> tuple[str, float]:
        return LABELS[int(probabilities.argmax())], float(probabilities.max())

    def is_sure(self, probabilities: np.ndarray, has_words: bool) -> bool:
        return bool(probabilities.max() >= self.threshold)

    def _rows(self, angry: np.ndarray) -> np.ndarray:
        rows = np.zeros((len(angry), len(LABELS)), np.float32)
        rows[:, LABELS.index("angry")] = np.clip(angry, 0, 1)
        rows[:, LABELS.index("neutral")] = 1 - np.clip(angry, 0, 1)
        return rows


def segment(speaker: int, start_s: float, spoken_s: float = 2.0) -> Segment:
    return Segment(
        speaker, speaker, start_s, start_s + 2, "so", (Word("so", start_s, start_s + spoken_s, 1.0),)
    )


def call(*segments: Segment, loud: tuple[int, ...] = ()) -> Scorable:
    samples = np.full((2, 16_000 * 20), 0.1, np.float32)
    for i in loud:
        start = int(segments[i].start_s * 16_000)
        samples[segments[i].channel, start : start + 2 * 16_000] = 1.0
    return Scorable(samples, SPEAKERS, segments)


def test_a_segment_without_words_is_judged_by_its_voice() -> None:
    unworded = replace(segment(0, 4), text="", words=())
    (scored,) = score_calls(Loudness(), [call(segment(0, 0), unworded, loud=(1,))])
    assert scored.scores[1] is not None
    assert scored.scores[1].label != "uncertain"


def test_only_the_wanted_role_is_scored() -> None:
    (scored,) = score_calls(Loudness(), [call(segment(0, 0), segment(1, 2))], roles="customer")
    assert [one is None for one in scored.scores] == [True, False]
    assert list(scored.baselines) == [1]


def test_calls_of_one_batch_keep_their_own_scores() -> None:
    quiet = call(segment(0, 0), segment(0, 2))
    loud = call(segment(0, 0), segment(0, 2), segment(0, 4), loud=(2,))
    first, second = score_calls(Loudness(), [quiet, loud])
    assert [one.label for one in first.scores if one] == ["neutral", "neutral"]
    assert [one.label for one in second.scores if one] == ["neutral", "neutral", "angry"]


def test_raw_and_relative_scores_are_kept_apart() -> None:
    (scored,) = score_calls(Loudness(), [call(segment(0, 0), segment(0, 2), loud=(0, 1))])
    one = scored.scores[0]
    assert one is not None
    assert one.raw[LABELS.index("angry")] == pytest.approx(1)
    assert one.relative[LABELS.index("angry")] == pytest.approx(0)


def test_a_doubtful_segment_is_uncertain() -> None:
    (scored,) = score_calls(Loudness(threshold=1.1), [call(segment(0, 0))])
    assert scored.scores[0] is not None
    assert scored.scores[0].label == UNCERTAIN


def test_a_word_is_too_little_to_judge() -> None:
    (scored,) = score_calls(Loudness(), [call(segment(0, 0, spoken_s=0.4), segment(0, 2, spoken_s=1.5))])
    assert [one.label for one in scored.scores if one] == [UNCERTAIN, "neutral"]


def test_a_call_without_segments_has_no_scores() -> None:
    (scored,) = score_calls(Loudness(), [call()])
    assert scored.scores == ()


def test_a_short_segment_is_scored_with_a_second_of_sound() -> None:
    heard: list[int] = []

    class Listener(Loudness):
        def encode(self, clips: list[np.ndarray], texts: list[str | None]) -> Encoded:
            heard.extend(len(clip) for clip in clips)
            return super().encode(clips, texts)

    yes = Segment(0, 0, 5.0, 5.3, "yes", (Word("yes", 5.0, 5.3, 1.0),))
    score_calls(Listener(), [call(segment(0, 0), yes)])
    assert heard == [2 * 16_000, 16_000]


class Sharp(Loudness):
    """A model that is sure of anger in what is louder than the rest."""

    def classify_against_rest(self, encoded: Encoded) -> np.ndarray:
        return self._rows(9 * (encoded.audio[:, 0] - encoded.audio[:, 0].mean()))


def test_a_speaker_is_upset_from_where_the_outburst_begins() -> None:
    segments = [segment(1, start) for start in (8, 0, 2, 4, 6)]  # not in the order of their start
    (scored,) = score_calls(Sharp(), [call(segment(0, 10), *segments, loud=(1, 5))])
    moods = scored.moods[1]
    assert moods.upset > 0.9 and moods.upset_from_s == 6
    assert moods.pleased < 0.5 and moods.pleased_from_s is None
    assert scored.moods[0].upset < 0.1
    assert [one.upset > 0.5 for one in scored.scores if one] == [False, True, False, False, False, True]
    assert [one.evidence for one in scored.scores if one] == [None, "voice", None, None, None, "voice"]


def test_speakers_who_are_not_scored_have_no_moods() -> None:
    (scored,) = score_calls(Loudness(), [call(segment(0, 0), segment(1, 2))], roles="customer")
    assert list(scored.moods) == [1]


def test_a_word_between_two_outbursts_has_their_mood() -> None:
    short = replace(segment(0, 10, spoken_s=0.4), text="no")
    even = [segment(0, start) for start in (0, 2, 4)]
    (scored,) = score_calls(Sharp(), [call(*even, segment(0, 8), short, segment(0, 12), loud=(3, 5))])
    one = scored.scores[4]
    assert one is not None
    assert (one.label, one.upset > 0.5, one.evidence) == (UNCERTAIN, True, None)


class Reader(Loudness):
    """Remembers the texts that it was given."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []

    def encode(self, clips: list[np.ndarray], texts: list[str | None]) -> Encoded:
        self.texts += texts
        return super().encode(clips, texts)


@pytest.mark.parametrize(("language", "text"), [(None, "so"), ("en", "so"), ("es", None)])
def test_words_in_another_language_than_english_are_not_judged(
    language: str | None, text: str | None
) -> None:
    one = call(segment(0, 0), segment(1, 2))
    speakers = (replace(SPEAKERS[0], language="en"), replace(SPEAKERS[1], language=language))
    reader = Reader()
    (scored,) = score_calls(reader, [replace(one, speakers=speakers)])
    assert sorted(reader.texts, key=str) == sorted(["so", text], key=str)
    assert None not in scored.scores
