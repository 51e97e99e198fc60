"""How `callmood scan` words its counts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from factory import make_call
from typer.testing import CliRunner

import callmood
from callmood.batch.estimate import Estimate
from callmood.batch.run import Progress
from callmood.batch.summary import Summary
from callmood.call import Failure
from callmood.cli import scan as scan_command
from callmood.cli.app import app
from callmood.engine.local import Event
from callmood.pipeline.pipeline import Job


def scan_output(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    number: int,
    options: Sequence[str] = (),
    **counts: dict[str, int] | list[str],
) -> str:
    """All output of a scan with ``options``, ``number`` of everything, and ``counts``."""
    monkeypatch.chdir(folder)
    summary = Summary(total=number, skipped=number, copies=number, done=number, segments=number)
    for name, count in counts.items():
        setattr(summary, name, count)
    summary.stale_scores = summary.stale_transcripts = number

    def scan(*_: object, progress: Callable[[Progress], None], **__: object) -> Summary:
        progress(Progress(summary))
        return summary

    monkeypatch.setattr(callmood, "scan", scan, raising=False)
    return CliRunner().invoke(app, ["scan", "calls", *options]).output


def test_what_a_scan_does_is_said_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    said: list[str] = []
    monkeypatch.setattr(scan_command, "say", lambda line, file: said.append(line))
    jobs = [Job(make_call(name=f"call {number}").recording, expected_s=600.0) for number in range(40)]
    estimate, summary = Estimate(jobs), Summary(total=40, started=100.0)
    with scan_command._lines() as update:
        update(Progress(summary, None, estimate))
        estimate.learn(Event(0, None, tuple(jobs[:2])), clock[0])
        for number, job in enumerate(jobs):
            clock[0] += 20.0
            call = replace(make_call(name=f"call {number}"), duration_s=600.0)
            estimate.learn(Event(0, job, tuple(jobs[number + 1 : number + 3]), 600.0), clock[0])
            summary.add(call)
            update(Progress(summary, call, estimate))
    assert said[:3] == [
        "loading the models",
        "1 of 40 recordings, 10 min of audio, RTFx 30, 13 min left",
        "3 of 40 recordings, 30 min of audio, RTFx 30, 12 min left",
    ]
    assert said[-1].startswith("39 of 40 recordings")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_progress_is_no_part_of_the_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str]
) -> None:
    scan_output(monkeypatch, tmp_path, 2, options, failures={})
    done = CliRunner().invoke(app, ["scan", "calls", *options])
    assert "loading the models" not in done.stdout and "0 recordings" not in done.stdout
    assert ("2 recordings to scan" in done.stderr) is not bool(options)


def test_one_is_singular(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    output = scan_output(monkeypatch, tmp_path, 1)
    for words in (
        "1 recording to scan;",
        "1 is stored already;",
        "1 of them was scored",
        "1 of them was transcribed",
        "1 duplicate file skipped.",
        "1 recording scanned (",
        "1 segment)",
    ):
        assert words in output


def test_the_next_command_names_a_database_that_it_would_not_find(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "next: callmood report --agent\n" in scan_output(monkeypatch, tmp_path, 1)
    elsewhere = ["--db", "last night/callmood.duckdb"]
    assert "--agent --db 'last night/callmood.duckdb'\n" in scan_output(monkeypatch, tmp_path, 1, elsewhere)


def test_two_are_plural(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    output = scan_output(monkeypatch, tmp_path, 2)
    for words in (
        "2 recordings to scan;",
        "2 are stored already;",
        "2 of them were scored",
        "2 of them were transcribed",
        "2 duplicate files skipped.",
        "2 recordings scanned (",
        "2 segments)",
    ):
        assert words in output


def test_files_passed_over_are_in_the_first_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    output = scan_output(monkeypatch, tmp_path, 1, passed_over={".ulaw": 1, ".sln": 6})
    assert "; 7 other files passed over (.sln, .ulaw)." in output


def test_where_agents_are_known_from_is_in_the_summary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    output = scan_output(monkeypatch, tmp_path, 0, agents={"folder": 3, "metadata table": 1, "unknown": 2})
    assert (
        "Agents known from: metadata table 1, folder 3. No agent is known of 2 recordings: give a" in output
    )
    output = scan_output(monkeypatch, tmp_path, 0, agents={"unknown": 5})
    assert "\nNo agent is known of 5 recordings: give a table of calls with --metadata, or" in output
    assert "Agents known from" not in output


def test_notes_on_tables_are_all_shown_because_they_are_stored_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    warnings = [f"{at}.wav: clipped" for at in range(9)]
    notes = [f"note {at} on calls.csv\x1b[2J" for at in range(9)]
    output = scan_output(monkeypatch, tmp_path, 0, notes=notes, warnings=warnings)
    assert all(f"note: note {at} on calls.csv\\x1b[2J\n" in output for at in range(9))
    assert output.count("clipped") == 5 and "4 more warnings are stored" in output


def test_files_that_could_not_be_read_are_not_among_the_recordings_seen() -> None:
    summary = Summary(total=1)
    summary.add(Failure(Path("empty.wav"), "empty file", "empty.wav is empty."))
    assert (summary.failed, summary.seen) == (1, 0)
