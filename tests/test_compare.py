"""Systems under splits, by the command and the library: metrics, plots and one table; resumed, refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from sounds import write_audio
from test_transformer import tiny_encoders
from typer.testing import CliRunner

import callmood
from callmood.cli import train as cli_train
from callmood.errors import CallmoodError, UsageError
from callmood.model import registry
from callmood.model.bundle import INCLUDED
from callmood.sound import SAMPLE_RATE
from callmood.training import compare, evaluation, packages, recipe, run
from callmood.training.corpora import ravdess
from callmood.training.corpora import registry as corpora_registry
from callmood.training.corpora.clip import Clip

CLI = typer.Typer()
CLI.command()(cli_train.train)
ACTORS = ("01", "04", "08", "03", "02")
"""One of each of five folds."""
QUICK = ["--set", "prepare.denoise=false", "--set", "labels=calls"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RAVDESS's layout: every emotion three times as a tone of its own pitch, so that any system can learn them."""
    folder = tmp_path_factory.mktemp("ravdess")
    at = np.arange(int(SAMPLE_RATE * 1.1)) / SAMPLE_RATE
    for actor in ACTORS:
        (folder / f"Actor_{actor}").mkdir()
        for emotion in ravdess.EMOTIONS:
            for repetition in ("01", "02", "03"):
                pitch = 200 + 300 * int(emotion) + int(actor) + 5 * int(repetition)
                sound = (0.3 * np.sin(2 * np.pi * pitch * at)).astype(np.float32)
                name = f"03-01-{emotion}-01-01-{repetition}-{actor}.wav"
                write_audio(folder / f"Actor_{actor}" / name, sound[None])
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setattr("os.cpu_count", lambda: 1)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options of a system that writes a bundle."""
    hubert, _ = tiny_encoders(tmp_path_factory.mktemp("encoders"))
    return ["--recipe", "hubert", *quickly(f"audio.encoder={hubert}")]


def quickly(*changes: str) -> list[str]:
    """Options for one epoch and ``changes``."""
    quick = ("training.epochs=1", "training.batch_size=32", "training.accumulate=1")
    return [word for change in (*quick, *changes) for word in ("--set", change)]


def trained(corpus: Path, out: Path, *options: str) -> dict:
    result = CliRunner().invoke(
        CLI, ["--corpus", f"ravdess={corpus}", "--out", str(out), "--json", *QUICK, *options]
    )
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def test_two_systems_under_two_splits_make_one_table(corpus: Path, tmp_path: Path) -> None:
    splits = ["--split", "paper", "--split", "folds"]
    found = trained(corpus, tmp_path, "--recipe", "knn", "--recipe", "naive_bayes", *splits)["results"]
    assert [(one["recipe"], one["split"]) for one in found] == [
        ("knn", "paper"),
        ("knn", "folds"),
        ("naive_bayes", "paper"),
        ("naive_bayes", "folds"),
    ]
    assert all(one["ua"] > 80 for one in found)
    assert [part["split"] for part in found[1]["parts"]] == [f"fold {i}" for i in range(1, 6)]
    assert (tmp_path / "knn" / "fold-1" / "confusion.png").is_file()
    assert (tmp_path / "table.md").read_text(encoding="utf-8").count("\n") == 4


def test_one_system_under_two_splits_has_a_folder_for_each(corpus: Path, tmp_path: Path) -> None:
    splits = ["--split", "paper", "--split", "speaker"]
    found = trained(corpus, tmp_path, "--recipe", "naive_bayes", *splits)["results"]
    again = trained(corpus, tmp_path, "--recipe", "naive_bayes", *splits, "--resume")["results"]
    assert found == again
    for split in ("paper", "speaker"):
        metrics = json.loads((tmp_path / "naive_bayes" / split / "figures.json").read_text(encoding="utf-8"))
        assert metrics["split"] == split


@pytest.mark.parametrize("options", [[], ["--study", "split"]])
def test_out_that_is_not_a_folder_is_one_sentence(corpus: Path, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    command = ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path / "out"), *options]
    found = CliRunner().invoke(CLI, command).exception
    assert isinstance(found, CallmoodError) and "Use another --out" in str(found)


def test_systems_are_tested_on_the_same_clips(corpus: Path, tmp_path: Path) -> None:
    found = trained(corpus, tmp_path, "--recipe", "knn", "--recipe", "naive_bayes", "--split", "speaker")
    one, other = ({k: v["clips"] for k, v in r["parts"][0]["per_speaker"].items()} for r in found["results"])
    assert one == other and sum(one.values()) > 0


def test_what_is_there_is_not_trained_again_when_resuming(corpus: Path, tmp_path: Path) -> None:
    first = trained(corpus, tmp_path, "--recipe", "knn", "--split", "speaker")
    assert first["ua"] == first["results"][0]["ua"] and "per_class" in first
    stored = tmp_path / "figures.json"
    stored.write_text(
        stored.read_text(encoding="utf-8").replace('"ua":', '"ua": 12.5, "was":'), encoding="utf-8"
    )
    again = trained(corpus, tmp_path, "--recipe", "knn", "--split", "speaker", "--resume")
    assert first["ua"] != 12.5 == again["ua"]


def test_every_part_s_bundle_says_what_it_was_trained_on_and_how_good_it_is(
    corpus: Path, tuned: list[str], tmp_path: Path
) -> None:
    splits = ["--split", "paper", "--split", "speaker"]
    results = trained(corpus, tmp_path, *tuned, *splits)["results"]
    models = {model.name: model for model in registry.list_models(tmp_path / "hubert", "embedded")}
    for part in (result["parts"][0] for result in results):
        model = models[str(tmp_path / "hubert" / part["split"])]
        assert (model.corpora, model.ua) == (("ravdess",), part["ua"])
        assert "CC BY-NC-SA 4.0" in registry.card(model.name)
    assert len(models) == len(INCLUDED) + len(results) == 4


def test_a_single_bundle_is_tested_as_a_scan_decodes_too_and_only_once(
    corpus: Path, tuned: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained(corpus, tmp_path, *tuned, "--split", "speaker")
    card = registry.card(str(tmp_path))
    assert registry.about(str(tmp_path))["figures"]["ua"] == first["ua"]
    assert "as a scan decodes them, clean |" in card and "as a scan decodes them, telephone |" in card

    def evaluate(*_: Any, **__: Any) -> None:
        raise AssertionError("it is tested again")

    monkeypatch.setattr(compare, "evaluate", evaluate)
    again = trained(corpus, tmp_path, *tuned, "--split", "speaker", "--resume")
    assert again["ua"] == first["ua"] and registry.card(str(tmp_path)) == card


def test_a_bundle_of_words_alone_was_trained_on_no_clip_without_a_text(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_clips(*given: Any) -> list[Clip]:
        clips = corpora_registry.read_clips(*given)
        return [replace(clip, text=None if clip.speaker == "ravdess-01" else clip.text) for clip in clips]

    monkeypatch.setattr(compare, "read_clips", read_clips)
    _, bert = tiny_encoders(tmp_path)
    options = ["--recipe", "bert", *quickly(f"text.encoder={bert}"), "--split", "paper"]
    trained(corpus, tmp_path / "out", *options)
    assert registry.training_speakers(str(tmp_path / "out")) == {
        f"ravdess-{actor}" for actor in ACTORS if actor != "01"
    }


def test_another_recipe_is_not_resumed_in_the_same_place(corpus: Path, tmp_path: Path) -> None:
    trained(corpus, tmp_path, "--recipe", "knn", "--split", "speaker")
    other = ["--recipe", "knn", "--split", "speaker", "--resume", "--set", "model.settings.n_neighbors=3"]
    command = ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path), *QUICK, *other]
    assert "another recipe" in str(CliRunner().invoke(CLI, command).exception)


def test_a_system_whose_weights_are_not_there_is_named_and_the_others_go_on(
    corpus: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.toml"
    there = (recipe.RECIPES / "hubert.toml").read_text(encoding="utf-8")
    elsewhere.write_text(there.replace("facebook/hubert-base-ls960", str(tmp_path)), encoding="utf-8")
    found = trained(
        corpus, tmp_path / "out", "--recipe", str(elsewhere), "--recipe", "knn", "--split", "speaker"
    )
    missing, other = found["results"]
    assert str(tmp_path) in missing["reason"] and missing["parts"] == []
    assert other["ua"] > 80


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--recipe", "knnn"], "did you mean knn?"),
        (["--recipe", "knn", "--split", "folder"], "did you mean folds?"),
        (["--recipe", "knn", "--set", "model.settings.n_neighbor=3", "--split", "paper"], "n_neighbors"),
    ],
)
def test_wrong_names_are_answered_with_the_nearest(
    corpus: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    result = CliRunner().invoke(
        CLI, ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path), *QUICK, *options]
    )
    assert isinstance(result.exception, UsageError) and sentence in str(result.exception)


@pytest.mark.parametrize(
    "options",
    [
        ["--gpus", "2", "--processes", "2"],
        ["--processes", "2"],
        ["--text", "goemotions=x"],
        ["--recipe", "knn"],
        ["--study", "split", "--set", "seed=2"],
        ["--study", "split", "--split", "paper"],
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    corpus: Path, tmp_path: Path, options: list[str]
) -> None:
    command = ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path), "--recipe", "knn", *options]
    assert isinstance(CliRunner().invoke(CLI, command).exception, UsageError)


def test_the_embedded_recipe_is_not_trained_on_gpus(corpus: Path, tmp_path: Path) -> None:
    command = ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path), "--gpus", "2"]
    assert isinstance(CliRunner().invoke(CLI, command).exception, UsageError)


def test_a_study_takes_no_settings_of_training(corpus: Path, tmp_path: Path) -> None:
    command = ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path), "--study", "split", "--resume"]
    assert isinstance(CliRunner().invoke(CLI, command).exception, UsageError)


def test_the_embedded_bundle_has_the_labels_of_calls_alone(corpus: Path, tmp_path: Path) -> None:
    command = ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path), "--set", "labels=paper"]
    assert "labels of calls" in str(CliRunner().invoke(CLI, command).exception)


def test_a_run_without_an_output_folder_is_wrong_usage(corpus: Path) -> None:
    error = CliRunner().invoke(CLI, ["--corpus", f"ravdess={corpus}"]).exception
    assert isinstance(error, UsageError) and str(error) == "Give an output folder with --out."


def test_the_library_trains_what_the_command_prints(
    corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    overrides = ["prepare.denoise=false", "labels=calls"]
    with caplog.at_level("INFO", "callmood.training"):
        model = callmood.train(
            [f"ravdess={corpus}"], out=tmp_path, recipe="knn", split="speaker", overrides=overrides
        )
    assert capfd.readouterr() == ("", "")
    assert any("to train on" in record.message for record in caplog.records)
    assert model.out == tmp_path and model.metrics["ua"] > 80 and model.results[0].recipe == "knn"
    assert (
        repr(model)
        == f"Trained({str(tmp_path)!r}, ua={model.metrics['ua']:.1f}, wa={model.metrics['wa']:.1f})"
    )
    assert "| knn |" in model.table
    printed = trained(corpus, tmp_path, "--recipe", "knn", "--split", "speaker", "--resume")
    assert printed == json.loads(json.dumps(model.to_json()))


def test_the_library_takes_a_mapping_and_tells_a_callback(corpus: Path, tmp_path: Path) -> None:
    remarks: list[str] = []
    overrides = ["prepare.denoise=false"]
    found = run.corpus_card({"ravdess": corpus}, overrides=overrides, progress=remarks.append)
    assert sum(count.clips for count in found) > 100
    with pytest.raises(UsageError, match=r"ravdess is not a corpus. Write NAME=FOLDER"):
        callmood.train(["ravdess"], out=tmp_path)


def test_missing_packages_are_one_sentence(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "MODULES", ("json", "no_such_package"))
    for door in (
        lambda: callmood.train([f"ravdess={corpus}"], out=tmp_path),
        lambda: evaluation.evaluate([f"ravdess={corpus}"]),
        lambda: run.study("split", [f"ravdess={corpus}"], out=tmp_path),
    ):
        with pytest.raises(CallmoodError, match=r"needs more packages: pip install 'callmood\[train\]'\."):
            door()
    error = CliRunner().invoke(CLI, ["--corpus", f"ravdess={corpus}", "--out", str(tmp_path)]).exception
    assert isinstance(error, CallmoodError) and error.exit_code == 1


def test_the_packages_of_training_are_here() -> None:
    packages.require_training_packages()
