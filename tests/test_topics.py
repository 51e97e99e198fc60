"""`callmood topics`: opening statements grouped by meaning."""

import json
from pathlib import Path

import numpy as np
import pytest
from factory import AGENT, CUSTOMER, make_call, on
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.model.networks.minilm import WIDTH
from callmood.search import topics
from callmood.search.topics import distinctive, grouped
from callmood.search.vectors import ENCODER
from callmood.store import Connection, open_db, rows, start_scan, write_call, write_calls
from callmood.store.meanings import Filter, call_texts, write_vectors

PARCELS = (
    "Hello, my parcel has not arrived yet.",
    "I am waiting for my parcel since Monday.",
    "Where is my parcel, it should have arrived?",
    "The parcel that I ordered never arrived.",
)
BILLS = (
    "My bill is too high this month.",
    "I have a question about my bill.",
    "There is a mistake in my bill.",
)
OTHER = "Do you buy used pianos from people?"


@pytest.fixture
def scanned(db: Connection, db_path: Path) -> Path:
    scan = start_scan(db, {}, {}, {})
    calls = [make_call([(CUSTOMER, 0.0, 1.0, "yes")], "short.wav", agent="ben")]
    for number, text in enumerate((*PARCELS, *BILLS, OTHER)):
        lines = [
            (AGENT, 0.0, 2.0, "Good morning, this is the parcel service, how can I help you?"),
            (CUSTOMER, 2.0, 3.0, "Yes hello."),
            (CUSTOMER, 3.0, 4.0, "My name is Smith."),
            (CUSTOMER, 4.0, 6.0, text),
            (CUSTOMER, 16.0, 18.0, "Thank you very much for your help and goodbye."),
        ]
        facts = {"agent": "anna" if text in PARCELS else "ben", "started_at": on("2026-11-20")}
        calls.append(make_call(lines[: 4 + number % 2], f"{number}.wav", **facts))
    write_calls(db, scan, None, calls)
    db.close()
    return db_path


def test_who_is_not_known_to_be_the_agent_opens_a_call(scanned: Path) -> None:
    with open_db(scanned) as con:
        facts = {"roles": ("unknown",), "layout": "mono"}
        lines = [(0, 0.0, 3.0, f"{text} Really.") for text in PARCELS]
        write_calls(
            con, 1, None, [make_call([line], f"lone {n}.wav", **facts) for n, line in enumerate(lines)]
        )
    assert callmood.topics(db=scanned).calls == 8 + len(PARCELS)


def test_calls_are_grouped_by_what_the_customer_opens_them_with(scanned: Path) -> None:
    found = callmood.topics(db=scanned)
    assert (found.calls, found.without) == (8, 1)
    assert [topic.calls for topic in found.topics] == [4, 3]
    assert found.topics[0].words[0] == "parcel" and "bill" in found.topics[1].words[:2]
    assert {example.text for example in found.topics[1].examples} == set(BILLS)
    assert len(found.topics[0].examples) == 3


def test_topics_of_one_agent_are_of_that_agents_calls(scanned: Path) -> None:
    assert [topic.calls for topic in callmood.topics(agent="Anna", db=scanned).topics] == [4]
    assert callmood.topics(since="2026-11-21", db=scanned).calls == 0


def test_the_rest_of_many_statements_join_the_nearest_group(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(3)
    corners = np.eye(3, 8, dtype=np.float32)[np.arange(300) % 3]
    vectors = corners + drawn.normal(scale=0.05, size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = -vectors[7]
    whole = grouped(vectors)
    monkeypatch.setattr(topics, "_COMPARED", 31)
    drawn_from = grouped(vectors)
    assert len(set(whole.tolist())) == 4 and whole[7] == -1
    assert len(set(zip(whole.tolist(), drawn_from.tolist(), strict=True))) == 4


def test_names_and_numbers_of_earlier_statements_name_no_public_group(db: Connection) -> None:
    scan = start_scan(db, {}, {}, {})
    for number in range(4):
        lines = [
            (AGENT, 0.0, 1.0, "Who is calling?"),
            (CUSTOMER, 1.0, 2.0, "My name is Anna Xylander, XY471209."),
            (CUSTOMER, 2.0, 4.0, f"It's Xylander, XY471209, about {number} parcels that never arrived."),
            (AGENT, 4.0, 9.0, "Let me look for them."),
        ]
        write_call(db, scan, None, make_call(lines, f"{number}.wav"))
    ids = [recording_id for (recording_id,) in rows(db, "SELECT id FROM recording")]
    texts = call_texts(db, ids)
    write_vectors(db, ENCODER, [(one, b"\1" * 4 * WIDTH) for one in texts])
    (secret,) = topics.find_topics(db, Filter()).topics
    (public,) = topics.find_topics(db, Filter(), redacted=True).topics
    assert "xylander" in secret.words
    assert "parcels" in public.words and not {"xylander", "xy471209"} & set(public.words)


def test_numbers_name_no_group() -> None:
    words = distinctive(["order 4711 is late", "order 4711 is lost"], ["order 4711 is late", "my cat"])
    assert words == ("order",)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_statements_make_no_group(count: int) -> None:
    assert grouped(np.ones((count, 4), np.float32) / 2).tolist() == [-1] * count


def test_a_word_that_everyone_says_names_no_group() -> None:
    words = distinctive(
        ["my parcel is late", "my parcel is lost"], ["my parcel is late", "my parcel is lost", "my cat"] * 3
    )
    assert words[0] == "parcel" and "my" not in words


def test_the_command_prints_groups_or_json(scanned: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["topics", "--db", str(scanned), *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    assert "parcel" in run() and "4 calls (50 %)" in run() and "1 call of 8 in no group" in run()
    assert json.loads(run("--json"))["topics"][0]["calls"] == 4
