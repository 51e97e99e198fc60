"""Who speaks when: channels of stereo calls, copies, dead channels, leaks and noise."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from callmood.pipeline.audio.decode import decode
from callmood.pipeline.speakers.channels import same_content, without_leaks
from callmood.pipeline.speakers.finder import Conversation, load_finder
from callmood.pipeline.speakers.vad import FRAME_S
from callmood.settings import SpeakerSettings
from callmood.sound import SAMPLE_RATE, Samples

Find = Callable[[Samples], Conversation]

CALLS = Path(__file__).parent / "data" / "calls"
LEFT_DEAD = np.array([[0], [1]], dtype=np.float32)
STEREO = "anna/2026-11-20_09-14-05_anna_5551234.wav"


@pytest.fixture(scope="module")
def find() -> Find:
    import torch

    torch.set_num_threads(1)  # more are many times slower where anything else runs
    return load_finder(SpeakerSettings(), "cpu")


@pytest.fixture(scope="module")
def call() -> Samples:
    """Half a minute of stereo: agent left, customer right."""
    return decode(CALLS / STEREO).samples


@pytest.fixture(scope="module")
def found(find: Find, call: Samples) -> Conversation:
    return find(call)


def truth() -> list[tuple[int, float, float]]:
    calls = json.loads((CALLS.parent / "calls.json").read_text())
    turns = next(one["turns"] for one in calls if one["file"] == STEREO)
    return [(turn["channel"], turn["start_s"], turn["end_s"]) for turn in turns]


def speaks(turns: list[tuple[int, float, float]], length: int) -> NDArray[np.bool_]:
    """[2, hundredths of a second]: whether each speaker speaks."""
    mask = np.zeros((2, length), dtype=bool)
    for speaker, start, end in turns:
        mask[speaker, int(start * 100) : int(end * 100)] = True
    return mask


def babble(seconds: float, seed: int) -> Samples:
    """Noise that swells and fades as syllables do, with pauses."""
    draw = np.random.default_rng(seed)
    length = int(seconds * SAMPLE_RATE)
    swell = np.repeat(draw.uniform(0, 1, length // 3200 + 1) ** 3, 3200)[:length]
    return (0.3 * swell * draw.normal(0, 1, length)).astype(np.float32)


def test_each_channel_is_a_speaker(found: Conversation) -> None:
    assert [speaker.channel for speaker in found.speakers] == [0, 1]


def test_turns_lie_where_each_side_speaks(found: Conversation, call: Samples) -> None:
    length = call.shape[1] * 100 // SAMPLE_RATE
    expected = speaks(truth(), length)
    detected = speaks([(turn.speaker, turn.start_s, turn.end_s) for turn in found.turns], length)
    assert (expected ^ detected).sum() < 0.12 * expected.sum()


def test_turns_are_ordered_by_start(found: Conversation) -> None:
    starts = [turn.start_s for turn in found.turns]
    assert starts == sorted(starts)


def test_a_quiet_call_gives_the_same_turns(find: Find, call: Samples, found: Conversation) -> None:
    quiet = find(call * np.float32(0.02))
    assert abs(_seconds(quiet) - _seconds(found)) < 0.05 * _seconds(found)


def test_the_other_sides_echo_gives_no_turns(find: Find, call: Samples, found: Conversation) -> None:
    echo = np.roll(call[::-1], 800, axis=1) * np.float32(0.03)
    assert abs(_seconds(find(call + echo)) - _seconds(found)) < 0.1 * _seconds(found)


def test_a_mono_copy_on_both_channels_is_dual_mono(find: Find, call: Samples) -> None:
    both = call.sum(axis=0)
    assert find(np.stack([both, 0.7 * np.roll(both, 7)])).layout == "dual mono"


def test_a_dual_mono_call_has_its_two_voices(find: Find, call: Samples) -> None:
    both = call.sum(axis=0)
    assert len(find(np.stack([both, both])).speakers) == 2


def test_a_dead_channel_is_named(find: Find, call: Samples) -> None:
    assert "nobody speaks on the left channel" in find(call * LEFT_DEAD).warnings[0]


def test_turns_of_the_live_channel_say_which_it_is(find: Find, call: Samples) -> None:
    assert {speaker.channel for speaker in find(call * LEFT_DEAD).speakers} == {1}


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2, 1.0, 11.0])
def test_silence_has_no_turns(find: Find, seconds: float) -> None:
    assert find(np.zeros((2, int(seconds * SAMPLE_RATE)), dtype=np.float32)).turns == ()


def test_line_noise_has_no_turns(find: Find) -> None:
    noise = np.random.default_rng(0).normal(0, 0.003, (2, 12 * SAMPLE_RATE)).astype(np.float32)
    assert find(noise).turns == ()


def test_a_ringing_tone_has_no_turns(find: Find) -> None:
    time = np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.2 * np.sin(2 * np.pi * 425 * time) * (time % 5 < 1)
    assert find(tone[None].astype(np.float32)).turns == ()


def test_nan_samples_count_as_silence(find: Find, call: Samples) -> None:
    broken = call[:, : 10 * SAMPLE_RATE].copy()
    broken[0, 100:200] = np.nan
    assert find(broken).turns


@pytest.mark.parametrize("seconds", [0.2, 0.3, 0.7])
def test_turns_of_very_short_clips_lie_within_them(find: Find, call: Samples, seconds: float) -> None:
    start = 6 * SAMPLE_RATE
    turns = find(call[1:, start : start + int(seconds * SAMPLE_RATE)]).turns
    assert all(0 <= turn.start_s < turn.end_s <= seconds for turn in turns)
    assert turns or seconds < 0.7


def test_turns_end_with_the_recording(find: Find, call: Samples) -> None:
    cut = call[:, : 3 * SAMPLE_RATE]
    assert max(turn.end_s for turn in find(cut).turns) <= 3.0


def test_an_agent_channel_in_the_settings_gives_roles_at_once(call: Samples) -> None:
    find = load_finder(SpeakerSettings(agent_channel="right"), "cpu")
    assert [speaker.role for speaker in find(call).speakers] == ["customer", "agent"]


def test_a_copy_through_another_codec_is_the_same_content() -> None:
    sound = babble(20, seed=1)
    coarse = np.round(sound * 100) / 100
    assert same_content(np.stack([sound, coarse.astype(np.float32)]))


def test_a_late_copy_is_the_same_content() -> None:
    sound = babble(20, seed=1)
    assert same_content(np.stack([sound, np.roll(sound, 3000)]))


def test_two_people_are_not_the_same_content() -> None:
    assert not same_content(np.stack([babble(20, seed=1), babble(20, seed=2)]))


def test_strong_crosstalk_is_not_the_same_content() -> None:
    left, right = babble(20, seed=1), babble(20, seed=2)
    assert not same_content(np.stack([left + 0.4 * right, right + 0.4 * left]))


def test_a_faint_copy_of_the_other_side_is_not_speech() -> None:
    left = babble(20, seed=1)
    frames = int(20 / FRAME_S)
    always = np.ones(frames, dtype=np.float32)
    kept = without_leaks(np.stack([left, 0.05 * left]), [always, always])
    assert kept[1].mean() < 0.05


def test_speaking_at_once_is_speech_on_both_sides() -> None:
    frames = int(20 / FRAME_S)
    always = np.ones(frames, dtype=np.float32)
    kept = without_leaks(np.stack([babble(20, seed=1), 0.3 * babble(20, seed=2)]), [always, always])
    assert kept[1].mean() == 1.0


def _seconds(conversation: Conversation) -> float:
    return sum(turn.end_s - turn.start_s for turn in conversation.turns)
