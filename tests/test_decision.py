"""Drawn calls, and the decision fitted on them: scales, offsets, and when a baseline hides a mood."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from callmood.labels import LABELS
from callmood.model.scorer import Heads
from callmood.training.corpora.clip import Clip
from callmood.training.data.split import corpus_folds, unseen_folds
from callmood.training.fit import heads
from callmood.training.systems.decision import SMALLEST_SCALE, fit_decision
from callmood.training.systems.drawn_calls import DrawnCalls, SpeakerLogits, draw_calls, weights
from callmood.training.systems.embedded_heads import EncodedCorpus, clip_weights, without_unknown

NEUTRAL, ANGRY, SAD = (LABELS.index(label) for label in ("neutral", "angry", "sad"))
NO_BIAS = np.zeros(len(LABELS), np.float32)


def speaker(
    name: str, counts: dict[int, int], seed: int, lean: float = 0.0, scale: float = 1.0
) -> SpeakerLogits:
    """A speaker whose logits are right by 3 and lean to sad by ``lean``."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(list(counts), list(counts.values())).astype(np.int64)
    logits = 3.0 * np.eye(len(LABELS))[labels] + rng.gumbel(size=(len(labels), len(LABELS)))
    raw = logits.copy()
    raw[:, SAD] += lean
    return SpeakerLogits(name, labels, (scale * raw).astype(np.float32), (scale * logits).astype(np.float32))


def drawn(scale: float = 1.0) -> DrawnCalls:
    moods = dict.fromkeys(range(len(LABELS)), 12)
    speakers = [speaker(f"one-{i}", moods | {NEUTRAL: 30}, i, scale=scale) for i in range(6)]
    speakers += [speaker(f"ordinary-{i}", {NEUTRAL: 14}, 50 + i, scale=scale) for i in range(6)]
    found = draw_calls(speakers, 9, seed=1)
    assert found is not None
    return found


def test_calls_have_a_mood_that_comes_one_throughout_or_none() -> None:
    calls = drawn()
    for number in np.unique(calls.calls):
        labels, kind = calls.labels[calls.calls == number], calls.kinds[calls.calls == number][0]
        moods = {label for label in labels.tolist() if LABELS[label] not in ("calm", "neutral")}
        assert (len(moods), len(set(labels)) > 1) in {
            "even": [(0, False), (0, True)],
            "one mood": [(1, False)],
            "mixed": [(1, True)],
        }[kind]
    assert set(calls.kinds[calls.corpora == "ordinary"]) == {"even"}


def test_segments_are_compared_with_the_others_of_their_call_alone() -> None:
    calls = drawn()
    rows = calls.calls == calls.calls[0]
    relative = calls.raw[rows]  # the same as the relative logits of a speaker who leans to nothing
    others = (relative.sum(axis=0) - relative) / (rows.sum() - 1)
    np.testing.assert_allclose(calls.differences[rows], relative - others, atol=1e-5)


def test_all_clips_of_a_speaker_of_few_are_a_call() -> None:
    assert draw_calls([speaker("own-a", {SAD: 1}, 1)], 9, seed=1) is None
    few = draw_calls([speaker("own-a", {SAD: 1, NEUTRAL: 1}, 1)], 9, seed=1)
    assert few is not None and few.kinds.tolist() == ["mixed", "mixed"]


def test_every_label_counts_the_same_and_even_speech_twice() -> None:
    calls = drawn()
    weight = weights(calls, ("mixed",))
    even = np.isin(calls.labels, [LABELS.index("calm"), NEUTRAL])
    assert weight[even].sum() == pytest.approx(2)
    assert weight[calls.labels == ANGRY].sum() == pytest.approx(1)
    assert weight[calls.kinds == "one mood"].sum() == 0


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_logits_of_any_scale_become_calibrated(scale: float) -> None:
    calls = drawn(scale)
    decision = fit_decision(calls, NO_BIAS)
    assert decision.raw_scale * scale == pytest.approx(fit_decision(drawn(), NO_BIAS).raw_scale, rel=0.05)
    mixed = calls.kinds == "mixed"
    probabilities = softmax(decision.against_baseline(calls.raw, calls.differences)[mixed], axis=1)
    angry = calls.labels[mixed] == ANGRY
    assert probabilities[angry, ANGRY].mean() > 0.5
    assert probabilities[~angry, ANGRY].mean() < 0.1


