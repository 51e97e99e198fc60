"""The folder where prepared sound is kept from run to run, and how a file gets into it whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from callmood.errors import CallmoodError


def cache_folder() -> Path:
    """$CALLMOOD_CACHE, or a folder callmood where the system keeps caches.

    Looked up by the functions of ``run`` and by a new Workspace; everything below is handed the folder.
    """
    named = os.environ.get("CALLMOOD_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        parent = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        parent = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(parent) / "callmood"


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Make the file ``path`` with what ``write`` puts into it; one that is killed midway leaves nothing there.

    Raises CallmoodError where the disk is full or the folder can't be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    content = BytesIO()  # NumPy, writing to a file itself, does not say why it failed
    write(content)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content.getbuffer())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise CallmoodError(
                f"The disk that holds {path.parent} is full. Make room, or set CALLMOOD_CACHE to another cache "
                "folder."
            ) from None
        raise CallmoodError(f"{path.parent} can't be written ({error.strerror}).") from None


def read_index(file: Path) -> dict[str, Any]:
    """What a JSON file of the cache holds; empty where it is missing or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def add_to_index(file: Path, fresh: Mapping[str, Any]) -> None:
    """Put ``fresh`` into a JSON file of the cache, beside what another run may have written there meanwhile."""
    if fresh:
        text = json.dumps({**read_index(file), **fresh})
        write_whole(file, lambda opened: opened.write(text.encode()))
