"""`callmood scan` as users type it: real models, sample calls and bad files in one folder, one process."""

import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pytest

from callmood.model.bundle import INCLUDED

CALLS = Path(__file__).parent / "data" / "calls"
CALL = CALLS / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
HAPPY_CALL = CALLS / "telco_GUID_0c7e1b52_AGENT_ben_CUST_5557788_DT_2026-11-20T10-02-40.wav"
MONO_CALL = CALLS / "anna" / "billing 20261120-113000.mp3"
ODD_NAME = 'l\'été "sale" 😀 naïve.opus'
RATE = 8000


def callmood(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from callmood.cli.app import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def hold_music(seconds: float) -> np.ndarray:
    """Chords with a beat, as exchanges play them."""
    t = np.arange(int(seconds * RATE)) / RATE
    chords = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    sound = np.zeros_like(t)
    for number in range(int(seconds)):
        now = (t >= number) & (t < number + 1)
        fade = np.exp(-1.5 * (t[now] - number))
        for pitch in chords[number % len(chords)]:
            sound[now] += 0.1 * fade * np.sin(2 * np.pi * pitch * t[now])
    return sound


def write_three_hours(path: Path) -> None:
    """Silence, a minute of talk, silence: 3 h in all, written in pieces."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for minute in range(180):
            if minute == 90:
                with wave.open(str(CALL), "rb") as call:
                    stereo = np.frombuffer(call.readframes(-1), "<i2").reshape(-1, 2)
                file.writeframes(stereo[:, 0].tobytes())
            else:
                file.writeframes(bytes(2 * 60 * RATE))


def make_folder(folder: Path) -> None:
    shutil.copytree(CALLS, folder / "good")
    shutil.copy(MONO_CALL, folder / "good" / "a copy.mp3")
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("Dear sir or madam,\n" * 100)
    broken = MONO_CALL.read_bytes()
    (folder / "truncated.mp3").write_bytes(broken[: len(broken) // 2])
    write_wav(folder / "silence.wav", np.zeros(5 * RATE))
    write_wav(folder / "noise.wav", 0.1 * np.random.default_rng(0).normal(size=10 * RATE))
    write_wav(folder / "hold music.wav", hold_music(20))
    write_wav(folder / "short.wav", np.zeros(RATE // 5))
    shutil.copy(next(CALLS.glob("anna/*.opus")), folder / ODD_NAME)
    with (folder / ODD_NAME).open("ab") as file:
        file.write(b"\0")  # another content than its original, the same sound
    write_three_hours(folder / "three hours.wav")


@dataclass
class Scan:
    folder: Path
    code: int
    stderr: str
    recordings: dict[str, dict] = field(default_factory=dict)  # type: ignore[type-arg]
    summary: dict = field(default_factory=dict)  # type: ignore[type-arg]

    def rows(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        with duckdb.connect(str(self.folder / "callmood.duckdb"), read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scan]:
    folder = tmp_path_factory.mktemp("scan")
    make_folder(folder)
    done = callmood("scan", ".", "--json", cwd=folder)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    by_name = {Path(line["path"]).name: line for line in lines[:-1]}
    yield Scan(folder, done.returncode, done.stderr, by_name, lines[-1]["summary"])


def test_some_failures_end_with_exit_code_3(scanned: Scan) -> None:
    assert scanned.code == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.wav", "empty file"),
        ("text.wav", "not audio"),
        ("short.wav", "too short"),
    ],
)
def test_a_file_without_a_call_fails_with_its_reason_and_a_sentence(
    scanned: Scan, name: str, reason: str
) -> None:
    assert scanned.summary["failures"][reason] == 1
    if name in scanned.recordings:
        assert scanned.recordings[name]["reason"] == reason
        assert name in scanned.recordings[name]["error"]


@pytest.mark.parametrize("name", ["silence.wav", "noise.wav", "hold music.wav"])
def test_a_recording_without_speech_is_a_call_without_words(scanned: Scan, name: str) -> None:
    assert scanned.recordings[name]["state"] == "done"
    assert scanned.recordings[name]["segments"] == 0
    assert (
        any("nobody speaks" in warning for warning in scanned.recordings[name]["warnings"])
        or (scanned.recordings[name]["dropped"])
    )


def test_a_truncated_file_gives_what_is_left(scanned: Scan) -> None:
    assert scanned.recordings["truncated.mp3"]["segments"] >= 1


def test_three_hours_of_silence_around_a_call_give_the_call(scanned: Scan) -> None:
    assert scanned.recordings["three hours.wav"]["duration_s"] > 3 * 3600 - 60
    assert scanned.recordings["three hours.wav"]["segments"] >= 3


def test_odd_names_are_stored_as_they_are(scanned: Scan) -> None:
    ((path,),) = scanned.rows("SELECT path FROM recording WHERE path LIKE '%naïve%'")
    assert Path(path).name == ODD_NAME


def test_a_copy_is_the_same_call(scanned: Scan) -> None:
    assert scanned.summary["copies"] == 1


def test_the_log_contains_nothing_that_was_said(scanned: Scan) -> None:
    assert "engineer" not in scanned.stderr
    assert "engineer" not in json.dumps(list(scanned.recordings.values()))


@pytest.mark.parametrize(("call", "agent"), [(CALL, 0), (HAPPY_CALL, 1)])
def test_the_agent_is_the_side_that_greets(scanned: Scan, call: Path, agent: int) -> None:
    found = scanned.rows(
        "SELECT channel, role FROM speaker JOIN recording ON id = recording_id "
        f"WHERE path LIKE '%{call.name}' ORDER BY channel"
    )
    assert [role for _, role in found] == (["agent", "customer"] if agent == 0 else ["customer", "agent"])


def test_facts_come_from_names_and_folders(scanned: Scan) -> None:
    found = scanned.rows(
        f"SELECT agent, customer, call_id, started_at::VARCHAR FROM recording WHERE path LIKE '%{HAPPY_CALL.name}'"
    )
    assert found == [("ben", "5557788", "0c7e1b52", "2026-11-20 10:02:40")]


def test_scores_are_probabilities_of_all_labels(scanned: Scan) -> None:
    sums = scanned.rows("SELECT list_sum(map_values(scores)), cardinality(scores) FROM segment")
    assert sums
    assert all(abs(total - 1) < 1e-3 and count == 8 for total, count in sums)


def test_segments_last_up_to_15_s_and_words_lie_within(scanned: Scan) -> None:
    assert scanned.rows("SELECT count(*) FROM segment WHERE end_s - start_s > 15.01 OR end_s <= start_s") == [
        (0,)
    ]
    assert scanned.rows(
        "SELECT count(*) FROM word JOIN segment USING (recording_id, segment) "
        "WHERE word.start_s < segment.start_s - 0.01 OR word.end_s > segment.end_s + 0.01"
    ) == [(0,)]


def test_the_mono_call_has_two_speakers(scanned: Scan) -> None:
    assert scanned.rows(
        "SELECT count(DISTINCT speaker) FROM segment JOIN recording ON id = recording_id "
        "WHERE layout = 'mono' AND path LIKE '%a copy.mp3'"
    ) == [(2,)]


def test_a_second_scan_skips_what_is_stored_and_moved(scanned: Scan) -> None:
    (scanned.folder / "good").rename(scanned.folder / "moved")
    again = callmood("scan", ".", "--json", cwd=scanned.folder)
    summary = json.loads(again.stdout.splitlines()[-1])["summary"]
    (scanned.folder / "moved").rename(scanned.folder / "good")
    assert summary["done"] == 0
    assert summary["skipped"] == scanned.summary["done"]
    assert "moved" in scanned.rows(f"SELECT path FROM recording WHERE path LIKE '%{CALL.name}'")[0][0]


def test_a_new_model_scores_stored_calls_again_without_transcribing(scanned: Scan, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(INCLUDED["embedded"], model)
    settings = json.loads((model / "bundle.json").read_text())
    (model / "bundle.json").write_text(json.dumps(settings | {"threshold_with_words": 0.999}))
    texts = scanned.rows("SELECT recording_id, segment, text FROM segment ORDER BY ALL")
    done = callmood("scan", "good", "--rescore", "--model", model, "--json", cwd=scanned.folder)
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    assert (done.returncode, summary["done"]) == (0, 5)
    assert scanned.rows("SELECT recording_id, segment, text FROM segment ORDER BY ALL") == texts
    assert scanned.rows(
        "SELECT DISTINCT emotion FROM segment JOIN recording ON id = recording_id "
        "WHERE path LIKE '%/good/%' AND confidence < 0.99"
    ) == [("uncertain",)]


def test_scores_of_a_role_can_be_removed(scanned: Scan) -> None:
    words = scanned.rows("SELECT count(*) FROM word")
    done = callmood("scan", "good", "--rescore", "--roles", "customer", "--json", cwd=scanned.folder)
    assert json.loads(done.stdout.splitlines()[-1])["summary"]["done"] == 5
    assert scanned.rows(
        "SELECT DISTINCT role FROM segment JOIN recording ON id = recording_id "
        "WHERE path LIKE '%/good/%' AND (scores IS NOT NULL OR emotion IS NOT NULL)"
    ) == [("customer",)]
    assert scanned.rows("SELECT count(*) FROM word") == words


def test_a_folder_without_recordings_is_reported(tmp_path: Path) -> None:
    done = callmood("scan", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("callmood: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_recogniser_is_reported_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shutil.copy(CALL, tmp_path)
    done = callmood("scan", ".", "--asr", "nonsense", cwd=tmp_path)
    assert done.returncode == 1
    assert "no transcription model nonsense" in done.stderr
    assert not (tmp_path / "callmood.duckdb").exists()


def test_a_database_in_use_by_another_scan_is_reported(tmp_path: Path) -> None:
    shutil.copy(CALL, tmp_path)
    with duckdb.connect(str(tmp_path / "callmood.duckdb")):
        done = callmood("scan", ".", "--wait", "0", cwd=tmp_path)
    assert done.returncode == 4
    assert "in use by process" in done.stderr
    assert len(done.stderr.splitlines()) == 1
