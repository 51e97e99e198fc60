"""`callmood doctor` says what is there and how to mend what is not."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from callmood.cli.app import app


def doctor(folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["doctor"])
    return result.exit_code, result.stdout


def test_a_whole_installation_is_ok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = doctor(tmp_path, monkeypatch)
    assert code == 0
    assert "missing" not in said
    assert "tiny.en" in said


def test_a_model_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = doctor(tmp_path, monkeypatch, CALLMOOD_SCORE__MODEL="no-such-model")
    assert code == 1
    assert "missing  emotion model no-such-model" in said


def test_wrong_settings_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "callmood.toml").write_text("[score]\nmodle = 'x'\n")
    code, said = doctor(tmp_path, monkeypatch)
    assert code == 1
    assert "score.modle" in said
