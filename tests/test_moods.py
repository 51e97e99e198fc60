"""What is said of segments: the label that is shown, and whether voice or words speak for it."""

from collections.abc import Mapping

import numpy as np
import pytest

from callmood.labels import LABELS, UNCERTAIN
from callmood.model import Scorer
from callmood.model.course import CourseSettings
from callmood.model.scorer import BundleSettings, Heads, Sides
from callmood.pipeline.moods import Judged, Spoken, judge

EVEN = {"calm": 0.1, "neutral": 0.9}


def row(values: Mapping[str, float]) -> np.ndarray:
    """[1, labels]"""
    return np.array([[values.get(label, 0.0) for label in LABELS]], np.float32)


def judged(
    probabilities: Mapping[str, float],
    voice: Mapping[str, float] | None = None,
    words: Mapping[str, float] | None = None,
    threshold: float = 0.0,
    spoken_s: float = 2.0,
) -> Judged:
    """One segment, given its probabilities and what the sides add to the logits."""
    scorer = Scorer("toy", BundleSettings(LABELS, None, None, threshold_with_words=threshold), Heads())
    sides = Sides(row(voice or {}), row(words or {}))
    (one,), _ = judge(scorer, row(probabilities), sides, [Spoken(0.0, spoken_s, has_words=True)])
    return one


def test_calm_speech_is_shown_as_neutral() -> None:
    one = judged({"calm": 0.5, "neutral": 0.2, "angry": 0.3}, threshold=0.6)
    assert (one.label, one.confidence) == ("neutral", pytest.approx(0.7))


def test_even_tempered_speech_is_one_label_when_the_best_is_chosen() -> None:
    one = judged({"calm": 0.3, "neutral": 0.3, "angry": 0.4})
    assert (one.label, one.confidence) == ("neutral", pytest.approx(0.6))


def test_the_confidence_of_a_label_is_the_probability_of_its_mood() -> None:
    one = judged({"angry": 0.6, "disgust": 0.2, "neutral": 0.2})
    assert (one.label, one.confidence) == ("angry", pytest.approx(0.8))
    assert judged({"happy": 0.6, "neutral": 0.4}).confidence == pytest.approx(0.6)


def test_who_is_surely_upset_has_the_best_of_the_labels_for_it() -> None:
    one = judged({"angry": 0.3, "fearful": 0.25, "sad": 0.05, "happy": 0.35, "neutral": 0.05}, threshold=0.6)
    assert (one.label, one.confidence) == ("angry", pytest.approx(0.6))


@pytest.mark.parametrize(
    ("voice", "words", "evidence"),
    [
        ({"angry": 3.0}, {}, "voice"),
        ({}, {"angry": 3.0}, "words"),
        ({"angry": 3.0}, {"angry": 2.5}, "both"),
        ({"angry": 3.0}, {"angry": 0.3}, "voice"),
        ({"angry": 3.0}, {"neutral": 2.0, "calm": 2.0}, "voice"),
        ({"happy": 3.0}, {"angry": 5.0}, "words"),
        ({"sad": 3.0}, {"angry": 3.0}, "both"),
        ({"neutral": -3.0, "calm": -3.0}, {}, "voice"),
    ],
)
def test_evidence_is_the_side_that_speaks_for_the_mood(
    voice: Mapping[str, float], words: Mapping[str, float], evidence: str
) -> None:
    assert judged({"angry": 0.8, "neutral": 0.2}, voice, words).evidence == evidence


def test_evidence_of_surprise_is_not_that_of_another_mood() -> None:
    one = judged({"surprised": 0.9, "neutral": 0.1}, {"angry": 4.0}, {"surprised": 3.0})
    assert (one.label, one.evidence) == ("surprised", "words")


@pytest.mark.parametrize("probabilities", [{"neutral": 0.8, "angry": 0.2}, {"calm": 0.8, "happy": 0.2}])
def test_even_speech_has_no_evidence(probabilities: Mapping[str, float]) -> None:
    assert judged(probabilities, {"angry": 3.0}, {"angry": 3.0}).evidence is None


def test_what_is_upset_without_a_sure_label_has_evidence() -> None:
    many = {"angry": 0.2, "disgust": 0.2, "sad": 0.15, "neutral": 0.45}
    one = judged(many, {"angry": 3.0, "disgust": 3.0, "sad": 3.0}, threshold=0.6)
    assert (one.label, one.evidence) == (UNCERTAIN, "voice" if one.upset >= 0.5 else None)


def course_of(
    *probabilities: Mapping[str, float], class_priors: tuple[float, ...] | None = None
) -> list[Judged]:
    """One speaker's segments, as the voice alone says."""
    settings = BundleSettings(LABELS, None, None, threshold_with_words=0.5, class_priors=class_priors)
    scorer = Scorer("toy", settings, Heads())
    rows = np.concatenate([row(one) for one in probabilities])
    none = np.zeros_like(rows)
    spoken = [Spoken(4.0 * i, 2.0, has_words=True) for i in range(len(rows))]
    return judge(scorer, rows, Sides(none, none), spoken)[0]


def test_a_doubtful_segment_among_angry_ones_is_angry() -> None:
    angry, doubtful = {"angry": 0.9, "neutral": 0.1}, {"angry": 0.45, "fearful": 0.05, "neutral": 0.5}
    one = course_of(angry, doubtful, angry)[1]
    assert (one.label, one.confidence) == ("angry", one.upset)


def test_a_doubtful_segment_among_even_ones_is_even() -> None:
    even, doubtful = {"neutral": 0.95, "angry": 0.05}, {"angry": 0.45, "neutral": 0.55}
    assert course_of(even, doubtful, even)[1].label == "neutral"


def test_a_lone_doubtful_segment_has_no_mood_from_others() -> None:
    rarely_upset = tuple(0.9 if label == "neutral" else 0.1 / 7 for label in LABELS)
    (one,) = course_of({"angry": 0.49, "neutral": 0.51}, class_priors=rarely_upset)
    assert (one.label, one.upset > 0.6) == ("neutral", True)


def test_a_happy_segment_among_angry_ones_stays_happy() -> None:
    angry, happy = {"angry": 0.9, "neutral": 0.1}, {"angry": 0.3, "happy": 0.7}
    assert course_of(angry, happy, angry)[1].label == "happy"


def test_a_word_says_nothing_of_a_mood() -> None:
    one = judged({"angry": 1.0}, {"angry": 5.0}, spoken_s=0.3)
    assert (one.label, one.evidence) == (UNCERTAIN, None)
    assert one.upset == pytest.approx(CourseSettings().upset_first)
