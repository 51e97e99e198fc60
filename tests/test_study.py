"""The studies on a tiny corpus of tones: each gives its tables; the folds, draws and splits behind them are right."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sounds import write_audio
from test_model_encoders import tiny_waveform_encoder
from test_train_embedded import TINY

from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.model.scorer import BundleSettings, Encoded, Heads, Scorer
from callmood.sound import SAMPLE_RATE
from callmood.training import recipe as recipe_files
from callmood.training.corpora.clip import Clip
from callmood.training.data.examples import Example, Parts
from callmood.training.studies import (
    baseline,
    common,
    corpora,
    intensity,
    modality,
    neutral,
    noise,
    run,
    split,
)
from callmood.training.studies.common import Grid, Spread, StudyInput, StudyResult
from callmood.training.systems import embedded, embedded_heads
from callmood.training.systems.embedded_heads import EncodedCorpus
from callmood.training.systems.embedded_recipe import Recipe
from callmood.training.workspace import Workspace

ACTORS = ("01", "11", "04", "10")
"""Two each of RAVDESS's first two folds."""


def tone(pitch_hz: float) -> np.ndarray:
    at = np.arange(int(SAMPLE_RATE * 0.6)) / SAMPLE_RATE
    rng = np.random.default_rng(int(pitch_hz))
    return (0.2 * np.sin(2 * np.pi * pitch_hz * at) + 0.01 * rng.normal(size=len(at))).astype(np.float32)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> StudyInput:
    """RAVDESS's names: every label twice, normal and strong, as a tone of its own pitch."""
    folder = tmp_path_factory.mktemp("study")
    encoder = tiny_waveform_encoder("Hubert", folder / "hubert", "layer")
    tiny = folder / "tiny.toml"
    tiny.write_text(TINY.format(encoder=encoder), encoding="utf-8")
    clips = []
    for actor in ACTORS:
        for number, label in enumerate(LABELS):
            for shown in ("normal", "strong") if label != "neutral" else ("normal", "normal"):
                pitch = 200 + 150 * number + 3 * int(actor) + len(clips) % 2
                path = write_audio(folder / f"{actor}-{len(clips)}.wav", tone(pitch)[None])
                clips.append(Clip("ravdess", path, f"ravdess-{actor}", label, shown, text=f"Take {pitch}"))
    recipe = recipe_files.read(Recipe, recipe_files.load(str(tiny)))
    return StudyInput(clips, None, recipe, folder / "cache", lambda _: None)


@pytest.fixture
def two_corpora(given: StudyInput) -> StudyInput:
    """The same sounds under another name, without calm, by two other speakers."""
    others = [
        replace(clip, corpus="tess", speaker=f"tess-{'old' if clip.speaker < 'ravdess-05' else 'young'}")
        for clip in given.clips
        if clip.label != "calm"
    ]
    return replace(given, clips=[*given.clips, *others])


def cells(grid: Grid) -> list[float]:
    return [
        value for row in grid.rows for cell in row[1:] if isinstance(cell, Spread) for value in cell.values
    ]


def test_corpora_are_trained_on_alone_and_together(two_corpora: StudyInput) -> None:
    (grid,) = corpora.study(two_corpora, corpora.Numbers(copies=2)).grids
    assert [row[0] for row in grid.rows] == ["ravdess alone", "tess alone", "all"]
    assert all(0 <= value <= 100 for value in cells(grid)) and len(cells(grid)) == 3 * 2 * (2 + 2)


def test_three_corpora_are_left_out_in_turn() -> None:
    assert corpora.trainings(["a", "b", "c"])["all but b"] == ["a", "c"]
    assert list(corpora.trainings(["a", "b"])) == ["a alone", "b alone", "all"]


def test_one_corpus_is_not_compared(given: StudyInput) -> None:
    with pytest.raises(CallmoodError, match="two or more"):
        corpora.study(given, corpora.Numbers(copies=2))


def test_neutral_is_predicted_as_something_else_by_a_model_without_it(given: StudyInput) -> None:
    metrics, called = neutral.study(given, neutral.Numbers(copies=2)).grids
    assert len(metrics.rows) == 4
    shares = {row[0]: [cell.mean for cell in row[1:] if isinstance(cell, Spread)] for row in called.rows}
    assert set(shares) == {*LABELS, "sure"} - {"neutral"}
    for column in range(2):
        assert sum(values[column] for name, values in shares.items() if name != "sure") == pytest.approx(100)


def test_intensities_are_trained_and_tested_apart(given: StudyInput) -> None:
    grids = intensity.study(given, intensity.Numbers(copies=2)).grids
    assert [row[0] for row in grids[0].rows] == ["normal", "strong", "both", "strong and neutral"]
    normal = [clip for clip in given.clips if clip.intensity == "normal"]
    with pytest.raises(CallmoodError, match="strong"):
        intensity.study(replace(given, clips=normal), intensity.Numbers(copies=2))


