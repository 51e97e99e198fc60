"""Who speaks when on a single channel: how many voices, whose turn, and the models that separate them."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from callmood.errors import CallmoodError
from callmood.model.networks.on_device import speaker_network
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.speakers import pyannote_pipeline
from callmood.pipeline.speakers.diarize import HOP_S, WINDOW_S, Windows, cluster, embed, label
from callmood.pipeline.speakers.finder import Conversation, load_finder
from callmood.pipeline.speakers.pyannote_pipeline import load_pipeline
from callmood.pipeline.speakers.vad import FRAME_S
from callmood.settings import SpeakerSettings

CALLS = Path(__file__).parent / "data" / "calls"
MONO = "anna/billing 20261120-113000.mp3"


def windows(*voices: int, spread: float = 0.03, seed: int = 0) -> Windows:
    """Windows, the given number for each voice; the voices are orthogonal."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(voices)), voices)
    vectors = np.eye(192)[who] + draw.normal(0, spread, (len(who), 192))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    starts = np.arange(len(who)) * HOP_S
    return Windows(np.stack([starts, starts + WINDOW_S], axis=1), vectors.astype(np.float32))


@pytest.fixture(scope="module")
def found() -> Conversation:
    import torch

    torch.set_num_threads(1)  # more are many times slower where anything else runs
    return load_finder(SpeakerSettings(), "cpu")(decode(CALLS / MONO).samples)


@pytest.mark.parametrize("voices", [(40,), (20, 20), (38, 4), (20, 20, 20)])
def test_the_number_of_speakers_is_found(voices: tuple[int, ...]) -> None:
    assert len(cluster(windows(*voices), None)) == len(voices)


def test_a_stray_window_makes_no_third_speaker() -> None:
    assert len(cluster(windows(30, 30, 1), None)) == 2


def test_a_third_voice_of_one_sentence_is_no_third_speaker() -> None:
    assert len(cluster(windows(30, 30, 5), None)) == 2
    assert len(cluster(windows(30, 30, 8), None)) == 3


def alike(cosine: float) -> Windows:
    """Two voices, or two moods of one: their vectors have this cosine."""
    one = np.eye(192)[0]
    two = cosine * one + np.sqrt(1 - cosine**2) * np.eye(192)[1]
    vectors = np.repeat([one, two], 20, axis=0) + np.random.default_rng(0).normal(0, 1e-3, (40, 192))
    return Windows(windows(20, 20).spans, vectors.astype(np.float32))


def test_voices_that_are_heard_at_once_are_two_though_they_are_alike() -> None:
    assert len(cluster(alike(0.72), None, overlap=0.03)) == 2


def test_a_voice_that_is_never_heard_beside_another_may_change_with_its_mood() -> None:
    assert len(cluster(alike(0.66), None, overlap=0.0)) == 1


def test_the_number_of_speakers_can_be_given() -> None:
    assert len(cluster(windows(20, 20), 3)) == 3


def test_more_speakers_than_windows_are_not_found() -> None:
    assert len(cluster(windows(1, 1), 5)) == 2


def test_hours_of_windows_are_clustered() -> None:
    assert len(cluster(windows(9000, 5000), None)) == 2


def test_a_turn_changes_where_the_voice_changes() -> None:
    spans = windows(10, 10).spans
    similarity = np.repeat([[0.9, 0.1], [0.1, 0.9]], 10, axis=0).astype(np.float32)
    turns = label(np.array([[0.0, 16.0]]), silent_overlap(17), spans, similarity)
    assert turns[0][2] == pytest.approx(8.4, abs=0.2)


def test_speech_is_given_to_one_speaker_where_one_speaks() -> None:
    spans = windows(10, 10).spans
    similarity = np.repeat([[0.9, 0.1], [0.1, 0.9]], 10, axis=0).astype(np.float32)
    turns = label(np.array([[0.0, 16.0]]), silent_overlap(17), spans, similarity)
    assert sum(end - start for _, start, end in turns) == pytest.approx(16.0, abs=0.1)


