"""Recipes: every number of a run is in a TOML file and can be overridden by its dotted name.

A file is read by ``load`` as plain tables and checked by ``read``, which makes a ``Table`` of it, once.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from callmood.errors import UsageError
from callmood.hashing import hash_stream
from callmood.wording import did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES = Path(__file__).with_name("recipes")

Family = Literal["embedded", "classical", "cnn1d", "mobilenet", "transformer"]
"""What a recipe trains: see callmood.training.systems."""

FOLDERS: Final = ("encoder", "encoders", "folder")
"""The values of any table that may name folders."""

RENAMED: Final[Mapping[str, str]] = {
    "baseline.shrink": "baseline.prior_count",
    "fusion.shares": "fusion.class_priors",
    "renditions": "copies",
}
"""Names that recipes had before: they are still read."""


class Table(BaseModel):
    """A table of a recipe: names and types are checked.

    As JSON, by which runs are compared, each folder that it names comes with a digest of its contents.
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
    """32 hexadecimal digits that identify the files under ``folder`` by their names and bytes."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}".encode())
        with file.open("rb") as opened:
            hash_stream(opened, digest)
    return digest.hexdigest()[:32]


Read = TypeVar("Read", bound=Table)


def families() -> list[str]:
    """The families that a recipe can name."""
    return list(get_args(Family))


def names() -> list[str]:
    """The recipes that come with callmood."""
    return sorted(path.stem for path in RECIPES.glob("*.toml") if "family" in _parsed(path))


def load(name_or_file: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The tables of a recipe that comes with callmood, by its name, or of a TOML file.

    ``overrides``: "training.learning_rate=3e-5" and the like; the right side is TOML, or else plain text. Raises
    UsageError for a recipe that is missing or can't be read, and for an override that sets nothing.
    """
    file = Path(name_or_file)
    source = file if file.suffix == ".toml" else RECIPES / f"{name_or_file}.toml"
    if not source.is_file():
        raise UsageError(
            f"There is no recipe {name_or_file}{did_you_mean(name_or_file, names())}. "
            f"Give a TOML file or one of {', '.join(names())}."
        )
    table = _parsed(source)
    for old, new in RENAMED.items():
        _rename(table, old, new)
    for override in overrides:
        _override(table, override)
    return table


def load_system(name_or_file: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """``load`` of a recipe that trains a system. Raises UsageError for other files of numbers."""
    table = load(name_or_file, overrides)
    if "family" not in table:
        raise UsageError(
            f"{name_or_file} is not a recipe: it has no family. Give a TOML file that has one, or one of "
            f"{', '.join(names())}."
        )
    return table


def read(model: type[Read], table: Mapping[str, Any]) -> Read:
    """``table`` as ``model``. Raises UsageError for a wrong name or type, with the nearest right name."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        # a misspelt name is unknown and, under its right one, missing: the unknown one says what to fix
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        path = [str(part) for part in first["loc"]]
        name = ".".join(path)
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"The recipe has no {name}{did_you_mean(path[-1], _siblings(model, path))}. Correct the name."
            ) from None
        if first["type"] == "missing":
            raise UsageError(f"The recipe lacks {name}.") from None
        raise UsageError(f"The recipe's {name} is wrong: {first['msg']}.") from None


def _parsed(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The recipe {source} can't be read: {error}.") from None


def _rename(table: dict[str, Any], old: str, new: str) -> None:
    *tables, last = old.split(".")
    for part in tables:
        table = table.get(part, {})
    if isinstance(table, dict) and last in table:
        table[new.rpartition(".")[2]] = table.pop(last)


def _renamed(dotted: str) -> str:
    for old, new in RENAMED.items():
        if dotted == old or dotted.startswith(f"{old}."):
            return new + dotted[len(old) :]
    return dotted


def _override(table: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    dotted = _renamed(dotted.strip())
    if not equals or not dotted:
        raise UsageError(f"{override} sets nothing. Write NAME=VALUE, such as training.epochs=3.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        value = text.strip()
    *tables, name = dotted.split(".")
    inner = table
    for part in tables:
        inner = inner.setdefault(part, {})
        if not isinstance(inner, dict):
            raise UsageError(f"The recipe's {part} is not a table, so {dotted} can't be set.")
    inner[name] = value


def _siblings(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The names beside the last of ``path``."""
    table: Any = model
    for part in path[:-1]:
        field = table.model_fields.get(part)
        inner = [field.annotation, *get_args(field.annotation)] if field else []
        inner = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not inner:
            return []
        table = inner[0]
    return list(table.model_fields)
