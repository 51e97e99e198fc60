"""Scans calls on a Ray cluster of two machines on this one while a worker is killed and a machine is lost.

    python benchmarks/cluster.py tests/data/calls [--seed 1 2 3] [--copies 4] [--bucket]

Each call is copied, each copy a little longer than the last, so that there is work in which to kill. The calls are
scanned on this machine, and for each seed on the cluster: after a number of outcomes that the seed chooses, a worker
gets SIGKILL; after another, the second machine is lost, and a third one joins. With --bucket the cluster reads the
calls from S3, of which moto runs a server here. The tables must be those of the local scan: what is text, a time or a
count equal, scores within 0.001. Ends with 1 if they are not. Needs callmood[test].
"""

import argparse
import logging
import os
import random
import resource
import signal
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import callmood
from callmood.batch import run
from callmood.call import Outcome
from callmood.network import switch_off_telemetry
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.intake.discover import EXTENSIONS
from callmood.pipeline.pipeline import Job, Work, load_scan
from callmood.settings import Settings
from callmood.sound import SAMPLE_RATE

TABLES = ("recording", "speaker", "speech", "segment", "word", "hold", "segment_category")
OF_A_SCAN = ("path", "other_path", "scanned_in", "transcribed_in", "scored_in", "scan_id", "stored_at")
"""Columns that tell where and when, not what."""
NEAR = 1e-3
NODE: dict[str, Any] = {"num_cpus": 1, "dashboard_agent_listen_port": 0}


def main() -> None:
    options = _options()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    switch_off_telemetry()
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("callmood").setLevel(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls = folder / "calls"
        seconds = sum(_copies(call, calls, options.copies) for call in _recordings(options.calls))
        print(f"{len(list(calls.iterdir()))} calls, {seconds:.0f} s of sound")
        begun, before_s = time.monotonic(), _cpu_s()
        callmood.scan(calls, db=folder / "local.duckdb", quiet_for=0)
        print(f"local: {time.monotonic() - begun:.0f} s, {_cpu_s() - before_s:.0f} CPU s")
        expected = _tables(folder / "local.duckdb")
        print(
            "| seed | worker killed after | machine lost after | outcomes | failed | begun twice | s | tables |"
        )
        print("|---:|---:|---:|---:|---:|---:|---:|---|", flush=True)
        unequal = False
        with _bucket(calls) if options.bucket else _nothing(calls) as where:
            for seed in options.seed:
                row, found = _on_cluster(seed, where, folder / f"{seed}.duckdb", folder)
                differing = _differing(expected, found)
                unequal |= bool(differing)
                print(f"{row} {', '.join(differing) or 'equal'} |", flush=True)
    sys.exit(1 if unequal else 0)


def _cpu_s() -> float:
    """Of this process and of those that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("calls", type=Path)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--bucket", action="store_true")
    return parser.parse_args()


def _recordings(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS)


def _copies(call: Path, folder: Path, count: int) -> float:
    """Writes copies of a call, each 0.1 s longer than the one before; returns their seconds."""
    folder.mkdir(exist_ok=True)
    samples = decode(call).samples
    total = 0.0
    for number in range(count):
        longer = np.pad(samples, ((0, 0), (0, number * SAMPLE_RATE // 10)))
        with wave.open(str(folder / f"{call.stem}_{number}.wav"), "wb") as file:
            file.setnchannels(len(longer))
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((longer.T * 32767).astype("<i2").tobytes())
        total += longer.shape[1] / SAMPLE_RATE
    return total


def load_noted(settings: Settings, device: str) -> Work:
    """Like ``load_scan``; notes which recordings are begun."""
    work = load_scan(settings, device)

    def noted(jobs: Sequence[Job]) -> Iterator[Outcome]:
        with Path(os.environ["CLUSTER_BEGUN"]).open("a") as file:
            file.writelines(f"{job.recording.id}\n" for job in jobs)
        yield from work(jobs)

    return noted


def _on_cluster(seed: int, where: str | Path, db: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    """Scans while a worker and a machine are lost; returns what happened as a row, and the tables."""
    from ray.cluster_utils import Cluster

    chance = random.Random(seed)
    kill_after, lose_after = sorted(chance.sample(range(1, 11), 2))
    noted = folder / f"begun {seed}"
    noted.touch()
    os.environ["CLUSTER_BEGUN"] = str(noted)
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    machines = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    second = machines.add_node(**NODE)
    os.environ["RAY_ADDRESS"] = machines.address
    setattr(run, "load_scan", load_noted)  # noqa: B010
    begun = time.monotonic()
    outcomes = 0
    failed = 0
    try:
        for outcome in callmood.iter_scan(where, db=db, engine="ray", device="cpu", quiet_for=0):
            outcomes += 1
            failed += isinstance(outcome, callmood.Failure)
            if outcomes == kill_after:
                os.kill(chance.choice(_actors(machines)), signal.SIGKILL)
            if outcomes == lose_after:
                machines.remove_node(second, allow_graceful=False)
                machines.add_node(**NODE)
    finally:
        machines.shutdown()
    ids = noted.read_text().split()
    row = (
        f"| {seed} | {kill_after} | {lose_after} | {outcomes} | {failed} | {len(ids) - len(set(ids))} | "
        f"{time.monotonic() - begun:.0f} |"
    )
    return row, _tables(db)


def _actors(machines: Any) -> list[int]:
    """The processes of the actors that run, by what Ray calls them."""
    raylets = {node.all_processes["raylet"][0].process.pid for node in machines.list_all_nodes()}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "cmdline").read_bytes()
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if name.startswith(b"ray::Analyst") and parent in raylets:
            found.append(int(process.name))
    return found


@contextmanager
def _bucket(calls: Path) -> Iterator[str]:
    """The calls in a bucket of S3, of which moto runs a server."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="calls")
    for file in calls.iterdir():
        client.upload_file(str(file), "calls", file.name)
    try:
        yield "s3://calls"
    finally:
        server.stop()


@contextmanager
def _nothing(calls: Path) -> Iterator[Path]:
    yield calls


def _tables(db: Path) -> dict[str, Any]:
    """The rows of each table, sorted, without what tells where and when."""
    with duckdb.connect(str(db), read_only=True) as con:
        tables = {}
        for table in TABLES:
            columns = [name for name, *_ in con.execute(f"DESCRIBE {table}").fetchall()]
            kept = ", ".join(f'"{name}"' for name in columns if name not in OF_A_SCAN)
            tables[table] = con.execute(f"SELECT {kept} FROM {table} ORDER BY ALL").fetchall()
    return tables


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs, by table: the number of rows, or of rows that are not the same."""
    found = []
    for table, rows in one.items():
        if len(rows) != len(other[table]):
            found.append(f"{table}: {len(rows)} and {len(other[table])} rows")
        elif count := sum(not _alike(a, b) for a, b in zip(rows, other[table], strict=True)):
            found.append(f"{table}: {count} of {len(rows)} rows")
    return found


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= NEAR
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


if __name__ == "__main__":
    main()
