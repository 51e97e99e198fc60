"""The facts of a call in the name of its recording and in its folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from callmood.call import FACTS, CallFacts
from callmood.errors import UsageError


@dataclass(frozen=True, slots=True)
class NamePattern:
    """One way in which recorders write facts into names."""

    what: str
    example: str
    regex: re.Pattern[str]
    """Searched in the path below the scanned folder, without the extension; its named groups are the facts."""


_AMAZON: Final = "Auto3_CUST_5551234_GUID_000_AGENT_ChrisL_DT_2021-12-01T06-01-22.wav"


def _keyed(name: str, key: str) -> NamePattern:
    regex = re.compile(rf"(?:^|[/_]){key}_(?P<{name}>[^/_]+)")
    return NamePattern(f"{key}_..., as in post-call analytics for Amazon Connect", _AMAZON, regex)


def _assigned(name: str) -> NamePattern:
    regex = re.compile(rf"(?:^|[/_ ;,&-]){name}=(?P<{name}>[^/_;,&=]+)", re.IGNORECASE)
    return NamePattern(f"{name}=..., in a file or folder name", f"{name}=x17/call.wav", regex)


_STAMP: Final = r"-\d{8}-\d{6}-(?P<call_id>\d+\.\d+)"
_NUMBER: Final = r"\+?\d+|anonymous|unknown"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TIME_THEN: Final = r"\d{4}-?\d\d-?\d\d[T_ -]\d\d[-:.]?\d\d[-:.]?\d\d[_ ]"

NAME_PATTERNS: Final = (
    _keyed("call_id", "GUID"),
    _keyed("agent", "AGENT"),
    _keyed("customer", "CUST"),
    _assigned("agent"),
    _assigned("customer"),
    _assigned("call_id"),
    _assigned("queue"),
    NamePattern(
        "FreePBX, a call to outside",
        "out-5551234-101-20211201-060122-1638338482.123.wav",
        re.compile(rf"(?:^|/)(?P<direction>out)-(?P<customer>{_NUMBER})-(?P<agent>\w+){_STAMP}"),
    ),
    NamePattern(
        "FreePBX, a call to an extension",
        "external-101-5551234-20211201-060122-1638338482.123.wav",
        re.compile(rf"(?:^|/)(?:external|exten)-(?P<agent>\w+)-(?P<customer>{_NUMBER}){_STAMP}"),
    ),
    NamePattern(
        "FreePBX, a call to a queue or a ring group",
        "q-support-5551234-20211201-060122-1638338482.123.wav",
        re.compile(rf"(?:^|/)(?:q|rg)-(?P<queue>\w+)-(?P<customer>{_NUMBER}){_STAMP}"),
    ),
    NamePattern(
        "FreePBX, a call from outside",
        "in-8005550100-5551234-20211201-060122-1638338482.123.wav",
        re.compile(rf"(?:^|/)(?P<direction>in)-\w+-(?P<customer>{_NUMBER}){_STAMP}"),
    ),
    NamePattern(
        "time, agent and customer, side by side",
        "2026-11-20_14-30-05_anna_5551234.wav",
        re.compile(rf"(?:^|/){_TIME_THEN}(?P<agent>[^\W\d_][^\d_/]*)_(?P<customer>[^_/]+)$"),
    ),
    NamePattern(
        "a UUID, as Amazon Connect, Genesys and Twilio exports carry it",
        "3f1c2b7e-0d6a-4d5e-9b1f-2a7c8e9d0f11_20211201T06:01_UTC.wav",
        re.compile(rf"(?<![0-9a-f])(?P<call_id>{_UUID})(?![0-9a-f])", re.IGNORECASE),
    ),
)
"""Tried in this order; each one that matches adds the facts that those above it left open.

