"""Recordings in a bucket and on a web server are found, identified and decoded as those in a folder."""

import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest
from factory import make_call
from sounds import melody, write_audio

import callmood
from callmood.batch import run
from callmood.batch.plan import gone
from callmood.call import CHANGED, Failure, Outcome
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline import pipeline
from callmood.pipeline.audio.containers import expected_duration
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.intake import discover as discovery
from callmood.pipeline.intake.discover import Discovery, discover, look
from callmood.pipeline.pipeline import Job, Work
from callmood.remote import RemotePath, as_path, checked_path, held
from callmood.reports.page import write
from callmood.reports.page.recordings import loss_of
from callmood.settings import DiscoverSettings
from callmood.store import Connection, write_call

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

AT_ONCE = DiscoverSettings(quiet_for=0)
Put = Callable[[str, bytes], None]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "the key",
            "AWS_SECRET_ACCESS_KEY": "the secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        yield server
    server.stop()


@pytest.fixture
def put(server: Any, request: pytest.FixtureRequest) -> Put:
    """Writes an object into the bucket "calls", which is empty at first."""
    import boto3

    client = boto3.client("s3")
    bucket = boto3.resource("s3").Bucket("calls")
    client.create_bucket(Bucket="calls")
    bucket.objects.all().delete()
    return lambda key, content: client.put_object(Bucket="calls", Key=key, Body=content)


