"""Who is the agent, and why, in words for people."""

from collections.abc import Sequence

import pytest

from callmood.call import Segment, Speaker, Turn
from callmood.pipeline.speakers import roles as rules
from callmood.pipeline.speakers.roles import assign_roles
from callmood.settings import SpeakerSettings

AUTO = SpeakerSettings()


def stereo() -> tuple[Speaker, ...]:
    return Speaker(0, 0), Speaker(1, 1)


def mono(count: int) -> tuple[Speaker, ...]:
    return tuple(Speaker(index, 0) for index in range(count))


def guessed(
    speakers: Sequence[Speaker], settings: SpeakerSettings, *, is_stereo: bool
) -> tuple[Speaker, ...]:
    """Roles before transcription; the last speaker speaks first."""
    turns = [Turn(speakers[-1].index, 0.2, 1.0), Turn(0, 2.0, 3.0)]
    return rules.first_guess(speakers, turns, settings, stereo=is_stereo)


def said(*lines: tuple[int, str], every_s: float = 5.0, from_s: float = 0.5) -> list[Segment]:
    """Lines of speakers, one after the other."""
    starts = [from_s + number * every_s for number in range(len(lines))]
    return [
        Segment(speaker, 0, start, start + 3, text)
        for start, (speaker, text) in zip(starts, lines, strict=True)
    ]


def roles(speakers: Sequence[Speaker]) -> list[str]:
    return [one.role for one in speakers]


@pytest.mark.parametrize(
    "greeting",
    [
        "Thank you for calling Acme, how may I help you?",
        "Hi, this is Anna from Acme.",
        "Good morning. How can I assist you today?",
        "You've reached the billing desk.",
    ],
)
def test_a_greeting_marks_the_agent_though_the_other_side_spoke_first(greeting: str) -> None:
    found = assign_roles(stereo(), said((1, "Hello?"), (0, greeting)))
    assert roles(found) == ["agent", "customer"]


def test_the_reason_quotes_the_greeting() -> None:
    found = assign_roles(stereo(), said((0, "Thank you for calling Acme."), (1, "Hello, it broke.")))
    assert found[0].decided_by == "the left channel greets first: 'thank you for calling'"


def test_the_customers_reason_names_the_other_side() -> None:
    found = assign_roles(stereo(), said((0, "Thank you for calling Acme."), (1, "Hello, it broke.")))
    assert found[1].decided_by.startswith("the other side: the left channel greets first")


def test_without_typical_words_whoever_speaks_first_is_the_agent() -> None:
    found = assign_roles(stereo(), said((1, "Yes."), (0, "Right.")))
    assert roles(found) == ["customer", "agent"]


def test_speaking_first_is_named_as_the_reason() -> None:
    found = assign_roles(stereo(), said((1, "Yes."), (0, "Right.")))
    assert found[1].decided_by == "the right channel speaks first"


def test_a_customers_words_outweigh_speaking_first() -> None:
    found = assign_roles(stereo(), said((0, "Hi, I'm calling about my bill."), (1, "Sure.")))
    assert roles(found) == ["customer", "agent"]


def test_the_settings_choose_the_agents_channel() -> None:
    settings = SpeakerSettings(agent_channel="right")
    guess = guessed(stereo(), settings, is_stereo=True)
    found = assign_roles(guess, said((0, "Thank you for calling.")))
    assert roles(found) == ["customer", "agent"]


def test_the_settings_choose_the_role_of_a_lone_channel() -> None:
    settings = SpeakerSettings(agent_channel="right")
    assert roles(guessed([Speaker(0, 0)], settings, is_stereo=True)) == ["customer"]


def test_the_settings_do_not_apply_to_a_mono_call() -> None:
    settings = SpeakerSettings(agent_channel="right")
    guess = guessed(mono(2), settings, is_stereo=False)
    found = assign_roles(guess, said((0, "Thank you for calling."), (1, "Hello.")))
    assert roles(found) == ["agent", "customer"]


def test_without_words_the_first_guess_stays() -> None:
    guess = guessed(stereo(), AUTO, is_stereo=True)
    assert assign_roles(guess, []) == guess


def test_the_first_guess_says_that_no_words_are_known() -> None:
    guess = guessed(stereo(), AUTO, is_stereo=True)
    assert guess[1].decided_by == "the right channel speaks first; no words were recognised"


def test_a_lone_speaker_is_unknown() -> None:
    assert roles(assign_roles(mono(1), said((0, "I waited for an hour.")))) == ["unknown"]


def test_a_lone_speaker_who_greets_is_the_agent() -> None:
    assert roles(assign_roles(mono(1), said((0, "Thank you for calling Acme.")))) == ["agent"]


def test_a_transferred_call_has_two_agents() -> None:
    lines = said(
        (0, "Thank you for calling Acme."),
        (1, "My phone is broken."),
        (2, "Hi, this is Maria from repairs."),
        (1, "Hello Maria."),
    )
    assert roles(assign_roles(mono(3), lines)) == ["agent", "customer", "agent"]


def test_the_customer_is_not_guessed_among_several_others() -> None:
    lines = said((0, "Thank you for calling Acme."), (1, "Hello there."), (2, "Hello too."))
    assert roles(assign_roles(mono(3), lines)) == ["agent", "unknown", "unknown"]
