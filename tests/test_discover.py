"""Recordings are found in folders and identified by content, with the facts in names and tables."""

import hashlib
import os
import random
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from changes import Scans
from sounds import CALLS

from callmood.call import CallFacts, Recording
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline.intake.discover import Discovery, discover
from callmood.pipeline.intake.packed import FileHash, FileHashes
from callmood.settings import DiscoverSettings

Make = Callable[..., Path]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


@pytest.fixture
def make(calls: Path) -> Make:
    """Writes a file below the scanned folder; its content is its name, unless given."""

    def write(name: str, content: bytes | None = None) -> Path:
        path = calls / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() if content is None else content)
        return path

    return write


@pytest.fixture
def scans(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Scans:
    return Scans(tmp_path_factory.mktemp("scans"), monkeypatch)


def find(*paths: Path, **settings: object) -> Discovery:
    return discover(paths, DiscoverSettings.model_validate(settings))


def names(found: Discovery) -> list[str]:
    return [recording.path.name for recording in found.recordings]


def only(found: Discovery) -> Recording:
    (recording,) = found.recordings
    return recording


# What is found


def test_folders_are_searched_to_any_depth_in_sorted_order(calls: Path, make: Make) -> None:
    for name in ("b.wav", "a/z.mp3", "a/deep/er/c.opus", "a.FLAC", "notes.txt"):
        make(name)
    found = find(calls)
    assert [str(recording.path.relative_to(calls)) for recording in found.recordings] == [
        "a.FLAC", str(Path("a/deep/er/c.opus")), str(Path("a/z.mp3")), "b.wav",
    ]  # fmt: skip
    assert found.failures == () and found.copies == 0 and found.warnings == ()


def test_recording_is_known_by_its_content(calls: Path, make: Make) -> None:
    path = make("a.wav", b"sound" * 1_000_000)
    before = only(find(calls))
    assert before.id == hashlib.sha256(b"sound" * 1_000_000).hexdigest()
    assert before.size_bytes == 5_000_000

    moved = path.rename(calls / "b.mp3")
    assert only(find(calls)).id == before.id

    moved.write_bytes(b"other")
    assert only(find(calls)).id != before.id


def test_copies_are_one_call(calls: Path, make: Make) -> None:
    for name in ("b/copy.wav", "a/first.wav", "c.wav"):
        make(name, b"the same")
    found = find(calls)
    assert names(found) == ["first.wav"]
    assert found.copies == 2


def test_files_and_folders_may_be_mixed_and_overlap(calls: Path, make: Make) -> None:
    one, _ = make("a/one.wav"), make("b/two.wav")
    found = find(calls, one, calls / "a", calls)
    assert names(found) == ["one.wav", "two.wav"]
    assert found.copies == 0


def test_given_file_is_scanned_whatever_its_extension(make: Make) -> None:
    assert names(find(make("call.dat"), make(".hidden"))) == [".hidden", "call.dat"]


def test_hidden_and_machine_files_are_ignored(calls: Path, make: Make) -> None:
    for name in (".call.wav", "._call.wav", ".git/x.wav", "__MACOSX/x.wav", "call.wav"):
        make(name)
    assert names(find(calls)) == ["call.wav"]


def test_circular_links_end(calls: Path, make: Make) -> None:
    make("a/call.wav")
    try:
        (calls / "a" / "round").symlink_to(calls, target_is_directory=True)
    except OSError:
        pytest.skip("links need rights here")
    assert names(find(calls)) == ["call.wav"]


def test_linked_folder_is_searched(calls: Path, make: Make, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "call.wav").write_bytes(b"x")
    try:
        (calls / "link").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("links need rights here")
    assert names(find(calls)) == ["call.wav"]


@pytest.mark.parametrize(
    "name", ["two words.wav", 'it\'s "it".wav', "😡.wav", "für Łukasz 通話.wav", "two\nlines.wav"]
)
def test_any_file_name_is_found(calls: Path, make: Make, name: str) -> None:
    make(name)
    assert names(find(calls)) == [name]


def test_paths_are_absolute(calls: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make("a.wav")
    monkeypatch.chdir(calls.parent)
    assert only(find(Path("calls"))).path == path


# What fails


def test_empty_file_is_a_failure_and_the_rest_is_found(calls: Path, make: Make) -> None:
    make("empty.wav", b"")
    make("full.wav")
    found = find(calls)
    assert names(found) == ["full.wav"]
    (failure,) = found.failures
    assert (failure.path.name, failure.reason, failure.error) == (
        "empty.wav", "empty file", "empty.wav is empty.",
    )  # fmt: skip


def test_file_without_permission_is_a_failure(
    calls: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("locked.wav")
    make("open.wav")
    really_open = Path.open

    def deny(path: Path, *args: str) -> object:
        if path.name == "locked.wav":
            raise PermissionError(13, "Permission denied")
        return really_open(path, *args)

    monkeypatch.setattr(Path, "open", deny)
    found = find(calls)
    assert names(found) == ["open.wav"]
    assert [(failure.path.name, failure.reason) for failure in found.failures] == [
        ("locked.wav", "no permission")
    ]


def test_folder_without_permission_is_a_failure(
    calls: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("locked/call.wav")
    make("open/call.wav")
    really_scan = os.scandir

    def deny(folder: str) -> object:
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied", folder)
        return really_scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    found = find(calls)
    assert len(found.recordings) == 1
    (failure,) = found.failures
    assert failure.reason == "no permission"
    assert failure.error == "The folder locked can't be searched: permission denied."


def test_link_to_nowhere_is_a_failure(calls: Path, make: Make) -> None:
    make("call.wav")
    try:
        (calls / "gone.wav").symlink_to(calls / "nowhere.wav")
    except OSError:
        pytest.skip("links need rights here")
    assert [failure.reason for failure in find(calls).failures] == ["missing"]


def test_folder_without_recordings_is_reported(calls: Path, make: Make) -> None:
    with pytest.raises(
        CallmoodError, match=r"^No recordings found in .*calls\. Folders are searched for .*\.$"
    ):
        find(calls)
    make("a.txt")
    make("b.vox")
    with pytest.raises(CallmoodError, match=r"among 2 other files \(\.vox\)\. "):
        find(calls)


def test_files_that_may_be_recordings_are_not_passed_over_in_silence(calls: Path, make: Make) -> None:
    for name in ("a.wav", "b.ulaw", "c.SLN", "d.wav.gz", "e.nmf", "f", "README", "calls.csv", "logo.png"):
        make(name)
    found = find(calls)
    assert names(found) == ["a.wav"]
    assert found.passed_over == {".ulaw": 1, ".sln": 1, ".gz": 1, ".nmf": 1, "": 1}


def test_path_that_does_not_exist_is_reported(calls: Path, make: Make) -> None:
    make("a.wav")
    with pytest.raises(CallmoodError, match=r"nowhere does not exist\.$"):
        find(calls, calls / "nowhere")


# What names say


def test_folder_is_an_agent_only_below_the_scanned_one(calls: Path, make: Make) -> None:
    path = make("anna/xyz.wav")
    assert only(find(calls)).facts.agent == "anna"
    assert only(find(calls / "anna")).facts.agent is None
    assert only(find(path)).facts.agent is None


def test_own_pattern_replaces_the_built_in_ones(calls: Path, make: Make) -> None:
    make("sales/KL-20.11.2026-7.wav")
    pattern = r"(?P<queue>\w+)/(?P<agent>[A-Z]+)-(?P<started_at>[\d.]+)-(?P<desk>\d)"
    recording = only(find(calls, name_pattern=pattern))
    assert (recording.facts.agent, recording.facts.queue) == ("KL", "sales")
    assert recording.facts.started_at == datetime(2026, 11, 20)
    assert recording.facts.metadata == {"desk": "7"}
    assert recording.facts.call_id is None


def test_own_pattern_reports_how_many_names_it_matches(calls: Path, make: Make) -> None:
    for name in ("KL-1.wav", "KL-2.wav", "anna/3.wav"):
        make(name)
    found = find(calls, name_pattern=r"(?P<agent>[A-Z]+)-")
    assert [recording.facts.agent for recording in found.recordings] == ["KL", "KL", None]
    assert found.warnings == ("The name pattern matches 2 of 3 recordings.",)


def test_time_that_cannot_be_parsed_is_kept(calls: Path, make: Make) -> None:
    make("noon.wav")
    facts = only(find(calls, name_pattern=r"(?P<started_at>\w+)")).facts
    assert facts == CallFacts(metadata={"started_at": "noon"})


def test_dates_of_own_pattern_are_read_over_all_names(calls: Path, make: Make) -> None:
    for name in ("03-11-2026.wav", "20-11-2026.wav"):
        make(name)
    found = find(calls, name_pattern=r"(?P<started_at>[\d-]+)").recordings
    assert [each.facts.started_at for each in found] == [datetime(2026, 11, 3), datetime(2026, 11, 20)]


def test_own_pattern_takes_the_time_format(calls: Path, make: Make) -> None:
    make("03-11-2026.wav")
    found = find(calls, name_pattern=r"(?P<started_at>[\d-]+)", time_format="%m-%d-%Y")
    assert only(found).facts.started_at == datetime(2026, 3, 11)


def test_own_pattern_that_never_ends_is_stopped(calls: Path, make: Make) -> None:
    make(f"{'a' * 40}!.wav")
    with pytest.raises(UsageError, match=r"takes too long for a+!\.wav"):
        find(calls, name_pattern=r"^(?P<agent>(a|aa)+)$")


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("timezone", "Europe/Nowhere", "There is no time zone 'Europe/Nowhere'"),
        ("timezone", "../etc", "There is no time zone"),
        ("time_format", "%Q", "The time format '%Q' does not give a date"),
        ("time_format", "%H:%M", "does not give a date"),
    ],
)
def test_wrong_zone_or_format_is_wrong_usage(
    calls: Path, make: Make, setting: str, value: str, why: str
) -> None:
    make("a.wav")
    with pytest.raises(UsageError, match=why):
        find(calls, **{setting: value})


def test_where_agents_are_known_from_is_counted(calls: Path, make: Make, table: Make) -> None:
    for name in ("anna/1.wav", "anna/2.wav", "VIP/x_AGENT_ben.wav", "VIP/3.wav", "VIP/4.wav"):
        make(name)
    found = find(calls, metadata=table("file,agent\n2.wav,Anna B.\n4.wav,"))
    assert found.agents == {"folder": 1, "metadata table": 1, "file name": 1, None: 2}


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?P<agent>", "is not a regular expression"),
        ("[a-z]+", "no named group"),
        ("(?P<Agent>x)", "no named group"),
    ],
)
def test_wrong_pattern_is_reported(calls: Path, make: Make, pattern: str, why: str) -> None:
    make("a.wav")
    with pytest.raises(CallmoodError, match=why) as caught:
        find(calls, name_pattern=pattern)
    assert str(caught.value).endswith(".")


