"""The benchmark of faults, a few seconds of it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found by /proc")
def test_a_killed_scan_goes_on_to_the_same_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from fault_kinds.harness import Plan, kill_session
    from fault_kinds.stopping import stopped_scans

    plan = Plan(seed=1, scale=1.0, folder=tmp_path, jobs=1)
    result = stopped_scans(plan, "kill", 2, lambda pid, _: kill_session(pid), {0, -9})
    assert result.count == 2 and result.failures == []
