"""The figures of a report are as its SQL files define them, on calls that can be calculated by hand."""

from pathlib import Path
from typing import Any

import pytest
from factory import AGENT, CUSTOMER, Line, failure, feeling, make_call, make_recording, on

from callmood.call import Call, EmotionScores, Hold
from callmood.labels import LABELS
from callmood.reports.ask import Question, ask
from callmood.reports.sheets import page
from callmood.store import Connection, rows, start_scan, write_call, write_calls, write_failure

TALK: list[Line] = [
    (AGENT, 0.0, 4.0, "one two three four"),
    (CUSTOMER, 3.0, 6.0, "a b c", feeling("happy")),
    (CUSTOMER, 9.0, 10.0, "x", feeling("angry")),
    (AGENT, 9.5, 20.0, " y ", None),
]


UNCOMPARED = (
    "Change and ended worse leave out {} in which the customer was not scored in the first or in the last "
    "quarter."
)


def store(db: Connection, *calls: Any) -> None:
    write_calls(db, 1, "m1", calls)


def customer_call(*moods: EmotionScores | None, name: str = "call", **facts: Any) -> Any:
    """The customer says one segment of 10 s in each quarter."""
    lines = [
        (CUSTOMER, 10.0 * index, 10.0 * (index + 1), f"words {index}", scores)
        for index, scores in enumerate(moods)
    ]
    return make_call(lines, name=name, **facts)


def only(db: Connection, sql: str) -> Any:
    ((value,),) = rows(db, sql)
    return value


@pytest.mark.parametrize(
    ("label", "mood"),
    [
        ("happy", 1.0),
        ("calm", 0.2),
        ("neutral", 0.0),
        ("surprised", 0.0),
        ("sad", -0.6),
        ("fearful", -0.6),
        ("disgust", -0.8),
        ("angry", -1.0),
    ],
)
def test_the_mood_of_a_sure_segment_is_the_weight_of_its_label(
    db: Connection, label: str, mood: float
) -> None:
    store(db, customer_call(feeling(label)))
    assert only(db, "SELECT mood FROM segment_mood") == pytest.approx(mood)


def test_an_undecided_model_gives_no_bad_mood(db: Connection) -> None:
    even = tuple(1 / len(LABELS) for _ in LABELS)
    store(db, customer_call(EmotionScores(even, even, "uncertain", even[0])))
    assert only(db, "SELECT mood FROM segment_mood") == pytest.approx(0.0)


def test_a_segment_that_is_not_scored_has_no_mood(db: Connection) -> None:
    store(db, customer_call(None))
    assert only(db, "SELECT mood FROM segment_mood") is None


def test_the_margin_of_a_mean_follows_students_t(db: Connection) -> None:
    assert only(db, "SELECT margin(1.0, 5)") == pytest.approx(2.7764 / 5**0.5)
    assert only(db, "SELECT margin(1.0, 31)") == pytest.approx(2.0423 / 31**0.5)
    assert only(db, "SELECT margin(1.0, 32)") == pytest.approx(2.0395 / 32**0.5, rel=1e-4)
    assert only(db, "SELECT margin(1.0, 1001)") == pytest.approx(1.9623 / 1001**0.5, rel=1e-4)


@pytest.mark.parametrize("calls", [1, 2, 4])
def test_a_mean_of_few_calls_has_no_margin(db: Connection, calls: int) -> None:
    assert only(db, f"SELECT margin(1.0, {calls})") is None


def test_who_talks_how_long_and_how_fast(db: Connection) -> None:
    store(db, make_call(TALK))
    assert rows(
        db,
        """SELECT agent_s, customer_s, talk_ratio, agent_words_per_minute, customer_words_per_minute,
            longest_monologue_s FROM call_talk""",
    ) == [(14.5, 4.0, 14.5 / 18.5, 60 * 5 / 14.5, 60 * 4 / 4.0, 10.5)]