def test_facts_of_the_sample_calls() -> None:
    facts = {
        recording.path.suffix: (
            recording.facts.agent,
            recording.facts.customer,
            recording.facts.queue,
            recording.facts.call_id,
        )
        for recording in find(CALLS).recordings
        if recording.path.suffix != ".wav"
    }
    assert facts == {
        ".mp3": ("anna", None, None, None),
        ".opus": ("anna", "5559876", "support", "1795277730.42"),
        ".m4a": ("ben", None, None, None),
    }
    assert {recording.facts.agent for recording in find(CALLS).recordings} == {"anna", "ben"}
    assert all(recording.facts.started_at for recording in find(CALLS).recordings)


# What the side table says


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "calls.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


ROWS = [
    {"File": "a.wav", "Agent Name": "Zoë", "Start-Time": "2026-11-20 14:30:05", "Team": "red"},
    {"File": "b.wav", "Agent Name": "ben", "Start-Time": "", "Team": ""},
]


def write_csv(path: Path, separator: str = ",", encoding: str = "utf-8") -> Path:
    lines = [separator.join(ROWS[0]), *(separator.join(row.values()) for row in ROWS)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def write_json(path: Path) -> Path:
    import json

    path.write_text(json.dumps(ROWS))
    return path


def write_json_lines(path: Path) -> Path:
    import json

    path.write_text("\n".join(json.dumps({k: v for k, v in row.items() if v}) for row in ROWS))
    return path


def write_parquet(path: Path) -> Path:
    import polars as pl

    frame = pl.DataFrame(ROWS).with_columns(pl.col("Start-Time").str.to_datetime(strict=False))
    frame.write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", write_csv),
        ("t.CSV", lambda path: write_csv(path, ";", "utf-8-sig")),
        ("t.tsv", lambda path: write_csv(path, "\t", "cp1252")),
        ("t.json", write_json),
        ("t.jsonl", write_json_lines),
        ("t.parquet", write_parquet),
    ],
)
def test_table_of_any_kind_is_joined_by_file_name(
    calls: Path, make: Make, tmp_path: Path, name: str, write: Callable[[Path], Path]
) -> None:
    make("x/a.wav")
    make("x/b.wav")
    found = find(calls, metadata=write(tmp_path / name))
    a, b = found.recordings
    assert (a.facts.agent, a.facts.started_at, a.facts.metadata) == (
        "Zoë",
        datetime(2026, 11, 20, 14, 30, 5),
        {"Team": "red"},
    )
    assert (b.facts.agent, b.facts.started_at, b.facts.metadata) == ("ben", None, {})
    assert found.warnings == ()


