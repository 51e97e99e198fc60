"""Who got upset or pleased: stored, corrected by people, and reported."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factory import AGENT, CUSTOMER, Line, feeling, make_call, make_recording

from callmood.batch.plan import Again, Watched, make_plan
from callmood.call import Call, Rescored, SpeakerMoods
from callmood.cli.scan import _as_json_line
from callmood.pipeline.intake.discover import Discovery
from callmood.pipeline.pipeline import RescoreJob
from callmood.reports.ask import Question, ask
from callmood.reports.sheets import page
from callmood.settings import Settings
from callmood.store import Connection, connection, open_db, rescore_call, rows, start_scan, write_calls
from callmood.store.corrections import correct

CALM, ANGRY, GLAD = feeling("neutral"), feeling("angry", 0.9), feeling("happy", 0.9)


def store(db: Connection, *calls: Call) -> None:
    write_calls(db, 1, "m1", calls)


def customer_call(*moods: Any, name: str = "call", role: str = "customer", **facts: Any) -> Call:
    """A customer who says a segment of 10 s for each mood, and an agent who says one in between."""
    lines: list[Line] = [(AGENT, 10.0, 11.0, "mhm")]
    lines += [(CUSTOMER, 10.0 * i, 10.0 * i + 9, f"words {i}", mood) for i, mood in enumerate(moods)]
    return make_call(lines, name=name, roles=("agent", role), **facts)


def cells_of(db: Connection, question: Question) -> list[str]:
    """All facts and cells of a report."""
    shown = page(ask(db, question))
    cells = [column.cell(row) for sheet in shown.sheets for row in sheet.rows for column in sheet.columns]
    return [*(text for _, text in shown.facts), *cells]


def make_older(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the schema before upset, with a call in it whose customer is angry."""
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda all=connection.migrations: all()[:13])
        with open_db(db_path) as con:
            con.execute(
                """
                INSERT INTO recording (id, path, size_bytes, metadata, state, duration_s, layout, scan_id, stored_at)
                VALUES ('a', '/calls/call', 1, MAP {}, 'done', 9, 'mono', 1, TIMESTAMP '2026-11-22 09:00:00');
                INSERT INTO speaker (recording_id, speaker, channel, role, decided_by)
                VALUES ('a', 0, 0, 'customer', '');
                INSERT INTO segment (recording_id, segment, speaker, role, channel, start_s, end_s, text, emotion,
                    confidence, scores)
                VALUES ('a', 0, 0, 'customer', 0, 0, 9, 'no', 'angry', 1, MAP {'angry': 1});
                """
            )


def test_the_moods_of_segments_and_speakers_are_stored(db: Connection) -> None:
    store(db, customer_call(CALM, ANGRY, GLAD))
    assert rows(
        db, "SELECT upset, pleased, evidence FROM segment WHERE role = 'customer' ORDER BY segment"
    ) == [
        (0.0, 0.0, None),
        (pytest.approx(0.9), 0.0, "voice"),
        (0.0, pytest.approx(0.9), "voice"),
    ]
    assert rows(
        db, "SELECT role, upset, upset_from_s, pleased, pleased_from_s FROM speaker ORDER BY speaker"
    ) == [
        ("agent", 0.0, None, 0.0, None),
        ("customer", pytest.approx(0.9), 10.0, pytest.approx(0.9), 20.0),
    ]


def test_scoring_again_replaces_the_moods(db: Connection) -> None:
    call = customer_call(CALM, ANGRY)
    store(db, call)
    moods = {CUSTOMER: SpeakerMoods(0.1, None, 0.7, 0.0)}
    scores = (None, GLAD, CALM)
    rescore_call(db, 2, "m2", Rescored(call.recording, 20.0, scores, {}, moods=moods))
    assert rows(db, "SELECT upset, pleased FROM segment ORDER BY segment") == [
        (None, None),
        (0.0, pytest.approx(0.9)),
        (0.0, 0.0),
    ]
    assert rows(db, "SELECT upset, upset_from_s, pleased, pleased_from_s FROM speaker ORDER BY speaker") == [
        (None, None, None, None),
        (pytest.approx(0.1), None, pytest.approx(0.7), 0.0),
    ]


