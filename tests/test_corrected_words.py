"""Words that people corrected: they are searched and categorized, and taken back they are the recogniser's again."""

from pathlib import Path

import pytest
from changes import Scans
from factory import AGENT, CUSTOMER, Line, feeling, make_call
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.reports.extracts import Wanted, export
from callmood.reports.page.words import redact_call, secret_times
from callmood.search.categorize import categorize
from callmood.search.vectors import ENCODER, fill_in
from callmood.store import (
    AgentVoice,
    Connection,
    NewScores,
    open_db,
    rescore_call,
    rows,
    start_scan,
    write_call,
    write_comparisons,
)
from callmood.store.meanings import call_texts, write_vectors
from callmood.store.reviews import Review, write_review
from callmood.store.write import RECORDING_IDS

HEARD = "I want to council my contract."
SAID = "I want to cancel my contract."
NAMES = """
[leaving]
words = ["cancel"]
[angry]
emotions = ["angry"]
"""


@pytest.fixture
def scanned(db: Connection, db_path: Path, tmp_path: Path) -> Path:
    """A call with a misheard word, which is searchable and has its categories."""
    said: list[Line] = [(AGENT, 0.0, 2.0, "Good morning."), (CUSTOMER, 2.0, 4.0, HEARD, feeling("angry"))]
    write_call(db, start_scan(db, {}, {}, {}), "m1", make_call(said, agent="anna"))
    db.close()
    definitions = tmp_path / "categories.toml"
    definitions.write_text(NAMES)
    callmood.categorize(definitions, db=db_path)
    return db_path


def corrected(db: Path, review: Review) -> None:
    with open_db(db) as con:
        ((recording_id,),) = rows(con, "SELECT id FROM recording")
        write_review(con, recording_id, 1, "mia", "chosen", review)


def found(db: Path, words: str) -> list[str]:
    return [hit.text for hit in callmood.find(words, exact=True, db=db).hits]


def categories(db: Path) -> set[str]:
    fill_in(db)
    categorize(db)
    with open_db(db, read_only=True) as con:
        return {name for (name,) in rows(con, "SELECT category FROM segment_category")}


def vectors(db: Path) -> bytes:
    fill_in(db)
    with open_db(db, read_only=True) as con:
        ((stored,),) = rows(con, "SELECT vectors FROM segment_vectors")
    return bytes(stored)


def test_corrected_words_are_searched_and_categorized(scanned: Path) -> None:
    before = vectors(scanned)
    corrected(scanned, Review("angry", SAID))
    assert (found(scanned, "cancel"), found(scanned, "council")) == ([SAID], [])
    assert vectors(scanned) != before
    (hit,) = callmood.find("customer threatens to leave", limit=1, db=scanned).hits
    assert hit.text == SAID
    assert categories(scanned) == {"leaving", "angry"}


def test_corrected_words_that_are_taken_back_are_those_of_the_recogniser_everywhere(scanned: Path) -> None:
    before = vectors(scanned), categories(scanned)
    corrected(scanned, Review("happy", SAID, said_by=AGENT))
    assert categories(scanned) == {"leaving"}
    (one,) = callmood.undo_corrections("call.wav", db=scanned)
    assert (one.text, one.model_text) == (SAID, HEARD)
    assert (vectors(scanned), categories(scanned)) == before
    assert found(scanned, "council") == [HEARD]
    assert callmood.corrections(db=scanned) == []
    with callmood.open(scanned) as db:
        shown = db.sql("SELECT text, role, emotion, evidence FROM segment_mood WHERE segment = 1").row(0)
        reviewed = db.sql("SELECT label, text, said_by, role FROM review").row(0)
    assert shown == (HEARD, "customer", "angry", "voice")
    assert reviewed == ("happy", None, None, None)  # agreement is measured by it


def test_words_alone_can_be_taken_back(scanned: Path) -> None:
    corrected(scanned, Review(None, SAID))
    listed = CliRunner().invoke(app, ["corrections", "--db", str(scanned)]).output
    assert f"{HEARD} -> {SAID}" in listed and "by mia" in listed
    undone = CliRunner().invoke(app, ["corrections", "call.wav", "0:02", "--undo", "--db", str(scanned)])
    assert "1 correction was taken back." in undone.output
    assert found(scanned, "council") == [HEARD]


def test_training_learns_no_label_from_corrected_words_alone(scanned: Path) -> None:
    from callmood.training.corpora import own

    corrected(scanned, Review(None, SAID))
    remarks: list[str] = []
    assert list(own.clips(scanned, remarks.append)) == [] and remarks == []


def test_what_can_not_be_told_after_all_takes_the_label_back(scanned: Path) -> None:
    corrected(scanned, Review("happy"))
    corrected(scanned, Review(None))
    assert callmood.corrections(db=scanned) == []


