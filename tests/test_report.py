"""`callmood report` as users type it, and what it prints."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from factory import AGENT, CUSTOMER, Line, failure, feeling, make_call, make_recording, on
from rich.cells import cell_len
from typer.testing import CliRunner

import callmood
from callmood.call import Failure
from callmood.cli.app import app
from callmood.errors import CallmoodError, UsageError
from callmood.reports.export import tables
from callmood.store import Connection, open_db, write_call, write_calls, write_failure, write_unreadable

Report = Callable[..., str]

SHOUTED = "I have been waiting for three weeks, and nobody has called me back!"


def angry_call(name: str = "angry.wav", **facts: Any) -> Any:
    lines: list[Line] = [
        (AGENT, 0.0, 2.0, "good morning"),
        (CUSTOMER, 2.0, 8.0, "well", feeling("happy")),
        (AGENT, 8.0, 30.0, "let me see"),
        (CUSTOMER, 33.0, 40.0, SHOUTED, feeling("angry", 0.9)),
    ]
    return make_call(lines, name=name, **facts)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of five calls and a failure, to which no test writes."""
    path = tmp_path_factory.mktemp("filled") / "callmood.duckdb"
    facts = {"agent": "Ann", "queue": "sales"}
    calls = [
        angry_call(agent="Chris L", call_id="0815", queue="billing", started_at=on("2026-11-21", "18:30")),
        make_call(name="one.wav", started_at=on("2026-11-20"), metadata={"region": "north"}, **facts),
        make_call(name="two.wav", started_at=on("2026-11-22"), **facts),
        make_call(name="two copies.wav", call_id="7"),
        make_call(name="of one id.wav", call_id="7"),
    ]
    broken = make_recording("broken", path=Path("/calls/broken.mp3"))
    with open_db(path) as con:
        write_calls(con, 1, "m1", calls)
        write_failure(con, 1, failure(broken, error="broken.mp3 holds no audio."))
        # two new files of one name, and one that was a call when it was scanned
        empty = [Path("/calls/empty.wav"), Path("/other/empty.wav"), calls[1].recording.path]
        write_unreadable(
            con, empty, [Failure(path, "empty file", f"{path.name} is empty.") for path in empty], {}
        )
    return path