def test_an_overlap_is_given_to_two_speakers() -> None:
    spans = windows(10, 10).spans
    similarity = np.repeat([[0.9, 0.1], [0.1, 0.9]], 10, axis=0).astype(np.float32)
    overlap = silent_overlap(17)
    overlap[int(7 / FRAME_S) : int(9 / FRAME_S)] = 1.0
    turns = label(np.array([[0.0, 16.0]]), overlap, spans, similarity)
    assert sum(end - start for _, start, end in turns) == pytest.approx(18.0, abs=0.2)


def test_a_mono_call_has_its_two_voices(found: Conversation) -> None:
    assert len(found.speakers) == 2


def test_a_mono_call_is_on_channel_0(found: Conversation) -> None:
    assert {speaker.channel for speaker in found.speakers} == {0}


def test_each_turn_of_a_mono_call_goes_to_its_voice(found: Conversation) -> None:
    calls = json.loads((CALLS.parent / "calls.json").read_text())
    expected = next(one["turns"] for one in calls if one["file"] == MONO)
    pairs = {(turn["role"], _speaker_at(found, (turn["start_s"] + turn["end_s"]) / 2)) for turn in expected}
    assert len(pairs) == 2


def test_who_speaks_first_comes_first(found: Conversation) -> None:
    assert found.turns[0].speaker == 0


def test_a_voice_sounds_like_itself_whatever_it_says() -> None:
    samples = decode(CALLS / "anna/2026-11-20_09-14-05_anna_5551234.wav").samples
    network = speaker_network("cpu")
    agent = embed(samples[0], np.array([[0.5, 4.5], [11.5, 15.0]]), network).vectors
    customer = embed(samples[1], np.array([[5.0, 9.0]]), network).vectors
    assert agent[0] @ agent[1] > agent[0] @ customer[0] + 0.2


def test_a_pipeline_of_pyannote_gives_the_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_pyannote(monkeypatch, _Pipeline())
    find = load_finder(SpeakerSettings(diarizer="somebody/diarization"), "cpu")
    turns = find(decode(CALLS / MONO).samples).turns
    assert [(turn.speaker, turn.start_s, turn.end_s) for turn in turns] == [(0, 0.5, 2.0), (1, 2.0, 3.0)]


def test_a_pipeline_that_cant_be_loaded_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend_pyannote(monkeypatch, OSError("no such thing\nat all"))
    with pytest.raises(CallmoodError) as caught:
        load_pipeline("somebody/diarization", "cpu")
    assert str(caught.value) == (
        "The diarizer 'somebody/diarization' can't be loaded: no such thing at all. "
        "Give the folder or the name of a pyannote pipeline that is on this machine, or use --diarizer embedded."
    )


def silent_overlap(seconds: float) -> NDArray[np.float32]:
    return np.zeros(int(seconds / FRAME_S), dtype=np.float32)


def _speaker_at(conversation: Conversation, at_s: float) -> int:
    return next(turn.speaker for turn in conversation.turns if turn.start_s <= at_s <= turn.end_s)


class _Pipeline:
    """A stand-in for a pipeline: two turns, whatever the sound."""

    def to(self, device: object) -> None:
        pass

    def __call__(self, sound: dict[str, object], num_speakers: int | None) -> SimpleNamespace:
        from pyannote.core import Annotation, Segment

        annotation = Annotation()
        annotation[Segment(0.5, 2.0)] = "SPEAKER_00"
        annotation[Segment(2.0, 3.0)] = "SPEAKER_01"
        return SimpleNamespace(speaker_diarization=annotation)


def _pretend_pyannote(monkeypatch: pytest.MonkeyPatch, result: object) -> None:
    """Installs a stand-in for pyannote.audio, whose import takes seconds and whose pipelines are large."""

    class Pipeline:
        @staticmethod
        def from_pretrained(config: object) -> object:
            if isinstance(result, Exception):
                raise result
            return result

    monkeypatch.setattr(pyannote_pipeline, "checked_config", lambda name: {})
    monkeypatch.setitem(sys.modules, "pyannote.audio", SimpleNamespace(Pipeline=Pipeline))
