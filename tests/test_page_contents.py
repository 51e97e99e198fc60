"""What a page holds, without a browser."""

import io
import json
import re
from collections.abc import Sequence
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from factory import AGENT, CUSTOMER, Line, feeling, make_call, on
from many_calls import many_calls
from sounds import STEREO_CALL

from callmood.call import Hold
from callmood.model.networks.minilm import WIDTH
from callmood.pipeline.audio.decode import decode
from callmood.reports.ask import Question
from callmood.reports.differences import share_difference
from callmood.reports.page.comparison import periods
from callmood.reports.page.contents import Contents, contents, spoken
from callmood.reports.page.document import document
from callmood.reports.page.models import described
from callmood.reports.page.sound import sound_of
from callmood.reports.page.words import add_words, by_call, redact_call, secret_times
from callmood.reports.page.write import write_page
from callmood.reports.period import Period
from callmood.search.topics import find_topics
from callmood.search.vectors import ENCODER, as_bytes
from callmood.store import Connection, rows, write_calls
from callmood.store.categories import Member, write_members
from callmood.store.corrections import correct, segment_at
from callmood.store.meanings import Filter, call_texts, write_vectors
from callmood.store.reviews import Review, write_review


def store(db: Connection, *calls: Any) -> None:
    write_calls(db, 1, None, calls)


def asked(db: Connection, **question: Any) -> Contents:
    return contents(db, Question(**question), model="embedded")


def call_of(name: str, *lines: Line, **facts: Any) -> Any:
    return make_call(lines, name=name, **{"agent": "anna", **facts})


def mood_call(name: str, *moods: str, **facts: Any) -> Any:
    """A call with a segment of the customer in each quarter, after one of the agent."""
    lines: list[Line] = []
    for number, mood in enumerate(moods):
        lines.append((AGENT, 10.0 * number, 10.0 * number + 1, f"agent {number}", None))
        lines.append((CUSTOMER, 10.0 * number + 2, 10.0 * number + 9, f"{mood} {number}", feeling(mood)))
    return call_of(name, *lines, **facts)


def test_stretches_of_dead_air_and_overtalk_are_those_of_the_figures(db: Connection) -> None:
    store(db, *many_calls(30, seed=3))
    ids = [recording for (recording,) in rows(db, "SELECT id FROM recording")]
    total = {"dead air": 0.0, "overtalk": 0.0}
    for _, _, stretches in spoken(db, ids):
        for one in stretches:
            if one["kind"] in total:
                total[one["kind"]] += one["end_s"] - one["start_s"]
    ((dead_air_s, overtalk_s),) = rows(db, "SELECT sum(dead_air_s), sum(overtalk_s) FROM call_talk")
    assert total == pytest.approx({"dead air": dead_air_s, "overtalk": overtalk_s})
    assert dead_air_s > 0 < overtalk_s


def test_holds_and_lost_speech_are_stretches(db: Connection) -> None:
    call = make_call(unheard=[(CUSTOMER, 20.0, 22.0, "too quiet")], holds=[Hold("music", 5.0, 15.0)])
    store(db, call)
    ((_, _, stretches),) = spoken(db, [call.recording.id])
    found = [(one["kind"], one["start_s"], one["end_s"], one["text"]) for one in stretches]
    assert ("music", 5.0, 15.0, None) in found
    assert ("dropped", 20.0, 22.0, "too quiet") in found


@pytest.mark.parametrize(
    ("moods", "is_recovered"),
    [
        (("neutral", "angry", "neutral", "neutral"), True),
        (("angry", "neutral", "neutral", "happy"), True),
        (("neutral", "neutral", "neutral", "angry"), False),
        (("neutral", "angry", "neutral", "sad"), False),
        (("neutral", "neutral", "neutral", "neutral"), False),
    ],
)
def test_a_call_is_turned_round_if_nobody_is_upset_at_its_end(
    db: Connection, moods: tuple[str, ...], is_recovered: bool
) -> None:
    store(db, mood_call("one", *moods))
    assert len(asked(db).recovered) == is_recovered


def test_what_the_agent_said_when_a_call_turned_is_shown(db: Connection) -> None:
    call = mood_call("one", "neutral", "angry", "neutral", "neutral")
    store(db, call)
    found = asked(db)
    ((_, segments, _),) = spoken(db, [call.recording.id])
    add_words(by_call(found)[found.calls[0]["id"]], segments)
    (turn,) = found.recovered
    assert (turn["upset_text"], turn["said"], turn["turned_text"]) == ("angry 1", "agent 2", "neutral 2")


