"""Calls that are scored again: an outcome of its own, which can't say what it does not know."""

from pathlib import Path

import numpy as np
import pytest
from factory import AGENT, make_call, make_recording
from sounds import write_audio

from callmood.call import CHANGED, Failure, Recording, Rescored
from callmood.cli.scan import _as_json_line
from callmood.hashing import sha256_of
from callmood.model import load
from callmood.pipeline.pipeline import RescoreJob, rescore
from callmood.settings import Settings
from callmood.sound import SAMPLE_RATE


@pytest.fixture
def dual_mono(tmp_path: Path) -> Path:
    """The same voice on both channels."""
    voice = 0.1 * np.random.default_rng(1).normal(size=3 * SAMPLE_RATE).astype(np.float32)
    return write_audio(tmp_path / "dual mono.wav", np.stack([voice, voice]))


def job(path: Path) -> RescoreJob:
    call = make_call([(AGENT, 0.0, 2.0, "hello")], layout="dual mono")
    content = sha256_of(path) if path.exists() else "gone"
    return RescoreJob(Recording(content, path, 1), call.speakers, call.segments)


def test_a_call_scored_again_has_scores_for_its_segments_and_keeps_all_else(dual_mono: Path) -> None:
    (outcome,) = rescore(load("embedded", "cpu"), Settings(), [job(dual_mono)])
    assert isinstance(outcome, Rescored)
    assert len(outcome.scores) == 1 and outcome.scores[0] is not None
    assert set(outcome.baselines) == {AGENT}
    assert outcome.duration_s == pytest.approx(3.0, abs=0.1)


def test_its_line_of_json_names_no_layout_and_nothing_dropped() -> None:
    line = _as_json_line(Rescored(make_recording(), 3.0, (None,), {}))
    assert line["state"] == "done" and line["rescored"] is True and line["segments"] == 1
    assert {"layout", "dropped", "roles"}.isdisjoint(line)


def test_the_line_of_a_new_call_names_them() -> None:
    line = _as_json_line(make_call(layout="dual mono", dropped={"no speech": 2}))
    assert (line["layout"], line["dropped"]) == ("dual mono", {"no speech": 2})
    assert "rescored" not in line


def test_a_recording_that_is_gone_is_left_for_the_next_scan(tmp_path: Path, dual_mono: Path) -> None:
    jobs = [job(tmp_path / "gone.wav"), job(dual_mono)]
    gone, scored = rescore(load("embedded", "cpu"), Settings(), jobs)
    assert isinstance(gone, Failure) and isinstance(scored, Rescored)
    assert gone.is_passing and "no longer exists" in gone.error


def test_another_sound_is_not_scored_for_a_call(dual_mono: Path) -> None:
    of_before = job(dual_mono)
    write_audio(dual_mono, 0.1 * np.ones((2, 3 * SAMPLE_RATE), np.float32))
    (outcome,) = rescore(load("embedded", "cpu"), Settings(), [of_before])
    assert isinstance(outcome, Failure) and outcome.reason == CHANGED
