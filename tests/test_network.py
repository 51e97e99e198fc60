"""Nothing leaves the machine: no command opens a network socket, in any of its processes."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from offline import can_trace, watch
from sounds import write_audio

from callmood.sound import SAMPLE_RATE

CALLMOOD = (sys.executable, "-m", "callmood")
CALL = Path(__file__).parent / "data" / "calls" / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
HOSTILE = {
    "ORT_DISABLE_TELEMETRY": "0",
    "PYANNOTE_METRICS_ENABLED": "1",
    "HF_HUB_OFFLINE": "0",
    "HF_HUB_DISABLE_TELEMETRY": "0",
}
"""A user's environment that asks for telemetry."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first five seconds of a call, one channel of it twice, and a corpus of tones."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "calls").mkdir()
    with wave.open(str(CALL)) as call, wave.open(str(folder / "calls" / "call.wav"), "wb") as short:
        short.setparams(call.getparams())
        short.writeframes(call.readframes(5 * call.getframerate()))
    at = np.arange(int(SAMPLE_RATE * 1.1)) / SAMPLE_RATE
    for actor in ("01", "02", "03", "04", "08"):
        (folder / "ravdess" / f"Actor_{actor}").mkdir(parents=True)
        for emotion in range(1, 9):
            name = f"03-01-0{emotion}-01-01-01-{actor}.wav"
            sound = (0.3 * np.sin(2 * np.pi * (200 + 300 * emotion + int(actor)) * at)).astype(np.float32)
            write_audio(folder / "ravdess" / f"Actor_{actor}" / name, sound[None])
    return folder


@pytest.fixture(scope="module")
def encoder(place: Path) -> str:
    """The folder of a tiny HuBERT."""
    from test_transformer import tiny_encoders

    return tiny_encoders(place)[0]


def quiet(place: Path, *command: str) -> str:
    """Runs a command that must open no socket; returns what it printed."""
    done, sockets = watch([*CALLMOOD, *command], place, HOSTILE)
    assert done.returncode == 0, done.stderr
    assert sockets == []
    return done.stdout


def test_the_watch_sees_what_python_opens(tmp_path: Path) -> None:
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 9)); socket.getaddrinfo('localhost', 9)"
    _, sockets = watch([sys.executable, "-c", code], tmp_path)
    assert {"socket.__new__", "socket.connect", "socket.getaddrinfo"} <= {
        line.split(" ")[0] for line in sockets
    }


@pytest.mark.skipif(not can_trace(), reason="needs strace")
def test_the_watch_sees_what_native_code_opens(tmp_path: Path) -> None:
    code = "import ctypes; ctypes.CDLL(None).socket(2, 1, 0)"
    _, sockets = watch([sys.executable, "-c", code], tmp_path)
    assert any("socket(AF_INET, SOCK_STREAM" in line for line in sockets)


def test_a_scan_and_a_report_open_no_socket(place: Path) -> None:
    assert "1 recording scanned" in quiet(place, "scan", "calls", "--workers", "1")
    assert "call.wav" in quiet(place, "report", "--call")
    reported = [path for path in (place / "home").rglob("*") if "onnxruntime" in path.name]
    assert reported == []  # where it keeps what it would send later


def test_doctor_opens_no_socket(place: Path) -> None:
    assert "downloads nothing" in quiet(place, "doctor")


def test_training_opens_no_socket(place: Path, encoder: str) -> None:
    quick = ("training.epochs=1", "training.batch_size=32", "training.accumulate=1", "prepare.denoise=false")
    changes = [word for change in (*quick, f"audio.encoder={encoder}") for word in ("--set", change)]
    quiet(
        place,
        *("train", "--recipe", "hubert", "--split", "speaker", "--corpus", "ravdess=ravdess"),
        *("--out", "model", "--device", "cpu", *changes),
    )


@pytest.mark.parametrize("name", ["onnxruntime", "huggingface_hub.constants"])
def test_telemetry_is_off_where_a_library_was_imported_first(name: str) -> None:
    code = (
        "import sys, types, logging\n"
        f"module = types.ModuleType({name!r})\n"
        "module.HF_HUB_DISABLE_TELEMETRY = False\n"
        "module.disable_telemetry_events = lambda: setattr(module, 'HF_HUB_DISABLE_TELEMETRY', True)\n"
        f"sys.modules[{name!r}] = module\n"
        "import callmood\n"
        "print(module.HF_HUB_DISABLE_TELEMETRY)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
