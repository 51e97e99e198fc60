"""The metrics of a labelled test, and `callmood evaluate` on corpora."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
from sklearn.metrics import f1_score, precision_recall_fscore_support
from sounds import write_audio
from test_transformer import tiny_encoders
from typer.testing import CliRunner

from callmood.cli.evaluate import evaluate as evaluate_command
from callmood.cli.train import train as train_command
from callmood.errors import CallmoodError, UsageError
from callmood.labels import LABELS
from callmood.training import evaluation
from callmood.training.corpora import ravdess
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.registry import read_clips
from callmood.training.data import combined
from callmood.training.measure import evaluate
from callmood.training.measure.metrics import (
    compute_metrics,
    in_label_set,
    metrics_of_clips,
    over_folds,
    rounded,
)
from callmood.training.measure.run_record import training_of

CLI = typer.Typer()
CLI.command()(evaluate_command)
TRAIN = typer.Typer()
TRAIN.command()(train_command)
PAPER = tuple(label for label in LABELS if label != "neutral")


def clip(label: str, speaker: str = "s1", corpus: str = "tess", gender: str | None = None) -> Clip:
    return Clip(corpus, Path("x"), speaker, label, gender=gender)


def said(*labels: str, among: tuple[str, ...] = LABELS) -> np.ndarray:
    """Probabilities of a model that is sure of ``labels``."""
    return np.eye(len(among), dtype=np.float32)[[among.index(label) for label in labels]]


def noisy(clips: int, speakers: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities and speakers of a model that is right now and then."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(LABELS), clips)
    logits = rng.normal(size=(clips, len(LABELS))) + 1.5 * np.eye(len(LABELS))[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, probabilities.astype(np.float32), np.array([f"s{n % speakers:02}" for n in range(clips)])


def test_rates_are_scikit_learn_s() -> None:
    truth, probabilities, speakers = noisy(400, 10)
    found = compute_metrics(truth, probabilities[None], speakers)
    best = probabilities.argmax(axis=1)
    assert found.macro_f1 == pytest.approx(100 * f1_score(truth, best, average="macro"))
    precision, recall, f1, counts = precision_recall_fscore_support(truth, best)
    for i, label in enumerate(LABELS):
        one = found.per_class[label]
        assert one["precision"] == pytest.approx(100 * precision[i])
        assert one["recall"] == pytest.approx(100 * recall[i])
        assert one["f1"] == pytest.approx(100 * f1[i]) and one["clips"] == counts[i]


def test_labels_that_do_not_occur_count_nowhere() -> None:
    found = metrics_of_clips([clip("angry"), clip("sad")], said("angry", "calm"))
    assert list(found.per_class) == ["angry", "sad"]
    assert found.ua == 50 and found.macro_f1 == 50 and found.ua_wa == 100


def test_a_label_that_is_never_given_has_precision_0() -> None:
    found = metrics_of_clips([clip("angry"), clip("sad")], said("angry", "angry"))
    assert found.per_class["sad"] == {"recall": 0, "precision": 0, "f1": 0, "clips": 1}


def test_each_group_has_its_own_compute_metrics() -> None:
    clips = [
        clip("angry", "a", "tess", "female"),
        clip("sad", "a", "tess", "female"),
        clip("angry", "b", "ravdess", None),
    ]
    found = metrics_of_clips(clips, said("angry", "sad", "sad"))
    assert found.per_corpus["tess"]["ua"] == 100 and found.per_corpus["ravdess"]["ua"] == 0
    assert found.per_gender["female"]["clips"] == 2 and found.per_gender["unknown"]["wa"] == 0
    assert found.per_speaker["a"]["ua_wa"] == 200


def test_draws_are_averaged() -> None:
    draws = np.stack([said("angry"), said("sad")])
    found = metrics_of_clips([clip("angry")], draws)
    assert found.wa == 50 and found.clips == 1 and found.confusion[0][LABELS.index("sad")] == 0.5


def test_intervals_are_those_of_resampled_speakers() -> None:
    truth, probabilities, speakers = noisy(600, 12)
    found = compute_metrics(truth, probabilities[None], speakers)
    rng, right = np.random.default_rng(5), probabilities.argmax(axis=1) == truth
    names = np.unique(speakers)
    draws = [
        100 * np.mean(np.concatenate([right[speakers == name] for name in rng.choice(names, len(names))]))
        for _ in range(2000)
    ]
    assert found.intervals is not None
    assert found.intervals["wa"] == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.5)
    low, high = found.intervals["ua"]
    assert low < found.ua < high


def test_intervals_are_wider_where_speakers_differ_than_clips_alone_would_have_it() -> None:
    speakers = np.repeat([f"s{n}" for n in range(10)], 40)
    truth = np.zeros(400, dtype=np.int64)
    wrong = np.repeat(np.arange(10) % 2 == 0, 40)  # every other speaker is never understood
    found = compute_metrics(truth, said(*np.where(wrong, "sad", "angry"))[None], speakers)
    assert found.intervals is not None
    low, high = found.intervals["wa"]
    assert high - low > 40


def test_a_single_speaker_gives_no_interval() -> None:
    assert metrics_of_clips([clip("angry"), clip("sad")], said("angry", "sad")).intervals is None


def test_a_thousand_resamples_take_no_time() -> None:
    import time

    truth, probabilities, speakers = noisy(7000, 90)
    began = time.process_time()
    compute_metrics(truth, probabilities[None], speakers)
    assert time.process_time() - began < 2


def test_other_label_sets_have_their_own_columns() -> None:
    found = metrics_of_clips(
        [clip("angry"), clip("surprised")], said("angry", "surprised", among=PAPER), PAPER
    )
    assert found.labels == PAPER and len(found.confusion) == 7 and found.wa == 100


def test_a_model_of_other_labels_is_brought_to_the_set() -> None:
    probabilities = np.full((1, 8), 0.1, np.float32)
    probabilities[0, LABELS.index("calm")] = 0.3
    paper = in_label_set(probabilities, LABELS, PAPER)
    assert paper.sum() == pytest.approx(1) and paper[0, PAPER.index("calm")] == pytest.approx(0.3 / 0.9)
    merged = tuple(label for label in LABELS if label != "calm")
    assert in_label_set(probabilities, LABELS, merged)[0, merged.index("neutral")] == pytest.approx(0.4)
    grown = in_label_set(paper, PAPER, LABELS)
    np.testing.assert_allclose(grown[0, LABELS.index("neutral")], 0)


def test_folds_are_summarised() -> None:
    folds = [
        metrics_of_clips([clip("angry"), clip("sad")], said("angry", other)) for other in ("sad", "angry")
    ]
    found = over_folds(folds)
    assert found["ua"] == 75 and found["ua_std"] == 25 and found["ua_wa"] == 150


def test_metrics_are_made_for_json() -> None:
    truth, probabilities, speakers = noisy(50, 3)
    found = rounded(compute_metrics(truth, probabilities[None], speakers))
    assert json.loads(json.dumps(found)) == found
    assert {"ua", "wa", "ua_wa", "macro_f1", "clips", "per_class", "intervals", "ece"} <= found.keys()


def test_no_clips_get_a_sentence() -> None:
    with pytest.raises(CallmoodError, match="no clips"):
        metrics_of_clips([], np.zeros((0, 8), np.float32))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RAVDESS's layout: actors of three folds, every emotion once."""
    folder = tmp_path_factory.mktemp("ravdess")
    rng = np.random.default_rng(1)
    for actor in ("01", "04", "08"):
        (folder / f"Actor_{actor}").mkdir()
        for emotion in ravdess.EMOTIONS:
            name = f"03-01-{emotion}-01-01-01-{actor}.wav"
            sound = rng.normal(0, 0.1, 20_000).astype(np.float32)
            write_audio(folder / f"Actor_{actor}" / name, sound[None])
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command without a model: nothing is encoded, and the probabilities are drawn with a seed."""
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path))
    monkeypatch.setattr("callmood.model.load", lambda *_: type("Scorer", (), {"labels": LABELS}))

    def drawn(scorer: object, clips: list[Clip], *_: object) -> np.ndarray:
        return np.random.default_rng(1).dirichlet(np.ones(8), (1, len(clips))).astype(np.float32)

    monkeypatch.setattr(evaluate, "clip_probabilities", drawn)


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(CLI, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_all_clips_are_tested_unless_a_split_is_named(corpus: Path, quick: None) -> None:
    found = run("embedded", "--corpus", f"ravdess={corpus}")
    assert found["clips"] == 24 and found["split"] == "all" and "parts" not in found


def test_neutral_is_left_out_of_the_paper_s_labels(corpus: Path, quick: None) -> None:
    found = run("embedded", "--corpus", f"ravdess={corpus}", "--labels", "paper")
    assert found["clips"] == 21 and "neutral" not in found["labels"]  # type: ignore[operator]


@pytest.mark.parametrize("labels", ["calls", "paper", "calls-merged"])
def test_baselines_are_drawn_from_clips_that_the_label_set_leaves_out(
    corpus: Path, quick: None, labels: str
) -> None:
    found = run("embedded", "--corpus", f"ravdess={corpus}", "--labels", labels, "--baseline", "call")
    assert found["clips"] == (21 if labels == "paper" else 24)


def test_folds_are_given_one_by_one_and_together(corpus: Path, quick: None) -> None:
    found = run("embedded", "--corpus", f"ravdess={corpus}", "--split", "folds")
    parts = found["parts"]
    assert isinstance(parts, dict) and len(parts) == 3 and found["clips"] == 24
    assert {part["clips"] for part in parts.values()} == {8}
    assert set(found["over_parts"]) >= {"ua", "ua_std", "macro_f1"}  # type: ignore[call-overload]


AS_IT_IS = {"family": "transformer", "seed": 3, "balance": {"per_class": "as it is"}}
SHORTER = {**AS_IT_IS, "prepare": {"denoise": False, "shortest_s": 0.5}}


def test_a_split_s_test_is_that_of_training(corpus: Path, tmp_path: Path) -> None:
    corpora, notes = [("ravdess", corpus)], list[str]()
    found = evaluate.parts_to_test("embedded", corpora, "paper", "speaker", 3, tmp_path, notes.append)
    recipe = combined.CorpusRecipe.model_validate(AS_IT_IS)
    (part,) = combined.parts(read_clips(corpora, "paper"), recipe, "speaker", tmp_path)
    assert found == {part.name: [example.clip for example in part.test]}
    assert notes == [
        "note: the model may have been trained on clips that are tested here: its folder does not say which "
        "split it was trained on"
    ]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus, half of whose clips are under a second, and models that `callmood train` made of all of them."""
    folder, out = tmp_path_factory.mktemp("ravdess"), tmp_path_factory.mktemp("out")
    rng = np.random.default_rng(1)
    for actor in ("01", "04", "08", "03", "02"):
        for emotion in ravdess.EMOTIONS:
            for repetition in ("01", "02"):
                sound = rng.normal(0, 0.1, {"01": 12_000, "02": 20_000}[repetition]).astype(np.float32)
                write_audio(folder / f"03-01-{emotion}-01-01-{repetition}-{actor}.wav", sound[None])
    hubert, _ = tiny_encoders(tmp_path_factory.mktemp("encoders"))
    numbers = [
        f"audio.encoder={hubert}",
        "training.epochs=1",
        "training.batch_size=32",
        "training.accumulate=1",
        "balance.per_class=as it is",
        "prepare.denoise=false",
        "prepare.shortest_s=0.5",
    ]
    options = [word for number in numbers for word in ("--set", number)]
    where = ["--corpus", f"ravdess={folder}", "--out", str(out), "--split", "paper", "--split", "folds"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CALLMOOD_CACHE", str(out / "cache"))
        patched.setattr("os.cpu_count", lambda: 1)
        result = CliRunner().invoke(TRAIN, ["--recipe", "hubert", "--seed", "3", *where, *options])
    assert result.exit_code == 0, result.output
    return folder, out


@pytest.mark.parametrize(("split", "part"), [("paper", "paper"), ("folds", "fold 4")])
def test_a_model_is_tested_on_just_what_its_training_held_out(
    models: tuple[Path, Path], tmp_path: Path, split: str, part: str
) -> None:
    folder, out = models
    corpora, notes = [("ravdess", folder)], list[str]()
    trained = str(out / "hubert" / part.replace(" ", "-"))
    found = evaluate.parts_to_test(trained, corpora, "calls", split, 1, tmp_path, notes.append)
    recipe = combined.CorpusRecipe.model_validate(SHORTER)
    parts = combined.parts(read_clips(corpora, "paper"), recipe, split, tmp_path)
    held_out = {one.name: [example.clip for example in one.test] for one in parts}
    assert found == {part: held_out[part]}
    alone = [f"note: only {part} is tested: the model was trained on the clips of the other parts"]
    assert notes == (alone if split == "folds" else [])


@pytest.mark.parametrize(
    ("split", "missing", "why"),
    [
        ("speaker", "", "it was trained on another split, paper"),
        ("paper", "03-01-05-01-01-01-01.wav", "it was trained on other corpora or other clips of them"),
    ],
)
def test_what_a_model_may_have_been_trained_on_is_reported(
    models: tuple[Path, Path], tmp_path: Path, split: str, missing: str, why: str
) -> None:
    folder, out = models
    shutil.copytree(folder, tmp_path / "ravdess", ignore=shutil.ignore_patterns(missing))
    corpora, notes = [("ravdess", tmp_path / "ravdess")], list[str]()
    evaluate.parts_to_test(
        str(out / "hubert" / "paper"), corpora, "calls", split, 1, tmp_path / "cache", notes.append
    )
    assert notes == [f"note: the model may have been trained on clips that are tested here: {why}"]


def test_a_model_that_replaced_another_is_not_taken_for_it(models: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(models[1] / "hubert" / "paper", tmp_path / "paper")
    assert training_of(str(tmp_path / "paper")) is not None
    (tmp_path / "paper" / "about.json").write_text('{"recipe": "embedded"}', encoding="utf-8")
    assert training_of(str(tmp_path / "paper")) is None
    (tmp_path / "paper" / "run.json").write_text('{"of": "something else"}', encoding="utf-8")
    assert training_of(str(tmp_path / "paper")) is None


def test_the_tables_have_classes_parts_and_intervals(corpus: Path, quick: None) -> None:
    arguments = ["embedded", "--corpus", f"ravdess={corpus}", "--split", "folds"]
    printed = CliRunner().invoke(CLI, arguments).stdout
    for words in ("UA + WA", "macro F1", "resampled", "surprised", "Calibration error", "by part", "fold 3"):
        assert words in printed


def test_voices_that_the_model_knows_are_named(corpus: Path, quick: None) -> None:
    result = CliRunner().invoke(CLI, ["embedded", "--corpus", f"ravdess={corpus}"])
    assert "the model was trained on 3 of the 3 speakers here" in result.stderr


def test_the_library_measures_what_the_command_prints(corpus: Path, quick: None) -> None:
    remarks: list[str] = []
    found = evaluation.evaluate({"ravdess": corpus}, split="folds", progress=remarks.append)
    printed = run("embedded", "--corpus", f"ravdess={corpus}", "--split", "folds")
    assert json.loads(json.dumps(found.to_json())) == printed
    assert found.metrics.ua == pytest.approx(printed["ua"], abs=0.01) and len(found.parts) == 3
    assert any("was trained on 3 of the 3 speakers" in remark for remark in remarks)


@pytest.mark.parametrize("options", [[], ["--corpus", "ravdess=x", "--text", "goemotions=x"]])
def test_a_corpus_or_texts_are_needed_but_not_both(options: list[str]) -> None:
    error = CliRunner().invoke(CLI, options).exception
    assert isinstance(error, UsageError) and str(error) == "Give either --corpus or --text."