def test_silence_and_voices_at_once(db: Connection) -> None:
    store(db, make_call(TALK))
    assert rows(db, "SELECT dead_air_s, longest_silence_s, overtalk_s FROM call_talk") == [(3.0, 3.0, 1.5)]


def test_dead_air_is_silence_of_two_seconds_and_more_between_words(db: Connection) -> None:
    lines: list[Line] = [
        (AGENT, 5.0, 6.0, "after ringing"),
        (CUSTOMER, 7.9, 9.0, "a short pause"),
        (AGENT, 11.0, 12.0, "two seconds"),
    ]
    store(db, make_call(lines, duration_s=60.0))
    assert rows(db, "SELECT dead_air_s, longest_silence_s FROM call_talk") == [(2.0, 2.0)]


def test_overlapping_segments_of_one_speaker_are_not_overtalk(db: Connection) -> None:
    lines: list[Line] = [(AGENT, 0.0, 5.0, "a"), (AGENT, 4.0, 8.0, "b"), (AGENT, 5.0, 6.0, "c")]
    store(db, make_call([*lines, (CUSTOMER, 8.0, 9.0, "d")]))
    assert rows(db, "SELECT overtalk_s, agent_s FROM call_talk") == [(0.0, 8.0)]


def test_speech_that_could_not_be_transcribed_is_talk_and_no_silence(db: Connection) -> None:
    lines: list[Line] = [(AGENT, 0.0, 2.0, "your card number please"), (AGENT, 15.0, 17.0, "thank you")]
    unheard = [(CUSTOMER, 2.5, 14.5, "repetition"), (CUSTOMER, 16.0, 16.5, "no speech")]
    store(db, make_call(lines, unheard=unheard))
    assert rows(
        db,
        """SELECT customer_s, talk_ratio, dead_air_s, longest_silence_s, overtalk_s, longest_monologue_s,
            untranscribed_s FROM call_talk""",
    ) == [(12.5, 4 / 16.5, 0.0, 0.5, 0.5, 2.0, 12.5)]


def test_words_per_minute_are_over_the_speech_whose_words_are_known(db: Connection) -> None:
    store(
        db,
        make_call([(AGENT, 0.0, 6.0, "a b c"), (CUSTOMER, 7.0, 8.0, "d")], unheard=[(AGENT, 9.0, 19.0, "x")]),
    )
    assert only(db, "SELECT agent_words_per_minute FROM call_talk") == 30.0


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_one_sided_recordings_have_no_figure_that_takes_two_sides(db: Connection, layout: str) -> None:
    lines: list[Line] = [(AGENT, 0.0, 4.0, "how can I help"), (AGENT, 10.0, 14.0, "I see")]
    store(db, make_call(lines, roles=["agent"], layout=layout, agent="Ann", name="alone"))
    assert rows(
        db,
        """SELECT agent_s, agent_words_per_minute, talk_ratio, dead_air_s, longest_silence_s, overtalk_s,
            interruptions_by_agent, interruptions_by_customer, longest_monologue_s FROM call_talk""",
    ) == [(8.0, 45.0, None, None, None, None, None, None, None)]
    store(db, make_call(TALK, agent="Ann"))
    report = ask(db, Question())
    assert report.rows["talk_ratio"].to_list() == [14.5 / 18.5]
    assert any("leave out 1 recording in which only one side is heard" in note for note in report.notes)
    assert not any("single-channel" in note for note in report.notes)


def test_time_on_hold_is_no_dead_air(db: Connection) -> None:
    lines: list[Line] = [
        (AGENT, 20.0, 22.0, "one moment"),
        (CUSTOMER, 22.5, 23.0, "yes"),
        (AGENT, 40.0, 41.0, "hello"),
    ]
    holds = [
        Hold("tone", 1.0, 3.0),
        Hold("announcement", 4.0, 9.0, "please hold"),
        Hold("music", 25.0, 36.5),
        Hold("music", 50.0, 60.0),
    ]
    store(db, make_call(lines, holds=holds, duration_s=60.0))
    assert rows(db, "SELECT dead_air_s, longest_silence_s, hold_s FROM call_talk") == [(5.5, 3.5, 28.5)]
    shown = ask(db, Question(kind="call", name="call.wav")).rows
    assert shown["kind"].to_list() == ["tone", "announcement", "words", "words", "music", "words", "music"]
    assert any("28 s of music" in note for note in ask(db, Question()).notes)


