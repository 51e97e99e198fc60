"""`callmood export`: tables of a stable schema, and files that other tools read."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from factory import AGENT, CUSTOMER, Line, feeling, make_call, on
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.reports.frames import query
from callmood.reports.transcripts import transcripts
from callmood.store import Connection, open_db, write_call

CARD = "my card is four one one one one one one one one one one one one one one one"
LINES: list[Line] = [
    (AGENT, 0.0, 2.0, "hello"),
    (CUSTOMER, 1.5, 6.25, "<b>this</b> is a --> \x1b[2Jdisgrace", feeling("angry", 0.9)),
    (CUSTOMER, 7.0, 8.0, "", feeling("sad", 0.8)),
    (AGENT, 3700.0, 3701.0, 'the "card"\nplease'),
    (CUSTOMER, 3702.0, 3710.0, CARD),
]
SCHEMA = Path(__file__).parents[1] / "docs" / "EXPORT.md"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of three calls, to which no test writes."""
    path = tmp_path_factory.mktemp("filled") / "callmood.duckdb"
    with open_db(path) as con:
        for call in (
            make_call(
                LINES, name="a.wav", agent="=Ann", started_at=on("2026-11-20"), metadata={"region": "north"}
            ),
            make_call(LINES[:2], name="b.wav", agent="Ben/Bo", started_at=on("2026-11-21"), queue="sales"),
            make_call(LINES[:1], name="c.wav"),
        ):
            write_call(con, 1, "m1", call)
    return path


def run(db: Path, *arguments: object) -> str:
    result = CliRunner().invoke(app, ["export", *map(str, arguments), "--db", str(db)])
    if isinstance(result.exception, callmood.CallmoodError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", ["calls", "segments", "words", "agents"])
def test_the_columns_are_those_that_are_documented(filled: Path, name: str) -> None:
    section = SCHEMA.read_text(encoding="utf-8").split(f"### {name}\n")[1].split("\n#")[0]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    found = list(json.loads(run(filled, name, "--format", "json"))[0])
    assert [column for column in found if column != "region"] == documented


def test_every_format_of_tables_has_the_same_rows(filled: Path, tmp_path: Path) -> None:
    for format in ("parquet", "csv", "json"):
        run(filled, "--format", format, "--output", tmp_path)
    for name, rows in (("calls", 3), ("segments", 8), ("agents", 3)):
        frames = [
            pl.read_parquet(tmp_path / f"{name}.parquet"),
            pl.read_csv(tmp_path / f"{name}.csv"),
            pl.DataFrame(json.loads((tmp_path / f"{name}.json").read_text()), infer_schema_length=None),
        ]
        assert {frame.height for frame in frames} == {rows}
        assert frames[0].columns == frames[1].columns == frames[2].columns
    assert pl.read_parquet(tmp_path / "calls.parquet").schema["started_at"] == pl.Datetime("us")


def test_files_and_folders_are_for_their_owner_only(filled: Path, tmp_path: Path) -> None:
    run(filled, "segments", "--format", "csv", "--partition-by", "day", "--output", tmp_path / "out")
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}


def test_a_csv_file_is_read_right_by_all(filled: Path, tmp_path: Path) -> None:
    run(filled, "calls", "--output", tmp_path / "calls.csv")
    assert (tmp_path / "calls.csv").read_bytes().startswith(b'\xef\xbb\xbf"call"')
    for columns in (
        duckdb.read_csv(str(tmp_path / "calls.csv")).columns,
        list(pd.read_csv(tmp_path / "calls.csv").columns),
        pl.read_csv(tmp_path / "calls.csv").columns,
    ):
        assert columns[:2] == ["call", "recording_id"]


def test_no_spreadsheet_computes_what_is_exported(filled: Path) -> None:
    assert {row["agent"] for row in table(run(filled, "calls", "--format", "csv"))} == {"'=Ann", "Ben/Bo", ""}
    assert "=Ann" in {row["agent"] for row in table(run(filled, "calls", "--format", "csv", "--raw"))}


