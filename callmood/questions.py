"""What is asked of the words of calls, as the commands and the library ask it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from callmood import store
from callmood.call import RoleChoice
from callmood.errors import CallmoodError, UsageError
from callmood.reports.period import bound
from callmood.settings import load_settings
from callmood.store import Connection, Db
from callmood.store.categories import CategoryCount, category_counts, category_set, write_category_set
from callmood.store.meanings import Filter, require_calls
from callmood.wording import did_you_mean

if TYPE_CHECKING:
    from callmood.search.categorize import Tuning
    from callmood.search.find import Found
    from callmood.search.topics import Topics


@dataclass(frozen=True, slots=True)
class Categorized:
    """In how many calls each category occurs."""

    categories: tuple[str, ...]
    """All that count, also those that occur in no call."""
    calls: int
    """Number of calls whose categories are known."""
    counts: tuple[CategoryCount, ...]
    """By category and agent."""


def find(
    text: str,
    *,
    exact: bool = False,
    role: RoleChoice = "all",
    agent: str | None = None,
    since: str | date | None = None,
    emotion: str | None = None,
    limit: int = 10,
    db: Db = None,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """The segments whose meaning is nearest to ``text``, as ``callmood find`` prints them.

    ``exact``: instead those in which the words of ``text`` stand in a row; a star stands for any letters. ``role``:
    whose; "customer" includes speakers whose role is not known. ``since``: calls that started on that day or later.
    ``emotion``: with that label. Calls that were scanned by an older callmood are encoded first; ``progress`` is told
    how many of how many are done.

    Raises CallmoodError if there is no such agent, and UsageError for an unknown emotion, a wrong date or no words.
    """
    from callmood.search.find import find_meaning, find_words
    from callmood.search.vectors import fill_in

    wanted = _filter(role, agent, since, emotion)
    if limit < 1:
        raise UsageError("The limit must be 1 or more.")
    paths = store.sources(db)
    for path in () if exact else store.databases(paths):
        fill_in(path, progress=progress)
    with store.reading_sources(paths) as con:
        require_calls(con)
        if exact:
            return find_words(con, text, wanted, limit)
        unsearchable = _unsearchable(con, store.label(paths))
        return replace(find_meaning(con, text, wanted, limit), unsearchable=unsearchable)


def categorize(
    file: str | Path | None = None,
    *,
    included: bool = False,
    db: str | Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Categorized:
    """Find the categories in all stored calls, without transcribing, as ``callmood categorize`` does.

    ``file``: a TOML file with definitions that count in this database from now on, also for later scans; ``included``:
    those that come with callmood do again. Without either the present ones count, and only calls that were not compared
    with them are looked at. ``progress`` is told what is done ("searchable", then "categorized"), how many calls of how
    many.

    Raises CallmoodError if the file can't be read, UsageError if a definition in it can't be understood.
    """
    from callmood.search.categorize import categorize as find_categories
    from callmood.search.vectors import fill_in

    if file is not None and included:
        raise UsageError("Give either a file with categories or --included.")
    path = load_settings({"db": db}).db
    toml = None if file is None else _definitions(Path(file))
    with store.reading(path) as con:
        require_calls(con)
    if toml is not None or included:
        with store.writing(path) as con:
            write_category_set(con, toml)
    told = {what: progress and partial(progress, what) for what in ("searchable", "categorized")}
    fill_in(path, progress=told["searchable"])
    with store.reading(path) as con:
        _unsearchable(con, path)
    categories = find_categories(path, progress=told["categorized"])
    with store.reading(path) as con:
        return Categorized(tuple(categories), *category_counts(con))


def tune(
    name: str,
    file: str | Path | None = None,
    *,
    db: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tuning:
    """What the threshold of the category ``name`` lets in and leaves out: to choose it by. Stores no category.

    ``file``: with its definition; without one that of the database. Raises UsageError if there is no such category, or
    if it has no examples.
    """
    from callmood.search.categories import read_categories
    from callmood.search.categorize import definitions_of
    from callmood.search.categorize import tune as try_threshold
    from callmood.search.vectors import fill_in

    path = load_settings({"db": db}).db
    toml = None if file is None else _definitions(Path(file))
    fill_in(path, progress=progress)
    with store.reading(path) as con:
        require_calls(con)
        _unsearchable(con, path)
        categories = definitions_of(con) if toml is None else read_categories(toml, str(file))
        if name not in categories:
            suggestion = did_you_mean(name, list(categories))
            raise UsageError(f"There is no category {name}{suggestion}. There are: {', '.join(categories)}.")
        if not categories[name].examples:
            raise UsageError(f"The category {name} has no examples, so it needs no threshold.")
        return try_threshold(con, name, categories[name])


def topics(
    *,
    agent: str | None = None,
    since: str | date | None = None,
    db: Db = None,
    progress: Callable[[int, int], None] | None = None,
) -> Topics:
    """Why customers call: their opening statements, grouped by meaning, as ``callmood topics`` prints them.

    ``since``: calls that started on that day or later. Raises CallmoodError if there is no such agent.
    """
    from callmood.search.find import require_agent
    from callmood.search.topics import find_topics
    from callmood.search.vectors import fill_in

    wanted = _filter(agent=agent, since=since)
    paths = store.sources(db)
    for path in store.databases(paths):
        fill_in(path, progress=progress)
    with store.reading_sources(paths) as con:
        require_calls(con)
        require_agent(con, agent)
        unsearchable = _unsearchable(con, store.label(paths))
        return replace(find_topics(con, wanted), unsearchable=unsearchable)


def _unsearchable(con: Connection, path: Path) -> int:
    """Number of calls that have no vectors, because the database can't be written; CallmoodError if none has."""
    from callmood.search.vectors import ENCODER
    from callmood.store.meanings import calls_without_vectors

    left = len(calls_without_vectors(con, ENCODER))
    if left and not store.rows(con, "SELECT 1 FROM segment_vectors LIMIT 1"):
        raise CallmoodError(
            f"The calls of {path} are not searchable by meaning yet, and you may not write it. Copy it to a folder of "
            "yours, or ask its owner to run callmood categorize once; callmood find --exact needs nothing."
        )
    return left