def test_what_was_not_transcribed_is_on_the_timeline_and_in_the_notes(db: Connection) -> None:
    unheard = [(CUSTOMER, 2.5, 14.5, "repetition"), (AGENT, 15.0, 15.5, "no speech")]
    store(db, make_call([(AGENT, 0.0, 2.0, "your card number please")], unheard=unheard))
    report = ask(db, Question(kind="call", name="call.wav"))
    assert report.rows.select("kind", "role", "start_s", "end_s", "text").rows() == [
        ("words", "agent", 0.0, 2.0, "your card number please"),
        ("untranscribed", "customer", 2.5, 14.5, ""),
    ]
    cells = [
        column.cell(row) for sheet in page(report).sheets for row in sheet.rows for column in sheet.columns
    ]
    assert "(12 s of speech that could not be transcribed)" in cells
    assert any(
        note.startswith("12 s of speech (86 %) in 1 call could not") for note in ask(db, Question()).notes
    )


def test_a_mood_without_words_is_on_the_timeline_once_and_among_the_worst_moments(db: Connection) -> None:
    lines: list[Line] = [(AGENT, 0.0, 2.0, "hello"), (CUSTOMER, 3.0, 6.0, "", feeling("angry", 0.9))]
    store(db, make_call(lines, unheard=[(CUSTOMER, 3.0, 6.0, "low confidence")]))
    report = ask(db, Question(kind="call", name="call.wav"))
    assert report.rows.select("kind", "emotion").rows() == [("words", "neutral"), ("untranscribed", "angry")]
    (moment,) = report.moments.to_dicts()
    assert (moment["start_s"], moment["emotion"], moment["text"]) == (3.0, "angry", "")
    cells = [
        column.cell(row) for sheet in page(report).sheets for row in sheet.rows for column in sheet.columns
    ]
    assert "(could not be transcribed)" in cells


def test_calls_that_were_not_understood_are_left_out_of_moods_and_words(db: Connection) -> None:
    lines: list[Line] = [
        (AGENT, 0.0, 4.0, "thank you very much"),
        (CUSTOMER, 5.0, 9.0, "thank you", feeling("angry")),
        (AGENT, 10.0, 14.0, "thank you"),
    ]
    store(db, make_call(lines, understood=False, agent="Ann"))
    report = ask(db, Question())
    row = report.rows.row(0, named=True)
    assert (row["calls"], row["segments"], row["angry"], row["words_per_minute"]) == (1, 0, None, None)
    assert row["talk_ratio"] == pytest.approx(2 / 3)
    assert report.moments.height == 0
    notes = [note for note in report.notes if "not understood" in note]
    assert notes == [
        "Mood, emotions and words per minute leave out 1 call whose words were not understood "
        "(another language, or a bad line)."
    ]
    assert not any("was scored" in note for note in report.notes)
    (turn, *_) = ask(db, Question(kind="call", name="call.wav")).rows.to_dicts()
    assert (turn["mood"], turn["emotion"]) == (None, None)


