"""Agents compared with their earlier calls: the scores follow from which calls are stored, and from nothing else."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factory import AGENT, CUSTOMER, make_call, on

from callmood import store
from callmood.batch import agent_voices
from callmood.batch.agent_voices import EARLIER_CALLS_COUNT, compare_agents
from callmood.batch.forget import forget
from callmood.call import Call, VoiceBaseline
from callmood.labels import LABELS
from callmood.model import Encoded, Scorer, bundle
from callmood.model.encode import AudioSettings, TextSettings
from callmood.model.scorer import BundleSettings, Heads
from callmood.pipeline.score import Scorable, score_calls
from callmood.sound import SAMPLE_RATE
from callmood.store import Connection, open_db

WIDTH = 3


class Toy(Scorer):
    """A model whose vectors are a clip's first samples."""

    def encode(self, clips: Sequence[np.ndarray | None], texts: Sequence[str | None]) -> Encoded:
        audio = np.array([clip[:WIDTH] for clip in clips if clip is not None], np.float32)
        has_text = np.array([bool(text) for text in texts])
        return Encoded(audio, audio[:, :1] * has_text[:, None], has_text | True, has_text)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return _saved(tmp_path / "model", with_baselines=True)


def _saved(folder: Path, *, with_baselines: bool) -> Path:
    rng = np.random.default_rng(5)

    def term(width: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=(8, width)).astype(np.float32), rng.normal(size=8).astype(np.float32)

    heads = Heads(term(WIDTH), term(WIDTH) if with_baselines else None, term(1))
    settings = BundleSettings(
        LABELS,
        AudioSettings(),
        TextSettings(),
        prior_count=3.0,
        voice_weight=0.4,
        threshold=0.4,
        threshold_with_words=0.4,
    )
    bundle.save(folder, settings, heads, {}, {})
    return folder


def scored(model: Path, name: str, agent: str | None = "anna", segments: int = 4, **facts: Any) -> Call:
    """A call as a worker returns it."""
    lines = [
        (AGENT if i % 3 else CUSTOMER, 2.0 * i, 2.0 * i + 1.9, "hello there" if i % 2 else "")
        for i in range(segments)
    ]
    call = make_call(lines, name=name, agent=agent, **facts)
    classifier = bundle.load_classifier(model, "toy")
    scorer = Toy(classifier.id, classifier.settings, classifier.heads)
    samples = np.random.default_rng(list(name.encode())).normal(size=(2, 2 * segments * SAMPLE_RATE))
    (of_call,) = score_calls(scorer, [Scorable(samples.astype(np.float32), call.speakers, call.segments)])
    return replace(call, scores=of_call.scores, baselines=of_call.baselines)


def scan(con: Connection, model: Path, *calls: Call) -> int:
    """Stores calls as a scan does; returns how many were compared with something else than before."""
    store.write_calls(con, 1, "toy", calls)
    return compare_agents(partial(nullcontext, con), str(model), "toy")


def scores(con: Connection) -> dict[tuple[str, int], tuple[str, list[float]]]:
    """Label and evidence, and all numbers, of each segment."""
    return {
        (recording_id, segment): (words, [*values, *moods])
        for recording_id, segment, words, values, moods in store.rows(
            con,
            """
            SELECT recording_id, segment, concat_ws(' by ', emotion, evidence), map_values(scores), [upset, pleased]
            FROM segment
            """,
        )
    }


