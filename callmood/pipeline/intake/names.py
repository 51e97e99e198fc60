"""The facts of a call in the name of its recording and in its folders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import PurePosixPath
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from callmood.call import FACTS, CallFacts
from callmood.errors import UsageError
from callmood.pipeline.intake.folders import folder_facts, is_generic, is_person
from callmood.pipeline.intake.packed import Packed
from callmood.pipeline.intake.patterns import NAME_PATTERNS
from callmood.pipeline.intake.times import find_time, read_times
from callmood.settings import DiscoverSettings
from callmood.wording import printable

Origin: TypeAlias = Literal["metadata table", "name pattern", "file name", "folder"]
"""Where the agent of a call is known from."""

PATTERN_LIMIT_S: Final = 2.0
"""A name pattern that takes longer for one name would take for ever for the rest."""


class Named(NamedTuple):
    """What a name says."""

    facts: CallFacts
    agent_from: Origin | None


NameReader: TypeAlias = Callable[[Iterable[PurePosixPath]], Iterator[Named]]
"""Reads the paths below the scanned folders, in one call: what dates mean may be decided over all of them."""


def name_reader(settings: DiscoverSettings, zone: tzinfo | None = None) -> NameReader:
    """The reader of names, by the user's pattern or the built-in ones.

    Times with a time zone are converted to ``zone`` (None: the machine's own). Raises UsageError if the pattern is not
    a regular expression or has no group for a fact; the reader, if it takes too long.
    """
    pattern = settings.name_pattern
    if pattern is None:
        return lambda paths: (read_name(path, zone) for path in paths)
    import regex  # re has no time limit

    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise UsageError(f"The name pattern {pattern!r} is not a regular expression: {error}.") from None
    if compiled.groupindex.keys().isdisjoint(FACTS):
        raise UsageError(
            f"The name pattern {pattern!r} has no named group for a fact. Use groups such as "
            f"(?P<agent>[a-z]+); the names are {', '.join(FACTS)}."
        )
    return lambda paths: _read_by_pattern(compiled, paths, zone, settings.time_format)


def read_name(path: PurePosixPath, zone: tzinfo | None = None) -> Named:
    """What the built-in patterns find in a path below the scanned folder.

    >>> read_name(PurePosixPath("anna/20261120-143005.wav"))
    Named(facts=CallFacts(agent='anna', started_at=datetime.datetime(2026, 11, 20, 14, 30, 5)), agent_from='folder')
    """
    composed = unicodedata.normalize("NFC", str(path))
    path = path if composed == str(path) else PurePosixPath(composed)
    text = str(path.with_suffix("")) if path.name else ""
    found: dict[str, str] = {}
    started_at: datetime | None = None
    for pattern in NAME_PATTERNS:
        match = pattern.regex.search(text)
        if match is None:
            continue
        groups = _groups(match)
        if pattern.time_format and "day" in groups and "clock" in groups:
            written = f"{groups.pop('day')} {groups.pop('clock')}"
            started_at = started_at or read_times([written], zone, pattern.time_format).read[0]
        found = {**_people(groups), **found}
    if is_generic(found.get("agent", "")):
        found.pop("agent", None)
    started_at = started_at or find_time(path.stem, zone) or find_time(str(path.parent), zone)
    of_name = replace(_facts(found), started_at=started_at)
    of_folders = folder_facts(path)
    origin: Origin | None = "file name" if of_name.agent else "folder" if of_folders.agent else None
    return Named(of_name.over(of_folders), origin)


def tidied(facts: CallFacts) -> CallFacts:
    """The facts with names in one way of writing: macOS composes accents of file names in another way than tables.

    >>> tidied(CallFacts(agent="Zoe\u0308\u00a0 M."))
    CallFacts(agent='Zoë M.')
    """
    written = {name: getattr(facts, name) for name in FACTS}
    names: dict[str, Any] = {
        name: " ".join(unicodedata.normalize("NFC", text).split()) or None
        for name, text in written.items()
        if isinstance(text, str)
    }
    return replace(facts, **names)


def _people(groups: dict[str, str]) -> dict[str, str]:
    """The groups under the names of facts: a name side by side with another is an agent only if it is a person's."""
    person, customer = groups.pop("person", None), groups.pop("customer_of_person", None)
    if person and customer and (is_person(person) or is_generic(person)) and not is_generic(customer):
        groups |= {"agent": person, "customer": customer}
    return groups


def _read_by_pattern(
    pattern: Any, paths: Iterable[PurePosixPath], zone: tzinfo | None, time_format: str | None
) -> Iterator[Named]:
    found = Packed(_groups(_search(pattern, str(path))) for path in paths)
    written = [groups["started_at"] for groups in found if "started_at" in groups]
    times = iter(read_times(written, zone, time_format).read)

    def named(groups: dict[str, str]) -> Named:
        text = groups.pop("started_at", None)
        facts = _facts(groups)
        if text is not None:
            started_at = next(times) or (None if time_format else find_time(text, zone))
            unread = {} if started_at else {"started_at": text}
            facts = replace(facts, started_at=started_at, metadata={**facts.metadata, **unread})
        return Named(facts, "name pattern" if facts.agent else None)

    return map(named, found)


def _search(pattern: Any, text: str) -> re.Match[str] | None:
    try:
        return pattern.search(text, timeout=PATTERN_LIMIT_S)  # type: ignore[no-any-return]
    except TimeoutError:
        raise UsageError(
            f"The name pattern {pattern.pattern!r} takes too long for {printable(text)}. "
            "Avoid a repetition within a repetition, such as (a+)+."
        ) from None


def _groups(match: re.Match[str] | None) -> dict[str, str]:
    groups = match.groupdict() if match else {}
    return {name: value.strip() for name, value in groups.items() if value and value.strip()}


def _facts(groups: Mapping[str, str]) -> CallFacts:
    """All facts but the time; what is none is metadata."""
    known: dict[str, Any] = {name: groups[name] for name in FACTS if name in groups}
    return CallFacts(**known, metadata={name: value for name, value in groups.items() if name not in FACTS})
