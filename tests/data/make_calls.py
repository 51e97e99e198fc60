"""Makes the sample calls of tests/data/calls, the rare formats of tests/data/formats and the Spanish of languages.

Needs flite, espeak-ng and sox, which neither callmood nor its tests need:

    python tests/data/make_calls.py

The same versions of the voices give the same sound.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soxr

HERE = Path(__file__).parent
WORK_RATE = 16_000
LINE_RATE = 8_000
LINE_NOISE = 0.0008
"""Standard deviation of the hiss on each side, full scale being 1: about -62 dB."""


@dataclass(frozen=True)
class Voice:
    engine: str
    name: str
    pace: float = 1.0
    """Above 1 is faster."""
    size: float = 1.0
    """Above 1 is a smaller speaker: pitch and formants go up together."""
    level: float = 0.1
    """Loudness, as RMS."""


@dataclass(frozen=True)
class Line:
    who: str
    """"agent" or "customer"."""
    text: str
    gap_s: float = 0.35
    """Silence before it; below zero it begins while the other still speaks."""
    pace: float = 1.0
    louder: float = 1.0


@dataclass(frozen=True)
class Script:
    file: str
    mood: str
    agent: Voice
    customer: Voice
    agent_channel: int | None
    """None mixes both into one channel."""
    codec: str
    rate: int
    lines: tuple[Line, ...]
    bit_rate: int | None = None


ANNA = Voice("flite", "slt")
BEN = Voice("flite", "rms")
CARTER = Voice("flite", "awb", pace=1.05)
LOPEZ = Voice("flite", "slt", pace=0.97, size=1.13)
HALE = Voice("flite", "rms", size=0.9)
REED = Voice("espeak-ng", "en-us+f3", pace=0.95)
SPANIARD = Voice("espeak-ng", "es", pace=0.82)
STONE = Voice("flite", "kal16", pace=1.05)


def agent(text: str, gap_s: float = 0.35) -> Line:
    return Line("agent", text, gap_s)


def customer(text: str, gap_s: float = 0.35, pace: float = 1.0, louder: float = 1.0) -> Line:
    return Line("customer", text, gap_s, pace, louder)


SCRIPTS = (
    Script(
        file="anna/2026-11-20_09-14-05_anna_5551234.wav",
        mood="an angry customer who calms down",
        agent=ANNA,
        customer=CARTER,
        agent_channel=0,
        codec="pcm_s16le",
        rate=8_000,
        lines=(
            agent("Good morning, thank you for calling. This is Anna speaking. How can I help you?", 0.4),
            customer(
                "This is outrageous! You have charged me twice, and nobody answers the phone.", 0.2, 1.12, 2.0
            ),
            customer("I am furious. I want my money back today!", 0.2, 1.15, 2.2),
            agent("I am so sorry about that, sir. I can see both payments here.", -0.5),
            agent("I am sending the second one back to you right now.", 0.4),
            customer("Oh. All right. How long will that take?", 0.5, 1.0, 1.2),
            agent("It will be in your account tomorrow."),
            customer("Thank you, Anna. You have been very kind. Goodbye.", 0.4, 0.95),
        ),
    ),
    Script(
        file="telco_GUID_0c7e1b52_AGENT_ben_CUST_5557788_DT_2026-11-20T10-02-40.wav",
        mood="a happy customer",
        agent=BEN,
        customer=LOPEZ,
        agent_channel=1,
        codec="pcm_mulaw",
        rate=8_000,
        lines=(
            agent("Hello, you are speaking with Ben from customer service. What can I do for you?", 0.4),
            customer("Hi Ben! I just want to say thank you. The new phone arrived today.", 0.3, 1.05, 1.3),
            customer("I love it. It is wonderful, and my daughter is so happy!", 0.2, 1.05, 1.3),
            agent("That is great to hear. Is there anything else you need?"),
            customer("Yes. Can I keep my old number?", 0.3),
            agent("Of course. I will move it over for you this afternoon."),
            customer("That is perfect. You are the best!", 0.2, 1.05, 1.4),
            agent("Thank you for calling. Have a lovely day.", 0.2),
        ),
    ),
    Script(
        file="anna/billing 20261120-113000.mp3",
        mood="a neutral customer",
        agent=ANNA,
        customer=HALE,
        agent_channel=None,
        codec="libmp3lame",
        rate=16_000,
        bit_rate=32_000,
        lines=(
            agent("Good morning, billing department, Anna speaking. How can I help?", 0.4),
            customer("Good morning. I would like to change the address on my account.", 0.5),
            agent("Certainly. Could you give me your account number, please?", 0.5),
            customer("Yes. It is four seven one, two zero nine.", 0.6),
            agent("Thank you. One moment, while I open the file.", 0.4),
            agent("I have it. What is the new address?", 2.8),
            customer("It is twelve Station Road, in Bristol. The same post code as before.", 0.5),
            agent("I have changed it. The next bill will go to Station Road.", 0.6),
            customer("Fine. That is all. Goodbye.", 0.5),
        ),
    ),
    Script(
        file="anna/q-support-5559876-20261121-161530-1795277730.42.opus",
        mood="a worried customer who is glad in the end",
        agent=ANNA,
        customer=REED,
        agent_channel=0,
        codec="libopus",
        rate=16_000,
        bit_rate=32_000,
        lines=(
            agent("Technical support, my name is Anna. What is the problem today?", 0.4),
            customer("Hello. I am afraid I have lost all my pictures. The screen is black.", 0.4),
            agent("Do not worry. Please hold the power button down for ten seconds.", 0.4),
            customer("Okay. I am holding it now.", 0.4),
            customer("Oh! The light is on. My pictures are all here!", 2.2, 1.1, 1.3),
            agent("Wonderful. Please make a copy of them tonight.", 0.3),
            customer("I will. I am so relieved. Thank you so much.", 0.4),
        ),
    ),
    Script(
        file="ben/2026-11-21 17.45.10 complaint.m4a",
        mood="a customer who gets angry",
        agent=BEN,
        customer=STONE,
        agent_channel=0,
        codec="aac",
        rate=16_000,
        bit_rate=48_000,
        lines=(
            agent("Good afternoon, this is Ben. How may I help you?", 0.4),
            customer("I am still waiting for the engineer. He should have been here at noon.", 0.4),
            agent("Let me see. I am sorry, he has been moved to Thursday.", 0.5),
            customer("Thursday? That is the third time! I took a day off for this.", 0.2, 1.1, 1.8),
            agent("I understand. There is nothing that I can do, sir.", -0.4),
            customer("This is a disgrace. I am sick of your company. Cancel my contract!", 0.1, 1.15, 2.2),
            agent("I will send you the form."),
        ),
    ),
)


def speak(voice: Voice, line: Line) -> np.ndarray:
    """float32 [n] at WORK_RATE, without silence at its ends."""
    pace = voice.pace * line.pace / voice.size  # a smaller speaker is played faster
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        if voice.engine == "flite":
            command = ["flite", "-voice", voice.name, "--setf", f"duration_stretch={1 / pace:.3f}"]
            command += ["-t", line.text, "-o", out.name]
        else:
            command = ["espeak-ng", "-v", voice.name, "-s", f"{165 * pace:.0f}", "-w", out.name, line.text]
        subprocess.run(command, check=True)
        with av.open(out.name) as container:
            rate = container.streams.audio[0].sample_rate
            pcm = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])
    sound = soxr.resample(pcm.astype(np.float32) / 32_768, rate * voice.size, WORK_RATE)
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    sound = sound[loud[0] : loud[-1] + 1]
    return sound * (voice.level * line.louder / np.sqrt(np.mean(sound**2)))


def telephone(sound: np.ndarray) -> np.ndarray:
    """A line's band: 300 to 3400 Hz. [n] at WORK_RATE."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(sound.size, 1 / WORK_RATE)
    spectrum *= np.clip((hertz - 200) / 100, 0, 1) * np.clip((3_700 - hertz) / 300, 0, 1)
    return np.fft.irfft(spectrum, sound.size).astype(np.float32)