@pytest.mark.parametrize("format", ["csv", "json", "srt", "vtt", "textgrid", "audacity"])
def test_what_is_said_is_redacted_unless_it_is_wanted(filled: Path, tmp_path: Path, format: str) -> None:
    run(filled, "--format", format, "--output", tmp_path / "safe")
    run(filled, "--format", format, "--no-redact", "--output", tmp_path / "plain")

    def text(folder: str) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in (tmp_path / folder).iterdir())

    assert "[card number]" in text("safe") and "one one" not in text("safe")
    assert CARD in text("plain")


def test_the_words_of_a_secret_are_one(filled: Path) -> None:
    words = [row for row in table(run(filled, "words", "--format", "csv")) if row["segment"] == "4"]
    assert [row["text"] for row in words] == ["my", "card", "is", "[card number]"]
    assert [row["word"] for row in words] == ["0", "1", "2", "3"]
    assert float(words[-1]["end_s"]) == 3710.0


@pytest.mark.parametrize(
    ("flags", "calls"),
    [
        (["--agent", "ben/bo"], ["b.wav"]),
        (["--only", "region=north"], ["a.wav"]),
        (["--since", "2026-11-21"], ["b.wav"]),
        (["--until", "2026-11-20"], ["a.wav"]),
        (["--call", "c"], ["c.wav"]),
    ],
)
def test_an_export_is_limited_as_a_report_is(filled: Path, flags: list[str], calls: list[str]) -> None:
    assert [row["call"] for row in table(run(filled, "calls", "--format", "csv", *flags))] == calls
    segments = table(run(filled, "segments", "--format", "csv", *flags))
    assert list(dict.fromkeys(row["call"] for row in segments)) == calls


def test_each_call_has_its_own_rows_in_whatever_order_calls_are_asked_for(filled: Path) -> None:
    with open_db(filled, read_only=True) as con:
        calls = query(con, "SELECT id AS recording_id, path AS call FROM recording ORDER BY path DESC", {})
        said = list(transcripts(con, calls.to_dicts(), words=True, speech=True))
    assert [len(one.segments) for one in said] == [1, 2, 5]
    assert [len(one.speech) for one in said] == [1, 2, 5]
    assert all(row["call"] in one.call["call"] for one in said for row in (*one.segments, *one.words))


@pytest.mark.parametrize(
    ("by", "parts"),
    [("agent", {"=Ann", "Ben/Bo", "(unknown)"}), ("region", {"north", "(unknown)"})],
)
def test_parts_are_read_as_one_table(filled: Path, tmp_path: Path, by: str, parts: set[str]) -> None:
    run(filled, "segments", "--format", "parquet", "--partition-by", by, "--output", tmp_path)
    pattern = str(tmp_path / "segments" / "*" / "*.parquet")
    found = duckdb.sql(
        f"SELECT {by}, count(*) FROM read_parquet('{pattern}', hive_partitioning=true) GROUP BY ALL"
    )
    rows = found.fetchall()
    assert {name for name, _ in rows} == parts and sum(count for _, count in rows) == 8
    read = pl.read_parquet(tmp_path / "segments", hive_partitioning=True)
    assert set(read[by]) == parts and read.height == 8


def test_a_part_without_calls_is_removed_and_nothing_else(filled: Path, tmp_path: Path) -> None:
    options = ["segments", "--format", "parquet", "--partition-by", "day", "--output", tmp_path]
    run(filled, *options)
    (tmp_path / "segments" / "day=2026-11-20" / "notes.txt").touch()
    run(filled, *options, "--since", "2026-11-21")
    left = {str(path.relative_to(tmp_path / "segments")) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"day=2026-11-21/segments.parquet", "day=2026-11-20/notes.txt"}


