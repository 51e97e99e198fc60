"""What a scan needs on this machine, checked without loading a model."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import callmood
from callmood import bundled_weights
from callmood.bundled_weights import WHISPER_BASE
from callmood.engine.local import worker_slots
from callmood.engine.memory import WORKER_MEMORY_GB, memory_gb
from callmood.errors import CallmoodError
from callmood.pipeline.transcribe.recogniser import INSTALL_MULTILINGUAL, model_folder
from callmood.settings import SETTINGS_FILE, Settings, load_settings, user_file
from callmood.threads import count_cores

PACKAGES = (
    "whisperx",
    "torch",
    "transformers",
    "ctranslate2",
    "onnxruntime",
    "pyannote-audio",
    "av",
    "polars",
    "duckdb",
)
FREE_DISK_GB = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    """What to do if it is not ok."""
    needed: bool = True
    """Whether no scan is possible without it."""


def check_installation() -> list[Check]:
    """Check everything that a scan with the current settings would use."""
    checks = [
        Check(
            "callmood",
            True,
            f"{callmood.__version__}, Python {platform.python_version()}, {platform.platform()}",
        ),
        *_packages(),
    ]
    try:
        settings = load_settings()
    except CallmoodError as error:
        return [*checks, Check("settings", False, "invalid", str(error))]
    files = [str(file.resolve()) for file in (SETTINGS_FILE, user_file()) if file.is_file()]
    return [
        *checks,
        Check("settings", True, ", ".join(files) or f"defaults (no {SETTINGS_FILE} here, no {user_file()})"),
        *_models(settings),
        _check("device", lambda: _device(settings), "use --device cpu"),
        _memory(settings),
        _disk(settings.db),
        _check(
            "database", lambda: _database(settings.db), "restore a backup, or choose another file with --db"
        ),
        Check(
            "network",
            True,
            "not used: callmood downloads nothing, the telemetry of onnxruntime, pyannote and huggingface_hub is off, "
            "and DuckDB loads no extensions but the one that encrypts, where a key is set",
        ),
    ]


def _check(name: str, find: Callable[[], str], fix: str, *, needed: bool = True) -> Check:
    """``find`` returns what it found, or raises CallmoodError with what is wrong."""
    try:
        return Check(name, True, find(), needed=needed)
    except CallmoodError as error:
        return Check(name, False, str(error), fix, needed)


def _packages() -> Iterator[Check]:
    for name in PACKAGES:
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed", "reinstall callmood with pip")


def _models(settings: Settings) -> Iterator[Check]:
    from callmood.model.bundle import content_id, find_bundle

    reinstall = "reinstall callmood with pip"
    for model in bundled_weights.ALL:
        yield _check(model.name, lambda model=model: str(model.path()), reinstall)  # type: ignore[misc]
    yield _check(
        f"emotion model {settings.score.model}",
        lambda: content_id(find_bundle(settings.score.model)),
        "check --model",
    )
    yield _multilingual()
    asr = settings.transcribe.asr
    if asr != "tiny.en":
        yield _check(f"speech recognition {asr}", lambda: str(model_folder(asr)), "check --asr")


def _multilingual() -> Check:
    name, install = WHISPER_BASE.name, f"run {INSTALL_MULTILINGUAL} for --language auto and the like"
    if not WHISPER_BASE.is_installed:
        return Check(name, True, f"not installed; {install}")
    return _check(
        name, lambda: str(WHISPER_BASE.paths()[-1].parent), f"run {INSTALL_MULTILINGUAL}", needed=False
    )


def _device(settings: Settings) -> str:
    slots = worker_slots(settings, jobs=sys.maxsize)
    devices = dict.fromkeys(device for device, _ in slots)
    return f"{', '.join(devices)}; {count_cores()} cores; {len(slots)} workers"


def _memory(settings: Settings) -> Check:
    have_gb = memory_gb()
    if have_gb is None:
        return Check("memory", True, "unknown")
    workers = settings.engine.workers or 1  # without a number there are as many as there is room for
    ok = have_gb >= workers * WORKER_MEMORY_GB
    found = f"{have_gb:.1f} GB; a worker takes up to {WORKER_MEMORY_GB} GB"
    return Check(
        "memory", ok, found, "" if ok else "use fewer --workers, or a machine with more memory", False
    )


def _disk(database: Path) -> Check:
    folder = database.resolve().parent
    if not folder.is_dir():
        return Check(
            "disk",
            False,
            f"{folder} does not exist",
            f"create the folder {folder}, or choose another file with --db",
        )
    free_gb = shutil.disk_usage(folder).free / 1e9
    ok = free_gb >= FREE_DISK_GB
    return Check(
        "disk",
        ok,
        f"{free_gb:.1f} GB free at {folder}",
        "" if ok else "free some disk space for the database",
    )


def _database(path: Path) -> str:
    from callmood.store import may_exist, require_database_file, storage_version

    require_database_file(path)
    if not may_exist(path):
        return f"{path.resolve()}, created by the first scan"
    return f"{path.resolve()}, for DuckDB {storage_version(path)}"
