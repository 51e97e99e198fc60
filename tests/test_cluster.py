"""A Ray cluster of two machines on this one: workers and machines die, and every recording ends in one outcome."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from callmood.call import Failure, Outcome, Recording
from callmood.engine import cluster, local
from callmood.engine.ledger import MAX_CHUNK
from callmood.errors import CallmoodError, UsageError
from callmood.network import switch_off_telemetry
from callmood.pipeline.pipeline import Job, Work
from callmood.settings import EngineSettings, Settings
from callmood.threads import own_threads

pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ray runs clusters on Linux and macOS")

each = chain.from_iterable

PATIENCE_S = 60.0
NODE = {"num_cpus": 1, "dashboard_agent_listen_port": 0}


def settings(device: str = "cpu", **engine: object) -> Settings:
    return Settings(engine=EngineSettings.model_validate({"device": device, "kind": "ray", **engine}))


def jobs(*names: str, folder: Path = Path()) -> list[Job]:
    return [Job(Recording(id=name, path=folder / name, size_bytes=len(name))) for name in names]


def calls(count: int) -> list[str]:
    return [f"call {number:02}" for number in range(count)]


def work(jobs: Sequence[Job], said: str = "Nothing.") -> Iterator[Outcome]:
    """Fails each recording, and dies of those named "deadly"."""
    for job in jobs:
        print("a word of the transcript")
        if job.recording.id.startswith("deadly"):
            os._exit(9)
        yield Failure(job.recording.path, "no speech", said, job.recording)


def load(settings: Settings, device: str) -> Work:
    return lambda jobs: work(jobs, f"{device} {own_threads()}")


def load_held(*_: object) -> Work:
    return held


def held(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Notes each job in its recording's folder, and waits before the second until there is a file "go"."""
    import ray

    for number, job in enumerate(jobs):
        folder = job.recording.path.parent
        with (folder / "begun").open("a") as file:
            file.write(job.recording.id + "\n")
        wait_for((folder / "go").exists) if number else None
        here = f"{os.getpid()} {ray.get_runtime_context().get_node_id()}"
        yield from [Failure(job.recording.path, "no speech", here, job.recording)]


def load_unlucky(*_: object) -> Work:
    return unlucky