@pytest.mark.parametrize(
    "cell",
    ["one.wav", "one", "anna/one.wav", "anna/one", "ANNA\\One.WAV", "./anna/one.wav", "s3://bucket/one.wav"],
)
def test_row_names_its_file_in_many_ways(calls: Path, make: Make, table: Make, cell: str) -> None:
    make("anna/one.wav")
    assert only(find(calls, metadata=table(f"file,agent\n{cell},ben"))).facts.agent == "ben"


def test_accents_match_however_they_are_composed(calls: Path, make: Make, table: Make) -> None:
    make("u\u0308ber.wav")
    assert only(find(calls, metadata=table("file,agent\n\u00fcber.wav,ben"))).facts.agent == "ben"


def test_a_name_is_one_however_its_accents_are_composed(calls: Path, make: Make, table: Make) -> None:
    make("Zoe\u0308/a.wav")
    make("b.wav")
    found = find(calls, metadata=table("file,agent\nb.wav,Zo\u00eb"))
    assert {recording.facts.agent for recording in found.recordings} == {"Zo\u00eb"}


def test_table_is_joined_by_call_id_of_the_name_or_by_a_name_that_is_one(
    calls: Path, make: Make, table: Make
) -> None:
    make("x_GUID_17_AGENT_anna.wav")
    make("18.wav")
    found = find(calls, metadata=table("id,Queue\n17,sales\n18,support"))
    assert [(each.facts.call_id, each.facts.queue) for each in found.recordings] == [
        ("18", "support"),
        ("17", "sales"),
    ]


