"""What a scan costs that finds everything stored already: memory and processor seconds.

    python benchmarks/skip.py [--files 100000] [--folder FOLDER]

Makes so many tiny files, 1,000 a folder, and a database in which each is a call that is done, then scans them with
`callmood scan` once, in a process of its own. With ``--folder`` the files are kept there for the next time.
"""

import argparse
import hashlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASELINE = "import callmood.batch.run, callmood.store, duckdb; duckdb.connect()"
"""What a scan imports, and nothing else."""


def make_files(folder: Path, count: int) -> None:
    """Files of a few bytes, named as recorders do, that changed long ago."""
    for number in range(count):
        path = (
            folder / "calls" / f"{number // 1000:03}" / f"2026-11-20_09-14-05_anna_{5_550_000 + number}.wav"
        )
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(number), encoding="ascii")
            os.utime(path, (1e9, 1e9))


def make_database(db: Path, folder: Path) -> None:
    """Each file as a call that is stored."""
    from callmood.search.categorize import _hash, definitions_of
    from callmood.search.vectors import ENCODER
    from callmood.store import open_db

    with open_db(db) as con:
        con.execute("CREATE TEMP TABLE found (path VARCHAR, size_bytes BIGINT, content VARCHAR)")
        rows = []
        for path in sorted(folder.glob("calls/*/*.wav")):
            content = path.read_bytes()
            rows.append(
                {"path": str(path), "size": len(content), "content": hashlib.sha256(content).hexdigest()}
            )
        for first in range(0, len(rows), 10_000):
            part = rows[first : first + 10_000]
            con.execute(
                "INSERT INTO found SELECT unnest($paths), unnest($sizes), unnest($contents)",
                {
                    "paths": [one["path"] for one in part],
                    "sizes": [one["size"] for one in part],
                    "contents": [one["content"] for one in part],
                },
            )
        con.execute(
            "INSERT INTO file_hash SELECT path, size_bytes, 1000000000 * 1000000000::BIGINT, content FROM found"
        )
        con.execute(
            """
            INSERT INTO recording BY NAME
            SELECT content AS id, path, size_bytes, MAP {} AS metadata, 'done' AS state, 1 AS scan_id,
                1 AS transcribed_in, now()::TIMESTAMP AS stored_at, 'mono' AS layout, 60.0 AS duration_s
            FROM found
            """
        )
        con.execute(
            "INSERT INTO segment_vectors BY NAME SELECT id AS recording_id, $encoder AS encoder, ''::BLOB AS vectors "
            "FROM recording",
            {"encoder": ENCODER},
        )
        con.execute(
            "INSERT INTO categorized BY NAME SELECT id AS recording_id, $definitions AS definitions FROM recording",
            {"definitions": _hash(definitions_of(con))},
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        make_files(folder, given.files)
        db = folder / "calls.duckdb"
        if not db.exists():
            # in a process of its own: one that starts others is counted with them as large as it is
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pool.apply(make_database, (db, folder))
        report("imports alone", [sys.executable, "-c", BASELINE])
        command = [sys.executable, "-m", "callmood", "scan", str(folder / "calls"), "--db", str(db)]
        report("first scan, which stores the facts of names", command)
        report("skip scan", command)


def report(what: str, command: list[str]) -> None:
    """Runs a command and prints its peak memory and processor time."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{what}: ended with {os.waitstatus_to_exitcode(status)}")
    print(
        f"{what}: {used.ru_maxrss / 1024:,.0f} MB, {used.ru_utime + used.ru_stime:.1f} CPU s, "
        f"{time.monotonic() - begun:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
