"""Words that were heard for two speakers stand once: echoes on stereo calls, overlapping turns on one channel."""

from pathlib import Path

import numpy as np
import pytest

from callmood.call import Segment, Speech, Word
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.transcribe.said_once import said_once
from callmood.pipeline.transcribe.transcriber import Transcript
from callmood.sound import SAMPLE_RATE, Samples

ANNA = Path(__file__).parent / "data" / "calls" / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
AGENT_SAYS = "Good morning thank you for calling. This is Anna speaking. How can I help you?"
CUSTOMER_SAYS = "This is outrageous! You have charged me twice, and nobody answers the phone."


@pytest.fixture(scope="module")
def sides() -> Samples:
    """[2, n]: the agent says ``AGENT_SAYS`` from 0.4 to 4.78, the customer ``CUSTOMER_SAYS`` from 4.98 to 9.23."""
    return decode(ANNA).samples[:, : 10 * SAMPLE_RATE]


def segment(speaker: int, channel: int, start_s: float, end_s: float, text: str) -> Segment:
    """A segment whose words are as long as each other."""
    edges = np.linspace(start_s, end_s, len(text.split()) + 1)
    words = tuple(
        Word(word, float(start), float(end), 0.9)
        for word, start, end in zip(text.split(), edges[:-1], edges[1:], strict=True)
    )
    return Segment(speaker, channel, start_s, end_s, text, words)


def transcript(*segments: Segment) -> Transcript:
    speech = tuple(Speech(one.speaker, one.start_s, one.end_s) for one in segments)
    return Transcript(tuple(sorted(segments, key=lambda one: one.start_s)), {}, speech)


def leaked(sides: Samples, source: int, level_db: float, delay_s: float) -> Samples:
    """The call with one side on the other channel too, dull, distorted and noisy, so that no filter takes it off."""
    draw = np.random.default_rng(0)
    late = np.roll(sides[source], round(delay_s * SAMPLE_RATE))
    dull = np.convolve(late, np.hanning(9) / 4, "same")
    leak = np.tanh(4 * dull) / 4 * 10 ** (level_db / 20)
    out = sides.copy()
    out[1 - source] += (leak + draw.normal(0, 3e-4, leak.size)).astype(np.float32)
    return out


def said(found: Transcript, speaker: int) -> str:
    return " ".join(one.text for one in found.segments if one.speaker == speaker)


@pytest.mark.parametrize("source", [0, 1])
@pytest.mark.parametrize("delay_s", [0.0, 0.2])
@pytest.mark.parametrize("level_db", [-6, -20])
def test_an_echo_stays_with_the_louder_side(
    sides: Samples, level_db: float, delay_s: float, source: int
) -> None:
    start_s, end_s, text = ((0.4, 4.78, AGENT_SAYS), (4.98, 9.23, CUSTOMER_SAYS))[source]
    echo = segment(1 - source, 1 - source, start_s + delay_s, end_s + delay_s, text)
    found = said_once(
        transcript(segment(source, source, start_s, end_s, text), echo),
        leaked(sides, source, level_db, delay_s),
    )
    assert (said(found, source), said(found, 1 - source)) == (text, "")
    assert {one.speaker for one in found.speech} == {source}


def test_an_echo_that_is_misheard_in_part_goes_whole(sides: Samples) -> None:
    echo = segment(
        1, 1, 0.6, 4.98, "Morning thank you for falling. This is hand a speaking. How can I help two"
    )
    found = said_once(transcript(segment(0, 0, 0.4, 4.78, AGENT_SAYS), echo), leaked(sides, 0, -10, 0.2))
    assert said(found, 1) == ""


def test_an_echo_goes_whatever_words_were_made_of_it(sides: Samples) -> None:
    echo = segment(1, 1, 0.6, 4.9, "We've been doing it. I don't know. We've been doing it.")
    found = said_once(transcript(segment(0, 0, 0.4, 4.78, AGENT_SAYS), echo), leaked(sides, 0, -10, 0.2))
    assert said(found, 1) == ""


