"""Wrong settings are wrong usage, wherever they come from."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callmood.errors import UsageError
from callmood.settings import OPTIONS, TRUSTED, load_settings, user_file


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no settings of the user's own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    return tmp_path / "here"


@pytest.fixture
def own() -> Path:
    """The user's own settings file, which does not exist yet."""
    user_file().parent.mkdir(parents=True)
    return user_file()


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


def line(option: str, value: str) -> str:
    """A settings file that sets one option."""
    table, name = OPTIONS[option].split(".")
    return f"[{table}]\n{name} = {value!r}\n"


@pytest.mark.parametrize("option", TRUSTED)
@pytest.mark.parametrize("value", ["./evil", "evil/hub-name"])
def test_a_file_beside_the_recordings_cant_name_a_model(here: Path, option: str, value: str) -> None:
    (here / "callmood.toml").write_text(line(option, value))
    with pytest.raises(UsageError) as caught:
        load_settings()
    message = str(caught.value)
    assert (
        OPTIONS[option] in message
        and str(user_file()) in message
        and f"--{option.replace('_', '-')}" in message
    )


@pytest.mark.parametrize(
    "toml",
    [
        'transcribe.asr = "./evil"',
        'transcribe = {asr = "./evil"}',
        'transcribe = \'{"asr": "./evil"}\'',
        '[Transcribe]\nasr = "./evil"',
        '[transcribe]\nASR = "./evil"',
        '"transcribe.asr" = "./evil"',
        'transcribe__asr = "./evil"',
        '[[transcribe]]\nasr = "./evil"',
        'asr = "./evil"',
    ],
)
def test_no_spelling_of_a_models_name_gets_through(here: Path, toml: str) -> None:
    (here / "callmood.toml").write_text(toml)
    with pytest.raises(UsageError):
        load_settings()


@pytest.mark.parametrize("option", TRUSTED)
def test_the_users_own_file_can_name_a_model(own: Path, option: str) -> None:
    own.write_text(line(option, "mine"))
    table, name = OPTIONS[option].split(".")
    assert getattr(getattr(load_settings(), table), name) == "mine"


def test_a_file_beside_the_recordings_can_name_what_comes_with_callmood(here: Path, own: Path) -> None:
    own.write_text(line("asr", "mine"))
    (here / "callmood.toml").write_text(line("asr", "tiny.en"))
    assert load_settings().transcribe.asr == "tiny.en"


def test_options_override_the_environment_then_the_folders_file_then_the_users(
    here: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.write_text('[transcribe]\nlanguage = "de"\nbatch_size = 4\n')
    found = [load_settings().transcribe.language]
    (here / "callmood.toml").write_text('[transcribe]\nlanguage = "fr"\n')
    found.append(load_settings().transcribe.language)
    monkeypatch.setenv("CALLMOOD_TRANSCRIBE__LANGUAGE", "es")
    found.append(load_settings().transcribe.language)
    found.append(load_settings({"language": "en"}).transcribe.language)
    assert found == ["de", "fr", "es", "en"] and load_settings().transcribe.batch_size == 4


@pytest.mark.parametrize("toml", ["[score]\nmodle = 'x'", "[score]\nroles = 'boss'", "= 1"])
def test_the_file_that_is_wrong_is_named(here: Path, own: Path, toml: str) -> None:
    (here / "callmood.toml").write_text("")
    own.write_text(toml)
    with pytest.raises(UsageError, match=re.escape(str(own))):
        load_settings()


@pytest.mark.parametrize("value", ["x", '{"asr": ', "[1]"])
def test_a_variable_for_a_whole_table_must_be_one(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CALLMOOD_TRANSCRIBE", value)
    with pytest.raises(UsageError, match=r"TRANSCRIBE|transcribe"):
        load_settings()


def test_a_settings_file_nested_too_deeply_is_wrong_usage(here: Path) -> None:
    (here / "callmood.toml").write_text("a=" + "[" * 100_000)
    with pytest.raises(UsageError, match=r"callmood\.toml can't be read"):
        load_settings()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_settings_file_that_is_a_pipe_is_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "callmood.toml")
    with pytest.raises(UsageError, match=r"callmood\.toml is not a file"):
        load_settings()
