"""What reports read of each call is what its tables say, whatever was written to it last."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from factory import AGENT, CUSTOMER, failure, feeling, make_call, make_recording, on
from many_calls import many_calls
from typer.testing import CliRunner

from callmood.call import Call, Rescored, SpeakerMoods
from callmood.cli.app import app
from callmood.store import (
    Connection,
    connection,
    delete_recordings,
    forget_recordings,
    open_db,
    rescore_call,
    rows,
    transaction,
    update_facts,
    write_call,
    write_calls,
    write_failure,
)
from callmood.store.categories import Member, write_members
from callmood.store.corrections import correct, corrections, undo
from callmood.store.figures import DERIVED, fill_all_figures
from callmood.store.reviews import Review, write_review
from callmood.store.write import OF_A_CALL


def kept(db: Connection) -> dict[str, list[str]]:
    """The tables that reports read, in any order."""
    return {table: shown(rows(db, f"SELECT * EXCLUDE (call_number) FROM {table}")) for table in DERIVED}


def defined(db: Connection) -> dict[str, list[str]]:
    """What these tables should hold, by their definitions."""
    every_call = "WITH every_call AS (SELECT id AS recording_id, call_number FROM recording)"
    return {table: shown(rows(db, f"{every_call} FROM {table}_of('every_call')")) for table in DERIVED}


def misnumbered(db: Connection) -> list[str]:
    """The tables with a row that has another number than its recording."""
    numbered = rows(
        db,
        "SELECT table_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name) "
        "WHERE column_name = 'call_number' AND table_name <> 'recording'",
    )
    assert len(numbered) >= len(OF_A_CALL)
    return [
        table
        for (table,) in numbered
        if rows(
            db,
            f"FROM {table} JOIN recording ON id = recording_id "
            f"WHERE {table}.call_number IS DISTINCT FROM recording.call_number",
        )
    ]


def shown(found: list[tuple[Any, ...]]) -> list[str]:
    # the order in which numbers are added shows in their last digits
    return sorted(repr([round(one, 9) if isinstance(one, float) else one for one in row]) for row in found)


def varied(count: int = 12) -> list[Call]:
    """Calls of which some are on one channel, in another language, or with a side whose role is not known."""
    calls = list(many_calls(count, turns=4))
    calls[1] = replace(calls[1], layout="mono")
    calls[2] = replace(calls[2], understood=False, language="de")
    calls[3] = replace(calls[3], speakers=tuple(replace(one, role="unknown") for one in calls[3].speakers))
    calls[4] = replace(calls[4], segments=(), scores=(), speech=(), speakers=(), moods={})
    return calls


@pytest.fixture
def stored(db: Connection) -> Connection:
    write_calls(db, 1, "m1", varied())
    return db


def upset_call(name: str = "upset.wav") -> Call:
    lines = [
        (AGENT, 0.0, 2.0, "hello"),
        (CUSTOMER, 2.0, 4.0, "this is the third time", feeling("angry")),
        (CUSTOMER, 5.0, 9.0, "I want to cancel", feeling("angry", 0.8)),
        (AGENT, 9.0, 12.0, "I am sorry"),
        (CUSTOMER, 12.0, 14.0, "thanks", feeling("happy")),
    ]
    return make_call(lines, name=name, agent="anna", started_at=on("2026-11-20"))


def test_stored_calls_have_the_figures_that_are_defined(stored: Connection) -> None:
    assert kept(stored) == defined(stored)
    assert len(kept(stored)["call_span"]) == len(varied())


def _correct(db: Connection) -> None:
    correct(db, upset_call().recording.id, 4, "angry", "eva")


def _undo(db: Connection) -> None:
    _correct(db)
    undo(db, corrections(db))


def _review_with_a_label(db: Connection) -> None:
    write_review(db, upset_call().recording.id, 1, "eva", "random", Review("sad"))


def _review_without_a_label(db: Connection) -> None:
    write_review(db, upset_call().recording.id, 1, "eva", "random", Review(None, said_by=AGENT))


def _rescore(db: Connection) -> None:
    call = upset_call()
    scores = tuple(feeling("neutral") for _ in call.segments)
    rescore_call(
        db, 2, "m2", Rescored(call.recording, 14.0, scores, {}, moods={1: SpeakerMoods(0.1, None, 0.2, None)})
    )


def _scan_again(db: Connection) -> None:
    lines = [(AGENT, 0.0, 2.0, "hello"), (CUSTOMER, 3.0, 4.0, "hi", feeling("happy"))]
    write_call(db, 2, "m1", make_call(lines, name="upset.wav"))


def _scan_a_reviewed_call_again(db: Connection) -> None:
    _review_with_a_label(db)
    write_call(db, 2, "m1", upset_call())
    assert rows(db, "SELECT segment FROM call_reviewed") == [(1,)]


def _replace(db: Connection) -> None:
    write_call(db, 2, "m1", make_call(name="other.wav"), [upset_call().recording.id])


def _categorize(db: Connection) -> None:
    write_members(
        db, "d", [upset_call().recording.id], [Member(upset_call().recording.id, 2, "cancel", "words", None)]
    )


def _rename(db: Connection) -> None:
    update_facts(db, [make_recording("upset.wav", agent="bert", queue="sales")])


def _delete(db: Connection) -> None:
    delete_recordings(db, [upset_call().recording.id])


def _fail(db: Connection) -> None:
    write_failure(db, 2, failure(upset_call().recording))
    write_failure(db, 2, failure(make_recording("bad.wav")))


@pytest.mark.parametrize(
    "write",
    [
        _correct,
        _undo,
        _review_with_a_label,
        _review_without_a_label,
        _rescore,
        _scan_again,
        _scan_a_reviewed_call_again,
        _replace,
        _categorize,
        _rename,
        _delete,
        _fail,
    ],
)
def test_the_figures_follow_whatever_is_written_to_a_call(
    stored: Connection, write: Callable[[Connection], None]
) -> None:
    write_call(stored, 1, "m1", upset_call())
    before = kept(stored)
    write(stored)
    assert kept(stored) == defined(stored)
    assert misnumbered(stored) == []
    assert (kept(stored) == before) is (write in (_undo, _fail))


def test_forgotten_calls_leave_no_figures(db_path: Path) -> None:
    with open_db(db_path) as con:
        write_calls(con, 1, "m1", [upset_call(name) for name in ("one.wav", "two.wav")])
    forget_recordings(db_path, [upset_call("one.wav").recording.id])
    with open_db(db_path) as con:
        assert kept(con) == defined(con)
        assert rows(con, "SELECT recording_id FROM call_talk") == [(upset_call("two.wav").recording.id,)]


def test_figures_are_worked_out_anew_from_the_other_tables(stored: Connection) -> None:
    before = kept(stored)
    for table in DERIVED:
        stored.execute(f"DELETE FROM {table}")
    with transaction(stored):
        fill_all_figures(stored)
    assert kept(stored) == before


def test_a_table_that_another_program_changed_is_rebuilt(db_path: Path) -> None:
    with open_db(db_path) as con:
        write_call(con, 1, "m1", upset_call())
        before = kept(con)
        con.execute("UPDATE call_talk SET talk_ratio = 9; DELETE FROM call_moment")
    ran = CliRunner().invoke(app, ["rebuild", "--db", str(db_path)])
    assert (ran.exit_code, ran.output) == (0, "1 call rebuilt.\n")
    with open_db(db_path, read_only=True) as con:
        assert kept(con) == before


@pytest.mark.parametrize("left_out", ["", "speech"], ids=["all", "before the table of speech"])
def test_an_older_database_gets_the_figures_of_its_calls(
    db_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    with open_db(db_path) as con:
        write_call(con, 1, "m1", upset_call())
        _correct(con)
        before = kept(con)
    old_path = tmp_path / "old.duckdb"
    with monkeypatch.context() as patch:
        older = tuple(one for one in connection.migrations() if one.version < 20)
        patch.setattr(connection, "migrations", lambda: older)
        open_db(old_path).close()
    with duckdb.connect(str(old_path)) as con:
        con.execute(f"ATTACH '{db_path}' AS new (READ_ONLY)")
        for table in ("recording", "speaker", "segment", "word", "speech", "hold", "correction"):
            if table != left_out:
                con.execute(
                    f"INSERT INTO {table} BY NAME SELECT COLUMNS(lambda name: name <> 'call_number') FROM new.{table}"
                )
    with open_db(old_path) as con:
        assert kept(con) == before
        assert misnumbered(con) == []


def test_what_the_model_says_of_reviewed_segments_is_found_in_an_older_database(db_path: Path) -> None:
    with open_db(db_path) as con:
        write_call(con, 1, "m1", upset_call())
        _review_with_a_label(con)
        before = kept(con)
        con.execute("DROP TABLE call_reviewed; DROP MACRO TABLE call_reviewed_of")
        con.execute("DELETE FROM migration WHERE version >= 28")
    with open_db(db_path) as con:
        assert rows(con, "SELECT segment, emotion FROM call_reviewed") == [(1, "angry")]
        assert kept(con) == before
        assert misnumbered(con) == []


def test_calls_are_numbered_as_they_are_stored(stored: Connection) -> None:
    write_call(stored, 2, "m1", varied()[0])
    write_failure(stored, 2, failure(make_recording("bad.wav")))
    found = rows(stored, "SELECT id, call_number FROM recording ORDER BY call_number")
    ids = [call.recording.id for call in varied()]
    assert found == [
        (make_recording("bad.wav").id, 0),
        *((one, number) for number, one in enumerate([*ids[1:], ids[0]], start=2)),
    ]


def test_rows_without_a_number_count(stored: Connection) -> None:
    before = kept(stored)
    for table in ("recording", *OF_A_CALL):
        stored.execute(f"UPDATE {table} SET call_number = 0")
    with transaction(stored):
        fill_all_figures(stored)
    assert kept(stored) == before
