"""Weights that come inside packages are used only if they are the expected ones."""

import hashlib
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


def in_parts(package: Path) -> bundled_weights.WeightsInParts:
    (package / "part1").write_bytes(b"the first half ")
    (package / "part2").write_bytes(b"and the second")
    whole = hashlib.sha256(b"the first half and the second").hexdigest()
    return replace(
        bundled_weights.WHISPER_BASE,
        parts=(("some_weights", "part1"), ("some_weights", "part2")),
        sha256=whole,
    )


def test_weights_in_parts_are_checked_as_a_whole(package: Path) -> None:
    weights = in_parts(package)
    assert weights.is_installed
    assert weights.paths() == (package / "part1", package / "part2")
    with pytest.raises(CallmoodError, match="are not the expected files"):
        replace(weights, parts=weights.parts[::-1]).paths()


def test_a_missing_part_is_named(package: Path) -> None:
    weights = in_parts(package)
    with pytest.raises(CallmoodError, match="package not-installed-weights"):
        replace(weights, parts=(*weights.parts, ("not_installed_weights", "part3"))).paths()