def test_what_can_not_be_told_leaves_the_labels_of_others(scanned: Path) -> None:
    callmood.correct("call.wav", 2.0, "happy", by="ben", db=scanned)
    corrected(scanned, Review(None))
    assert [one.label for one in callmood.corrections(db=scanned)] == ["happy"]


def test_words_that_are_corrected_while_they_are_encoded_are_encoded_again(scanned: Path) -> None:
    with open_db(scanned) as con:
        ids = [recording_id for (recording_id,) in rows(con, "SELECT id FROM recording")]
        read = call_texts(con, ids)
        write_review(con, ids[0], 1, "mia", "chosen", Review("angry", SAID))
        write_vectors(con, ENCODER, [(call, b"") for call in read])
        assert rows(con, "SELECT * FROM segment_vectors") == []


def test_categories_follow_a_corrected_label(scanned: Path) -> None:
    callmood.correct("call.wav", 2.0, "neutral", db=scanned)
    assert categories(scanned) == set()
    callmood.undo_corrections("call.wav", 2.0, db=scanned)
    assert categories(scanned) == {"angry"}


def test_categories_follow_the_scores_of_another_model(scanned: Path) -> None:
    from callmood.call import Rescored

    call = make_call(agent="anna")
    even = (feeling("neutral"), feeling("neutral"))
    with open_db(scanned) as con:
        rescore_call(con, 1, "m2", Rescored(call.recording, 4.0, even, {}, moods=call.moods))
    assert categories(scanned) == set()


def test_until_they_are_found_again_the_categories_of_before_count(scanned: Path) -> None:
    callmood.correct("call.wav", 2.0, "neutral", db=scanned)
    with callmood.open(scanned) as db:
        report = db.report()
    assert report.categories is not None
    assert report.categories.select("category", "calls", "calls_known").rows() == [("angry", 1, 1)]


def test_words_of_a_secret_that_were_corrected_are_not_exported(db: Connection) -> None:
    said = [(CUSTOMER, 0.0, 4.0, "It is for one one one 1111 1111 1111"), (AGENT, 4.0, 5.0, "Okay.")]
    call = make_call(said)
    write_call(db, start_scan(db, {}, {}, {}), "m1", call)
    write_review(db, call.recording.id, 0, "mia", "chosen", Review("neutral", "It is a card"))
    ((_, data),) = export(db, Wanted("csv", ("words",)))
    assert b"1111" not in data and b"[card number]" in data


def test_categories_follow_a_comparison_with_earlier_calls(scanned: Path) -> None:
    with open_db(scanned) as con:
        ((recording_id,),) = rows(con, "SELECT id FROM recording")
        voice = AgentVoice("anna", recording_id, CUSTOMER, (0.0,) * 8, 1, None, 0)
        even = NewScores(recording_id, 1, "neutral", 1.0, (0, 0, 0, 0, 0, 1, 0, 0), 0.0, 0.0, None)
        write_comparisons(con, [voice], [even], [])
    assert categories(scanned) == set()


def test_all_of_a_segment_is_muted_whose_words_were_corrected() -> None:
    (segment,) = make_call([(CUSTOMER, 0.0, 4.0, "It is for one one one 1111 1111 1111")]).segments
    for corrected_text in ("It is 4111 1111 1111 1111, okay", "It is a card"):
        row = {"segment": 0, "text": corrected_text}
        assert secret_times([row], redact_call([row], []), [segment]) == [(0.0, 4.0)]


def test_a_scan_tells_what_becomes_of_corrections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scans = Scans(tmp_path, monkeypatch)
    scans.write("call.wav", "the first content")
    scans.scan()
    callmood.correct("call.wav", 1.0, "angry", db=scans.db)
    with open_db(scans.db) as con:
        con.execute("UPDATE correction SET end_s = 1.5")  # as if the call had been cut otherwise then
        con.execute('UPDATE scan SET models = \'{"asr": "another"}\'')
    told = scans.scan(retranscribe=True).notes
    assert told == [
        "call.wav: 1 corrected segment is none any more, because the call was cut otherwise; callmood corrections "
        "lists them."
    ]
    assert len(callmood.corrections(db=scans.db)) == 1
    scans.write("call.wav", "another content")
    assert scans.scan().notes == ["call.wav: 1 corrected segment went with its earlier content."]


def test_a_forgotten_call_leaves_no_review_vector_or_category(scanned: Path) -> None:
    corrected(scanned, Review("happy", SAID))
    callmood.correct("call.wav", 2.0, "sad", db=scanned)
    categories(scanned)
    callmood.forget("call.wav", db=scanned)
    with open_db(scanned, read_only=True) as con:
        left = {table: rows(con, f"SELECT count(*) FROM {table}") for table in RECORDING_IDS}
    assert all(count == [(0,)] for count in left.values()), left
    assert not any(word in scanned.read_bytes() for word in (SAID.encode(), HEARD.encode()))
