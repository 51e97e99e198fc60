"""Files that a user asked for: written whole or not at all, for their owner only. And where temporary ones go."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Make ``path`` a file that holds ``data``; until all of it is on the disk, an earlier file stays as it was.

    A new file can be read by its owner alone; an earlier one keeps its owner and mode, and a link its target. What is
    no plain file (``/dev/stdout``, a named pipe) is written to. Raises OSError.
    """
    earlier = path.stat() if path.exists() else None
    if earlier is not None and (not stat.S_ISREG(earlier.st_mode) or _is_open_file(path)):
        path.write_bytes(data)
        return
    path = path.resolve()
    number, name = tempfile.mkstemp(prefix=".callmood-", suffix=".part", dir=path.parent)  # mode 0600
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(number)
        if earlier is not None:
            part.chmod(stat.S_IMODE(earlier.st_mode))
            with suppress(OSError, AttributeError):  # Windows has no chown, and only root may give files away
                os.chown(part, earlier.st_uid, earlier.st_gid)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _is_open_file(path: Path) -> bool:
    """Whether ``path`` names what a process has open, as ``/dev/stdout`` does: renaming would not reach that."""
    while True:
        folder = path.parent.resolve()
        if folder.match("/proc/*/fd") or folder == Path("/dev/fd"):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()


def temporary_folder() -> Path:
    """Where large temporary files go: TMPDIR, else /var/tmp, because /tmp is often in memory."""
    disk = Path("/var/tmp")
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return disk if not chosen and os.access(disk, os.W_OK) else Path(tempfile.gettempdir())
