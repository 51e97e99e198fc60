"""Vectors that are kept of segments: calls are scored again from them without sound, and never from stale ones."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changes import Scans
from factory import AGENT, CUSTOMER, feeling, make_call
from sounds import STEREO_CALL

import callmood
from callmood import store
from callmood.batch import run as batch
from callmood.batch.from_vectors import run_from_vectors, sort_out
from callmood.batch.plan import Again
from callmood.batch.summary import Rescoring, Summary
from callmood.call import Call, Outcome, Recording, Rescored, Segment, Speaker, Vectors, Word
from callmood.cli.scan import _rescored
from callmood.hashing import sha256_of
from callmood.model import load
from callmood.model.bundle import (
    INCLUDED,
    SETTINGS_FILE,
    EncoderIds,
    content_id,
    encoder_ids,
    load_classifier,
)
from callmood.pipeline.from_vectors import from_vectors, load_from_vectors
from callmood.pipeline.pipeline import Job, RescoreJob, rescore
from callmood.redaction import redact_call
from callmood.settings import EngineSettings, ScoreSettings, Settings
from callmood.store.encoded import AUDIO, ENCODED, TEXT, vectors_of_calls
from callmood.store.redact import redact_call as redact_stored

TOLERANCE = 0.002
"""Of probabilities from float16 vectors."""
SPEAKERS = (Speaker(0, 0, "agent"), Speaker(1, 1, "customer"))
OWN = encoder_ids("embedded")
WIDTH = load_classifier("embedded", "").audio_width


def segment(speaker: int, start_s: float, end_s: float, text: str) -> Segment:
    return Segment(speaker, speaker, start_s, end_s, text, (Word(text, start_s, end_s, 1.0),) if text else ())


SEGMENTS = (
    segment(0, 0.0, 3.5, "thank you for calling how can I help you"),
    segment(1, 4.0, 10.5, "this is outrageous you have charged me twice"),
    segment(0, 11.0, 14.0, "I am sorry to hear that"),
    segment(1, 14.5, 18.0, ""),
    segment(1, 19.0, 22.0, "I want my money back"),
    segment(1, 500.0, 501.0, "after the end"),
)


@pytest.fixture(scope="module")
def job() -> RescoreJob:
    recording = Recording(sha256_of(STEREO_CALL), STEREO_CALL, STEREO_CALL.stat().st_size)
    return RescoreJob(recording, SPEAKERS, SEGMENTS)


@pytest.fixture(scope="module")
def decoded(job: RescoreJob) -> Rescored:
    """The call scored from its sound."""
    return from_sound(job, "embedded")


def from_sound(job: RescoreJob, model: str) -> Rescored:
    (outcome,) = rescore(load(model, "cpu"), Settings(), [job], encoder_ids(model))
    assert isinstance(outcome, Rescored)
    return outcome


def with_vectors(job: RescoreJob, scored: Rescored, *, audio: bool = True, text: bool = True) -> RescoreJob:
    assert scored.audio_vectors is not None and scored.text_vectors is not None
    return replace(
        job,
        audio_vectors=scored.audio_vectors.of_segments if audio else {},
        text_vectors=scored.text_vectors.of_segments if text else {},
    )


def assert_alike(one: Rescored, other: Rescored) -> None:
    for a, b in zip(one.scores, other.scores, strict=True):
        assert (a is None) is (b is None)
        if a is not None and b is not None:
            assert (a.label, a.evidence) == (b.label, b.evidence)
            assert a.relative == pytest.approx(b.relative, abs=TOLERANCE)
            assert a.raw == pytest.approx(b.raw, abs=TOLERANCE)
            assert (a.upset, a.pleased) == pytest.approx((b.upset, b.pleased), abs=TOLERANCE)
            assert (a.raw_logits is None) is (b.raw_logits is None)
    assert {who: voice.count for who, voice in one.baselines.items()} == {
        who: voice.count for who, voice in other.baselines.items()
    }
    for who, moods in one.moods.items():
        assert moods.upset_from_s == other.moods[who].upset_from_s
        assert moods.upset == pytest.approx(other.moods[who].upset, abs=TOLERANCE)


def test_scores_from_vectors_are_those_from_sound(job: RescoreJob, decoded: Rescored) -> None:
    work = load_from_vectors(Settings(), OWN, "cpu")
    (outcome,) = work(
        [replace(with_vectors(job, decoded), recording=replace(job.recording, path=Path("gone")))]
    )
    assert isinstance(outcome, Rescored)
    assert_alike(outcome, decoded)


def test_another_bundle_with_the_same_audio_encoder_reads_the_words_anew(
    job: RescoreJob, decoded: Rescored
) -> None:
    assert (encoder_ids("open").audio == OWN.audio) and (encoder_ids("open").text != OWN.text)
    settings = Settings(score=ScoreSettings(model="open", keep_vectors=True))
    (outcome,) = load_from_vectors(settings, encoder_ids("open"), "cpu")(
        [with_vectors(job, decoded, text=False)]
    )
    assert isinstance(outcome, Rescored)
    again = from_sound(job, "open")
    assert_alike(outcome, again)
    assert outcome.audio_vectors is None  # those that are stored stay
    assert outcome.text_vectors is not None and again.text_vectors is not None
    assert outcome.text_vectors.encoder == encoder_ids("open").text
    assert outcome.text_vectors.of_segments.keys() == again.text_vectors.of_segments.keys()


def test_words_that_a_vector_is_missing_of_are_read_anew(job: RescoreJob, decoded: Rescored) -> None:
    ready = with_vectors(job, decoded)
    assert ready.text_vectors is not None
    ready = replace(ready, text_vectors={i: vector for i, vector in ready.text_vectors.items() if i != 1})
    (outcome,) = load_from_vectors(Settings(), OWN, "cpu")([ready])
    assert isinstance(outcome, Rescored)
    assert_alike(outcome, decoded)
    assert outcome.text_vectors is None  # as the settings keep none


def test_a_call_that_can_not_be_scored_does_not_stop_others(job: RescoreJob, decoded: Rescored) -> None:
    ready = with_vectors(job, decoded)
    broken = replace(ready, audio_vectors=dict.fromkeys(range(len(SEGMENTS)), b"\x00\x00\x00"))
    first, second = load_from_vectors(Settings(), OWN, "cpu")([broken, ready])
    assert not isinstance(first, Rescored) and isinstance(second, Rescored)


def test_other_languages_are_judged_by_the_voice_alone(job: RescoreJob, decoded: Rescored) -> None:
    foreign = replace(
        with_vectors(job, decoded), speakers=tuple(replace(one, language="es") for one in SPEAKERS)
    )

    def unread(_: object) -> Any:
        raise AssertionError("words were read")

    scorer = replace(load_classifier("embedded", ""), text_encoder=unread)
    (outcome,) = from_vectors(scorer, OWN, Settings(), [replace(foreign, text_vectors={})])
    assert isinstance(outcome, Rescored)
    assert outcome.scores[1] is not None and decoded.scores[1] is not None
    assert outcome.scores[1].raw != pytest.approx(decoded.scores[1].raw, abs=TOLERANCE)


def test_vectors_are_kept_only_where_the_settings_say_so(job: RescoreJob) -> None:
    (outcome,) = rescore(load("embedded", "cpu"), Settings(), [job])
    assert isinstance(outcome, Rescored)
    assert outcome.audio_vectors is None and outcome.text_vectors is None


def test_only_those_whose_role_is_scored_have_vectors(job: RescoreJob) -> None:
    settings = Settings(score=ScoreSettings(roles="customer"))
    (outcome,) = rescore(load("embedded", "cpu"), settings, [job], OWN)
    assert isinstance(outcome, Rescored)
    assert outcome.audio_vectors is not None and outcome.text_vectors is not None
    assert sorted(outcome.audio_vectors.of_segments) == [1, 3, 4, 5]
    assert sorted(outcome.text_vectors.of_segments) == [1, 4, 5]
    assert outcome.audio_vectors.of_segments[5] == b""  # without sound


# what identifies encoders


def bundle(folder: Path, **changes: Any) -> Path:
    """The embedded bundle with other settings."""
    shutil.copytree(INCLUDED["embedded"], folder)
    settings = json.loads((folder / SETTINGS_FILE).read_text()) | changes
    (folder / SETTINGS_FILE).write_text(json.dumps(settings))
    return folder


def test_a_bundle_that_only_decides_otherwise_has_the_same_encoders(tmp_path: Path) -> None:
    other = bundle(tmp_path / "other", threshold=0.9, voice_weight=0.5)
    assert encoder_ids(other) == OWN
    assert content_id(other) != content_id(INCLUDED["embedded"])


@pytest.mark.parametrize(
    ("side", "changes"),
    [
        ("audio", {"audio": {"encoders": ["tiny.en", "cam++"], "layers": "last", "pooling": "mean-std"}}),
        ("audio", {"audio": {"encoders": ["tiny.en"], "layers": "all", "pooling": "mean-std"}}),
        ("audio", {"audio": None}),
        ("text", {"text": {"encoder": "minilm", "pooling": "mean", "max_tokens": 64}}),
        ("text", {"text": None}),
    ],
)
def test_other_settings_of_an_encoder_make_it_another(
    tmp_path: Path, side: str, changes: dict[str, Any]
) -> None:
    other = encoder_ids(bundle(tmp_path / "other", **changes))
    assert {name for name in ("audio", "text") if getattr(other, name) != getattr(OWN, name)} == {side}


def test_other_weights_of_an_encoder_make_it_another(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    other = bundle(tmp_path / "other")
    tensors = load_file(other / "weights.safetensors")
    name = next(name for name in tensors if name.startswith("text."))
    tensors[name] = tensors[name] + np.float16(1)
    save_file(tensors, other / "weights.safetensors")
    ids = encoder_ids(other)
    assert ids.audio == OWN.audio and ids.text != OWN.text


def test_an_encoder_in_a_bundle_is_known_by_its_files(tmp_path: Path) -> None:
    other = bundle(
        tmp_path / "other", audio={"encoders": ["./audio_encoder"], "layers": "all", "pooling": "mean"}
    )
    (other / "audio_encoder").mkdir()
    (other / "audio_encoder" / "model.safetensors").write_bytes(b"one")
    before = encoder_ids(other)
    (other / "audio_encoder" / "model.safetensors").write_bytes(b"two")
    after = encoder_ids(other)
    assert before.audio != after.audio and before.text == after.text


# what becomes of stored vectors

SAID = (
    (AGENT, 0.0, 2.0, "your card number please"),
    (CUSTOMER, 2.0, 6.0, "It is 4929 1185 2043 7761 and I am angry.", feeling("angry")),
    (CUSTOMER, 6.0, 8.0, "I want to cancel my contract."),
)


def encoded_call(
    lines: Sequence[Any] = SAID, name: str = "call.wav", ids: EncoderIds = OWN, seed: int = 0
) -> Call:
    """A call with vectors drawn at random."""
    call = make_call(lines, name)
    drawn = np.random.default_rng(seed)
    scored = [i for i, scores in enumerate(call.scores) if scores is not None]
    return replace(
        call,
        audio_vectors=Vectors(
            ids.audio, {i: drawn.normal(size=WIDTH).astype("<f2").tobytes() for i in scored}
        ),
        text_vectors=Vectors(ids.text, {i: drawn.normal(size=768).astype("<f2").tobytes() for i in scored}),
    )


def stored(
    con: store.Connection, call: Call, ids: EncoderIds = OWN
) -> tuple[dict[int, bytes], dict[int, bytes]]:
    return tuple(  # type: ignore[return-value]
        vectors_of_calls(con, table, encoder, [call.recording.id]).get(call.recording.id, {})
        for table, encoder in zip(ENCODED, ids, strict=True)
    )


def of(call: Call) -> tuple[dict[int, bytes], dict[int, bytes]]:
    assert call.audio_vectors is not None and call.text_vectors is not None
    return dict(call.audio_vectors.of_segments), dict(call.text_vectors.of_segments)


def test_vectors_are_stored_with_their_call(db: store.Connection) -> None:
    call, other = encoded_call(), encoded_call(name="other.wav", seed=1)
    store.write_calls(db, 1, "m1", [call, other])
    assert stored(db, call) == of(call) and stored(db, other) == of(other)


def test_many_vectors_are_stored_part_by_part(db: store.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmood.store.encoded._AT_ONCE_BYTES", WIDTH)
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    assert stored(db, call) == of(call)


def test_vectors_of_other_encoders_are_not_found(db: store.Connection) -> None:
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    assert stored(db, call, EncoderIds("another", "encoder")) == ({}, {})


def test_a_call_that_is_scanned_again_loses_its_vectors(db: store.Connection) -> None:
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    store.write_call(db, 2, "m1", replace(call, audio_vectors=None, text_vectors=None))
    assert stored(db, call) == ({}, {})


def test_a_call_that_is_forgotten_leaves_no_vector_in_the_file(db: store.Connection, db_path: Path) -> None:
    call, other = encoded_call(), encoded_call(name="other.wav", seed=1)
    store.write_calls(db, 1, "m1", [call, other])
    db.close()
    secret, kept = (of(one)[0][1][:100] for one in (call, other))
    assert secret in db_path.read_bytes() and kept in db_path.read_bytes()
    callmood.forget("call.wav", db=db_path)
    assert secret not in db_path.read_bytes() and kept in db_path.read_bytes()
    with store.open_db(db_path) as con:
        assert stored(con, other) == of(other)
        assert [store.rows(con, f"SELECT count(*) FROM {table}") for table in ENCODED] == [[(3,)], [(3,)]]


def test_redaction_takes_the_vectors_of_the_words_that_change(db: store.Connection) -> None:
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    redact_stored(db, call.recording.id)
    audio, text = stored(db, call)
    assert audio == of(call)[0]
    assert sorted(text) == [0, 2]


def test_nothing_of_a_redacted_vector_is_left_in_the_file(db: store.Connection, db_path: Path) -> None:
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    db.close()
    secret = of(call)[1][1][:100]
    assert secret in db_path.read_bytes()
    callmood.redact(db=db_path)
    assert secret not in db_path.read_bytes()


def test_a_scan_that_redacts_keeps_no_vector_of_secret_words() -> None:
    redacted = redact_call(encoded_call())
    audio, text = of(redacted)
    assert sorted(audio) == [0, 1, 2] and sorted(text) == [0, 2]


def test_who_is_not_scored_any_more_has_no_vectors(db: store.Connection) -> None:
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    scores = (None, *call.scores[1:])
    store.rescore_call(db, 1, "m2", Rescored(call.recording, 8.0, scores, {}))
    audio, text = stored(db, call)
    assert sorted(audio) == sorted(text) == [1, 2]


def test_new_vectors_replace_those_of_their_side(db: store.Connection) -> None:
    call = encoded_call()
    store.write_call(db, 1, "m1", call)
    new = Vectors("new", {0: b"ab", 1: b"cd"})
    store.rescore_call(db, 1, "m2", Rescored(call.recording, 8.0, call.scores, {}, text_vectors=new))
    assert stored(db, call) == (of(call)[0], {})
    assert stored(db, call, EncoderIds(OWN.audio, "new")) == (of(call)[0], {0: b"ab", 1: b"cd"})


# scans


class Rescans(Scans):
    """A folder of recordings that are stored with vectors, by an older model."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.decoded: list[Job] = []
        for step in ("fill_in", "categorize"):
            monkeypatch.setattr(batch, step, lambda *_: 0)

    def store(
        self, name: str, ids: EncoderIds | None = OWN, lines: Sequence[Any] = SAID, seed: int = 0
    ) -> None:
        file = self.write(name, name)
        os.utime(file, (1_700_000_000, 1_700_000_000))  # what changed a moment ago is read again
        call = encoded_call(lines, ids=ids or OWN, seed=seed)
        if ids is None:
            call = replace(call, audio_vectors=None, text_vectors=None)
        recording = Recording(sha256_of(file), file, file.stat().st_size)
        with store.open_db(self.db) as con:
            scan_id = store.start_scan(con, {"score": {"roles": "all"}}, {}, {"asr": "tiny.en"})
            store.write_call(con, scan_id, "older", replace(call, recording=recording))

    def rescore(self, **score: Any) -> Summary:
        settings = Settings(db=self.db, engine=EngineSettings(device="cpu"), score=ScoreSettings(**score))
        steps = list(batch.run([self.calls], settings, Again(rescore=True)))
        self.outcomes = [step.outcome for step in steps if step.outcome is not None]
        return steps[-1].summary

    def _run_jobs(self, settings: Settings, jobs: Sequence[Job], *_: object) -> Iterator[Outcome]:
        self.decoded += jobs
        for job in jobs:
            count = self.rows(f"SELECT count(*) FROM segment WHERE recording_id = '{job.recording.id}'")[0][0]
            yield Rescored(job.recording, 8.0, (feeling("sad"),) * count, {})


