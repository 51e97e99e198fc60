"""What is written can be read again: complete, once, and by its content."""

from dataclasses import replace
from pathlib import Path

import pytest
from factory import AGENT, CUSTOMER, failure, feeling, make_call, make_recording, on

from callmood.call import EmotionScores, Rescored, VoiceBaseline, Word
from callmood.labels import LABELS
from callmood.store import (
    Connection,
    agent_voices,
    finish_scan,
    known,
    open_db,
    rescore_call,
    rows,
    start_scan,
    stored_recordings,
    stored_segments,
    update_facts,
    write_call,
    write_calls,
    write_failure,
)
from callmood.store.columns import as_arrays, columns_of

NASTY = 'it\'s "50%"; DROP TABLE word; -- \\ \t 🤬 naïve 電話 \x00'


def count(db: Connection, table: str) -> int:
    return int(rows(db, f"SELECT count(*) FROM {table}")[0][0])


def test_a_scan_keeps_its_settings_versions_and_models(db: Connection) -> None:
    scan = start_scan(
        db, {"db": Path("x.duckdb")}, {"callmood": "0.1.0"}, {"emotion": "e1", "asr": "tiny.en"}
    )
    assert rows(
        db, "SELECT id, settings->>'db', versions->>'callmood', models->>'asr', finished_at FROM scan"
    ) == [(scan, "x.duckdb", "0.1.0", "tiny.en", None)]
    finish_scan(db, scan)
    assert rows(db, "SELECT finished_at >= started_at FROM scan") == [(True,)]
    assert start_scan(db, {}, {}, {}) == scan + 1


def test_a_call_is_stored_with_all_that_is_known_of_it(db: Connection) -> None:
    call = make_call(
        name="a.wav",
        agent="Chris L",
        customer="C-7",
        call_id="42",
        queue="billing",
        started_at=on("2026-11-22", "18:30"),
        metadata={"region": "north"},
        dropped={"silence": 3},
        warnings=["file ends early: 12.0 s of 30.0 s could be read"],
    )
    write_call(db, 7, "m1", call)
    assert rows(
        db,
        """SELECT id, path, agent, customer, call_id, queue, started_at, metadata['region'], state, error,
            duration_s, channels, sample_rate, format, layout, dropped['silence'], warnings, model_id, scan_id
        FROM recording""",
    ) == [
        (
            call.recording.id,
            "/calls/a.wav",
            "Chris L",
            "C-7",
            "42",
            "billing",
            on("2026-11-22", "18:30"),
            "north",
            "done",
            None,
            4.0,
            2,
            8000,
            "wav/pcm_s16le",
            "stereo",
            3,
            ["file ends early: 12.0 s of 30.0 s could be read"],
            "m1",
            7,
        )
    ]


def test_scores_are_a_map_of_label_to_probability(db: Connection) -> None:
    scores = EmotionScores(
        relative=(0.5, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05),
        raw=(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3, 0.1),
        label="uncertain",
        confidence=0.5,
    )
    write_call(db, 1, "m1", make_call([(CUSTOMER, 0.0, 2.0, "no", scores)]))
    ((role, channel, emotion, confidence, relative, raw_emotion, raw),) = rows(
        db, "SELECT role, channel, emotion, confidence, scores, raw_emotion, raw_scores FROM segment"
    )
    assert (role, channel, emotion, confidence, raw_emotion) == ("customer", 1, "uncertain", 0.5, "sad")
    assert list(relative) == list(raw) == list(LABELS)
    assert tuple(relative.values()) == pytest.approx(scores.relative)
    assert sum(raw.values()) == pytest.approx(1.0)


def test_a_segment_that_is_not_scored_has_no_scores(db: Connection) -> None:
    write_call(db, 1, "m1", make_call([(AGENT, 0.0, 2.0, "hello", None)]))
    assert rows(db, "SELECT emotion, confidence, scores, raw_emotion, raw_scores FROM segment") == [
        (None,) * 5
    ]


def test_segments_and_words_come_back_as_they_were_written(db: Connection) -> None:
    call = make_call([(AGENT, 0.0, 2.0, "good morning"), (CUSTOMER, 2.25, 4.0, NASTY), (AGENT, 4.0, 5.0, "")])
    write_call(db, 1, "m1", make_call(name="another.wav"))
    write_call(db, 1, "m1", call)
    assert stored_segments(db, call.recording.id) == (call.speakers, call.segments)


def test_calls_that_are_stored_together_are_as_those_stored_one_by_one(
    db: Connection, tmp_path: Path
) -> None:
    calls = [make_call(name=f"{number}.wav", agent="anna") for number in range(5)]
    calls[1] = replace(calls[1], segments=(), scores=(), speech=(), moods={})
    write_calls(db, 1, "m1", calls)
    with open_db(tmp_path / "other.duckdb") as other:
        for call in calls:
            write_call(other, 1, "m1", call)
        for table in ("recording", "speaker", "segment", "word", "speech", "hold", "call_talk", "call_mood"):
            columns = "* EXCLUDE (stored_at)" if table == "recording" else "*"
            query = f"SELECT {columns} FROM {table} ORDER BY ALL"
            assert repr(rows(db, query)) == repr(rows(other, query))


