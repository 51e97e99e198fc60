"""The settings, one typed object per stage. Options override the environment, which overrides the files.

In ``callmood.toml`` each object is a table (``[transcribe]``), in the environment a prefix
(``CALLMOOD_TRANSCRIBE__ASR=large-v3-turbo``). The file in the current folder overrides the user's own, but it may have
come with the recordings: what it says must not decide which models are loaded (see ``TRUSTED``).
"""

import os
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypedDict, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from callmood.call import ChannelChoice, Device, Engine, RoleChoice
from callmood.errors import UsageError
from callmood.wording import did_you_mean
from callmood.writing import write_whole

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SETTINGS_FILE: Final = Path("callmood.toml")
"""In the current folder; the user's own has the same name (see ``user_file``)."""
PREFIX: Final = "CALLMOOD_"
MAX_HOURS: Final = 6.0
"""Above this a file is a logger's tape, not a call."""
CACHE: Final = "cache"
"""CALLMOOD_CACHE is not a setting: it names the folder where training keeps prepared sound."""
DB_KEY: Final = "db_key"
"""CALLMOOD_DB_KEY is not a setting either: settings are stored with each scan."""


class _Stage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DiscoverSettings(_Stage):
    name_pattern: str | None = None
    """A regular expression with named groups (agent, customer, call_id, queue, started_at; others become metadata)."""
    metadata: Path | None = None
    """A CSV, JSON or Parquet table, joined by file name or call id."""
    time_format: str | None = None
    """strptime's format of the start times in the table, or in the group started_at of the name pattern."""
    timezone: str | None = None
    """The zone of those who had the calls, such as Europe/Berlin; None: the machine's own. Times that name a zone are
    converted to it."""
    quiet_for: float = Field(default=5.0, ge=0, le=3600, allow_inf_nan=False)
    """Seconds for which a file must not have changed; one that still changes waits for the next scan."""


class AudioSettings(_Stage):
    max_hours: float = Field(default=MAX_HOURS, gt=0)
    """Longer recordings are refused. An hour takes 0.23 GB a channel, above 70 minutes in a temporary file."""


class SpeakerSettings(_Stage):
    agent_channel: ChannelChoice = "auto"
    speakers: int | None = Field(default=None, ge=1, le=8)
    """Speakers on a mono call; None detects the number, with a preference for two."""
    diarizer: str = "embedded"
    """"embedded", the folder of a pyannote pipeline, or the name of one that ``hf download`` has fetched."""


class TranscribeSettings(_Stage):
    asr: str = "tiny.en"
    """"tiny.en", the folder of a faster-whisper model, or the name of one that ``hf download`` has fetched."""
    language: str | None = None
    """Two letters, or "auto" to find that of each call; None: English by tiny.en, found by a multilingual model."""
    vocabulary: Path | None = None
    """A text file with names and products that the recogniser is to expect, one a line."""
    redact: bool = False
    """Store texts and words without what identifies people or opens their accounts: card numbers, names and others."""
    align: bool = False
    """Find word times by forced alignment, which needs a model for the language on this machine."""
    align_model: str | None = None
    """The folder of a wav2vec 2.0 model for all calls, or the name of one that ``hf download`` has fetched; None: the
    one that WhisperX names for each language."""
    batch_size: int = Field(default=16, ge=1, le=256)

    @property
    def aligns(self) -> bool:
        """Whether word times are found by forced alignment: who names a model wants it."""
        return self.align or self.align_model is not None


class ScoreSettings(_Stage):
    model: str = "embedded"
    """"embedded", "open", or the folder of a bundle that ``callmood train`` made."""
    roles: RoleChoice = "all"
    """Whose segments are scored."""
    keep_vectors: bool = False
    """Store what the encoders made of the scored segments, so that another model with the same encoders can score
    them without their recording. About 17 MB for an hour of speech."""