@pytest.fixture
def report(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Runs the command on that database, 120 columns wide; returns what it prints."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(app, ["report", *map(str, arguments), "--db", str(filled)])
        if isinstance(result.exception, CallmoodError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_default_report_is_by_agent(report: Report) -> None:
    assert report() == report("--agent")
    assert [row["name"] for row in table(report("--format", "csv"))] == ["Chris L", "Ann", "(unknown)"]


def test_one_agent_is_given_after_the_flag(report: Report) -> None:
    shown = report("--agent", "Chris L")
    assert "Agent Chris L" in shown
    assert "Ann" not in shown
    assert SHOUTED in shown
    assert "angry.wav" in shown
    assert shown == report("Chris L", "--agent") == report("--agent", "chris l")


def test_an_unknown_agent_brings_a_list_of_known_ones(report: Report) -> None:
    with pytest.raises(
        CallmoodError, match=r'No calls with the agent "Chris"\. There are calls with "Chris L"'
    ):
        report("--agent", "Chris")


@pytest.mark.parametrize(
    "name", ["0815", "angry.wav", "angry", "/calls/angry.wav", angry_call().recording.id[:8]]
)
def test_one_call_is_given_by_id_or_file(report: Report, name: str) -> None:
    rows = table(report("--call", name, "--format", "csv"))
    assert [(row["role"], row["start_s"]) for row in rows] == [
        ("agent", "0.0"),
        ("customer", "2.0"),
        ("agent", "8.0"),
        ("customer", "33.0"),
    ]


def test_one_call_is_shown_with_its_quarters_and_its_timeline(report: Report) -> None:
    shown = report("--call", "0815")
    assert "agent Chris L" in shown
    assert "2026-11-21 18:30" in shown
    assert "Mood by quarter" in shown
    assert "(3 s of silence)" in shown
    (line,) = (line for line in shown.splitlines() if line.rstrip().endswith(SHOUTED))
    assert line.split()[:5] == ["0:33", "customer", "−0.89", "angry", "90"]


def test_a_call_id_of_several_recordings_is_ambiguous(report: Report) -> None:
    with pytest.raises(CallmoodError, match=r"matches 2 recordings.*of one id\.wav"):
        report("--call", "7")


def test_an_unknown_call_is_reported(report: Report) -> None:
    with pytest.raises(CallmoodError, match='No call "nine"'):
        report("--call", "nine")


def test_files_of_the_same_name_are_listed_with_their_paths(report: Report) -> None:
    with pytest.raises(
        CallmoodError, match=r'"empty" matches 2 .*whole path of one: /calls/empty.wav, /other/empty.wav\.'
    ):
        report("--call", "empty")


@pytest.mark.parametrize(
    ("name", "why"),
    [("broken.mp3", "broken.mp3 holds no audio."), ("/calls/empty.wav", "empty.wav is empty.")],
)
def test_a_failed_call_is_reported_with_its_reason(report: Report, name: str, why: str) -> None:
    with pytest.raises(CallmoodError, match=f"could not be scanned: {why}"):
        report("--call", name)


def test_calls_that_ended_worst_come_first(report: Report) -> None:
    rows = table(report("--call", "--format", "csv"))
    assert len(rows) == 5
    assert (rows[0]["call"], rows[0]["call_id"]) == ("angry.wav", "0815")
    assert rows[0]["ended_worse"] == "true"


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--queue"], {"billing", "sales", "(unknown)"}),
        (["--day"], {"2026-11-20", "2026-11-21", "2026-11-22", "(unknown)"}),
        (["--by", "region"], {"north", "(unknown)"}),
        (["--since", "2026-11-21"], {"Chris L", "Ann"}),
        (["--until", "2026-11-20"], {"Ann"}),
        (["--until", "2026-11-21T18:30"], {"Ann"}),
        (["--since", "today"], set()),
    ],
)
def test_calls_are_grouped_and_bounded(report: Report, flags: list[str], names: set[str]) -> None:
    assert {row["name"] for row in table(report(*flags, "--format", "csv"))} == names


def test_an_empty_report_says_that_no_call_matches(report: Report) -> None:
    assert "No call matches." in report("--since", "2030-01-01")
    assert "No call matches." in report("Ann", "--since", "2030-01-01")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ["--by", "shoe size"],
            'grouped by "shoe size". Use one of: agent, queue, customer, day, week, month, hour, region',
        ),
        (["--since", "some day"], '"some day" is not a date'),
        (["--sort", "shoe size"], 'No column "shoe size" to sort by. Use one of: name, calls'),
        (["--agent", "--call"], "Give only one of"),
        (["--agent", "--by", "day"], "Give only one of"),
        (["--agent", "Ann", "--call", "0815"], "takes no other name"),
        (["--call", "--since", "2026-11-21", "--against", "previous"], "can't be compared"),
        (["--since", "2026-11-22", "--until", "2026-11-21"], "ends before it begins"),
        (["--against", "2026-11-21"], "compared with themselves"),
        (["--since", "2026-11-20", "--against", "2026-11-20"], "compared with themselves"),
        (["--only", "region"], "write COLUMN=NAME"),
        (["--only", "shoe=9", "--agent"], 'chosen or grouped by "shoe"'),
        (["--format", "csv", "--table", "turns"], 'no table "turns". Use one of: groups, moments'),
        (["--table", "moments"], "--table is for CSV and Parquet"),
        (["--output", "report.html5"], "none of the endings .csv, .json"),
        (["--output", "report"], "none of the endings .csv, .json"),
        (["--output", "/nowhere/report.csv"], "/nowhere/report.csv can't be written"),
    ],
)
def test_a_wrong_flag_is_refused(report: Report, flags: list[str], sentence: str) -> None:
    with pytest.raises(CallmoodError) as error:
        report(*flags)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")


_OF_ENDINGS = {
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".parquet": "parquet",
    ".txt": "table",
    ".xlsx": "xlsx",
}