@pytest.mark.parametrize(
    ("lines", "by_agent", "by_customer"),
    [
        pytest.param([(CUSTOMER, 0.0, 5.0, "x"), (AGENT, 4.0, 7.0, "y")], 1, 0, id="takes the floor"),
        pytest.param([(AGENT, 0.0, 5.0, "x"), (CUSTOMER, 4.0, 7.0, "y")], 0, 1, id="by the customer"),
        pytest.param([(CUSTOMER, 0.0, 5.0, "x"), (AGENT, 2.0, 3.0, "mhm")], 0, 0, id="listens aloud"),
        pytest.param([(CUSTOMER, 0.0, 5.0, "x"), (AGENT, 4.7, 7.0, "y")], 0, 0, id="a little early"),
        pytest.param([(CUSTOMER, 0.0, 5.0, "x"), (AGENT, 0.3, 7.0, "y")], 0, 0, id="begin together"),
        pytest.param(
            [(CUSTOMER, 0.0, 5.0, "x"), (AGENT, 4.0, 5.5, "mhm"), (CUSTOMER, 5.3, 9.0, "y")],
            0,
            0,
            id="a pause in which the other continues does not end a turn",
        ),
    ],
)
def test_interruptions(db: Connection, lines: list[Line], by_agent: int, by_customer: int) -> None:
    store(db, make_call(lines))
    assert rows(db, "SELECT interruptions_by_agent, interruptions_by_customer FROM call_talk") == [
        (by_agent, by_customer)
    ]


@pytest.mark.parametrize("layout", ["mono", "dual mono"])
def test_single_channel_calls_have_no_overtalk(db: Connection, layout: str) -> None:
    store(db, make_call(TALK, layout=layout))
    assert rows(db, "SELECT overtalk_s, interruptions_by_agent, dead_air_s FROM call_talk") == [
        (None, None, 3.0)
    ]


def test_mood_by_quarter_of_the_conversation(db: Connection) -> None:
    store(db, customer_call(feeling("happy"), feeling("neutral"), None, feeling("angry"), duration_s=400.0))
    assert rows(
        db,
        """SELECT mood_start, mood_second, mood_third, mood_end, mood_change, ended_worse, scored
        FROM call_mood WHERE role = 'customer'""",
    ) == [(1.0, 0.0, None, -1.0, -2.0, True, 3)]


def test_the_mood_of_a_call_weighs_segments_by_their_length(db: Connection) -> None:
    lines: list[Line] = [
        (CUSTOMER, 0.0, 3.0, "a", feeling("happy")),
        (CUSTOMER, 3.0, 4.0, "b", feeling("angry")),
    ]
    store(db, make_call(lines))
    assert only(db, "SELECT mood FROM call_mood WHERE role = 'customer'") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("start", "end", "worse"),
    [
        (feeling("neutral"), feeling("angry"), True),
        (feeling("happy"), feeling("neutral"), False),
        (feeling("sad"), feeling("angry", 0.6), False),
        (feeling("angry"), feeling("angry"), False),
        (None, feeling("angry"), None),
    ],
)
def test_a_call_ended_worse_if_it_fell_clearly_and_to_below_neutral(
    db: Connection, start: EmotionScores | None, end: EmotionScores, worse: bool | None
) -> None:
    store(db, customer_call(start, feeling("neutral"), feeling("neutral"), end))
    assert only(db, "SELECT ended_worse FROM call_mood WHERE role = 'customer'") is worse


def test_an_agent_has_means_over_calls_with_their_intervals(db: Connection) -> None:
    calm, angry = feeling("neutral"), feeling("angry")
    store(
        db,
        customer_call(calm, calm, calm, calm, name="1", agent="Ann", duration_s=1800.0),
        *(
            customer_call(calm, calm, calm, angry, name=name, agent="Ann", duration_s=1800.0)
            for name in "2345"
        ),
        *(customer_call(calm, calm, calm, mood, name=f"Ben {mood}", agent="Ben") for mood in (calm, angry)),
    )
    ann, ben = ask(db, Question()).rows.to_dicts()
    assert (ann["name"], ann["calls"], ann["hours"], ann["calls_compared"]) == ("Ann", 5, 2.5, 5)
    assert (ann["mood_start"], ann["mood_end"], ann["mood_change"]) == (0.0, -0.8, -0.8)
    assert ann["mood_change_margin"] == pytest.approx(2.7764 * 0.2**0.5 / 5**0.5)
    assert (ann["segments"], ann["angry"], ann["negative"], ann["uncertain"]) == (20, 0.2, 0.2, 0.0)
    assert ann["ended_worse"] == 4
    assert (ben["name"], ben["calls"], ben["mood_change"], ben["mood_change_margin"]) == (
        "Ben",
        2,
        -0.5,
        None,
    )