class EngineSettings(_Stage):
    kind: Engine = "local"
    device: Device = "auto"
    workers: int | None = Field(default=None, ge=1, le=4096)
    """Number of processes; None: one per processor core or GPU; in a cluster as many as its machines have room for."""
    gpus: int | None = Field(default=None, ge=1, le=64)
    """Number of GPUs of this machine to use, each fed by processes on the other cores; None: all, by a process each."""
    cpus_per_worker: int = Field(default=1, ge=1, le=64)
    """Processor cores, and threads, of a worker without GPU in a cluster."""
    cpus_per_gpu_worker: int = Field(default=4, ge=1, le=64)
    """Processor cores of a worker with a GPU in a cluster."""
    gpus_per_worker: float = Field(default=1, gt=0, le=1)
    """Share of a GPU that a worker takes in a cluster."""


class Settings(BaseSettings):
    """Everything that a scan needs besides the recordings."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
    )

    db: Path = Path("callmood.duckdb")
    db_key_file: Path | None = None
    """A file with the key of the database, if that is encrypted and CALLMOOD_DB_KEY does not hold it."""
    wait: float = Field(default=60, ge=0, allow_inf_nan=False)
    """Seconds to wait for other programs that have the database open, and for another scan."""
    discover: DiscoverSettings = DiscoverSettings()
    audio: AudioSettings = AudioSettings()
    speakers: SpeakerSettings = SpeakerSettings()
    transcribe: TranscribeSettings = TranscribeSettings()
    score: ScoreSettings = ScoreSettings()
    engine: EngineSettings = EngineSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = (InitSettingsSource(settings_cls, table) for table in (_project_table(), _table(user_file())))
        return init_settings, env_settings, *files


class ScanOptions(TypedDict, total=False):
    """The options of a scan. What is missing or None comes from the environment, a ``callmood.toml`` or the default."""

    db: str | Path | None
    """The DuckDB file."""
    wait: float | None
    """Seconds to wait for others who use the database, before BusyError."""
    metadata: str | Path | None
    name_pattern: str | None
    time_format: str | None
    timezone: str | None
    quiet_for: float | None
    """Seconds."""
    agent_channel: ChannelChoice | None
    speakers: int | None
    diarizer: str | None
    asr: str | None
    language: str | None
    vocabulary: str | Path | None
    align: bool | None
    align_model: str | None
    redact: bool | None
    model: str | None
    roles: RoleChoice | None
    keep_vectors: bool | None
    """Store vectors, for ``rescore`` without recordings."""
    device: Device | None
    engine: Engine | None
    """"ray" needs callmood[ray] and a cluster that runs."""
    workers: int | None
    gpus: int | None


OPTIONS: Final[Mapping[str, str]] = {
    "db": "db",
    "wait": "wait",
    "metadata": "discover.metadata",
    "name_pattern": "discover.name_pattern",
    "time_format": "discover.time_format",
    "timezone": "discover.timezone",
    "quiet_for": "discover.quiet_for",
    "agent_channel": "speakers.agent_channel",
    "speakers": "speakers.speakers",
    "diarizer": "speakers.diarizer",
    "asr": "transcribe.asr",
    "language": "transcribe.language",
    "vocabulary": "transcribe.vocabulary",
    "align": "transcribe.align",
    "align_model": "transcribe.align_model",
    "redact": "transcribe.redact",
    "model": "score.model",
    "roles": "score.roles",
    "keep_vectors": "score.keep_vectors",
    "device": "engine.device",
    "engine": "engine.kind",
    "workers": "engine.workers",
    "gpus": "engine.gpus",
}
"""The setting of each option, by its dotted name."""


TRUSTED: Final = ("diarizer", "asr", "align_model", "model")
"""Options that can load a model from outside callmood: to the current folder's file only their defaults are open."""


def load_settings(options: ScanOptions | None = None) -> Settings:
    """The settings in force, where ``options`` override all others.

    Raises UsageError if an option, a setting or the settings file is wrong.

    >>> load_settings({"roles": "customer"}).score.roles
    'customer'
    """
    options = options or {}
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise UsageError(f"There is no option {unknown[0]}{did_you_mean(unknown[0], list(OPTIONS))}.")
    given: dict[str, Any] = {}
    for name, value in cast("Mapping[str, Any]", options).items():
        if value is not None:
            *tables, setting = OPTIONS[name].split(".")
            table = given
            for part in tables:
                table = table.setdefault(part, {})
            table[setting] = value
    _check_environment()
    try:
        return Settings(**given)
    except ValidationError as error:
        raise UsageError(_explain(error, options)) from None
    except SettingsError as error:  # a variable for a whole table that is not JSON
        variable = next(
            (PREFIX + name.upper() for name in Settings.model_fields if f'"{name}"' in str(error)), ""
        )
        raise UsageError(
            f"{variable or 'A variable'} is not a table in JSON. Set {variable or PREFIX}__NAME for a single setting."
        ) from None


