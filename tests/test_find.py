"""`callmood find`: segments by meaning and by words."""

import json
from pathlib import Path

import numpy as np
import pytest
from factory import AGENT, CUSTOMER, Line, feeling, make_call, on
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.errors import CallmoodError, UsageError
from callmood.model import encode
from callmood.model.networks.minilm import WIDTH, sentence_encoder
from callmood.search.vectors import as_bytes, fill_in, likeness
from callmood.store import Connection, open_db, rows, start_scan, write_call, write_calls

BILLED: Line = (CUSTOMER, 2.0, 4.0, "You took the money from my account two times.", feeling("angry"))


@pytest.fixture
def scanned(db: Connection, db_path: Path) -> Path:
    """Two calls of two agents."""
    scan = start_scan(db, {}, {}, {})
    first: tuple[Line, ...] = (
        (AGENT, 0.0, 2.0, "Good morning, how can I help you?"),
        BILLED,
        (AGENT, 4.0, 6.0, "I will pay it back to you today."),
    )
    second: tuple[Line, ...] = (
        (AGENT, 0.0, 2.0, ""),
        (CUSTOMER, 2.0, 4.0, "My café's parcel hasn't arrived."),
        (AGENT, 4.0, 6.0, "Then I'll cancel the order."),
    )
    calls = [
        make_call(first, "first.wav", agent="anna", started_at=on("2026-11-20")),
        make_call(second, "second.wav", agent="ben", started_at=on("2026-11-22")),
    ]
    write_calls(db, scan, None, calls)
    db.close()
    return db_path


def texts(*arguments: object, **options: object) -> list[str]:
    return [hit.text for hit in callmood.find(*arguments, **options).hits]  # type: ignore[arg-type]


def test_the_sentence_encoder_gives_the_vectors_of_the_published_model() -> None:
    import torch

    sentences = [
        "I want to cancel.",
        "The parcel that you sent me last week has still not arrived, where is it?",
    ]
    model, tokenizer = encode.load_text_encoder("minilm")
    batch = tokenizer(sentences, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    means = (hidden * mask).sum(1) / mask.sum(1)
    expected = (means / means.norm(dim=1, keepdim=True)).numpy()
    assert np.allclose(sentence_encoder()(sentences), expected, atol=1e-5)


def test_a_text_has_the_same_vector_in_any_batch() -> None:
    long = "and then the parcel came to the wrong door " * 9
    alone = sentence_encoder()(["Hello there."])
    assert np.allclose(sentence_encoder()([long, "Hello there.", " "])[1], alone[0], atol=1e-5)


def test_stored_vectors_keep_their_directions() -> None:
    vectors = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    stored = [as_bytes(vectors[:2]).tobytes(), b"", as_bytes(vectors[2:]).tobytes()]
    assert np.allclose(likeness(stored, vectors), vectors @ vectors.T, atol=0.01)


def test_the_nearest_meaning_comes_first(scanned: Path) -> None:
    found = callmood.find("the customer was billed twice", db=scanned)
    assert (found.hits[0].text, found.hits[0].call, found.hits[0].start_s) == (BILLED[3], "first.wav", 2.0)
    scores = [hit.score for hit in found.hits if hit.score is not None]
    assert scores == sorted(scores, reverse=True)


def test_a_segment_without_words_is_not_found(scanned: Path) -> None:
    assert "" not in texts("silence", db=scanned)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"role": "agent", "limit": 1}, ["I will pay it back to you today."]),
        ({"emotion": "angry"}, [BILLED[3]]),
        ({"agent": "BEN ", "role": "customer"}, ["My café's parcel hasn't arrived."]),
        ({"since": "2026-11-21", "role": "customer"}, ["My café's parcel hasn't arrived."]),
        ({"agent": "ben", "emotion": "angry"}, []),
    ],
)
def test_filters_leave_out_what_they_say(
    scanned: Path, options: dict[str, object], expected: list[str]
) -> None:
    assert texts("the customer was billed twice", db=scanned, **options) == expected


def test_a_corrected_emotion_counts(scanned: Path) -> None:
    callmood.correct("first.wav", 2.0, "neutral", db=scanned)
    assert texts("billed twice", db=scanned, emotion="angry") == []


