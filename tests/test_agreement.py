"""How far people agree with the model and with each other."""

import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory import feeling, make_call, on
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score
from typer.testing import CliRunner

from callmood.cli.app import app
from callmood.reports.agreement import _interval, _kappas, agreement, kappa, unweighted_accuracy
from callmood.store import Connection, rows, start_scan, write_call
from callmood.store.reviews import Reason, Review, write_review

LABELS = ("angry", "happy", "neutral", "sad")


def made(seed: int, count: int = 60) -> list[tuple[str, str, str]]:
    chance = random.Random(seed)
    return [
        (f"call {index % 7}", label, label if chance.random() < 0.6 else chance.choice(LABELS))
        for index in range(count)
        for label in [chance.choice(LABELS)]
    ]


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    pairs = made(seed)
    _, one, other = zip(*pairs, strict=True)
    assert kappa(pairs) == pytest.approx(cohen_kappa_score(one, other), abs=1e-5)
    assert unweighted_accuracy(pairs) == pytest.approx(balanced_accuracy_score(one, other))


def test_one_label_only_tells_nothing_of_chance() -> None:
    assert kappa([("call", "angry", "angry")] * 5) is None


def reviewed(
    con: Connection, labels: dict[str, list[str | None]], reason: Reason = "random", **facts: Any
) -> str:
    """A call of as many segments as labels, all angry to the model, with the labels of each reviewer."""
    count = max(map(len, labels.values()))
    lines = [(1, 2.0 * index, 2.0 * index + 1.5, "words", feeling("angry")) for index in range(count)]
    call = make_call(lines, **facts)
    write_call(con, start_scan(con, {}, {}, {}), "model", call)
    for reviewer, given in labels.items():
        for segment, label in enumerate(given):
            write_review(con, call.recording.id, segment, reviewer, reason, Review(label))
    return call.recording.id


def test_a_reviewer_is_compared_with_the_model_and_with_the_other_one(db: Connection) -> None:
    reviewed(db, {"ben": ["angry"] * 9 + ["neutral"] * 3, "eva": ["angry"] * 6 + ["calm"] * 6})
    ben, eva, both = agreement(db)
    assert (ben.one, ben.other, ben.segments, ben.same) == ("ben", "the model", 12, 0.75)
    assert (eva.same, eva.ua) == (0.5, 0.5)
    assert (both.one, both.other, both.same) == ("ben", "eva", 0.75)
    assert both.kappa_interval is not None
    low, high = both.kappa_interval
    assert low <= (both.kappa or 0) <= high


def test_what_was_proposed_for_another_reason_is_no_measure_of_the_model(db: Connection) -> None:
    reviewed(db, {"ben": ["happy"] * 4}, reason="uncertain")
    assert agreement(db) == []


def test_a_segment_of_the_random_order_counts_whatever_it_was_proposed_for(db: Connection) -> None:
    recording = reviewed(db, {"ben": ["angry"] * 4})
    (first,) = rows(
        db, "SELECT segment FROM segment ORDER BY random_place(recording_id, speaker, start_s) LIMIT 1"
    )[0]
    write_review(db, recording, first, "ben", "rare", Review("sad"))
    assert agreement(db)[0].segments == 4


def test_what_can_not_be_told_is_in_no_figure(db: Connection) -> None:
    reviewed(db, {"ben": ["angry", None, "angry"]})
    assert agreement(db)[0].segments == 2


def test_few_segments_have_no_interval(db: Connection) -> None:
    reviewed(db, {"ben": ["angry", "sad", "angry"]})
    assert agreement(db)[0].ua_interval is None


def test_agreement_is_printed(db: Connection, db_path: Path) -> None:
    reviewed(db, {"ben": ["angry"] * 9 + ["neutral"] * 3})
    db.close()
    printed = CliRunner().invoke(app, ["review", "--agreement", "--db", str(db_path)])
    assert printed.exit_code == 0
    assert "ben and the model, 12 segments: the same label in 75 %" in printed.stdout


def test_without_reviews_the_next_step_is_said(db: Connection, db_path: Path) -> None:
    db.close()
    printed = CliRunner().invoke(app, ["review", "--agreement", "--db", str(db_path)])
    assert "No reviews yet" in printed.stdout


def test_an_interval_is_that_of_calls_drawn_anew_one_by_one() -> None:
    pairs = made(3)
    by_call = [[pair for pair in pairs if pair[0] == f"call {number}"] for number in range(7)]
    chance = np.random.default_rng(0)
    drawn = [[pair for index in chance.integers(7, size=7) for pair in by_call[index]] for _ in range(1000)]
    expected = np.quantile(
        [cohen_kappa_score(*list(zip(*each, strict=True))[1:]) for each in drawn], (0.025, 0.975)
    )
    assert _interval(pairs, _kappas) == pytest.approx(tuple(expected), abs=1e-5)


def test_a_report_says_how_far_people_agree_with_the_model(db: Connection, db_path: Path) -> None:
    reviewed(db, {"ben": ["angry"] * 9 + ["neutral"] * 3})
    db.close()
    result = CliRunner().invoke(app, ["report", "--db", str(db_path)], catch_exceptions=False)
    assert "Agreement" in result.stdout and "ben and the model, 12 segments: kappa 0.00" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "segments"),
    [
        ((), 12),
        (("--agent", "anna"), 4),
        (("--call", "--agent", "anna"), 4),
        (("--queue", "sales", "--by", "day"), 8),
        (("--since", "2026-11-21"), 8),
        (("--until", "2026-11-20"), 4),
        (("--agent", "eve"), None),
    ],
)
def test_the_agreement_of_a_report_is_that_of_its_calls(
    db: Connection, db_path: Path, arguments: tuple[str, ...], segments: int | None
) -> None:
    reviewed(db, {"ben": ["angry"] * 4}, name="a.wav", agent="anna", started_at=on("2026-11-20"))
    reviewed(db, {"ben": ["sad"] * 8}, name="b.wav", agent="bob", queue="sales", started_at=on("2026-11-21"))
    write_call(db, 1, None, make_call(name="c.wav", agent="eve", started_at=on("2026-11-21")))
    db.close()
    result = CliRunner().invoke(app, ["report", *arguments, "--db", str(db_path)], catch_exceptions=False)
    found = re.search(r"ben and the model, (\d+) segments", result.stdout)
    assert (int(found[1]) if found else None) == segments


def test_a_report_without_reviews_says_nothing_of_agreement(db: Connection, db_path: Path) -> None:
    write_call(db, start_scan(db, {}, {}, {}), None, make_call())
    db.close()
    assert "Agreement" not in CliRunner().invoke(app, ["report", "--db", str(db_path)]).stdout
