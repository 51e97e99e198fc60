"""Calls that are stored as they were said are redacted at rest: nothing of a secret is left in the file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from changes import Scans
from factory import AGENT, CUSTOMER, feeling, make_call
from typer.testing import CliRunner

import callmood
from callmood.call import Call, Hold
from callmood.cli.app import app
from callmood.errors import BusyError, CallmoodError
from callmood.redaction import redact_call
from callmood.search.categorize import categorize
from callmood.search.vectors import fill_in
from callmood.settings import Settings, TranscribeSettings
from callmood.store import (
    Connection,
    connection,
    delete_recordings,
    one_scan,
    open_db,
    rows,
    start_scan,
    write_call,
)
from callmood.store.corrections import corrections
from callmood.store.reviews import Review, write_review

CARD = "4929 1185 2043 7761"
SAID = (
    (AGENT, 0.0, 2.0, "Can I have the number of your card, please?"),
    (CUSTOMER, 2.0, 6.0, f"It is {CARD} and I am angry.", feeling("angry")),
    (AGENT, 6.0, 8.0, "Thank you."),
    (CUSTOMER, 8.0, 9.0, "I want to cancel my contract."),
)


def the_call(name: str = "call.wav") -> Call:
    return make_call(SAID, name, holds=[Hold("announcement", 9.0, 12.0, "Call us on 555-123-4567.")])


@pytest.fixture
def stored(db: Connection, db_path: Path) -> Iterator[Path]:
    """A call with secrets in its words, in an announcement, and in what two people corrected."""
    call = the_call()
    write_call(db, start_scan(db, {}, {}, {}), "m1", call)
    write_review(
        db, call.recording.id, 1, "mia", "chosen", Review("sad", "It is 4929 1185 2043 7761, sorry.")
    )
    write_review(db, call.recording.id, 3, "ben", "chosen", Review(None, "My e-mail is jo@unusualname.com."))
    db.close()
    fill_in(db_path)
    categorize(db_path)
    yield db_path


def contents(db: Path) -> bytes:
    return b"".join(path.read_bytes() for path in db.parent.iterdir() if path.is_file())


def texts(db: Path, table: str) -> list[str]:
    with open_db(db, read_only=True) as con:
        return [
            text for (text,) in rows(con, f"SELECT text FROM {table} WHERE text IS NOT NULL ORDER BY ALL")
        ]


def test_nothing_of_a_secret_is_left(stored: Path) -> None:
    assert b"2043 7761" in contents(stored) and b"unusualname" in contents(stored)
    assert callmood.redact(db=stored) == 1
    for secret in (b"4929", b"1185", b"2043", b"7761", b"555-123", b"unusualname"):
        assert secret not in contents(stored)
    assert b"cancel" in contents(stored)  # in this file text can be found
    assert "It is [card number] and I am angry." in texts(stored, "segment")
    assert "[card number]" in texts(stored, "word") and "1185" not in texts(stored, "word")
    assert texts(stored, "hold") == ["Call us on [phone number]."]
    assert texts(stored, "correction") == ["It is [card number] and I am angry."]
    assert texts(stored, "review") == ["It is [card number], sorry.", "My e-mail is [e-mail address]."]


def test_all_else_stays_as_it_was(stored: Path) -> None:
    kept = (
        "SELECT * EXCLUDE (text) FROM segment",
        "SELECT * EXCLUDE (text) FROM review",
        "SELECT * EXCLUDE (text) FROM correction",
        "SELECT * EXCLUDE (redacted) FROM recording",
        "FROM speaker",
        "SELECT * FROM word WHERE segment <> 1",
    )
    with open_db(stored, read_only=True) as con:
        before = [rows(con, question) for question in kept]
    callmood.redact(db=stored)
    with open_db(stored, read_only=True) as con:
        assert [rows(con, question) for question in kept] == before


def test_vectors_are_of_the_words_that_are_left(stored: Path) -> None:
    def vectors() -> bytes:
        with open_db(stored, read_only=True) as con:
            ((found,),) = rows(con, "SELECT vectors FROM segment_vectors")
        return bytes(found)

    before = vectors()
    callmood.redact(db=stored)
    assert vectors() != before
    assert callmood.find("card number", limit=1, db=stored).hits


def test_a_second_time_nothing_is_done(stored: Path) -> None:
    callmood.redact(db=stored)
    before = stored.read_bytes()
    assert callmood.redact(db=stored) == 0
    assert stored.read_bytes() == before


def test_an_interrupted_run_is_not_taken_for_a_whole_one(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callmood.batch import redact as batch

    with monkeypatch.context() as patch:

        def stopped(_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(batch, "written_anew", stopped)
        with pytest.raises(KeyboardInterrupt):
            callmood.redact(db=stored)
    assert callmood.redact(db=stored) == 1
    assert b"1185" not in contents(stored)


def test_nothing_is_redacted_while_a_scan_runs(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmood.store.READ_WAIT_S", 0.0)
    before = stored.read_bytes()
    with one_scan(stored, 0), pytest.raises(BusyError):
        callmood.redact(db=stored)
    assert stored.read_bytes() == before


def test_the_command_asks_first(stored: Path) -> None:
    def run(*arguments: str, answer: str = "") -> tuple[int, str]:
        result = CliRunner().invoke(app, ["redact", *arguments, "--db", str(stored)], input=answer)
        return result.exit_code, result.output

    code, output = run(answer="n\n")
    assert code == 1 and "1 call is stored as said." in output and "Nothing was changed." in output
    assert b"1185" in contents(stored)
    code, output = run("--yes")
    assert code == 0 and "1 call was redacted." in output
    assert run() == (0, "All stored calls are redacted.\n")


def test_a_missing_database_is_said(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="Scan some calls first"):
        callmood.redact(db=tmp_path / "none.duckdb")


def test_a_call_that_a_scan_redacted_is_known_for_one(db: Connection, db_path: Path) -> None:
    write_call(db, start_scan(db, {}, {}, {}), "m1", redact_call(the_call()))
    db.close()
    assert callmood.redact(db=db_path) == 0


def test_a_call_that_is_redacted_as_it_is_scanned_again_still_lies_in_the_file(
    stored: Path,
) -> None:
    with open_db(stored) as con:
        write_call(con, 1, "m1", redact_call(the_call()))
    assert "It is [card number], sorry." in texts(stored, "review")
    assert texts(stored, "correction") == ["It is [card number] and I am angry."]
    assert callmood.redact(db=stored) == 1
    assert b"1185" not in contents(stored)


def test_what_a_reviewer_types_of_a_redacted_call_is_redacted(db: Connection) -> None:
    call = redact_call(the_call())
    write_call(db, start_scan(db, {}, {}, {}), "m1", call)
    write_review(db, call.recording.id, 1, "mia", "chosen", Review("sad", "It is 4929 1185 2043 7761."))
    assert [one.text for one in corrections(db)] == ["It is [card number]."]


def test_a_correction_of_a_stretch_that_is_no_segment_any_more_is_redacted(stored: Path) -> None:
    with open_db(stored) as con:
        con.execute("UPDATE segment SET end_s = 7 WHERE segment = 1")
    callmood.redact(db=stored)
    assert "It is [card number], sorry." in texts(stored, "review")
    assert b"1185" not in contents(stored)


def test_a_scan_with_redact_says_what_is_stored_as_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = Scans(tmp_path, monkeypatch)
    scans.write("a.wav", f"It is {CARD}.")
    scans.scan()
    settings = Settings(db=scans.db, transcribe=TranscribeSettings(redact=True))
    monkeypatch.setattr("changes.Settings", lambda **_: settings.model_copy(update=_))
    assert any("1 call is stored as said: callmood redact" in note for note in scans.scan().notes)
    callmood.redact(db=scans.db)
    assert not any("stored as said" in note for note in scans.scan().notes)


@pytest.mark.parametrize(
    ("settings", "redacted"), [('{"transcribe": {"redact": true}}', True), ("{}", False)]
)
def test_calls_of_an_older_database_are_known_by_their_scan(
    db_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, redacted: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda all=connection.migrations: all()[:18])
        with open_db(db_path) as con:
            con.execute(
                "INSERT INTO scan (id, started_at, settings, versions, models) VALUES (7, now(), $1, '{}', '{}')",
                [settings],
            )
            con.execute(
                """
                INSERT INTO recording (id, path, size_bytes, metadata, state, scan_id, transcribed_in, stored_at)
                VALUES ('a', '/a.wav', 1, MAP {}, 'done', 9, 7, now()),
                    ('b', '/b.wav', 1, MAP {}, 'failed', 7, 7, now())
                """
            )
    with open_db(db_path) as con:
        found = rows(con, "SELECT id, redacted FROM recording ORDER BY id")
    assert found == [("a", redacted), ("b", None)]


def test_a_redacted_call_can_be_forgotten(stored: Path) -> None:
    callmood.redact(db=stored)
    with open_db(stored) as con:
        delete_recordings(con, [one.recording_id for one in corrections(con)])
    assert texts(stored, "segment") == []
