"""What an archive costs and saves: size on disk, and reports on it against the same reports on one database.

Makes a database of made calls over two years, moves all of them into an archive, and runs each report on both in turn,
in processes of their own. A million segments take half a gigabyte of disk and some minutes.

python benchmarks/archive.py --segments 1_000_000 --rounds 3
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Final

from reports import AGENT, DAY, OF_A_CALL, make_database, measured

from callmood.model.networks.minilm import WIDTH
from callmood.search.vectors import ENCODER
from callmood.store import open_db

REPORTS: Final[dict[str, tuple[str, ...]]] = {
    "report --agent": ("report", "--agent"),
    "report --agent NAME": ("report", "--agent", AGENT),
    "report --agent --since DAY": ("report", "--agent", "--since", DAY, "--until", DAY),
    "report --month": ("report", "--by", "month"),
    "report --call ID": ("report", "--call", "C-1234"),
    "find --exact": ("find", "--exact", "times about order 77", "--limit", "5"),
    "export --call": ("export", "segments", "--call", "C-1234", "--format", "json"),
}


def _make(path: Path, calls: int, words: bool) -> None:
    make_database(path, calls, words=words, years=2)
    # of the size that real vectors have, and as hard to compress
    with open_db(path) as con:
        con.execute(
            """
            INSERT INTO segment_vectors BY NAME
            SELECT id AS recording_id, call_number, $encoder AS encoder,
                unhex(string_agg(sha256(id || block::VARCHAR), '')) AS vectors
            FROM recording, range($blocks) AS blocks(block) GROUP BY id, call_number
            """,
            {"encoder": ENCODER, "blocks": OF_A_CALL * WIDTH // 32},
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words", action="store_true", help="with 14 words a segment")
    options = parser.parse_args()
    begin = [sys.executable, "-m", "callmood"]
    with tempfile.TemporaryDirectory() as folder:
        whole, rest, years = (Path(folder) / name for name in ("whole.duckdb", "rest.duckdb", "years"))
        making = get_context("spawn").Process(
            target=_make, args=(whole, options.segments // OF_A_CALL, options.words)
        )
        making.start()  # in this process it would count as the memory of the commands, which begin as copies of it
        making.join()
        shutil.copyfile(whole, rest)
        moving = ["archive", str(years), "--before", "2027-01-01", "--yes", "--db", str(rest)]
        cpu_s, wall_s, mb = measured([*begin, *moving])
        print(f"moved in {wall_s:.1f} s, {cpu_s:.1f} CPU s, {mb:.0f} MB of memory")
        size = sum(file.stat().st_size for file in years.rglob("*.parquet"))
        print(
            f"on disk: database {whole.stat().st_size / 1e6:.0f} MB, archive {size / 1e6:.0f} MB, what is left of the "
            f"database {rest.stat().st_size / 1e6:.0f} MB\n"
        )
        print("| command | database CPU s | archive CPU s | ratio | database MB | archive MB |")
        print("|---|---|---|---|---|---|")
        for name, command in REPORTS.items():
            runs = [
                [measured([*begin, *command, "--db", str(db)]) for db in (whole, years)]
                for _ in range(options.rounds)
            ]
            of_whole, of_archive = ([pair[side] for pair in runs] for side in (0, 1))
            cpu = [mean(run[0] for run in side) for side in (of_whole, of_archive)]
            memory = [max(run[2] for run in side) for side in (of_whole, of_archive)]
            print(
                f"| {name} | {cpu[0]:.2f} | {cpu[1]:.2f} | {cpu[1] / cpu[0]:.2f} | {memory[0]:.0f} | {memory[1]:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