def perform(script: Script, seed: int) -> tuple[np.ndarray, list[dict[str, object]]]:
    """The call as float32 [channels, n] at WORK_RATE, and what is said in it when."""
    turns: list[dict[str, object]] = []
    placed: list[tuple[int, int, np.ndarray]] = []
    at_s = 0.0
    for line in script.lines:
        sound = speak(script.agent if line.who == "agent" else script.customer, line)
        start = round((at_s + line.gap_s) * WORK_RATE)
        side = 0 if script.agent_channel is None else script.agent_channel
        channel = side if line.who == "agent" else 1 - side
        placed.append((channel, start, sound))
        at_s = (start + sound.size) / WORK_RATE
        turns.append({
            "role": line.who,
            "channel": 0 if script.agent_channel is None else channel,
            "start_s": round(start / WORK_RATE, 2),
            "end_s": round(at_s, 2),
            "text": line.text,
        })  # fmt: skip
    call = np.zeros((2, round((at_s + 0.4) * WORK_RATE)), np.float32)
    for channel, start, sound in placed:
        call[channel, start : start + sound.size] += sound
    if script.agent_channel is None:
        call = call.sum(axis=0, keepdims=True)
    hiss = np.random.default_rng(seed).normal(0, LINE_NOISE, call.shape)
    return np.stack([telephone(side) for side in call + hiss.astype(np.float32)]), turns