def test_what_all_speakers_lean_to_is_taken_back() -> None:
    moods = dict.fromkeys(range(len(LABELS)), 12) | {NEUTRAL: 30}
    calls = draw_calls([speaker(f"one-{i}", moods, i, lean=4.0) for i in range(8)], 9, seed=1)
    assert calls is not None
    offsets = fit_decision(calls, NO_BIAS).raw_offsets
    assert offsets.argmin() == SAD and offsets[SAD] < np.delete(offsets, SAD).mean() - 2


def test_a_mean_far_from_even_speech_is_taken_for_one_mood() -> None:
    calls = drawn()
    decision = fit_decision(calls, NO_BIAS)
    assert decision.one_mood is not None
    offset, slope = decision.one_mood
    assert slope > 0 and offset < 0

    def probability(distance: float) -> float:
        return float(1 / (1 + np.exp(-offset - slope * distance)))

    assert probability(4.0) > 0.5 > probability(-2.0)


def test_without_even_speech_the_voice_alone_decides() -> None:
    calls = draw_calls([speaker(f"one-{i}", {SAD: 12, ANGRY: 12}, i) for i in range(4)], 9, seed=1)
    assert calls is not None
    decision = fit_decision(calls, NO_BIAS)
    assert (decision.raw_share, decision.relative_scale, decision.one_mood) == (1.0, SMALLEST_SCALE, None)


def test_calls_that_are_all_even_give_scales_that_can_be_inverted() -> None:
    calls = draw_calls([speaker(f"ordinary-{i}", {NEUTRAL: 14}, i) for i in range(4)], 9, seed=1)
    assert calls is not None
    decision = fit_decision(calls, NO_BIAS)
    assert np.isfinite(1 / decision.raw_scale) and np.isfinite(decision.raw_offsets).all()


def test_a_corpus_counts_by_the_root_of_its_speakers() -> None:
    speakers = np.array(["a-1"] * 10 + ["b-1"] * 2 + ["b-2"] * 2 + ["b-3"] * 1 + ["b-4"] * 1)
    corpus = EncodedCorpus(np.full(16, SAD), speakers, [], {})
    weight = clip_weights(corpus)
    assert weight[:10].sum() == pytest.approx(1 / 3) and weight[10:].sum() == pytest.approx(2 / 3)
    assert weight[10:12].sum() == pytest.approx(weight[15])


def test_a_label_that_no_clip_has_sounds_neutral() -> None:
    term = (np.arange(16, dtype=np.float32).reshape(8, 2), np.arange(8, dtype=np.float32))
    found = without_unknown(Heads(raw=term, relative=term), np.array([NEUTRAL, SAD]))
    assert found.raw is not None
    np.testing.assert_array_equal(found.raw[0][ANGRY], term[0][NEUTRAL])
    assert found.raw[1][ANGRY] == term[1][NEUTRAL] and found.raw[1][SAD] == term[1][SAD]


def test_heads_follow_the_weights() -> None:
    vectors = np.array([[1.0], [1.1], [-1.0], [-1.1]], np.float32)
    labels = np.array([0, 1, 1, 0])
    settings = heads.HeadSettings(
        logistic_c=10.0,
        iterations=20,
        discriminant_ridge=0.1,
        discriminant_share=0.5,
        blocks=(heads.Block(width=1, share=1.0),),
    )
    first, _ = heads.fit(vectors, labels, 2, settings, np.array([9.0, 1.0, 9.0, 1.0], np.float32))
    second, _ = heads.fit(vectors, labels, 2, settings, np.array([1.0, 9.0, 1.0, 9.0], np.float32))
    assert first[0, 0] > 0 > second[0, 0]


def clips(*speakers: str) -> list[Clip]:
    return [Clip(one.partition("-")[0], Path(f"{one}.wav"), one, "sad") for one in speakers]


def test_the_speakers_of_other_corpora_are_dealt_among_emoboxs_folds() -> None:
    given = clips("ravdess-01", "ravdess-04", "savee-DC", "savee-JE", "savee-KL", "emodb-09")
    folds = {number: {given[row].speaker for row in test} for number, _, test in unseen_folds(given, seed=1)}
    assert folds == {
        1: {"ravdess-01", "savee-DC", "savee-KL", "emodb-09"},
        2: {"ravdess-04", "savee-JE"},
    }
    for _, train, test in unseen_folds(given, seed=1):
        assert sorted([*train, *test]) == list(range(len(given)))


def test_each_corpus_is_left_out_once() -> None:
    given = clips("b-1", "a-1", "b-2")
    assert corpus_folds(given) == [(1, [0, 2], [1]), (2, [1], [0, 2])]
