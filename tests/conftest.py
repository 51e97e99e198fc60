import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.testing

from callmood.pipeline.intake import discover
from callmood.store import Connection, connection, open_db
from callmood.store.encryption import database_key
from callmood.threads import count_cores

_make = connection._make
_newest = connection.migrations()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each core where all tests run, and none beside this one for the files that somebody names.

    Not more than four, because each loads models of its own.
    """
    return min(count_cores(), 4) if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the settings of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CONFIG_HOME", "APPDATA"):
            patch.setenv(variable, str(tmp_path_factory.mktemp("settings")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_quiet_files() -> Iterator[None]:
    """Tests scan files that they wrote a moment ago."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLMOOD_DISCOVER__QUIET_FOR", "0")
        patch.setattr(discover, "sleep", lambda _: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _new_databases_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A database is created once and copied from then on, because the migrations take half a second.

    Tests of what creating does ask for ``creation``.
    """
    new = tmp_path_factory.mktemp("new") / "callmood.duckdb"

    def copied(path: Path) -> None:
        if database_key() is not None or connection.migrations() != _newest:
            _make(path)
            return
        if not new.exists():
            _make(new)
        shutil.copy(new, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_make", copied)
        yield


@pytest.fixture
def creation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases are created as a user's are."""
    monkeypatch.setattr(connection, "_make", _make)


@pytest.fixture(autouse=True, scope="session")
def _commands_are_put_together_once() -> Iterator[None]:
    """Typer's runner puts all commands together anew each time that it runs one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.testing._get_command))
        yield


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """The path of a test's database."""
    return tmp_path / "callmood.duckdb"


@pytest.fixture
def db(db_path: Path) -> Iterator[Connection]:
    """A new database, open for writing."""
    with open_db(db_path) as con:
        yield con
