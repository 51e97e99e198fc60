"""The review page: what it proposes, what it lets through, and what becomes of what people said."""

import http.client
import io
import json
import threading
import wave
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from factory import AGENT, CUSTOMER, feeling, make_call

from callmood.call import Call
from callmood.cli.review import review
from callmood.errors import CallmoodError, UsageError
from callmood.review import ReviewServer, Session
from callmood.store import Connection, delete_recordings, open_db, rows, start_scan, write_call
from callmood.store.corrections import corrections
from callmood.store.reviews import Review, write_review

ANGRY = feeling("angry")
UNSURE = feeling("sad", 0.4, uncertain=True)
RATE = 8000


def write_sound(path: Path, seconds: float = 60.0) -> None:
    """Two channels: a low tone left, a high one right."""
    times = np.arange(int(seconds * RATE)) / RATE
    sides = np.stack([np.sin(2 * np.pi * pitch * times) for pitch in (200, 800)])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sides.T * 8000).astype("<i2").tobytes())


def store(con: Connection, call: Call) -> str:
    write_call(con, start_scan(con, {}, {}, {}), "model", call)
    return call.recording.id


def lines(count: int, scores: Any = None) -> list[Any]:
    """Turns of two seconds, the customer's with ``scores``."""
    return [
        (
            index % 2,
            2.0 * index,
            2.0 * index + 1.5,
            f"words {index}",
            scores if index % 2 else feeling("neutral"),
        )
        for index in range(count)
    ]


@pytest.fixture
def call(db: Connection, tmp_path: Path) -> str:
    """A stored call whose recording is there; the database is closed."""
    path = tmp_path / "call.wav"
    write_sound(path)
    call = make_call(lines(12, ANGRY), path=path, agent="anna", started_at=datetime(2026, 11, 20, 9))
    object.__setattr__(call.recording, "size_bytes", path.stat().st_size)
    recording_id = store(db, call)
    db.close()
    return recording_id


