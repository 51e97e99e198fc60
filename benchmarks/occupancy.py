"""How busy one device is that several processes feed: measured with real models, or simulated with measured costs.

    python benchmarks/occupancy.py measure CALLS [--device cpu] [--feeders 2] [--asr tiny.en]
    python benchmarks/occupancy.py simulate --asr-rtfx 4000 --encode-rtfx 4000 --speech-rtfx 20000 [--feeders 15] ...

``measure`` scans a folder with the models in one process on the device, as ``callmood.engine.feed`` does, without a
database. It says how fast that was from the first recording to the last, how long the device had nothing to do, how
full its batches were, and how fast the recogniser alone is on the same pieces in batches that are full from the start,
one at a time and as many at once as the device runs, in the same run. On a machine with a GPU give ``--device cuda:0``.

``simulate`` follows stereo recordings through feeders and a device by events, with the batches and the order of
``callmood.engine.pool``. Costs are seconds of work for a second of a recording on one feeder's core (``--hear``:
decode, silero, features, messages; ``--finish``: roles, music on hold, moods), and how many seconds of padded sound the
device takes in a second (``--asr-rtfx`` and so on). What no measurement stands for is an assumption; the output
repeats it.
"""

import argparse
import heapq
import random
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from callmood.call import Call
from callmood.engine.device import STREAMS, Piece, load_services
from callmood.engine.feed import run_fed_jobs
from callmood.engine.feeder import IN_FLIGHT, RemoteDecoder
from callmood.engine.pool import Occupancy, Service, Use, fullest
from callmood.pipeline.audio.containers import expected_duration
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.intake.discover import discover
from callmood.pipeline.pipeline import Job
from callmood.pipeline.speakers.finder import load_finder
from callmood.pipeline.transcribe.segmenter import segment_turns
from callmood.pipeline.transcribe.transcriber import _task_of
from callmood.settings import DiscoverSettings, EngineSettings, Settings, TranscribeSettings
from callmood.threads import count_cores, limit_threads

ALONE_S = 3600.0


def measure(folder: Path, device: str, feeders: int, asr: str) -> None:
    settings = Settings(
        engine=EngineSettings(device="cpu", workers=feeders), transcribe=TranscribeSettings(asr=asr)
    )
    found = discover([folder], DiscoverSettings(quiet_for=0)).recordings
    jobs = [Job(one, expected_s=expected_duration(one.path, one.size_bytes)) for one in found]
    reports: list[Occupancy] = []
    calls: list[Call] = []
    loaded: list[float] = []

    def watch(event: object) -> None:
        loaded.append(time.perf_counter())

    for outcomes in run_fed_jobs(settings, jobs, [device], watch, reports.append):
        calls += [one for one in outcomes if isinstance(one, Call)]
        ended = time.perf_counter()
    audio_s = sum(call.duration_s for call in calls)
    print(f"{len(calls)} calls, {audio_s:.0f} s of audio, {feeders} feeders, models on {device}")
    whole_rtfx = audio_s / (ended - loaded[0])
    print(f"end to end, models loaded: RTFx {whole_rtfx:.1f}")
    show(reports[0])
    for streams in sorted({1, STREAMS}):
        alone_rtfx = recogniser_alone(settings, device, calls, streams)
        print(
            f"the recogniser alone in full batches, {streams} at once, quick pass: RTFx {alone_rtfx:.1f}; "
            f"end to end is {whole_rtfx / alone_rtfx:.2f} of it"
        )


def recogniser_alone(settings: Settings, device: str, calls: list[Call], streams: int) -> float:
    """Seconds of calls a second, of the first ``ALONE_S`` of them, with features and batches ready."""
    limit_threads(streams)
    services, about = load_services(settings, device)
    service = services["decode 0 quick"]
    feeder = RemoteDecoder(None, 0, about.recognisers[0])  # type: ignore[arg-type]
    find = load_finder(settings.speakers, "cpu")
    limit_threads(count_cores())
    ready: list[Piece] = []
    audio_s = 0.0
    for call in calls:
        if audio_s >= ALONE_S:
            break
        audio_s += call.duration_s
        conversation = find(decode(call.recording.path).samples)
        spans, _ = segment_turns(conversation.samples, conversation.turns, conversation.speakers)
        for span in spans:
            ready.append(feeder.piece(replace(_task_of(0, span, spans, conversation.samples), language="en")))
    batches: list[list[Piece]] = [[]]
    size = 0.0
    for piece in ready:
        if batches[-1] and size + service.size(piece) > service.room:
            batches.append([])
            size = 0.0
        batches[-1].append(piece)
        size += service.size(piece)
    limit_threads(streams)
    with ThreadPoolExecutor(streams) as pool:
        list(pool.map(service.run, batches[:streams]))  # a device is slow at first
        began = time.perf_counter()
        list(pool.map(service.run, batches))
    return audio_s / (time.perf_counter() - began)


def show(occupancy: Occupancy) -> None:
    print(
        f"device busy {occupancy.busy_share:.0%} from its first batch to its last; nothing waited for "
        f"{occupancy.idle_s:.1f} s"
    )
    for name, use in occupancy.uses.items():
        if use.batches:
            print(
                f"  {name:18} {use.batches:5} batches, {use.items:6} pieces, {use.size / use.room:4.0%} full, "
                f"{use.busy_s:7.1f} s"
            )


@dataclass(frozen=True)
class Cpu:
    seconds: float


@dataclass(frozen=True)
class Ask:
    service: str
    sizes: list[float]


@dataclass
class Feeder:
    """A core, and the recordings that it works on."""

    free_at: float = 0.0
    flows: dict[int, Iterator[Cpu | Ask]] = field(default_factory=dict)


