"""What a page for people is made of: sheets with columns. Terminal, Markdown and spreadsheets render them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]

BETTER, WORSE, DIM = "green", "red", "dim"
"""Styles of cells. Only clear results are coloured."""


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    """May have two lines."""
    cell: Callable[[Row], str]
    right: bool = True
    style: Callable[[Row], str] = lambda row: ""
    hide_order: int = 0
    """Columns with a higher number give way first on a narrow terminal, negative ones last; 0 never does."""
    wraps: bool = False
    key: str = ""
    """Identifies a column that a page may leave out."""


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    continues: bool = False
    """Columns that don't fit into the terminal come in a table below, not in none; the first is in both."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a report shows, in order."""

    title: str
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    sheets: Sequence[Sheet] = ()
    notes: Sequence[str] = field(default_factory=tuple)
