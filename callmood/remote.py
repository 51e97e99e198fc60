"""Recordings in buckets and on web servers: addresses such as s3://bucket/calls/1.wav as paths, read through fsspec.

Whoever may read them is known to the storage's own library, from its environment and files; an address that holds a
password or a key is refused, because paths are stored and shown.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, unquote, urlsplit

from callmood.errors import CallmoodError, UsageError
from callmood.wording import printable
from callmood.writing import temporary_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PACKAGES: Final = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "http": "aiohttp",
    "https": "aiohttp",
}
"""The package that each kind of storage needs."""
_WEB: Final = ("http", "https")
_VERSIONS: Final = ("ETag", "etag", "generation", "Content-MD5", "Digest")
"""What storages call that which changes with a file's content."""
_TIMES: Final = ("LastModified", "last_modified", "mtime", "updated", "Last-Modified")
_BLOCK_BYTES: Final = 8 << 20
_AHEAD_BYTES: Final = 1 << 18
"""Fetched beyond what is read: whoever looks at a header reads little."""

_held: Final[dict[Path, BinaryIO]] = {}
"""Files that were fetched, for as long as they are needed."""


class RemotePath(Path if TYPE_CHECKING else type(Path())):  # type: ignore[misc]
    """An address as a path: it has a name, a suffix and parents, and can be asked for its status and opened.

    What it raises are OSErrors. Make it by ``as_path``.
    """

    def __str__(self) -> str:
        scheme, *others = self.parts or ("",)
        return f"{scheme}//{'/'.join(others)}" if scheme.endswith(":") else super().__str__()

    def __fspath__(self) -> str:
        return str(self)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Type, size and time of change; what is no file is a folder."""
        if self in _held:
            return _status({"size": os.fstat(_held[self].fileno()).st_size})
        with _as_os_errors():
            fs, key = _opened_storage(self)
            return _status(fs.info(key))

    def lstat(self) -> os.stat_result:
        return self.stat()

    def exists(self, *, follow_symlinks: bool = True) -> bool:
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self.exists() and stat.S_ISREG(self.stat().st_mode)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self.exists() and stat.S_ISDIR(self.stat().st_mode)

    def absolute(self) -> RemotePath:
        return self

    def as_uri(self) -> str:
        return str(self)

    def open(self, mode: str = "rb", *_: object, **__: object) -> BinaryIO:
        """The file for reading; of a bucket, parts are fetched as they are read, unless it is ``held``."""
        if mode != "rb":
            raise OSError("Recordings in buckets are only read")
        if self in _held:
            return io.BufferedReader(_Reader(_held[self]), 1 << 16)
        with _as_os_errors():
            fs, key = _opened_storage(self)
            if _scheme(self) in _WEB:  # many servers send no parts
                with fs.open(key, "rb", block_size=0) as stream:
                    file = _copied(stream)
            else:
                file = fs.open(key, "rb", block_size=_AHEAD_BYTES, cache_type="readahead")
        return io.BufferedReader(_Reader(file, owns=True), 1 << 16)


class _Reader(io.RawIOBase):
    """Reads a file from a position of its own, and raises OSErrors only."""

    def __init__(self, file: BinaryIO, *, owns: bool = False) -> None:
        self._file = file
        self._owns = owns
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        with _as_os_errors(), _one_reader:
            base = {0: 0, 1: self._at}.get(whence)
            self._at = offset + (self._file.seek(0, 2) if base is None else base)
        return self._at

    def readinto(self, buffer: Any) -> int:
        with _as_os_errors(), _one_reader:
            self._file.seek(self._at)
            block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def close(self) -> None:
        if self._owns and not self.closed:
            self._file.close()
        super().close()


_one_reader: Final = Lock()


def as_path(text: str | Path) -> Path:
    """A path, or an address as a path. Raises nothing: it is for what is stored too; see ``checked_path``."""
    if isinstance(text, Path):
        return text
    scheme, divider, rest = text.partition("://")
    if not divider or scheme.lower() not in PACKAGES:
        return Path(text)
    return RemotePath(f"{scheme.lower()}:", *rest.split("/"))


def checked_path(text: str | Path) -> Path:
    """What a user gave as a path or an address.

    Raises UsageError if it is an address that callmood can't read, or must not because it holds a password or a key.
    """
    if isinstance(text, Path) or "://" not in text:
        return as_path(text)
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    if scheme == "file":
        return Path(unquote(urlsplit(text).path))
    if scheme not in PACKAGES:
        kinds = ", ".join(f"{one}://" for one in PACKAGES)
        raise UsageError(
            f"{printable(scheme)}:// is no storage that callmood reads. It reads {kinds} and paths."
        )
    user, at, _ = rest.partition("/")[0].rpartition("@")
    is_web = scheme in _WEB
    if (at and (is_web or ":" in user)) or (is_web and "?" in rest):
        raise UsageError(
            f"The {scheme}:// address may hold a password or a key, which would be stored with the calls. Give it "
            "without; keys belong into the environment or the configuration of the storage's own tools."
        )
    if not rest.strip("/"):
        raise UsageError(f"{scheme}:// names no bucket. Give {scheme}://BUCKET/FOLDER.")
    return as_path(f"{scheme}://{unquote(rest) if is_web else rest}")


def status_of(path: Path, file: BinaryIO) -> os.stat_result:
    """The status of an open file. Raises OSError."""
    return path.stat() if isinstance(path, RemotePath) else os.fstat(file.fileno())


def files_below(root: RemotePath) -> Iterator[tuple[str, RemotePath | None, os.stat_result]]:
    """The files in a folder, to any depth: name below it, path, and status.

    The path is None of a name that is no path, such as one with an empty part. Raises OSError.
    """
    with _as_os_errors():
        fs, key = _opened_storage(root)
        if _scheme(root) in _WEB:
            found, key = _web_files(fs, key), unquote(key)
        else:
            found = fs.find(key, detail=True)
        for name, info in found.items():
            below = name.removeprefix(key).lstrip("/")
            if not below or below.endswith("/") or info.get("type") == "directory":
                continue  # the mark of a folder
            path = RemotePath(root, below)
            yield below, path if str(path) == f"{root}/{below}" else None, _status(info)


@contextmanager
def held(paths: Iterable[Path]) -> Iterator[None]:
    """Those of ``paths`` that are remote are fetched, once, and read from unnamed files as long as this lasts.

    So what is hashed is what was decoded. Nothing of them stays on the disk. Raises OSError.
    """
    with ExitStack() as stack:
        for path in paths:
            if isinstance(path, RemotePath) and path not in _held:
                with path.open() as file, _as_os_errors():
                    _held[path] = stack.enter_context(_copied(file))
                stack.callback(_held.pop, path, None)
        yield


def _copied(file: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile(dir=temporary_folder())  # noqa: SIM115
    try:
        shutil.copyfileobj(file, copy, _BLOCK_BYTES)
    except BaseException:
        copy.close()
        raise
    return copy


def _scheme(path: RemotePath) -> str:
    return str(path.parts[0]).rstrip(":")


def _opened_storage(path: RemotePath) -> tuple[AbstractFileSystem, str]:
    """The storage of an address, and the address as the storage knows it."""
    import fsspec

    scheme, text = _scheme(path), str(path)
    if scheme in _WEB:
        root = f"{scheme}://{path.parts[1]}"
        key = root + quote(text.removeprefix(root))
    else:
        root = key = text
    try:
        # never a chain such as simplecache::s3://, which would keep copies
        storage = fsspec.get_filesystem_class(scheme)
        options = {} if scheme in _WEB else storage._get_kwargs_from_urls(root)
        fs = fsspec.filesystem(scheme, use_listings_cache=False, **options)
    except ImportError:
        package = PACKAGES[scheme]
        extra = "'callmood[s3]'" if package == "s3fs" else package
        raise CallmoodError(
            f"{scheme}:// needs the package {package}. Install it with `pip install {extra}`."
        ) from None
    return fs, key if scheme in _WEB else fs._strip_protocol(key)


def _web_files(fs: AbstractFileSystem, root: str) -> dict[str, dict[str, Any]]:
    """What a web server's lists of links lead to below ``root``, by names that are not encoded."""
    found: dict[str, dict[str, Any]] = {}
    folders = [root.rstrip("/") + "/"]
    top = unquote(folders[0])
    seen = {top}
    while folders:
        for link in fs.ls(folders.pop(), detail=False):
            link = link.partition("#")[0].partition("?")[0]
            name = unquote(link)
            if name in seen or not name.startswith(top) or "/../" in name:
                continue
            seen.add(name)
            if name.endswith("/"):
                folders.append(link)
            else:
                found[name] = fs.info(link)
    return found


