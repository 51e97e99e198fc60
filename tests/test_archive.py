"""Calls moved into an archive: read with the database as one, never lost or twice, and forgotten like others."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from changes import Scans
from factory import AGENT, CUSTOMER, feeling, make_call, make_recording, on
from typer.testing import CliRunner

import callmood
from callmood import store
from callmood.batch.forget import forget_older
from callmood.call import Call
from callmood.cli.app import app
from callmood.errors import CallmoodError, UsageError
from callmood.settings import load_settings
from callmood.store import archiving
from callmood.store.archive import read_archive
from callmood.store.corrections import correct
from callmood.store.encoded import ENCODED
from callmood.store.figures import FIGURES
from callmood.store.write import write_hashes

WORDS = ("I want to cancel my contract", "nobody ever calls me back", "thank you, that was quick")


def a_call(number: int, day: str) -> Call:
    return make_call(
        [
            (AGENT, 0.0, 2.0, f"hello this is call {number}"),
            (CUSTOMER, 2.5, 5.0, WORDS[number % 3], feeling("angry" if number % 2 else "neutral", 0.9)),
            (CUSTOMER, 5.5, 8.0, "and that is all", feeling("happy", 0.8)),
        ],
        name=f"{number}.wav",
        agent=("Anna", "Ben")[number % 2],
        call_id=f"C-{number}",
        queue="sales",
        started_at=on(day),
        metadata={"campaign": "spring"},
        baselines={AGENT: ((0.1 * number,) * 8, 3)},
    )


DAYS = ("2025-01-10", "2025-01-20", "2025-02-10", "2025-02-20", "2025-03-10", "2026-05-10")


def fill(path: Path) -> None:
    with store.open_db(path) as con:
        scan = store.start_scan(con, {"score": {"roles": "all"}}, {}, {"asr": "tiny.en"})
        calls = [a_call(number, day) for number, day in enumerate(DAYS)]
        store.write_calls(con, scan, "m1", calls)
        store.finish_scan(con, scan)
        write_hashes(
            con,
            {str(call.recording.path): (1, 2, call.recording.id) for call in calls},  # type: ignore[dict-item]
        )
        correct(con, calls[0].recording.id, 1, "sad")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database, whole and as it is with the archive of its calls of 2025, to copy."""
    folder = tmp_path_factory.mktemp("made")
    fill(folder / "whole.duckdb")
    shutil.copy(folder / "whole.duckdb", folder / "calls.duckdb")
    callmood.archive(folder / "years", before="2026-01-01", db=folder / "calls.duckdb")
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    for name in ("calls.duckdb", "whole.duckdb"):
        shutil.copy(made / "whole.duckdb", tmp_path / name)
    return tmp_path


@pytest.fixture
def both(made: Path, place: Path) -> list[Path]:
    """A database and the archive of its calls of 2025, with the whole one beside them."""
    return copied(made, place)


def copied(made: Path, place: Path) -> list[Path]:
    """A database and its archive in another place."""
    db, folder = place / "calls.duckdb", place / "years"
    shutil.copy(made / "calls.duckdb", db)
    shutil.copytree(made / "years", folder)
    with store.open_db(db) as con:
        con.execute("UPDATE archived SET archive = $folder", {"folder": str(folder)})
    return [db, folder]


REPORTS: tuple[dict[str, Any], ...] = (
    {"by": "agent"},
    {"by": "agent", "name": "Anna"},
    {"by": "month"},
    {"by": "campaign", "since": "2025-02-01"},
    {"by": "agent", "since": "2025-02-01", "until": "2025-02-28", "against": "previous"},
    {"by": "call"},
    {"by": "call", "name": "C-0"},
    {"by": "call", "name": "C-5"},
)


