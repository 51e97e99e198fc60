"""Whether memory stays flat over a scan: that of all its processes, sampled while it runs.

    python benchmarks/memory.py [--recordings 200] [--seconds 27] [--hours 1] [--pause 0] [--limit-gb 1.3]

Makes so many short recordings of so many seconds, each of other content, and one of so many hours, from a sample call
at other levels, in the long one with a pause of so many seconds after each time; scans them with `callmood scan`, and
samples the resident memory of the scan and of each worker twice a second. Says the peak of each process, and how much
the workers' mean grew from the second quarter of the time to the last one. Ends with 1 if a process took more than the
limit.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from collections import defaultdict
from pathlib import Path

import numpy as np

CALLS = Path(__file__).parents[1] / "tests" / "data" / "calls"
EVERY_S = 0.5
MB = 1e6


def sample_sound() -> tuple[np.ndarray, wave._wave_params]:
    """A sample call of our own: int16 [frames, channels]."""
    with wave.open(str(next(iter(sorted(CALLS.glob("anna/*.wav")))))) as file:
        found = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return found.reshape(-1, file.getnchannels()), file.getparams()


def write(
    path: Path,
    sound: np.ndarray,
    parameters: wave._wave_params,
    seed: int,
    seconds: float = 0.0,
    pause: float = 0.0,
) -> None:
    """The sound at another level, with faint noise and a pause in seconds, over and over until it is so long."""
    quiet = np.zeros((round(pause * parameters.framerate), parameters.nchannels), np.int16)
    sound = np.concatenate([sound, quiet])
    chance = np.random.default_rng(seed)
    written, rate = 0.0, parameters.framerate
    with wave.open(str(path), "wb") as file:
        file.setparams(parameters)
        while written == 0.0 or written < seconds:
            noise = chance.normal(0, 20, sound.shape)
            file.writeframes(
                np.clip(sound * chance.uniform(0.6, 1.0) + noise, -32768, 32767).astype("<i2").tobytes()
            )
            written += len(sound) / rate


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children(child)]
    return found


def resident_mb(pid: int) -> float:
    """Without what is shared with other processes, such as libraries."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024 / MB
    return 0.0


def sampled(command: list[str]) -> dict[int, list[tuple[float, float]]]:
    """(s, MB) of each process of a command by its id; the command's own comes first."""
    begun = time.monotonic()
    seen: dict[int, list[tuple[float, float]]] = defaultdict(list)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for pid in (process.pid, *children(process.pid)):
                try:
                    seen[pid].append((time.monotonic() - begun, resident_mb(pid)))
                except OSError:  # it has ended
                    continue
            time.sleep(EVERY_S)
    if process.returncode:
        raise SystemExit(f"The scan ended with {process.returncode}.")
    return seen


def mean(samples: list[tuple[float, float]], first: float, last: float) -> float:
    """Of a part of the time, which runs from 0 to 1."""
    until = samples[-1][0]
    return float(np.mean([mb for at, mb in samples if first * until <= at <= last * until] or [0.0]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=27.0)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit-gb", type=float, default=1.3)
    given = parser.parse_args()
    sound, parameters = sample_sound()
    short = sound[: round(given.seconds * parameters.framerate)]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as temporary:
        folder = Path(temporary)
        (folder / "calls").mkdir()
        for number in range(given.recordings):
            write(folder / "calls" / f"call-{number:06}.wav", short, parameters, number)
        if given.hours:
            seed, seconds = given.recordings, given.hours * 3600
            write(folder / "calls" / "long.wav", sound, parameters, seed, seconds, given.pause)
        command = [
            sys.executable,
            "-m",
            "callmood",
            "scan",
            str(folder / "calls"),
            "--db",
            str(folder / "calls.duckdb"),
        ]
        os.environ["CALLMOOD_AUDIO__MAX_HOURS"] = str(given.hours + 1)
        seen = sampled([*command, "--workers", str(given.workers), "--device", "cpu", "--quiet-for", "0"])
    scan, *workers = [samples for samples in seen.values() if max(mb for _, mb in samples) > 50]
    for name, samples in (("scan", scan), *((f"worker {n}", one) for n, one in enumerate(workers))):
        earlier, later = mean(samples, 0.25, 0.5), mean(samples, 0.75, 1.0)
        peak = max(mb for _, mb in samples)
        print(
            f"{name}: peak {peak:,.0f} MB; mean of the second quarter {earlier:,.0f} MB, of the last {later:,.0f} MB; "
            f"{samples[-1][0]:,.0f} s"
        )
    peak = max(mb for samples in (scan, *workers) for _, mb in samples)
    print(f"Together at most {sum(max(mb for _, mb in one) for one in (scan, *workers)):,.0f} MB.")
    if peak > given.limit_gb * 1000:
        raise SystemExit(f"A process took {peak / 1000:.2f} GB, more than {given.limit_gb} GB.")


if __name__ == "__main__":
    main()