def encode(path: Path, sound: np.ndarray, codec: str, rate: int, bit_rate: int | None = None) -> None:
    """Writes float32 [channels, n] at WORK_RATE as ``codec`` in the container that the ending names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    at_rate = soxr.resample(sound.T, WORK_RATE, rate)
    pcm = np.clip(np.round(at_rate * 32_767), -32_768, 32_767).astype(np.int16)
    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", options=options) as container:
        layout = "mono" if sound.shape[0] == 1 else "stereo"
        stream = container.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.options = {"flags": "+bitexact"}
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux([*stream.encode(frame), *stream.encode(None)])


def rare_formats(sound: np.ndarray) -> None:
    """A few seconds in the formats that PyAV can read but not write. float32 [n] at WORK_RATE."""
    folder = HERE / "formats"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch, "plain.wav")
        encode(plain, sound[None], "pcm_s16le", LINE_RATE)
        for target in ("gsm610.wav", "bare.gsm", "pauses.amr"):
            options = ["-e", "gsm"] if target == "gsm610.wav" else []
            kind = ["-t", "amr-nb"] if target.endswith(".amr") else []
            subprocess.run(["sox", plain, *options, *kind, folder / target], check=True)
    amr_wb(folder / "wideband.awb", sound)


def amr_wb(path: Path, sound: np.ndarray) -> None:
    """Through libvo-amrwbenc, which no common tool is built with."""
    name = ctypes.util.find_library("vo-amrwbenc")
    if name is None:
        print(f"{path.name} is left as it is: libvo-amrwbenc is not installed")
        return
    library = ctypes.CDLL(name)
    library.E_IF_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.E_IF_init())
    pcm = np.clip(np.round(sound * 32_767), -32_768, 32_767).astype(np.int16)
    packet = ctypes.create_string_buffer(500)
    with path.open("wb") as out:
        out.write(b"#!AMR-WB\n")
        for start in range(0, pcm.size - 319, 320):
            frame = np.ascontiguousarray(pcm[start : start + 320])
            size = library.E_IF_encode(state, 2, frame.ctypes.data_as(ctypes.c_void_p), packet, 0)
            out.write(packet.raw[:size])
    library.E_IF_exit(state)


def spanish() -> None:
    complaint = "Buenos días. Llamo porque me han cobrado dos veces la factura de este mes."
    sound = speak(SPANIARD, customer(f"{complaint} ¿Puede usted ayudarme, por favor?")).astype(np.float32)
    encode(HERE / "languages" / "spanish.ogg", sound[None], "libopus", 16_000, 24_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    reference = []
    for seed, script in enumerate(SCRIPTS):
        sound, turns = perform(script, seed)
        path = HERE / "calls" / script.file
        encode(path, sound, script.codec, script.rate, script.bit_rate)
        duration_s = round(sound.shape[1] / WORK_RATE, 2)
        reference.append({
            "file": script.file,
            "mood": script.mood,
            "agent": "anna" if script.agent == ANNA else "ben",
            "agent_channel": script.agent_channel,
            "duration_s": duration_s,
            "turns": turns,
        })  # fmt: skip
        print(f"{script.file}: {duration_s} s, {path.stat().st_size / 1000:.0f} kB")
        if seed == 0:
            rare_formats(sound[0, : 5 * WORK_RATE])
    spanish()
    (HERE / "calls.json").write_text(json.dumps(reference, indent=1) + "\n")


if __name__ == "__main__":
    main()