def test_of_calls_that_are_stored_together_one_that_is_wrong_keeps_all_out(db: Connection) -> None:
    wrong = replace(make_call(name="wrong.wav"), scores=())
    with pytest.raises(ValueError, match="0 scores for 2 segments"):
        write_calls(db, 1, "m1", [make_call(), wrong])
    assert rows(db, "SELECT count(*) FROM recording") == [(0,)]


def test_the_language_of_speakers_is_kept(db: Connection) -> None:
    call = make_call(language="es")
    write_call(db, 1, "m1", call)
    speakers, _ = stored_segments(db, call.recording.id)
    assert speakers == call.speakers
    assert {speaker.language for speaker in speakers} == {"es"}


def test_names_with_quotes_emoji_and_broken_bytes_are_stored(db: Connection) -> None:
    recording = make_recording(
        "x", path=Path('/calls/Zoë\'s "best" 😀 call \udcff.wav'), agent=NASTY, metadata={NASTY: NASTY}
    )
    write_failure(db, 1, failure(recording, "no speech", NASTY))
    assert rows(db, "SELECT path, agent, metadata, error FROM recording") == [
        ('/calls/Zoë\'s "best" 😀 call %FF.wav', NASTY, {NASTY: NASTY}, NASTY)
    ]


def test_a_call_without_segments_can_be_stored(db: Connection) -> None:
    write_call(db, 1, "m1", make_call([], duration_s=3.0))
    assert count(db, "recording") == 1
    assert count(db, "segment") == 0


def test_a_call_written_again_takes_the_place_of_the_old_one(db: Connection) -> None:
    write_call(db, 1, "m1", make_call(name="other.wav"))
    write_call(db, 1, "m1", make_call([(AGENT, 0.0, 2.0, "a b c"), (CUSTOMER, 2.0, 3.0, "d")]))
    write_call(db, 2, "m2", make_call([(AGENT, 0.0, 2.0, "e f")]))
    assert rows(db, "SELECT scan_id, model_id FROM recording ORDER BY scan_id") == [(1, "m1"), (2, "m2")]
    assert (count(db, "segment"), count(db, "word"), count(db, "speaker")) == (3, 5, 4)


def test_a_call_that_cannot_be_written_leaves_the_old_one(db: Connection) -> None:
    call = make_call()
    write_call(db, 1, "m1", call)
    broken = make_call([(AGENT, 0.0, float("nan"), "never")])
    with pytest.raises(ValueError):
        write_call(db, 2, "m1", broken)
    assert stored_segments(db, call.recording.id) == (call.speakers, call.segments)
    assert rows(db, "SELECT scan_id FROM recording") == [(1,)]


@pytest.mark.parametrize("empty", [[], [0], [2999], list(range(2999))])
def test_arrays_become_the_rows_that_they_were_made_of(db: Connection, empty: list[int]) -> None:
    shape = {
        "name": "VARCHAR",
        "count": "INTEGER",
        "share": "FLOAT",
        "start_s": "DOUBLE",
        "scores": ["FLOAT"],
    }
    made = [
        dict.fromkeys(shape)
        if row in empty
        else {"name": f"{row}", "count": row, "share": row / 8, "start_s": row / 3, "scores": [0.5, row / 4]}
        for row in range(3000)
    ]
    passed, query = as_arrays(columns_of(made, shape), shape)
    db.register("passed", passed)
    assert rows(db, query) == [tuple(row.values()) for row in made]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_word_without_a_time_is_refused(db: Connection, number: float) -> None:
    call = make_call()
    word = Word("never", 0.0, number, 0.5)
    broken = replace(call, segments=(replace(call.segments[0], words=(word,)), *call.segments[1:]))
    with pytest.raises(ValueError, match="not finite"):
        write_call(db, 1, None, broken)
    assert count(db, "recording") == 0


def test_words_of_several_calls_are_stored_each_with_its_own(db: Connection) -> None:
    texts = ("one\0two \u2028 three", "42 NULL nan", "don't – ünï 🙂")
    calls = [make_call([(AGENT, 0.0, 2.0, text)], f"{place}.wav") for place, text in enumerate(texts)]
    write_calls(db, 1, None, calls)
    for call in calls:
        found = rows(
            db,
            "SELECT segment, word, text, start_s, end_s, probability FROM word WHERE recording_id = $id ORDER BY ALL",
            {"id": call.recording.id},
        )
        assert found == [
            (0, number, word.text, word.start_s, word.end_s, pytest.approx(word.probability))
            for number, word in enumerate(call.segments[0].words)
        ]