def _status(info: dict[str, Any]) -> os.stat_result:
    """What a storage says of a file, as a file system says it.

    Storages know the time to the second; the rest of the time's nanoseconds are a digest of the content's version, so
    that another content of the same second and size shows. Of what has neither, the time is 0.
    """
    is_folder = info.get("type") == "directory" or info.get("mimetype") == "text/html"
    version = next((str(info[name]) for name in _VERSIONS if info.get(name)), "")
    changed = next((_time_of(info[name]) for name in _TIMES if info.get(name)), None)
    ns = int(changed.timestamp()) * 10**9 if changed else 0
    if version:
        ns += 1 + int.from_bytes(hashlib.sha256(version.encode()).digest()[:8], "big") % (10**9 - 1)
    elif changed:
        ns += changed.microsecond * 1000
    mode = stat.S_IFDIR if is_folder else stat.S_IFREG
    seconds = ns // 10**9
    return os.stat_result(
        (mode, 0, 0, 1, 0, 0, int(info.get("size") or 0), seconds, seconds, seconds),
        {"st_atime_ns": ns, "st_mtime_ns": ns, "st_ctime_ns": ns},
    )


def _time_of(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(str(value))
    except ValueError:
        return None


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """The storage libraries raise errors of their own for what the network does; callers know OSErrors."""
    try:
        yield
    except (OSError, CallmoodError, MemoryError):
        raise
    except Exception as error:
        name = type(error).__name__
        if "Credential" in name:
            raise PermissionError(f"no credentials were found ({name})") from None
        said = str(error).splitlines()[0] if str(error) else ""
        raise OSError(f"{name}: {said}" if said else name) from None
