"""What is no conversation: music, tones and announcements before the first human turn."""

from collections.abc import Sequence

import numpy as np
import pytest
from sounds import Sound, melody, pink_noise, ringing

from callmood.call import Hold, HoldKind, Segment, Speaker, Speech
from callmood.pipeline.speakers.announcements import without_announcements
from callmood.pipeline.speakers.hold import find_holds
from callmood.sound import SAMPLE_RATE

IVR, ANNA, CALLER = 0, 1, 2


def talk(seconds: float) -> Sound:
    """Something as loud as speech."""
    return pink_noise(seconds)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def holds(*parts: tuple[str, Sound]) -> list[tuple[HoldKind, int, int]]:
    """What is found in a mono call of parts, those called "talk" being speech; times in whole seconds."""
    speech = []
    at_s = 0.0
    for name, part in parts:
        end_s = at_s + part.size / SAMPLE_RATE
        if name == "talk":
            speech.append(Speech(0, at_s, end_s))
        at_s = end_s
    found = find_holds(np.concatenate([part for _, part in parts])[None], speech)
    return [(hold.kind, round(hold.start_s), round(hold.end_s)) for hold in found]


def test_music_and_ringing_are_found_in_silences() -> None:
    call = [("talk", talk(5)), ("", melody(10)), ("talk", talk(5)), ("", silence(4))]
    assert holds(*call) == [("music", 5, 15)]
    assert holds(("", ringing(9)), ("talk", talk(5))) == [("tone", 0, 7)]


def test_music_is_found_on_either_channel_of_a_call() -> None:
    samples = np.stack([np.concatenate([talk(5), melody(8), talk(5)]), silence(18)])
    for channels in (samples, samples[::-1]):
        (hold,) = find_holds(channels, [Speech(0, 0, 5), Speech(0, 13, 18)])
        assert (hold.kind, round(hold.start_s), round(hold.end_s)) == ("music", 5, 13)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(silence(10), id="silence"),
        pytest.param(talk(10), id="noise as loud as speech"),
        pytest.param(0.02 * melody(10), id="music far away"),
        pytest.param(np.concatenate([silence(2), melody(1), silence(2)]), id="a jingle of a second"),
        pytest.param(np.concatenate([silence(2), ringing(0.4), silence(2)]), id="a beep"),
    ],
)
def test_what_may_be_anything_else_is_no_hold(part: Sound) -> None:
    assert holds(("talk", talk(5)), ("", part), ("talk", talk(5))) == []


def test_music_behind_somebody_who_speaks_is_no_hold() -> None:
    assert holds(("talk", talk(5) + melody(5)), ("talk", melody(10))) == []


def test_a_call_without_sound_has_no_holds() -> None:
    assert find_holds(np.zeros((2, 0), np.float32), []) == ()
    assert find_holds(np.zeros((1, 100), np.float32), []) == ()


Line = tuple[int, float, str]


def announced(lines: Sequence[Line], *sounds: Hold, speakers: int = 3) -> list[str]:
    """What is taken for an announcement on a call of (speaker, start, text) lines of 3 s each."""
    segments = [Segment(who, 0, start, start + 3, text) for who, start, text in lines]
    speech = [Speech(one.speaker, one.start_s, one.end_s) for one in segments]
    people = without_announcements([Speaker(index, 0) for index in range(speakers)], segments, speech, sounds)
    texts = [hold.text or "" for hold in people.announcements]
    assert texts + [one.text for one in people.segments] == [text for _, _, text in lines]
    assert {one.speaker for one in people.speech} == {one.speaker for one in people.segments}
    return texts


MENU = "For billing, press 1. For support, press 2."
QUEUE = "All our agents are busy. Your call is important to us."
GREETING = "Good morning, this is Anna speaking. How can I help you?"
CONVERSATION: list[Line] = [
    (ANNA, 30, GREETING),
    (CALLER, 34, "You have charged me twice."),
    (ANNA, 38, "Sorry."),
]
MUSIC = Hold("music", 18, 29)


def test_a_machine_before_the_music_is_set_apart_with_its_voice() -> None:
    lines = [(IVR, 9, MENU), (IVR, 14, "mumbled beyond recognition"), *CONVERSATION]
    assert announced(lines, MUSIC) == [MENU, "mumbled beyond recognition"]


def test_a_machine_that_was_taken_for_the_agents_voice_is_set_apart_too() -> None:
    lines: list[Line] = [(ANNA, 9, "This call may be recorded."), *CONVERSATION]
    assert announced(lines, MUSIC) == ["This call may be recorded."]


def test_a_machine_whose_voice_never_returns_needs_no_music() -> None:
    assert announced([(IVR, 9, MENU), *CONVERSATION]) == [MENU]


def test_a_menu_and_a_queue_are_a_machine_even_on_the_agents_channel() -> None:
    assert announced([(ANNA, 9, MENU), (ANNA, 13, QUEUE), *CONVERSATION]) == [MENU, QUEUE]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(CONVERSATION, id="no machine"),
        pytest.param(
            [(ANNA, 9, "This call may be recorded."), *CONVERSATION], id="the agent says so herself"
        ),
        pytest.param(
            [(ANNA, 9, "Please press 1 on your phone."), *CONVERSATION], id="one phrase, nothing after"
        ),
        pytest.param(
            [(IVR, 9, "Good morning."), *CONVERSATION], id="a third voice without a machine's words"
        ),
        pytest.param(
            [*CONVERSATION, (IVR, 50, MENU), (CALLER, 55, "One.")],
            id="a machine within the conversation",
        ),
    ],
)
def test_people_are_not_taken_for_machines(lines: list[Line]) -> None:
    assert announced(lines) == []


def test_an_agent_who_says_that_calls_are_recorded_and_then_puts_on_hold_is_no_machine() -> None:
    lines: list[Line] = [
        (ANNA, 1, "This call may be recorded."),
        (CALLER, 5, "All right."),
        (ANNA, 9, "One moment."),
    ]
    assert announced([*lines, *CONVERSATION], MUSIC) == []
    assert announced([(ANNA, 1, "This call may be recorded."), (ANNA, 40, "Hello?")], MUSIC) == []


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            [(ANNA, 1, "Press 1 on your phone."), (ANNA, 19, "Now your PIN, followed by the pound key.")],
            id="one side of a call",
        ),
        pytest.param(
            [
                (ANNA, 1, "Can you hear me?"),
                (ANNA, 90, "Press 1 on your phone."),
                (ANNA, 99, "Now your PIN, followed by the pound key."),
                (CALLER, 150, "Done."),
            ],
            id="the caller is heard late",
        ),
        pytest.param(
            [(ANNA, 1, "My name is Anna, this call is recorded."), (CALLER, 35, "All right.")],
            id="she gives her name and puts the caller on hold",
        ),
        pytest.param(
            [
                (ANNA, 1, "This is Anna from Acme. Press 1, then 5, followed by the hash."),
                (CALLER, 35, "Yes."),
            ],
            id="she gives her name and explains a menu",
        ),
    ],
)
def test_an_agent_who_says_what_machines_say_is_no_machine(lines: list[Line]) -> None:
    assert announced(lines, MUSIC) == []


def test_a_person_who_answers_and_puts_on_hold_ends_the_announcement() -> None:
    answer = "Hello, this is Anna, let me put you on hold."
    lines: list[Line] = [(ANNA, 9, MENU), (ANNA, 13, QUEUE), (ANNA, 17, answer), (CALLER, 34, "Hello?")]
    assert announced(lines, Hold("music", 21, 33)) == [MENU, QUEUE]