def test_baselines_of_many_sizes_are_tried(given: StudyInput) -> None:
    numbers = baseline.Numbers(
        copies=2,
        sizes=(1, 4),
        usual_share=0.75,
        mood_size=4,
        shrinks=(0.0, 3.0),
        shrink_sizes=(1,),
    )
    sizes, moods, shrink = baseline.study(given, numbers).grids
    assert [row[0] for row in sizes.rows] == ["none", "1", "4", "neutral", "all"]
    assert len(moods.rows) == 6 and len(shrink.rows) == 2


def speaker(labels: list[str]) -> EncodedCorpus:
    numbers = np.array([LABELS.index(label) for label in labels])
    return EncodedCorpus(numbers, np.array(["a"] * len(labels)), [], {})


def test_a_mix_is_mostly_calm_whatever_its_size() -> None:
    corpus = speaker(["calm"] * 5 + ["sad"] * 10)
    rng = np.random.default_rng(1)
    for size, calm in ((1, 1), (4, 3), (8, 6), (40, 30)):
        rows = baseline.mix(corpus, 0, rng, size, 0.75)
        assert len(rows) == size and 0 not in rows and (rows < 5).sum() == calm
    assert len(set(baseline.mix(corpus, 0, rng, 4, 0.75).tolist())) == 4


def test_a_baseline_of_one_mood_has_no_other() -> None:
    corpus = speaker(["angry"] * 3 + ["sad"] * 3)
    rows = baseline.of_labels(corpus, 1, np.random.default_rng(1), ("angry",))
    assert rows.tolist() == [0, 2]


def test_noise_is_tested_with_training_on_clean_alone_and_on_all_copies(given: StudyInput) -> None:
    numbers = noise.Numbers(
        copies=2, folds=(1, 2), babble_clips=4, conditions=("white 10", "babble 5", "telephone")
    )
    tables = {grid.name: [row[0] for row in grid.rows] for grid in noise.study(given, numbers).grids}
    assert tables == {
        "white": ["clean", "10 dB"],
        "babble": ["clean", "5 dB"],
        "lines": ["clean", "telephone"],
    }


def test_babble_is_made_of_others(given: StudyInput) -> None:
    names = {clip.speaker for clip in noise.babblers(given.clips, "ravdess-01", 10)}
    assert names == {f"ravdess-{actor}" for actor in ACTORS[1:]}


def test_unknown_conditions_get_a_sentence() -> None:
    table = {"copies": 2, "folds": [1, 2], "babble_clips": 4, "conditions": ["withe 10"]}
    with pytest.raises(CallmoodError, match="withe 10 is not a condition"):
        recipe_files.read(noise.Numbers, table)


def test_splits_at_random_and_by_speaker_are_compared(given: StudyInput) -> None:
    numbers = split.Numbers(copies=2, draws=2, test_share=0.25, neighbours=2, logistic_c=0.01, iterations=5)
    (grid,) = split.study(given, numbers).grids
    assert len(grid.rows) == 3 and grid.columns[1:] == ("ravdess, random", "ravdess, speaker-independent")


def test_random_splits_take_a_share_of_every_group() -> None:
    groups = ["a"] * 10 + ["b"] * 20
    splits = split.random_splits(groups, 0.2, 3, 1)
    assert len({tuple(test) for _, _, test in splits}) == 3
    for _, train, test in splits:
        assert sorted([*train, *test]) == list(range(30))
        assert [groups[row] for row in test] == ["a"] * 2 + ["b"] * 4


def test_voice_and_words_are_weighed(given: StudyInput, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    monkeypatch.setattr(
        modality, "text_vectors", lambda given, _: rng.normal(size=(len(given.clips), 4)).astype(np.float32)
    )
    words = (np.zeros((8, 4), np.float32), np.zeros(8, np.float32))
    model = Scorer("", BundleSettings(LABELS, None, None), Heads(text=words))
    monkeypatch.setattr(modality, "shipped", lambda: model)
    numbers = modality.Numbers(copies=2, parts=2, text_c=0.01, iterations=5)
    (grid,) = modality.study(given, numbers).grids
    assert grid.columns == ("corpus", *modality.SIDES) and len(cells(grid)) == 4 * 2
    audio, as_on_calls = (
        grid.rows[0][1 + modality.SIDES.index(side)] for side in ("audio", "both, as on calls")
    )
    assert audio == as_on_calls  # this model's words say nothing


def test_words_that_carry_nothing_weigh_nothing() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 8, 600)
    telling = (3 * np.eye(8)[labels] + rng.normal(size=(600, 8))).astype(np.float32)
    chatter = rng.normal(size=(600, 8)).astype(np.float32)
    assert modality.likeliest_weight(telling, chatter, labels) < 0.15
    assert modality.likeliest_weight(chatter, telling, labels) > 3


def test_clips_without_words_are_named(given: StudyInput) -> None:
    silent = [replace(given.clips[0], text=None), *given.clips[1:]]
    with pytest.raises(CallmoodError, match="has none"):
        modality.text_vectors(
            replace(given, clips=silent),
            Scorer("", BundleSettings(LABELS, None, None), Heads()),
        )


