"""Shows that a scan opens no network socket: run in a network namespace of its own, with every system call watched.

    python benchmarks/network.py tests/data/calls [MORE CALLS ...]

Needs Linux, strace and unshare. Prints the sockets of the scan, the reports and doctor by kind, and ends with 1 if
any is a network socket. In the namespace nothing can be reached; an attempt is seen all the same.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CALLMOOD = (sys.executable, "-m", "callmood")
NETWORK = ("AF_INET", "AF_INET6", "AF_PACKET", "AF_NETLINK")


def sockets(command: list[str], folder: Path) -> Counter[str]:
    """The sockets that a command and its processes open, by family."""
    trace = folder / "strace.txt"
    watched = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o", str(trace), *command]
    done = subprocess.run(["unshare", "-rn", *watched], cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    text = trace.read_text(errors="replace")
    return Counter(re.findall(r"\bsocket(?:pair)?\((AF_\w+)", text)) + Counter(
        {"connect": len(re.findall(r"\bconnect\(\d+, \{sa_family=AF_INET", text))}
    )


def main() -> None:
    calls = [str(Path(path).resolve()) for path in sys.argv[1:]] or ["tests/data/calls"]
    found = 0
    print("| command | network sockets | connects | others |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for arguments in (["scan", *calls], ["report", "--agent"], ["report", "--call"], ["doctor"]):
            seen = sockets([*CALLMOOD, *arguments], Path(folder))
            network = sum(seen[family] for family in NETWORK)
            found += network
            others = sum(seen.values()) - network - seen["connect"]
            print(
                f"| {' '.join(arguments[:1] + arguments[1:][:1])} | {network} | {seen['connect']} | {others} |",
                flush=True,
            )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
