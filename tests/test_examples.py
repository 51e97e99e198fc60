"""The examples in docstrings run, and give what they say."""

import doctest
import importlib
import pkgutil
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from sounds import STEREO_CALL

import callmood

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules_with_examples() -> Iterator[str]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for found in pkgutil.walk_packages(callmood.__path__, "callmood."):
        if found.name.startswith(("callmood.training", "callmood.cli", "callmood.__main__")):
            continue
        module = importlib.import_module(found.name)
        if any(test.examples for test in finder.find(module)):
            yield found.name


@pytest.fixture(scope="module")
def one_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one of the sample calls."""
    folder = tmp_path_factory.mktemp("examples") / "calls"
    (folder / "anna").mkdir(parents=True)
    shutil.copy(STEREO_CALL, folder / "anna")
    return folder


@pytest.fixture
def names(request: pytest.FixtureRequest, one_call: Path, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What examples may use without saying where it comes from."""
    known: dict[str, Any] = {"callmood": callmood, "pl": pl, "calls": one_call}
    if request.node.callspec.params["name"] != "callmood.database":
        yield known
        return
    database = tmp_path / "callmood.duckdb"
    callmood.scan(one_call, db=database)
    shutil.copy(database, tmp_path / "open.duckdb")
    with callmood.open(tmp_path / "open.duckdb") as db:
        yield known | {"database": database, "db": db}


@pytest.mark.parametrize("name", sorted(modules_with_examples()))
def test_examples_of_a_module_give_what_they_say(
    name: str, names: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module: ModuleType = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs=names, optionflags=OPTIONS)
    assert result.attempted and not result.failed