@pytest.mark.parametrize("asked", REPORTS, ids=str)
def test_reports_on_a_database_and_its_archive_are_those_of_one_database(
    place: Path, both: list[Path], asked: dict[str, Any]
) -> None:
    with callmood.open(place / "whole.duckdb") as db:
        whole = db.report(**asked)
    with callmood.open(both) as db:
        found = db.report(**asked)
    assert found.rows.equals(whole.rows)
    assert found.overview == whole.overview
    assert found.notes == whole.notes


def frames(db: Any) -> list[Any]:
    return [
        db.calls().sort("recording_id"),
        db.segments().sort("recording_id", "segment"),
        db.words().sort("recording_id", "segment", "word"),
    ]


def test_frames_hold_every_value_that_was_stored(place: Path, both: list[Path]) -> None:
    with callmood.open(place / "whole.duckdb") as db:
        whole = frames(db)
    with callmood.open(both) as db:
        found = frames(db)
    for one, other in zip(found, whole, strict=True):
        assert one.equals(other)


def test_an_archive_is_read_alone(both: list[Path]) -> None:
    with callmood.open(both[1]) as db:
        assert db.report(by="agent").overview["calls"] == 5
    with callmood.open(both[0]) as db:
        assert db.calls()["call_id"].to_list() == ["C-5"]


def test_kept_vectors_are_in_no_archive(place: Path) -> None:
    """They are large, sensitive, and for scoring again, which archived calls are not."""
    rows = "SELECT id AS recording_id, 1 AS segment, 'e' AS encoder, 'x'::BLOB AS vector FROM recording"
    with store.open_db(place / "calls.duckdb") as con:
        for table in ENCODED:
            con.execute(f"INSERT INTO {table} BY NAME {rows}")
    callmood.archive(place / "years", before="2026-01-01", db=place / "calls.duckdb")
    for table in ENCODED:
        counts = []
        for one in (place / "years", place / "calls.duckdb"):
            with callmood.open(one) as db:
                counts.append(db.sql(f"SELECT count(*) FROM {table}").row(0)[0])
        assert counts == [0, 1], table


def test_all_tables_of_a_call_are_archived(place: Path, both: list[Path]) -> None:
    tables = [table for table in archiving.TABLES if table != "segment_vectors"]
    assert set(FIGURES) <= set(tables)
    with callmood.open(place / "whole.duckdb") as whole, callmood.open(both) as found:
        for table in tables:
            query = f"SELECT count(*), sum(hash(COLUMNS(*))) FROM {table}"
            columns = [
                name
                for name in found.sql(f"FROM {table} LIMIT 0").columns
                if name not in ("rowid", "call_number")
            ]
            query = f"SELECT count(*) AS n, sum(hash({', '.join(columns)}))::VARCHAR AS checksum FROM {table}"
            expected = whole.sql(query).row(0)
            if table in ("recording", "scan"):  # the number of a scan may be another
                expected, query = (
                    whole.sql(f"SELECT count(*) FROM {table}").row(0),
                    f"SELECT count(*) FROM {table}",
                )
            assert found.sql(query).row(0) == expected, table


SCHEMA = """
    SELECT table_name, column_name, data_type FROM duckdb_columns()
    WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
    UNION ALL
    SELECT function_name, function_type, parameters::VARCHAR FROM duckdb_functions()
    WHERE database_name = current_database() AND NOT internal
    ORDER BY ALL
"""


@pytest.mark.parametrize(
    "added", ["", "CREATE TABLE notes (a INTEGER)", "CREATE VIEW mine AS FROM recording"]
)
def test_with_a_database_an_archive_is_read_in_the_schema_of_this_version(
    both: list[Path], added: str
) -> None:
    with duckdb.connect(str(both[0])) as con:
        con.execute(added)
    with callmood.open(both[1]) as migrated, callmood.open(both) as found:
        assert found.sql(SCHEMA).rows() == migrated.sql(SCHEMA).rows()
        assert found.calls().height == 6


