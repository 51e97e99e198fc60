"""Taking what is secret out of calls that are stored, and out of what people wrote about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from callmood.call import Segment
from callmood.redaction import redact_segments, redact_texts
from callmood.store.categories import categorize_again
from callmood.store.columns import WORD, as_json, select_rows
from callmood.store.connection import Connection, rows, transaction
from callmood.store.encoded import delete_text_vectors
from callmood.store.figures import fill_figures
from callmood.store.meanings import encode_again
from callmood.store.read import stored_segments


class _Stretch(NamedTuple):
    """A text with its place in a recording."""

    speaker: int
    start_s: float
    end_s: float
    text: str


def calls_as_said(con: Connection) -> list[str]:
    """The ids of the calls that are stored as they were said."""
    found = rows(con, "SELECT id FROM recording WHERE state = 'done' AND redacted IS NOT TRUE ORDER BY id")
    return [recording_id for (recording_id,) in found]


def redact_call(con: Connection, recording_id: str) -> None:
    """Replace what is secret in the words of a stored call, of its announcements, and in what people corrected.

    The words that were there are gone from the tables; the file may still hold them (``write_anew``).
    """
    with transaction(con):
        _, segments = stored_segments(con, recording_id)
        _redact_corrections(con, recording_id, segments)
        redacted = redact_segments(segments)
        changed = [
            (number, new)
            for number, (old, new) in enumerate(zip(segments, redacted, strict=True))
            if old != new
        ]
        _write_segments(con, recording_id, changed)
        _redact_announcements(con, recording_id)
        if changed:
            encode_again(con, recording_id)
            delete_text_vectors(con, recording_id, [number for number, _ in changed])
            categorize_again(con, [recording_id])
        fill_figures(con, [recording_id])


def redact_corrections(con: Connection, recording_id: str) -> None:
    """Replace what is secret in what people corrected of a call; in the transaction that has begun."""
    _redact_corrections(con, recording_id, stored_segments(con, recording_id)[1])


def _redact_corrections(con: Connection, recording_id: str, segments: Sequence[Segment]) -> None:
    said = [_Stretch(one.speaker, one.start_s, one.end_s, one.text) for one in segments]
    for table in ("correction", "review"):
        found = rows(
            con,
            f"""
            SELECT DISTINCT speaker, start_s, end_s, text FROM {table}
            WHERE recording_id = $id AND text IS NOT NULL
            ORDER BY ALL
            """,
            {"id": recording_id},
        )
        for stretch in (_Stretch(*row) for row in found):
            text = _redacted(stretch, said)
            if text != stretch.text:
                con.execute(
                    f"""
                    UPDATE {table} SET text = $redacted
                    WHERE recording_id = $id AND speaker = $speaker AND start_s = $start_s AND end_s = $end_s
                        AND text = $text
                    """,
                    {"id": recording_id, "redacted": text, **stretch._asdict()},
                )


def _redacted(stretch: _Stretch, said: Sequence[_Stretch]) -> str:
    """The text of a stretch without what is secret, which may go on, or be asked for, in what is said around it."""
    others = [one for one in said if one[:3] != stretch[:3]]
    place = sum(one.start_s < stretch.start_s for one in others)
    texts = [one.text for one in others]
    return redact_texts([*texts[:place], stretch.text, *texts[place:]])[place].text


def _write_segments(con: Connection, recording_id: str, changed: Sequence[tuple[int, Segment]]) -> None:
    words = [
        {
            "segment": number,
            "word": index,
            "text": word.text,
            "start_s": word.start_s,
            "end_s": word.end_s,
            "probability": word.probability,
        }
        for number, segment in changed
        for index, word in enumerate(segment.words)
    ]
    for number, segment in changed:
        key: dict[str, Any] = {"id": recording_id, "segment": number}
        con.execute(
            "UPDATE segment SET text = $text WHERE recording_id = $id AND segment = $segment",
            {**key, "text": segment.text},
        )
        con.execute("DELETE FROM word WHERE recording_id = $id AND segment = $segment", key)
    con.execute(
        f"INSERT INTO word BY NAME FROM calls_of([$id]), ({select_rows('words', WORD)})",
        {"id": recording_id, "words": as_json(words)},
    )


def _redact_announcements(con: Connection, recording_id: str) -> None:
    found = rows(
        con,
        "SELECT start_s, end_s, text FROM hold WHERE recording_id = $id AND text IS NOT NULL ORDER BY start_s, end_s",
        {"id": recording_id},
    )
    for (start_s, end_s, text), redacted in zip(
        found, redact_texts([text for *_, text in found]), strict=True
    ):
        if redacted.text != text:
            con.execute(
                """
                UPDATE hold SET text = $text WHERE recording_id = $id AND start_s = $start_s AND end_s = $end_s
                """,
                {"id": recording_id, "start_s": start_s, "end_s": end_s, "text": redacted.text},
            )
