from collections.abc import Iterator
from pathlib import Path

import pytest

from callmood.store import Connection, open_db


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """Where a test's database is, or will be."""
    return tmp_path / "callmood.duckdb"


@pytest.fixture
def db(db_path: Path) -> Iterator[Connection]:
    """A new database, open for writing."""
    with open_db(db_path) as con:
        yield con
