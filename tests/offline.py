"""A program and its processes watched: every network socket that they open is written down."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# Imported by every Python process before anything else. What native code opens bypasses it; strace sees that.
_HOOK = """
import os, socket, sys, traceback
FAMILIES = {int(socket.AF_INET), int(socket.AF_INET6)}
NAMES = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
def note(event, arguments):
    if event == "socket.__new__" and int(arguments[1]) in FAMILIES or event in NAMES and not local(event, arguments):
        with open(os.environ["SOCKETS_SEEN"], "a") as file:
            file.write(event + " " + repr(arguments[1:]) + "\\n" + "".join(traceback.format_stack()[-6:-1]))
def local(event, arguments):
    return event not in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0].family not in FAMILIES
sys.addaudithook(note)
"""


def watch(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Runs ``command`` in ``folder``, where it also finds an empty home; returns how it ended and the sockets seen."""
    hook, seen, trace = folder / "hook", folder / "seen.txt", folder / "strace.txt"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(_HOOK)
    (folder / "home").mkdir(exist_ok=True)
    seen.write_text("")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("CALLMOOD_", "XDG_"))}
    own |= {"HOME": str(folder / "home"), "PYTHONPATH": str(hook), "SOCKETS_SEEN": str(seen)}
    tracer = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o", str(trace)] if can_trace() else []
    done = subprocess.run(
        [*tracer, *command], cwd=folder, env={**own, **(environment or {})}, capture_output=True, text=True
    )
    calls = trace.read_text().splitlines() if tracer else []
    return done, [
        *seen.read_text().splitlines(),
        *(call for call in calls if re.search(r"AF_INET6?\b", call)),
    ]


def can_trace() -> bool:
    """Whether strace is here and may trace: sockets of native code are seen only then."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o", os.devnull, "true"]
    return subprocess.run(command, capture_output=True).returncode == 0
