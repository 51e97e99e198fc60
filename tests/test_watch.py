"""`callmood watch`: what is new is scanned once it has settled, and nothing that happens meanwhile ends it."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import wave
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from changes import Scans

from callmood import store
from callmood.batch import run as batch
from callmood.batch import watch as watching
from callmood.batch.monitoring import Health, Log, log_to, notify
from callmood.batch.watch import Doubted, Ended, Event, Forgot, Looked, Trouble, watch
from callmood.call import Call, Failure
from callmood.cli.scan import scan
from callmood.cli.watch import OF_ONE_SCAN
from callmood.errors import BusyError, CallmoodError
from callmood.settings import OPTIONS, DiscoverSettings, EngineSettings, Settings

CALL = Path(__file__).parent / "data" / "calls" / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
EVERY_S = 30.0


class Watch(Scans):
    """A watch of the folder, whose clock runs only while it sleeps."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.now = 1000.0
        self.pauses: list[float] = []
        self.quiet_for = 0.0
        self.discover: dict[str, Any] = {}
        self.paths = [self.calls]
        self.settings: dict[str, Any] = {}
        monkeypatch.setattr(watching, "monotonic", lambda: self.now)
        for searching in ("fill_in", "categorize"):  # models that no test here is about
            monkeypatch.setattr(batch, searching, lambda *_: None)
        self._monkeypatch = monkeypatch

    def run(self, *between: Callable[[], object], keep_days: int | None = None) -> list[Event]:
        """What happens while the steps are taken, one in each pause; it is stopped in the pause after the last."""
        steps = iter(between)

        def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            self.now += seconds
            step = next(steps, None)
            if step is None:
                raise KeyboardInterrupt
            step()

        self._monkeypatch.setattr(watching, "sleep", sleep)
        settings = Settings(
            db=self.db,
            wait=0,
            discover=DiscoverSettings(quiet_for=self.quiet_for, **self.discover),
            engine=EngineSettings(device="cpu"),
        )
        events: list[Event] = []
        with pytest.raises(KeyboardInterrupt):
            events.extend(
                self._each(events, watch(self.paths, settings, every_s=EVERY_S, keep_days=keep_days))
            )
        return events

    @staticmethod
    def _each(events: list[Event], found: Any) -> list[Event]:
        for event in found:
            events.append(event)
        return []


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(tmp_path, monkeypatch)


def nothing() -> None:
    """Happens."""


def names(events: list[Event]) -> list[str]:
    """The recordings that were scanned."""
    return [event.recording.path.name for event in events if isinstance(event, Call)]


def rounds(events: list[Event]) -> int:
    return sum(isinstance(event, Ended) for event in events)


def states(events: list[Event]) -> list[str]:
    return [event.state for event in events if isinstance(event, Looked)]


def test_what_is_there_is_scanned_and_then_what_comes(watched: Watch) -> None:
    watched.write("a.wav", "one")
    events = watched.run(lambda: watched.write("b.wav", "two"), nothing)
    assert names(events) == ["a.wav", "b.wav"]
    assert watched.stored() == [("a.wav", "one"), ("b.wav", "two")]


