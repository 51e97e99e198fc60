"""How well a scan finds moods on calls, and how often it raises a false alarm.

    python benchmarks/calls.py build OUT --part tune --corpus ravdess=FOLDER ... --ordinary FOLDER ...
    python benchmarks/calls.py scan OUT [--model BUNDLE]
    python benchmarks/calls.py show OUT
    python benchmarks/calls.py corpora OUT --part train --corpus ravdess=FOLDER ...

``build`` makes calls of corpus speakers that are held out (``built_calls/parts.py``): an actor whose mood comes, goes,
lasts, is sprinkled over the call or never shows, and a reader of LibriSpeech at the other end, through telephone lines;
with ``--spoken`` also calls of synthetic voices, which stay even, and words that complain, apologise or deny.
``corpora`` makes folders of links for ``callmood train`` without those who are held out. Choose on ``--part tune``, and
judge once on ``--part judge``.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from callmood.errors import CallmoodError, UsageError
from callmood.training.corpora.registry import named_folders, native_clips, read_clips

if TYPE_CHECKING:
    from built_calls.truth import Truth

DATABASE = "calls.duckdb"
METADATA = "metadata.csv"


def main() -> int:
    given = _parser().parse_args()
    try:
        given.run(given)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except (CallmoodError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(given: argparse.Namespace) -> None:
    from built_calls.build import acted_call, joined, reader_pieces, write_wav
    from built_calls.ordinary import take_ordinary
    from built_calls.parts import in_parts
    from built_calls.plan import plans
    from built_calls.truth import CALLS, ORDINARY, READERS, TRUTH, write_truth
    from built_calls.words import spoken_calls

    if (given.out / CALLS).exists():
        raise CallmoodError(f"{given.out} holds calls already. Delete it, or give another folder.")
    clips = in_parts(read_clips(named_folders(given.corpus), "calls"), [given.part])
    readers = reader_pieces([clip for clip in clips if clip.corpus == READERS])
    if not readers:
        raise UsageError(f"Give --corpus {READERS}=FOLDER with speakers of the part {given.part}.")
    chosen = plans([clip for clip in clips if clip.corpus != READERS], given.calls_per_speaker, given.seed)
    draws = [random.Random(given.seed * 100_000 + number) for number in range(len(chosen) + given.spoken)]
    acted = ((plan, acted_call(plan, readers, number, draws[number])) for number, plan in enumerate(chosen))
    spoken = spoken_calls(given.part, given.spoken, given.seed) if given.spoken else ()
    calls = []
    for number, (plan, sayings) in enumerate(chain(acted, spoken)):
        truth, sound, rate = joined(f"call-{number + 1:03d}", plan, sayings, draws[number])
        write_wav(given.out / CALLS / f"{truth.name}.wav", sound, rate)
        calls.append(truth)
    write_truth(given.out / TRUTH, calls)
    _write_metadata(given.out / METADATA, calls)
    ordinary = take_ordinary(given.ordinary, given.out / ORDINARY, given.seed)
    minutes = sum(call.seconds for call in calls) / 60
    print(f"{len(calls)} calls ({minutes:.0f} min) and {ordinary} ordinary recordings in {given.out}")


def _write_metadata(path: Path, calls: Sequence[Truth]) -> None:
    """Who the agent is, as a call centre knows it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "agent"])
        for call in calls:
            agent = next(turn.speaker for turn in call.turns if turn.role == "agent")
            table.writerow([f"{call.name}.wav", agent])


def scan(given: argparse.Namespace) -> None:
    from built_calls.truth import CALLS, ORDINARY

    database = given.db or given.out / DATABASE
    stored = database.exists()
    folders = [given.out / name for name in (CALLS, ORDINARY) if (given.out / name).is_dir()]
    command: list[str | Path] = [sys.executable, "-m", "callmood", "scan", *folders, "--db", database]
    command += ["--metadata", given.out / METADATA, "--agent-channel", "left"]
    command += ["--workers", str(given.workers)]
    command += ["--model", given.model] if given.model else []
    for again in ([], ["--rescore"])[: 1 + stored]:  # what is new, then what another model scored
        code = subprocess.run([*command, *again], check=False).returncode
        if code not in (0, 3):
            raise CallmoodError(f"callmood scan ended with {code}.")


def show(given: argparse.Namespace) -> None:
    from built_calls.tables import tables

    print(tables(given.out, given.db or given.out / DATABASE))


def corpora(given: argparse.Namespace) -> None:
    from built_calls.parts import in_parts, link_corpus

    for name, folder in named_folders(given.corpus):
        clips = native_clips(name, folder)
        kept = in_parts(clips, given.part)
        link_corpus(folder, clips, kept, given.out / name)
        print(f"{name}: {len(kept)} of {len(clips)} clips")


def _parser() -> argparse.ArgumentParser:
    from built_calls.parts import PARTS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(required=True, metavar="STEP")

    def step(name: str, run: object, what: str) -> argparse.ArgumentParser:
        one = steps.add_parser(name, help=what, description=what)
        one.add_argument("out", type=Path, metavar="OUT")
        one.set_defaults(run=run)
        return one

    def take_corpora(one: argparse.ArgumentParser) -> None:
        one.add_argument("--corpus", action="append", required=True, metavar="NAME=FOLDER")

    one = step("build", build, "Make calls and their truth.")
    take_corpora(one)
    one.add_argument("--part", choices=("tune", "judge"), required=True, help="whose voices")
    one.add_argument("--ordinary", type=Path, nargs="*", default=[], metavar="FOLDER")
    one.add_argument("--calls-per-speaker", type=int, default=3, help="of about a minute (default 3)")
    one.add_argument(
        "--spoken", type=int, default=0, metavar="N", help="calls of spoken sentences (festival and flite)"
    )
    one.add_argument("--seed", type=int, default=1)
    one = step(
        "scan", scan, "Scan the calls; those that are stored are scored again if the model is another."
    )
    one.add_argument("--model", help="folder of a bundle (default: embedded)")
    one.add_argument("--workers", type=int, default=1)
    one.add_argument("--db", type=Path, help=f"the database (default: OUT/{DATABASE})")
    one = step("show", show, "Print tables of what the scan found.")
    one.add_argument("--db", type=Path, help=f"the database (default: OUT/{DATABASE})")
    one = step("corpora", corpora, "Link corpora without the speakers of other parts.")
    take_corpora(one)
    one.add_argument("--part", choices=PARTS, action="append", required=True, help="whose clips to keep")
    return parser


if __name__ == "__main__":
    sys.exit(main())
