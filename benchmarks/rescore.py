"""What it costs to score stored calls again from stored vectors, and how the scores differ from those of decoding.

Makes a database of made calls, of 20 segments each with vectors drawn at random, and scores them again in a process of
its own. 10,000 calls take 5 GB of disk. With recordings it scans them first, and scores them again by another model
from their vectors and from their sound.

python benchmarks/rescore.py --calls 10_000
python benchmarks/rescore.py --recordings tests/data/calls
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

import callmood
from callmood.batch.run import Progress
from callmood.call import (
    Call,
    CallFacts,
    EmotionScores,
    Recording,
    Segment,
    Speaker,
    SpeakerMoods,
    Speech,
    Vectors,
    VoiceBaseline,
    Word,
)
from callmood.hashing import sha256_of
from callmood.labels import LABELS
from callmood.model.bundle import encoder_ids, load_classifier
from callmood.model.networks.minilm import WIDTH
from callmood.search.vectors import ENCODER
from callmood.store import Connection, open_db, rows, start_scan, write_calls
from callmood.store.write import OF_A_CALL

OF_A_CALL_SEGMENTS: Final = 20
SEGMENT_S: Final = 5.0
WORDS: Final = 12
TEMPLATES: Final = 40
AT_ONCE: Final = 400
"""Calls that are made together."""
MADE_BY, SCORED_BY = "embedded", "open"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, action="append", default=[])
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--folder", type=Path, help="where databases are made (default: a temporary one)")
    parser.add_argument("--measured", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measured:
        _measured(*arguments.measured)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for calls in arguments.calls:
            made(Path(folder), calls)
        if arguments.recordings:
            compared(Path(folder), arguments.recordings)


def made(folder: Path, calls: int) -> None:
    """Makes calls and scores them again."""
    recordings, db = folder / f"{calls}", folder / f"{calls}.duckdb"
    begun = time.monotonic()
    make(recordings, db, calls)
    print(
        f"{calls:,} calls, {calls * OF_A_CALL_SEGMENTS:,} segments, {db.stat().st_size / 1e6:,.0f} MB, "
        f"made in {time.monotonic() - begun:.0f} s",
        flush=True,
    )
    _report(calls, measured(recordings, db))
    db.unlink()
    shutil.rmtree(recordings)


def _report(calls: int, found: dict[str, Any]) -> None:
    assert found["done"] == calls, found
    print(
        f"  {found['rescored']}\n"
        f"  scored and stored: {found['work_s']:.1f} s, {found['work_cpu_s']:.1f} CPU s without workers, "
        f"{calls / found['work_s']:,.0f} calls a second, {1000 * found['work_cpu_s'] / calls:.1f} CPU ms a call\n"
        f"  the whole scan: {found['wall_s']:.1f} s, {found['cpu_s']:.1f} CPU s, peak {found['peak_mb']:,.0f} MB",
        flush=True,
    )


def measured(recordings: Path, db: Path) -> dict[str, Any]:
    """``scan --rescore`` in a process of its own."""
    found = subprocess.run(
        [sys.executable, __file__, "--measured", str(recordings), str(db)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return dict(json.loads(found.stdout.splitlines()[-1]))


def _measured(recordings: Path, db: Path) -> None:
    begun, cpu_s = time.monotonic(), _cpu_s()
    first: list[tuple[float, float]] = []
    last = (0.0, 0.0)

    def watch(progress: Progress) -> None:
        nonlocal last
        last = (time.monotonic(), _cpu_s())
        if progress.outcome is None:
            first.append(last)

    summary = callmood.scan(recordings, db=db, model=SCORED_BY, rescore=True, device="cpu", progress=watch)
    print(
        json.dumps(
            {
                "done": summary.done,
                "rescored": str(summary.rescored),
                "work_s": last[0] - first[0][0],
                "work_cpu_s": last[1] - first[0][1],
                "wall_s": time.monotonic() - begun,
                "cpu_s": _cpu_s() - cpu_s,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
            }
        )
    )


def _cpu_s() -> float:
    """Of this process and of those that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def make(folder: Path, db: Path, calls: int) -> None:
    """Recordings without sound, and the database that a scan with ``--keep-vectors`` would have made of them."""
    folder.mkdir()
    for number in range(calls):
        file = folder / f"{number}.wav"
        file.write_text(str(number))
        os.utime(file, (1_700_000_000, 1_700_000_000))
    with open_db(db) as con:
        scan = start_scan(con, {"score": {"roles": "all"}}, {}, {"asr": "tiny.en"})
        templates = _templates(folder)
        write_calls(con, scan, MADE_BY, templates)
        drawn = np.random.default_rng(1)
        for call in templates:
            vectors = drawn.integers(-127, 128, (OF_A_CALL_SEGMENTS, WIDTH), np.int8)
            con.execute(
                "INSERT INTO segment_vectors BY NAME "
                "SELECT *, $encoder AS encoder, $vectors AS vectors FROM calls_of([$id])",
                {"id": call.recording.id, "encoder": ENCODER, "vectors": vectors.tobytes()},
            )
        for start in range(len(templates), calls, AT_ONCE):
            _replicate(con, folder, start, min(calls, start + AT_ONCE))
        con.execute(
            """
            INSERT INTO file_hash BY NAME
            SELECT path, size_bytes, 1700000000::BIGINT * 1000000000 AS mtime_ns, id AS content FROM recording
            """
        )