def test_known_says_what_is_done_and_what_failed(db: Connection) -> None:
    done, failed = make_call(name="done.wav"), make_recording("failed.wav")
    write_call(db, 1, "m1", done)
    write_failure(db, 1, failure(failed, "no audio", "failed.wav holds no audio."))
    states = known(db)
    assert set(states) == {done.recording.id, failed.id}
    assert (states[done.recording.id].state, states[done.recording.id].model_id) == ("done", "m1")
    assert (states[failed.id].state, states[failed.id].model_id) == ("failed", None)


def test_a_failure_never_overwrites_a_call_that_is_done(db: Connection) -> None:
    write_call(db, 1, "m1", make_call())
    write_failure(db, 2, failure(make_call().recording, "no audio", "gone"))
    assert rows(db, "SELECT state, error, scan_id FROM recording") == [("done", None, 1)]


def test_a_recording_that_failed_can_be_done_later(db: Connection) -> None:
    write_failure(db, 1, failure(make_call().recording, "no audio", "gone"))
    write_call(db, 2, "m1", make_call())
    assert rows(db, "SELECT state, reason, error FROM recording") == [("done", None, None)]


def test_a_moved_recording_is_known_at_its_new_path_with_new_facts(db: Connection) -> None:
    write_call(db, 1, "m1", make_call(agent="Ann", queue="sales", metadata={"region": "north", "vip": "no"}))
    moved = make_recording("call.wav", path=Path("/archive/b.wav"), agent="Ben", metadata={"vip": "yes"})
    update_facts(db, [moved, make_recording("stranger.wav")])
    assert rows(db, "SELECT path, agent, queue, metadata['region'], metadata['vip'] FROM recording") == [
        ("/archive/b.wav", "Ben", "sales", "north", "yes")
    ]
    assert count(db, "segment") == 2


def test_facts_that_are_the_same_change_nothing(db: Connection) -> None:
    call = make_call(agent="Ann", started_at=on("2026-11-22"), metadata={"region": "north"})
    write_call(db, 1, "m1", call)
    before = rows(db, "FROM recording")
    update_facts(db, [call.recording])
    update_facts(db, [])
    assert rows(db, "FROM recording") == before


def test_rescoring_changes_scores_and_voices_but_no_text(db: Connection) -> None:
    call = make_call(
        [(AGENT, 0.0, 2.0, "hello"), (CUSTOMER, 2.0, 4.0, "hi", None)],
        agent="Ann",
        baselines={AGENT: ((1.0,), 1), CUSTOMER: ((2.0,), 1)},
    )
    other = make_call(name="other.wav")
    write_call(db, 1, "m1", call)
    write_call(db, 1, "m1", other)
    new_voice = VoiceBaseline((5.0, 6.0), 3)
    scores = (None, feeling("sad", 0.75))
    rescore_call(db, 2, "m2", Rescored(call.recording, 4.0, scores, {AGENT: new_voice}))
    assert rows(
        db,
        "SELECT emotion, confidence, scores['sad'] FROM segment WHERE recording_id = $id ORDER BY segment",
        {"id": call.recording.id},
    ) == [(None, None, None), ("sad", 0.75, 0.75)]
    assert known(db)[call.recording.id].model_id == "m2"
    assert known(db)[other.recording.id].model_id == "m1"
    assert stored_segments(db, call.recording.id) == (call.speakers, call.segments)
    (voice,) = agent_voices(db, "m2")
    assert (voice.agent, voice.mean, voice.count) == ("ann", (5.0, 6.0), 3)
    assert agent_voices(db, "m1") == []


def test_rescoring_with_scores_of_other_segments_is_refused(db: Connection) -> None:
    write_call(db, 1, "m1", make_call())
    with pytest.raises(ValueError):
        rescore_call(db, 2, "m2", Rescored(make_call().recording, 4.0, (None,), {}))


def test_a_guess_fills_gaps_and_replaces_nothing(db: Connection) -> None:
    write_call(db, 1, "m1", make_call(name="a", agent="Anna Q"))
    guess = make_recording("a", agent="anna", queue="billing", path=Path("/moved/anna/a.wav"))
    update_facts(db, [guess], sure=False)
    assert rows(db, "SELECT agent, queue, path FROM recording") == [
        ("Anna Q", "billing", "/moved/anna/a.wav")
    ]


def test_a_call_in_two_files_keeps_both(db: Connection) -> None:
    call = make_call()
    recording = replace(call.recording, other_path=Path("/calls/call-out.wav"))
    write_call(db, start_scan(db, {}, {}, {}), None, replace(call, recording=recording))
    assert stored_recordings(db, [recording.id])[recording.id].files == recording.files
    moved = replace(recording, path=Path("/new/call-in.wav"), other_path=Path("/new/call-out.wav"))
    update_facts(db, [moved])
    assert stored_recordings(db, [recording.id])[recording.id].files == moved.files