def test_a_month_is_extended_by_a_later_run(place: Path) -> None:
    db, folder = place / "calls.duckdb", place / "years"
    first = callmood.archive(folder, before="2025-02-15", db=db)
    assert (first.moved, first.months) == (3, ("2025-01", "2025-02"))
    second = callmood.archive(folder, before="2026-01-01", db=db)
    assert (second.moved, second.calls, second.months) == (2, 5, ("2025-01", "2025-02", "2025-03"))
    with callmood.open([db, folder]) as found:
        assert found.calls().height == 6


def test_other_tools_read_the_tables_as_hive_partitions(both: list[Path]) -> None:
    found = duckdb.sql(
        f"SELECT month, count(*) FROM '{both[1]}/recording/**/*.parquet' GROUP BY month ORDER BY month"
    )
    assert [(str(month)[:7], calls) for month, calls in found.fetchall()] == [
        ("2025-01", 2),
        ("2025-02", 2),
        ("2025-03", 1),
    ]


class _KilledError(BaseException):
    pass


def killed(*_: Any, **__: Any) -> Any:
    raise _KilledError


STEPS = ("_require_its_own", "_with_chosen", "_mark_archived", "commit", "after commit", "remove_others")


@pytest.fixture(scope="module")
def begun(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole database with an archive of its first call, to copy."""
    folder = tmp_path_factory.mktemp("begun")
    shutil.copy(made / "whole.duckdb", folder / "calls.duckdb")
    callmood.archive(folder / "years", before="2025-01-15", db=folder / "calls.duckdb")
    return folder


@pytest.mark.parametrize("cleans_up", ["killed", "stopped"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_or_a_stop_at_any_step_loses_no_call_and_counts_none_twice(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, cleans_up: str
) -> None:
    db, folder = copied(begun, tmp_path)
    with monkeypatch.context() as patched:
        if cleans_up == "killed":
            patched.setattr(archiving, "remove_others", lambda folder: None)
        if step == "after commit":
            commit = archiving.commit
            patched.setattr(archiving, "commit", lambda archive: (commit(archive), killed()))
        else:
            patched.setattr(archiving, step, killed)
        with pytest.raises(_KilledError):
            callmood.archive(folder, before="2026-01-01", db=db)
    with callmood.open([db, folder]) as found:
        assert sorted(found.calls()["call_id"]) == [f"C-{number}" for number in range(6)]
        assert found.segments().height == 18
    callmood.archive(folder, before="2026-01-01", db=db)
    with callmood.open([db, folder]) as found:
        assert found.segments().height == 18
    with callmood.open(folder) as found:
        assert found.calls().height == 5
    archive = read_archive(folder)
    listed = {path for table in (*archiving.TABLES, "scan") for path in archive.files(table)}
    assert {path.absolute() for path in folder.glob("*/*/*.parquet")} == listed


def test_a_correction_made_after_a_kill_is_not_lost(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db, folder = place / "calls.duckdb", place / "years"
    commit = archiving.commit
    with monkeypatch.context() as patched:
        patched.setattr(archiving, "commit", lambda archive: (commit(archive), killed()))
        with pytest.raises(_KilledError):
            callmood.archive(folder, before="2026-01-01", db=db)
    callmood.correct("C-2", 3.0, "fearful", db=db)
    callmood.archive(folder, before="2026-01-01", db=db)
    with callmood.open([db, folder]) as found:
        labels = found.sql(
            "SELECT label FROM correction JOIN recording ON id = recording_id ORDER BY call_id"
        )
    assert labels["label"].to_list() == ["sad", "fearful"]


def test_what_can_not_be_read_back_is_not_deleted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db, folder = place / "calls.duckdb", place / "years"
    from callmood.store import archive as module

    real = module._checked
    monkeypatch.setattr(
        module, "_checked", lambda con, query: (real(con, query)[0], 1 if "read_parquet" in query else 2)
    )
    with pytest.raises(CallmoodError, match="does not hold what was written"):
        callmood.archive(folder, before="2026-01-01", db=db)
    assert not list(folder.glob("**/*.parquet"))
    with callmood.open(db) as found:
        assert found.calls().height == 6


def test_words_and_meanings_are_found_in_both(both: list[Path]) -> None:
    found = callmood.find("cancel my contract", exact=True, db=both)
    assert {hit.call_id for hit in found.hits} == {"C-0", "C-3"}
    found = callmood.find("a customer wants to end the contract", role="customer", limit=2, db=both)
    assert {hit.call_id for hit in found.hits} == {"C-0", "C-3"}
    assert found.unsearchable == 0


def test_exports_hold_calls_of_both(both: list[Path], tmp_path: Path) -> None:
    with callmood.open(both) as db:
        db.export(tmp_path / "calls.csv", "csv", ["calls"])
        db.export(tmp_path / "c0.srt", "srt", call="C-0")
    assert (tmp_path / "calls.csv").read_text().count("\n") == 7
    assert "hello this is call 0" in (tmp_path / "c0.srt").read_text()


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_commands_take_several_databases(both: list[Path]) -> None:
    sources = [word for path in both for word in ("--db", path)]
    assert "Anna" in run("report", "--agent", *sources).output
    assert "6" in run("sql", "SELECT count(*) AS n FROM recording", *sources).output
    assert "cancel" in run("find", "--exact", "cancel", *sources).output
    assert run("topics", *sources).exit_code == 0
    assert "C-0" in run("export", "calls", "--format", "csv", *sources).output


def test_a_query_can_not_write_to_an_archive(both: list[Path]) -> None:
    file = next(both[1].glob("recording/*/*.parquet"))
    before = file.read_bytes()
    with callmood.open(both) as db:
        for query in (
            f"COPY (SELECT 1) TO '{file}'",
            f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
            "DROP VIEW recording",
        ):
            with pytest.raises(UsageError, match="SELECT"):
                db.sql(query)
        with pytest.raises(CallmoodError):
            db.sql("FROM read_text('/etc/hostname')")
    assert file.read_bytes() == before


def everything(folder: Path) -> bytes:
    """All that the tables of an archive hold, as text."""
    texts = [
        str(duckdb.sql(f"SELECT * FROM '{file}'").fetchall()) for file in sorted(folder.glob("**/*.parquet"))
    ]
    return "\n".join([*texts, (folder / "archive.json").read_text()]).encode()


def test_a_forgotten_call_is_gone_from_the_archive_and_from_the_database(both: list[Path]) -> None:
    db, folder = both
    gone = make_recording("2.wav").id
    assert gone.encode() in everything(folder)
    done = callmood.forget("C-2", db=db)
    assert [one.id for one in done.recordings] == [gone]
    assert gone.encode() not in everything(folder) and b"C-2" not in everything(folder)
    with store.open_db(db, read_only=True) as con:
        assert not store.rows(con, "SELECT 1 FROM file_hash WHERE path LIKE '%2.wav'")
        assert not store.rows(con, "SELECT 1 FROM archived_voice WHERE recording_id = $id", {"id": gone})
        assert gone in store.forgotten(con)
    with callmood.open(both) as found:
        assert sorted(found.calls()["call_id"]) == ["C-0", "C-1", "C-3", "C-4", "C-5"]


def test_all_calls_before_a_day_are_forgotten_in_the_archive_too(both: list[Path]) -> None:
    done = callmood.forget(before="2025-02-15", db=both[0])
    assert len(done.recordings) == 3
    assert read_archive(both[1]).calls == 2
    assert not list(both[1].glob("*/month=2025-01"))


def test_a_call_is_forgotten_in_an_archive_alone(both: list[Path]) -> None:
    callmood.forget("C-4", db=both[1])
    assert read_archive(both[1]).calls == 4


@pytest.mark.parametrize("step", ["without", "commit", "remove_others"])
def test_forgetting_that_is_killed_can_be_done_again(
    both: list[Path], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(archiving, step, killed)
        with pytest.raises(_KilledError):
            callmood.forget("C-2", db=both[0])
    if step != "remove_others":
        callmood.forget("C-2", db=both[0])
    callmood.forget("C-3", db=both[0])  # whatever is done next removes what is left
    assert make_recording("2.wav").id.encode() not in everything(both[1])
    assert read_archive(both[1]).calls == 3


def test_an_archive_that_is_not_there_is_told(both: list[Path], tmp_path: Path) -> None:
    both[1].rename(tmp_path / "elsewhere")
    result = run("forget", "C-5", "--yes", "--db", both[0])
    assert result.exit_code == 0
    assert f"{both[1]} is not there" in result.output
    callmood.forget("C-2", db=[both[0], tmp_path / "elsewhere"])
    assert read_archive(tmp_path / "elsewhere").calls == 4


def test_agents_are_compared_with_archived_calls_as_before(place: Path, both: list[Path]) -> None:
    with store.open_db(place / "whole.duckdb", read_only=True) as con:
        whole = store.agent_voices(con, "m1")
    with store.open_db(both[0], read_only=True) as con:
        found = store.agent_voices(con, "m1")
    assert [(one.agent, one.mean, one.count) for one in found] == [
        (one.agent, one.mean, one.count) for one in whole
    ]


def test_an_archive_of_an_older_version_is_read_and_what_it_lacks_is_unknown(both: list[Path]) -> None:
    folder = both[1]
    manifest = json.loads((folder / "archive.json").read_text())
    for part in manifest["parts"][:1]:  # as if "redacted" and the table "hold" had not been known yet
        file = folder / f"recording/month={part['month']}/{part['number']:06}.parquet"
        duckdb.sql(
            f"COPY (SELECT * EXCLUDE (redacted, language) FROM '{file}') TO '{file}.new' (FORMAT parquet)"
        )
        Path(f"{file}.new").replace(file)
        part["sizes"]["recording"] = file.stat().st_size
        part["version"] = 18
    (folder / "archive.json").write_text(json.dumps(manifest))
    with callmood.open(both) as db:
        assert db.calls().height == 6
        assert db.sql("SELECT count(*) FROM recording WHERE redacted IS NULL").item() == 2
    callmood.forget("C-0", db=both[0])
    with callmood.open(both) as db:
        assert db.calls().height == 5


def manifest_with(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "archive.json").read_text())
    (folder / "archive.json").write_text(json.dumps(manifest | changes))


def test_an_archive_of_a_newer_version_is_refused(both: list[Path]) -> None:
    manifest_with(both[1], version=9999)
    with pytest.raises(CallmoodError, match="was written by a newer callmood"):
        callmood.open(both)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "callmood archive", "version": 1, "next_number": 1, "parts": [{}]}']
)
def test_a_manifest_that_callmood_did_not_write_is_refused(both: list[Path], text: str) -> None:
    (both[1] / "archive.json").write_text(text)
    with pytest.raises(CallmoodError, match="is not the list of an archive's files"):
        callmood.open(both)


def test_a_manifest_names_no_files_outside_the_archive(both: list[Path]) -> None:
    manifest = json.loads((both[1] / "archive.json").read_text())
    manifest["parts"][0]["month"] = "../../2025-01"
    manifest_with(both[1], parts=manifest["parts"])
    with pytest.raises(CallmoodError, match="is not the list of an archive's files"):
        callmood.open(both)


def test_missing_cut_and_damaged_files_are_named(both: list[Path]) -> None:
    file = next(both[1].glob("segment/*/*.parquet"))
    data = file.read_bytes()
    file.write_bytes(data[:-5])
    with pytest.raises(CallmoodError, match=f"{file} is not whole"):
        callmood.open(both)
    file.write_bytes(b"\0" * len(data))
    with pytest.raises(CallmoodError), callmood.open(both) as db:
        db.segments()
    with pytest.raises(CallmoodError):
        callmood.find("cancel", exact=True, db=both)
    file.unlink()
    with pytest.raises(CallmoodError, match=f"{file} can't be read"):
        callmood.open(both)


def test_one_folder_is_the_archive_of_one_database(both: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    fill(other)
    with pytest.raises(CallmoodError, match="is the archive of another database"):
        callmood.archive(both[1], before="2026-01-01", db=other)
    with callmood.open(other) as db:
        assert db.calls().height == 6


def test_two_databases_with_scans_of_the_same_number_are_read_as_one(place: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    with store.open_db(other) as con:
        scan = store.start_scan(con, {"score": {"roles": "all"}}, {}, {"asr": "small.en"})
        store.write_calls(con, scan, "m1", [a_call(7, "2026-06-01")])
    with callmood.open([place / "calls.duckdb", other]) as db:
        assert db.calls().height == 7
        query = "SELECT call_id, scan.models->>'asr' AS asr FROM recording JOIN scan ON scan.id = scan_id"
        assert dict(db.sql(query).rows())["C-7"] == "small.en"
        assert db.sql(query).height == 7


@pytest.mark.parametrize(
    "arguments",
    [
        ("correct", "C-1", "0:03", "angry"),
        ("redact", "--yes"),
        ("categorize",),
        ("rebuild",),
    ],
)
def test_commands_that_write_refuse_an_archive_in_a_sentence(
    both: list[Path], arguments: tuple[str, ...]
) -> None:
    result = run(*arguments, "--db", both[1])
    assert isinstance(result.exception, CallmoodError)
    assert "is an archive, whose calls are only read and forgotten" in str(result.exception)


def test_other_folders_and_files_are_no_place_for_an_archive(place: Path) -> None:
    (place / "music").mkdir()
    (place / "music" / "song.txt").touch()
    with pytest.raises(CallmoodError, match="holds other files"):
        callmood.archive(place / "music", before="2026-01-01", db=place / "calls.duckdb")
    with pytest.raises(CallmoodError, match="is a file"):
        callmood.archive(place / "music" / "song.txt", before="2026-01-01", db=place / "calls.duckdb")


def test_calls_of_an_encrypted_database_are_not_archived(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLMOOD_DB_KEY", "a long key")
    with pytest.raises(UsageError, match="not encrypted"):
        callmood.archive(place / "years", before="2026-01-01", db=place / "calls.duckdb")
    assert not (place / "years").exists()


def test_the_command_says_what_it_moved(place: Path) -> None:
    db = place / "calls.duckdb"
    result = run("archive", place / "years", "--before", "2026-01-01", "--yes", "--db", db)
    assert result.output.startswith("5 calls moved.") and "of 3 months" in result.output
    result = run("archive", place / "years", "--before", "2026-01-01", "--yes", "--db", db)
    assert result.output == "No calls started before that.\n"


def test_nothing_is_moved_without_a_yes(place: Path) -> None:
    result = CliRunner().invoke(
        app,
        ["archive", str(place / "years"), "--before", "2026-01-01", "--db", str(place / "calls.duckdb")],
        input="n\n",
    )
    assert result.exit_code == 1 and "Nothing was moved." in result.output
    assert not (place / "years").exists()


def test_scans_do_not_scan_archived_recordings_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scans = Scans(tmp_path, monkeypatch)
    scans.write("a.wav", "hello")
    scans.scan()
    callmood.archive(tmp_path / "years", before="2100-01-01", db=scans.db)  # whose start is not known
    scans.write("b.wav", "new")
    summary = scans.scan()
    assert (summary.done, summary.archived, summary.skipped) == (1, 1, 0)
    assert scans.stored() == [("b.wav", "new")]
    callmood.forget("a.wav", db=scans.db)
    assert scans.scan().forgotten == 1
    assert scans.scan(forgotten=True).done == 1


def test_calls_that_are_too_old_are_forgotten_in_the_archive_too(both: list[Path]) -> None:
    settings = load_settings({"db": both[0]})
    assert forget_older(settings, on("2025-02-15")) == 3
    assert read_archive(both[1]).calls == 2


def test_an_archive_is_for_its_owner_only(both: list[Path]) -> None:
    for path in both[1].rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