@pytest.fixture
def upload(put: Put) -> Callable[[Path], None]:
    """Writes the files of a folder into the bucket."""

    def write(folder: Path) -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                put(file.relative_to(folder).as_posix(), file.read_bytes())

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Calls of two agents, the sides of a call, a copy, and files to pass over."""
    folder = tmp_path / "calls"
    names = ["anna/2026-11-20_09-14-05_anna_1.wav", "ben/a b+ü 100%.mp3", "ben/7-in.wav", "ben/7-out.wav"]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        sound = melody(3 if "7-" in name else 2 + number)[None] * (1 + number) / 8
        write_audio(folder / name, sound, "libmp3lame" if name.endswith("mp3") else "pcm_s16le")
    shutil.copy(folder / names[0], folder / "copy.wav")
    for name in (".hidden.wav", "anna/.trash/1.wav", "@eaDir/1.wav", "notes.vox", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"nothing")
    for file in folder.rglob("*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))
    return folder


def below(found: Discovery, root: str) -> Discovery:
    """With paths relative to ``root``, and without what depends on when files were written."""

    def short(path: Path) -> Path:
        return Path(str(path).removeprefix(root).lstrip("/"))

    return replace(
        found,
        recordings=tuple(
            replace(one, path=short(one.path), other_path=one.other_path and short(one.other_path))
            for one in found.recordings
        ),
        contents=tuple((path.removeprefix(root), content) for path, content in found.contents),
        hashes={},
    )


def test_a_bucket_is_searched_as_a_folder(upload: Callable[[Path], None], folder: Path) -> None:
    upload(folder)
    here = below(discover([folder], AT_ONCE), str(folder))
    there = below(discover([as_path("s3://calls")], AT_ONCE), "s3://calls")
    assert len(here.recordings) == 3 and any(one.other_path for one in here.recordings)
    assert there == here


def test_a_prefix_of_a_bucket_and_single_objects_are_searched(
    upload: Callable[[Path], None], folder: Path
) -> None:
    upload(folder)
    found = discover([as_path("s3://calls/ben/"), as_path("s3://calls/copy.wav")], AT_ONCE)
    assert [str(one.path) for one in found.recordings] == [
        "s3://calls/ben/7-in.wav",
        "s3://calls/ben/a b+ü 100%.mp3",
        "s3://calls/copy.wav",
    ]


def test_a_table_of_calls_is_joined_to_objects(
    upload: Callable[[Path], None], folder: Path, tmp_path: Path
) -> None:
    upload(folder)
    table = tmp_path / "calls.csv"
    table.write_text("file,queue\nben/7-in.wav,sales\ns3://calls/copy.wav,support\n")
    found = discover(
        [as_path("s3://calls/ben"), as_path("s3://calls/copy.wav")],
        AT_ONCE.model_copy(update={"metadata": table}),
    )
    assert {one.path.name: one.facts.queue for one in found.recordings} == {
        "7-in.wav": "sales",
        "a b+ü 100%.mp3": None,
        "copy.wav": "support",
    }


def test_how_long_an_object_is_expected_to_be_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemotePath, "open", None)
    assert expected_duration(as_path("s3://calls/1.wav"), 32_000) == 1


def test_what_did_not_change_is_not_fetched_again(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("1.wav", b"one")
    first = discover([as_path("s3://calls")], AT_ONCE)
    monkeypatch.setattr(discovery, "opened", None)
    assert discover([as_path("s3://calls")], AT_ONCE, first.hashes).recordings == first.recordings


def test_another_content_of_the_same_second_and_size_is_fetched(put: Put) -> None:
    put("1.wav", b"one")
    first = discover([as_path("s3://calls")], AT_ONCE)
    put("1.wav", b"two")
    (now,) = discover([as_path("s3://calls")], AT_ONCE, first.hashes).recordings
    assert now.id != first.recordings[0].id


@pytest.mark.parametrize("key", ["a//1.wav", "a/./1.wav", "a/../1.wav"])
def test_a_key_that_is_no_path_is_told(put: Put, key: str) -> None:
    put(key, b"one")
    put("2.wav", b"two")
    found = discover([as_path("s3://calls")], AT_ONCE)
    assert [str(one.path) for one in found.recordings] == ["s3://calls/2.wav"]
    assert [key in one.error for one in found.failures] == ([] if "/." in key else [True])


def test_objects_are_decoded_as_files(upload: Callable[[Path], None], folder: Path) -> None:
    upload(folder)
    for one in discover([as_path("s3://calls")], AT_ONCE).recordings:
        there = pipeline._decoded(one, 1.0)
        files = [folder / str(path).removeprefix("s3://calls/") for path in one.files]
        here = pipeline._decoded(
            replace(one, path=files[0], other_path=files[1] if len(files) > 1 else None), 1.0
        )
        np.testing.assert_array_equal(there.samples, here.samples)
    path = as_path("s3://calls/copy.wav")
    np.testing.assert_array_equal(decode(path).samples, decode(folder / "copy.wav").samples)


def test_what_is_held_is_fetched_once(put: Put) -> None:
    put("1.wav", b"one")
    path = as_path("s3://calls/1.wav")
    with held([path]):
        put("1.wav", b"another")
        with path.open("rb") as file, path.open("rb") as other:
            assert (file.read(2), other.read(), file.read()) == (b"on", b"one", b"e")
    with path.open("rb") as file:
        assert file.read() == b"another"


@pytest.mark.parametrize("content", [None, b"another"])
def test_an_object_that_changed_or_vanished_is_left_to_the_next_scan(put: Put, content: bytes | None) -> None:
    import boto3

    put("1.wav", b"one")
    (found,) = discover([as_path("s3://calls")], AT_ONCE).recordings
    if content:
        put("1.wav", content)
    else:
        boto3.client("s3").delete_object(Bucket="calls", Key="1.wav")
    outcome = pipeline._guarded(Job(found), lambda: pipeline._decoded(found, 1.0))
    assert isinstance(outcome, Failure) and outcome.reason == CHANGED


def no_speech(jobs: Sequence[Job]) -> Iterator[Outcome]:
    for job in jobs:
        pipeline._decoded(job.recording, 1.0)
        yield Failure(job.recording.path, "no speech", "Nothing.", job.recording)


def load(*_: object) -> Work:
    return no_speech


def test_a_scan_of_a_bucket_stores_addresses_and_no_keys(
    upload: Callable[[Path], None], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(folder)
    monkeypatch.setattr(run, "load_scan", load)
    db = tmp_path / "calls.duckdb"
    first = callmood.scan("s3://calls/", db=db, quiet_for=0, workers=1)
    again = callmood.scan("s3://calls", db=db, quiet_for=0, workers=1)
    assert (first.total, first.failed, again.total, again.failed_earlier) == (3, 3, 0, 3)
    with duckdb.connect(str(db)) as con:
        paths = {
            path for row in con.execute("SELECT path, other_path FROM recording").fetchall() for path in row
        }
    assert "s3://calls/ben/7-out.wav" in paths
    assert b"the secret" not in db.read_bytes()


def test_a_call_whose_object_is_gone_is_named_by_its_address(put: Put, db: Connection) -> None:
    put("2.wav", b"two")
    write_call(db, 1, "m1", make_call(path=as_path("s3://calls/1.wav")))
    bucket = [as_path("s3://calls")]
    assert gone(db, bucket, discover(bucket, AT_ONCE)) == ["s3://calls/1.wav"]


def test_a_page_knows_whether_an_object_is_what_was_scanned(put: Put) -> None:
    put("1.wav", b"one")
    (found,) = discover([as_path("s3://calls")], AT_ONCE).recordings

    def loss() -> str | None:
        return loss_of(found.id, ["s3://calls/1.wav"], found.size_bytes, {})

    assert loss() is None
    put("1.wav", b"two")
    assert loss() == "changed"
    assert loss_of(found.id, ["s3://calls/2.wav"], 3, {}) == "gone"


def test_a_page_with_links_has_none_to_a_bucket(db: Connection) -> None:
    call = {"id": "1", "size_bytes": 3, "duration_s": 60.0}
    found: Any = SimpleNamespace(calls=[call], recordings={"1": "r"}, files={"r": ["s3://calls/1.wav"]})
    assert write._to_be_read(db, found, "link") == set()
    assert call["silence"] == "remote"


def test_a_bucket_is_watched(put: Put) -> None:
    bucket = as_path("s3://calls")
    assert look([bucket]) == {}
    put("1.wav", b"one")
    (before,) = look([bucket]).items()
    put("1.wav", b"two")
    (after,) = look([bucket]).items()
    assert before[0] == after[0] == bucket / "1.wav"
    assert before[1] != after[1]


@pytest.mark.parametrize(
    "address",
    ["s3://AKIA:wJalr@calls/a", "https://me@host/a", "https://me:wJalr@host/", "http://host/1.wav?sig=wJalr"],
)
def test_an_address_with_a_key_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(UsageError, match="may hold a password or a key") as error:
        callmood.scan(address)
    assert "wJalr" not in str(error.value)


def test_other_addresses_are_refused_with_those_that_can_be_read() -> None:
    with pytest.raises(UsageError, match=r"^ftp:// is no storage that callmood reads\. It reads s3://"):
        checked_path("ftp://host/calls")


def test_a_bucket_that_does_not_exist_is_said(server: Any) -> None:
    with pytest.raises(CallmoodError, match=r"^s3://nowhere/calls does not exist\.$"):
        discover([as_path("s3://nowhere/calls")], AT_ONCE)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(CallmoodError, match=r"gs:// needs the package gcsfs\. Install it with"):
        discover([as_path("gs://bucket/calls")], AT_ONCE)


def test_addresses_keep_their_slashes_and_survive_pickling() -> None:
    path = as_path("s3://bucket/a b/1.wav")
    assert isinstance(path, RemotePath)
    for one in (path, pickle.loads(pickle.dumps(path)), path.parent / "1.wav", as_path(str(path))):
        assert str(one) == "s3://bucket/a b/1.wav" and one == path
    assert str(path.with_suffix(".mp3")) == "s3://bucket/a b/1.mp3"
    assert not isinstance(as_path("s3:/x"), RemotePath)


@pytest.fixture
def web(folder: Path) -> Iterator[str]:
    """The folder on a web server that lists it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_web_server_is_searched_by_its_lists(web: str, folder: Path) -> None:
    here = below(discover([folder], AT_ONCE), str(folder))
    there = discover([checked_path(web + "/")], AT_ONCE)
    assert below(there, web) == here
    assert len(there.hashes) == 5
    for one in there.recordings:
        assert pipeline._decoded(one, 1.0).duration_s > 1
    (single,) = discover([checked_path(f"{web}/ben/a%20b+%C3%BC%20100%25.mp3")], AT_ONCE).recordings
    assert single.path.name == "a b+ü 100%.mp3"