def definitions(db: Db = None) -> str:
    """The definitions of the categories that count in a database, as TOML; without one those of callmood."""
    from callmood.search.categories import included

    paths = store.sources(db)
    if not any(map(store.may_exist, paths)):
        return included()
    with store.reading_sources(paths) as con:
        return category_set(con) or included()


def category_names(db: Db = None) -> tuple[str, ...]:
    """The names of the categories that count in a database."""
    from callmood.search.categories import read_categories

    return tuple(read_categories(definitions(db), "The definitions in the database"))


def _definitions(file: Path) -> str:
    """The text of a file with definitions, which have been understood."""
    from callmood.search.categories import read_categories

    try:
        toml = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CallmoodError(f"{file} can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise CallmoodError(f"{file} is not text in UTF-8. Save it as UTF-8.") from None
    read_categories(toml, str(file))
    return toml


def _filter(
    role: RoleChoice = "all",
    agent: str | None = None,
    since: str | date | None = None,
    emotion: str | None = None,
) -> Filter:
    if role not in get_args(RoleChoice):
        raise UsageError(f"There is no role {role}. Use one of: {', '.join(get_args(RoleChoice))}.")
    from callmood.search.categories import SHOWN_EMOTIONS

    shown = "neutral" if emotion == "calm" else emotion
    if shown is not None and shown not in SHOWN_EMOTIONS:
        raise UsageError(
            f"There is no emotion {emotion}{did_you_mean(shown, SHOWN_EMOTIONS)}. "
            f"Use one of: {', '.join(SHOWN_EMOTIONS)}."
        )
    return Filter(role, agent, None if since is None else bound(since), shown)
