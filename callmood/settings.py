"""What can be set, one typed object a stage. Flags win over the environment, that over the file, that over defaults.

In ``callmood.toml`` each object is a table (``[transcribe]``), in the environment a prefix
(``CALLMOOD_TRANSCRIBE__ASR=large-v3-turbo``).
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from callmood.errors import UsageError

SETTINGS_FILE = Path("callmood.toml")
PREFIX: Final = "CALLMOOD_"
CACHE: Final = "cache"
"""CALLMOOD_CACHE is no setting: it names the folder where training keeps prepared sound."""


class _Stage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DiscoverSettings(_Stage):
    name_pattern: str | None = None
    """A regular expression with named groups (agent, customer, call_id, queue, started_at, others are kept)."""
    metadata: Path | None = None
    """A CSV, JSON or Parquet table, joined by file name or call id."""


class SpeakerSettings(_Stage):
    agent_channel: Literal["auto", "left", "right"] = "auto"
    speakers: int | None = Field(default=None, ge=1, le=8)
    """Speakers on a mono call; None finds the number, with a preference for two."""
    diarizer: str = "embedded"
    """"embedded", a hub name of a pyannote pipeline, or the folder of one."""


class TranscribeSettings(_Stage):
    asr: str = "tiny.en"
    """"tiny.en" comes with callmood; any other name is a faster-whisper model or a folder of one."""
    language: str | None = None
    """Two letters; None lets a multilingual model find it out. tiny.en knows English only."""
    batch_size: int = Field(default=16, ge=1, le=256)


class ScoreSettings(_Stage):
    model: str = "embedded"
    """"embedded", or the folder of a bundle that ``callmood train`` made."""
    roles: Literal["all", "agent", "customer"] = "all"
    """Whose segments are scored."""


class EngineSettings(_Stage):
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    workers: int | None = Field(default=None, ge=1, le=256)
    """Processes; None takes one a processor core, or one a GPU."""


class Settings(BaseSettings):
    """Everything a scan needs to know besides the recordings."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        toml_file=SETTINGS_FILE,
    )

    db: Path = Path("callmood.duckdb")
    discover: DiscoverSettings = DiscoverSettings()
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
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. ``flags`` holds dotted names ("score.model"); those that are None were not given.

    Raises UsageError with one sentence where a value, a name or the file is wrong.
    """
    given: dict[str, Any] = {}
    for dotted, value in (flags or {}).items():
        if value is None:
            continue
        *tables, name = dotted.split(".")
        place = given
        for table in tables:
            place = place.setdefault(table, {})
        place[name] = value
    _check_environment()
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"There is no setting {name}; mend the name in {SETTINGS_FILE} or in the environment."
            ) from None
        raise UsageError(
            f"The setting {name} is wrong: {first['msg']}; mend the flag, the environment or {SETTINGS_FILE}."
        ) from None
    except ValueError as error:
        raise UsageError(f"{SETTINGS_FILE} can't be read: {error}; mend it or remove it.") from None


def write_setting(dotted: str, value: str) -> None:
    """Set ``dotted`` ("score.model") in callmood.toml, which is made where there is none; all else in it stays.

    Raises UsageError where the settings, this one among them, are wrong; the file then stays as it was.
    """
    import tomlkit

    load_settings({dotted: value})
    # bytes, because text would lose the file's own line ends
    document = tomlkit.parse(SETTINGS_FILE.read_bytes() if SETTINGS_FILE.is_file() else "")
    table, name = dotted.split(".")
    document.setdefault(table, tomlkit.table())[name] = value
    part = SETTINGS_FILE.with_suffix(".part")
    part.write_bytes(tomlkit.dumps(document).encode())
    part.replace(SETTINGS_FILE)


def _check_environment() -> None:
    """pydantic passes over variables that fit no setting; a misspelt one would go unnoticed."""
    known = [CACHE, *Settings.model_fields]
    for variable in os.environ:
        table, divider, name = variable.removeprefix(PREFIX).partition("__")
        if variable.startswith(PREFIX) and table.lower() not in known:
            near = get_close_matches(table.lower(), known, n=1)
            hint = f" (did you mean {PREFIX}{near[0].upper()}{divider}{name}?)" if near else ""
            raise UsageError(
                f"The environment variable {variable} sets nothing{hint}; mend its name or unset it."
            )