@pytest.fixture
def server(call: str, db_path: Path) -> Iterator[ReviewServer]:
    with ReviewServer(Session(db_path, "ben")) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def ask(
    server: ReviewServer, place: str, body: Any = None, address: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of an answer. The Host is the server's, if none is given."""
    base = urlsplit(address or server.address)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    method, data = (
        ("GET", None) if body is None else ("POST", body if isinstance(body, bytes) else json.dumps(body))
    )
    kinds = {} if body is None else {"Content-Type": "application/json"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, base.path + place, data, kinds | given)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def contents(server: ReviewServer) -> dict[str, Any]:
    return json.loads(ask(server, "contents")[2])


@pytest.mark.parametrize(
    "place", ["", "review.js", "review.css", "contents", "clip/0.wav", "clip/0/context.wav"]
)
def test_the_page_and_its_parts_are_served_and_kept_by_nobody(server: ReviewServer, place: str) -> None:
    status, headers, body = ask(server, place)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert body


@pytest.mark.parametrize("place", ["", "contents", "clip/0.wav"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_requests_of_other_pages_and_hosts_are_refused(
    server: ReviewServer, place: str, headers: dict[str, str]
) -> None:
    assert ask(server, place, **headers)[0] == 404


@pytest.mark.parametrize("token", ["", "x", "é".encode().hex(), "../contents"])
def test_without_the_token_there_is_nothing(server: ReviewServer, token: str) -> None:
    assert ask(server, "contents", address=f"http://127.0.0.1/{token}/")[0] == 404


def test_the_server_listens_on_this_machine_only_and_each_has_a_token_of_its_own(
    server: ReviewServer,
) -> None:
    assert server.server_address[0] == "127.0.0.1"
    with ReviewServer(server.session) as other:
        assert other.token != server.token


@pytest.mark.parametrize(
    "place", ["../review.html", "page/review.js", "clip/99.wav", "clip/-1.wav", "clip/x.wav"]
)
def test_only_its_own_places_can_be_asked_for(server: ReviewServer, place: str) -> None:
    assert ask(server, place)[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 400),
        ({"index": 99, "label": "angry"}, 400),
        ({"label": "angry"}, 400),
        ({"index": 0, "label": "furious"}, 409),
        ({"index": 0, "label": 3}, 409),
        ({"index": 0, "label": "angry", "role": "boss"}, 409),
        ({"index": 0, "label": "angry", "said_by": 7}, 409),
        ({"index": 0, "label": "angry", "text": "x" * 20_000}, 409),
        (b"0" * 200_000, 413),
    ],
)
def test_what_can_not_be_a_review_is_refused(
    server: ReviewServer, body: Any, status: int, db_path: Path
) -> None:
    assert ask(server, "review", body)[0] == status
    with open_db(db_path, read_only=True) as con:
        assert rows(con, "SELECT * FROM review") == []


def test_words_that_are_no_unicode_are_saved_without_what_is_none(server: ReviewServer) -> None:
    assert ask(server, "review", b'{"index": 0, "label": "angry", "text": "a \\ud800 b"}')[0] == 200


def test_agreement_is_not_of_one_call(call: str, db_path: Path) -> None:
    with pytest.raises(UsageError, match="leave out the call"):
        review(call, by="ben", port=0, agreement=True, db=db_path)


def test_a_review_is_not_taken_from_a_form(server: ReviewServer) -> None:
    assert ask(server, "review", {"index": 0, "label": "angry"}, Content_Type="text/plain")[0] == 415


def test_a_review_is_saved_and_still_there_after_a_reload_and_a_restart(
    server: ReviewServer, call: str, db_path: Path
) -> None:
    item = contents(server)["items"][0]
    answer = {"index": 0, "label": "sad", "text": "other words", "said_by": 1 - item["speaker"], "role": None}
    status, _, saved = ask(server, "review", answer)
    assert status == 200
    assert contents(server)["items"][0] == json.loads(saved)
    assert json.loads(saved)["said"]["label"] == "sad"
    assert len(Session(db_path, "ben").proposals) == len(server.session.proposals) - 1
    assert len(Session(db_path, "carla").proposals) == len(server.session.proposals)


def test_the_label_of_the_model_is_told_after_the_persons_where_it_measures_agreement(
    server: ReviewServer,
) -> None:
    before = contents(server)["items"][0]
    assert (before["reason"], before["model"]) == ("chosen at random", None)
    saved = json.loads(ask(server, "review", {"index": 0, "label": "calm"})[2])
    assert saved["model"] in ("angry", "neutral")


def test_a_clip_is_the_speakers_side_of_the_segment(server: ReviewServer) -> None:
    for index, item in enumerate(contents(server)["items"][:2]):
        with wave.open(io.BytesIO(ask(server, f"clip/{index}.wav")[2])) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            rate = file.getframerate()
        loudest = np.fft.rfftfreq(len(sound), 1 / rate)[np.abs(np.fft.rfft(sound)).argmax()]
        assert loudest == pytest.approx((200, 800)[item["speaker"]], abs=5)
        assert 1.5 <= len(sound) / rate <= 2.2


def test_with_context_both_sides_and_what_was_before_are_heard(server: ReviewServer) -> None:
    items = contents(server)["items"]
    last = max(range(len(items)), key=lambda index: server.session.proposals[index].facts["start_s"])
    with wave.open(io.BytesIO(ask(server, f"clip/{last}/context.wav")[2])) as file:
        assert file.getnchannels() == 2
        assert file.getnframes() / file.getframerate() > 9


def test_a_recording_that_is_gone_or_another_by_now_is_not_proposed(
    call: str, db_path: Path, tmp_path: Path
) -> None:
    write_sound(tmp_path / "call.wav", seconds=3)
    assert Session(db_path, "ben").proposals == []
    (tmp_path / "call.wav").unlink()
    assert Session(db_path, "ben").proposals == []


def test_a_recording_that_goes_meanwhile_is_said(server: ReviewServer, tmp_path: Path) -> None:
    (tmp_path / "call.wav").unlink()
    status, _, body = ask(server, "clip/3.wav")
    assert status == 409
    assert "call.wav" in json.loads(body)["error"]


def test_a_call_can_be_heard_from_its_beginning(call: str, db_path: Path) -> None:
    chosen = Session(db_path, "ben", "call.wav")
    assert [one.segment for one in chosen.proposals] == list(range(12))
    with pytest.raises(CallmoodError):
        Session(db_path, "ben", "no such call")


def test_reasons_take_turns_and_two_of_five_are_random(db: Connection, db_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_sound(path, 1)
    for number, scores in enumerate((feeling("neutral"), UNSURE, ANGRY, feeling("happy"))):
        call = make_call(lines(400, scores), name=f"{number}.wav", path=path)
        object.__setattr__(call.recording, "size_bytes", path.stat().st_size)
        store(db, call)
    db.close()
    reasons = [one.reason for one in Session(db_path, "ben").proposals]
    assert reasons[:4] == ["random", "uncertain", "random", "rare"]
    assert reasons.count("random") >= 0.4 * len(reasons)


def test_everybody_is_given_the_same_random_segments(call: str, db_path: Path) -> None:
    places = [
        [(one.recording_id, one.segment) for one in Session(db_path, who).proposals] for who in ("ben", "eva")
    ]
    assert places[0] == places[1]


def test_what_was_heard_shows_beside_what_the_model_said(db: Connection) -> None:
    recording = store(db, make_call(lines(4, ANGRY)))
    write_review(db, recording, 1, "ben", "chosen", Review("happy", "I am glad", AGENT))
    shown = rows(db, "SELECT emotion, text, speaker, role, evidence FROM segment_mood WHERE segment = 1")
    assert shown == [("happy", "I am glad", AGENT, "agent", "correction")]
    kept = rows(db, "SELECT emotion, text, speaker, role FROM segment WHERE segment = 1")
    assert kept == [("angry", "words 1", CUSTOMER, "customer")]


def test_training_learns_what_was_heard(db: Connection) -> None:
    recording = store(db, make_call(lines(4, ANGRY)))
    write_review(db, recording, 1, "ben", "chosen", Review("happy", "I am glad", AGENT))
    (one,) = corrections(db)
    assert (one.label, one.text, one.said_by, one.role, one.corrected_by) == (
        "happy",
        "I am glad",
        AGENT,
        "agent",
        "ben",
    )


def test_what_can_not_be_told_corrects_nothing(db: Connection) -> None:
    recording = store(db, make_call(lines(4, ANGRY)))
    write_review(db, recording, 1, "ben", "random", Review(None))
    assert corrections(db) == []
    assert rows(db, "SELECT emotion FROM segment_mood WHERE segment = 1") == [("angry",)]


def test_two_people_can_review_the_same_segment_and_the_last_counts(db: Connection) -> None:
    recording = store(db, make_call(lines(4, ANGRY)))
    write_review(db, recording, 1, "ben", "chosen", Review("happy", "words one"))
    write_review(db, recording, 1, "eva", "chosen", Review("sad"))
    assert rows(db, "SELECT reviewer, label FROM review ORDER BY reviewer") == [
        ("ben", "happy"),
        ("eva", "sad"),
    ]
    assert rows(db, "SELECT emotion, text FROM segment_mood WHERE segment = 1") == [("sad", "words one")]


def test_a_review_of_what_is_not_there_is_refused(db: Connection) -> None:
    recording = store(db, make_call(lines(4, ANGRY)))
    with pytest.raises(CallmoodError):
        write_review(db, recording, 99, "ben", "chosen", Review("sad"))
    with pytest.raises(UsageError):
        write_review(db, recording, 1, "ben", "chosen", Review("furious"))


def test_reviews_go_with_their_recording(db: Connection) -> None:
    recording = store(db, make_call(lines(4, ANGRY)))
    write_review(db, recording, 1, "ben", "chosen", Review("sad"))
    delete_recordings(db, [recording])
    assert rows(db, "SELECT * FROM review") == []


def test_ctrl_c_ends_the_review_and_says_what_is_next(
    call: str, db_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: ReviewServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ReviewServer, "serve_forever", stopped)
    with pytest.raises(KeyboardInterrupt, match="callmood review --agreement"):
        review(None, by="ben", port=0, agreement=False, db=db_path)
    assert "12 segments to hear for ben" in capsys.readouterr().out
