"""What a search found, as a page: the segments, and each of their calls with its timeline and transcript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import callmood
from callmood.errors import UsageError
from callmood.redaction import redact as redacted
from callmood.reports.frames import query, read_sql
from callmood.reports.page.contents import ID_DIGITS, Rows, detail, spoken, table, value_of
from callmood.reports.page.document import document
from callmood.reports.page.recordings import LOSSES
from callmood.reports.page.words import hide_customers, redact_call
from callmood.reports.page.write import CALLS_A_FILE, Written
from callmood.store import Connection
from callmood.writing import write_whole

if TYPE_CHECKING:
    from callmood.search.find import Found

_CALL: Final = (
    "id", "call", "call_id", "file", "agent", "customer", "queue", "started_at", "duration_s", "understood", "warnings",
)  # fmt: skip
_HIT: Final = ("id", "start_s", "role", "score", "emotion", "confidence", "text")


def write_found(
    con: Connection,
    found: Found,
    path: Path,
    *,
    text: str,
    only: Mapping[str, str] = MappingProxyType({}),
    redact: bool = True,
) -> Written:
    """Write a page of what was found to ``path``: a file that asks nothing of the network.

    ``text``: what was looked for. ``only``: what limited the search, by its name: the role, the agent ... ``redact``:
    whether what is secret is replaced in what was said and looked for, and customers' numbers are shortened. Raises
    UsageError for more calls than a page holds, and OSError if the file can't be written.
    """
    ids = list(dict.fromkeys(hit.recording_id for hit in found.hits))
    if len(ids) > CALLS_A_FILE:
        raise UsageError(
            f"These are segments of {len(ids):,} calls, and a page holds {CALLS_A_FILE:,}. Give a smaller --limit."
        )
    calls = query(con, read_sql("reports/page_hits"), {"recordings": ids}).to_dicts()
    for call in calls:
        call["id"] = call["recording_id"][:ID_DIGITS]
    if redact:
        hide_customers(calls)
    transcripts = dict(_transcripts(con, ids, redact))
    data = {
        "by": "call",
        "role": "customer",
        "limits": query(con, read_sql("reports/limits"), {}).row(0, named=True),
        "found": {
            "text": value_of(redacted(text) if redact else text),
            "searched": found.searched,
            "only": [f"{name} {value_of(value)}" for name, value in only.items()],
        },
        "redacted": redact,
        "made": value_of(datetime.now()),
        "version": callmood.__version__,
        "audio": "none",
        "losses": LOSSES,
        "calls": table(calls, _CALL),
        "hits": table(_hits(found, transcripts), _HIT),
    }
    blocks = [
        (f"call-{recording[:ID_DIGITS]}", {**detail(segments, stretches), "waveform": ()})
        for recording, (segments, stretches) in transcripts.items()
    ]
    content = document("Found", data, blocks, plays_files=False).encode()
    write_whole(path, content)
    return Written(len(ids), (path,), len(content), {})


def _transcripts(con: Connection, ids: list[str], redact: bool) -> Iterator[tuple[str, tuple[Rows, Rows]]]:
    for recording, segments, stretches in spoken(con, ids):
        if redact:
            redact_call(segments, stretches)
        yield recording, (segments, stretches)


def _hits(found: Found, transcripts: dict[str, tuple[Rows, Rows]]) -> Rows:
    """With the words and moods that the transcripts have; a call may have been forgotten or stored anew meanwhile."""
    said: dict[tuple[str, int], dict[str, Any]] = {
        (recording, row["segment"]): row for recording, (rows, _) in transcripts.items() for row in rows
    }
    return [
        {**said[hit.recording_id, hit.segment], "id": hit.recording_id[:ID_DIGITS], "score": hit.score}
        for hit in found.hits
        if (hit.recording_id, hit.segment) in said
    ]