def user_file() -> Path:
    """The user's own settings, which need not exist: ``~/.config/callmood/callmood.toml`` on Linux."""
    from platformdirs import user_config_path

    return user_config_path("callmood", appauthor=False, roaming=True) / SETTINGS_FILE


def source_of(setting: str) -> str:
    """Where a setting comes from that no option gives: the variable's name, or a file's. "" for a default."""
    variable = PREFIX + setting.upper().replace(".", "__")
    if variable in {name.upper() for name in os.environ}:
        return variable
    found = (str(file) for file in (SETTINGS_FILE, user_file()) if _value(_table(file), setting) is not None)
    return next(found, "")


def _project_table() -> dict[str, Any]:
    """What the current folder's file says. Raises UsageError if it names a model that does not come with callmood."""
    table = _table(SETTINGS_FILE)
    for option in TRUSTED:
        setting = OPTIONS[option]
        group, name = setting.split(".")
        default = Settings.model_fields[group].default
        if _value(table, setting) not in (None, getattr(default, name)):
            raise UsageError(
                f"{SETTINGS_FILE.resolve()} sets {setting}, which loads a model, and such a file may have come with "
                f"the recordings. If you trust it, move the line to {user_file()}, or give {_flag(option)}."
            )
    return table


def _table(file: Path) -> dict[str, Any]:
    if file.exists() and not (file.is_file() or file.is_dir()):  # to open a named pipe would wait for ever
        raise UsageError(f"{file} is not a file. Remove it.")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file} can't be read: {error}. Fix it or remove it.") from None
    for name in table:
        if name not in Settings.model_fields:  # pydantic would take [Transcribe] for [transcribe]
            raise UsageError(f"There is no setting {name}. Correct the name in {file}.")
    return table


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _value(table: Any, setting: str) -> Any:
    for part in setting.split("."):
        table = table.get(part) if isinstance(table, Mapping) else None
    return table


def _explain(error: ValidationError, options: ScanOptions) -> str:
    """The first error as a message, under the name that the user gave it."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no setting {name}. Correct the name in {source_of(name) or 'the environment'}."
    must = first["msg"].replace("Input should", "must") if first["msg"].startswith("Input should") else ""
    why = f" {must}." if must else f" is wrong: {first['msg']}."
    for option, setting in OPTIONS.items():
        if setting == name and options.get(option) is not None:
            return f"{_flag(option)}{why}"
    return f"The setting {name}{why} Correct it in {source_of(name) or 'the environment'}."


def write_model(name: str) -> None:
    """Make ``name`` the emotion model of scans in the user's own file, which is created if there is none.

    Changes nothing else in the file. Raises UsageError, and leaves the file alone, if the settings are wrong.
    """
    import tomlkit

    load_settings({"model": name})
    file = user_file()
    # bytes, because text mode would change the file's line endings
    document = tomlkit.parse(file.read_bytes() if file.is_file() else "")
    table, setting = OPTIONS["model"].split(".")
    document.setdefault(table, tomlkit.table())[setting] = name
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, tomlkit.dumps(document).encode())


def _check_environment() -> None:
    """pydantic ignores variables that match no setting, so a misspelt one would go unnoticed."""
    known = [CACHE, DB_KEY, *Settings.model_fields]
    for variable in os.environ:
        table, divider, name = variable.removeprefix(PREFIX).partition("__")
        if variable.startswith(PREFIX) and table.lower() not in known:
            near = get_close_matches(table.lower(), known, n=1)
            hint = f" (did you mean {PREFIX}{near[0].upper()}{divider}{name}?)" if near else ""
            raise UsageError(f"Unknown environment variable {variable}{hint}. Correct its name or unset it.")
