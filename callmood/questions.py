"""What is asked of the words of calls, as the commands and the library ask it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from callmood import store
from callmood.call import RoleChoice
from callmood.errors import UsageError
from callmood.labels import LABELS, UNCERTAIN
from callmood.reports.period import bound
from callmood.settings import load_settings
from callmood.store.meanings import Filter, require_calls
from callmood.wording import did_you_mean

if TYPE_CHECKING:
    from callmood.search.find import Found

_SHOWN_LABELS = (*(label for label in LABELS if label != "calm"), UNCERTAIN)
"""Labels as reports show them: calm is neutral."""


def find(
    text: str,
    *,
    exact: bool = False,
    role: RoleChoice = "all",
    agent: str | None = None,
    since: str | date | None = None,
    emotion: str | None = None,
    limit: int = 10,
    db: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """The segments whose meaning is nearest to ``text``, as ``callmood find`` prints them.

    ``exact``: instead those in which the words of ``text`` stand in a row; a star stands for any letters. ``role``:
    whose; "customer" includes speakers whose role is not known. ``since``: calls that started on that day or later.
    ``emotion``: with that label. Calls that were scanned by an older callmood are encoded first; ``progress`` is told
    how many of how many are done.

    Raises CallmoodError if there is no such agent, and UsageError for an unknown emotion, a wrong date or no words.

    >>> callmood.find("the customer was billed twice", db=database, role="customer").hits[0].text
    '...'
    """
    from callmood.search.find import find_meaning, find_words
    from callmood.search.vectors import fill_in

    wanted = _filter(role, agent, since, emotion)
    if limit < 1:
        raise UsageError("The limit must be 1 or more.")
    path = load_settings({"db": db}).db
    if not exact:
        fill_in(path, progress=progress)
    with store.reading(path) as con:
        require_calls(con)
        return (find_words if exact else find_meaning)(con, text, wanted, limit)


def _filter(
    role: RoleChoice = "all",
    agent: str | None = None,
    since: str | date | None = None,
    emotion: str | None = None,
) -> Filter:
    if role not in get_args(RoleChoice):
        raise UsageError(f"There is no role {role}. Use one of: {', '.join(get_args(RoleChoice))}.")
    shown = "neutral" if emotion == "calm" else emotion
    if shown is not None and shown not in _SHOWN_LABELS:
        raise UsageError(
            f"There is no emotion {emotion}{did_you_mean(shown, _SHOWN_LABELS)}. "
            f"Use one of: {', '.join(_SHOWN_LABELS)}."
        )
    return Filter(role, agent, None if since is None else bound(since), shown)