def test_a_look_at_which_nothing_is_new_begins_no_round_and_opens_no_database(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write("a.wav", "one")

    def closed_from_now_on() -> None:
        monkeypatch.setattr("duckdb.connect", None)

    events = watched.run(closed_from_now_on, nothing, nothing)
    assert rounds(events) == 1 and states(events) == ["new", "idle", "idle", "idle"]
    assert watched.pauses == [EVERY_S] * 4


def test_a_file_waits_until_it_keeps_its_state(watched: Watch) -> None:
    watched.quiet_for = 5
    watched.write("old.wav", "finished")

    def write_on(text: str) -> Callable[[], object]:
        return lambda: watched.write("b.wav", text)

    events = watched.run(nothing, write_on("o"), write_on("on"), write_on("one"), nothing, nothing)
    assert names(events) == ["old.wav", "b.wav"] and watched.stored()[0] == ("b.wav", "one")
    assert states(events)[:2] == ["settling", "new"]
    assert watched.pauses[0] == 5, "it is looked at again as soon as it may have settled"


def test_a_file_waits_also_where_the_times_of_a_drive_are_long_ago(watched: Watch) -> None:
    watched.quiet_for = 5

    def write(text: str) -> None:
        os.utime(watched.write("a.wav", text), (1, 1))

    write("o")
    events = watched.run(lambda: write("on"), lambda: write("one"), nothing, nothing)
    assert [event.segments[0].text for event in events if isinstance(event, Call)] == ["one"]


def test_a_file_that_is_written_for_ever_keeps_no_other_waiting(watched: Watch) -> None:
    watched.quiet_for = 5
    watched.write("done.wav", "one")
    grows = [lambda n=n: watched.write("grows.wav", "x" * n) for n in range(1, 6)]
    events = watched.run(*grows)
    assert names(events) == ["done.wav"]


def test_the_second_side_of_a_call_makes_one_call_of_both(watched: Watch) -> None:
    def write_side(name: str, value: int) -> None:
        with wave.open(str(watched.calls / name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes([value]) * 16000)

    write_side("17-in.wav", 1)
    events = watched.run(lambda: write_side("17-out.wav", 2), nothing)
    assert rounds(events) == 2
    assert watched.rows("SELECT file_name(path), file_name(other_path) FROM recording") == [
        ("17-in.wav", "17-out.wav")
    ]


def test_a_file_that_changed_while_it_was_scanned_is_scanned_again(watched: Watch) -> None:
    watched.write("a.wav", "one")

    def change() -> None:
        watched.write("a.wav", "another one")
        watched.before_each = nothing

    watched.before_each = change
    watched.run(nothing)
    assert watched.stored() == [("a.wav", "another one")]


def test_a_failed_recording_is_tried_again_when_its_file_changes(watched: Watch) -> None:
    watched.write("a.wav", "damaged")
    events = watched.run(nothing, nothing, lambda: watched.write("a.wav", "whole"), nothing)
    assert [type(event) for event in events if isinstance(event, Failure | Call)] == [Failure, Call]
    assert watched.stored() == [("a.wav", "whole")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_is_tried_again_once_it_may_be_read(watched: Watch) -> None:
    path = watched.write("a.wav", "one")
    path.chmod(0)
    events = watched.run(nothing, lambda: path.chmod(0o600), nothing)
    assert names(events) == ["a.wav"]


def test_what_could_not_be_read_is_tried_again_after_an_hour(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = watched.write("a.wav", "one")
    target = path.with_suffix(".gone")
    path.unlink()
    path.symlink_to(target)
    pauses = [nothing] * int(watching.UNREADABLE_AGAIN_S / EVERY_S)
    events = watched.run(*pauses, nothing)
    assert rounds(events) == 2 and sum(isinstance(event, Failure) for event in events) == 1


def test_a_folder_that_is_not_there_yet_is_waited_for(watched: Watch) -> None:
    watched.calls.rmdir()
    events = watched.run(watched.calls.mkdir, lambda: watched.write("a.wav", "one"), nothing)
    assert states(events) == ["missing", "idle", "new", "idle"] and names(events) == ["a.wav"]


@pytest.mark.parametrize("leaves_an_empty_folder", [True, False])
def test_the_calls_of_a_drive_that_goes_away_stay(watched: Watch, leaves_an_empty_folder: bool) -> None:
    watched.write("a.wav", "one")
    drive = watched.calls.with_name("drive")
    other = watched.calls.with_name("other")
    other.mkdir()
    watched.paths.append(other)

    def unmount() -> None:
        watched.calls.rename(drive)
        if leaves_an_empty_folder:
            watched.calls.mkdir()

    def mount() -> None:
        if leaves_an_empty_folder:
            watched.calls.rmdir()
        drive.rename(watched.calls)

    def write_other() -> None:
        (other / "b.wav").write_bytes(b"two")

    before: list[Any] = []
    events = watched.run(
        lambda: before.extend(watched.rows("FROM recording ORDER BY path")),
        unmount,
        write_other,
        nothing,
        mount,
        nothing,
    )
    assert names(events) == ["a.wav", "b.wav"]
    assert watched.rows("FROM recording WHERE path LIKE '%a.wav'") == before


def test_a_new_metadata_table_tells_more_of_stored_calls(watched: Watch) -> None:
    watched.write("a.wav", "one")
    table = watched.calls.with_name("calls.csv")
    table.write_text("file,agent\nother.wav,zoe\n")
    watched.discover = {"metadata": table}
    watched.run(lambda: table.write_text("file,agent\na.wav,zoe\n"), nothing)
    assert watched.rows("SELECT agent FROM recording") == [("zoe",)]


def test_trouble_is_told_and_the_round_tried_again_after_longer_and_longer(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write("a.wav", "one")

    def full(*_: object) -> None:
        raise CallmoodError("No space left on the disk.")

    def fill() -> None:
        watched.write("b.wav", "two")
        monkeypatch.setattr("callmood.batch.run.find_recordings", full)

    find = sys.modules["callmood.batch.run"].find_recordings  # type: ignore[attr-defined]

    def free() -> None:
        monkeypatch.setattr("callmood.batch.run.find_recordings", find)

    events = watched.run(fill, *[nothing] * 7, free, nothing)
    troubles = [event for event in events if isinstance(event, Trouble)]
    assert [event.again_in_s for event in troubles] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert names(events) == ["a.wav", "b.wav"]


def test_a_database_in_use_is_waited_for_from_the_first_round_on(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write("a.wav", "one")
    run = watching.run
    monkeypatch.setattr(watching, "run", lambda *_: (_ for _ in ()).throw(BusyError("in use")))
    events = watched.run(lambda: monkeypatch.setattr(watching, "run", run), nothing)
    assert [type(event) for event in events[:2]] == [Looked, Trouble] and names(events) == ["a.wav"]


def test_a_database_that_is_none_ends_it_at_once(watched: Watch) -> None:
    watched.db.write_text("my diary" * 10)
    with pytest.raises(CallmoodError, match="not a callmood database"):
        next(watch(watched.paths, Settings(db=watched.db, engine=EngineSettings(device="cpu")), every_s=1))


def dated(days_ago: int) -> str:
    return f"{date.today() - timedelta(days=days_ago)}_10-00-00_anna_555{days_ago:04}.wav"


def test_older_calls_are_forgotten_and_not_scanned_again(watched: Watch) -> None:
    for days_ago in (1, 2, 3):
        watched.write(dated(days_ago), f"secretword{days_ago}")
    watched.run()
    assert len(watched.stored()) == 3
    events = watched.run(nothing, lambda: watched.write("new.wav", "new"), nothing, keep_days=3)
    assert [event.count for event in events if isinstance(event, Forgot)] == [1]
    assert [name for name, _ in watched.stored()] == [dated(2), dated(1), "new.wav"]
    assert (watched.calls / dated(3)).exists()
    left = watched.db.read_bytes()
    assert b"secretword2" in left and b"secretword3" not in left and b"5550003" not in left


def test_older_calls_are_not_scanned_to_be_forgotten(watched: Watch) -> None:
    watched.write(dated(400), "long ago")
    watched.write(dated(0), "today")
    events = watched.run(nothing, lambda: watched.write("new.wav", "new"), nothing, keep_days=30)
    assert names(events) == [dated(0), "new.wav"]
    assert not watched.rows("FROM file_hash WHERE path LIKE '%5550400%'"), "not even its name is kept"


def test_a_forgotten_file_that_still_lies_there_is_read_once(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = watched.write(dated(400), "long ago")
    os.utime(path, (1e9, 1e9))
    reads: list[Path] = []
    opened = sys.modules["callmood.pipeline.intake.discover"].opened  # type: ignore[attr-defined]

    def counting(path: Path) -> Any:
        reads.append(path)
        return opened(path)

    monkeypatch.setattr("callmood.pipeline.intake.discover.opened", counting)
    watched.run(
        lambda: watched.write("b.wav", "new"),
        lambda: watched.write("c.wav", "newer"),
        nothing,
        keep_days=30,
    )
    assert reads.count(path) == 1


def test_a_call_without_a_known_start_counts_from_its_scan(watched: Watch) -> None:
    watched.write("nobody knows.wav", "one")
    watched.run()
    with store.open_db(watched.db) as con:
        con.execute("UPDATE scan SET started_at = started_at - INTERVAL 40 DAY")
    watched.write("nor this.wav", "two")
    watched.run()
    events = watched.run(keep_days=30)
    assert [event.count for event in events if isinstance(event, Forgot)] == [1]
    assert watched.stored() == [("nor this.wav", "two")]


class Calendar(datetime):
    """A clock that shows another day."""

    days_ahead = 0

    @classmethod
    def now(cls, zone: Any = None) -> datetime:
        return datetime.now(zone) + timedelta(days=cls.days_ahead)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> type[Calendar]:
    monkeypatch.setattr(Calendar, "days_ahead", 0)
    monkeypatch.setattr(watching, "datetime", Calendar)
    return Calendar


def doubts(events: list[Event]) -> int:
    return sum(isinstance(event, Doubted) for event in events)


@pytest.mark.parametrize(("days_ahead", "keep_days"), [(3650, 90), (60, 90), (5, 3)])
def test_a_clock_that_is_far_ahead_forgets_nothing_and_says_so_once(
    watched: Watch, calendar: type[Calendar], days_ahead: int, keep_days: int
) -> None:
    watched.write(dated(0), "today")
    watched.write(dated(2), "before")
    watched.run()
    calendar.days_ahead = days_ahead
    events = watched.run(
        nothing, nothing, lambda: watched.write("undated.wav", "undated"), nothing, keep_days=keep_days
    )
    assert doubts(events) == 1 and not any(isinstance(event, Forgot) for event in events)
    assert len(watched.stored()) == 3, "what comes is scanned"


def test_a_clock_that_jumps_ahead_while_a_watch_runs_forgets_nothing(
    watched: Watch, calendar: type[Calendar]
) -> None:
    watched.write(dated(0), "today")

    def jump() -> None:
        calendar.days_ahead = 3650

    events = watched.run(nothing, jump, nothing, nothing, keep_days=30)
    assert doubts(events) == 1 and len(watched.stored()) == 1


def test_the_last_calls_are_forgotten_as_days_pass_though_no_new_ones_come(
    watched: Watch, calendar: type[Calendar]
) -> None:
    watched.write(dated(0), "today")

    def next_day() -> None:
        calendar.days_ahead += 1

    events = watched.run(nothing, *[next_day] * 3, nothing, keep_days=2)
    assert not doubts(events) and watched.stored() == []


def test_newer_calls_end_the_doubt(watched: Watch, calendar: type[Calendar]) -> None:
    watched.write(dated(0), "old")
    watched.run()
    calendar.days_ahead = 100
    events = watched.run(nothing, lambda: watched.write(dated(-100), "new"), nothing, nothing, keep_days=30)
    assert doubts(events) == 1
    assert [event.count for event in events if isinstance(event, Forgot)] == [1]
    assert [text for _, text in watched.stored()] == ["new"]


def test_the_database_is_written_anew_once_a_day_at_most(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write(dated(0), "today")
    asked: list[datetime] = []

    def forget(_: Settings, since: datetime) -> int:
        asked.append(since)
        return 0

    monkeypatch.setattr(watching, "forget_older", forget)
    watched.run(*[nothing] * 5, keep_days=1)
    assert len(set(asked)) == len(asked) <= 2  # two where midnight came in between


def test_every_option_of_a_scan_is_one_of_a_watch() -> None:
    import inspect

    from callmood.cli.watch import watch as command

    settings = set(inspect.signature(scan).parameters) - OF_ONE_SCAN
    assert settings == set(OPTIONS) and settings < set(inspect.signature(command).parameters)


def lines(path: Path) -> list[str]:
    """What a log says, without the times."""
    return [line.split(" ", 1)[1] for line in path.read_text().splitlines()]


def test_a_log_names_recordings_by_their_ids_and_holds_nothing_of_what_was_said(
    watched: Watch, tmp_path: Path
) -> None:
    watched.write("+49 170 5551234.wav", "card number four two\n\x1b[2J ERROR xylophone")
    watched.write("b +1 555 7788.wav", "damaged")
    log = tmp_path / "watch.log"
    said = Log(log_to(log))
    for event in watched.run():
        said.tell(event)
    said.close()
    text = log.read_text()
    for word in ("xylophone", "card", "5551234", "7788", "\x1b"):
        assert word not in text
    ids = dict(watched.rows("SELECT file_name(path), id FROM recording"))
    assert lines(log) == [
        "INFO 2 recordings to scan",
        f"INFO {ids['+49 170 5551234.wav'][:12]} scanned: 2 s of audio, 1 segment",
        f"WARNING {ids['b +1 555 7788.wav'][:12]} failed: damaged",
        next(line for line in lines(log) if line.startswith("INFO 1 recording scanned, 1 failed")),
    ]


def test_names_are_logged_where_they_are_wanted_and_act_on_no_terminal(
    watched: Watch, tmp_path: Path
) -> None:
    watched.write("a\x1b[2J\n2026-11-27T00:00:00+0000 ERROR forged.wav", "one")
    log = tmp_path / "watch.log"
    said = Log(log_to(log), names=True)
    for event in watched.run():
        said.tell(event)
    said.close()
    assert "forged.wav" in log.read_text() and "\x1b" not in log.read_text()
    assert len(lines(log)) == 3


def test_a_log_is_for_its_owner_and_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callmood.batch.monitoring.LOG_BYTES", 200)
    said = Log(log_to(tmp_path / "watch.log"))
    for number in range(50):
        said.line(logging.INFO, f"line {number}")
    said.close()
    logs = sorted(tmp_path.iterdir())
    assert len(logs) == 6 and all(log.stat().st_size <= 200 for log in logs)
    if os.name != "nt":
        assert all(log.stat().st_mode & 0o077 == 0 for log in logs)


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=r"log .* can't be written .* --log"):
        log_to(tmp_path / "no folder" / "watch.log")


def test_the_health_file_tells_how_it_goes(watched: Watch, tmp_path: Path) -> None:
    watched.write("a.wav", "one")
    watched.write("b.wav", "damaged")
    path = tmp_path / "health.json"
    health = Health(path)
    assert json.loads(path.read_text())["state"] == "starting"
    seen: list[str] = []
    for event in watched.run(nothing):
        health.tell(event)
        seen.append(json.loads(path.read_text())["state"])
    values = json.loads(path.read_text())
    assert seen[0] == "starting" and "scanning" in seen and seen[-1] == "idle"
    assert (values["scanned"], values["failed"], values["failures"], values["rounds"]) == (
        1,
        1,
        {"damaged": 1},
        1,
    )
    assert values["files"] == 2 and values["last_round"] and values["last_error"] is None
    assert datetime.fromisoformat(values["at"]).utcoffset() == timedelta(0)
    health.tell(Trouble("No space left on the disk.", 30))
    assert json.loads(path.read_text())["state"] == "failing"
    assert json.loads(path.read_text())["last_error"] == "No space left on the disk."
    health.stopped()
    assert json.loads(path.read_text())["state"] == "stopped"


def test_a_health_file_that_cannot_be_written_is_said_at_the_start_and_harmless_later(
    tmp_path: Path,
) -> None:
    with pytest.raises(CallmoodError, match="--health"):
        Health(tmp_path / "no folder" / "health.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    health = Health(folder / "health.json")
    shutil.rmtree(folder)
    health.tell(Looked(0, "idle"))


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets")
def test_systemd_is_told_where_it_wants_to_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notify("READY=1")  # nobody asks
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waits:
        waits.bind(str(tmp_path / "notify"))
        waits.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1\nWATCHDOG=1")
        assert waits.recv(100) == b"READY=1\nWATCHDOG=1"


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_0_and_the_health_file_says_so(tmp_path: Path, number: int) -> None:
    """The command as it is started, in a folder without recordings."""
    process = subprocess.Popen(
        [sys.executable, "-m", "callmood", "watch", ".", "--health", "health.json", "--device", "cpu"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "Watching 1 path" in process.stderr.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0 and said.endswith("INFO Stopped\n")
    assert json.loads((tmp_path / "health.json").read_text())["state"] == "stopped"
    assert not (tmp_path / "callmood.duckdb").exists()


DEBUG_EVERYWHERE = "import logging\nlogging.basicConfig(level=1)\nlogging.debug('a process begins')\n"


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_no_log_at_any_level_holds_what_was_said(tmp_path: Path) -> None:
    """A real scan by the command, in which everything that any library logs is printed, in workers too."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(DEBUG_EVERYWHERE)
    (tmp_path / "calls").mkdir()
    shutil.copy(CALL, tmp_path / "calls" / "call.wav")
    options = "--health health.json --device cpu --workers 1"
    process = subprocess.Popen(
        [sys.executable, "-m", *f"callmood watch calls --every 1 --quiet-for 0 {options}".split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *sys.path])},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "INFO 1 recording scanned" in line:
            process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    logged = _words("".join(said) + (tmp_path / "health.json").read_text())
    with store.open_db(tmp_path / "callmood.duckdb", read_only=True) as con:
        ((recording,),) = store.rows(con, "SELECT id FROM recording")
        spoken = [_words(text) for (text,) in store.rows(con, "SELECT text FROM segment")]
    assert recording[:12] in logged
    assert sum("a process begins" in line for line in said) >= 2, "the worker logs too"
    for words in spoken:
        for three in zip(words, words[1:], words[2:], strict=False):
            assert " ".join(three) not in " ".join(logged)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
