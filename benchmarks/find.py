"""How well and how fast callmood finds what is asked for.

    python benchmarks/find.py                       # recall, on the made questions of find_questions.toml
    python benchmarks/find.py --segments 1000000    # time, on a synthetic database

Recall is the share of the marked answers among the first ten: of the published sentence encoder with vectors as they
are stored, of the emotion model's text encoder, of a text search that ranks by the question's words (BM25), and of the
words that one would type into a text search. The time is that of whole commands, with their start, the better of two.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from callmood import store
from callmood.arrays import Floats
from callmood.labels import LABELS
from callmood.model import bundle, encode
from callmood.model.networks.minilm import WIDTH, sentence_encoder
from callmood.search.vectors import ENCODER, as_bytes, likeness

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
SEGMENTS_OF_A_CALL = 40
FIRST = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segments", type=int, help="measure the time on so many segments")
    given = parser.parse_args()
    if given.segments:
        times(given.segments)
    else:
        recalls()


def recalls() -> None:
    """Print the recall of each way to search."""
    questions = read("find_questions.toml")["questions"]
    texts = list(dict.fromkeys([*marked(questions), *others()]))
    asked = [question["ask"] for question in questions]
    answers = [[texts.index(answer) for answer in question["answers"]] for question in questions]
    print(f"{len(asked)} questions, {sum(map(len, answers))} answers among {len(texts)} segments")
    typed = np.array(
        [[contains(question["words"], text) for text in texts] for question in questions], np.float32
    )
    for name, scores in (*ways(asked, texts), ("text search, typed words", typed)):
        ranks = (-scores).argsort(axis=1, kind="stable").argsort(axis=1)
        found = [
            rank < FIRST and scores[row, one] > 0
            for row, of in enumerate(answers)
            for one in of
            for rank in [ranks[row, one]]
        ]
        any_found = [
            any(ranks[row, one] < FIRST and scores[row, one] > 0 for one in of)
            for row, of in enumerate(answers)
        ]
        print(f"{name:<44}{np.mean(found):7.2f} of the answers{np.mean(any_found):7.2f} of the questions")


def ways(asked: Sequence[str], texts: Sequence[str]) -> Iterable[tuple[str, Floats]]:
    """The scores [questions, texts] of each way to search."""
    encoder = sentence_encoder()
    questions, exact = encoder(asked), encoder(texts)
    yield "published MiniLM, float32", questions @ exact.T
    yield "published MiniLM, a byte a number (as stored)", likeness([as_bytes(exact).tobytes()], questions).T
    found = bundle.load_text_module(bundle.INCLUDED["embedded"])
    if found is None:
        raise SystemExit("the embedded model has no text encoder")
    for pooling in ("mean", "mean-max"):
        settings = encode.TextSettings(pooling=pooling, max_tokens=128)
        both = encode.text_vectors(*found, settings, [*asked, *texts])
        both /= np.linalg.norm(both, axis=1, keepdims=True)
        yield f"emotion model's MiniLM, {pooling}", both[: len(asked)] @ both[len(asked) :].T
    yield "text search, BM25", bm25(asked, texts)


def bm25(asked: Sequence[str], texts: Sequence[str]) -> Floats:
    """Okapi's BM25 with its usual constants: [questions, texts]."""
    counts = [Counter(words(text)) for text in texts]
    lengths = np.array([sum(count.values()) for count in counts])
    scores = np.zeros((len(asked), len(texts)), np.float32)
    for row, question in enumerate(asked):
        for word in set(words(question)):
            times_in = np.array([count[word] for count in counts])
            holding = int((times_in > 0).sum())
            weight = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            scores[row] += (
                weight * times_in * 2.2 / (times_in + 1.2 * (0.25 + 0.75 * lengths / lengths.mean()))
            )
    return scores


def contains(phrase: str, text: str) -> bool:
    """Whether the words stand in the text; a star stands for any letters."""
    return re.search(rf"\b{phrase.replace('*', r'[a-z]*')}\b", text.lower()) is not None


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def marked(questions: Sequence[dict[str, Any]]) -> list[str]:
    return [text for question in questions for text in (*question["answers"], *question["near"])]


def others() -> list[str]:
    """Sentences of service calls that were written for other tests."""
    categories = read("categories.toml")
    ordinary: list[str] = categories.pop("ordinary")
    near = [text for category in categories.values() for text in category["near"]]
    talk = [
        text
        for group in read("service_talk.toml")["groups"]
        for role in ("agent", "customer")
        for text in group.get(role, ())
    ]
    return [*ordinary, *near, *talk]


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def times(segments: int) -> None:
    """Make a database of so many segments, and print its size and how long searches in it take."""
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "callmood.duckdb"
        begun = time.monotonic()
        make(db, segments // SEGMENTS_OF_A_CALL)
        print(
            f"{segments:,} segments, {db.stat().st_size / 1e6:,.0f} MB, made in {time.monotonic() - begun:.0f} s"
        )
        for arguments in (
            ["customer threatens to cancel"],
            ["customer threatens to cancel", "--role", "customer", "--since", "2026-06-01"],
            ["customer threatens to cancel", "--emotion", "angry", "--agent", "agent 3"],
            ["--exact", "word7 word8"],
        ):
            seconds = min(timed([*arguments, "--db", str(db)]) for _ in range(2))
            print(f"{seconds:6.2f} s  callmood find {' '.join(arguments)}")


def timed(arguments: Sequence[str]) -> float:
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "callmood", "find", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    return time.monotonic() - begun


def make(db: Path, calls: int) -> None:
    """A database of calls whose words and vectors are drawn at random."""
    drawn = np.random.default_rng(0)
    with store.writing(db) as con:
        con.execute(
            """
            INSERT INTO recording BY NAME
            SELECT sha256(i::VARCHAR) AS id, '/calls/' || i || '.wav' AS path, 1 AS size_bytes, 'done' AS state,
                'agent ' || i % 50 AS agent, TIMESTAMP '2026-01-01' + INTERVAL 20 MINUTE * i AS started_at,
                map([]::VARCHAR[], []::VARCHAR[]) AS metadata, 1 AS scan_id, now()::TIMESTAMP AS stored_at
            FROM range($calls) AS t(i)
            """,
            {"calls": calls},
        )
        con.execute(
            """
            INSERT INTO segment BY NAME
            SELECT sha256(i::VARCHAR) AS recording_id, s AS segment, s % 2 AS speaker, s % 2 AS channel,
                ['agent', 'customer'][1 + s % 2] AS role, 5.0 * s AS start_s, 5.0 * s + 4 AS end_s,
                array_to_string(list_transform(range(12), lambda w: 'word' || (hash(i, s, w) % 5000)), ' ') AS text,
                $labels[1 + (hash(i, s) % 8)::INTEGER] AS emotion, 0.8 AS confidence,
                map($labels::VARCHAR[], list_transform(range(8), lambda l: 0.125)) AS scores
            FROM range($calls) AS t(i), range($of_a_call) AS u(s)
            """,
            {"calls": calls, "of_a_call": SEGMENTS_OF_A_CALL, "labels": list(LABELS)},
        )
        con.begin()
        for (recording,) in store.rows(con, "SELECT id FROM recording"):
            vectors = drawn.integers(-127, 128, (SEGMENTS_OF_A_CALL, WIDTH), np.int8)
            con.execute(
                "INSERT INTO segment_vectors BY NAME "
                "SELECT *, $encoder AS encoder, $vectors AS vectors FROM calls_of([$id])",
                {"id": recording, "encoder": ENCODER, "vectors": vectors.tobytes()},
            )
        con.commit()


if __name__ == "__main__":
    main()