@pytest.mark.parametrize(
    ("label", "shown", "upset", "pleased", "mood"),
    [
        ("angry", "angry", 1.0, 0.0, -1.0),
        ("sad", "sad", 1.0, 0.0, -0.6),
        ("happy", "happy", 0.0, 1.0, 1.0),
        ("neutral", "neutral", 0.0, 0.0, 0.0),
        ("calm", "neutral", 0.0, 0.0, 0.0),
        ("surprised", "surprised", 0.0, 0.0, 0.0),
    ],
)
def test_a_corrected_label_beats_the_model(
    db: Connection, label: str, shown: str, upset: float, pleased: float, mood: float
) -> None:
    call = customer_call(feeling("angry", 0.8), feeling("happy", 0.8))
    store(db, call)
    for segment in (1, 2):
        correct(db, call.recording.id, segment, label)
    seen = "SELECT emotion, confidence, upset, pleased, evidence, mood FROM segment_scores WHERE role = 'customer'"
    assert rows(db, seen) == [(shown, 1.0, upset, pleased, "correction", pytest.approx(mood))] * 2
    assert rows(db, "SELECT emotion FROM segment WHERE role = 'customer' ORDER BY segment") == [
        ("angry",),
        ("happy",),
    ]
    assert rows(db, "SELECT customer_upset, customer_pleased FROM call_summary") == [(upset, pleased)]


def test_a_false_alarm_that_is_corrected_is_none_of_the_call(db: Connection) -> None:
    call = customer_call(CALM, ANGRY, CALM)
    store(db, call)
    assert ask(db, Question()).overview["upset_calls"] == 1
    correct(db, call.recording.id, 2, "neutral")
    report = ask(db, Question("calls"))
    assert report.overview["upset_calls"] == 0 and report.moments.height == 0
    assert report.rows.select("upset", "upset_from_s").row(0) == (0.0, None)


def test_an_outburst_that_the_model_missed_counts_once_it_is_corrected(db: Connection) -> None:
    call = customer_call(CALM, CALM, CALM)
    store(db, call)
    correct(db, call.recording.id, 2, "angry")
    report = ask(db, Question("calls"))
    assert report.rows.select("upset", "upset_from_s").row(0) == (1.0, 10.0)
    assert report.moments.select("start_s", "evidence", "emotion").rows() == [(10.0, "correction", "angry")]
    assert any(cell.startswith("corrected 20") for cell in cells_of(db, Question("calls")))


def test_calm_labels_of_older_scans_are_neutral(db: Connection) -> None:
    store(db, customer_call(feeling("calm"), feeling("calm")))
    assert rows(db, "SELECT DISTINCT emotion FROM segment_scores") == [("neutral",)]
    assert "calm" not in ask(db, Question("call", name="call")).rows["emotion"].to_list()


def test_a_moment_is_an_uninterrupted_stretch_of_one_speaker(db: Connection) -> None:
    unsure = feeling("angry", 0.6, uncertain=True)
    words = feeling("sad", 0.7, evidence="words")
    store(db, customer_call(CALM, unsure, ANGRY, words, CALM, feeling("sad", 0.55), CALM))
    moments = ask(db, Question()).moments
    assert moments.select("start_s", "end_s", "upset", "evidence", "emotion", "text", "said_s").rows() == [
        (10.0, 39.0, pytest.approx(0.9), "both", "angry", "words 2", 20.0),
        (50.0, 59.0, pytest.approx(0.55), "voice", "sad", "words 5", 50.0),
    ]


def test_the_most_upset_moments_come_first_and_of_equal_ones_the_longest(db: Connection) -> None:
    store(
        db,
        customer_call(ANGRY, name="short"),
        customer_call(ANGRY, ANGRY, name="long"),
        customer_call(feeling("angry"), name="worst"),
    )
    assert ask(db, Question()).moments["call"].to_list() == ["worst", "long", "short"]