def test_start_and_end_are_of_the_calls_that_have_both(db: Connection) -> None:
    neutral, angry, happy = feeling("neutral"), feeling("angry"), feeling("happy")
    store(
        db,
        customer_call(neutral, neutral, neutral, angry, name="whole", agent="Ann"),
        customer_call(None, neutral, neutral, happy, name="late", agent="Ann"),
    )
    (ann,) = ask(db, Question("agent")).rows.to_dicts()
    assert (ann["mood_start"], ann["mood_end"], ann["mood_change"]) == (0.0, -1.0, -1.0)


def test_the_view_of_agents_agrees_with_the_report(db: Connection) -> None:
    store(db, make_call(TALK, agent="Ann"), make_call(TALK, name="2"))
    report = {row["name"]: row for row in ask(db, Question()).rows.to_dicts()}
    result = db.execute("FROM agent_summary")
    names = [column[0] for column in result.description or []]
    for row in result.fetchall():
        view = dict(zip(names, row, strict=True))
        assert {name: report[view["agent"]][name] for name in names if name != "agent"} == {
            name: value for name, value in view.items() if name != "agent"
        }


def test_calls_of_an_unknown_agent_are_shown(db: Connection) -> None:
    store(db, make_call(name="1"), make_call(name="2", agent="Ann"))
    assert set(ask(db, Question()).rows.get_column("name")) == {"(unknown)", "Ann"}
    assert ask(db, Question(name="(unknown)")).rows.get_column("calls").to_list() == [1]


def test_uncertain_segments_count_as_no_emotion(db: Connection) -> None:
    store(db, customer_call(feeling("angry", 0.4, uncertain=True), feeling("neutral")))
    row = ask(db, Question()).rows.row(0, named=True)
    assert (row["angry"], row["negative"], row["uncertain"]) == (0.0, 0.0, 0.5)


@pytest.mark.parametrize(("role", "angry"), [(None, 0.0), ("customer", 0.0), ("agent", 1.0), ("all", 0.5)])
def test_moods_are_those_of_the_chosen_role(db: Connection, role: Any, angry: float) -> None:
    store(db, make_call([(AGENT, 0, 1, "a", feeling("angry")), (CUSTOMER, 1, 2, "b", feeling("happy"))]))
    assert ask(db, Question(role=role)).rows.get_column("angry").to_list() == [angry]


def said_by(*roles: Any, **facts: Any) -> Call:
    """A stereo call of two who say a sentence each, the second angrily and over the first."""
    lines: list[Line] = [(0, 0.0, 4.0, "a b", feeling("happy")), (1, 3.0, 9.0, "c d", feeling("angry"))]
    return make_call(lines, roles=roles, **facts)


@pytest.mark.parametrize("roles", [("agent", "unknown"), ("agent", "customer")])
def test_who_is_not_known_to_be_the_agent_is_the_customer_in_every_figure(db: Connection, roles: Any) -> None:
    store(db, said_by(*roles))
    figures = "customer_s, talk_ratio, customer_words_per_minute, interruptions_by_customer"
    assert rows(db, f"SELECT {figures} FROM call_talk") == [(6.0, 0.4, 20.0, 1)]
    assert rows(db, "SELECT role, angry, mood FROM call_mood ORDER BY role") == [
        ("agent", 0, 1.0), ("all", 1, pytest.approx(-0.2)), ("customer", 1, -1.0)
    ]  # fmt: skip
    report = ask(db, Question("calls"))
    assert report.rows["angry"].to_list() == [1.0]
    turns = ask(db, Question("call", name="call.wav", role="customer")).rows
    assert turns["text"].to_list() == ["c d"]