After them: a date, with or without a time, anywhere in the name, else in the folders (``find_time``); and the
nearest folder below the scanned one as the agent, or as the queue if its name says so (``_folder_facts``)."""

_TIME: Final = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<dash>[-_./]?)(?P<month>0[1-9]|1[0-2])(?P=dash)(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:(?:[T_. -]| - |_-_)?(?P<hour>[01]\d|2[0-3])(?P<colon>[-_:.h]?)(?P<minute>[0-5]\d)"
    r"(?:(?P=colon)(?P<second>[0-5]\d))?)?(?!\d)"
)
_NUMBERED_AGENT: Final = re.compile(r"(?:agent|operator|employee|user|ext)[ _.-]?\d+", re.IGNORECASE)
_WORD: Final = r"[^\W\d_]+(?:['’][^\W\d_]+)?"
_NAME: Final = re.compile(rf"{_WORD}(?:[ _.-]+{_WORD}){{0,2}}\.?")
"""One to three words of letters."""
_DAY_FIRST: Final = re.compile(
    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"
    r"(?:[ ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.casefold()))


_GENERIC_WORDS: Final = _words(
    """
    agent agents amr archive archived archives audio backup call calls caller client clients customer
    customers data day de default done download downloads en export exports files flac folder from in inbound
    incoming input internal left line media mono monitor month mp new old ogg opus out outbound outgoing
    output phone processed raw rec record recorded recording recordings records right sample samples sound
    sounds spool stereo storage temp test tests tmp to today train unknown upload uploads user users voice
    wav wave week year yesterday
    january february march april may june july august september october november december jan feb mar apr jun
    jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri
    sat sun
    """
)
_QUEUE_WORDS: Final = _words(
    """
    accounts billing care cancellations claims collections complaints department desk helpdesk help hotline
    it logistics orders queue reception reservations retention returns sales service services shipping support
    tech technical
    """
)


def name_reader(pattern: str | None) -> Callable[[PurePosixPath], CallFacts]:
    """A function from a path below the scanned folder to its facts, by the user's pattern or the built-in ones.

    Raises UsageError if the pattern is not a regular expression or has no group for a fact.
    """
    if pattern is None:
        return facts_of_name
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"The name pattern {pattern!r} is not a regular expression: {error}.") from None
    if regex.groupindex.keys().isdisjoint(FACTS):
        raise UsageError(
            f"The name pattern {pattern!r} has no named group for a fact. Use groups such as "
            f"(?P<agent>[a-z]+); the names are {', '.join(FACTS)}."
        )
    return lambda path: _facts(_groups(regex, str(path)))


def facts_of_name(path: PurePosixPath) -> CallFacts:
    """What the built-in patterns find in a path below the scanned folder.

    >>> facts_of_name(PurePosixPath("anna/20261120-143005.wav")).agent
    'anna'
    """
    text = str(path.with_suffix("")) if path.name else ""
    found: dict[str, str] = {}
    for pattern in NAME_PATTERNS:
        found = {**_groups(pattern.regex, text), **found}
    if _is_generic(found.get("agent", "")):
        found.pop("agent", None)
    of_name = _facts(found)
    started_at = find_time(path.stem) or find_time(str(path.parent))
    return of_name.over(_folder_facts(path)).over(CallFacts(started_at=started_at))


def find_time(text: str) -> datetime | None:
    """The first date with a time in ``text``, else the first date; year first, most separators or none."""
    times = list(_TIME.finditer(text))
    times.sort(key=lambda match: match["hour"] is None)
    return next((time for time in map(_time_of, times) if time is not None), None)


def parse_time(text: str) -> datetime | None:
    """A time as tables write it: ISO 8601 and its like, or 20.11.2026 14:30. A time zone is dropped."""
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).replace(tzinfo=None)
    except ValueError:
        match = _TIME.match(text.strip()) or _DAY_FIRST.fullmatch(text.strip())
        return _time_of(match) if match else None


def _time_of(match: re.Match[str]) -> datetime | None:
    parts = ("year", "month", "day", "hour", "minute", "second")
    try:
        return datetime(*(int(match[part] or 0) for part in parts))  # type: ignore[arg-type]
    except ValueError:  # the 31st of June
        return None


def _groups(regex: re.Pattern[str], text: str) -> dict[str, str]:
    match = regex.search(text)
    groups = match.groupdict() if match else {}
    return {name: value.strip() for name, value in groups.items() if value and value.strip()}


def _facts(groups: Mapping[str, str]) -> CallFacts:
    """A start time of unknown format is kept as metadata."""
    known = {name: groups[name] for name in FACTS if name in groups and name != "started_at"}
    others = {name: value for name, value in groups.items() if name not in FACTS}
    written = groups.get("started_at")
    started_at = parse_time(written) or find_time(written) if written else None
    if written and started_at is None:
        others["started_at"] = written
    return CallFacts(**known, started_at=started_at, metadata=others)


def _folder_facts(path: PurePosixPath) -> CallFacts:
    """The nearest folder with a person's name is the agent, the nearest with a department's the queue."""
    agent = queue = None
    for folder in reversed(path.parent.parts):
        words = _words(folder)
        if _NUMBERED_AGENT.fullmatch(folder):
            agent = agent or folder
        elif words <= _QUEUE_WORDS | _GENERIC_WORDS:
            queue = queue or (folder if words & _QUEUE_WORDS else None)
        elif _NAME.fullmatch(folder):  # no date, number or code
            agent = agent or folder
    return CallFacts(agent=agent, queue=queue)


def _is_generic(text: str) -> bool:
    words = _words(text)
    return bool(words) and words <= _GENERIC_WORDS | _QUEUE_WORDS