def test_a_moment_says_since_when_and_why(db: Connection) -> None:
    store(db, customer_call(CALM, feeling("angry", evidence="both"), feeling("sad"), agent="Ann"))
    for question in (Question(), Question(name="Ann"), Question("calls"), Question("call", name="call")):
        cells = cells_of(db, question)
        assert {"0:10", "19 s", "angry", "voice and words", "“words 1”"} <= set(cells)


def test_the_worst_moments_of_a_call_say_whose_they_are_unless_they_are_the_customers(db: Connection) -> None:
    store(
        db, make_call([(AGENT, 0.0, 9.0, "sorry", ANGRY), (CUSTOMER, 9.0, 18.0, "fine", CALM)], name="agent")
    )
    store(db, customer_call(ANGRY, name="customer"))
    store(db, customer_call(ANGRY, name="who", role="unknown"))
    for call, who in (("agent", {"agent"}), ("customer", set()), ("who", {"role not known"})):
        (worst,) = [
            one for one in page(ask(db, Question("call", name=call))).sheets if one.title == "Worst moments"
        ]
        said_by = {
            column.cell(row) for column in worst.columns if column.heading == "Who" for row in worst.rows
        }
        assert said_by == who


@pytest.mark.parametrize(
    ("role", "asked", "upset"),
    [
        ("customer", "customer", 1),
        ("unknown", "customer", 1),
        ("agent", "customer", 0),
        ("agent", "agent", 1),
        ("customer", "agent", 0),
        ("unknown", "agent", 0),
        ("agent", "all", 1),
        ("unknown", "all", 1),
    ],
)
def test_whoever_is_not_the_agent_counts_as_a_customer(
    db: Connection, role: str, asked: Any, upset: int
) -> None:
    store(db, customer_call(ANGRY, role=role))
    report = ask(db, Question(role=asked))
    assert (report.overview["upset_calls"], report.moments.height) == (upset, upset)
    assert report.rows["upset_calls"].to_list() == [upset]


def test_a_share_of_calls_has_its_interval(db: Connection) -> None:
    moods = [ANGRY, ANGRY, ANGRY, CALM, GLAD, CALM]
    store(db, *(customer_call(mood, name=str(at), agent="Ann") for at, mood in enumerate(moods)))
    row = ask(db, Question()).rows.row(0, named=True)
    assert (row["calls_scored"], row["upset_calls"], row["pleased_calls"]) == (6, 3, 1)
    assert row["upset"] == 0.5 and row["pleased"] == pytest.approx(1 / 6)
    assert (row["upset_low"], row["upset_high"]) == pytest.approx((0.1876, 0.8124), abs=1e-4)
    assert "upset in 3 of 6 calls (50 %, 95 % interval 19 to 81 %), pleased in 1" in cells_of(db, Question())
    assert "3 of 6" in cells_of(db, Question())


@pytest.mark.parametrize(("upset", "low", "high"), [(0, 0.0, 0.4345), (5, 0.5655, 1.0)])
def test_none_and_all_of_few_calls_are_not_certain(
    db: Connection, upset: int, low: float, high: float
) -> None:
    store(db, *(customer_call(ANGRY if at < upset else CALM, name=str(at)) for at in range(5)))
    row = ask(db, Question()).rows.row(0, named=True)
    assert (row["upset_low"], row["upset_high"]) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_fewer_than_five_calls_has_no_interval(db: Connection) -> None:
    store(db, *(customer_call(ANGRY, name=str(at)) for at in range(4)))
    assert "upset in 4 of 4 calls (100 %), pleased in 0" in cells_of(db, Question())