def test_where_no_agent_is_known_nobody_has_a_share_of_the_talk_or_interrupts(db: Connection) -> None:
    store(db, said_by("unknown", "unknown"))
    figures = "agent_s, customer_s, talk_ratio, interruptions_by_agent, interruptions_by_customer, longest_monologue_s"
    assert rows(db, f"SELECT {figures} FROM call_talk") == [(0.0, 10.0, None, None, None, None)]
    notes = ask(db, Question()).notes
    assert any(
        note.startswith("In 1 call it is not known who is the agent: everyone counts") for note in notes
    )


def test_voices_of_unknown_roles_are_told_apart_on_a_timeline(db: Connection) -> None:
    store(db, said_by("unknown", "unknown"))
    sheets = {sheet.title: sheet for sheet in page(ask(db, Question("call", name="call.wav"))).sheets}
    quarters, turns = sheets["Mood by quarter of the call"], sheets["What was said"]
    assert [quarters.columns[0].cell(row) for row in quarters.rows] == ["role not known"]
    assert [turns.columns[1].cell(row) for row in turns.rows] == ["speaker 1", "speaker 2"]


def test_of_one_voice_of_unknown_role_moods_are_known_and_are_the_customers(db: Connection) -> None:
    store(db, make_call([(0, 0.0, 4.0, "a b", feeling("angry"))], roles=("unknown",), layout="mono"))
    assert ask(db, Question("calls")).rows.select("role", "angry").row(0) == ("customer", 1)


def test_calls_without_scores_or_words_can_be_reported(db: Connection) -> None:
    store(
        db,
        make_call([], name="silent", agent="Ann", duration_s=30.0),
        make_call([(AGENT, 0, 1, "a", None)], name="one word", agent="Ann"),
        make_call([(0, 0, 1, "a"), (1, 1, 1, "")], name="who", roles=("unknown", "unknown"), layout="mono"),
    )
    for question in (Question(), Question(name="Ann"), Question("calls"), Question("call", name="silent")):
        ask(db, question)
    answer = ask(db, Question(name="Ann"))
    assert answer.rows.select("calls", "mood_start", "angry", "segments").row(0) == (2, None, None, 0)
    assert "Mood and emotions leave out 2 calls in which no customer was scored." in answer.notes


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("queue", {"sales", "(unknown)"}),
        ("day", {"2026-11-21", "2026-11-22"}),
        ("customer", {"C1", "(unknown)"}),
        ("region", {"north", "south"}),
    ],
)
def test_calls_are_grouped_by_any_column(db: Connection, by: str, names: set[str]) -> None:
    store(
        db,
        make_call(name="1", queue="sales", started_at=on("2026-11-22"), metadata={"region": "north"}),
        make_call(name="2", customer="C1", started_at=on("2026-11-21"), metadata={"region": "south"}),
    )
    assert set(ask(db, Question(by=by)).rows.get_column("name")) == names


def test_days_come_in_order(db: Connection) -> None:
    for day in ("2026-11-22", "2026-11-20", "2026-11-21"):
        store(db, make_call(name=day, started_at=on(day)))
    days = ask(db, Question(by="day")).rows.get_column("name").to_list()
    assert days == ["2026-11-20", "2026-11-21", "2026-11-22"]


def test_since_and_until_bound_the_start_of_a_call(db: Connection) -> None:
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        store(db, make_call(name=day, started_at=on(day)))
    store(db, make_call(name="some time"))
    answer = ask(db, Question("calls", since=on("2026-11-21", "00:00"), until=on("2026-11-22", "00:00")))
    assert answer.rows.get_column("file").to_list() == ["2026-11-21"]
    assert answer.notes[:1] == ("Left out by --since and --until: 1 call without a start time.",)
    assert answer.overview["calls"] == 1