def test_a_group_is_compared_with_all_others_together(db: Connection) -> None:
    store(db, *(mood_call(f"a{n}", "angry", agent="anna") for n in range(6)))
    store(db, *(mood_call(f"b{n}", "neutral", agent="ben") for n in range(20)))
    anna, ben = (row for row in asked(db).groups if row["dimension"] == "group" and row["period"] == "all")
    assert (anna["rest_upset_calls"], anna["rest_calls_scored"]) == (0, 20)
    assert (ben["rest_upset_calls"], ben["rest_calls_scored"]) == (6, 6)
    assert anna["from_rest"].low > 0 > ben["from_rest"].high


def test_no_difference_is_claimed_of_fewer_than_five_calls(db: Connection) -> None:
    store(db, *(mood_call(f"a{n}", "angry", agent="anna") for n in range(4)))
    store(db, *(mood_call(f"b{n}", "neutral", agent="ben") for n in range(20)))
    assert [row["from_rest"] for row in asked(db).groups if row["dimension"] == "group"] == [None, None]


def test_change_is_against_a_period_as_long_and_just_before(db: Connection) -> None:
    store(db, *(mood_call(f"old{n}", "neutral", started_at=on("2026-11-02", f"1{n}:00")) for n in range(9)))
    store(db, *(mood_call(f"new{n}", "angry", started_at=on("2026-11-15", f"1{n}:00")) for n in range(9)))
    found = asked(db)
    assert found.facts["now_from"] == datetime(2026, 11, 9)
    (now,) = (row for row in found.groups if row["dimension"] == "all" and row["period"] == "now")
    assert now["upset_change"].low > 0


def test_with_since_the_period_before_lies_outside_of_what_was_asked_for(db: Connection) -> None:
    store(db, *(mood_call(f"old{n}", "angry", started_at=on("2026-11-08")) for n in range(6)))
    store(db, *(mood_call(f"new{n}", "neutral", started_at=on("2026-11-09")) for n in range(6)))
    found = asked(db, since=datetime(2026, 11, 9))
    assert len(found.calls) == 6
    assert {row["period"]: row["upset_calls"] for row in found.groups if row["dimension"] == "all"} == {
        "all": 0, "now": 0, "before": 6,
    }  # fmt: skip


def test_nothing_is_compared_of_calls_that_span_less_than_two_weeks() -> None:
    assert periods(Question(), datetime(2026, 11, 1, 9), datetime(2026, 11, 12, 9)) is None
    assert periods(Question(), None, None) is None


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """56 of 70 against 48 of 80, the example of Newcombe (1998), method 10."""
    one = {"x": 56 / 70, "x_low": 0.6923, "x_high": 0.8769}
    other = {"x": 48 / 80, "x_low": 0.4904, "x_high": 0.7004}
    found = share_difference(one, other, "x")
    assert found is not None
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-4)


def test_the_included_model_gives_its_figures_and_limits() -> None:
    from callmood.model.bundle import content_id, find_bundle

    found = described(content_id(find_bundle("open")), 3, "embedded")
    assert found["name"] == "open"
    assert found["figures"]["ua"] > 0
    assert found["tests"][0][:2] == ["test", "UA"]
    assert any("not what a person feels" in text for text in found["limits"])


def test_of_a_model_that_is_not_here_only_the_id_is_known() -> None:
    assert described("0" * 16, 3, "embedded")["name"] is None


def test_data_can_not_end_their_script_element() -> None:
    evil = "</script><!--<script>\u2028 & 日本"
    text = document("t", {"a": evil}, [("call-1", {"b": evil})], plays_files=False)
    found = re.findall(r'<script type="application/json" id="[^"]+">(.*?)</script>', text)
    assert [json.loads(block) for block in found] == [{"a": evil}, {"b": evil}]
    assert all("<" not in block for block in found)


def test_a_page_may_play_files_only_if_it_links_to_them() -> None:
    assert "file:" in _policy(plays_files=True)
    assert "file:" not in _policy(plays_files=False)
    assert "default-src 'none'" in _policy(plays_files=False)


def _policy(plays_files: bool) -> str:
    text = document("t", {}, [], plays_files=plays_files)
    return re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', unescape(text))[0]


