"""What a scan says of real calls, to be read beside the sound: shares of emotions by role, the strongest moments.

callmood scan ../shared/calls --db calls.duckdb && python benchmarks/moods.py calls.duckdb
"""

import argparse
from pathlib import Path

from callmood.store import reading, rows

SHARES = """
    SELECT path, role, emotion, count(*) AS n, max(scores['angry']) AS angriest
    FROM segment JOIN recording ON recording.id = recording_id
    WHERE scores IS NOT NULL GROUP BY ALL ORDER BY path, role, n DESC, emotion
"""
STRONGEST = """
    SELECT path, role, start_s, emotion, confidence, text
    FROM segment JOIN recording ON recording.id = recording_id
    WHERE emotion NOT IN ('calm', 'neutral', 'uncertain') ORDER BY confidence DESC LIMIT 5
"""


def show(database: Path) -> None:
    with reading(database) as con:
        found = rows(con, SHARES)
        for path, role in dict.fromkeys((path, role) for path, role, *_ in found):
            mine = [row[2:] for row in found if row[:2] == (path, role)]
            total = sum(n for _, n, _ in mine)
            shares = ", ".join(f"{label} {n} ({100 * n / total:.0f} %)" for label, n, _ in mine)
            print(f"{Path(path).name}, {role}: {total} segments: {shares}")
            print(f"  highest probability of angry: {max(angriest for *_, angriest in mine):.2f}")
        print("strongest moments:")
        for path, role, start_s, emotion, confidence, text in rows(con, STRONGEST):
            print(f"  {Path(path).name[:16]} {role} {start_s:.0f} s {emotion} {confidence:.2f} {text}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database", type=Path)
    show(parser.parse_args().database)
