"""What an analyst types into a notebook, cell by cell; `test_library.py` runs it as a script on the sample calls."""

import json
import sys
from pathlib import Path

import polars as pl

import callmood

CALLS, DB = Path(sys.argv[1]), Path(sys.argv[2])


def main() -> None:
    steps: list[callmood.Progress] = []
    summary = callmood.scan(CALLS, db=DB, progress=steps.append)
    again = list(callmood.iter_scan(CALLS, db=DB))
    rescored = list(callmood.iter_scan([CALLS / "anna"], db=DB, rescore=True, roles="customer"))

    with callmood.open(DB) as db:
        report = db.report(by="agent")
        calls, segments, words = db.calls(), db.segments(), db.words()
        angry = segments.filter(pl.col("raw_emotion") == "angry").join(calls, on="recording_id")
        counted = db.sql("SELECT count(*) AS n FROM word WHERE probability > $least", {"least": 0.5})
        timeline = db.report(by="call", name="0c7e1b52")

    found = {
        "summary": repr(summary),
        "steps": len(steps),
        "first step": steps[0].outcome is None,
        "again": len(again),
        "rescored": sorted({type(outcome).__name__ for outcome in rescored}),
        "agents": report.rows["name"].sort().to_list(),
        "notes": list(report.notes),
        "calls": calls.height,
        "segments": segments.height,
        "words": words.height,
        "sure words": counted["n"].item(),
        "angry": angry.height,
        "turns": timeline.rows.height,
        "roles scored": segments.filter(pl.col("emotion").is_not_null())["role"].unique().sort().to_list(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