def test_the_most_upset_calls_and_agents_come_first(db: Connection) -> None:
    store(
        db,
        customer_call(CALM, feeling("sad", 0.7), name="a", agent="Ann"),
        customer_call(CALM, CALM, name="b", agent="Ben"),
        customer_call(ANGRY, CALM, name="c", agent="Cleo"),
    )
    assert ask(db, Question("calls")).rows["call"].to_list() == ["c", "a", "b"]
    assert ask(db, Question()).rows["name"].to_list()[-1] == "Ben"
    (sheet, *_) = page(ask(db, Question("calls"))).sheets
    (column,) = (one for one in sheet.columns if one.heading.startswith("Upset"))
    assert [column.cell(row) for row in sheet.rows] == ["0:00", "0:10", "no"]


def test_the_timeline_says_how_upset_a_turn_is(db: Connection) -> None:
    store(db, customer_call(CALM, ANGRY, feeling("angry", 0.3, uncertain=True)))
    turns = ask(db, Question("call", name="call")).rows
    assert turns["upset"].to_list()[0] == 0.0
    assert max(turns["upset"].to_list()) == pytest.approx(0.9)
    cells = cells_of(db, Question("call", name="call"))
    assert "customer from 0:10 (90 %)" in cells and "90 %" in cells and "30 %" not in cells


def test_calls_that_were_not_understood_are_neither_upset_nor_calm(db: Connection) -> None:
    store(db, replace(customer_call(ANGRY), understood=False))
    report = ask(db, Question())
    assert report.overview["calls_scored"] == 0 and report.moments.height == 0
    assert "not known" in cells_of(db, Question("call", name="call"))
    assert not any("--rescore" in note for note in report.notes)


def test_calls_that_an_older_callmood_scored_are_said_to_be_unknown(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(db_path, monkeypatch)
    note = "Upset and pleased leave out 1 call that an older callmood scored. Run scan --rescore."
    with open_db(db_path) as con:
        report = ask(con, Question())
        assert note in report.notes and report.moments.height == 0
        assert report.rows.select("calls_scored", "upset", "angry").row(0) == (0, None, 1.0)
        assert note in ask(con, Question("call", name="call")).notes
        assert {"not known"} <= set(cells_of(con, Question()))


def test_calls_that_an_older_callmood_scored_are_scored_again(db: Connection) -> None:
    voice = {AGENT: ((0.0,) * 8, 1), CUSTOMER: ((0.0,) * 8, 1)}
    recordings = [make_recording(name) for name in ("old", "new")]
    scan = start_scan(db, {"score": {"roles": "all"}}, {}, {})
    calls = [replace(make_call(baselines=voice), recording=recording) for recording in recordings]
    write_calls(db, scan, "m1", calls)
    db.execute("UPDATE speaker SET upset = NULL WHERE recording_id = $id", {"id": recordings[0].id})
    found = Discovery(tuple(recordings))
    plan = make_plan(db, found, Settings(), "m1", Again(rescore=True), Watched())
    assert [(type(job), job.recording.id) for job in plan.jobs] == [(RescoreJob, recordings[0].id)]
    assert make_plan(db, found, Settings(), "m1", Again(), Watched()).summary.stale_scores == 1


def json_moods(call: Call) -> Any:
    return _as_json_line(call)["moods"]


def test_the_json_of_a_scan_has_the_moods_of_each_speaker() -> None:
    assert json_moods(customer_call(CALM, ANGRY)) == [
        {
            "speaker": 0,
            "role": "agent",
            "upset": 0.0,
            "upset_from_s": None,
            "pleased": 0.0,
            "pleased_from_s": None,
        },
        {
            "speaker": 1,
            "role": "customer",
            "upset": 0.9,
            "upset_from_s": 10.0,
            "pleased": 0.0,
            "pleased_from_s": None,
        },
    ]
    assert json_moods(replace(customer_call(ANGRY), understood=False)) == []


def test_the_json_of_a_call_scored_again_has_them_too() -> None:
    moods = {CUSTOMER: SpeakerMoods(0.9, 4.0, 0.0, None)}
    (line,) = _as_json_line(Rescored(make_recording(), 9.0, (), {}, moods=moods))["moods"]  # type: ignore[misc]
    assert (line["speaker"], line["upset"], line["upset_from_s"]) == (1, 0.9, 4.0)