def test_the_worst_moments_are_upset_and_the_worst_first(db: Connection) -> None:
    lines: list[Line] = [
        (CUSTOMER, 0.0, 2.0, "uncertain", feeling("angry", 0.4, uncertain=True)),
        (CUSTOMER, 30.0, 32.0, "sad", feeling("sad", 0.8)),
        (CUSTOMER, 34.0, 36.0, "well"),
        (CUSTOMER, 60.0, 62.0, "angry", feeling("angry", 0.9)),
        (CUSTOMER, 63.0, 64.0, "of the same outburst", feeling("angry", 0.8)),
        (AGENT, 90.0, 92.0, "the agent", feeling("angry", 1.0)),
        (CUSTOMER, 120.0, 122.0, "happy", feeling("happy", 1.0)),
    ]
    store(db, make_call(lines, call_id="42", agent="Ann"), make_call(name="other", agent="Ben"))
    moments = ask(db, Question()).moments
    assert moments.get_column("text").to_list() == ["angry", "sad"]
    assert moments.select("call", "start_s", "emotion", "agent").row(0) == ("call.wav", 60.0, "angry", "Ann")
    assert ask(db, Question(name="Ben")).moments.height == 0
    agents = ask(db, Question(role="agent")).moments
    assert agents.get_column("text").to_list() == ["the agent"]


def test_a_timeline_has_turns_with_their_mood(db: Connection) -> None:
    lines: list[Line] = [
        (AGENT, 0.0, 2.0, "good"),
        (AGENT, 2.0, 4.0, "morning", feeling("happy")),
        (CUSTOMER, 3.5, 6.0, "no", feeling("angry", 0.4, uncertain=True)),
        (CUSTOMER, 9.0, 10.0, "hello?", None),
    ]
    store(db, make_call(lines, call_id="42"))
    turns = ask(db, Question("call", name="42")).rows
    assert turns.select(
        "start_s", "end_s", "role", "text", "emotion", "mood", "silence_s", "overlap_s"
    ).rows() == [
        (0.0, 4.0, "agent", "good morning", "happy", 0.5, 0.0, 0.0),
        (3.5, 6.0, "customer", "no", "uncertain", pytest.approx(-(0.4 - 0.125) / 0.875), 0.0, 0.5),
        (9.0, 10.0, "customer", "hello?", None, None, 3.0, 0.0),
    ]
    assert ask(db, Question("call", name="42", role="agent")).rows.get_column("text").to_list() == [
        "good morning"
    ]


def test_notes_count_failures_and_models(db: Connection) -> None:
    store(db, make_call(name="1"))
    write_call(db, 2, "m2", make_call(name="2"))
    write_failure(db, 2, failure(make_recording("3", path=Path("/calls/3.wav"))))
    assert ask(db, Question()).notes == (
        "Not included: 1 recording that could not be scanned.",
        UNCOMPARED.format("2 calls"),
        "These calls were scored by 2 different models, so moods are not comparable. Run scan --rescore.",
    )


def test_a_note_counts_recognisers(db: Connection) -> None:
    for number, asr in enumerate(["tiny.en", "large-v3"]):
        write_call(db, start_scan(db, {}, {}, {"asr": asr}), "m1", make_call(name=str(number), agent=asr))
    assert ask(db, Question()).notes == (
        UNCOMPARED.format("2 calls"),
        "These calls were transcribed with 2 different models, so words are not comparable. "
        "Run scan --retranscribe.",
    )
    assert ask(db, Question(name="tiny.en")).notes == (UNCOMPARED.format("1 call"),)


@pytest.mark.parametrize(
    ("change", "margin", "style"),
    [(-0.3, 0.2, "red"), (0.3, 0.2, "green"), (-0.3, 0.4, ""), (-0.9, None, ""), (None, None, "")],
)
def test_a_change_is_coloured_only_where_its_interval_leaves_out_zero(
    db: Connection, change: float | None, margin: float | None, style: str
) -> None:
    store(db, make_call())
    (column,) = (
        one for one in page(ask(db, Question())).sheets[0].columns if one.heading.startswith("Change")
    )
    assert column.style({"mood_change": change, "mood_change_margin": margin}) == style


