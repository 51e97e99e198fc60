"""`callmood sql`: any question to the database, which it can't change, and nothing else that it could read."""

import json
from pathlib import Path

import polars as pl
import pytest
from factory import make_call
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.store import open_db, write_calls


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "callmood.duckdb"
    with open_db(path) as con:
        facts = {"agent": "=Ann\x1b[2J", "metadata": {"a": "b"}}
        write_calls(con, 1, "m1", [make_call(name=f"{number}.wav", **facts) for number in range(3)])
    return path


def run(db: Path, query: str, *flags: object, stdin: str = "") -> str:
    result = CliRunner().invoke(
        app, ["sql", query, *map(str, flags), "--db", str(db)], input=stdin, env={"COLUMNS": "80"}
    )
    if isinstance(result.exception, callmood.CallmoodError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_query_is_answered_as_a_table(filled: Path) -> None:
    shown = run(filled, "SELECT agent, calls, upset FROM agent_summary")
    assert "agent" in shown and "=Ann\\x1b[2J" in shown and "3" in shown.split()


def test_a_query_is_read_from_standard_input(filled: Path) -> None:
    assert "42" in run(filled, "-", stdin="SELECT 6 * 7 AS answer")


def test_a_result_is_written_in_the_format_of_the_file(filled: Path, tmp_path: Path) -> None:
    query = "SELECT id, metadata, warnings, started_at, duration_s FROM recording ORDER BY id"
    for name in ("a.csv", "a.json", "a.parquet", "a.md", "a.txt"):
        assert run(filled, query, "--output", tmp_path / name) == ""
    assert pl.read_parquet(tmp_path / "a.parquet")["metadata"][0] == '{"a": "b"}'
    assert pl.read_csv(tmp_path / "a.csv").height == 3
    assert json.loads((tmp_path / "a.json").read_text())[0]["duration_s"] == 4.0


def test_a_formula_is_text_in_csv(filled: Path) -> None:
    assert '"\'=Ann\\x1b[2J"' in run(filled, "SELECT agent FROM recording LIMIT 1", "--format", "csv")


def test_a_long_result_is_cut_on_the_terminal_and_says_so(filled: Path) -> None:
    shown = run(filled, "SELECT range AS n FROM range(1000)")
    assert "The first 100 of 1,000 rows." in shown and "999" not in shown.split()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM recording",
        "CREATE TABLE t (a INTEGER)",
        "CREATE OR REPLACE VIEW call_summary AS SELECT 1",
        "COPY recording TO 'out.csv'",
        "EXPORT DATABASE 'out'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('secret.csv')",
        "SELECT * FROM 'secret.csv'",
        "SELECT * FROM glob('*')",
        "ATTACH 'other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "FROM frame",
        "UPDATE recording SET agent = 'x'",
        "PRAGMA profiling_output = 'out.json'",
        "CALL enable_logging(storage = 'file', storage_path = 'logs')",
        "IMPORT DATABASE 'in'",
        "CREATE SECRET s (TYPE S3)",
        "LOAD 'some.duckdb_extension'",
    ],
)
def test_nothing_is_written_and_no_other_file_is_read(
    filled: Path, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    before = filled.read_bytes()
    with pytest.raises(callmood.CallmoodError):
        run(filled, query)
    assert filled.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize("query", ["", "/* nothing */", "SELEC 1", "SELECT nothing FROM recording"])
def test_a_wrong_query_is_an_error_in_words(filled: Path, query: str) -> None:
    with pytest.raises(callmood.CallmoodError, match=r"The query is empty|can't answer"):
        run(filled, query)


@pytest.mark.parametrize(
    "query", ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE word;", "BEGIN; SELECT 1; COMMIT"]
)
def test_more_than_one_query_is_wrong_usage(filled: Path, query: str) -> None:
    with pytest.raises(callmood.UsageError, match=r"These are \d queries, and only one"):
        run(filled, query)


@pytest.mark.parametrize(
    "query", ["SELECT 1;", "SELECT 1; -- done\n;", "PIVOT segment ON role USING count(*)"]
)
def test_one_query_may_end_as_it_likes(filled: Path, query: str) -> None:
    assert run(filled, query)


def test_numbers_that_json_lacks_are_null(filled: Path) -> None:
    found = run(filled, "SELECT 1 / 0 AS a, 'nan'::DOUBLE AS b, 0.5::DOUBLE AS c", "--format", "json")
    assert json.loads(found) == [{"a": None, "b": None, "c": 0.5}]