def test_a_clip_is_the_whole_recording_as_mp3() -> None:
    sound = sound_of([str(STEREO_CALL)], with_clip=True)
    assert sound is not None and sound.clip is not None
    with av.open(io.BytesIO(sound.clip)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name.startswith("mp3")
        samples = sum(frame.samples for frame in container.decode(stream))
    assert samples / 16_000 == pytest.approx(decode(STEREO_CALL).duration_s, abs=0.2)
    assert len(sound.clip) < STEREO_CALL.stat().st_size / 2
    assert len(sound.waveform) == 2


def test_muted_stretches_are_silent_in_a_clip() -> None:
    muted = sound_of([str(STEREO_CALL)], with_clip=True, muted=[(0.0, 10.0)])
    assert muted is not None and muted.clip is not None
    with av.open(io.BytesIO(muted.clip)) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert np.abs(heard[: 9 * 16_000]).max() < 0.01 < np.abs(heard[11 * 16_000 :]).max()


def test_a_recording_that_is_gone_has_no_sound(tmp_path: Path) -> None:
    assert sound_of([str(tmp_path / "gone.wav")], with_clip=True) is None


def test_secrets_are_taken_out_of_all_words_and_out_of_the_sound(db: Connection, tmp_path: Path) -> None:
    lines: list[Line] = [
        (AGENT, 0.0, 4.0, "can I have your card number please", None),
        (CUSTOMER, 5.0, 10.0, "four one one one one one one one", feeling("angry")),
        (CUSTOMER, 10.0, 14.0, "one one one one one one one one this is outrageous", feeling("angry")),
    ]
    store(db, call_of("x_5551234.wav", *lines, path=STEREO_CALL.parent / "5551234.wav", customer="5551234"))
    texts = {}
    for redact in (True, False):
        file = tmp_path / f"{redact}.html"
        write_page(db, Question(), file, model="embedded", redact=redact)
        texts[redact] = file.read_text(encoding="utf-8")
    assert "[card number]" in texts[True]
    for secret in ("one one one one", "5551234"):
        assert secret not in texts[True]
        assert secret in texts[False]


def test_the_time_of_a_secret_is_muted(db: Connection) -> None:
    line: Line = (CUSTOMER, 10.0, 20.0, "my card is 4111 1111 1111 1111 thank you", feeling("neutral"))
    call = call_of("one", line)
    store(db, call)
    ((_, segments, stretches),) = spoken(db, [call.recording.id])
    found = redact_call(segments, stretches)
    ((start_s, end_s),) = secret_times(segments, found, call.segments)
    assert (start_s, end_s) == pytest.approx((10 + 10 * 3 / 9, 10 + 10 * 7 / 9), abs=0.2)


def test_a_correction_shows_with_who_and_when(db: Connection) -> None:
    call = call_of("one", (CUSTOMER, 0.0, 4.0, "well", feeling("angry")))
    store(db, call)
    moment = segment_at(db, call.recording.id, 1.0, None)
    correct(db, call.recording.id, moment.number, "happy", "kim")
    ((_, (segment,), _),) = spoken(db, [call.recording.id])
    assert (segment["emotion"], segment["evidence"], segment["corrected_by"]) == (
        "happy",
        "correction",
        "kim",
    )
    assert segment["corrected_at"] is not None


def test_a_page_compares_with_the_period_that_was_named(db: Connection) -> None:
    store(db, *(mood_call(f"old{n}", "angry", started_at=on("2026-10-05")) for n in range(6)))
    store(db, *(mood_call(f"new{n}", "neutral", started_at=on("2026-11-09")) for n in range(5)))
    october = Period(datetime(2026, 10, 1), datetime(2026, 11, 1))
    found = asked(db, since=datetime(2026, 11, 1), against=october)
    (now,) = (row for row in found.groups if row["dimension"] == "all" and row["period"] == "now")
    assert now["upset_change"].high < 0


def test_two_names_at_once_leave_out_all_others(db: Connection) -> None:
    for agent in ("anna", "ben"):
        for queue in ("sales", "support"):
            store(db, mood_call(f"{agent}{queue}", "angry", agent=agent, queue=queue))
    found = asked(db, name="anna", filters={"queue": "sales"})
    assert [(call["agent"], call["queue"]) for call in found.calls] == [("anna", "sales")]
    (row,) = (row for row in found.groups if row["dimension"] == "group")
    assert (row["name"], row["rest_calls_scored"]) == ("anna", 1)


def categorized(db: Connection, call: Any, *members: tuple[int, str]) -> None:
    write_members(
        db,
        "v1",
        [call.recording.id],
        [Member(call.recording.id, number, name, "words", None) for number, name in members],
    )


def test_a_call_has_its_categories_in_order_of_time_or_none_where_nobody_looked(db: Connection) -> None:
    looked_at, empty, other = (mood_call(name, "neutral", "angry") for name in ("a", "b", "c"))
    store(db, looked_at, empty, other)
    categorized(db, looked_at, (3, "churn"), (1, "payment"), (2, "churn"))
    categorized(db, empty)
    found = asked(db)
    by_name = {call["call"]: call["categories"] for call in found.calls}
    starts = [segment.start_s for segment in looked_at.segments]
    assert by_name == {"a": [("payment", starts[1]), ("churn", starts[2])], "b": [], "c": None}
    counts = {row["category"]: (row["calls"], row["calls_known"]) for row in found.categories}
    assert counts == {"churn": (1, 2), "payment": (1, 2)}
    assert found.tables()["calls"]["rows"]


def searchable(db: Connection, said: Sequence[str]) -> list[Any]:
    """Calls whose customers open them with these words; the same first word is the same meaning."""
    directions = np.eye(WIDTH, dtype=np.float32)
    calls = []
    for number, text in enumerate(said):
        call = call_of(f"{number}.wav", (CUSTOMER, 0.0, 4.0, text, None), started_at=on("2026-11-20"))
        store(db, call)
        (texts,) = call_texts(db, [call.recording.id])
        vector = directions[len(text.split()[0])]
        write_vectors(db, ENCODER, [(texts, as_bytes(vector[None]).tobytes())])
        calls.append(call)
    return calls


def page_of(db: Connection, tmp_path: Path, **options: Any) -> dict[str, Any]:
    path = tmp_path / "page.html"
    options.setdefault(
        "topics_of",
        lambda ids: find_topics(db, Filter(recordings=tuple(ids)), redacted=options.get("redact", True)),
    )
    write_page(db, Question(), path, model="embedded", **options)
    block = re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"))
    assert block
    return dict(json.loads(block[1]))


CARD = "parcel again, my card is 4111 1111 1111 1111"


@pytest.mark.parametrize("redact", [True, False])
def test_topics_and_their_examples_are_redacted_as_the_page_is(
    db: Connection, tmp_path: Path, redact: bool
) -> None:
    searchable(db, [CARD, CARD + ".", CARD + "!", "bills that are wrong again"])
    data = page_of(db, tmp_path, redact=redact)
    (group,) = data["topics"]["groups"]
    texts = [row[3] for row in data["examples"]["rows"]]
    assert (group["calls"], data["topics"]["calls"], len(texts)) == (3, 4, 3)
    assert all(("4111" in text) is not redact for text in texts)
    assert "4111" not in json.dumps(group)  # no topic is named by a number
    assert "parcel again, my" in texts[0]


def test_topics_are_those_of_the_calls_on_the_page(db: Connection, tmp_path: Path) -> None:
    searchable(db, ["parcel that is late"] * 3)
    store(db, call_of("unsearchable.wav", (CUSTOMER, 0.0, 2.0, "parcel that is late", None), agent="ben"))
    topics = page_of(db, tmp_path)["topics"]
    assert (topics["calls"], topics["without"], topics["groups"][0]["calls"]) == (3, 0, 3)
    with_ben = find_topics(db, Filter(recordings=("nothing",)))
    assert (with_ben.calls, with_ben.topics) == (0, ())


def test_agreement_is_on_the_page_where_there_are_reviews(db: Connection) -> None:
    call = mood_call("one", "angry", "neutral")
    store(db, call)
    assert asked(db).facts["agreement"] == []
    write_review(db, call.recording.id, 1, "<b>ben", "random", Review("sad"))
    (one,) = asked(db).facts["agreement"]
    assert (one["one"], one["other"], one["segments"], one["same"]) == ("<b>ben", "the model", 1, 0.0)
    store(db, mood_call("two", "angry", agent="ben"))
    assert asked(db, name="ben").facts["agreement"] == []
    assert asked(db, kind="call", name="two").facts["agreement"] == []
    assert len(asked(db, kind="call", name="one").facts["agreement"]) == 1
