"""Recipes: every number of a run stands in a TOML file, and can be overridden by its dotted name."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from callmood.errors import CallmoodError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES = Path(__file__).with_name("recipes")

Family = Literal["embedded", "classical", "cnn1d", "mobilenet", "transformer"]
"""A module of callmood.training.systems."""


FOLDERS: Final = ("encoder", "encoders", "folder")
"""The numbers of any table that may name folders."""


class Table(BaseModel):
    """A table of a recipe: names and types are checked.

    As JSON, by which one run is told from another, each folder that it names goes with a digest of what is in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap", when_used="json")
    def _with_contents(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = dump(self)
        for name in [name for name in FOLDERS if name in found]:
            values = found[name] if isinstance(found[name], list) else [found[name]]
            digests = [contents(Path(value)) for value in values if value and Path(value).is_dir()]
            if digests:
                found[f"{name} contents"] = digests
        return found


def contents(folder: Path) -> str:
    """32 hexadecimal digits that tell the files of ``folder`` by their names and bytes."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}".encode())
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:32]


Read = TypeVar("Read", bound=Table)


def families() -> list[str]:
    return list(get_args(Family))


def names() -> list[str]:
    """The recipes that come with callmood."""
    return sorted(path.stem for path in RECIPES.glob("*.toml") if "family" in _parsed(path))


def load(name_or_file: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The numbers of a recipe that comes with callmood, by its name, or of a TOML file.

    ``overrides``: "training.learning_rate=3e-5" and the like; the right side is TOML, or else plain text.
    """
    file = Path(name_or_file)
    source = file if file.suffix == ".toml" else RECIPES / f"{name_or_file}.toml"
    if not source.is_file():
        raise CallmoodError(
            f"There is no recipe {name_or_file}{nearest(name_or_file, names())}; "
            f"name a TOML file or one of {', '.join(names())}."
        )
    table = _parsed(source)
    for override in overrides:
        _set(table, override)
    return table


def load_system(name_or_file: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """``load`` of a recipe that trains a system; other files of numbers are refused."""
    table = load(name_or_file, overrides)
    if "family" not in table:
        raise CallmoodError(
            f"{name_or_file} is no recipe, as it names no family; name a TOML file that does or one of "
            f"{', '.join(names())}."
        )
    return table


def read(model: type[Read], table: Mapping[str, Any]) -> Read:
    """``table`` as ``model``; a wrong name or type is refused in one sentence, with the nearest right name."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        # a misspelt name is unknown and, under its right one, missing: the unknown one tells what to mend
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        place = [str(part) for part in first["loc"]]
        name = ".".join(place)
        if first["type"] == "extra_forbidden":
            raise CallmoodError(
                f"The recipe has no {name}{nearest(place[-1], _siblings(model, place))}; mend the name."
            ) from None
        if first["type"] == "missing":
            raise CallmoodError(f"The recipe lacks {name}.") from None
        raise CallmoodError(f"The recipe's {name} is wrong: {first['msg']}.") from None


def nearest(name: str, known: Sequence[str]) -> str:
    """ " (did you mean NAME?)", or nothing where no name of ``known`` is near."""
    found = get_close_matches(name, known, n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def _parsed(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CallmoodError(f"The recipe {source} can't be read: {error}.") from None


def _set(table: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    if not equals or not dotted.strip():
        raise CallmoodError(f"{override} sets nothing; write NAME=VALUE, such as training.epochs=3.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        value = text.strip()
    *tables, name = dotted.strip().split(".")
    place = table
    for part in tables:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise CallmoodError(f"The recipe's {part} is not a table; {dotted.strip()} can't be set.")
    place[name] = value


def _siblings(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """The names that stand beside the last of ``place``."""
    table: Any = model
    for part in place[:-1]:
        field = table.model_fields.get(part)
        inner = [field.annotation, *get_args(field.annotation)] if field else []
        inner = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not inner:
            return []
        table = inner[0]
    return list(table.model_fields)
