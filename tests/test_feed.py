"""Models on one device, fed by several processes: batches, errors, memory, and the same calls as without."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import CALLS, DATA

from callmood.batch import run
from callmood.batch.plan import Again, checked_model_id
from callmood.bundled_weights import WHISPER_BASE
from callmood.call import Call, Outcome
from callmood.engine import device, feed, local
from callmood.engine.feed import run_fed_jobs
from callmood.engine.feeder import Remote, load_feeder
from callmood.engine.local import run_jobs
from callmood.engine.pool import Occupancy, Pool, Service
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline.intake.discover import discover
from callmood.pipeline.pipeline import Job, load_rescore, load_scan
from callmood.settings import (
    DiscoverSettings,
    EngineSettings,
    ScoreSettings,
    Settings,
    SpeakerSettings,
    TranscribeSettings,
)

each = chain.from_iterable

SPANISH = DATA / "languages" / "spanish.ogg"


class Device:
    """Keeps what it is asked to do."""

    def __init__(self, holds: float = 1000.0, room: float = 10.0) -> None:
        self.holds = holds
        self.batches: list[list[float]] = []
        self.service = Service(self.run, lambda item: item, room)

    def run(self, items: list[float]) -> Sequence[float]:
        self.batches.append(items)
        if sum(items) > self.holds:
            raise RuntimeError("CUDA failed with error out of memory")
        if 0.5 in items:
            raise ValueError("a bad piece")
        return [-item for item in items]


def put(pool: Pool, name: str, items: Sequence[float]) -> list[Any]:
    answers: list[Any] = []
    pool.put(name, items, answers.append)
    return answers


def test_a_batch_is_filled_from_many_requests_and_each_gets_its_own_results() -> None:
    device = Device()
    pool = Pool({"decode": device.service})
    answers = [put(pool, "decode", [one, one + 1]) for one in (1.0, 2.0, 3.0)]
    pool.run_batch()
    assert device.batches == [[1.0, 2.0, 2.0, 3.0]]
    assert answers == [[[-1.0, -2.0]], [[-2.0, -3.0]], []]
    pool.run_batch()
    assert answers[2] == [[-3.0, -4.0]]


def test_rare_pieces_collect_while_there_is_a_fuller_batch_of_others() -> None:
    quick, last = Device(), Device()
    pool = Pool({"quick": quick.service, "last": last.service})
    put(pool, "last", [3.0])
    for _ in range(2):
        put(pool, "quick", [9.0])
    pool.run_batch()
    put(pool, "last", [3.0])
    pool.run_batch()
    assert quick.batches == [[9.0], [9.0]] and last.batches == []
    pool.run_batch()
    assert last.batches == [[3.0, 3.0]]


def test_out_of_memory_halves_the_batches_and_loses_nothing() -> None:
    device = Device(holds=6.0)
    pool = Pool({"decode": device.service})
    answers = put(pool, "decode", [2.0, 2.0, 2.0, 2.0])
    pool.run_batch()
    assert answers == [[-2.0, -2.0, -2.0, -2.0]]
    assert device.service.room == 5.0


def test_a_bad_piece_fails_its_own_request_only() -> None:
    device = Device()
    pool = Pool({"decode": device.service})
    good, bad = put(pool, "decode", [1.0]), put(pool, "decode", [2.0, 0.5])
    pool.run_batch()
    assert good == [[-1.0]]
    assert isinstance(bad[0], ValueError)


def test_a_broken_device_is_no_failure_of_a_recording() -> None:
    def broken(_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    pool = Pool({"decode": Service(broken, lambda item: item, 10.0)})
    answers = put(pool, "decode", [1.0])
    with pytest.raises(RuntimeError, match="CUDA error"):
        pool.run_batch()
    assert answers == []


def test_a_feeder_notices_that_the_process_on_the_device_has_ended() -> None:
    ended = threading.Event()
    with Listener(authkey=b"key") as listener:
        threading.Thread(target=lambda: listener.accept().close(), daemon=True).start()
        remote = Remote(listener.address, b"key", at_end=ended.set)
        assert ended.wait(timeout=60)
    with pytest.raises(OSError, match=r".*"):
        remote.ask("decode", [1.0])


def test_a_feeder_that_finds_no_device_process_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="The process on the GPU has ended"):
        load_feeder(b"key", settings(), str(tmp_path / "nobody"))


def test_a_piece_that_is_larger_than_a_batch_is_done_alone() -> None:
    device = Device()
    pool = Pool({"decode": device.service})
    answers = put(pool, "decode", [50.0, 1.0])
    pool.run_batch()
    pool.run_batch()
    assert device.batches == [[50.0], [1.0]] and answers == [[-50.0, -1.0]]


def test_occupancy_tells_how_full_batches_were() -> None:
    device = Device()
    pool = Pool({"decode": device.service})
    put(pool, "decode", [2.0, 3.0])
    pool.run_batch()
    use = pool.occupancy.uses["decode"]
    assert (use.batches, use.items, use.size, use.room) == (1, 2, 5.0, 10.0)


def test_batches_run_beside_each_other_in_as_many_threads_as_ask_for_them() -> None:
    both = threading.Barrier(2, timeout=60)

    def run(items: list[float]) -> list[float]:
        both.wait()
        return items

    pool = Pool({"decode": Service(run, lambda item: item, 10.0)})
    threads = [threading.Thread(target=pool.run_batch) for _ in range(2)]
    for thread in threads:
        thread.start()
    answers = put(pool, "decode", [9.0, 10.0])
    for thread in threads:
        thread.join(timeout=60)
    assert answers == [[9.0, 10.0]]
    assert pool.occupancy.busy_s < sum(use.busy_s for use in pool.occupancy.uses.values())


def test_a_small_batch_waits_for_the_one_of_its_kind_that_is_worked_on() -> None:
    began, goes_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def run(items: list[float]) -> list[float]:
        sizes.append(len(items))
        began.set()
        goes_on.wait(timeout=60)
        return items

    other = Device()
    pool = Pool({"voices": Service(run, lambda item: item, 10.0), "words": other.service})
    put(pool, "voices", [1.0])
    first = threading.Thread(target=pool.run_batch)
    first.start()
    began.wait(timeout=60)
    put(pool, "voices", [1.0, 1.0])
    put(pool, "words", [0.1])
    pool.run_batch()
    assert other.batches == [[0.1]]
    second = threading.Thread(target=pool.run_batch)
    second.start()
    put(pool, "voices", [1.0])
    goes_on.set()
    for thread in (first, second):
        thread.join(timeout=60)
    assert sizes == [1, 3]


def settings(model: str = "embedded", language: str | None = None) -> Settings:
    return Settings(
        engine=EngineSettings(device="cpu", workers=2),
        transcribe=TranscribeSettings(language=language),
        score=ScoreSettings(model=model),
    )


def sample_jobs(*more: Path) -> list[Job]:
    paths = [next(CALLS.glob("anna/*.wav")), next(CALLS.glob("anna/*.mp3")), *more]
    discovery = discover(paths, DiscoverSettings(quiet_for=0))
    return [Job(one, expected_s=30.0) for one in discovery.recordings]


def calls(outcomes: Iterable[Outcome]) -> dict[str, Call]:
    return {one.recording.id: one for one in outcomes if isinstance(one, Call)}


def test_calls_are_the_same_as_without_a_device_process() -> None:
    jobs = sample_jobs(*([SPANISH] if WHISPER_BASE.is_installed else []))
    chosen = settings(language="auto")
    reports: list[Occupancy] = []
    fed = calls(each(run_fed_jobs(chosen, jobs, ["cpu"], report=reports.append)))
    own = calls(each(run_jobs(chosen, jobs, load_scan)))
    assert len(fed) == len(own) == len(jobs)
    for name, call in own.items():
        assert fed[name].speakers == call.speakers and fed[name].speech == call.speech
        assert fed[name].segments == call.segments
        for ours, theirs in zip(fed[name].scores, call.scores, strict=True):
            assert ours is not None and theirs is not None and ours.label == theirs.label
            np.testing.assert_allclose(ours.relative, theirs.relative, atol=0.002)
    assert reports[0].uses["voices"].items == sum(len(call.segments) for call in own.values())


def test_a_device_that_breaks_ends_the_scan_in_a_sentence_that_names_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(feed, "serve", serve_until_it_breaks)
    with pytest.raises(
        CallmoodError, match=r"stopped working on cpu: CUDA error: misaligned address\. What was"
    ):
        list(run_fed_jobs(settings(), sample_jobs(), ["cpu"]))
    assert list(tmp_path.iterdir()) == []


def serve_until_it_breaks(*given: Any) -> None:
    """As ``serve``, on a device that breaks at its first voices."""

    def broken(_: object) -> None:
        raise RuntimeError(
            "CUDA error: misaligned address\nCUDA kernel errors might be asynchronously reported."
        )

    load_services = device.load_services

    def load(settings: Settings, name: str) -> Any:
        services, about = load_services(settings, name)
        return {**services, "voices": replace(services["voices"], run=broken)}, about

    device.load_services = load  # type: ignore[assignment]
    device.serve(*given)


def test_models_that_can_not_be_loaded_on_the_device_end_the_scan_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match="bundle"):
        list(run_fed_jobs(settings(model=str(tmp_path)), sample_jobs(), ["cpu"]))


@pytest.mark.parametrize(("gpus", "used"), [(None, 2), (1, 1), (2, 2)])
def test_a_scan_uses_all_gpus_or_as_many_as_are_wanted(
    monkeypatch: pytest.MonkeyPatch, gpus: int | None, used: int
) -> None:
    monkeypatch.setattr(local, "find_devices", lambda _: ["cuda:0", "cuda:1"])
    wanted = Settings(engine=EngineSettings(gpus=gpus))
    assert local.devices_of(wanted) == ["cuda:0", "cuda:1"][:used]
    assert [device for device, _ in local.worker_slots(wanted, 100)] == ["cuda:0", "cuda:1"][:used]


@pytest.mark.parametrize("found", [["cpu"], ["cuda:0"]])
def test_more_gpus_than_there_are_is_one_sentence(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    monkeypatch.setattr(local, "find_devices", lambda _: found)
    with pytest.raises(CallmoodError, match=r"^4 GPUs requested, but CUDA finds [01]\."):
        checked_model_id(Settings(engine=EngineSettings(gpus=4)), Again())


@pytest.mark.parametrize("engine", [EngineSettings(gpus=1, device="cpu"), EngineSettings(gpus=1, kind="ray")])
def test_a_number_of_gpus_where_it_has_no_meaning_is_wrong_usage(engine: EngineSettings) -> None:
    with pytest.raises(UsageError, match=r"^Give either --gpus or --"):
        checked_model_id(Settings(engine=engine), Again())


@pytest.mark.parametrize(
    ("gpus", "load", "diarizer", "align", "fed"),
    [
        (1, load_scan, "embedded", False, True),
        (None, load_scan, "embedded", False, False),
        (1, load_scan, "somebody/diarization", False, False),
        (1, load_scan, "embedded", True, False),
        (1, load_rescore, "embedded", False, False),
    ],
)
def test_gpus_are_fed_only_where_their_number_is_given_and_by_a_scan_that_transcribes(
    monkeypatch: pytest.MonkeyPatch, gpus: int | None, load: Any, diarizer: str, align: bool, fed: bool
) -> None:
    monkeypatch.setattr(local, "find_devices", lambda _: ["cuda:0"])
    monkeypatch.setattr(run, "run_fed_jobs", lambda *_: iter(["fed"]))
    monkeypatch.setattr(local, "run_jobs", lambda *_: iter(["local"]))
    chosen = Settings(
        engine=EngineSettings(gpus=gpus),
        speakers=SpeakerSettings(diarizer=diarizer),
        transcribe=TranscribeSettings(align=align),
    )
    outcomes: Iterable[Any] = run._outcomes(chosen, [], load, lambda _: None)
    assert list(outcomes) == ["fed" if fed else "local"]
