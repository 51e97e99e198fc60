"""Calls one by one with what is said on them, and the formats of other tools: subtitles, labels, annotations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from operator import itemgetter
from typing import Final

from callmood.call import Segment, Word
from callmood.redaction import redact_segments
from callmood.reports.columns import Row
from callmood.reports.frames import read_sql
from callmood.store import Connection
from callmood.store import cursor as cursor_of
from callmood.wording import printable

_ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Transcript:
    """A call with its rows of ``sql/exports``."""

    call: Row
    segments: Sequence[Row]
    words: Sequence[Row]
    speech: Sequence[Row]


def transcripts(
    con: Connection, calls: Sequence[Row], *, words: bool = False, speech: bool = False, redact: bool = True
) -> Iterator[Transcript]:
    """What is said on ``calls``, rows of ``sql/exports/chosen``, in their order.

    ``redact``: without what identifies people or opens their accounts; the words of a secret are one.
    """
    ids = [call["recording_id"] for call in calls]
    segments_of = _by_recording(con, "segments", ids)
    words_of = _by_recording(con, "words", ids if words else [])
    speech_of = _by_recording(con, "speech", ids if speech else [])
    recognised_of = _by_recording(con, "recognised", ids if words and redact else [])
    for call, recording_id in zip(calls, ids, strict=True):
        said = Transcript(call, segments_of(recording_id), words_of(recording_id), speech_of(recording_id))
        recognised = {row["segment"]: row["text"] for row in recognised_of(recording_id)}
        yield _redacted(said, recognised) if redact else said


def _by_recording(con: Connection, name: str, ids: Sequence[str]) -> Callable[[str], list[Row]]:
    """A function that gives the rows of each recording; to be called in the order of ``ids``, which the rows have."""
    groups = groupby(_rows(con, name, ids), key=itemgetter("recording_id")) if ids else iter(())
    waiting: dict[str, list[Row]] = {}

    def of(recording_id: str) -> list[Row]:
        if not waiting:  # those of a later recording wait until it is asked for
            for found, of_recording in groups:
                waiting[found] = list(of_recording)
                break
        return waiting.pop(recording_id, [])

    return of


def _rows(con: Connection, name: str, ids: Sequence[str]) -> Iterator[Row]:
    """The rows of a query, some at a time: there may be millions of words."""
    with cursor_of(con) as cursor:
        cursor.execute(read_sql(f"exports/{name}"), {"ids": list(ids)})
        columns = [column[0] for column in cursor.description or ()]
        while found := cursor.fetchmany(_ROWS_AT_ONCE):
            for row in found:
                yield dict(zip(columns, row, strict=True))


def _redacted(said: Transcript, recognised: Mapping[int, str]) -> Transcript:
    """``recognised``: the texts of the segments whose words people corrected, which the rows of words are still of."""
    words: dict[int, list[Row]] = {}
    for word in said.words:
        words.setdefault(word["segment"], []).append(word)

    def segments(texts: Mapping[int, str]) -> list[Segment]:
        return [
            Segment(
                row["speaker"],
                row["channel"],
                row["start_s"],
                row["end_s"],
                texts.get(row["segment"], row["text"]),
                tuple(
                    Word(one["text"], one["start_s"], one["end_s"], one["probability"])
                    for one in words.get(row["segment"], ())
                ),
            )
            for row in said.segments
        ]

    plain = redact_segments(segments({}))
    spoken = redact_segments(segments(recognised)) if recognised else plain
    return Transcript(
        said.call,
        [{**row, "text": segment.text} for row, segment in zip(said.segments, plain, strict=True)],
        [
            {
                **words[row["segment"]][0],
                "word": number,
                "text": word.text,
                "start_s": word.start_s,
                "end_s": word.end_s,
                "probability": word.probability,
            }
            for row, segment in zip(said.segments, spoken, strict=True)
            for number, word in enumerate(segment.words)
        ],
        said.speech,
    )


def to_srt(said: Transcript) -> str:
    """SubRip subtitles: one for each segment."""
    # SubRip has no escape for the arrow of its time lines
    cues = (
        f"{number}\n{_timestamp(row['start_s'], ',')} --> {_timestamp(row['end_s'], ',')}\n"
        f"{name}: {text.replace('-->', '->')}\n"
        for number, (name, text, row) in enumerate(_lines(said), start=1)
    )
    return "\n".join(cues)


def to_vtt(said: Transcript) -> str:
    """WebVTT subtitles, with the speakers as voices."""
    cues = (
        f"{_timestamp(row['start_s'], '.')} --> {_timestamp(row['end_s'], '.')}\n"
        f"<v {name}>{escape(text, quote=False)}</v>\n"
        for name, text, row in _lines(said)
    )
    return "\n".join(["WEBVTT\n", *cues])


def to_audacity(said: Transcript) -> str:
    """A label track of Audacity: start, end, and who says what, with the emotion if it is another than neutral."""
    labels = []
    for name, text, row in _lines(said, silent=True):
        mood = f" ({row['emotion']})" if row["emotion"] not in (None, "neutral") else ""
        labels.append(f"{row['start_s']:.6f}\t{row['end_s']:.6f}\t{name}: {text}{mood}\n")
    return "".join(labels)


def to_rttm(said: Transcript) -> str:
    """Who is heard when, as diarization tools exchange it (NIST's RTTM)."""
    names = _names(said.speech)
    file = "_".join(said.call["call"].split())
    return "".join(
        f"SPEAKER {file} {row['channel'] + 1} {row['start_s']:.3f} {row['end_s'] - row['start_s']:.3f} <NA> <NA> "
        f"{names[row['speaker']].replace(' ', '_')} <NA> <NA>\n"
        for row in said.speech
    )


def to_textgrid(said: Transcript) -> str:
    """A TextGrid of Praat: for each speaker a tier of segments, of their emotions, and of words."""
    last = max([said.call["duration_s"] or 0.0, *(row["end_s"] for row in said.segments)])
    tiers = []
    for speaker, name in _names(said.segments).items():
        segments = [row for row in said.segments if row["speaker"] == speaker]
        words = [row for row in said.words if row["speaker"] == speaker]
        tiers += [
            (name, _intervals(segments, "text", last)),
            (f"{name} emotion", _intervals(segments, "emotion", last)),
            (f"{name} words", _intervals(words, "text", last)),
        ]
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
    size = f"xmin = 0\nxmax = {last:.6f}\n"
    body = "".join(_tier(number, *tier, size) for number, tier in enumerate(tiers, start=1))
    return f"{head}{size}tiers? <exists>\nsize = {len(tiers)}\nitem []:\n{body}"


def _tier(number: int, name: str, intervals: Sequence[tuple[float, float, str]], size: str) -> str:
    head = f'item [{number}]:\nclass = "IntervalTier"\nname = "{name}"\n{size}intervals: size = {len(intervals)}\n'
    return head + "".join(
        f'intervals [{index}]:\nxmin = {start:.6f}\nxmax = {end:.6f}\ntext = "{text.replace(chr(34), 2 * chr(34))}"\n'
        for index, (start, end, text) in enumerate(intervals, start=1)
    )


def _intervals(rows: Iterable[Row], column: str, last: float) -> list[tuple[float, float, str]]:
    """``rows`` as a tier needs them: from 0 to ``last`` without gaps or overlaps."""
    intervals: list[tuple[float, float, str]] = []
    at = 0.0
    for row in rows:
        start, end = max(at, round(row["start_s"], 6)), round(row["end_s"], 6)
        if end <= start:
            continue
        if start > at:
            intervals.append((at, start, ""))
        intervals.append((start, end, _one_line(row[column] or "")))
        at = end
    if last > at or not intervals:
        intervals.append((at, last, ""))
    return intervals


def _lines(said: Transcript, *, silent: bool = False) -> Iterator[tuple[str, str, Row]]:
    """The speaker, the text and the row of each segment; ``silent``: those without words, too."""
    names = _names(said.segments)
    for row in said.segments:
        text = _one_line(row["text"])
        if text or silent:
            yield names[row["speaker"]], text, row


def _names(rows: Iterable[Row]) -> dict[int, str]:
    """What the speakers are called: by role, with a number where that is not enough."""
    roles: dict[int, str] = dict(sorted({row["speaker"]: row["role"] for row in rows}.items()))
    shared = {role for role in roles.values() if list(roles.values()).count(role) > 1} | {"unknown"}
    return {
        speaker: f"{'Speaker' if role == 'unknown' else role.capitalize()} {speaker + 1}"
        if role in shared
        else role.capitalize()
        for speaker, role in roles.items()
    }


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _timestamp(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and milliseconds: 00:01:02,345."""
    whole, milliseconds = divmod(round(1000 * seconds), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milliseconds:03}"


TEXT_FORMATS: Final[Mapping[str, tuple[str, Callable[[Transcript], str]]]] = {
    "srt": (".srt", to_srt),
    "vtt": (".vtt", to_vtt),
    "rttm": (".rttm", to_rttm),
    "textgrid": (".TextGrid", to_textgrid),
    "audacity": (".txt", to_audacity),
}
"""The formats of one call a file: the ending of the file, and what makes its text."""
