"""A page on the disk: one file, or for many calls a start page and a folder of pages with the same look."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import callmood
from callmood.remote import RemotePath, as_path
from callmood.reports.ask import Question
from callmood.reports.page.contents import (
    Contents,
    Rows,
    Table,
    calls_table,
    contents,
    detail,
    spoken,
    value_of,
)
from callmood.reports.page.document import document
from callmood.reports.page.recordings import HOURS_OF_SOUND, LOSSES, Loss, loss_of
from callmood.reports.page.sound import AudioChoice, sound_of
from callmood.reports.page.words import add_words, by_call, hide_customers, redact_call, secret_times
from callmood.store import Connection, hashes, stored_segments
from callmood.writing import write_whole

if TYPE_CHECKING:
    from callmood.search.topics import Topics

CALLS_A_FILE: Final = 2000
"""More calls than these are put into several files: a browser takes seconds to open a larger one."""


class _Sounds(NamedTuple):
    """Which sound a page has."""

    audio: AudioChoice
    calls: set[str]
    """The calls whose recordings are read."""


class Written(NamedTuple):
    """What was written."""

    calls: int
    files: tuple[Path, ...]
    """The page to open first."""
    size_bytes: int
    unheard: Mapping[Loss, int]
    """On a page with sound: how many calls can't be heard, and why."""


def write_page(
    con: Connection,
    question: Question,
    path: Path,
    *,
    model: str,
    audio: AudioChoice = "none",
    redact: bool = True,
    topics_of: Callable[[Sequence[str]], Topics] | None = None,
) -> Written:
    """Write the page that answers a question to ``path``, and with many calls the others beside it.

    ``model``: the emotion model of the settings, for what it says about itself. ``redact``: whether what is secret is
    replaced in transcripts, muted in clips, and customers' numbers are shortened. ``topics_of``: as ``contents`` takes
    it. Raises CallmoodError if there are no calls, or none with that name, and OSError if a file can't be written.
    """
    found = contents(con, question, model=model, topics_of=topics_of)
    found.facts["redacted"] = redact
    if redact and found.facts["by"] != "customer":
        hide_customers(found.calls)
    sound = _Sounds(audio, _to_be_read(con, found, audio))
    parts = _parts(found.calls)
    written: list[tuple[Path, int]] = []
    if len(parts) > 1:
        folder = path.with_name(f"{path.stem}_pages")
        folder.mkdir(exist_ok=True)
        for number, calls in enumerate(parts, start=1):
            part = folder / f"{number:03}.html"
            blocks = list(_blocks(con, found, calls, sound))
            tables: dict[str, Any] = {"calls": calls_table(calls)}
            data = _data(found, audio, tables, home=f"../{path.name}", has_words=True)
            written.append((part, _write(part, data, blocks, audio)))
            for call in calls:
                call["page"] = f"{folder.name}/{part.name}"
        blocks = []
    else:
        blocks = list(_blocks(con, found, found.calls, sound))
    data = _data(found, audio, found.tables(), home=None, has_words=len(parts) <= 1)
    written.insert(0, (path, _write(path, data, blocks, audio)))
    silent = Counter(call["silence"] for call in found.calls if call["silence"] and audio != "none")
    return Written(
        len(found.calls), tuple(file for file, _ in written), sum(size for _, size in written), silent
    )


def _write(path: Path, data: dict[str, Any], blocks: list[tuple[str, Any]], audio: AudioChoice) -> int:
    text = document("Call report", data, blocks, plays_files=audio == "link").encode()
    write_whole(path, text)
    return len(text)


def _data(
    found: Contents, audio: AudioChoice, tables: dict[str, Table], *, home: str | None, has_words: bool
) -> dict[str, Any]:
    """``home``: the start page, for a page of a part. ``has_words``: whether the words of the calls are in it."""
    return {
        **{name: value_of(value) for name, value in found.facts.items()},
        "made": value_of(datetime.now()),
        "version": callmood.__version__,
        "audio": audio,
        "losses": LOSSES,
        "hours_of_sound": HOURS_OF_SOUND,
        "home": home,
        "has_words": has_words,
        **tables,
    }


def _parts(calls: Rows) -> list[Rows]:
    """The calls of each file: those of a group together as far as they fit."""
    if len(calls) <= CALLS_A_FILE:
        return [calls]
    ordered = sorted(calls, key=lambda call: (str(call["group"]), str(call["started_at"])))
    return [ordered[start : start + CALLS_A_FILE] for start in range(0, len(ordered), CALLS_A_FILE)]


def _to_be_read(con: Connection, found: Contents, audio: AudioChoice) -> set[str]:
    """The calls whose recordings are read, the most upset first; says of the others why they can't be heard.

    A page that links to recordings needs to know it of all; otherwise nobody looks for those that are left out.
    """
    known = dict(hashes(con))
    chosen: set[str] = set()
    hours = 0.0
    for call in found.calls:  # which begin with the most upset
        is_full = hours > HOURS_OF_SOUND
        if is_full and audio != "link":
            call["silence"] = "left out"
            continue
        recording = found.recordings[call["id"]]
        paths = found.files[recording]
        if audio == "link" and any(isinstance(as_path(path), RemotePath) for path in paths):
            call["silence"] = "remote"
        else:
            call["silence"] = loss_of(recording, paths, call["size_bytes"], known)
        if call["silence"] or is_full:
            continue
        hours += (call["duration_s"] or 0) / 3600
        if hours <= HOURS_OF_SOUND:
            chosen.add(call["id"])
        elif audio != "link":
            call["silence"] = "left out"
    return chosen


def _blocks(con: Connection, found: Contents, calls: Rows, sounds: _Sounds) -> Iterator[tuple[str, Any]]:
    """What the page reads when a call is opened: its words, and its sound where there is one."""
    moments = by_call(found)
    of_recordings = {found.recordings[call["id"]]: call for call in calls}
    for recording, segments, stretches in spoken(con, list(of_recordings)):
        call, paths = of_recordings[recording], found.files.get(recording, ())
        secrets = redact_call(segments, stretches) if found.facts["redacted"] else []
        add_words(moments[call["id"]], segments)
        if sounds.audio == "link" and not call["silence"]:
            call["sound"] = [Path(path).absolute().as_uri() for path in paths]
        sound = None
        if call["id"] in sounds.calls:
            times = secret_times(segments, secrets, stored_segments(con, recording)[1]) if secrets else []
            sound = sound_of(paths, with_clip=sounds.audio == "embed", muted=times)
            if sound is None and sounds.audio != "link":
                call["silence"] = "unreadable"
        if sound and sound.clip:
            call["sound"] = "clip"
            yield f"clip-{call['id']}", b64encode(sound.clip).decode()
        waveform = sound.waveform if sound else ()
        yield f"call-{call['id']}", {**detail(segments, stretches), "waveform": waveform}