@pytest.mark.parametrize("command", [("report",), ("sql", "SELECT 1 AS one")])
@pytest.mark.parametrize("format", _OF_ENDINGS.values())
@pytest.mark.parametrize("ending", [*_OF_ENDINGS, ".html", ".htm", ".XLSX", ".log", ""])
def test_a_format_and_an_ending_that_contradict_are_wrong_usage(
    filled: Path, tmp_path: Path, command: tuple[str, ...], format: str, ending: str
) -> None:
    file = tmp_path / f"r{ending}"
    agree = _OF_ENDINGS.get(ending.lower(), format) == format and ending not in (".html", ".htm")
    result = CliRunner().invoke(
        app, [*command, "--format", format, "--output", str(file), "--db", str(filled)]
    )
    assert file.exists() == agree
    if not agree:
        assert isinstance(result.exception, UsageError)
        assert f"has the ending of another format than {format}" in str(result.exception)


@pytest.mark.parametrize("ending", _OF_ENDINGS)
def test_a_page_is_not_written_to_a_file_with_the_ending_of_another_format(
    report: Report, tmp_path: Path, ending: str
) -> None:
    with pytest.raises(UsageError, match="another format than HTML"):
        report("--html", tmp_path / f"r{ending}")


def test_the_help_names_every_table(filled: Path) -> None:
    described = " ".join(CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "300"}).output.split())
    with callmood.open(filled) as database:
        for kind in ({}, {"name": "Ann"}, {"by": "call"}, {"by": "call", "name": "0815"}):
            for name in tables(database.report(**kind)):
                assert name in described[described.index("The table in CSV") :]


def test_one_call_is_not_calls(db: Connection, db_path: Path) -> None:
    """Wherever a count is told with its noun."""
    write_call(db, 1, "m1", angry_call(name="a.wav", agent="Ann"))
    db.close()
    for flags in ([], ["Ann"], ["--call"], ["--call", "a"], ["--explain"]):
        shown = CliRunner().invoke(app, ["report", *flags, "--db", str(db_path)]).output
        assert re.findall(r"\b1 (?:of the )?(?:calls|segments|recordings)\b", shown) == []


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--agent", "ann", "--by", "day", "--since", "2026-11-21"], {"2026-11-22"}),
        (["--agent", "Ann", "--day"], {"2026-11-20", "2026-11-22"}),
        (["--queue", "sales", "--agent"], {"Ann"}),
        (["--only", "region=north", "--by", "week"], {"2026-W47"}),
        (["--agent", "Ann", "--only", "region=north", "--day"], {"2026-11-20"}),
        (["--day", "2026-11-21", "--agent"], {"Chris L"}),
        (["--by", "month"], {"2026-11", "(unknown)"}),
        (["--agent", "Ann", "--by", "hour"], {"09:00"}),
    ],
)
def test_a_report_is_limited_by_several_names(report: Report, flags: list[str], names: set[str]) -> None:
    assert {row["name"] for row in table(report(*flags, "--format", "csv"))} == names


@pytest.mark.parametrize(
    "flags", [["--agent", "Ann", "--call"], ["--call", "--agent", "Ann"], ["--agent", "Ann"]]
)
def test_the_calls_of_one_agent_have_rows(report: Report, flags: list[str]) -> None:
    assert [row["call"] for row in table(report(*flags, "--format", "csv"))] == ["one.wav", "two.wav"]


@pytest.mark.parametrize(
    ("flags", "first"),
    [
        (["Chris L", "--table", "moments"], SHOUTED),
        (["--call", "0815", "--table", "moments"], SHOUTED),
        (["--call", "0815", "--table", "turns"], "good morning"),
        (["Chris L", "--table", "groups"], None),
    ],
)
def test_each_table_of_a_report_can_be_had_as_csv(
    report: Report, flags: list[str], first: str | None
) -> None:
    (row, *_) = table(report(*flags, "--format", "csv"))
    assert row.get("text") == first


def test_a_report_against_another_period_has_both(report: Report) -> None:
    flags = [
        "--agent",
        "--since",
        "2026-11-21",
        "--until",
        "2026-11-22",
        "--against",
        "2026-11-19 to 2026-11-20",
    ]
    rows = {row["name"]: row for row in table(report(*flags, "--format", "csv"))}
    assert (rows["Ann"]["calls"], rows["Ann"]["calls_before"]) == ("1", "1")
    assert (rows["Chris L"]["calls"], rows["Chris L"]["calls_before"]) == ("1", "")
    assert "Compared with 2026-11-19 to 2026-11-20" in report(*flags)


