"""What text encoders are trained on: MELD as published, service talk from templates, and the mix of a stage."""

import random
from pathlib import Path

import pytest

from callmood.errors import CallmoodError, UsageError
from callmood.training.corpora.goemotions import EKMAN_LABELS, Comment
from callmood.training.corpora.meld import Utterance, read_utterances
from callmood.training.corpora.service_talk import NOTHING, expanded, read_service_talk
from callmood.training.text import recipe as text_recipe
from callmood.training.text.mixture import joined, misheard, mixture, passes, random_batches, roughened
from callmood.training.text.recipe import Stage
from callmood.training.text.texts import SERVICE_TALK, Texts, read_texts, text_folders

RECIPE = text_recipe.load()
HEAD = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"


def said(text: str, *labels: str) -> Comment:
    return Comment(text, frozenset(labels), spoken=True)


def write_meld(folder: Path, rows: str, part: str = "train", head: str = HEAD) -> Path:
    path = folder / f"{part}_sent_emo.csv"
    path.write_text(head + rows, encoding="utf-8", newline="")
    return path


def write_goemotions(folder: Path) -> None:
    for part in ("train", "dev"):
        (folder / f"{part}.tsv").write_text(f"a comment of {part}\t2\tx\n", encoding="utf-8")


def test_utterances_keep_their_emotion_and_dialogue(tmp_path: Path) -> None:
    write_meld(
        tmp_path, '1,"No, I won\u2019t!",Ross,anger,negative,12,0\r\n2,Hi.,Joey,neutral,neutral,13,0\r\n'
    )
    assert list(read_utterances(tmp_path, "train")) == [
        Utterance("No, I won't!", "anger", 12),
        Utterance("Hi.", "neutral", 13),
    ]


def test_signs_of_windows_in_meld_as_published_are_read(tmp_path: Path) -> None:
    write_meld(tmp_path, "1,It\x92s late \x97 very.,Ross,neutral,neutral,0,0\n")
    (found,) = read_utterances(tmp_path, "train")
    assert found.text == "It's late - very."


@pytest.mark.parametrize(
    "row", ["1,Hi.,Ross,bored,neutral,0,0", "1,Hi.,Ross,joy,positive,x,0", "1,Hi.", "1,Hi.,Ross,joy,positive"]
)
def test_an_odd_utterance_is_named(tmp_path: Path, row: str) -> None:
    write_meld(tmp_path, f"1,Hi.,Ross,joy,positive,0,0\n{row}\n")
    with pytest.raises(CallmoodError, match=r"train_sent_emo\.csv, line 3, is not an utterance"):
        list(read_utterances(tmp_path, "train"))


def test_a_folder_that_is_not_meld_is_named(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=r"dev_sent_emo\.csv is missing"):
        list(read_utterances(tmp_path, "dev"))
    write_meld(tmp_path, "", "dev", head="Text,Emotion\n")
    with pytest.raises(CallmoodError, match="has no column Utterance"):
        list(read_utterances(tmp_path, "dev"))
    (tmp_path / "test_sent_emo.csv").write_bytes(HEAD.encode() + b"\xff\n")
    with pytest.raises(CallmoodError, match=r"test_sent_emo\.csv can't be read"):
        list(read_utterances(tmp_path, "test"))


def test_templates_have_every_alternative_and_filler() -> None:
    fillers = {"name": ["tom", "ann"]}
    assert set(expanded("{hi|hello}{| there}, {name}", fillers, variants=20)) == {
        f"{word}{there}, {name}"
        for word in ("hi", "hello")
        for there in ("", " there")
        for name in ("tom", "ann")
    }


def test_alternatives_hold_fillers_and_alternatives() -> None:
    found = expanded("it {works|is {money|so {good|bad}}}", {}, variants=20)
    assert set(found) == {"it works", "it is money", "it is so good", "it is so bad"}


def test_an_empty_alternative_leaves_no_gap() -> None:
    assert expanded("{|so} sorry {|very}, {|sir}", {}, variants=1, start=0)[0] == "sorry"