def test_table_overrides_the_name_and_keeps_other_facts(calls: Path, make: Make, table: Make) -> None:
    make("2026-11-20_14-30-05_anna_5551234.wav")
    recording = only(
        find(calls, metadata=table("file,agent,customer\n2026-11-20_14-30-05_anna_5551234,Anna B.,"))
    )
    assert (recording.facts.agent, recording.facts.customer) == ("Anna B.", "5551234")
    assert recording.facts.started_at == datetime(2026, 11, 20, 14, 30, 5)


def test_same_name_in_two_folders_needs_the_folder(calls: Path, make: Make, table: Make) -> None:
    make("x1/one.wav")
    make("x2/one.wav")
    found = find(calls, metadata=table("file,agent\none.wav,ben"))
    assert [recording.facts.agent for recording in found.recordings] == [None, None]
    assert found.warnings == (
        "2 recordings in different folders share a row of calls.csv. Add the folders to its file names.",
    )

    found = find(calls, metadata=table("file,agent\nx1/one.wav,ben\nx2/one.wav,anna"))
    assert [recording.facts.agent for recording in found.recordings] == ["ben", "anna"]
    assert found.warnings == ()


def test_recordings_of_one_call_share_its_row(calls: Path, make: Make, table: Make) -> None:
    make("x1/leg1_GUID_7.wav")
    make("x2/leg2_GUID_7.wav")
    found = find(calls, metadata=table("call_id,agent\n7,ben"))
    assert [recording.facts.agent for recording in found.recordings] == ["ben", "ben"]
    assert len(found.warnings) == 1 and "share their call id" in found.warnings[0]