@pytest.fixture
def rescans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rescans:
    return Rescans(tmp_path, monkeypatch)


def names(jobs: Sequence[Job]) -> list[str]:
    return sorted(job.recording.path.name for job in jobs)


def test_only_calls_without_usable_vectors_are_decoded(rescans: Rescans) -> None:
    rescans.store("kept.wav")
    rescans.store("kept too.wav", seed=1)
    rescans.store("without.wav", None)
    rescans.store("other.wav", EncoderIds("other", OWN.text))
    rescans.store("empty.wav", lines=())
    summary = rescans.rescore()
    assert names(rescans.decoded) == ["other.wav", "without.wav"]
    assert summary.rescored == Rescoring(from_vectors=3, without_vectors=1, other_vectors=1)
    assert (summary.total, summary.done, summary.failed) == (5, 5, 0)
    assert rescans.rows("SELECT DISTINCT model_id FROM recording") == [(content_id(INCLUDED["embedded"]),)]
    assert rescans.rescore().total == 0


def test_the_recording_is_not_opened(rescans: Rescans, monkeypatch: pytest.MonkeyPatch) -> None:
    rescans.store("kept.wav")
    rescans.rescore(model="open")  # its file is known from now on
    for module in ("intake.discover", "audio.files"):
        monkeypatch.setattr(f"callmood.pipeline.{module}.opened", None)
    monkeypatch.setattr("callmood.batch.plan.expected_duration", None)
    assert rescans.rescore().done == 1
    (outcome,) = rescans.outcomes
    assert isinstance(outcome, Rescored) and outcome.duration_s == 8.0