def recording(length_s: float, costs: argparse.Namespace, dice: random.Random) -> Iterator[Cpu | Ask]:
    """What becomes of a recording, in order."""
    pieces = max(1, round(length_s * costs.speech / costs.piece))
    yield Cpu(length_s * costs.hear)
    windows = 2 * max(1, round(length_s / 5))  # of 10 s, overlapping by half, on two channels
    for first in range(0, windows, 8):
        yield Ask("speech", [10.0] * min(8, windows - first))
    yield Ask("quick", [max(10.0, costs.piece)] * pieces)
    for service, share, window in (("careful", costs.careful, 15.0), ("last", costs.last, 30.0)):
        again = sum(dice.random() < share for _ in range(pieces))
        if again:
            yield Ask(service, [window] * again)
    yield Cpu(length_s * costs.finish)
    yield Ask("voices", [costs.piece] * pieces)


def simulate(costs: argparse.Namespace) -> None:
    dice = random.Random(costs.seed)
    rates = dict.fromkeys(("quick", "careful", "last"), costs.asr_rtfx) | {
        "voices": costs.encode_rtfx,
        "speech": costs.speech_rtfx,
    }
    rooms = {name: costs.encode_room if name == "voices" else costs.decode_room for name in rates}
    services = {name: Service(list, lambda size: size, room) for name, room in rooms.items()}
    waiting: dict[str, deque[tuple[float, tuple[int, int]]]] = {name: deque() for name in services}
    occupancy = Occupancy({name: Use() for name in services})
    lengths = [dice.uniform(0.5, 1.5) * costs.length for _ in range(costs.calls)]
    left, open_pieces = deque(lengths), {}
    feeders = [Feeder() for _ in range(costs.feeders)]
    events: list[tuple[float, int, str, object]] = []
    number = 0
    device_free = True
    now = idle_since = 0.0
    began = False

    def at(when: float, kind: str, what: object) -> None:
        nonlocal number
        number += 1
        heapq.heappush(events, (when, number, kind, what))

    def go_on(feeder: int, flow: int) -> None:
        """The next step of a recording."""
        step = next(feeders[feeder].flows[flow], None)
        if step is None:
            del feeders[feeder].flows[flow]
            begin(feeder, flow)
        elif isinstance(step, Cpu):
            core = feeders[feeder]
            core.free_at = max(core.free_at, now) + step.seconds
            at(core.free_at, "ready", (feeder, flow))
        else:
            open_pieces[feeder, flow] = len(step.sizes)
            waiting[step.service].extend((size, (feeder, flow)) for size in step.sizes)

    def begin(feeder: int, flow: int) -> None:
        if left:
            feeders[feeder].flows[flow] = recording(left.popleft(), costs, dice)
            go_on(feeder, flow)

    def work() -> None:
        nonlocal device_free, began
        if not device_free or not any(waiting.values()):
            return
        name = fullest(services, {one: sum(size for size, _ in of) for one, of in waiting.items()})
        batch = [waiting[name].popleft()]
        size = batch[0][0]
        while waiting[name] and size + waiting[name][0][0] <= rooms[name]:
            batch.append(waiting[name].popleft())
            size += batch[-1][0]
        use, seconds = occupancy.uses[name], costs.launch + size / rates[name]
        use.batches, use.items = use.batches + 1, use.items + len(batch)
        use.size, use.room, use.busy_s = use.size + size, use.room + rooms[name], use.busy_s + seconds
        occupancy.idle_s += now - idle_since if began else 0.0
        occupancy.busy_s += seconds
        device_free, began = False, True
        at(now + seconds, "done", [owner for _, owner in batch])

    for flow in range(costs.in_flight):
        for feeder in range(costs.feeders):
            begin(feeder, flow)
    work()
    while events:
        now, _, kind, what = heapq.heappop(events)
        if kind == "ready":
            go_on(*what)  # type: ignore[misc]
        else:
            device_free, idle_since = True, now
            for owner in what:  # type: ignore[attr-defined]
                open_pieces[owner] -= 1
                if not open_pieces[owner]:
                    go_on(*owner)
        work()
    print(", ".join(f"{name} {value}" for name, value in vars(costs).items() if name not in ("what", "run")))
    print(f"{costs.calls} calls, {sum(lengths) / 3600:.0f} h in {now:.0f} s: RTFx {sum(lengths) / now:.0f}")
    print(f"the feeders alone could do RTFx {costs.feeders / (costs.hear + costs.finish):.0f}")
    show(occupancy)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", required=True)
    measured = commands.add_parser("measure")
    measured.add_argument("folder", type=Path)
    measured.add_argument("--device", default="cpu")
    measured.add_argument("--feeders", type=int, default=2)
    measured.add_argument("--asr", default="tiny.en")
    simulated = commands.add_parser("simulate")
    for name, default in (
        ("asr-rtfx", None), ("encode-rtfx", None), ("speech-rtfx", None),
        ("hear", 0.006), ("finish", 0.002), ("length", 300.0),
        ("speech", 0.8), ("piece", 5.0), ("careful", 0.1), ("last", 0.04), ("launch", 0.02),
        ("decode-room", 640.0), ("encode-room", 480.0),
    ):  # fmt: skip
        simulated.add_argument(f"--{name}", type=float, default=default, required=default is None)
    for name, number in (("feeders", 15), ("calls", 2_000), ("seed", 0), ("in-flight", IN_FLIGHT)):
        simulated.add_argument(f"--{name}", type=int, default=number)
    given = parser.parse_args()
    if given.what == "measure":
        measure(given.folder, given.device, given.feeders, given.asr)
    else:
        simulate(given)


if __name__ == "__main__":
    main()