def test_rows_that_contradict_each_other_are_not_used(calls: Path, make: Make, table: Make) -> None:
    make("one.wav")
    make("two.wav")
    text = "file,agent\none.wav,ben\none.wav,anna\ntwo.wav,anna\ntwo.wav,anna"
    found = find(calls, metadata=table(text))
    assert [recording.facts.agent for recording in found.recordings] == [None, "anna"]
    assert found.warnings == ("1 recording has several rows in calls.csv that differ. None was used.",)


def test_rows_and_recordings_without_a_match_are_reported(calls: Path, make: Make, table: Make) -> None:
    make("one.wav")
    make("two.wav")
    found = find(calls, metadata=table("file,agent,date\none.wav,ben,noon\nthree.wav,anna,"))
    assert found.recordings[0].facts.metadata == {"started_at": "noon"}
    assert found.warnings == (
        "1 of 2 recordings have no row in calls.csv.",
        '1 start time in calls.csv could not be parsed, such as "noon" in line 2. '
        "Use the format 2026-11-20 14:30:05, or give --time-format.",
    )
    found = find(calls, metadata=table("file,agent\nother.wav,ben"))
    assert found.warnings == ("No row of calls.csv matches a recording. The first of 1 is for 'other.wav'.",)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("t.csv", "name,agent\nx,y", "needs a column called file or call_id, and has name, agent"),
        ("t.csv", "", "has no rows"),
        ("t.csv", "file,agent\n", "has no rows"),
        ("t.csv", 'file,agent\n"a,b\nc', "can't be read as CSV"),
        ("t.json", "{", "can't be read as JSON"),
        ("t.json", "[1, 2]", "can't be read as JSON"),
        ("t.parquet", "no parquet", "can't be read as PARQUET"),
        ("t.xlsx", "PK", "has an unknown format"),
        ("t.csv", "PK\x03\x04", "is a workbook"),
    ],
)
def test_broken_table_is_reported(
    calls: Path, make: Make, table: Make, name: str, text: str, why: str
) -> None:
    make("a.wav")
    with pytest.raises(CallmoodError, match=why) as caught:
        find(calls, metadata=table(text, name))
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 400


def test_table_given_after_the_scan_keeps_its_notes(scans: Scans, tmp_path: Path) -> None:
    scans.write("a.wav", "hello")
    scans.scan()
    (tmp_path / "t.csv").write_text("file,date\na.wav,noon\n")
    summary = scans.scan(discover={"metadata": tmp_path / "t.csv"})
    assert summary.total == 0 and 'such as "noon" in line 2' in summary.notes[0]


def test_the_next_nights_table_leaves_what_the_first_said(scans: Scans, tmp_path: Path) -> None:
    scans.write("anna/one.wav", "hello")
    (tmp_path / "monday.csv").write_text("file,agent\none.wav,Anna Brown\n")
    (tmp_path / "tuesday.csv").write_text("file,agent\ntwo.wav,Anna Brown\n")
    scans.scan(discover={"metadata": tmp_path / "monday.csv"})
    scans.write("anna/two.wav", "good morning")
    scans.scan(discover={"metadata": tmp_path / "tuesday.csv"})
    assert scans.rows("SELECT agent FROM recording ORDER BY path") == [("Anna Brown",)] * 2


def test_missing_table_is_reported(calls: Path, make: Make) -> None:
    make("a.wav")
    with pytest.raises(CallmoodError, match=r"nowhere\.csv does not exist\.$"):
        find(calls, metadata=calls / "nowhere.csv")


def started(found: Discovery) -> list[datetime | None]:
    return [recording.facts.started_at for recording in found.recordings]