def test_few_variants_of_many_differ_in_every_place() -> None:
    found = expanded("{a|b|c|d} {e|f|g|h}", {}, variants=4)
    assert len({text[0] for text in found}) >= 3 and len({text[-1] for text in found}) >= 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            'variants = {joy = 2}\n[[talk]]\nkind = "x"\ngroup = "calm"\nlines = []',
            "is not service talk: talk.0.group",
        ),
        (
            'variants = {joy = 2}\n[[talk]]\nkind = "x"\ngroup = "joy"\nlines = ["{place}"]',
            "has no filler or .* for place",
        ),
        (
            'variants = {joy = 2}\n[[talk]]\nkind = "x"\ngroup = "joy"\nlines = ["{a|b"]',
            "brace that is not closed",
        ),
        ("variants = ", "is not a TOML file"),
    ],
)
def test_a_wrong_file_of_service_talk_is_named(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "talk.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CallmoodError, match=sentence):
        read_service_talk(path)
    with pytest.raises(CallmoodError, match=r"none\.toml is missing"):
        read_service_talk(tmp_path / "none.toml")


def test_service_talk_is_large_and_mostly_neutral() -> None:
    lines = read_service_talk(SERVICE_TALK)
    groups = {group: set() for group in (*EKMAN_LABELS, NOTHING)}  # type: dict[str, set[str]]
    for line in lines:
        groups[line.group].update(line.sentences)
    assert sum(map(len, groups.values())) > 1500
    others = [len(sentences) for group, sentences in groups.items() if group != "neutral"]
    assert len(groups["neutral"]) > 2 * max(others) and min(others) > 50


def test_no_sentence_of_service_talk_has_two_groups() -> None:
    groups: dict[str, set[str]] = {}
    for line in read_service_talk(SERVICE_TALK):
        for sentence in line.sentences:
            groups.setdefault(sentence, set()).add(line.group)
    assert [sentence for sentence, found in groups.items() if len(found) > 1] == []


def test_training_and_dev_share_no_template_and_no_dialogue(tmp_path: Path) -> None:
    write_goemotions(tmp_path)
    write_meld(tmp_path, "".join(f"1,said in {at},Ross,joy,positive,{at},0\n" for at in range(20)))
    train, dev = read_texts({"goemotions": tmp_path, "meld": tmp_path})
    assert [comment.text for comment in (*train.comments, *dev.comments)] == [
        "a comment of train",
        "a comment of dev",
    ]
    assert len(train.conversation) == 18 and len(dev.conversation) == 2
    assert dev.service_talk and not set(train.service_talk) & set(dev.service_talk)


def test_texts_without_meld_have_no_conversation(tmp_path: Path) -> None:
    write_goemotions(tmp_path)
    assert read_texts({"goemotions": tmp_path})[0].conversation == ()


def test_wrong_corpora_of_texts_are_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no corpus of texts mled \(did you mean meld\?\)"):
        text_folders([("mled", tmp_path)])
    with pytest.raises(UsageError, match="given twice"):
        text_folders([("meld", tmp_path), ("meld", tmp_path)])
    with pytest.raises(UsageError, match="give --text goemotions=FOLDER, too"):
        read_texts({"meld": tmp_path})


def test_a_stage_reads_so_many_passes_of_each_kind() -> None:
    texts = Texts(
        (Comment("web", frozenset({"joy"})),) * 10, (said("film", "joy"),) * 4, (said("call", "joy"),) * 2
    )
    stage = Stage(comments=1.5, conversation=0.5, service_talk=2, first_rate=1, last_rate=0)
    found = mixture(
        texts, stage, RECIPE.model_copy(update={"joined_share": 0.0, "misheard_share": 0.0}), random.Random(1)
    )
    assert [sum(comment.text == text for comment in found) for text in ("web", "film", "call")] == [15, 2, 4]


def test_a_fraction_of_a_pass_has_nothing_twice() -> None:
    comments = [said(str(at)) for at in range(10)]
    assert len(set(passes(comments, 0.5, random.Random(1)))) == 5


def test_a_sentence_is_joined_with_what_does_not_change_its_mood() -> None:
    talk = [said("fine", "neutral"), said("okay"), said("never", "anger")]
    rng = random.Random(1)
    found = {joined(said("again", "anger"), talk, 1.0, rng).text for _ in range(200)}
    assert all("never" not in text for text in found)
    assert {"fine. again", "again okay"} <= found
    assert joined(said("okay"), talk, 1.0, rng) == said("okay")


def test_a_word_of_feeling_in_a_neutral_sentence_is_a_recognition_error() -> None:
    recipe = RECIPE.model_copy(update={"misheard_share": 1.0, "misheard": ("scared",)})
    rng = random.Random(1)
    sentence = said("i'm calling from the energy desk", "neutral")
    found = {misheard(sentence, recipe, rng).text for _ in range(100)}
    assert found == {
        "i'm calling scared the energy desk",
        "i'm calling from the scared desk",
        "i'm calling from the energy scared",
    }
    for other in (said("i'm calling from the energy desk", "anger"), said("energy desk", "neutral")):
        assert misheard(other, recipe, rng) == other


def test_only_what_is_said_is_hesitated_over() -> None:
    recipe = RECIPE.model_copy(
        update={"disfluent_share": 1.0, "bare_share": 0.0, "name_share": 0.0, "hesitations": ("erm",)}
    )
    rng = random.Random(1)
    assert roughened(Comment("one two", frozenset()), recipe, rng) == "one two"
    found = {roughened(said("one two three four five"), recipe, rng) for _ in range(100)}
    assert {"erm one two three four five", "one one two three four five", "two three four five"} <= found


def test_roughening_leaves_words_and_apostrophes() -> None:
    bare = RECIPE.model_copy(update={"bare_share": 1.0, "name_share": 1.0, "names": ("anna",)})
    rough = roughened(Comment("I can't, [NAME]! \N{GRINNING FACE}", frozenset()), bare, random.Random(1))
    assert rough.split() == ["I", "can't", "anna"]


def test_every_comment_is_in_one_batch() -> None:
    comments = [said("word " * (at % 7)) for at in range(30)]
    batches = random_batches(comments, 8, random.Random(1))
    assert sorted(found.text for batch in batches for found in batch) == sorted(
        found.text for found in comments
    )
    assert max(len(batch) for batch in batches) == 8