def test_calls_are_encoded_in_parts(scanned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmood.search.vectors._CALLS_AT_ONCE", 1)
    assert [fill_in(scanned), fill_in(scanned)] == [2, 0]


def test_calls_are_encoded_once_and_a_call_that_is_stored_again_anew(scanned: Path) -> None:
    assert [fill_in(scanned), fill_in(scanned)] == [2, 0]
    with open_db(scanned) as con:
        write_call(con, 1, None, make_call([(AGENT, 0.0, 1.0, "Something else.")], "first.wav"))
    assert fill_in(scanned) == 1
    assert texts("something else", db=scanned, limit=1) == ["Something else."]


def test_vectors_of_a_call_that_changed_meanwhile_are_not_stored(scanned: Path) -> None:
    from callmood.store.meanings import call_texts, write_vectors

    with open_db(scanned) as con:
        ids = [row[0] for row in rows(con, "SELECT id FROM recording WHERE agent = 'anna'")]
        read = call_texts(con, ids)
        write_call(con, 1, None, make_call([(AGENT, 0.0, 1.0, "New.")], "first.wav"))
        write_vectors(con, "minilm", [(call, b"") for call in read])
        assert rows(con, "SELECT * FROM segment_vectors") == []


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("parcel has", []),
        ("CAFE'S Parcel", ["My café's parcel hasn't arrived."]),
        ("cancel the order", ["Then I'll cancel the order."]),
        ("canc*", ["Then I'll cancel the order."]),
        ("pay * today", ["I will pay it back to you today."]),
        ("canc", []),
        ("order.*", ["Then I'll cancel the order."]),
    ],
)
def test_exact_words_are_found_whole_and_in_a_row(scanned: Path, phrase: str, expected: list[str]) -> None:
    assert texts(phrase, exact=True, db=scanned) == expected


def test_exact_counts_more_than_it_shows(scanned: Path) -> None:
    found = callmood.find("the", exact=True, limit=1, db=scanned)
    assert (len(found.hits), found.searched) == (1, 2)
    assert texts("the", exact=True, emotion="angry", db=scanned) == [BILLED[3]]


@pytest.mark.parametrize(
    ("text", "options", "error", "sentence"),
    [
        (" ?", {}, UsageError, "Give words"),
        ("*", {"exact": True}, UsageError, "Give words"),
        ("bill", {"emotion": "angyr"}, UsageError, "did you mean angry"),
        ("bill", {"agent": "ana"}, CallmoodError, "did you mean anna"),
        ("bill", {"role": "boss"}, UsageError, "no role boss"),
        ("bill", {"since": "soon"}, UsageError, "not a date"),
    ],
)
def test_a_wrong_question_is_explained(
    scanned: Path, text: str, options: dict[str, object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        texts(text, db=scanned, **options)


def test_a_database_without_calls_says_so(db: Connection, db_path: Path) -> None:
    db.close()
    with pytest.raises(CallmoodError, match="no calls yet"):
        callmood.find("bill", db=db_path)


def test_the_command_prints_call_time_speaker_words_and_score(scanned: Path) -> None:
    result = CliRunner().invoke(
        app, ["find", "billed twice", "--limit", "1", "--db", str(scanned)], catch_exceptions=False
    )
    for part in ("first.wav", "0:02", "customer", "anna", f"“{BILLED[3]}”", "1 of 5 segments"):
        assert part in result.output


def test_json_has_the_hits(scanned: Path) -> None:
    result = CliRunner().invoke(app, ["find", "billed twice", "--json", "--db", str(scanned)])
    hit = json.loads(result.stdout)["hits"][0]
    assert (hit["call"], hit["role"], hit["text"]) == ("first.wav", "customer", BILLED[3])
    assert hit["started_at"] == "2026-11-20T09:00:00"


def test_words_of_strangers_do_not_act_on_the_terminal(db: Connection, db_path: Path) -> None:
    write_call(db, start_scan(db, {}, {}, {}), None, make_call([(AGENT, 0.0, 1.0, "bill \x1b[2J")]))
    db.close()
    result = CliRunner().invoke(app, ["find", "bill", "--db", str(db_path)])
    assert "\x1b" not in result.output


@pytest.fixture
def read_only(scanned: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database that may only be read."""
    monkeypatch.setattr("callmood.search.vectors.may_write", lambda _: False)
    return scanned


def test_a_database_that_was_never_searched_and_may_not_be_written_says_what_to_do(read_only: Path) -> None:
    before = read_only.read_bytes()
    for question in (
        lambda: callmood.find("billed twice", db=read_only),
        lambda: callmood.topics(db=read_only),
        lambda: callmood.categorize(db=read_only),
    ):
        with pytest.raises(CallmoodError, match=r"not searchable by meaning yet.*may not write it"):
            question()
    assert texts("cancel the order", exact=True, db=read_only) == ["Then I'll cancel the order."]
    assert read_only.read_bytes() == before


def test_calls_that_can_not_be_made_searchable_are_told(
    scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_in(scanned)
    with open_db(scanned) as con:
        write_call(con, 1, None, make_call([(AGENT, 0.0, 1.0, "Something else.")], "first.wav"))
    monkeypatch.setattr("callmood.search.vectors.may_write", lambda _: False)
    assert callmood.find("parcel", db=scanned).unsearchable == 1
    assert callmood.topics(db=scanned).unsearchable == 1
    for command in (["find", "parcel"], ["topics"]):
        output = CliRunner().invoke(app, [*command, "--db", str(scanned)]).output
        assert "Not looked at: 1 call not searchable yet" in output