def test_a_day_above_12_decides_for_all_dates_of_a_table(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    make("b.wav")
    text = "file,date\na.wav,11/3/2026 9:14 PM\nb.wav,11/20/2026 9:14 AM"
    assert started(find(calls, metadata=table(text))) == [
        datetime(2026, 11, 3, 21, 14), datetime(2026, 11, 20, 9, 14),
    ]  # fmt: skip


def test_ambiguous_dates_are_not_read_and_the_option_is_named(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    path = table("file,date\na.wav,3/11/2026 9:14")
    found = find(calls, metadata=path)
    assert started(found) == [None]
    assert found.warnings == (
        '1 start time in calls.csv can be read as more than one day, such as "3/11/2026 9:14" in line 2. '
        "Give --time-format '%d/%m/%Y %H:%M' or '%m/%d/%Y %H:%M'.",
    )
    found = find(calls, metadata=path, time_format="%d/%m/%Y %H:%M")
    assert (started(found), found.warnings) == ([datetime(2026, 11, 3, 9, 14)], ())


def test_time_that_is_not_understood_leaves_the_one_of_the_name(calls: Path, make: Make, table: Make) -> None:
    make("2026-11-20_14-30-05.wav")
    for cell in ("2026-11-20 9:14 XM", "2026-11-20 25:14", "2026-11-20"):
        found = find(calls, metadata=table(f"file,date\n2026-11-20_14-30-05.wav,{cell}"))
        assert started(found) == [datetime(2026, 11, 20, 14, 30, 5)]


def test_two_spellings_of_a_moment_are_one(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    make("b.wav")
    text = "file,start\na.wav,2026-11-20T23:30:00-05:00\nb.wav,2026-11-21T04:30:00Z"
    found = find(calls, metadata=table(text), timezone="Europe/Berlin")
    assert started(found) == [datetime(2026, 11, 21, 5, 30)] * 2


@pytest.mark.parametrize("columns", ["Date,Time", "Time,Date", "Call Date,Start Time"])
def test_date_and_time_of_day_in_two_columns_are_one_time(
    calls: Path, make: Make, table: Make, columns: str
) -> None:
    make("a.wav")
    cells = "9:14 PM,2026-11-20" if columns.startswith("Time") else "2026-11-20,9:14 PM"
    recording = only(find(calls, metadata=table(f"file,{columns}\na.wav,{cells}")))
    assert (recording.facts.started_at, recording.facts.metadata) == (datetime(2026, 11, 20, 21, 14), {})


@pytest.mark.parametrize(
    ("first", "second"),
    [("14:30:05 +02:00", "9:14 Z"), ("9:14 PM", "-"), ("9:14 PM", "noon"), ("25:61", "9:14")],
)
def test_a_time_of_day_in_its_own_column_is_never_midnight(
    calls: Path, make: Make, table: Make, first: str, second: str
) -> None:
    make("a.wav")
    make("b.wav")
    found = find(
        calls, metadata=table(f"file,date,time\na.wav,2026-11-20,{first}\nb.wav,2026-11-20,{second}")
    )
    read = started(found)
    assert any(read) and not any(one is not None and one.hour == one.minute == 0 for one in read)
    assert len(found.warnings) == read.count(None)


@pytest.mark.parametrize(("date", "clock"), [("2026-11-20", "1430"), ("46346", "0.604")])
def test_times_of_day_that_are_not_understood_are_said(
    calls: Path, make: Make, table: Make, date: str, clock: str
) -> None:
    make("a.wav")
    found = find(calls, metadata=table(f"file,date,time\na.wav,{date},{clock}"))
    assert started(found) == [datetime(2026, 11, 20)]
    assert "The column time of calls.csv holds no times of day" in found.warnings[0]


def test_a_format_joins_the_columns_of_date_and_time(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    path = table("file,date,time\na.wav,3/11/2026,1430")
    found = find(calls, metadata=path, time_format="%d/%m/%Y %H%M")
    assert (started(found), found.warnings) == ([datetime(2026, 11, 3, 14, 30)], ())


def test_columns_without_a_cell_give_way_to_those_with(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    text = "file,agent,operator,start,date,time\na.wav,,Anna,,2026-11-20,14:30"
    facts = only(find(calls, metadata=table(text))).facts
    assert (facts.agent, facts.started_at) == ("Anna", datetime(2026, 11, 20, 14, 30))


def test_numbers_that_other_tools_made_fractions_are_whole(calls: Path, make: Make, table: Make) -> None:
    make("12.wav")
    found = find(calls, metadata=table('[{"call_id": 12.0, "agent": 101.0, "price": 1.5}]', "t.json"))
    facts = only(found).facts
    assert (facts.call_id, facts.agent, facts.metadata) == ("12", "101", {"price": "1.5"})


def test_a_quote_may_follow_a_space(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    found = find(calls, metadata=table('file, agent\na.wav, "Coles, Zoe"'))
    assert (only(found).facts.agent, found.warnings) == ("Coles, Zoe", ())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "cp1252"])
def test_table_in_any_encoding_of_spreadsheets(calls: Path, make: Make, table: Make, encoding: str) -> None:
    make("a.wav")
    path = table("Filename\tAgent Name\r\na.wav\tÄnne Müller\r\n", "t.txt", encoding)
    found = find(calls, metadata=path)
    assert (only(found).facts.agent, found.warnings) == ("Änne Müller", ())


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("sep=;\nfile;agent\na.wav;Zoë", ()),
        ('"sep=;"\nfile;agent\na.wav;Zoë', ()),
        ("\n\nfile,agent\na.wav,Zoë", ()),
        ("file|agent\na.wav|Zoë", ()),
        ("file,agent,\na.wav,Zoë,\n,,\n", ()),
        (
            "Calls; November\n\nfile;agent\na.wav;Zoë",
            ("What is above the header of calls.csv, in line 3, was skipped.",),
        ),
        (
            "file,agent,team\na.wav,Zoë,red,who?",
            ("More cells than the header of calls.csv has, which were ignored: line 2.",),
        ),
        (
            "file,agent,team\na.wav,Zoë",
            ("1 row has fewer cells than the header of calls.csv: line 2. What is missing is empty.",),
        ),
    ],
)
def test_table_as_spreadsheets_save_it(
    calls: Path, make: Make, table: Make, text: str, notes: tuple[str, ...]
) -> None:
    make("a.wav")
    found = find(calls, metadata=table(text))
    assert (only(found).facts.agent, found.warnings) == ("Zoë", notes)


def test_row_whose_cells_are_shifted_is_left_out(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    make("b.wav")
    text = (
        "file,agent,date\n"
        'b.wav,"Coles,\nZoe",2026-11-20\n'  # two lines
        "a.wav,Coles, Zoe,2026-11-20\n"
    )
    found = find(calls, metadata=table(text))
    assert [recording.facts.agent for recording in found.recordings] == [None, "Coles, Zoe"]
    assert "start time where it should be: line 4. Left out" in found.warnings[-1]


def test_no_control_characters_reach_a_message(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    for text in ("na\x1b[2Jme,agent\nx,y", "fi\0\0\0\0le\x07s,agent\nx,y"):
        with pytest.raises(CallmoodError) as caught:
            find(calls, metadata=table(text))
        assert str(caught.value).isprintable()
    found = find(calls, metadata=table("file,date\nb\x1b[2J.wav,x\x1b[2J"))
    assert all(warning.isprintable() for warning in found.warnings)


def test_damaged_parquet_is_one_sentence(
    calls: Path, make: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make("a.wav")
    whole = bytearray(write_parquet(tmp_path / "t.parquet").read_bytes())
    refused = 0
    for seed in range(60):
        chance = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        (tmp_path / "t.parquet").write_bytes(damaged)
        try:
            find(calls, metadata=tmp_path / "t.parquet")
        except CallmoodError as error:  # anything else fails the test, polars' PanicException too
            refused += 1
            assert str(error).endswith(".") and str(error).isprintable()
    assert refused
    assert capfd.readouterr().err == ""


def test_line_of_json_that_is_broken_is_named(calls: Path, make: Make, table: Make) -> None:
    make("a.wav")
    with pytest.raises(CallmoodError, match="line 2"):
        find(calls, metadata=table('{"file": "a.wav"}\n{"file": ', "t.jsonl"))


# Many files


def test_a_recording_that_is_stored_takes_little_memory(calls: Path) -> None:
    for number in range(4_000):
        (calls / f"2026-11-20_09-14-05_anna_{5_550_000 + number}.wav").touch()
        os.utime(calls / f"2026-11-20_09-14-05_anna_{5_550_000 + number}.wav", (1e9, 1e9))
    hashes = FileHashes(
        (str(path), FileHash(0, 10**18, hashlib.sha256(path.name.encode()).hexdigest()))
        for path in calls.iterdir()
    )
    discover([calls], DiscoverSettings(), hashes)  # what is loaded once
    tracemalloc.start()
    try:
        found = discover([calls], DiscoverSettings(), hashes)
        # without the interpreter's table of strings, which grows by doubling
        of_callmood = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*callmood*")])
    finally:
        tracemalloc.stop()
    assert len(found.recordings) == 4_000
    held = sum(one.size for one in of_callmood.statistics("filename"))
    assert held / 4_000 < 250  # bytes; a recording is 400 and its path 500
