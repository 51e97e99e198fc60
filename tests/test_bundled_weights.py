"""Weights that come inside packages are used only if they are the expected ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from callmood import bundled_weights
from callmood.errors import CallmoodError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "some_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def of_package(name: str) -> bundled_weights.BundledWeights:
    return replace(bundled_weights.MINILM, package=name, file="model.bin")


@pytest.mark.parametrize("model", bundled_weights.ALL, ids=lambda model: model.name)
def test_installed_weights_are_the_expected_ones(model: bundled_weights.BundledWeights) -> None:
    assert model.path().is_file()


def test_changed_weights_are_refused(package: Path) -> None:
    (package / "model.bin").write_bytes(b"something else")
    with pytest.raises(CallmoodError, match="is not the expected file"):
        of_package("some_weights").path()


def test_missing_weights_are_named(package: Path) -> None:
    with pytest.raises(CallmoodError, match=r"model\.bin .* is missing"):
        of_package("some_weights").path()


def test_a_missing_package_is_named() -> None:
    with pytest.raises(CallmoodError, match="package not-installed-weights"):
        of_package("not_installed_weights").path()
