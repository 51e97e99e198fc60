"""Which segments are most worth an ear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from callmood.remote import as_path
from callmood.reports.frames import read_sql
from callmood.store import Connection, rows
from callmood.store.reviews import Reason

MOST: Final = 200
"""Segments that are proposed at a time: more than anybody hears at a sitting."""
_TURNS: Final[tuple[Reason, ...]] = ("random", "uncertain", "random", "rare", "words against voice")
"""Two of five are random, so that a hundred labels measure agreement on forty."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A segment to hear."""

    recording_id: str
    segment: int
    reason: Reason
    facts: Mapping[str, Any]
    """The columns of sql/reports/review_items.sql."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Where its sound is."""
        paths = (self.facts["path"], self.facts["other_path"])
        return tuple(as_path(path) for path in paths if path is not None)


def proposals(con: Connection, reviewer: str) -> list[Proposal]:
    """What to hear next, for several reasons in turn; without what ``reviewer`` has said already, and without
    recordings whose files are gone or have changed."""
    found = rows(con, read_sql("reports/proposals"), {"reviewer": reviewer, "recording": None, "most": MOST})
    by_reason: dict[Reason, list[tuple[str, int]]] = {reason: [] for reason in _TURNS}
    for recording_id, segment, reason, _ in found:
        by_reason[reason].append((recording_id, segment))
    known = _facts(con, reviewer, sorted({recording_id for recording_id, *_ in found}))
    queues = {reason: iter(places) for reason, places in by_reason.items()}
    chosen: dict[tuple[str, int], Proposal] = {}
    for turn in count():
        reason = _TURNS[turn % len(_TURNS)]
        for place in queues[reason]:
            if place not in chosen and _is_there(known[place]):
                chosen[place] = Proposal(*place, reason, known[place])
                break
        else:
            by_reason.pop(reason, None)
        if len(chosen) >= MOST or not by_reason:
            return list(chosen.values())
    raise AssertionError


def of_call(con: Connection, reviewer: str, recording_id: str) -> list[Proposal]:
    """All segments of a call in order, also those that ``reviewer`` has heard."""
    return [
        Proposal(*place, "chosen", facts) for place, facts in _facts(con, reviewer, [recording_id]).items()
    ]


def _facts(
    con: Connection, reviewer: str, recordings: Sequence[str]
) -> dict[tuple[str, int], dict[str, Any]]:
    cursor = con.execute(
        read_sql("reports/review_items"), {"reviewer": reviewer, "recordings": list(recordings)}
    )
    names = [column[0] for column in cursor.description or ()]
    facts = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return {(one["recording_id"], one["segment"]): one for one in facts}


def _is_there(facts: Mapping[str, Any]) -> bool:
    """Whether the files are as long as they were: another recording in their place would be heard for this one."""
    return sum(_sizes(facts)) == int(facts["size_bytes"])


def _sizes(facts: Mapping[str, Any]) -> Iterator[int]:
    for path in (facts["path"], facts["other_path"]):
        if path is not None:
            try:
                yield as_path(path).stat().st_size
            except OSError:
                yield -1
