"""What a page says of the emotion models that scored its calls."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from callmood.errors import CallmoodError
from callmood.model.bundle import INCLUDED, content_id, find_bundle
from callmood.model.registry import about, card


def described(model_id: str, calls: int, used: str) -> dict[str, Any]:
    """A model: its name, measured figures, the table of its tests and its limits.

    ``used``: the model of the settings, "embedded", "open" or a folder. Of a model that is no longer here only the id
    is known.
    """
    name = _name_of(model_id, used)
    known: dict[str, Any] = {
        "id": model_id,
        "calls": calls,
        "name": name,
        "figures": {},
        "tests": [],
        "limits": [],
    }
    if name is None:
        return known
    with suppress(CallmoodError):  # a bundle of one's own need not have a card
        known |= {"figures": about(name).get("figures", {})}
        text = card(name)
        known |= {
            "tests": list(_first_table(_section(text, "Metrics"))),
            "limits": list(_items(_section(text, "Limits"))),
        }
    return known


def _name_of(model_id: str, used: str) -> str | None:
    for name in dict.fromkeys((used, *INCLUDED)):
        with suppress(CallmoodError, OSError):
            if content_id(find_bundle(name)) == model_id:
                return name
    return None


def _section(text: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _items(section: str) -> Iterator[str]:
    """The items of a list, each on one line, without emphasis."""
    for item in re.split(r"^- ", section, flags=re.MULTILINE)[1:]:
        yield " ".join(item.replace("**", "").split())


def _first_table(section: str) -> Iterator[list[str]]:
    """The rows of the first pipe table, the heading first."""
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    for line in table[0].splitlines() if table else ():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if not all(set(cell) <= set("-: ") for cell in cells):
            yield cells