def moods(con: Connection) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Of each speaker."""
    return {
        (recording_id, speaker): of_speaker
        for recording_id, speaker, *of_speaker in store.rows(
            con, "SELECT recording_id, speaker, upset, pleased, upset_from_s, pleased_from_s FROM speaker"
        )
    }


def expected(*calls: Call) -> dict[tuple[str, int], list[float]]:
    """The numbers of each segment as a worker returns them."""
    return {
        (call.recording.id, i): [*one.relative, one.upset, one.pleased]
        for call in calls
        for i, one in enumerate(call.scores)
        if one
    }


def calls_of_two_agents(model: Path) -> list[Call]:
    return [
        scored(model, f"{number}.wav", agent=agent, started_at=on("2026-11-20", f"{9 + number // 2:02}:00"))
        for number, agent in enumerate(["anna", "ben", "Anna ", "ben", "ANNA", "ben"])
    ]


def in_orders(calls: Sequence[Call]) -> Iterable[list[list[Call]]]:
    """The same calls in several scans."""
    yield [list(calls)[::-1]]
    yield [list(calls[:3]), list(calls[3:])]
    yield [list(calls[3:]), list(calls[:3])]
    yield [[call] for call in calls[::-1]]


def test_scores_do_not_depend_on_the_order_of_scans(db: Connection, model: Path, tmp_path: Path) -> None:
    calls = calls_of_two_agents(model)
    alone = expected(*calls)
    scan(db, model, *calls)
    at_once, moods_at_once = scores(db), moods(db)
    changed = [
        key for key, (_, values) in at_once.items() if max(np.abs(np.subtract(values, alone[key]))) > 0.01
    ]
    assert changed
    for number, scans in enumerate(in_orders(calls)):
        with open_db(tmp_path / f"{number}.duckdb") as con:
            for some in scans:
                scan(con, model, *some)
            found, moods_found = scores(con), moods(con)
        assert moods_found.keys() == moods_at_once.keys()
        for who, of_speaker in moods_found.items():
            assert of_speaker == pytest.approx(moods_at_once[who], abs=1e-5)
        assert found.keys() == at_once.keys()
        for key, (emotion, values) in found.items():
            assert emotion == at_once[key][0]
            np.testing.assert_allclose(values, at_once[key][1], atol=1e-5)


def test_a_speaker_who_is_compared_again_has_the_moods_of_all_segments(db: Connection, model: Path) -> None:
    calls = calls_of_two_agents(model)
    store.write_calls(db, 1, "toy", calls)
    before = moods(db)
    db.execute(
        "UPDATE segment SET relative_logits = NULL, raw_logits = NULL WHERE segment = 2"
    )  # as without sound
    compare_agents(partial(nullcontext, db), str(model), "toy")
    after = moods(db)
    changed = {who for who in before if before[who] != after[who]}
    assert changed == {(call.recording.id, AGENT) for call in calls[2:]}
    for call in calls[2:]:
        upset = store.rows(
            db,
            "SELECT max(upset), count(upset), count(*) FROM segment WHERE recording_id = $id AND role = 'agent'",
            {"id": call.recording.id},
        )
        ((highest, known, segments),) = upset
        assert known == segments and after[call.recording.id, AGENT][0] >= highest - 1e-6


def test_an_interrupted_comparison_is_made_up_for(
    db: Connection, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of_two_agents(model)
    monkeypatch.setattr(agent_voices, "_CHUNK", 1)
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_comparisons", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            scan(db, model, *calls)
    assert compare_agents(partial(nullcontext, db), str(model), "toy") == 4
    assert compare_agents(partial(nullcontext, db), str(model), "toy") == 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_only_calls_that_are_compared_with_something_else_are_written(db: Connection, model: Path) -> None:
    calls = calls_of_two_agents(model)
    assert scan(db, model, *calls[:4]) == 2
    assert scan(db, model, *calls[4:]) == 2
    late = scored(model, "late.wav", agent="ben", started_at=on("2026-11-20", "10:30"))
    assert scan(db, model, late) == 2


def test_a_call_of_unknown_start_comes_before_all_others(db: Connection, model: Path) -> None:
    known = scored(model, "known.wav", started_at=on("2026-11-20"))
    unknown = scored(model, "unknown.wav")
    scan(db, model, known, unknown)
    assert store.rows(
        db, "SELECT path FROM recording JOIN speaker ON id = recording_id WHERE earlier_count > 0"
    ) == [("/calls/known.wav",)]


def test_facts_that_come_later_change_what_a_call_is_compared_with(db: Connection, model: Path) -> None:
    first = scored(model, "first.wav", started_at=on("2026-11-20"))
    second = scored(model, "second.wav", agent=None, started_at=on("2026-11-21"))
    assert scan(db, model, first, second) == 0
    store.update_facts(db, [replace(second.recording, facts=replace(second.recording.facts, agent="anna"))])
    assert compare_agents(partial(nullcontext, db), str(model), "toy") == 1
    store.update_facts(db, [replace(second.recording, facts=replace(second.recording.facts, agent="ben"))])
    assert compare_agents(partial(nullcontext, db), str(model), "toy") == 1
    assert store.rows(db, "SELECT DISTINCT earlier_count FROM speaker") == [(0,)]
    for key, (_, values) in scores(db).items():
        np.testing.assert_allclose(values, expected(first, second)[key], atol=1e-5)


def test_customers_and_other_models_are_left_alone(db: Connection, model: Path) -> None:
    calls = calls_of_two_agents(model)
    store.write_call(db, 1, "another", calls[0])
    assert scan(db, model, calls[2]) == 0
    scan(db, model, *calls)
    compared = store.rows(db, "SELECT DISTINCT role FROM speaker WHERE earlier_count > 0")
    assert compared == [("agent",)]


def test_earlier_calls_never_outweigh_the_call(db: Connection, model: Path) -> None:
    first, second = (scored(model, f"{day}.wav", started_at=on(f"2026-11-2{day}")) for day in range(2))
    found: list[Any] = []
    for count in (EARLIER_CALLS_COUNT, 10 * EARLIER_CALLS_COUNT):
        voice = VoiceBaseline(first.baselines[AGENT].mean, count)
        scan(db, model, replace(first, baselines={AGENT: voice}), second)
        found.append(scores(db))
        assert store.rows(db, "SELECT max(earlier_count) FROM speaker") == [(count,)]
    assert found[0] == found[1]


def test_calls_of_an_older_callmood_keep_their_scores_and_count_as_earlier_ones(
    db: Connection, model: Path
) -> None:
    first, second, third = (scored(model, f"{day}.wav", started_at=on(f"2026-11-2{day}")) for day in range(3))
    scan(db, model, first, second)
    db.execute("UPDATE segment SET raw_logits = NULL, relative_logits = NULL")
    db.execute("UPDATE speaker SET earlier_mean = NULL, earlier_count = NULL")
    before = scores(db)
    assert scan(db, model, third) == 1
    assert before.items() <= scores(db).items()


def test_a_model_without_baselines_has_nothing_to_compare(db: Connection, tmp_path: Path) -> None:
    plain = _saved(tmp_path / "plain", with_baselines=False)
    calls = calls_of_two_agents(plain)
    store.write_calls(db, 1, "toy", calls)
    before = scores(db)
    compare_agents(partial(nullcontext, db), str(plain), "toy")
    assert scores(db) == before
    assert compare_agents(partial(nullcontext, db), str(plain), "toy") == 0


def test_comparing_loads_no_torch() -> None:

    program = (
        "import sys; import callmood.batch.agent_voices; from callmood.model.bundle import load_classifier; "
        "load_classifier('embedded', 'x'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_forgotten_call_is_no_earlier_call(
    db: Connection, db_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of_two_agents(model)
    model_id = bundle.content_id(model)
    store.write_calls(db, 1, model_id, calls)
    compare_agents(partial(nullcontext, db), str(model), model_id)
    db.close()
    monkeypatch.setenv("CALLMOOD_SCORE__MODEL", str(model))
    forget([str(calls[0].recording.path)], db=db_path)
    with open_db(db_path) as con:
        ((first,),) = store.rows(
            con,
            "SELECT earlier_count FROM speaker WHERE recording_id = $id AND role = 'agent'",
            {"id": calls[2].recording.id},
        )
        assert first == 0
        assert compare_agents(partial(nullcontext, con), str(model), model_id) == 0
