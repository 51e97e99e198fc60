"""`callmood models`: which models there are, what they say about themselves, and which one scans use."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callmood.cli.models import models
from callmood.errors import CallmoodError, UsageError
from callmood.model.bundle import INCLUDED, WEIGHTS_FILE
from callmood.settings import load_settings, user_file

TOML = """# ours
db = "calls.duckdb"  # kept

[score]
# customers only
roles = "customer"
model = "old"  # the old one
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no settings of the user's own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    return tmp_path / "here"


def make(folder: Path) -> Path:
    """A bundle with all its files; its weights are empty."""
    shutil.copytree(INCLUDED["embedded"], folder, ignore=lambda *_: [WEIGHTS_FILE])
    (folder / WEIGHTS_FILE).write_bytes(bytes(1000))
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(models, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def listed(*arguments: str) -> dict[str, dict[str, object]]:
    return {model["name"]: model for model in json.loads(run("list", "--json", *arguments))["models"]}


def test_the_models_that_come_with_callmood_are_there_and_the_embedded_one_is_in_use() -> None:
    embedded, free = listed().values()
    assert embedded["name"] == "embedded" and embedded["in_use"] and "ravdess" in embedded["corpora"]  # type: ignore[operator]
    assert 70 < embedded["ua"] < 100 and len(embedded["labels"]) == 8  # type: ignore[operator, arg-type]
    assert free["name"] == "open" and not free["in_use"]


def test_the_open_model_is_trained_on_what_companies_may_use_alone() -> None:
    assert set(listed()["open"]["corpora"]) == {"cremad", "librispeech", "ordinary"}  # type: ignore[call-overload]
    card = run("show", "open")
    assert "GoEmotions" in card and "MELD" not in card and "no commercial use" not in card


def test_models_are_found_here_and_in_the_folder_models(here: Path) -> None:
    make(here / "mine")
    make(here / "models" / "ours")
    (here / "calls").mkdir()
    assert list(listed()) == [*INCLUDED, "mine", str(Path("models/ours"))]


def test_models_are_found_in_another_folder(here: Path) -> None:
    make(here / "elsewhere" / "mine")
    assert list(listed("--folder", "elsewhere")) == [*INCLUDED, str(Path("elsewhere/mine"))]


def test_the_model_in_use_is_listed_wherever_it_is(here: Path) -> None:
    far = make(here / "far" / "away" / "mine")
    run("use", str(far))
    assert [name for name, model in listed().items() if model["in_use"]] == [str(far)]


def test_a_damaged_model_does_not_hide_the_others(here: Path) -> None:
    (make(here / "bad") / "bundle.json").write_text("{")
    make(here / "good")
    found = listed()
    assert found["bad"]["labels"] == [] and found["good"]["labels"]


def test_a_model_that_says_nothing_about_itself_is_listed(here: Path) -> None:
    (make(here / "mine") / "about.json").unlink()
    assert listed()["mine"]["ua"] is None
    assert "?" in run("list")


def test_the_card_is_shown(here: Path) -> None:
    assert run("show") == (INCLUDED["embedded"] / "CARD.md").read_text(encoding="utf-8")


def test_a_folder_that_is_not_a_model_is_refused(here: Path) -> None:
    (here / "calls").mkdir()
    with pytest.raises(CallmoodError, match="calls is not an emotion model"):
        run("use", "calls")
    assert not user_file().exists()


def test_scans_use_the_chosen_model(here: Path) -> None:
    make(here / "mine")
    run("use", "mine")
    assert load_settings().score.model == str(here / "mine") and listed()["mine"]["in_use"]
    run("use", "embedded")
    assert load_settings().score.model == "embedded"


def test_a_model_in_the_folder_models_is_found_by_its_name(here: Path) -> None:
    make(here / "models" / "ours")
    run("use", "ours")
    assert load_settings().score.model == str(here / "models" / "ours")


def test_the_chosen_model_is_used_from_any_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(here / "mine")
    run("use", "mine")
    monkeypatch.chdir(here.parent)
    assert load_settings().score.model == str(here / "mine") and not (here / "callmood.toml").exists()


def test_all_other_settings_stay(here: Path) -> None:
    make(here / "mine")
    user_file().parent.mkdir(parents=True)
    user_file().write_bytes(TOML.replace("\n", "\r\n").encode())
    run("use", "mine")
    wanted = TOML.replace('"old"', json.dumps(str(here / "mine"))).replace("\n", "\r\n")
    assert user_file().read_bytes().decode() == wanted


def test_wrong_settings_stay_as_they_are(here: Path) -> None:
    user_file().parent.mkdir(parents=True)
    user_file().write_text("[score]\nmodle = 'x'\n")
    with pytest.raises(UsageError, match=r"score\.modle"):
        run("use", "embedded")
    assert user_file().read_text() == "[score]\nmodle = 'x'\n"


def test_an_overriding_environment_variable_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(here / "mine")
    monkeypatch.setenv("CALLMOOD_SCORE__MODEL", "other")
    result = CliRunner().invoke(models, ["use", "mine"])
    assert "CALLMOOD_SCORE__MODEL" in result.stderr and "other" in result.stderr


def test_an_overriding_file_is_named(here: Path) -> None:
    make(here / "mine")
    (here / "callmood.toml").write_text('[score]\nmodel = "embedded"\n')
    result = CliRunner().invoke(models, ["use", "mine"])
    assert "callmood.toml overrides it with embedded" in result.stderr
