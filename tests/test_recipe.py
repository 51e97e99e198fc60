"""Recipes: read, overridden by dotted names, refused with the nearest right name."""

from pathlib import Path

import pytest

from callmood.errors import CallmoodError
from callmood.training import recipe
from callmood.training.recipe import Table


class Inner(Table):
    learning_rate: float
    epochs: int = 3


class Outer(Table):
    family: str
    optimizer: Inner
    words: Inner | None = None


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text('family = "cnn1d"\n[optimizer]\nlearning_rate = 1e-3\n', encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("override", "value"),
    [("optimizer.learning_rate=3e-5", 3e-5), ("optimizer.epochs = 7", 7), ("family=mine", "mine")],
)
def test_a_dotted_name_overrides_the_file(file: str, override: str, value: object) -> None:
    read = recipe.read(Outer, recipe.load(file, [override])).model_dump()
    *tables, name = override.split("=")[0].strip().split(".")
    assert (read[tables[0]] if tables else read)[name] == value


def test_a_table_that_the_file_lacks_can_be_set(file: str) -> None:
    read = recipe.read(Outer, recipe.load(file, ["words.learning_rate=0.5"]))
    assert read.words is not None and read.words.learning_rate == 0.5


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("optimizer.learning_rat=1", r"no optimizer\.learning_rat \(did you mean learning_rate\?\)"),
        ("optimiser.epochs=1", r"no optimiser \(did you mean optimizer\?\)"),
        ("optimizer.epochs=many", r"optimizer\.epochs is wrong"),
        ("words.epochs=1", r"lacks words\.learning_rate"),
        ("words.epoch=1", r"\(did you mean epochs\?\)"),
        ("epochs", "sets nothing"),
        ("family.name=1", "family is not a table"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(file: str, override: str, sentence: str) -> None:
    with pytest.raises(CallmoodError, match=sentence):
        recipe.read(Outer, recipe.load(file, [override]))


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    with pytest.raises(CallmoodError, match=r"did you mean embedded\?"):
        recipe.load("embeded")


class Sides(Table):
    encoder: str = "facebook/hubert-base-ls960"
    encoders: tuple[str, ...] = ("tiny.en",)
    folder: Path | None = None


class Both(Table):
    sides: Sides


@pytest.mark.parametrize("name", ["encoder", "encoders", "folder"])
def test_a_recipe_is_another_when_a_folder_that_it_names_has_changed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "weights"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "model.bin").write_bytes(b"one")
    value = [str(folder), "cam++"] if name == "encoders" else str(folder)
    one = Both.model_validate({"sides": {name: value}})
    first = one.model_dump(mode="json")
    assert one.model_dump(mode="json") == first
    assert set(one.model_dump()["sides"]) == {"encoder", "encoders", "folder"}
    (folder / "deep" / "model.bin").write_bytes(b"two")
    assert one.model_dump(mode="json") != first
    assert Both(sides=Sides()).model_dump(mode="json") == {
        "sides": {"encoder": "facebook/hubert-base-ls960", "encoders": ["tiny.en"], "folder": None}
    }


@pytest.mark.parametrize("name", ["studies", "text", "service_talk"])
def test_other_files_of_numbers_are_not_recipes(name: str) -> None:
    with pytest.raises(CallmoodError, match=rf"^{name} is not a recipe: .* one of bert, .*, xgboost\.$"):
        recipe.load_system(name)
    assert recipe.load(name)


def test_every_recipe_that_comes_along_names_a_family() -> None:
    assert "embedded" in recipe.names()
    assert {recipe.load(name)["family"] for name in recipe.names()} <= set(recipe.families())


def test_names_that_recipes_had_before_are_still_read(tmp_path: Path) -> None:
    file = tmp_path / "old.toml"
    tables = ("[renditions]", "steps = [[]]", "[baseline]", "shrink = 3.0", "[fusion.shares]", "sad = 0.5")
    file.write_text("\n".join(tables), encoding="utf-8")
    overrides = ["baseline.shrink=1.0", "fusion.shares.sad=0.2", "renditions.calibration=[0]"]
    assert recipe.load(str(file), overrides) == {
        "copies": {"steps": [[]], "calibration": [0]},
        "baseline": {"prior_count": 1.0},
        "fusion": {"class_priors": {"sad": 0.2}},
    }
    assert recipe.load("embedded", overrides)["fusion"]["class_priors"]["sad"] == 0.2