def test_subtitles_have_times_speakers_and_plain_text(filled: Path) -> None:
    srt = run(filled, "--format", "srt", "--call", "a.wav").split("\n\n")
    assert srt[1] == ("2\n00:00:01,500 --> 00:00:06,250\nCustomer: <b>this</b> is a -> \\x1b[2Jdisgrace")
    assert srt[2] == '3\n01:01:40,000 --> 01:01:41,000\nAgent: the "card" please'
    vtt = run(filled, "--format", "vtt", "--call", "a.wav").split("\n\n")
    assert vtt[0] == "WEBVTT"
    assert vtt[2] == (
        "00:00:01.500 --> 00:00:06.250\n<v Customer>&lt;b&gt;this&lt;/b&gt; is a --&gt; \\x1b[2Jdisgrace</v>"
    )


def test_labels_have_moods_and_what_was_not_transcribed(filled: Path) -> None:
    labels = [
        line.split("\t") for line in run(filled, "--format", "audacity", "--call", "a.wav").splitlines()
    ]
    assert labels[2] == ["7.000000", "8.000000", "Customer:  (sad)"]
    assert {len(label) for label in labels} == {3}


def test_rttm_says_who_is_heard_when(filled: Path) -> None:
    lines = run(filled, "--format", "rttm", "--call", "b.wav").splitlines()
    assert lines == [
        "SPEAKER b.wav 1 0.000 2.000 <NA> <NA> Agent <NA> <NA>",
        "SPEAKER b.wav 2 1.500 4.750 <NA> <NA> Customer <NA> <NA>",
    ]


def test_a_textgrid_has_tiers_without_gaps_and_overlaps(filled: Path) -> None:
    text = run(filled, "--format", "textgrid", "--call", "a.wav")
    tiers = text.split("item [")[2:]
    assert [re.findall('name = "(.*)"', tier)[0] for tier in tiers] == [
        f"{who}{what}" for who in ("Agent", "Customer") for what in ("", " emotion", " words")
    ]
    for tier in tiers:
        starts, ends = (
            [float(value) for value in re.findall(rf"{name} = ([\d.]+)", tier)][1:]
            for name in ("xmin", "xmax")
        )
        assert starts == [0.0, *ends[:-1]] and ends[-1] == 3710.0
    assert 'text = "the ""card"" please"' in text


