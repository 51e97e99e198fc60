"""Phrases of categories are found in the divided words of texts as they are found in the texts themselves."""

import random

import pytest

from callmood.search.categories import included, read_categories
from callmood.search.phrases import phrase_pattern, phrase_patterns, words_of
from callmood.store import Connection, rows

WORDS = (
    *("go", "good", "goodbye", "thank", "you", "a", "ab", "x1", "24", "re-do", "foo_bar", "_"),
    *("it's", "'cause", "dogs'", "don't", "o’clock", "''", "'"),
    *(
        "café",
        "e\u0301te",
        "naïve",
        "ß",
        "İ",
        "ſ",
        "ﬁ",
        "привет",
        "हिन्दी",
        "१२",
        "日本",
        "語",
        "½",
        "٣",
        "🙂",
    ),
)
GAPS = (
    " ",
    " ",
    " ",
    " ",
    ", ",
    ".",
    "-",
    " - ",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "...",
    "\u00a0",
    "—",
    "_",
    "'",
    " '",
    "\0",
)


def found(con: Connection, phrases: list[str], texts: list[str]) -> list[bool]:
    """Whether each text holds one of the phrases, as categories look for them."""
    in_words, in_text = phrase_patterns(phrases)
    said = rows(
        con,
        """
        SELECT coalesce(regexp_matches(spaced_words(plain), $in_words), false)
            OR coalesce(regexp_matches(plain, $in_text), false)
        FROM (SELECT plain_text(unnest($texts::VARCHAR[])) AS plain)
        """,
        {"texts": texts, "in_words": in_words, "in_text": in_text},
    )
    return [one for (one,) in said]


@pytest.mark.parametrize(
    ("phrase", "holding", "lacking"),
    [
        ("thank *", ["Thank you.", "thank, you", "Thank...", "Thank you", "thank"], ["bank you.", "thanks"]),
        ("thank * now", ["thank now", "thank you all very much now"], ["thank a b c d e now", "thanks now"]),
        ("* now", ["now", "and now!"], ["know"]),
        ("switch* to", ["Switch to", "switching\nto"], ["switched over to", "switch toes"]),
        ("*phone", ["my telephone", "phone"], ["phones"]),
        ("a ** b", ["a, b", "a x b"], ["a b", "a x y b"]),
        ("don't", ["DON’T!", "I don't"], ["don t", "dont", "'don't"]),
        ("'cause", ["'cause I"], ["cause I"]),
        ("re-do", ["re do", "Re-do", "re... do"], ["redo"]),
        ("foo_bar", ["foo_bar"], ["foo bar", "foobar"]),
        ("24/7", ["24 7", "24/7"], ["247", "124/7"]),
        ("cafe", ["Café?", "cafe\u0301"], ["cafés"]),
        ("привет", ["Привет, мир"], ["приветы"]),
        ("日本", ["日本、語", "日本"], ["日本語"]),
        ("go\non", ["go on", "go\n\non"], ["goon"]),
    ],
)
def test_odd_phrases_are_found_where_they_stand(
    db: Connection, phrase: str, holding: list[str], lacking: list[str]
) -> None:
    assert found(db, [phrase], [*holding, *lacking]) == [True] * len(holding) + [False] * len(lacking)


def test_phrases_are_found_in_words_as_in_whole_texts(db: Connection) -> None:
    draw = random.Random(1)
    texts = [drawn_text(draw) for _ in range(500)]
    hits = 0
    for _ in range(60):
        phrases = [drawn_phrase(draw) for _ in range(draw.randrange(1, 4))]
        whole = rows(
            db,
            "SELECT regexp_matches(plain_text(unnest($texts::VARCHAR[])), $pattern)",
            {"texts": texts, "pattern": phrase_pattern(phrases)},
        )
        assert found(db, phrases, texts) == [one for (one,) in whole], phrases
        hits += sum(one for (one,) in whole)
    assert hits > 500


def drawn_text(draw: random.Random) -> str:
    said = "".join(draw.choice(WORDS) + draw.choice(GAPS) for _ in range(draw.randrange(8)))
    return draw.choice((said, said.rstrip(), said.upper(), draw.choice(GAPS) + said))


def drawn_phrase(draw: random.Random) -> str:
    while True:
        phrase = draw.choice(GAPS).join(drawn_word(draw) for _ in range(draw.randrange(1, 5)))
        if any(map(str.isalnum, "".join(words_of(phrase)))):
            return phrase


def drawn_word(draw: random.Random) -> str:
    word = draw.choice(WORDS)
    cut = draw.randrange(len(word) + 1)
    return draw.choice(
        (word, word, word, word, "*", f"{word[:cut]}*", f"*{word[cut:]}", f"{word[:cut]}*{word[-1:]}")
    )


def test_the_included_phrases_need_no_class_of_all_letters() -> None:
    for name, category in read_categories(included(), "callmood").items():
        assert not any("\\p" in pattern for pattern in category.sought if pattern), name


def is_in_text(con: Connection, phrase: str, text: str) -> bool:
    """Whether a text holds a phrase, as ``callmood find --exact`` looks for it."""
    matches = "SELECT regexp_matches(plain_text($text), $pattern)"
    ((one,),) = rows(con, matches, {"text": text, "pattern": phrase_pattern([phrase])})
    return bool(one)


@pytest.mark.parametrize("phrase", ["thank *", "* thank", "* * thank *"])
@pytest.mark.parametrize("text", ["Thank you", "thank", "I thank you so much for all of it"])
def test_a_lone_star_at_an_end_of_a_phrase_stands_for_no_word_too(
    db: Connection, phrase: str, text: str
) -> None:
    assert found(db, [phrase], [text, "thanks"]) == [True, False]
    assert is_in_text(db, phrase, text)


@pytest.mark.parametrize("phrase", ["वाक्", "हिन्दी", "दिल्ली से", "สวัสดี", "한국", "été", "שָׁלוֹם"])
def test_a_phrase_finds_itself_in_any_script(db: Connection, phrase: str) -> None:
    assert found(db, [phrase], [phrase, f"a {phrase}, b", f"a{phrase}"]) == [True, True, False]
    assert is_in_text(db, phrase, phrase)
