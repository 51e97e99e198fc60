import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from callmood.pipeline.intake import discover
from callmood.store import Connection, open_db


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


@pytest.fixture(scope="session")
def _new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy, because creating one takes a tenth of a second."""
    path = tmp_path_factory.mktemp("new") / "callmood.duckdb"
    open_db(path).close()
    return path


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """The path of a test's database."""
    return tmp_path / "callmood.duckdb"


@pytest.fixture
def db(_new_database: Path, db_path: Path) -> Iterator[Connection]:
    """A new database, open for writing."""
    shutil.copyfile(_new_database, db_path)
    with open_db(db_path) as con:
        yield con