def test_each_call_is_a_file_and_none_leaves_the_folder(
    db: Connection, db_path: Path, tmp_path: Path
) -> None:
    for number, path in enumerate(("/x/a/../c.wav", "/y/c.wav", "/y/..\\..\\con.wav", "/y/c.mp3")):
        write_call(db, 1, "m1", make_call(LINES[:1], name=str(number), path=Path(path)))
    db.close()
    run(db_path, "--format", "srt", "--output", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".srt"}


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--output", "tables"], "Which format"),
        (["--format", "csv"], "several files. Give a folder"),
        (["words", "--format", "srt"], "leave out words"),
        (["--format", "srt", "--partition-by", "day", "--output", "x"], "Only tables have parts"),
        (["calls", "--format", "csv", "--since", "2030-01-01"], "No call is to be exported"),
        (["calls", "--format", "csv", "--agent", "Zoe"], 'No calls with the agent "Zoe"'),
        (["calls", "--format", "csv", "--partition-by", "shoe", "--output", "x"], 'grouped by "shoe"'),
        (["calls", "--output", "/nowhere/at/all.csv"], "can't be written"),
        (["--format", "csv", "--output", __file__], "is a file, and this export is several"),
    ],
)
def test_what_can_not_be_exported_is_said(
    filled: Path, flags: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if sentence == "can't be written":
        (tmp_path / "file").touch()
        flags = ["calls", "--output", str(tmp_path / "file" / "all.csv")]
    with pytest.raises(callmood.CallmoodError, match=re.escape(sentence)):
        run(filled, *flags)


@pytest.mark.parametrize(
    ("format", "file"),
    [("csv", "x.json"), ("json", "x.PARQUET"), ("csv", "x.xlsx"), ("srt", "x.vtt"), ("audacity", "x.html")],
)
def test_a_file_with_the_ending_of_another_format_is_wrong_usage(
    filled: Path, tmp_path: Path, format: str, file: str
) -> None:
    flags = ["--format", format, "--call", "a.wav", "--output", tmp_path / file]
    with pytest.raises(callmood.UsageError, match="the ending of another format"):
        run(filled, *flags)
    assert not (tmp_path / file).exists()


@pytest.mark.parametrize(
    ("format", "file"),
    [("srt", "x.SRT"), ("audacity", "x.txt"), ("textgrid", "x.TextGrid"), ("srt", "call.17")],
)
def test_a_file_may_have_an_ending_that_is_of_no_other_format(
    filled: Path, tmp_path: Path, format: str, file: str
) -> None:
    run(filled, "--format", format, "--call", "a.wav", "--output", tmp_path / file)
    assert (tmp_path / file).is_file()


def test_a_folder_may_have_the_ending_of_another_format(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "calls.json").mkdir()
    run(filled, "--format", "srt", "--output", tmp_path / "calls.json")
    assert len(list((tmp_path / "calls.json").iterdir())) == 3


def test_no_export_takes_the_place_of_a_database(filled: Path) -> None:
    with pytest.raises(callmood.UsageError, match="is a database"):
        run(filled, "calls", "--format", "csv", "--output", filled)


@pytest.mark.parametrize(
    "flags", [["segments", "--format", "csv"], ["words", "--format", "json"], ["--format", "srt"]]
)
def test_text_of_strangers_acts_on_no_terminal(filled: Path, flags: list[str]) -> None:
    assert "\x1b" not in run(filled, *flags, "--call", "a.wav")


@pytest.fixture
def long_names(db: Connection, db_path: Path) -> Path:
    """Two calls whose files have the longest name there is, and agents with names that are longer still."""
    for number in range(2):
        name = "ü" * 120 + f"{number}" + "x" * 10 + ".wav"
        write_call(db, 1, "m1", make_call(name=name, agent="n" * 300 + str(number), queue="q. "))
    write_call(db, 1, "m1", make_call(name="short.wav", agent="Ann", queue="q. "))
    db.close()
    return db_path


@pytest.mark.parametrize("format", ["parquet", "csv", "json"])
def test_parts_whose_names_no_folder_can_have_are_refused_before_anything_is_written(
    long_names: Path, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(callmood.UsageError, match=r"The agent \"n+….*too long.*--partition-by"):
        run(long_names, "--format", format, "--partition-by", "agent", "--output", out)
    assert not out.exists()


def test_no_part_has_a_name_that_a_file_system_changes(long_names: Path, tmp_path: Path) -> None:
    run(long_names, "calls", "--format", "csv", "--partition-by", "queue", "--output", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "calls").iterdir()] == ["queue=q%2E%20"]


@pytest.mark.parametrize("format", ["srt", "textgrid"])
def test_a_call_whose_file_has_the_longest_name_gets_a_shorter_one_of_its_own(
    long_names: Path, tmp_path: Path, format: str
) -> None:
    run(long_names, "--format", format, "--output", tmp_path / "out")
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert len(names) == 3 and max(len(name.encode()) for name in names) <= 255


def test_an_export_that_fails_leaves_the_files_before_as_they_were(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "segments.csv"
    target.write_text("earlier")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(callmood.CallmoodError, match="No space left"):
        run(filled, "segments", "--output", target)
    assert [path.name for path in tmp_path.iterdir()] == ["segments.csv"]
    assert target.read_text() == "earlier"


def test_what_the_documentation_says_of_other_tools_can_be_run(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(filled, "callmood.duckdb")
    run(filled, "--format", "parquet", "--output", "tables")
    run(filled, "calls", "--format", "csv", "--output", "tables")
    run(filled, "segments", "--format", "parquet", "--partition-by", "day", "--output", "tables")
    text = SCHEMA.read_text()
    found: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, found)
    assert {"agents", "calls", "segments"} <= found.keys()
    (panel,) = re.findall(r"^ +(SELECT .*read_parquet.*)$", text, re.MULTILINE)
    with duckdb.connect() as con:  # as Grafana's and Metabase's drivers do
        assert len(con.execute(panel).fetchall()) == 3