def _replicate(con: Connection, folder: Path, start: int, end: int) -> None:
    """Copies of the first calls, as those of other recordings."""
    chosen = (
        f"(SELECT number, sha256(number::VARCHAR) AS new, sha256((number % {TEMPLATES})::VARCHAR) AS old "
        f"FROM range({start}, {end}) AS t(number)) AS chosen"
    )
    con.begin()
    con.execute(
        f"""
        INSERT INTO recording BY NAME
        SELECT recording.* REPLACE (
            new AS id, number + 1 AS call_number, $folder || '/' || number || '.wav' AS path,
            length(number::VARCHAR) AS size_bytes,
            started_at + INTERVAL 1 MINUTE * number AS started_at, 'C-' || number AS call_id
        )
        FROM recording JOIN {chosen} ON recording.id = old
        """,
        {"folder": str(folder)},
    )
    for table in OF_A_CALL:
        con.execute(
            f"""
            INSERT INTO {table} BY NAME
            SELECT copied.* REPLACE (new AS recording_id, number + 1 AS call_number)
            FROM {table} AS copied JOIN {chosen} ON recording_id = old ORDER BY number
            """
        )
    con.commit()


def _templates(folder: Path) -> list[Call]:
    drawn = np.random.default_rng(0)
    encoders = encoder_ids(SCORED_BY)
    scorer = load_classifier(SCORED_BY, "")
    calls = []
    for number in range(TEMPLATES):
        path = folder / f"{number}.wav"
        recording = Recording(
            sha256_of(path),
            path,
            path.stat().st_size,
            CallFacts(agent=f"agent {number % 20}", call_id=f"C-{number}", started_at=datetime(2026, 1, 1)),
        )
        calls.append(
            replace(
                _call(recording),
                audio_vectors=_drawn(drawn, encoders.audio, scorer.audio_width),
                text_vectors=_drawn(drawn, encoders.text, scorer.text_width),
            )
        )
    return calls


def _drawn(drawn: np.random.Generator, encoder: str, width: int) -> Vectors:
    return Vectors(
        encoder,
        {i: drawn.normal(size=width).astype("<f2").tobytes() for i in range(OF_A_CALL_SEGMENTS)},
    )


def _call(recording: Recording) -> Call:
    step = (SEGMENT_S - 1) / WORDS
    even = tuple(1 / len(LABELS) for _ in LABELS)
    scores = EmotionScores(even, even, "neutral", 0.5, even, even)
    segments = tuple(
        Segment(
            i % 2,
            i % 2,
            SEGMENT_S * i,
            SEGMENT_S * i + SEGMENT_S - 1,
            " ".join(["word"] * WORDS),
            tuple(
                Word("word", SEGMENT_S * i + step * k, SEGMENT_S * i + step * (k + 1), 0.9)
                for k in range(WORDS)
            ),
        )
        for i in range(OF_A_CALL_SEGMENTS)
    )
    return Call(
        recording=recording,
        duration_s=SEGMENT_S * OF_A_CALL_SEGMENTS,
        channels=2,
        sample_rate=8000,
        format="wav/pcm_s16le",
        layout="stereo",
        speakers=(Speaker(0, 0, "agent", "set"), Speaker(1, 1, "customer", "set")),
        segments=segments,
        scores=(scores,) * len(segments),
        baselines={who: VoiceBaseline(even, OF_A_CALL_SEGMENTS // 2) for who in (0, 1)},
        dropped={},
        warnings=(),
        speech=tuple(Speech(one.speaker, one.start_s, one.end_s) for one in segments),
        moods={who: SpeakerMoods(0.1, None, 0.1, None) for who in (0, 1)},
    )


def compared(folder: Path, recordings: Path) -> None:
    """The scores of one model from vectors that were kept by the scan of another, and from sound."""
    kept, decoded = folder / "kept.duckdb", folder / "decoded.duckdb"
    summary = callmood.scan(recordings, db=kept, model=MADE_BY, keep_vectors=True, device="cpu")
    with open_db(kept) as con:
        ((audio, segments),) = rows(con, "SELECT sum(octet_length(vector)), count(*) FROM audio_vectors")
        ((text,),) = rows(con, "SELECT sum(octet_length(vector)) FROM text_vectors")
        ((speech_s, call_s),) = rows(
            con, "SELECT (SELECT sum(end_s - start_s) FROM speech), sum(duration_s) FROM recording"
        )
    shutil.copyfile(kept, decoded)
    with open_db(decoded) as con:
        for table in ("audio_vectors", "text_vectors"):
            con.execute(f"DELETE FROM {table}")
    print(
        f"{summary.done} calls, {segments} segments, {call_s:.0f} s, {speech_s:.0f} s of speech: "
        f"{(audio + text) / 1e6 / speech_s * 3600:.1f} MB an hour of speech, "
        f"{(audio + text) / 1e6 / call_s * 3600:.1f} MB an hour of calls"
    )
    for db in (kept, decoded):
        _report(summary.done, measured(recordings, db))
    one, other = _scores(kept), _scores(decoded)
    values = np.array([[row[1] for row in found] for found in (one, other)])
    print(
        f"{len(one)} segments: {sum(a[0] != b[0] for a, b in zip(one, other, strict=True))} labels differ, "
        f"probabilities by {np.abs(values[0] - values[1]).max():.5f} at most"
    )


def _scores(db: Path) -> list[tuple[str, list[float]]]:
    with open_db(db, read_only=True) as con:
        return [
            (label, [*(scores[one] for one in LABELS), upset, pleased])
            for label, scores, upset, pleased in rows(
                con,
                "SELECT emotion, scores, upset, pleased FROM segment WHERE scores IS NOT NULL "
                "ORDER BY recording_id, segment",
            )
        ]


if __name__ == "__main__":
    main()