def store_spellings(db: Connection) -> None:
    names = ["Anna", "ANNA", "anna ", "anna", "Anna  M.", "Anna M.", "Ana"]
    store(db, *(make_call(TALK, name=str(at), agent=name, queue=name) for at, name in enumerate(names)))


@pytest.mark.parametrize("by", ["agent", "queue"])
def test_spellings_of_a_name_are_one_group(db: Connection, by: str) -> None:
    store_spellings(db)
    rows = ask(db, Question(by=by)).rows
    assert sorted(rows.select("name", "calls").rows()) == [("Ana", 1), ("Anna M.", 2), ("anna", 4)]


def test_a_name_in_any_spelling_is_all_its_calls(db: Connection) -> None:
    store_spellings(db)
    for name in ("aNNa", " anna", "anna"):
        report = ask(db, Question(name=name))
        assert report.rows.select("name", "calls").rows() == [("anna", 4)]
        assert report.calls is not None and report.calls.get_column("agent").to_list() == ["anna"] * 4
        assert report.overview["calls"] == 4
    assert ask(db, Question(name="ANNA  m.")).rows.get_column("calls").to_list() == [2]


def test_of_equally_common_spellings_that_of_a_name_is_shown(db: Connection) -> None:
    store(db, *(make_call(TALK, name=name, agent=name) for name in ("ANNA", "anna", "Anna")))
    assert ask(db, Question()).rows.get_column("name").to_list() == ["Anna"]


def test_the_view_of_agents_knows_spellings(db: Connection) -> None:
    store_spellings(db)
    found = db.execute("SELECT agent, calls FROM agent_summary ORDER BY ALL").fetchall()
    assert found == [("Ana", 1), ("Anna M.", 2), ("anna", 4)]


def test_recordings_in_which_nobody_is_heard_are_said(db: Connection) -> None:
    store(db, make_call(TALK), make_call([], name="silent", duration_s=30.0))
    assert (
        "Talk share, silences and monologues leave out 1 recording in which nobody is heard."
        in ask(db, Question()).notes
    )


def test_failures_outside_of_the_period_are_not_counted(db: Connection) -> None:
    store(db, make_call(TALK, started_at=on("2026-11-20")))
    for name, facts in (
        ("a", {"started_at": on("2026-11-20")}),
        ("b", {"started_at": on("2026-12-20")}),
        ("c", {}),
    ):
        write_failure(db, 1, failure(make_recording(name, **facts)))
    assert (
        "Not included: 2 recordings that could not be scanned."
        in ask(db, Question(until=on("2026-12-01"))).notes
    )


def test_calls_that_were_not_understood_have_no_probabilities(db: Connection) -> None:
    store(db, make_call(TALK, understood=False), make_call(TALK, name="known"))
    found = "SELECT count(emotion), count(angry), count(raw_emotion), count(raw_angry) FROM segment_scores"
    assert rows(db, found) == [(3, 3, 3, 3)]


def test_names_are_one_however_spaces_and_accents_are_written(db: Connection) -> None:
    for at, name in enumerate(("Zo\u00eb M", "Zoe\u0308\u00a0M", "zo\u00eb\u2009 m")):
        store(db, make_call(TALK, name=str(at), metadata={"team": name}))
    answer = ask(db, Question(by="team", name="ZOE\u0308 M"))
    assert answer.rows["calls"].to_list() == [3] and answer.overview["calls"] == 3


def test_a_report_says_in_which_languages_the_calls_are_where_there_is_more_than_one(db: Connection) -> None:
    store(db, make_call(name="a.wav"))
    assert not any("Languages" in note for note in ask(db, Question()).notes)
    store(db, make_call(name="b.wav", language="es", agent="Ann"))
    store(db, make_call(name="c.wav", language="en"))
    store(db, make_call(name="d.wav", understood=False))
    assert "Languages: English 2, Spanish 1, not known 1." in ask(db, Question()).notes
    assert not any("Languages" in note for note in ask(db, Question(name="Ann")).notes)