def test_folds_of_the_studies_keep_speakers_apart(two_corpora: StudyInput) -> None:
    clips = two_corpora.clips
    folds = common.all_folds(clips)
    assert [number for number, _, _ in folds] == [1, 2, 1, 2]
    for _, train, test in folds:
        assert not {clips[row].speaker for row in train} & {clips[row].speaker for row in test}
    assert sorted(row for _, _, test in folds for row in test) == list(range(len(clips)))


def test_a_corpus_of_one_speaker_gets_a_sentence(given: StudyInput) -> None:
    with pytest.raises(CallmoodError, match="only one speaker"):
        common.held_out([clip for clip in given.clips if clip.speaker == "ravdess-01"], "ravdess")


def test_a_study_is_written_as_text_json_and_plots(tmp_path: Path) -> None:
    grid = Grid(
        "one", "A title", ("what", "UA"), (("this", Spread((70.0, 80.0))), ("that", Spread((50.0, 50.0))))
    )
    run.write(StudyResult("toy", "Why?", (grid, replace(grid, name="two")), ("A note.",)), tmp_path)
    assert "| this | 75.0 ± 5.0 |" in (tmp_path / "toy.md").read_text(encoding="utf-8")
    stored = json.loads((tmp_path / "toy.json").read_text(encoding="utf-8"))
    assert stored["tables"][0]["rows"][0]["UA"] == {"mean": 75.0, "std": 5.0, "values": [70.0, 80.0]}
    assert (tmp_path / "toy.png").stat().st_size and (tmp_path / "toy-two.png").stat().st_size


def test_an_unknown_study_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="did you mean noise"):
        run.run("nosie", [], None, Workspace(tmp_path))


def test_what_cannot_be_read_is_in_no_study(
    given: StudyInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(given.clips[0], path=tmp_path / "broken.wav")
    broken.path.write_bytes(b"RIFF")
    monkeypatch.setattr(run, "read_clips", lambda *_: [broken, *given.clips[1:4]])
    inputs: list[StudyInput] = []

    def answer(given: StudyInput, numbers: object) -> StudyResult:
        inputs.append(given)
        return StudyResult("split", "What?", (), ())

    monkeypatch.setattr(split, "study", answer)
    said: list[str] = []
    workspace = Workspace(tmp_path / "out", report=said.append, cache=tmp_path)
    run.run("split", [("ravdess", tmp_path)], None, workspace)
    assert list(inputs[0].clips) == list(given.clips[1:4])
    assert "broken.wav" in said[0]


def test_every_study_has_its_numbers() -> None:
    table = recipe_files.load("studies")
    assert set(table) == set(run.STUDIES)
    for module in (baseline, corpora, intensity, modality, neutral, noise, split):
        recipe_files.read(module.Numbers, table[module.__name__.rpartition(".")[2]])


def test_a_narrowed_scorer_answers_alike() -> None:
    rng = np.random.default_rng(1)

    def head() -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(8, 30)).astype(np.float32), rng.normal(size=8).astype(np.float32)

    vectors = rng.normal(size=(9, 30)).astype(np.float32)
    scorer = Scorer("", BundleSettings(LABELS, None, None, prior_count=2.0), Heads(head(), head()))
    yes = np.ones(9, dtype=bool)
    whole = Encoded(vectors, np.zeros((9, 0), np.float32), yes, ~yes)
    small, narrow = embedded_heads.narrowed(scorer, vectors)
    for baseline_of in (lambda one, clips: None, lambda one, clips: one.baseline(clips.take([1, 4, 5]))):
        np.testing.assert_allclose(
            small.classify(narrow, baseline_of(small, narrow)),
            scorer.classify(whole, baseline_of(scorer, whole)),
            atol=1e-5,
        )


def test_of_clips_alike_few_are_trained_on(given: StudyInput) -> None:
    many = [replace(given.clips[0], text=str(number)) for number in range(10)]
    assert embedded.at_most_alike([*many, *given.clips[2:6]], 5) == [0, 2, 4, 6, 8, 10, 11, 12, 13]


def test_the_embedded_system_answers_in_the_table_of_systems(given: StudyInput, tmp_path: Path) -> None:
    labels = tuple(label for label in LABELS if label != "neutral")
    examples = [
        Example(clip, labels.index(clip.label), Path("unused.npy"))
        for clip in given.clips
        if clip.label != "neutral"
    ]
    train = [example for example in examples if example.clip.speaker in {"ravdess-01", "ravdess-11"}]
    copies = [replace(example, augmented=True) for example in train]
    validation, test = (
        [example for example in examples if example.clip.speaker == name]
        for name in ("ravdess-04", "ravdess-10")
    )
    workspace = Workspace(tmp_path, report=lambda _: None, cache=given.cache)
    outcome = embedded.run(
        given.recipe, Parts("speaker", labels, [*train, *copies], validation, test), workspace
    )
    assert outcome.probabilities.shape == (len(test), len(labels))
    np.testing.assert_allclose(outcome.probabilities.sum(axis=1), 1, atol=1e-5)
    plain = embedded.run(given.recipe, Parts("speaker", labels, train, validation, test), workspace)
    np.testing.assert_allclose(outcome.probabilities, plain.probabilities)
