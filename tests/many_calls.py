"""A made month of a call center, for looking at pages and for measuring them.

    .venv/bin/python tests/many_calls.py callmood.duckdb --calls 300

The calls are drawn at random, the same for the same numbers: who answers, when, how it goes, and what is said, from
a few sentences for each mood.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from factory import AGENT, CUSTOMER, Line, feeling, make_call

from callmood.call import Call, Hold
from callmood.store import Connection, open_db, start_scan, write_calls
from callmood.store.figures import fill_all_figures

AGENTS = ("Anna", "Ben", "Carla", "Deniz", "Ella", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kim", "Lena")
QUEUES = ("orders", "billing", "support", "returns")
COURSES = {
    "plain": ("even", "even", "even", "even"),
    "pleased": ("even", "even", "even", "pleased"),
    "recovered": ("even", "upset", "upset", "even"),
    "worse": ("even", "even", "upset", "upset"),
    "sad": ("even", "sad", "even", "even"),
}
"""The mood in each quarter of a call."""
SAID = {
    "even": (
        "I am calling about my order from last week.",
        "Yes, the number is on the letter that you sent me.",
        "Could you check that for me please?",
        "It should have been here on Monday.",
        "Okay, I see. And what happens next?",
        "Right, I have that in front of me.",
    ),
    "upset": (
        "This is the third time that I am calling about this!",
        "Nobody ever calls me back, it is ridiculous.",
        "I have been charged twice and you tell me to wait?",
        "I want to cancel, I have had enough of this.",
        "You promised me that a week ago!",
    ),
    "pleased": (
        "Oh that is wonderful, thank you so much!",
        "Great, that was quick. You have been really helpful.",
    ),
    "sad": ("My mother passed away and I don't know what to do with her contract.",),
    "agent": (
        "Thank you for calling, how can I help?",
        "I am sorry to hear that. Let me look into it right away.",
        "I can see the order here, one moment please.",
        "I will send you a confirmation by mail today.",
        "You are right, that was our mistake. I have refunded the second charge just now.",
        "Is there anything else that I can do for you?",
    ),
}
_DRAWN = 2000
"""Calls that are drawn one by one, which takes a quarter of a minute for a thousand."""
LABELS = {"even": "neutral", "upset": "angry", "pleased": "happy", "sad": "sad"}


def many_calls(count: int, seed: int = 1, turns: int = 12) -> Iterator[Call]:
    """``count`` calls of ten weeks, of two times ``turns`` segments each."""
    draw = random.Random(seed)
    start = datetime(2026, 9, 14)
    for number in range(count):
        agent = draw.choice(AGENTS)
        hour = draw.choice((8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18))
        when = start + timedelta(days=draw.randrange(70), hours=hour, minutes=draw.randrange(60))
        queue = draw.choice(QUEUES)
        troubled = 0.08 + 0.1 * (queue == "billing") + 0.1 * (hour >= 17) + 0.12 * (agent == "Hugo")
        course = draw.choices(list(COURSES), [0.75 - 2 * troubled, 0.15, troubled, troubled, 0.05])[0]
        lines = list(_lines(draw, course, turns))
        end_s = lines[-1][2]
        yield make_call(
            lines,
            name=f"call-{number:05}.wav",
            duration_s=end_s + 1,
            unheard=[(CUSTOMER, end_s / 3, end_s / 3 + 1.5, "too quiet")] if draw.random() < 0.2 else (),
            holds=[Hold("music", lines[4][2], lines[5][1])] if lines[5][1] - lines[4][2] > 6 else (),
            agent=agent,
            customer=f"555{draw.randrange(10_000):04}",
            queue=queue,
            started_at=when,
            call_id=f"C-{100000 + number}",
        )


def _lines(draw: random.Random, course: str, turns: int) -> Iterator[Line]:
    at_s = 0.5
    for turn in range(turns):
        length_s = draw.uniform(1.5, 6)
        yield AGENT, at_s, at_s + length_s, draw.choice(SAID["agent"]), None
        at_s += length_s + draw.choice((-0.4, 0.2, 0.4, 0.6, 3.0 if draw.random() < 0.3 else 0.3))
        if turn == 2 and draw.random() < 0.15:
            at_s += draw.uniform(8, 25)
        mood = COURSES[course][4 * turn // turns]
        sure = draw.uniform(0.55, 0.97)
        unsure = mood == "even" and draw.random() < 0.15
        scores = feeling(LABELS[mood], 0.35 if unsure else sure, uncertain=unsure)
        length_s = draw.uniform(1.2, 8)
        yield CUSTOMER, at_s, at_s + length_s, draw.choice(SAID[mood]), scores
        at_s += length_s + draw.uniform(0.1, 0.8)


def write_database(path: Path, count: int, seed: int = 1, turns: int = 12) -> None:
    """A new database of ``many_calls``; of more than _DRAWN calls those beyond are copies of them."""
    with open_db(path) as con:
        scan = start_scan(con, {}, {}, {})
        write_calls(con, scan, None, list(many_calls(min(count, _DRAWN), seed, turns)))
        for number in range(1, -(-count // _DRAWN)):
            _copy(con, number, min(_DRAWN, count - number * _DRAWN))
        fill_all_figures(con)


def _copy(con: Connection, number: int, calls: int) -> None:
    """Adds the first ``calls`` drawn calls once more, with ids of their own."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE copied AS "
        "SELECT id FROM recording WHERE call_id NOT LIKE 'C-%-%' ORDER BY call_id LIMIT $calls",
        {"calls": calls},
    )
    new_id = f"sha256({{id}} || '{number}')"
    con.execute(
        f"INSERT INTO recording SELECT * REPLACE ({new_id.format(id='id')} AS id, call_id || '-{number}' AS call_id, "
        f"call_number + {number * _DRAWN} AS call_number) "
        "FROM recording SEMI JOIN copied USING (id)"
    )
    for table in ("speaker", "segment", "word", "speech", "hold"):
        con.execute(
            f"INSERT INTO {table} SELECT * REPLACE ({new_id.format(id='recording_id')} AS recording_id, "
            f"call_number + {number * _DRAWN} AS call_number) FROM {table} SEMI JOIN copied ON recording_id = copied.id"
        )


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("database", type=Path)
    parser.add_argument("--calls", type=int, default=300)
    options = parser.parse_args(argv)
    write_database(options.database, options.calls)


if __name__ == "__main__":
    main(sys.argv[1:])