def test_who_speaks_softly_at_the_same_time_is_no_echo(sides: Samples) -> None:
    at_once = np.stack([sides[0], 0.2 * np.roll(sides[1], -round(4.5 * SAMPLE_RATE))])
    spoken = transcript(segment(0, 0, 0.4, 4.7, AGENT_SAYS), segment(1, 1, 0.5, 4.7, CUSTOMER_SAYS))
    assert said_once(spoken, at_once) == spoken


def test_part_of_an_utterance_is_an_echo_too(sides: Samples) -> None:
    echo = segment(1, 1, 2.9, 4.98, "This is Anna speaking. How can I")
    found = said_once(transcript(segment(0, 0, 0.4, 4.78, AGENT_SAYS), echo), leaked(sides, 0, -10, 0.2))
    assert said(found, 1) == ""


def test_own_words_after_an_echo_stay(sides: Samples) -> None:
    words = segment(1, 1, 0.6, 4.9, AGENT_SAYS).words + segment(1, 1, 4.98, 9.23, CUSTOMER_SAYS).words
    both = Segment(1, 1, 0.6, 9.23, f"{AGENT_SAYS} {CUSTOMER_SAYS}", words)
    found = said_once(transcript(segment(0, 0, 0.4, 4.78, AGENT_SAYS), both), leaked(sides, 0, -10, 0.1))
    assert (said(found, 0), said(found, 1)) == (AGENT_SAYS, CUSTOMER_SAYS)
    assert [(one.start_s, one.end_s) for one in found.speech if one.speaker == 1] == [(4.98, 9.23)]


def test_two_people_who_say_the_same_at_once_both_say_it(sides: Samples) -> None:
    at_once = np.stack([sides[0], np.roll(sides[1], -round(4.5 * SAMPLE_RATE))])
    text = "Thank you very much. Have a nice day. Goodbye."
    spoken = transcript(segment(0, 0, 0.4, 4.7, text), segment(1, 1, 0.5, 4.7, text))
    assert said_once(spoken, at_once) == spoken


def test_words_at_another_time_are_no_echo(sides: Samples) -> None:
    spoken = transcript(segment(0, 0, 0.4, 4.78, AGENT_SAYS), segment(1, 1, 5.6, 9.2, AGENT_SAYS))
    assert said_once(spoken, leaked(sides, 0, -10, 0.1)) == spoken


def test_a_word_on_which_one_turn_ends_and_the_next_begins_stays_with_its_sentence() -> None:
    first = segment(0, 0, 0.0, 3.0, "I was charged for this twice.")
    second = segment(1, 0, 2.5, 5.0, "twice. Okay let me look")
    found = said_once(transcript(first, second), np.zeros((1, 6 * SAMPLE_RATE), np.float32))
    assert (said(found, 0), said(found, 1)) == (first.text, "Okay let me look")


def test_the_first_word_of_an_interruption_stays_with_who_interrupts() -> None:
    first = segment(0, 0, 0.0, 3.0, "It comes on Monday. No")
    second = segment(1, 0, 2.5, 5.0, "No that is too late")
    found = said_once(transcript(first, second), np.zeros((1, 6 * SAMPLE_RATE), np.float32))
    assert (said(found, 0), said(found, 1)) == ("It comes on Monday.", second.text)


def test_a_turn_inside_another_that_repeats_it_has_no_words() -> None:
    outer = segment(0, 0, 0.0, 4.0, "Oh that's fun thank you so much")
    inner = segment(1, 0, 0.1, 1.6, "Oh that's wonderful")
    found = said_once(transcript(outer, inner), np.zeros((1, 6 * SAMPLE_RATE), np.float32))
    assert (said(found, 0), said(found, 1)) == (outer.text, "")
    assert found.dropped == {"overlap": 1}
    assert [one.dropped for one in found.speech] == [None, "overlap"]


def test_a_turn_inside_another_with_words_of_its_own_keeps_them() -> None:
    outer = segment(0, 0, 0.0, 4.0, "Oh that's fun thank you so much")
    spoken = transcript(outer, segment(1, 0, 1.0, 1.6, "You're welcome"))
    assert said_once(spoken, np.zeros((1, 6 * SAMPLE_RATE), np.float32)) == spoken
