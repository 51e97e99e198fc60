"""Weights that come inside packages are used only when they are the ones we know."""

from dataclasses import replace
from pathlib import Path

import pytest

from callmood import packaged
from callmood.errors import CallmoodError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "some_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def of_package(name: str) -> packaged.Packaged:
    return replace(packaged.MINILM, package=name, file="model.bin")


@pytest.mark.parametrize("model", packaged.ALL, ids=lambda model: model.what)
def test_what_is_installed_is_what_we_know(model: packaged.Packaged) -> None:
    assert packaged.weights(model).is_file()


def test_changed_weights_are_refused(package: Path) -> None:
    (package / "model.bin").write_bytes(b"something else")
    with pytest.raises(CallmoodError, match="is not the known file"):
        packaged.weights(of_package("some_weights"))


def test_missing_weights_are_named(package: Path) -> None:
    with pytest.raises(CallmoodError, match=r"model\.bin .* is missing"):
        packaged.weights(of_package("some_weights"))


def test_a_missing_package_is_named() -> None:
    with pytest.raises(CallmoodError, match="package not-installed-weights"):
        packaged.weights(of_package("not_installed_weights"))