def test_rows_are_sorted_and_limited(report: Report) -> None:
    def names(*flags: str) -> list[str]:
        return [row["name"] for row in table(report(*flags, "--format", "csv"))]

    assert names("--sort", "name") == ["(unknown)", "Ann", "Chris L"]
    assert names("--sort", "-name", "--limit", "2") == ["Chris L", "Ann"]


def test_moods_of_the_other_role(report: Report) -> None:
    assert {row["role"] for row in table(report("--role", "agent", "--format", "csv"))} == {"agent"}
    assert SHOUTED not in report("--role", "agent")


def test_a_database_without_calls_says_to_scan(db: Connection, db_path: Path) -> None:
    db.close()
    result = CliRunner().invoke(app, ["report", "--db", str(db_path)])
    assert isinstance(result.exception, CallmoodError)
    assert "Scan some" in str(result.exception)


def test_a_missing_database_is_reported_with_exit_code_1(tmp_path: Path) -> None:
    code = "import sys; from callmood.cli.app import main; sys.argv[0] = 'callmood'; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", "--db", tmp_path / "no.duckdb"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("callmood: There is no database at")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("width", [40, 50, 56, 80, 120])
@pytest.mark.parametrize("flags", [[], ["Chris L"], ["--call"], ["--call", "0815"], ["--day"]])
def test_a_table_fits_the_terminal(
    report: Report, monkeypatch: pytest.MonkeyPatch, width: int, flags: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = report(*flags)
    assert max(cell_len(line) for line in shown.splitlines()) <= width
    assert "…" not in shown


@pytest.mark.parametrize("width", [36, 40, 50, 56, 64])
@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ([], "Chris L"),
        (["Chris L"], "Chris L"),
        (["--call"], "one.wav"),
        (["--call", "0815"], "customer"),
        (["--day"], "2026-11-21"),
    ],
)
def test_no_figure_and_no_name_is_cut_on_a_narrow_terminal(
    report: Report, monkeypatch: pytest.MonkeyPatch, width: int, flags: list[str], name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    figures = set(re.findall(r"[+−]?\d[\d.:]*", report(*flags)))
    monkeypatch.setenv("COLUMNS", str(width))
    shown = report(*flags)
    assert set(re.findall(r"[+−]?\d[\d.:]*", shown)) <= figures
    assert name in shown


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("\u00ad=1", "'\u00ad=1"),
        ("﹢1+1", "'﹢1+1"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1+1", "'－1+1"),
        ("＠SUM(A1)", "'＠SUM(A1)"),
        ("+49 170 1234567", "+49 170 1234567"),
        ("+491701234567", "+491701234567"),
        ("+49-170-1234567", "'+49-170-1234567"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2.5", "-2.5"),
        ("\x1b[2J", "\\x1b[2J"),
    ],
)
def test_no_spreadsheet_computes_text_and_a_phone_number_stays_one(
    db: Connection, db_path: Path, text: str, cell: str
) -> None:
    write_call(db, 1, "m1", make_call(name="a.wav", metadata={"note": text}))
    db.close()

    def names(*options: str) -> list[str]:
        command = ["report", "--by", "note", "--format", "csv", "--db", str(db_path), *options]
        return [row["name"] for row in table(CliRunner().invoke(app, command).output)]

    assert names() == [cell] and names("--raw") == [text]


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet", "a.md", "a.txt"])
def test_a_written_report_is_for_its_owner_only(report: Report, tmp_path: Path, name: str) -> None:
    report("--output", tmp_path / name)
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [(name, 0o600)]


@pytest.mark.parametrize(
    "flags", [[], ["--day"], ["--agent", "--since", "2026-11-21", "--against", "2026-11-20"]]
)
def test_every_column_of_groups_is_there_on_a_narrow_terminal(
    report: Report, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    words = Counter(report(*flags).split("Worst moments")[0].replace("─", "").split())
    monkeypatch.setenv("COLUMNS", "80")
    assert words - Counter(report(*flags).split("Worst moments")[0].split()) == {}


def test_columns_of_a_list_that_do_not_fit_are_named(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Hidden" not in report("--call")
    monkeypatch.setenv("COLUMNS", "80")
    assert "Hidden on this narrow terminal: started, agent talks" in " ".join(report("--call").split())


def test_figures_of_few_calls_have_no_interval_and_say_why(report: Report) -> None:
    line = next(line for line in report().splitlines() if line.strip().startswith("Chris L"))
    assert "−1.89 few calls" in line
    assert "few calls" in report("Chris L").split("Worst moments")[0]


def test_notes_explain_figures_and_what_they_leave_out(report: Report) -> None:
    shown = " ".join(report("--explain").split())
    for words in (
        "mood: −1 = angry",
        "95 % interval",
        "Not included: 1 recording",
        "included: 2 files that",
        "listen before you judge",
    ):
        assert words in shown


@pytest.mark.parametrize("flags", [[], ["Ann"], ["--call"], ["--call", "0815"], ["--day"]])
def test_one_line_stands_below_a_report(
    report: Report, flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    shown = report(*flags)
    below = shown.rstrip().split("\n\n")[-1]
    assert below.count("\n") == 0 and below.endswith("listen before you judge. --explain says more.")
    assert ("–" in shown.replace("–" + " means", "").split()) == ("– means not known." in below)


def test_what_must_be_said_is_not_shortened(db: Connection, db_path: Path) -> None:
    write_call(db, 1, "m1", make_call(name="1"))
    write_call(db, 2, "m2", make_call(name="2", warnings=["the right channel is silent"]))
    db.close()
    for flags, said in (
        ([], "scored by 2 different models"),
        (["--call", "2"], "the right channel is silent"),
    ):
        assert said in " ".join(
            CliRunner().invoke(app, ["report", *flags, "--db", str(db_path)]).output.split()
        )


def test_json_holds_rows_details_and_notes(report: Report) -> None:
    document = json.loads(report("--agent", "--format", "json"))
    assert [row["name"] for row in document["rows"]] == ["Chris L", "Ann", "(unknown)"]
    assert document["moments"][0]["text"] == SHOUTED
    assert document["moments"][0]["started_at"] == "2026-11-21T18:30:00"
    assert document["overview"]["calls"] == 5
    assert document["notes"]


def test_no_report_takes_the_place_of_a_database(report: Report, filled: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(filled)
    before = filled.read_bytes()
    for output in (filled, tmp_path / "link.csv"):
        with pytest.raises(UsageError, match="is a database"):
            report("--output", output)
    assert filled.read_bytes() == before


def test_the_extension_of_the_output_chooses_the_format(report: Report, tmp_path: Path) -> None:
    parquet = tmp_path / "agents.parquet"
    assert report("--output", parquet) == ""
    frame = pl.read_parquet(parquet)
    assert frame.get_column("name").to_list() == ["Chris L", "Ann", "(unknown)"]
    assert frame.schema["mood_change_margin"] == pl.Float64
    calls = tmp_path / "calls.parquet"
    report("--call", "--output", calls)
    assert pl.read_parquet(calls).schema["started_at"] == pl.Datetime("us")
    report("--output", tmp_path / "agents.txt")
    assert "Calls by agent" in (tmp_path / "agents.txt").read_text(encoding="utf-8")


def test_a_csv_file_says_that_it_is_utf_8(report: Report, tmp_path: Path) -> None:
    report("--output", tmp_path / "agents.csv")
    data = (tmp_path / "agents.csv").read_bytes()
    assert data.startswith(b'\xef\xbb\xbf"name"')
    assert pl.read_csv(data).columns[0] == "name"


def test_a_workbook_has_each_table_with_numbers_and_text_that_is_not_computed(
    db: Connection, db_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("xlsxwriter")
    write_call(db, 1, "m1", angry_call(agent='=HYPERLINK("http://x")'))
    db.close()
    book = tmp_path / "agent.xlsx"
    CliRunner().invoke(app, ["report", '=HYPERLINK("http://x")', "--output", str(book), "--db", str(db_path)])
    with zipfile.ZipFile(book) as parts:
        texts = {name: parts.read(name).decode() for name in parts.namelist()}
    assert re.findall('<sheet name="([^"]+)"', texts["xl/workbook.xml"]) == [
        "Groups",
        "Calls",
        "Moments",
        "Categories",
        "Group categories",
    ]
    sheets = [text for name, text in texts.items() if name.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    assert any("<v>0.9</v>" in sheet for sheet in sheets)


def test_a_call_has_one_name_everywhere(db: Connection, db_path: Path) -> None:
    """Its file, with the folder if others have a file of that name; the report of that name is of that call."""
    for folder in ("/calls/ann", "/calls/ben"):
        write_call(
            db, 1, "m1", angry_call(name=folder, path=Path(folder) / "000.wav", call_id="7", agent="Ann")
        )
    write_call(db, 1, "m1", angry_call(name="alone.wav", call_id="8", agent="Ann"))
    db.close()

    def run(*flags: str) -> str:
        result = CliRunner().invoke(app, ["report", *flags, "--db", str(db_path)])
        assert result.exit_code == 0, result.exception
        return result.output

    names = {"ann/000.wav", "ben/000.wav", "alone.wav"}
    for flags in (["--call"], ["--agent", "Ann"], ["--table", "moments"]):
        assert {row["call"] for row in table(run(*flags, "--format", "csv"))} == names
    shown = run("--call", "ben/000.wav")
    assert "Call ben/000.wav" in shown and "/calls/ben/000.wav" in shown


def test_a_duration_below_a_second_is_not_nothing(db: Connection, db_path: Path) -> None:
    lines: list[Line] = [(AGENT, 0.0, 10.0, "one two"), (CUSTOMER, 9.34, 20.0, "three")]
    write_call(db, 1, "m1", make_call(lines, name="a.wav"))
    db.close()
    shown = CliRunner().invoke(app, ["report", "--call", "a", "--db", str(db_path)]).output
    assert re.search(r"Overtalk +0\.7 s", shown)


def test_markdown_is_a_page_with_tables(report: Report) -> None:
    shown = report("--format", "markdown")
    assert shown.startswith("# Calls by agent\n")
    assert "| Agent | Calls | Audio | Agent talks |" in shown
    assert "| Chris L | 1 | 40 s |" in shown


def test_a_transcript_is_not_a_formula_markup_or_sql(db: Connection, db_path: Path) -> None:
    evil = [
        '=HYPERLINK("http://x")',
        "+1",
        "-1",
        "@sum",
        "\ttab",
        "a | b *c* [red]d[/red]",
        "'; DROP TABLE word;--",
        "🤬",
    ]
    lines: list[Line] = [
        (index % 2, float(index), index + 1.0, text, feeling("angry")) for index, text in enumerate(evil)
    ]
    write_call(db, 1, "m1", make_call(lines, call_id="evil", agent="=Ann|[b]"))
    db.close()

    def run(*flags: str) -> str:
        return CliRunner().invoke(app, ["report", *flags, "--db", str(db_path)]).output

    texts = [row["text"] for row in table(run("--call", "evil", "--format", "csv"))]
    assert texts == ["'" + evil[0], "+1", "-1", "'@sum", "'\ttab", *evil[5:]]
    assert [row["text"] for row in json.loads(run("--call", "evil", "--format", "json"))["rows"]][:3] == evil[
        :3
    ]
    assert "a \\| b \\*c\\* \\[red\\]d" in run("--call", "evil", "--format", "markdown")
    assert "[red]d[/red]" in run("--call", "evil")
    assert "=Ann|[b]" in run("--agent", "=Ann|[b]")
    with open_db(db_path, read_only=True) as con:
        assert con.execute("SELECT count(*) > 0 FROM word").fetchall() == [(True,)]


def test_a_report_loads_no_model(filled: Path) -> None:
    code = (
        "import sys; from callmood.cli.app import app; app(['report', '--agent', '--db', sys.argv[1]], "
        "standalone_mode=False); "
        "print('loaded:', {'torch', 'whisperx', 'transformers', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, filled], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: set()"


def test_help_names_every_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = CliRunner().invoke(app, ["report", "--help"]).output
    for flag in (
        "--agent",
        "--call",
        "--day",
        "--queue",
        "--by",
        "--since",
        "--until",
        "--role",
        "--sort",
        "--limit",
    ):
        assert flag in shown
