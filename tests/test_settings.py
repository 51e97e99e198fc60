"""Wrong settings are wrong usage, wherever they come from."""

import subprocess
import sys
from pathlib import Path

import pytest

from callmood.errors import UsageError
from callmood.settings import load_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("toml", ["[score]\nmodle = 'x'", "[score]\nroles = 'boss'", "colour = 1", "= 1"])
def test_a_wrong_settings_file_is_wrong_usage(here: Path, toml: str) -> None:
    (here / "callmood.toml").write_text(toml)
    with pytest.raises(UsageError):
        load_settings()


def test_wrong_usage_ends_with_exit_code_2(here: Path) -> None:
    (here / "callmood.toml").write_text("[score]\nmodle = 'x'\n")
    command = [sys.executable, "-m", "callmood", "models", "list"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here)
    assert done.returncode == 2 and "score.modle" in done.stderr


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("CALLMOOD_DBB", "CALLMOOD_DB"),
        ("CALLMOOD_SCOER__MODEL", "CALLMOOD_SCORE__MODEL"),
        ("CALLMOOD_TRANSCIBE__ASR", "CALLMOOD_TRANSCRIBE__ASR"),
        ("CALLMOOD_CACHES", "CALLMOOD_CACHE"),
    ],
)
def test_a_misspelt_variable_brings_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, variable: str, near: str
) -> None:
    monkeypatch.setenv(variable, "x")
    with pytest.raises(UsageError, match=rf"did you mean {near}\?"):
        load_settings()


def test_a_variable_unlike_any_known_one_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMOOD_XYZZY", "x")
    with pytest.raises(UsageError, match=r"Unknown environment variable CALLMOOD_XYZZY\."):
        load_settings()


@pytest.mark.parametrize("variable", ["CALLMOOD_CACHE", "CALLMOOD_DB", "CALLMOOD_SCORE__MODEL", "CALLMOODY"])
def test_known_variables_and_those_of_other_programs_are_accepted(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "x")
    settings = load_settings()
    assert str(settings.db) == ("x" if variable == "CALLMOOD_DB" else "callmood.duckdb")
    assert settings.score.model == ("x" if variable == "CALLMOOD_SCORE__MODEL" else "embedded")
