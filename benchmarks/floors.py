"""What a scan costs on a CPU beside the models that it runs: total processor time against the sum of their own.

    python benchmarks/floors.py RECORDINGS ...

One process analyzes the recordings and keeps what it gives each model; then each model is run again on that alone, one
thread, everything loaded: its floor. The total is that of a whole `callmood scan` with one worker, on the same
recordings, in processor time of all its processes: start-up, decoding, features, clustering, scoring and storing are in
it. Other work on the machine makes both dearer, so that only their ratio counts.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
Calls = dict[str, list[Callable[[], Any]]]
"""By model, what it was asked."""


class Recorded:
    """A CTranslate2 model whose calls are kept."""

    def __init__(self, model: Any, calls: Calls) -> None:
        self._model = model
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._model, name)
        if name not in ("encode", "generate", "align"):
            return found

        def kept(*arguments: Any, **options: Any) -> Any:
            self._calls[f"Whisper tiny.en, {name}"].append(partial(found, *arguments, **options))
            return found(*arguments, **options)

        return kept


def recorded_calls(paths: list[Path]) -> tuple[Calls, float]:
    """What the models are given when the recordings are analyzed, and the length of these in seconds."""
    from faster_whisper import vad

    from callmood.model.networks import graphs
    from callmood.pipeline.intake.discover import discover
    from callmood.pipeline.pipeline import Job, load_scan
    from callmood.settings import load_settings
    from callmood.threads import limit_threads

    calls: Calls = defaultdict(list)
    init, run, silero = graphs.Graph.__init__, graphs.Graph.__call__, vad.SileroVADModel.__call__
    names: dict[int, str] = {}

    def named(self: Any, name: Any, tensors: Any) -> None:
        init(self, name, tensors)
        names[id(self)] = name

    def kept(self: Any, **inputs: Any) -> Any:
        calls[names[id(self)]].append(partial(run, self, **inputs))
        return run(self, **inputs)

    def kept_silero(self: Any, audio: Any) -> Any:
        calls["silero"].append(partial(silero, self, audio.copy()))
        return silero(self, audio)

    for place, name, wrapped in (
        (graphs.Graph, "__init__", named),
        (graphs.Graph, "__call__", kept),
        (vad.SileroVADModel, "__call__", kept_silero),
    ):
        setattr(place, name, wrapped)
    settings = load_settings({})
    limit_threads(1)
    work: Any = load_scan(settings, "cpu")
    for decoder in {work.args[0].transcriber._decoder, work.args[0].transcriber._others}:
        model = decoder._recogniser._model
        model.model = Recorded(model.model, calls)
    found = discover(paths, settings.discover.model_copy(update={"quiet_for": 0}))
    outcomes = list(work([Job(recording) for recording in found.recordings]))
    return calls, sum(outcome.duration_s for outcome in outcomes)


def floor(calls: list[Callable[[], Any]]) -> float:
    """Processor time of the calls, the better of two rounds."""
    seconds = []
    for _ in range(2):
        start = time.process_time()
        for call in calls:
            call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def whole_scan(paths: list[Path]) -> tuple[float, float]:
    """Processor time of all processes of a scan, and the most memory that one of them took, in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "floors.duckdb"
        command = ["callmood", "scan", *map(str, paths), "--db", str(database), "--workers", "1"]
        subprocess.run(
            [sys.executable, "-m", *command, "--device", "cpu"], check=True, stdout=subprocess.DEVNULL
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", nargs="+", type=Path)
    paths = parser.parse_args().recordings
    total, memory_mb = whole_scan(paths)
    calls, audio_s = recorded_calls(paths)
    floors = {name: floor(of_one) for name, of_one in sorted(calls.items())}
    for name, seconds in floors.items():
        print(f"{name:28} {len(calls[name]):5} calls {seconds:8.2f} CPU s")
    print(f"{'sum of the floors':40} {sum(floors.values()):8.2f} CPU s")
    print(f"{'the whole scan':40} {total:8.2f} CPU s, {memory_mb:,.0f} MB at most in a process")
    print(
        f"total / floors {total / sum(floors.values()):.2f}; {audio_s:,.0f} s of sound, {audio_s / total:.1f} a CPU s"
    )


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)  # the libraries read it when they are imported
    main()
