"""Who speaks when: channels of stereo calls, copies, dead channels, leaks and noise."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import melody, write_audio

from callmood.pipeline.audio.decode import decode
from callmood.pipeline.speakers.channels import separate, without_leaks
from callmood.pipeline.speakers.finder import Conversation, load_finder
from callmood.pipeline.speakers.vad import FRAME_S, confirm_with_silero, speech_activity
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


def same_content(samples: Samples) -> bool:
    return separate(samples).copy is not None


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


def constant(kind: str, length: int) -> Samples:
    """What a line adds to both channels alike."""
    time = np.arange(length) / SAMPLE_RATE
    sounds = {
        "offset": np.full(length, 0.3),
        "hum": 0.2 * np.sin(2 * np.pi * 50 * time),
        "buzz": 0.1 * np.sign(np.sin(2 * np.pi * 60 * time)),
        "tone": 0.2 * np.sin(2 * np.pi * 1000 * time),
        "noise": np.random.default_rng(0).normal(0, 0.01, length),
    }
    return sounds[kind].astype(np.float32)


@pytest.mark.parametrize("kind", ["offset", "hum", "buzz", "tone", "noise"])
def test_what_is_constant_on_both_channels_does_not_make_two_sides_one(call: Samples, kind: str) -> None:
    assert not same_content(0.1 * call + constant(kind, call.shape[1]))


@pytest.mark.parametrize("kind", ["offset", "hum", "buzz", "tone"])
def test_what_is_constant_on_both_channels_does_not_hide_a_copy(call: Samples, kind: str) -> None:
    both = call.sum(axis=0)
    assert same_content(0.1 * np.stack([both, 0.5 * both]) + constant(kind, call.shape[1]))


@pytest.mark.parametrize("delay_s", [0.0, 0.12, 0.5])
def test_an_inverted_softer_late_copy_is_the_same_content(call: Samples, delay_s: float) -> None:
    both = call.sum(axis=0)
    assert same_content(np.stack([both, -0.3 * late(both, delay_s)]))


def test_a_noisy_copy_is_the_same_content(call: Samples) -> None:
    both = call.sum(axis=0)
    noise = np.random.default_rng(0).normal(0, 0.3 * both.std(), call.shape).astype(np.float32)
    assert same_content(np.stack([both, both]) + noise)


def test_a_copy_with_gaps_leaves_the_whole_channel(call: Samples) -> None:
    both = np.tile(call.sum(axis=0), 2)
    gaps = both.copy()
    gaps[2 * SAMPLE_RATE : 3 * SAMPLE_RATE + 8000] = 0
    assert (separate(np.stack([gaps, both])).copy, separate(np.stack([both, gaps])).copy) == (1, 0)


@pytest.mark.parametrize("delay_s", [0.0, 0.12, 0.6])
@pytest.mark.parametrize("leaks_db", [(-3, -3), (-6, -6), (-10, -10), (-20, -20), (-3, -10)])
def test_each_side_is_taken_off_the_other_channel(
    call: Samples, leaks_db: tuple[float, float], delay_s: float
) -> None:
    found = separate(mixed(call, leaks_db, delay_s))
    assert found.warnings == ()
    for side, alone in zip(found.samples, call, strict=True):
        assert np.square(side - alone).sum() < 0.01 * np.square(alone).sum()


def test_sidetone_on_one_channel_is_taken_off(call: Samples) -> None:
    found = separate(np.stack([call[0], call[0] + call[1]]))
    assert np.square(found.samples - call).sum() < 0.01 * np.square(call).sum()


def test_sidetone_is_taken_off_through_a_telephone_codec(tmp_path: Path, call: Samples) -> None:
    recorded = decode(write_audio(tmp_path / "call.wav", mixed(call, (-6, -6)), "pcm_mulaw", 8_000)).samples
    clean = decode(write_audio(tmp_path / "clean.wav", call, "pcm_mulaw", 8_000)).samples
    rest = separate(recorded).samples - clean
    assert np.square(rest).sum() < 0.01 * np.square(clean).sum()


def test_channels_without_leaks_stay_as_they_are(call: Samples) -> None:
    assert separate(call).samples is call


@pytest.mark.parametrize("gains", [(1.0, 1.0), (1.0, 0.4), (0.4, 1.0)])
@pytest.mark.parametrize("seconds", [10, 60])
def test_music_on_both_channels_is_not_taken_off_by_adding_the_other_side(
    call: Samples, gains: tuple[float, float], seconds: int
) -> None:
    music = 2 * np.outer(gains, melody(seconds)).astype(np.float32)
    found = separate(np.concatenate([music, call], axis=1))
    talk = found.samples[:, music.shape[1] + SAMPLE_RATE // 10 :]
    assert found.copy is None
    assert np.square(talk - call[:, SAMPLE_RATE // 10 :]).sum() < 0.01 * np.square(call).sum()


def test_double_talk_under_sidetone_stays_heard(call: Samples) -> None:
    at_once = np.stack([call[0], np.roll(call[1], -5 * SAMPLE_RATE)])
    found = separate(mixed(at_once, (-6, -6)))
    assert np.square(found.samples - at_once).sum() < 0.01 * np.square(at_once).sum()


def test_sidetone_that_stays_is_told(call: Samples) -> None:
    # played too slowly on the other channel, as a clock that runs apart does
    drift = np.interp(np.arange(call.shape[1]) * 1.0002, np.arange(call.shape[1]), call[0])
    found = separate(np.stack([call[0], call[1] + drift.astype(np.float32)]))
    assert found.warnings == ("each side is also heard on the other channel: words may be on both sides",)


def test_sidetone_gives_no_turns(find: Find, call: Samples, found: Conversation) -> None:
    assert abs(_seconds(find(mixed(call, (-6, -3)))) - _seconds(found)) < 0.05 * _seconds(found)


def mixed(call: Samples, leaks_db: tuple[float, float], delay_s: float = 0.0) -> Samples:
    """Two sides, each also on the other channel: the second on the first by the first level, and so on."""
    gains = np.float32(10) ** (np.array(leaks_db, np.float32)[:, None] / 20)
    return np.asarray(call + gains * late(call[::-1], delay_s), dtype=np.float32)


def late(samples: Samples, delay_s: float) -> Samples:
    length = samples.shape[-1]
    return np.concatenate([np.zeros_like(samples[..., : round(delay_s * SAMPLE_RATE)]), samples], -1)[
        ..., :length
    ]


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


@pytest.mark.parametrize("pause_s", [0.0, 0.7, 12.0])
def test_speech_is_confirmed_however_late_in_a_span_it_begins(call: Samples, pause_s: float) -> None:
    start, end = next((start, end) for channel, start, end in truth() if channel == 0)
    pause = np.zeros(int(pause_s * SAMPLE_RATE), np.float32)
    sound = np.concatenate([pause, call[0, int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]])
    whole = np.array([[0.0, len(sound) / SAMPLE_RATE]])
    np.testing.assert_array_equal(confirm_with_silero(sound, whole), whole)
    assert not len(confirm_with_silero(np.concatenate([pause, babble(2.0, 3)]), whole))


def _seconds(conversation: Conversation) -> float:
    return sum(turn.end_s - turn.start_s for turn in conversation.turns)


def test_windows_of_nothing_but_pauses_are_not_looked_at() -> None:
    looked_at: list[int] = []

    def network(windows: Samples) -> NDArray[np.float32]:
        looked_at.append(len(windows))
        return np.full((len(windows), 589, 7), 1 / 7, np.float32)

    samples = np.random.default_rng(1).normal(0, 0.1, 60 * SAMPLE_RATE).astype(np.float32)
    samples[20 * SAMPLE_RATE :] *= 10 ** (-60 / 20)  # line noise, far above digital silence
    activity = speech_activity(samples, network)
    assert sum(looked_at) == 3
    assert (
        activity.speech[: int(19.9 / FRAME_S)].min() > 0.8 > 0 == activity.speech[int(20.1 / FRAME_S) :].max()
    )
