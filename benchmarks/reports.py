"""What reports cost, by the size of the database: CPU seconds, seconds and peak memory of whole commands.

Makes databases of made calls, of 20 segments each, of 200 agents over a year, and runs each report on them in a process
of its own. 10 million segments take 2 GB of disk and some minutes to make.

python benchmarks/reports.py --segments 10_000 --segments 10_000_000
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import callmood
from callmood.store import Connection, open_db, start_scan

OF_A_CALL: Final = 20
"""Segments."""
AT_ONCE: Final = 25_000
"""Calls that are made together."""
DAY: Final = "2025-07-01"
AGENT: Final = "Agent 117"

REPORTS: Final[dict[str, tuple[str, ...]]] = {
    "--agent": ("--agent",),
    "--agent NAME": ("--agent", AGENT),
    "--agent --since DAY": ("--agent", "--since", DAY, "--until", DAY),
    "--agent NAME --since DAY": ("--agent", AGENT, "--since", DAY, "--until", DAY),
    "--day": ("--day",),
    "--day DAY": ("--day", DAY),
    "--by week --against previous": (
        "--by",
        "week",
        "--since",
        DAY,
        "--until",
        "2025-07-31",
        "--against",
        "previous",
    ),
    "--queue": ("--queue",),
    "--by campaign": ("--by", "campaign"),
    "--call --limit 20": ("--call", "--limit", "20"),
    "--call --since DAY": ("--call", "--since", DAY, "--until", DAY),
    "--call ID": ("--call", "C-123"),
    "--html of a day": ("--day", DAY, "--html", "{folder}/day.html"),
}
OTHERS: Final[dict[str, tuple[str, ...]]] = {
    "corrections": ("corrections",),
    "review --agreement": ("review", "--agreement"),
}

_DRAWN: Final = "((hash({0}, '{1}') % 1000003) / 1000003.0)"
"""A number from 0 to 1 that follows from an expression."""


def make_database(path: Path, calls: int, *, words: bool = False, years: int = 1) -> None:
    """A new database of ``calls`` from 2025 on; the same for the same number."""
    with open_db(path) as con:
        scan = start_scan(con, {"score": {"roles": "all"}}, {}, {"asr": "tiny.en"})
        for first in range(0, calls, AT_ONCE):
            _make(con, first, min(calls, first + AT_ONCE), calls // years, scan, words)
    callmood.rebuild(db=path)


def _make(con: Connection, first: int, end: int, a_year: int, scan: int, words: bool) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE made AS
        SELECT number, number + 1 AS call_number, sha256(number::VARCHAR) AS id,
            {_DRAWN.format("number", "trouble")} < 0.1 AS is_troubled
        FROM range({first}, {end}) AS numbers(number)
        """
    )
    con.execute(
        f"""
        INSERT INTO recording BY NAME
        SELECT id, call_number, '/calls/' || strftime(started_at, '%Y-%m-%d') || '/' || number || '.wav' AS path,
            1000 AS size_bytes, format('Agent {{:03d}}', (hash(number, 'agent') % 200)::INTEGER) AS agent,
            (hash(number, 'customer') % 100000)::VARCHAR AS customer, 'C-' || number AS call_id,
            ['orders', 'billing', 'support', 'returns'][(hash(number, 'queue') % 4)::INTEGER + 1] AS queue,
            started_at, MAP {{'campaign': 'campaign ' || (hash(number, 'campaign') % 10)}} AS metadata,
            'done' AS state, 6.0 * {OF_A_CALL} + 5 AS duration_s, 2 AS channels, 8000 AS sample_rate,
            'wav/pcm_s16le' AS format, 'stereo' AS layout, 'en' AS language, true AS understood, MAP {{}} AS dropped,
            [] AS warnings, 'm1' AS model_id, {scan} AS scan_id, {scan} AS transcribed_in, started_at AS stored_at
        FROM (
            SELECT *, (TIMESTAMP '2025-01-01' + INTERVAL 1 SECOND * (number * 31536000 // {a_year})) AS started_at
            FROM made
        )
        """
    )
    con.execute(
        f"""
        INSERT INTO speaker BY NAME
        SELECT id AS recording_id, call_number, speaker, speaker AS channel,
            CASE speaker WHEN 0 THEN 'agent' ELSE 'customer' END AS role, 'channel' AS decided_by,
            [{_DRAWN.format("number", "voice")}::FLOAT for i in range(8)] AS baseline_mean,
            10 AS baseline_count, 0 AS earlier_count, 'm1' AS model_id, 'en' AS language,
            CASE WHEN is_troubled AND speaker = 1 THEN 0.9 ELSE {_DRAWN.format("number", "upset")} * 0.4 END AS upset,
            CASE WHEN is_troubled AND speaker = 1 THEN 42.0 END AS upset_from_s,
            {_DRAWN.format("number", "pleased")} AS pleased,
            CASE WHEN {_DRAWN.format("number", "pleased")} >= 0.5 THEN 12.0 END AS pleased_from_s
        FROM made, (SELECT unnest([0, 1]) AS speaker)
        """
    )
    labels = "['angry', 'calm', 'disgust', 'fearful', 'happy', 'neutral', 'sad', 'surprised']"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE said AS
        SELECT *, {_DRAWN.format("n", "confidence")} * 0.6 + 0.35 AS sure,
            list_transform(
                range(8), lambda i: CASE WHEN {labels}[i + 1] = label THEN sure ELSE (1 - sure) / 7 END
            )::FLOAT[] AS chances
        FROM (
            SELECT id AS recording_id, call_number, number, segment, number * {OF_A_CALL} + segment AS n,
                segment % 2 AS speaker,
                is_troubled AND segment % 2 = 1 AND segment BETWEEN 7 AND 13 AS is_upset,
                ['neutral', 'neutral', 'neutral', 'calm', 'happy', 'sad'][(hash(n, 'label') % 6)::INTEGER + 1] AS drawn,
                CASE WHEN is_upset THEN 'angry' ELSE drawn END AS label,
                6.0 * segment + 2 * {_DRAWN.format("n", "start")} AS start_s,
                start_s + 2 + 4 * {_DRAWN.format("n", "length")} AS end_s
            FROM made, range({OF_A_CALL}) AS segments(segment)
        )
        """
    )
    con.execute(
        f"""
        INSERT INTO segment BY NAME
        SELECT recording_id, call_number, segment, speaker,
            CASE speaker WHEN 0 THEN 'agent' ELSE 'customer' END AS role, speaker AS channel, start_s, end_s,
            CASE WHEN is_upset THEN 'I have called ' || (n % 97) || ' times about order ' || n
                ELSE 'yes the number on the letter of order ' || n || ' is right' END AS text,
            CASE WHEN sure < 0.45 THEN 'uncertain' ELSE label END AS emotion, sure AS confidence,
            map({labels}, chances) AS scores, label AS raw_emotion, map({labels}, chances) AS raw_scores,
            chances AS raw_logits, chances AS relative_logits,
            CASE WHEN is_upset THEN 0.5 + 0.5 * sure ELSE (1 - sure) / 2 END AS upset,
            CASE WHEN label = 'happy' THEN sure ELSE (1 - sure) / 2 END AS pleased,
            CASE WHEN is_upset THEN 'both' ELSE 'voice' END AS evidence
        FROM said
        """
    )
    con.execute(
        """
        INSERT INTO speech BY NAME
        SELECT recording_id, call_number, speaker, start_s, end_s,
            CASE WHEN n % 100 = 7 THEN 'too quiet' END AS dropped
        FROM said
        """
    )
    con.execute(
        """
        INSERT INTO hold BY NAME
        SELECT id AS recording_id, call_number, 'music' AS kind, 30.0 AS start_s, 35.0 AS end_s
        FROM made WHERE number % 20 = 3
        """
    )
    con.execute(
        "INSERT INTO categorized BY NAME SELECT id AS recording_id, call_number, 'd' AS definitions FROM made"
    )
    con.execute(
        """
        INSERT INTO segment_category BY NAME
        SELECT recording_id, call_number, segment, ['refund', 'cancel', 'delivery'][number % 3 + 1] AS category,
            'words' AS evidence
        FROM said WHERE number % 2 = 0 AND segment = 5
        """
    )
    con.execute(
        """
        INSERT INTO correction BY NAME
        SELECT recording_id, speaker, start_s, end_s, speaker AS channel, 'customer' AS role, '' AS text,
            'sad' AS label, TIMESTAMP '2026-01-01' AS corrected_at, 'eva' AS corrected_by
        FROM said WHERE number % 2000 = 7 AND segment = 9
        """
    )
    con.execute(
        """
        INSERT INTO review BY NAME
        SELECT recording_id, speaker, start_s, end_s, 'eva' AS reviewer, 'random' AS reason, 'sad' AS label,
            TIMESTAMP '2026-01-01' AS reviewed_at
        FROM said WHERE number % 5000 = 7 AND segment = 9
        """
    )
    if words:
        con.execute(
            """
            INSERT INTO word BY NAME
            SELECT recording_id, call_number, segment, i AS word, 'word' AS text, start_s + i * 0.2 AS start_s,
                start_s + i * 0.2 + 0.2 AS end_s, 0.9 AS probability
            FROM said, range(14) AS words(i)
            """
        )


def measured(command: list[str]) -> tuple[float, float, float]:
    """CPU seconds, seconds and peak memory in MB of a command. Raises RuntimeError if it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} failed: {errors}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segments", type=int, action="append", help="how many; may be given several times")
    parser.add_argument("--only", help="reports whose name holds this")
    parser.add_argument("--db", type=Path, help="a database that is there, in place of made ones")
    parser.add_argument("--make", type=Path, help="make the database there, and run nothing")
    options = parser.parse_args()
    sizes = options.segments or [10_000]
    if options.db:
        with open_db(options.db, read_only=True) as con:
            ((count,),) = con.execute("SELECT count(*) FROM segment").fetchall()
        sizes = [count]
    if options.make:
        make_database(options.make, sizes[0] // OF_A_CALL)
        return
    print("| segments | report | CPU s | s | MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            db = options.db or Path(folder) / f"{size}.duckdb"
            if options.db is None:
                make_database(db, size // OF_A_CALL)
            begin = [sys.executable, "-m", "callmood"]
            commands = {
                **{name: [*begin, "report", "--db", str(db), *given] for name, given in REPORTS.items()},
                **{name: [*begin, *given, "--db", str(db)] for name, given in OTHERS.items()},
            }
            for name, command in commands.items():
                if not options.only or options.only in name:
                    cpu_s, wall_s, mb = measured([part.format(folder=folder) for part in command])
                    print(f"| {size:,} | {name} | {cpu_s:.2f} | {wall_s:.2f} | {mb:.0f} |", flush=True)
            if options.db is None:
                db.unlink()


if __name__ == "__main__":
    main()