def test_a_call_with_vectors_of_some_segments_is_decoded(rescans: Rescans) -> None:
    rescans.store("kept.wav")
    with store.open_db(rescans.db) as con:
        con.execute("DELETE FROM audio_vectors WHERE segment = 1")
    assert rescans.rescore().rescored == Rescoring(0, 1, 0)


def test_vectors_of_customers_are_enough_to_score_customers(rescans: Rescans) -> None:
    rescans.store("kept.wav")
    with store.open_db(rescans.db) as con:
        con.execute("DELETE FROM audio_vectors WHERE segment = 0")
    assert rescans.rescore(roles="customer").rescored == Rescoring(1, 0, 0)
    assert rescans.rows("SELECT segment FROM text_vectors ORDER BY ALL") == [(1,), (2,)]
    assert rescans.rows("SELECT segment FROM segment WHERE scores IS NOT NULL ORDER BY ALL") == [(1,), (2,)]
    assert rescans.rescore(roles="all").rescored == Rescoring(0, 1, 0)


def test_words_read_anew_are_kept_if_vectors_are(rescans: Rescans) -> None:
    rescans.store("kept.wav")
    rescans.rescore(model="open", keep_vectors=True)
    assert rescans.rows("SELECT DISTINCT encoder FROM text_vectors") == [(encoder_ids("open").text,)]
    assert rescans.rows("SELECT DISTINCT encoder FROM audio_vectors") == [(OWN.audio,)]
    rescans.rescore(model="embedded")
    assert rescans.rows("SELECT DISTINCT encoder FROM text_vectors") == [(encoder_ids("open").text,)]


def test_calls_are_worked_on_a_few_at_a_time(rescans: Rescans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmood.batch.from_vectors._SOUND_AT_ONCE_S", 16.0)
    for number in range(5):
        rescans.store(f"{number}.wav", seed=number)
    settings = Settings(db=rescans.db)
    with store.open_db(rescans.db) as con:
        ids = [one for (one,) in store.rows(con, "SELECT id FROM recording")]
        jobs = [RescoreJob(recording) for recording in store.stored_recordings(con, ids).values()]
        ready = sort_out(con, settings, jobs).from_vectors
    assert [len(part) for part in run_from_vectors(settings, ready, lambda _: None)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (Rescoring(1200, 0, 0), "Scored again: 1,200 from stored vectors, 0 decoded."),
        (
            Rescoring(90, 8, 2),
            "Scored again: 90 from stored vectors, 10 decoded (8 without vectors, 2 with vectors of other encoders); "
            "--keep-vectors keeps them.",
        ),
    ],
)
def test_the_summary_says_how_many_were_decoded(how: Rescoring, said: str) -> None:
    assert _rescored(how) == said


def test_tables_are_named_as_the_parts_of_a_call() -> None:
    assert all(hasattr(encoded_call(), table) for table in (AUDIO, TEXT))