def unlucky(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Dies at the first attempt, and is lost with its machine at the second."""
    for job in jobs:
        attempts = job.recording.path.parent / "begun"
        with attempts.open("a") as file:
            file.write(job.recording.id + "\n")
        count = len(attempts.read_text().splitlines())
        if count == 1:
            os._exit(9)
        if count == 2:
            os.kill(os.getppid(), signal.SIGKILL)  # ray's own process on this machine
            time.sleep(PATIENCE_S)
        yield Failure(job.recording.path, "no speech", "Nothing.", job.recording)


def cannot_load(*_: object) -> Work:
    raise CallmoodError("There is no model.")


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def ended(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def reasons(outcomes: Sequence[Outcome]) -> dict[str, str]:
    found = {one.recording.id: one.reason for one in outcomes if isinstance(one, Failure) and one.recording}
    assert len(found) == len(outcomes)
    return found


def said(outcome: Outcome) -> list[str]:
    """Process and machine of an outcome of ``held``."""
    assert isinstance(outcome, Failure)
    return outcome.error.split()


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    """The cluster, to which this process is not connected."""
    switch_off_telemetry()
    from ray.cluster_utils import Cluster

    # ray's handlers of signals would stay for the tests of all other files
    with cluster._own_handlers(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # else they wait for all others on a busy machine
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        machines = Cluster(
            initialize_head=True, head_node_args={**NODE, "include_dashboard": False, "num_gpus": 1}
        )
        machines.add_node(**NODE)
        patch.setenv("RAY_ADDRESS", machines.address)
        yield machines
        machines.shutdown()


@pytest.fixture
def begun(tmp_path: Path) -> Callable[[], Counter[str]]:
    return lambda: Counter((tmp_path / "begun").read_text().splitlines())


def test_outcomes_are_those_of_one_machine(machines: Any, capfd: pytest.CaptureFixture[str]) -> None:
    names = [*calls(9), "deadly"]
    on_cluster = reasons(list(each(cluster.run_jobs(settings(), jobs(*names), load))))
    assert "transcript" not in "".join(capfd.readouterr())
    here = reasons(list(each(local.run_jobs(settings(workers=1), jobs(*names), load))))
    assert on_cluster == here == {**dict.fromkeys(calls(9), "no speech"), "deadly": "worker died"}


def test_each_recording_is_begun_once(
    machines: Any, tmp_path: Path, begun: Callable[[], Counter[str]]
) -> None:
    (tmp_path / "go").touch()
    outcomes = list(each(cluster.run_jobs(settings(), jobs(*calls(9), folder=tmp_path), load_held)))
    assert begun() == Counter(calls(9)) == Counter(list(reasons(outcomes)))


def test_a_killed_worker_repeats_only_what_it_had_begun(
    machines: Any, tmp_path: Path, begun: Callable[[], Counter[str]]
) -> None:
    names = calls(20)
    outcomes = each(cluster.run_jobs(settings(workers=1), jobs(*names, folder=tmp_path), load_held))
    first = next(outcomes)
    os.kill(int(said(first)[0]), signal.SIGKILL)
    (tmp_path / "go").touch()
    assert reasons([first, *outcomes]) == dict.fromkeys(names, "no speech")
    repeated = begun().total() - len(names)
    assert begun()[first.recording.id if first.recording else ""] == 1
    assert repeated <= MAX_CHUNK


def test_a_machine_that_joins_is_used_and_repeats_only_what_it_had_begun_when_it_is_lost(
    machines: Any,
    tmp_path: Path,
    begun: Callable[[], Counter[str]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cluster, "_LOOK_AROUND_S", 0.2)
    names = calls(40)
    outcomes = each(cluster.run_jobs(settings(), jobs(*names, folder=tmp_path), load_held))
    found = [next(outcomes)]
    joined = machines.add_node(**NODE)
    while said(found[-1])[1] != joined.node_id:
        found.append(next(outcomes))
    machines.remove_node(joined, allow_graceful=False)
    (tmp_path / "go").touch()
    assert reasons([*found, *outcomes]) == dict.fromkeys(names, "no speech")
    assert begun().total() - len(names) <= MAX_CHUNK
    assert capfd.readouterr() == ("", "")
    # Ray may take a while to give up the machine, and would connect the next test to it
    wait_for(lambda: joined.node_id not in alive(machines))


def alive(machines: Any) -> set[str]:
    return {one["NodeID"] for one in machines.global_state.node_table() if one["Alive"]}


def test_actors_end_when_the_scan_is_stopped(machines: Any, tmp_path: Path) -> None:
    outcomes = cluster.run_jobs(settings(workers=1), jobs(*calls(20), folder=tmp_path), load_held)
    pid = int(said(next(outcomes)[0])[0])
    outcomes.close()
    wait_for(lambda: ended(pid))


DRIVER = """
from pathlib import Path
from test_cluster import calls, cluster, jobs, load_held, said, settings
for outcomes in cluster.run_jobs(settings(workers=1), jobs(*calls(20), folder=Path({folder!r})), load_held):
    print(said(outcomes[0])[0], flush=True)
"""


def test_actors_end_when_the_process_that_started_them_is_killed(machines: Any, tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(folder=str(tmp_path)))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        pid = int(driver.stdout.readline())
        driver.kill()
    wait_for(lambda: ended(pid))


def test_actors_on_gpus_have_a_size_of_their_own(machines: Any) -> None:
    on_gpu = settings("auto", cpus_per_gpu_worker=1, gpus_per_worker=0.5)
    outcomes = list(each(cluster.run_jobs(on_gpu, jobs("a"), load)))
    assert [one.error for one in outcomes if isinstance(one, Failure)] == ["cuda:0 1"]


def test_models_that_cannot_be_loaded_end_the_scan_with_the_machine_and_the_reason(machines: Any) -> None:
    with pytest.raises(CallmoodError, match=r"could not start: on .*, There is no model\.$"):
        list(cluster.run_jobs(settings(workers=1), jobs("a"), cannot_load))


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (settings("cuda", cpus_per_gpu_worker=8), "No machine of the Ray cluster has a GPU and 8 cores"),
        (settings(cpus_per_worker=8), "No machine of the Ray cluster has 8 cores"),
        (settings("mps"), "Ray knows no Apple GPUs"),
    ],
)
def test_a_cluster_without_room_is_said_at_once(machines: Any, wanted: Settings, error: str) -> None:
    with pytest.raises(CallmoodError, match=error):
        list(cluster.run_jobs(wanted, jobs("a"), load))


def test_the_client_port_is_not_taken_for_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    with pytest.raises(UsageError, match="on a machine of the cluster"):
        list(cluster.run_jobs(settings(), jobs("a"), load))


def test_no_cluster_is_said_with_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(CallmoodError, match=f"No Ray cluster can be reached at {address} .* Start one with"):
        list(cluster.run_jobs(settings(), jobs("a"), load))


def test_no_jobs_need_no_cluster() -> None:
    assert list(cluster.run_jobs(settings(), [], load)) == []


def test_a_lost_machine_is_not_taken_for_a_recording_that_kills(
    machines: Any, tmp_path: Path, begun: Callable[[], Counter[str]]
) -> None:
    for _ in range(2):
        machines.add_node(**{**NODE, "num_cpus": 2})
    alone = settings(workers=1, cpus_per_worker=2)
    outcomes = list(each(cluster.run_jobs(alone, jobs("unlucky", folder=tmp_path), load_unlucky)))
    assert reasons(outcomes) == {"unlucky": "no speech"} and begun().total() == 3
