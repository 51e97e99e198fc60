"""What goes into the wheel: every package, the SQL files, the notices of the code that was followed."""

import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PLACES = {"callmood": "callmood", "callmood.sql": "sql", "callmood.training": "train"}


@pytest.fixture(scope="module")
def setuptools() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def packages() -> set[str]:
    """The import names of all folders with Python files in them."""
    found = set()
    for name, folder in PLACES.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            found.add(".".join([name, *init.parent.relative_to(ROOT / folder).parts]))
    return found


def test_every_package_is_in_the_wheel(setuptools: Any) -> None:
    assert set(setuptools["packages"]) == packages()


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "sql").iterdir() if path.is_dir()))
def test_every_folder_of_sql_is_in_the_wheel(setuptools: Any, folder: str) -> None:
    if folder != "__pycache__":
        assert f"{folder}/*.sql" in setuptools["package-data"]["callmood.sql"]


@pytest.mark.parametrize("network", ["campplus", "segmentation"])
def test_a_network_that_follows_others_code_has_their_notice(network: str) -> None:
    notice = (ROOT / "callmood" / "licenses" / f"{network}.txt").read_text(encoding="utf-8")
    assert f"callmood/model/networks/{network}.py follows" in notice and "Copyright" in notice


def test_every_package_says_what_is_in_it() -> None:
    silent = [
        str(init)
        for folder in PLACES.values()
        for init in (ROOT / folder).rglob("__init__.py")
        if not init.read_text(encoding="utf-8").startswith('"""')
    ]
    assert silent == []
