"""What comes with recordings: tables of calls, file names, files that name others, and files that change meanwhile."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from fault_kinds import fuzz
from fault_kinds.harness import (
    Plan,
    Result,
    finish,
    make_calls,
    run,
    settle,
    start,
    tables,
    write_wav,
)
from fault_kinds.stopping import SCAN

TABLES: Final = 800

NAMES: Final = (
    b"\x1b[31mred\x1b[0m.wav", b"\x1b]0;PWNED\x07.wav", b"\x1b]8;;http:x\x1b\\link.wav", b"new\nline.wav",
    b"carriage\rreturn.wav", b"tab\there.wav", b"bell\x07.wav", b"del\x7f.wav", b"\xff\xfe invalid.wav",
    b"half \xc3.wav", b"c1 \xc2\x9b31m.wav", "bidi \u202egnp.wav".encode(), "isolate \u2066x\u2069.wav".encode(),
    "zero\u200bwidth.wav".encode(), b"'; DROP TABLE recording; --.wav", b"<script>alert(1)<br>.wav",
    b"=1+1.wav", "\uff1d1+1.wav".encode(), b"-rf.wav", b"--db x.wav", b"100%s %d {0}.wav", b"[red]x[bold].wav",
    b"*?[a-z].wav", b"$(touch PWNED).wav", b"`id`.wav", b"back\\slash.wav", b"quote\".wav", b" leading.wav",
    b"trailing .wav", b"a" * 251 + b".wav", "\U0001f600\u0301.wav".encode(), "\u05e9\u05dc\u05d5\u05dd.wav".encode(),
)  # fmt: skip

ENCODINGS: Final = ("utf-8", "cp1252", "ascii", "utf-16", "latin-1")


def side_tables(plan: Plan) -> list[Result]:
    """Tables of calls, damaged as recordings are; each is read, or refused with a sentence."""
    place = plan.place("tables")
    sources = list(_tables(place / "sources"))
    count = plan.count(TABLES)
    parts = [range(start, count, plan.jobs) for start in range(plan.jobs)]
    failures = plan.each(lambda part: fuzz.judge_all(plan, place, sources, part, judge_table), parts)
    return [Result("fuzzed tables, read", count, failures, f"{len(sources)} formats")]


def _tables(folder: Path) -> list[Path]:
    import polars as pl

    folder.mkdir()
    rows = [
        {
            "file": f"call_{i:02d}.wav",
            "agent": ("anna", "b\u00e9n")[i % 2],
            "started_at": str(_minute(i)),
            "score": i,
        }
        for i in range(30)
    ]
    frame = pl.DataFrame(rows)
    text = frame.write_csv()
    for name, encoding in (
        ("utf8", "utf-8"),
        ("bom", "utf-8-sig"),
        ("utf16", "utf-16"),
        ("cp1252", "cp1252"),
    ):
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    (folder / "semicolon.csv").write_text("sep=;\r\n" + text.replace(",", ";"), encoding="utf-8")
    (folder / "tabs.csv").write_text(text.replace(",", "\t"), encoding="utf-8")
    (folder / "array.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "lines.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for compression in ("zstd", "snappy", "uncompressed"):
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression=compression)  # type: ignore[arg-type]
        (folder / f"{compression}.parquet").write_bytes(buffer.getvalue())
    return sorted(folder.iterdir())


def _minute(number: int) -> datetime:
    return datetime(2026, 11, 20, 9) + timedelta(minutes=number)


def judge_table(path: Path) -> str:
    from callmood.errors import CallmoodError
    from callmood.pipeline.intake.metadata import read_table

    try:
        read_table(path)
    except CallmoodError as error:
        return "" if "\n" not in str(error) else f"more than a line ({error})"
    except BaseException as error:
        return f"{type(error).__name__} ({str(error)[:100]})"
    return ""


def names(plan: Plan) -> list[Result]:
    """Hostile file names through scans and reports, in several encodings of the output."""
    place = plan.place("names")
    folder = os.fsencode(place / "calls")
    (place / "calls").mkdir()
    for number, name in enumerate(NAMES):
        path = Path(os.fsdecode(folder + b"/" + name))
        write_wav(path, seconds=2.0, seed=number)
        settle(path)
    damaged = Path(os.fsdecode(folder + b"/\x1b[2Jdamaged\xff.wav"))
    damaged.write_bytes(b"RIFF" + bytes(100))
    settle(damaged)
    failures: list[str] = []
    count = 0
    for encoding in ENCODINGS:
        database = f"{encoding}.duckdb"
        scan = ("scan", "calls", "--device", "cpu", "--workers", "1", "--db", database)
        runs: tuple[Sequence[str], ...] = (
            (*scan[:2], "--json", *scan[2:]) if encoding in ENCODINGS[::2] else scan,
            (*scan, "--retry-failed"),
            ("report", "--agent", "--db", database),
            ("report", "--call", "--db", database),
            ("report", "--call", "--format", "markdown", "--db", database),
            ("report", "--by", "\x1b[31mcolumn", "--db", database),
            ("report", "--agent", "\x1b[31mnobody", "--db", database),
        )
        for argv in runs:
            done = run(place, *argv, PYTHONIOENCODING=f"{encoding}:strict", PYTHONUTF8="0")
            count += 1
            problems = done.problems({0, 1, 2, 3})
            said = (place / "out").read_bytes() + (place / "err").read_bytes()
            text = said.decode(encoding, errors="replace")
            letters = "\x1b\x07" if "--json" in argv else "\x1b\x07\x9b\u202e\u2066"  # JSON is for programs
            if any(letter in text for letter in letters):
                problems.append(f"control characters reach the terminal: {argv}")
            failures += plan.keep(place, f"names_{encoding}_{count}", problems)
        found = (
            {row[0] for row in tables(place / database)["recording"]}
            if (place / database).exists()
            else set()
        )
        if len(found) < len(NAMES):
            failures.append(f"{encoding}: {len(found)} of {len(NAMES)} recordings are stored")
    return [Result(f"{len(NAMES)} hostile names, {len(ENCODINGS)} encodings of the output", count, failures)]


def playlists(plan: Plan) -> list[Result]:
    """Files that name other files and hosts, under the endings of recordings: nothing of it is opened."""
    place = plan.place("playlists")
    secret = place / "secret.wav"  # a pipe without a writer: who opens it hangs
    os.mkfifo(secret)
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[object] = []
        threading.Thread(target=_accept, args=(server, accepted), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/secret.wav"
        files = []
        endings = (
            "wav",
            "mp3",
            "m4a",
            "ogg",
            "flac",
            "mka",
            "webm",
            "amr",
            "wma",
            "aiff",
            "au",
            "caf",
            "3gp",
            "aac",
        )
        for number, text in enumerate(_playlists(str(secret), url)):
            for ending in endings:
                path = place / f"list_{number:02d}.{ending}"
                path.write_text(text, encoding="utf-8")
                files.append(path)
        files = files[:: max(1, round(1 / plan.scale))]
        failures = fuzz.judge_files(files, judge_playlist)
        time.sleep(0.2)
    if accepted:
        failures.append(f"{len(accepted)} connections to a host that a file names")
    return [Result("playlists and the like under endings of recordings", len(files), failures)]


def _accept(server: socket.socket, accepted: list[object]) -> None:
    with suppress(OSError):
        while True:
            accepted.append(server.accept())


def _playlists(path: str, url: str) -> list[str]:
    return [
        text.replace("FILE", target)
        for target in (path, f"file://{path}", url, "secret.wav", f"concat:{path}", f"subfile,,start,0,end,0,,:{path}")
        for text in (
            "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nFILE\n#EXT-X-ENDLIST\n",
            "ffconcat version 1.0\nfile 'FILE'\n",
            "file 'FILE'\n",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=control:FILE\n",
            '<?xml version="1.0"?><MPD><Period><BaseURL>FILE</BaseURL></Period></MPD>',
            "[playlist]\nFile1=FILE\nNumberOfEntries=1\nVersion=2\n",
            'FILE "FILE" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
        )
    ]  # fmt: skip


def judge_playlist(path: Path) -> str:
    from callmood.pipeline.audio.decode import decode
    from callmood.pipeline.audio.files import UnreadableRecording

    try:
        decode(path)
    except UnreadableRecording:
        return ""
    except BaseException as error:
        return f"{type(error).__name__} ({error})"
    return "decoded"


def changing(plan: Plan) -> list[Result]:
    """Recordings that are replaced, cut, grown, rewritten and removed while a scan runs, then scanned again."""
    count = plan.count(15)
    failures = plan.each(lambda number: _changing_round(plan, number), range(count))
    return [Result("recordings that change during a scan, then scanned again", count, failures)]


def _changing_round(plan: Plan, number: int) -> list[str]:
    source, place = plan.random("changing", number), plan.place(f"changing_{number}")
    make_calls(place / "calls")
    began = time.monotonic()
    process = start(place, SCAN, FAULTS_DELAY_S="0.2", FAULTS_LOAD_S="0.5")
    while process.poll() is None and b"to scan" not in (place / "err").read_bytes():
        time.sleep(0.01)
    time.sleep(source.uniform(0, 1.5))
    files = sorted(path for path in (place / "calls").rglob("*.wav"))
    for change in CHANGES:
        change(files.pop(source.randrange(len(files))), source)
    found = finish(place, process, SCAN, began).problems({0, 1, 3})
    for path in (place / "calls").rglob("*.wav"):
        settle(path)
    again = run(place, *SCAN)
    found += again.problems({0, 3})
    there = {str(path).replace(str(place), ""): path for path in (place / "calls").rglob("*.wav")}
    rows = _recordings(place)
    for recording, name, state in rows:
        if name in there and hashlib.sha256(there[name].read_bytes()).hexdigest() != recording:
            found.append(f"stored under the id of another content ({state}): {name}")
    names = [name for _, name, _ in rows]
    found += [f"stored {names.count(name)} times: {name}" for name in set(names) if names.count(name) > 1]
    found += [f"not stored: {name}" for name in there if name not in names]
    return plan.keep(place, place.name, found)


def _recordings(place: Path) -> list[tuple[str, str, str]]:
    import duckdb

    tables(place / "calls.duckdb")
    with duckdb.connect(str(place / "copy.duckdb")) as con:
        rows = con.execute("SELECT id, path, state FROM recording").fetchall()
    return [(one, path.replace(str(place), ""), state) for one, path, state in rows]


def _replace(path: Path, source: random.Random) -> None:
    other = path.with_suffix(".new")
    write_wav(other, seconds=3.0, seed=source.randrange(1 << 30))
    other.replace(path)


def _rewrite(path: Path, source: random.Random) -> None:
    write_wav(path, seconds=2.0, seed=source.randrange(1 << 30))


def _cut(path: Path, _: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


def _grow(path: Path, source: random.Random) -> None:
    with path.open("ab") as file:
        file.write(source.randbytes(8000))


def _remove(path: Path, _: random.Random) -> None:
    path.unlink()


CHANGES: Final[tuple[Callable[[Path, random.Random], None], ...]] = (
    _replace, _rewrite, _cut, _grow, _remove,
)  # fmt: skip


def sharing(plan: Plan) -> list[Result]:
    """Several scans at once, reports during a scan, and other programs that hold the database."""
    count = plan.count(6)
    failures = plan.each(lambda number: _sharing_round(plan, number), range(count))
    return [Result("scans and reports at the same time", count * 5, failures)]


def _sharing_round(plan: Plan, number: int) -> list[str]:
    import duckdb

    source, place = plan.random("sharing", number), plan.place(f"sharing_{number}")
    make_calls(place / "calls")
    found: list[str] = []
    report = ("report", "--agent", "--db", "../calls.duckdb")
    others = []
    for other, argv in enumerate(
        (SCAN, SCAN, ("scan", "../calls", *SCAN[2:3], "../calls.duckdb", *SCAN[4:]), report)
    ):
        folder = place if other == 0 else place / f"other_{other}"
        folder.mkdir(exist_ok=True)
        if other == 1:
            argv = ("scan", "../calls", "--db", "../calls.duckdb", *SCAN[4:])
        others.append((folder, start(folder, argv), argv, time.monotonic()))
        time.sleep(source.uniform(0, 1.0))
    for folder, process, argv, began in others:
        found += finish(folder, process, argv, began).problems()
    last = run(place, *SCAN)
    found += last.problems({0})
    if len(_recordings(place)) != len(list((place / "calls").rglob("*.wav"))):
        found.append("not all recordings are stored")
    holding = duckdb.connect(str(place / "calls.duckdb"))
    shutil.rmtree(place / "other_1")
    held = run(place, *SCAN, "--wait", "2")
    holding.close()
    found += held.problems(None)
    if held.code == 0:
        found.append("a scan ended well while another program held the database")
    return plan.keep(place, place.name, found)
