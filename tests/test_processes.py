"""Work on many clips in several processes: what becomes of them when the first one is killed."""

import subprocess
import sys
from pathlib import Path

SLEEPING = """
import time
from callmood.training.processes import mapped

def work(number):
    print("begun", flush=True)
    time.sleep(60)

if __name__ == "__main__":
    list(mapped(work, range(200), "sleeping"))
"""


def test_nobody_works_on_for_a_killed_process(tmp_path: Path) -> None:
    script = tmp_path / "sleeping.py"
    script.write_text(SLEEPING, encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    process.kill()
    process.communicate(timeout=20)  # until nobody is left who could write
